"""What is left of a payment: an instruction and those that order its rest are one debt, and never ordered for more than it is."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cardstack.errors import Refused, problem
from cardstack.settlement.instruction import PAYMENT, Act, Payment
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.commit import View
from server.store.values import PreparedInstruction

NOT_LEFT = problem(
    "CS-3070",
    Text("Of payment {payment} {left} fen are left to be ordered", "划款指令 {payment} 尚可另发的余款为 {left} 分"),
    Text(
        "Order no more than that; what is on its way or waits for release is not left.",
        "另发金额不得超过余款；在途和待放行的金额不计入余款。",
    ),
)
IN_PART = frozenset({Payment.PARTLY_PAID, Payment.CONTINUED})


class Debt(NamedTuple):
    """A payment with the instructions that order its rest, in the order of their numbers."""

    first: PreparedInstruction
    rests: tuple[PreparedInstruction, ...]

    @property
    def all(self) -> tuple[PreparedInstruction, ...]:
        """Every instruction of the debt."""
        return self.first, *self.rests

    @property
    def amount_fen(self) -> Fen:
        """What is owed in all."""
        return self.first.instruction.amount_fen

    @property
    def paid_fen(self) -> Fen:
        """What the bank booked of it in all."""
        return Fen(sum(one.paid_fen for one in self.all))

    @property
    def waiting(self) -> tuple[PreparedInstruction, ...]:
        """What may be released: waits for it, and is not more than what is owed with all that is paid or on its way."""
        room, found = self.amount_fen - self._sure, []
        for one in self.all:
            if (one.state, Act.RELEASE) in PAYMENT.moves and one.instruction.amount_fen <= room:
                room -= one.instruction.amount_fen
                found.append(one)
        return tuple(found)

    @property
    def left_fen(self) -> Fen:
        """What neither is paid, nor on its way, nor waits for release."""
        waiting = sum(one.instruction.amount_fen for one in self.waiting)
        return Fen(max(0, self.amount_fen - self._sure - waiting))

    @property
    def unnamed_fen(self) -> Fen:
        """What is left and none of its instructions stands for: a payment booked in part stands for its own shortfall."""
        short = sum(one.instruction.amount_fen - one.paid_fen for one in self.all if one.state is Payment.PARTLY_PAID)
        return Fen(max(0, self.left_fen - short))

    @property
    def _sure(self) -> int:
        """What is paid or on its way. Of what the bank booked in part, that part."""
        whole = sum(one.instruction.amount_fen for one in self.all if one.state in (Payment.RELEASED, Payment.PAID))
        return whole + sum(one.paid_fen for one in self.all if one.state in IN_PART)


def debts(found: Iterable[PreparedInstruction]) -> Iterator[Debt]:
    """The instructions of whole windows by the payment whose rest they order."""
    by_first: dict[str, list[PreparedInstruction]] = {}
    for one in sorted(found, key=lambda each: (each.instruction.first, len(each.instruction.id), each.instruction.id)):
        by_first.setdefault(one.instruction.first, []).append(one)
    for first, *rests in by_first.values():
        yield Debt(first, tuple(rests))


def debt(view: View, payment: str) -> Debt:
    """The debt to which an instruction belongs; `Refused` (CS-3070) where there is none of that id."""
    window = payment.rpartition(".")[0]
    for one in debts(reads.instructions(view, window)) if window else ():
        if payment in {each.instruction.id for each in one.all}:
            return one
    raise Refused(
        Text("payment: no such instruction", "payment：没有该划款指令"), NOT_LEFT, field="payment", payment=payment, left=0
    )


def check_left(one: Debt, amount: Fen) -> None:
    """`Refused` (CS-3070) unless that much of the debt can still be ordered."""
    if not 0 < amount <= one.left_fen:
        raise Refused("amount_fen", NOT_LEFT, field="amount_fen", payment=one.first.instruction.id, left=one.left_fen)
