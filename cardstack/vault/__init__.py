"""Where keys and authorities live between two runs: encrypted files and tokens."""
