"""What maintainers run: tests, system parts, generated reference."""
