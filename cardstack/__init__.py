"""cardstack: one social security card, every province."""
