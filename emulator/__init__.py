"""The card, its PSAM and its readers in software."""
