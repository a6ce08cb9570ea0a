"""DER in its textual armour (RFC 7468)."""

import base64


def pem(label: str, der: bytes) -> bytes:
    """One block, with lines of 64 characters.

    >>> pem("X", b"abc").decode().split()
    ['-----BEGIN', 'X-----', 'YWJj', '-----END', 'X-----']
    """
    body = base64.b64encode(der).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
