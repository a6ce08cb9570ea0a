"""Working days by the State Council's notices; beyond the last notice there is no answer, only a refusal.

A guess would book deadlines that the next notice moves, so whoever opens a window or counts a deadline past the
known calendar is told to load the notice first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from cardstack.errors import Refused, problem
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.scheme import Figure
from cardstack.text import Text

BEYOND = problem(
    "CS-3204",
    Text("The day is beyond the known calendar of working days", "日期超出已公布的工作日历"),
    Text(
        "Load the State Council's notice of days off for that year.",
        "请先录入国务院办公厅该年度节假日安排通知。",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Figure):
    """A year's notice: spans of days off, and weekend days that are worked."""

    off: tuple[tuple[date, date], ...]
    worked: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are worked, as far as the notices go.

    >>> calendar = known()
    >>> calendar.is_working(date(2026, 10, 10)), calendar.is_working(date(2026, 10, 7))
    (True, False)
    >>> calendar.after(date(2026, 9, 30), 1).isoformat(), calendar.on_or_after(date(2026, 10, 1)).isoformat()
    ('2026-10-08', '2026-10-08')
    >>> calendar.end >= date(2026, 12, 31)
    True
    """

    notices: Sequence[Notice]

    @property
    def end(self) -> date:
        """The last day of which a notice tells."""
        return max((one.until or date.max for one in self.notices), default=date.min)

    def is_working(self, day: date) -> bool:
        """Whether a day is worked; `Refused` (CS-3204) where no notice says."""
        notice = next((n for n in self.notices if n.since <= day and (n.until is None or day <= n.until)), None)
        if notice is None:
            raise Refused(f"{day.isoformat()}", BEYOND, day=day.isoformat())
        if day in notice.worked:
            return True
        return day.weekday() < 5 and not any(first <= day <= last for first, last in notice.off)

    def days(self, day: date) -> Iterator[date]:
        """The working days after a day, in order."""
        while True:
            day += timedelta(days=1)
            if self.is_working(day):
                yield day

    def after(self, day: date, count: int) -> date:
        """The count-th working day after a day; the day itself is not counted."""
        return day if count == 0 else next(islice(self.days(day), count - 1, None))

    def on_or_after(self, day: date) -> date:
        """The day itself where it is worked, else the next that is."""
        return day if self.is_working(day) else self.after(day, 1)

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first` up to and with `last`."""
        span = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(self.is_working(day) for day in span)


@remembered
def known() -> Calendar:
    """The calendar by the notices that are known: those of 2025 and 2026 come with the package."""
    return Calendar(figures_of("calendar", "notice", Notice))
