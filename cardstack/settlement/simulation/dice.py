"""Numbers that look thrown and are computed: the same seed gives the same month on every machine (SplitMix64)."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, TypeVar

_MASK: Final = (1 << 64) - 1
One = TypeVar("One")


class Dice:
    """A stream of numbers from a seed.

    >>> dice = Dice("seed")
    >>> [dice.below(100) for _ in range(4)] == [Dice("seed").below(100), *[dice.below(1) for _ in range(3)]]
    False
    >>> Dice("seed").below(1000) == Dice("seed").below(1000)
    True
    """

    __slots__ = ("state",)

    def __init__(self, seed: str) -> None:
        self.state = int.from_bytes(sha256(seed.encode()).digest()[:8])

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        self.state = state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        return (state ^ state >> 31) % limit

    def one(self, choices: Sequence[One]) -> One:
        """One of some choices."""
        return choices[self.below(len(choices))]
