"""Random numbers as part of a card's value: the same card asked the same gives the same answer.

A hash generator over a seed and a count. The seed comes from whoever takes the card into use (`Slot`, `factory`);
numbers may be laid down beforehand, so that a recorded conversation can be gone through again.
"""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, repr=False)
class Dice:
    """Where challenges and transaction randoms come from.

    >>> first, later = Dice(b"seed").throw(8)
    >>> len(first), first == Dice(b"seed").throw(8)[0], first == later.throw(8)[0]
    (8, True, False)
    >>> Dice(laid=bytes.fromhex("e398ed60")).throw(4)[0].hex()
    'e398ed60'
    """

    seed: bytes = b"cardstack"
    count: int = 0
    laid: bytes = b""

    def throw(self, size: int) -> tuple[bytes, "Dice"]:
        """`size` bytes and the dice after them."""
        if self.laid:
            return self.laid[:size].ljust(size, b"\0"), Dice(self.seed, self.count, self.laid[size:])
        number, count = b"", self.count
        while len(number) < size:
            number += sha256(self.seed + count.to_bytes(8)).digest()
            count += 1
        return number[:size], Dice(self.seed, count)
