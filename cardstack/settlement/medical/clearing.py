"""The monthly clearing between provinces: deadlines on the calendar, lines confirmed or set aside, lines too late.

The treating place declares a month's fees, the insured place confirms line by line (3260-3262); a line that is set
aside stays out and returns in a later cycle. Nothing is ever changed in a month that is closed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from cardstack.errors import Refused, faulty, problem
from cardstack.fsm import Machine
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.calendar import Calendar
from cardstack.settlement.scheme import Figure, at, in_force
from cardstack.text import Text

UNCONFIRMED = problem(
    "CS-3207",
    Text("A line of the month is neither confirmed nor set aside", "当期仍有未确认的清算明细"),
    Text("Confirm it (1) or set it aside (0) before the cycle is signed.", "请先确认（1）或暂不清算（0）后再签章。"),
)
PAGE: Final = 100
"""Rows that 3260 gives in one call at most."""


class Stage(StrEnum):
    """Where a cycle is."""

    OPEN = "open"
    DECLARED = "declared"
    OBJECTION = "objection"
    SIGNED = "signed"
    NOTIFIED = "notified"
    PAID = "paid"


class Act(StrEnum):
    """What moves a cycle on."""

    DECLARE = "declare"
    OPEN_OBJECTION = "open-objection"
    ROLL_BACK = "roll-back"
    SIGN = "sign"
    NOTIFY = "notify"
    PAY = "pay"


CYCLE: Final = Machine(
    initial=Stage.OPEN,
    moves={
        (Stage.OPEN, Act.DECLARE): Stage.DECLARED,
        (Stage.DECLARED, Act.OPEN_OBJECTION): Stage.OBJECTION,
        (Stage.OBJECTION, Act.ROLL_BACK): Stage.DECLARED,
        (Stage.OBJECTION, Act.SIGN): Stage.SIGNED,
        (Stage.SIGNED, Act.NOTIFY): Stage.NOTIFIED,
        (Stage.NOTIFIED, Act.PAY): Stage.PAID,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Figure):
    """A deadline of the cycle: a day of the month after, or working days after the step named `after`."""

    name: str
    title: str
    day: int = 0
    working_days: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds(Figure):
    """How many months a line may come late, and from how much on its costs may be inquired into, in fen.

    `year_month` is the month of the following year whose cycle is the last for a year's lines.
    """

    months_late: Annotated[int, msgspec.Meta(ge=0, le=24)]
    inquiry_fen: int
    year_month: Annotated[int, msgspec.Meta(ge=1, le=12)] = 12


@remembered
def steps() -> tuple[Step, ...]:
    """The deadlines that come with the package."""
    return figures_of("clearing", "step", Step)


@remembered
def bounds() -> tuple[Bounds, ...]:
    """The bounds that come with the package."""
    return figures_of("clearing", "bounds", Bounds)


def last_cycle(settled_on: date) -> date | None:
    """The first day of the last month whose cycle takes a line settled on a day; None where no bound is in force.

    >>> [last_cycle(date(2026, month, 5)).isoformat() for month in (9, 12)]
    ['2026-11-01', '2027-02-01']
    """
    limits = in_force(bounds(), settled_on)
    if not limits:
        return None
    limit = max(limits, key=lambda one: one.since)
    if settled_on.year + limit.months_late // 12 >= date.max.year - 1:
        return None  # no month is written beyond
    year, month = divmod(settled_on.month - 1 + limit.months_late, 12)
    return min(date(settled_on.year + year, month + 1, 1), date(settled_on.year + 1, limit.year_month, 1))


def deadlines(month: date, calendar: Calendar) -> dict[Step, date]:
    """The deadlines of a month's cycle in their order; a day that is not worked moves to the next that is.

    >>> from cardstack.settlement.calendar import known
    >>> {step.name: day.isoformat() for step, day in deadlines(date(2026, 9, 1), known()).items()}["declare"]
    '2026-10-20'
    """
    if month.year == date.max.year:
        raise faulty("month", "of a year up to 9998", "年份应不晚于9998")  # its steps are due in the months after
    year, following = (month.year + 1, 1) if month.month == 12 else (month.year, month.month + 1)
    found: dict[Step, date] = {}
    days: dict[str, date] = {}
    for name in dict.fromkeys(step.name for step in steps()):
        # The figures of the month that is cleared.
        now = in_force([step for step in steps() if step.name == name], month)
        if not now:
            continue
        step = max(now, key=lambda one: one.since)
        if step.after:
            found[step] = days[step.name] = calendar.after(days[step.after], step.working_days)
        else:
            found[step] = days[step.name] = calendar.on_or_after(date(year, following, step.day))
    return found


class Line(NamedTuple):
    """A line of 3260: case, settlement, when, the whole charge, what the insured place pays, and its confirmation."""

    certno: str
    mdtrt_id: str
    setl_sn: str
    settled_on: date
    medfee_sumamt: int
    optins_pay_sumamt: int
    cnfm_flag: str = ""


class Cleared(NamedTuple):
    """A cycle signed: what is paid, what is set aside for a later one, what came too late, what may be inquired into."""

    lines: tuple[Line, ...]
    total_fen: int
    carried: tuple[Line, ...]
    too_late: tuple[Line, ...]
    inquiries: tuple[Line, ...]


def pages(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """The lines as 3260 hands them out."""
    return [lines[start : start + PAGE] for start in range(0, len(lines), PAGE)]


def confirm(lines: Iterable[Line], flags: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines with the insured place's answers by settlement: 1 confirmed, 0 set aside (3261), empty taken back (3262)."""
    return tuple(line._replace(cnfm_flag=flags.get(line.setl_sn, line.cnfm_flag)) for line in lines)


def sign(month: date, lines: Iterable[Line], day: date) -> Cleared:
    """Close a month's cycle: every line must be answered; a line is late in a cycle after its last one.

    A line of a later month is carried to its own.
    """
    limit, first = at(bounds(), day), month.replace(day=1)
    paid, carried, late = [], [], []
    for line in lines:
        last = last_cycle(line.settled_on)
        if first < line.settled_on.replace(day=1):
            carried.append(line)
        elif last is not None and last < first:
            late.append(line)
        elif line.cnfm_flag == "1":
            paid.append(line)
        elif line.cnfm_flag == "0":
            carried.append(line)
        else:
            raise Refused(line.setl_sn, UNCONFIRMED, field="cnfm_flag")
    total = sum(line.optins_pay_sumamt for line in paid)
    inquiries = tuple(line for line in paid if line.medfee_sumamt > limit.inquiry_fen)
    return Cleared(tuple(paid), total, tuple(line._replace(cnfm_flag="") for line in carried), tuple(late), inquiries)
