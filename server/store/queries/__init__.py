"""Read-only questions of the console: pages by key, within the provinces asked for, in bounded time."""
