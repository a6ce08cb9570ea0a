"""Prepayment funds (预付金): how much one side holds of another's money, and how far a month's clearing uses it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen

YELLOW_PERCENT, RED_PERCENT = 70, 90
"""Usage from which a warning is shown where nothing else is agreed, and from which the treating place may ask for an
emergency increase (names and ratios are published practice of the national clearing; see docs for their source)."""


class Thresholds(NamedTuple):
    """From how many percent of usage a prepayment warns; each pair of parties may agree its own."""

    yellow: int = YELLOW_PERCENT
    red: int = RED_PERCENT

    def check(self) -> None:
        """`Malformed` unless 1 <= yellow <= red <= 100."""
        if not 1 <= self.yellow <= self.red <= 100:
            raise Malformed("red_percent: `1 <= yellow <= red <= 100`", field="red_percent")


USUAL: Final = Thresholds()


class Level(StrEnum):
    """How far a prepayment is used."""

    NORMAL = "normal"
    YELLOW = "yellow"
    RED = "red"


LEVELS: Final[Mapping[Level, Text]] = {
    Level.NORMAL: Text("normal", "正常"),
    Level.YELLOW: Text("yellow warning (usually from 70 %)", "黄色预警（通常 70% 起）"),
    Level.RED: Text(
        "red warning (usually from 90 %), an emergency increase may be asked for", "红色预警（通常 90% 起），可申请紧急调增"
    ),
}


class Kind(StrEnum):
    """Why a prepayment changed."""

    ALLOTTED = "allotted"
    TOP_UP = "top-up"
    EMERGENCY = "emergency"
    ADJUSTMENT = "adjustment"
    RETURNED = "returned"

    def allows(self, amount: Fen) -> bool:
        """Whether a change of this kind may have that sign: what is returned falls, an adjustment goes either way.

        >>> Kind.TOP_UP.allows(Fen(-1)), Kind.RETURNED.allows(Fen(-1)), Kind.ADJUSTMENT.allows(Fen(0))
        (False, True, False)
        """
        if self is Kind.ADJUSTMENT:
            return amount != 0
        return amount < 0 if self is Kind.RETURNED else amount > 0


KINDS: Final[Mapping[Kind, Text]] = {
    Kind.ALLOTTED: Text("allotted", "核定拨付"),
    Kind.TOP_UP: Text("top-up", "追加"),
    Kind.EMERGENCY: Text("emergency increase", "紧急调增"),
    Kind.ADJUSTMENT: Text("adjustment", "调整"),
    Kind.RETURNED: Text("returned", "退回"),
}


@dataclass(frozen=True, slots=True)
class Prefund:
    """What `debtor` has paid ahead to `creditor`, and what a window's clearing owes out of it."""

    debtor: Party
    creditor: Party
    held_fen: Fen
    used_fen: Fen
    thresholds: Thresholds = USUAL

    @property
    def percent(self) -> int:
        """Usage in whole percent, rounded down; 100 where something is owed and nothing is held.

        >>> Prefund(Party("31.medical-fund"), Party("33.medical-fund"), Fen(1000), Fen(899)).percent
        89
        """
        if self.held_fen <= 0:
            return 100 if self.used_fen > 0 else 0
        return self.used_fen * 100 // self.held_fen

    @property
    def level(self) -> Level:
        """The warning that its usage calls for."""
        if self.percent >= self.thresholds.red:
            return Level.RED
        return Level.YELLOW if self.percent >= self.thresholds.yellow else Level.NORMAL


def red_day(held: Fen, used_by_day: Sequence[tuple[date, Fen]], red_percent: int = RED_PERCENT) -> date | None:
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
    missing = held * red_percent - used * 100
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


INCREASES: Final[Mapping[Increase, Text]] = {
    Increase.ASKED: Text("asked for", "已申请"),
    Increase.NOTICED: Text("noticed to who pays", "已通知预付方"),
    Increase.PAID: Text("paid", "已到账"),
    Increase.REFUSED: Text("refused", "已拒绝"),
}

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
