"""Clearing between provinces: envelopes, transactions, the ledger, schemes, netting and instructions."""
