"""Keys, suites and cryptograms as pure functions and ports."""
