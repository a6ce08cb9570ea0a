"""What messages of the ledger told that another scheme's judgement rests on, such as a registration for a later bill.

A message is found again by what it is about, its subject, through a claim that begins with it; what the claim ends in is
the subject of messages about that one. Both are digests of one length, so that a subject's claims are a range in any
collation, and no person is named. A message that is taken back gives its claims free, and is told no more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cardstack.settlement.transaction import Transaction

SIZE: Final = 32
NOTHING: Final = "0" * SIZE
"""The end of a claim of which no message speaks further."""


def subject(*words: str) -> str:
    """What messages are about, named by words in their order.

    >>> len(subject("registration", "31", "p1")), subject("a", "bc") == subject("ab", "c")
    (32, False)
    """
    return sha256("".join(f"{len(word)}:{word}" for word in words).encode()).hexdigest()[:SIZE]


def bounds(about: str) -> tuple[str, str]:
    """The first and the last claim of a subject.

    >>> first, last = bounds(subject("x"))
    >>> first < subject("x") + subject("y") < last
    True
    """
    return about + "0" * SIZE, about + "f" * SIZE


@dataclass(slots=True)
class Told:
    """The messages of some schemes that stand, as far as they bear on what is being judged."""

    schemes: frozenset[str]
    messages: dict[str, Transaction] = field(default_factory=dict)
    """By claim."""
    under: dict[str, list[str]] = field(default_factory=dict)
    """Claims by subject, in the order in which they were told."""

    def take(self, message: Transaction, claims: Iterable[str]) -> None:
        """A message that is booked, of these claims."""
        if message.scheme not in self.schemes:
            return
        for claim in claims:
            if len(claim) == 2 * SIZE and claim not in self.messages:
                self.messages[claim] = message
                self.under.setdefault(claim[:SIZE], []).append(claim)

    def drop(self, claims: Iterable[str]) -> None:
        """What was taken back."""
        for claim in claims:
            if self.messages.pop(claim, None) is not None:
                self.under[claim[:SIZE]].remove(claim)

    def about(self, asked: str) -> list[Transaction]:
        """The messages about a subject, then those about each of these."""
        claims = self.under.get(asked, [])
        further = [other for claim in claims for other in self.under.get(claim[SIZE:], ())]
        return [self.messages[claim] for claim in (*claims, *further)]
