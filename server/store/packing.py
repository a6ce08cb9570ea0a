"""How signed messages are kept: compressed where that is worth it, byte for byte the same when they are read."""

import zlib
from typing import Final

WORTH: Final = 4096
"""From how many bytes on a message is compressed."""
RAW_MAX: Final = 256 << 20
ZIP: Final = b"PK"
LEVEL: Final = 1
HEAD: Final = zlib.compress(b"", LEVEL)[:2]
"""What a compressed message begins with, and none before that was: they are JSON or a ZIP package."""


def packed(raw: bytes) -> bytes:
    """A message as it is kept. Lines of one sender have most in common: a batch shrinks to a tenth or less.

    >>> packed(b"{}"), len(packed(b'{"id":1}' * 1000)) < 100
    (b'{}', True)
    """
    return raw if len(raw) < WORTH or raw.startswith(ZIP) else zlib.compress(raw, LEVEL)


def unpacked(kept: bytes) -> bytes:
    """The message of what is kept. What does not decompress is given as it stands: its digest will tell.

    >>> unpacked(packed(b'{"id":1}' * 1000)) == b'{"id":1}' * 1000, unpacked(HEAD + b"?") == HEAD + b"?"
    (True, True)
    """
    if not kept.startswith(HEAD):
        return kept
    inflating = zlib.decompressobj()
    try:
        raw = inflating.decompress(kept, RAW_MAX)
    except zlib.error:
        return kept
    return raw if inflating.eof else kept
