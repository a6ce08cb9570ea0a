"""The HTTP interface for machines: signed transactions in, answers, windows and events out (OpenAPI 3.1)."""
