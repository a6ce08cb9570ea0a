"""The card as it is declared, read, proved and paid with; one declaration serves every reader of it."""
