"""Payment instructions: who pays whom what, so that a window's nets become money."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardstack.fsm import Machine
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen

CENTRE: Final = Party("00.settlement-account")
"""The clearing centre's account: payers pay into it and it pays the receivers (multilateral)."""


class Payment(StrEnum):
    """Where an instruction is."""

    PREPARED = "prepared"
    RELEASED = "released"
    PAID = "paid"
    PARTLY_PAID = "partly-paid"
    CONTINUED = "continued"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What moves an instruction on: two operators' release or order of its rest, or what the bank says."""

    RELEASE = "release"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    CONFIRM_PART = "confirm-part"
    REJECT = "reject"
    CONTINUE = "continue"


PAYMENT: Final = Machine(
    initial=Payment.PREPARED,
    moves={
        (Payment.PREPARED, Act.RELEASE): Payment.RELEASED,
        (Payment.PREPARED, Act.CANCEL): Payment.CANCELLED,
        (Payment.RELEASED, Act.CONFIRM): Payment.PAID,
        (Payment.RELEASED, Act.CONFIRM_PART): Payment.PARTLY_PAID,
        (Payment.RELEASED, Act.REJECT): Payment.FAILED,
        (Payment.PARTLY_PAID, Act.CONFIRM_PART): Payment.PARTLY_PAID,
        (Payment.PARTLY_PAID, Act.CONFIRM): Payment.PAID,
        (Payment.PARTLY_PAID, Act.REJECT): Payment.FAILED,
        (Payment.PARTLY_PAID, Act.CONTINUE): Payment.CONTINUED,
        # Another instruction orders its rest: it is never sent again itself, whatever the bank still says of it.
        (Payment.CONTINUED, Act.CONTINUE): Payment.CONTINUED,
        (Payment.CONTINUED, Act.CONFIRM_PART): Payment.CONTINUED,
        (Payment.CONTINUED, Act.CONFIRM): Payment.CONTINUED,
        (Payment.CONTINUED, Act.REJECT): Payment.CONTINUED,
        # What was paid may come back days later: the money is owed again.
        (Payment.PAID, Act.CONFIRM_PART): Payment.PARTLY_PAID,
        (Payment.PAID, Act.REJECT): Payment.FAILED,
        (Payment.FAILED, Act.RELEASE): Payment.RELEASED,
        # A bank may try again by itself: what it books is so.
        (Payment.FAILED, Act.CONFIRM): Payment.PAID,
        (Payment.FAILED, Act.CONFIRM_PART): Payment.PARTLY_PAID,
        (Payment.FAILED, Act.CANCEL): Payment.CANCELLED,
    },
)


PAYMENTS: Final[Mapping[Payment, Text]] = {
    Payment.PREPARED: Text("prepared", "待放行"),
    Payment.RELEASED: Text("released", "已放行"),
    Payment.PAID: Text("paid", "已支付"),
    Payment.PARTLY_PAID: Text("partly paid", "部分支付"),
    Payment.CONTINUED: Text("partly paid, the rest ordered by another", "部分支付，余款另发指令"),
    Payment.FAILED: Text("failed", "失败"),
    Payment.CANCELLED: Text("cancelled", "已取消"),
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment. Its id is the end-to-end reference by which the bank's statement is matched.

    What orders the rest of another names that one in its id: the second payment of `W.001` is `W.001-2`.

    >>> Instruction("toy-2026-11-22.001-2", "toy-2026-11-22", CENTRE, CENTRE, Fen(1)).first
    'toy-2026-11-22.001'
    """

    id: str
    window: str
    debtor: Party
    creditor: Party
    amount_fen: Fen

    @property
    def first(self) -> str:
        """The id of the payment whose rest this orders; its own where it orders no other's."""
        window, dot, place = self.id.rpartition(".")
        return window + dot + place.partition("-")[0]

    def rest(self, number: int, amount_fen: Fen) -> "Instruction":
        """The payment of that number, from 2 on, that orders something of what is left of this one."""
        return Instruction(f"{self.first}-{number}", self.window, self.debtor, self.creditor, amount_fen)


def instructions(window: str, nets: Mapping[Party, Fen]) -> tuple[Instruction, ...]:
    """What must be paid for a window: payers first, then receivers, all through the centre's account.

    Nothing is left in the centre's account: what comes in goes out.

    >>> for one in instructions("medical-2026-11", {Party("31.medical-fund"): Fen(-500), Party("33.hospital-fund"): Fen(500)}):
    ...     print(one.id, one.debtor, one.creditor, one.amount_fen)
    medical-2026-11.001 31.medical-fund 00.settlement-account 500
    medical-2026-11.002 00.settlement-account 33.hospital-fund 500
    """
    assert sum(nets.values()) == 0
    pays = [(party, CENTRE, Fen(-amount)) for party, amount in sorted(nets.items()) if amount < 0]
    receives = [(CENTRE, party, amount) for party, amount in sorted(nets.items()) if amount > 0]
    return tuple(
        Instruction(f"{window}.{number:03d}", window, debtor, creditor, amount)
        for number, (debtor, creditor, amount) in enumerate(pays + receives, start=1)
    )
