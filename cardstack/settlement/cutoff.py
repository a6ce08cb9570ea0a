"""When a window is cut off by the calendar: a dated figure of its cycle, counted from the last day of its period."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cardstack.errors import Refused, faulty
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.calendar import BEYOND, Calendar, known
from cardstack.settlement.scheme import Figure, at, in_force
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.window import following, period


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff(Figure):
    """For one cycle: a day of the month after, or working days after the period's last day; and the minute of that day.

    A day of the month that is not worked moves to the next that is; where a month is shorter, it is the month's last.
    """

    cycle: str
    working_days: int = 0
    day: int = 0
    minute: int = 0

    def __post_init__(self) -> None:
        for name, value, most in (("working_days", self.working_days, 366), ("day", self.day, 31), ("minute", self.minute, 1439)):
            if not 0 <= value <= most:
                raise faulty(name, f"0 to {most}", f"应为 0 至 {most}")


@remembered
def cut_offs() -> tuple[CutOff, ...]:
    """What is agreed, by cycle and day."""
    return figures_of("clearing", "cutoff", CutOff)


def cut_off(window: str, calendar: Calendar | None = None) -> datetime | None:
    """The moment at which a window is cut off; None where the calendar does not reach so far.

    >>> str(cut_off("transit-2026-09-30")), str(cut_off("medical-2026-08"))
    ('2026-10-08 18:00:00+08:00', '2026-09-20 18:00:00+08:00')
    """
    cycle, _ = period(window)
    after = period(following(window))[1]
    last = after - timedelta(days=1)
    own = [one for one in cut_offs() if one.cycle == cycle]
    figure = at(in_force(own, last) or [one for one in cut_offs() if not one.cycle], last)
    days = calendar or known()
    try:
        day = days.on_or_after(_of_month(after, figure.day)) if figure.day else days.after(last, figure.working_days)
    except Refused as error:
        if error.problem is BEYOND:
            return None
        raise
    return datetime.combine(day, time(figure.minute // 60, figure.minute % 60), SHANGHAI)


def _of_month(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
