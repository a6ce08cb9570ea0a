"""Bulk files: declared layouts of fixed width, signed and compressed, worked on by columns and sets."""
