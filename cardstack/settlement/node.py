"""Who signs for transactions, and for which senders and message ids it may."""

from typing import Final, NamedTuple

from cardstack.settlement.transaction import Party

LEDGER: Final = Party("00.ledger")
"""The ledger itself, which lets pending entries lapse."""


class Node(NamedTuple):
    """A participant that signs: its own name, and whether it may pass on what others signed for (a province's hub)."""

    name: Party
    relays: bool = False
    institutions: tuple[str, ...] = ()
    """Under whose message ids it sends: institutions' codes, or how they begin. Any, where none is declared."""

    def numbers(self, message: str) -> bool:
        """Whether it may send under a message id.

        >>> Node(Party("33.hub"), institutions=("H33", "P33")).numbers("H33010600001202611220800050007")
        True
        """
        return not self.institutions or message.startswith(self.institutions)

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
