"""Services between provinces on the same card, trust and envelope, where messages matter more than money."""
