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


def stranger(node: Node, sender: str, home: str, treating: str) -> bool:
    """Whether a signer does not speak for the sender (or relay for its province), or the sender's province takes no part."""
    province = sender[:2]
    speaks = sender == node.name or (node.relays and province == node.name.province)
    return not speaks or province not in (home[:2], treating[:2], "00")
