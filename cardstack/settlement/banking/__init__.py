"""Payments as banks take them and statements as banks give them: ISO 20022, CSV, and matching the two back."""
