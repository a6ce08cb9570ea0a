"""Which keys of a long file came before, in a quarter of the memory that a set of them takes."""

from hashlib import blake2b
from typing import Final

_SIZE: Final = 16
_NONE: Final = bytes(_SIZE)


class Seen:
    """The digests of keys (BLAKE2b, 16 bytes) in one table, which is doubled before it is three quarters full."""

    def __init__(self) -> None:
        self._table, self._count = bytearray(1024 * _SIZE), 0

    def add(self, key: bytes) -> bool:
        """Whether a key is new; it is not the next time.

        >>> seen = Seen()
        >>> seen.add(b"1"), seen.add(b"2"), seen.add(b"1")
        (True, True, False)
        """
        if self._count * _SIZE * 4 >= len(self._table) * 3:
            self._double()
        new = self._put(blake2b(key, digest_size=_SIZE).digest())
        self._count += new
        return new

    def _put(self, digest: bytes) -> bool:
        table = self._table
        place = int.from_bytes(digest[:8]) % (len(table) // _SIZE) * _SIZE
        while (held := table[place : place + _SIZE]) != _NONE:
            if held == digest:
                return False
            place = (place + _SIZE) % len(table)
        table[place : place + _SIZE] = digest
        return True

    def _double(self) -> None:
        before, self._table = self._table, bytearray(2 * len(self._table))
        for place in range(0, len(before), _SIZE):
            if (held := before[place : place + _SIZE]) != _NONE:
                self._put(bytes(held))
