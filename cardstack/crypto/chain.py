"""Records that hang together: each has a number and carries the digest of the one before.

A record that was changed, moved or dropped in the middle breaks the chain; what was cut off at the end shows against the
last digest noted elsewhere. The authorities' logs (`cardstack.ca.audit`) and the console's (`server.audit`) are such
chains, each with its own records and digest.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple, Protocol

from cardstack.crypto.suite import DigestName, digest

# Made once: a log of millions of records is checked with it.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))

BEGINNING = "0" * 64
"""What the first record names as the digest before it."""


class Record(Protocol):
    """One record of a chain."""

    @property
    def number(self) -> int:
        """Its place, counted from 1."""

    @property
    def previous(self) -> str:
        """The digest of the record before, hexadecimal."""

    @property
    def digest(self) -> str:
        """The digest that stands beside it."""

    def computed(self) -> str:
        """The digest that its content has."""


def canonical(content: object) -> bytes:
    """Content as digests cover it: JSON with sorted keys, no blanks, and letters as they are."""
    return _ENCODER.encode(content).encode()


def sealed(name: DigestName, content: object) -> str:
    """The digest of a content, hexadecimal.

    >>> sealed("sm3", {"b": 1, "a": "沪"}) == sealed("sm3", {"a": "沪", "b": 1})
    True
    """
    raw = canonical(content)
    # Python's own SHA-256 starts sooner, which short records feel.
    return sha256(raw).hexdigest() if name == "sha256" else digest(name, raw).hex()


class Place(NamedTuple):
    """How far a chain has come: the number and the digest of its last record."""

    number: int = 0
    digest: str = BEGINNING

    def then(self, record: Record) -> "Place | None":
        """The place after a record; None where it does not follow, or is not what its digest says."""
        follows = record.number == self.number + 1 and record.previous == self.digest
        return Place(record.number, record.digest) if follows and record.digest == record.computed() else None


START = Place()


def first_break(records: Iterable[Record], place: Place = START) -> int | None:
    """The number of the first record that does not follow from the one before it, or None where all do."""
    for record in records:
        after = place.then(record)
        if after is None:
            return record.number
        place = after
    return None
