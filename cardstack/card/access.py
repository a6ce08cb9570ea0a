"""Access conditions as values: enforced by the emulator, printed by the manual, used by conformance."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """Who may: any one of these sets of proofs is enough.

    >>> str(PIN | proof("RK1DF01")), str(PIN & proof("RK1DF04")), str(FREE), str(NEVER)
    ('PIN or RK1DF01', 'PIN and RK1DF04', 'free', 'never')
    """

    ways: frozenset[frozenset[str]]

    def __or__(self, other: "Access") -> "Access":
        return Access(self.ways | other.ways)

    def __and__(self, other: "Access") -> "Access":
        return Access(frozenset(mine | yours for mine in self.ways for yours in other.ways))

    def allows(self, proofs: AbstractSet[str]) -> bool:
        return any(way <= proofs for way in self.ways)

    def __str__(self) -> str:
        return " or ".join(sorted(" and ".join(sorted(way)) or "free" for way in self.ways)) or "never"


def proof(name: str) -> Access:
    """One proof is needed: `PIN`, or the name of a key (LD/T 32 style, e.g. `UK1DF01`)."""
    return Access(frozenset({frozenset({name})}))


FREE, NEVER, PIN = Access(frozenset({frozenset()})), Access(frozenset()), proof("PIN")
