"""Mutual recognition: certificates, agreements between provinces, and the paths that follow from them."""
