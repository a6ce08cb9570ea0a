"""Where a verifier finds the TAC keys of issuers: a ring of issuer keys, or one root they are diversified from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block


class KeyRing(Protocol):
    """The issuer's TAC key by issuer, algorithm and version; None where this verifier has none."""

    def issuer_key(self, issuer: bytes, block: Block, version: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """Issuer keys as such."""

    keys: Mapping[tuple[bytes, Block, int], bytes] = field(repr=False)

    def issuer_key(self, issuer: bytes, block: Block, version: int) -> bytes | None:
        """The key of that issuer, algorithm and version."""
        return self.keys.get((issuer, block, version))


@dataclass(frozen=True, slots=True)
class Root:
    """A root an algorithm, that every issuer's key is diversified from by the issuer's eight bytes."""

    roots: Mapping[Block, bytes] = field(repr=False)

    def issuer_key(self, issuer: bytes, block: Block, version: int) -> bytes | None:  # noqa: ARG002  # one root serves all versions
        """The issuer's key, one diversification below the root of its algorithm."""
        root = self.roots.get(block)
        return None if root is None else _issuer_key(root, issuer, block)


@lru_cache(maxsize=1024)
def _issuer_key(root: bytes, issuer: bytes, block: Block) -> bytes:
    """There are few issuers, and each is asked for with every record of its cards."""
    return cryptogram.diversify(root, issuer, block)


def _test_key(name: str) -> bytes:
    """The key that test cards have under a name, computed from it in the open."""
    return sha256(b"cardstack test key, not secret: " + name.encode()).digest()[:16]


TEST_ROOT = Root({Block.TRIPLE_DES: _test_key("DTK"), Block.SM4: _test_key("DTK41")})
"""Test keys, published here and good for nothing else: those of the cards that the project personalises for tests."""
