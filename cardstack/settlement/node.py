"""Who signs for transactions, and for which senders and message ids it may."""

from collections.abc import Iterable
from itertools import repeat
from typing import Final, NamedTuple

from cardstack.settlement.transaction import Party

CENTRE: Final = "00"
"""The province of the clearing centre itself."""
LEDGER: Final = Party("00.ledger")
"""The ledger itself, which lets pending entries lapse."""
LAPSED: Final = "LEDGERLAPSE0"
ADJUSTED: Final = "ADJUSTMENT00"
DECIDED: Final = "C00000000000"
OWN: Final = (LAPSED, ADJUSTED, DECIDED)
"""The institutions' codes under which the centre numbers its own messages: lapses, corrections and decided reversals."""


class Node(NamedTuple):
    """A participant that signs: its own name, and whether it may pass on what others signed for (a province's hub)."""

    name: Party
    relays: bool = False
    institutions: tuple[str, ...] = ()
    """Under whose message ids it sends: institutions' codes, or how they begin; any where none is declared. Not the centre's."""

    def numbers(self, message: str) -> bool:
        """Whether it may send under a message id.

        >>> Node(Party("33.hub"), institutions=("H33", "P33")).numbers("H33010600001202611220800050007")
        True
        >>> Node(Party("33.hub")).numbers("ADJUSTMENT00202611220800050007")
        False
        """
        if message.startswith(OWN) and self.name.province != CENTRE:
            return False
        return not self.institutions or message.startswith(self.institutions)

    def numbers_all(self, messages: Iterable[str]) -> bool:
        """Whether it may send under each of these."""
        if self.institutions or self.name.province == CENTRE:
            return all(map(self.numbers, messages))
        return not any(map(str.startswith, messages, repeat(OWN)))

    def speaks_for(self, sender: str) -> bool:
        """Whether it is the sender, or the hub of the sender's province.

        >>> hub = Node(Party("33.hub"), relays=True)
        >>> hub.speaks_for("33.fund"), hub.speaks_for("31.fund"), Node(Party("33.hub")).speaks_for("33.fund")
        (True, False, False)
        """
        return sender == self.name or (self.relays and sender[:2] == self.name.province)


def stranger(node: Node, sender: str, home: str, treating: str) -> bool:
    """Whether a signer does not speak for the sender (or relay for its province), or the sender's province takes no part."""
    return not node.speaks_for(sender) or sender[:2] not in (home[:2], treating[:2], "00")
