"""Prepayment funds (预付金): how much one side holds of another's money, and how far a month's clearing uses it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.fsm import Machine
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen

YELLOW_PERCENT, RED_PERCENT = 70, 90
"""Usage from which a warning is shown, and from which the treating place may ask for an emergency increase (the names and
ratios are published practice of the national clearing; see docs for their source)."""


class Level(StrEnum):
    """How far a prepayment is used."""

    NORMAL = "normal"
    YELLOW = "yellow"
    RED = "red"


LEVELS: Final[Mapping[Level, Text]] = {
    Level.NORMAL: Text("below 70 %", "正常（低于 70%）"),
    Level.YELLOW: Text("70 % and more: yellow warning", "黄色预警（70% 及以上）"),
    Level.RED: Text(
        "90 % and more: red warning, an emergency increase may be asked for", "红色预警（90% 及以上），可申请紧急调增"
    ),
}


class Kind(StrEnum):
    """Why a prepayment changed."""

    ALLOTTED = "allotted"
    TOP_UP = "top-up"
    EMERGENCY = "emergency"
    ADJUSTMENT = "adjustment"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Prefund:
    """What `debtor` has paid ahead to `creditor`, and what a window's clearing owes out of it."""

    debtor: Party
    creditor: Party
    held_fen: Fen
    used_fen: Fen

    @property
    def percent(self) -> int:
        """Usage in whole percent, rounded down; 100 where something is owed and nothing is held.

        >>> Prefund(Party("31.medical-fund"), Party("33.medical-fund"), Fen(1000), Fen(899)).percent
        89
        """
        if self.held_fen <= 0:
            return 100 if self.used_fen else 0
        return self.used_fen * 100 // self.held_fen

    @property
    def level(self) -> Level:
        """The warning that its usage calls for."""
        if self.percent >= RED_PERCENT:
            return Level.RED
        return Level.YELLOW if self.percent >= YELLOW_PERCENT else Level.NORMAL


def red_day(held: Fen, used_by_day: Sequence[tuple[date, Fen]]) -> date | None:
    """The day on which usage passes the red threshold if it goes on as it did so far; None if it will not within a year.

    `used_by_day` are the sums of each day so far, in order.

    >>> red_day(Fen(1000), [(date(2026, 11, 1), Fen(100)), (date(2026, 11, 2), Fen(100))])
    datetime.date(2026, 11, 9)
    """
    used = sum(amount for _, amount in used_by_day)
    if not used_by_day or used <= 0:
        return None
    first, last = used_by_day[0][0], used_by_day[-1][0]
    days = (last - first).days + 1
    missing = held * RED_PERCENT - used * 100
    if missing <= 0:
        return last
    ahead = -(-missing * days // (used * 100))
    return last + timedelta(days=ahead) if ahead <= 366 else None


class Increase(StrEnum):
    """Where an emergency increase (紧急调增) is."""

    ASKED = "asked"
    NOTICED = "noticed"
    PAID = "paid"
    REFUSED = "refused"


class IncreaseStep(StrEnum):
    """What moves an emergency increase on."""

    NOTICE = "notice"
    PAY = "pay"
    REFUSE = "refuse"


INCREASE: Final = Machine(
    initial=Increase.ASKED,
    moves={
        (Increase.ASKED, IncreaseStep.NOTICE): Increase.NOTICED,
        (Increase.ASKED, IncreaseStep.REFUSE): Increase.REFUSED,
        (Increase.NOTICED, IncreaseStep.PAY): Increase.PAID,
        (Increase.NOTICED, IncreaseStep.REFUSE): Increase.REFUSED,
    },
)


class Change(NamedTuple):
    """A change of a prepayment; changes are only added."""

    debtor: Party
    creditor: Party
    amount_fen: Fen
    kind: Kind
    reference: str
