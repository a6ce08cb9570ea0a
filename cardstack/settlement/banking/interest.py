"""Interest on what is paid late: when a payment is due, and simple interest by the day on what is still owed, explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from cardstack.errors import Refused
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.calendar import BEYOND, Calendar, known
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Figure, Step, at, in_force
from cardstack.text import Text
from cardstack.values import Fen, yuan

DAYS_MAX = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRate(Figure):
    """What a day of delay costs, in millionths of what is owed."""

    millionths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(DailyRate):
    """For one cycle: how many working days a payment may take from its preparation, and what a day of delay costs."""

    cycle: str
    working_days: int


class Span(NamedTuple):
    """Days in a row on which the same was owed at the same rate; the first and the last of them."""

    first: date
    last: date
    owed_fen: Fen
    rate: DailyRate

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def millionths(self) -> int:
        """Its interest in millionths of a fen: nothing is rounded before the sum."""
        return self.owed_fen * self.rate.millionths * self.days


@remembered
def terms() -> tuple[Late, ...]:
    """What is agreed about late payments, by cycle and day."""
    return figures_of("clearing", "late", Late)


def terms_of(cycle: str, day: date) -> tuple[Late, ...]:
    """The terms of one cycle where it has some on that day; else those of no cycle in particular."""
    own = tuple(one for one in terms() if one.cycle == cycle)
    return own if in_force(own, day) else tuple(one for one in terms() if not one.cycle)


def due(cycle: str, prepared: date, calendar: Calendar | None = None) -> date | None:
    """The last day on which a payment prepared on that day is in time; None where the calendar does not reach so far.

    >>> due("transit", date(2026, 9, 30)), due("medical", date(2026, 9, 1))
    (datetime.date(2026, 10, 8), datetime.date(2026, 9, 21))
    """
    try:
        return (calendar or known()).after(prepared, at(terms_of(cycle, prepared), prepared).working_days)
    except Refused as error:
        if error.problem is BEYOND:
            return None
        raise


def late_interest(owed: Fen, due: date, paid: date, rates: Sequence[DailyRate]) -> Fen:
    """The interest for every day after `due` up to and with `paid`; rounded half up once, at the end.

    >>> rate = DailyRate(since=date(2026, 1, 1), reference="invented", millionths=100)
    >>> late_interest(Fen(1_000_000), date(2026, 11, 20), date(2026, 11, 22), [rate])
    200
    """
    return total(spans(owed, due, {paid: owed}, rates))


def spans(amount: Fen, due: date, booked: Mapping[date, int], rates: Sequence[DailyRate]) -> tuple[Span, ...]:
    """What was still owed on each day after `due`, until all was booked; what came back is booked below zero.

    Money booked on a day no longer costs interest from the next day on.

    >>> rate = DailyRate(since=date(2026, 1, 1), reference="invented", millionths=100)
    >>> told = spans(Fen(1000), date(2026, 11, 20), {date(2026, 11, 22): 600, date(2026, 11, 25): 400}, [rate])
    >>> [(one.days, one.owed_fen) for one in told]
    [(2, 1000), (3, 400)]
    """
    last = min(max(booked, default=due), due + timedelta(days=DAYS_MAX))
    owed = amount - sum(value for day, value in booked.items() if day <= due)
    found: list[Span] = []
    day = due
    while day < last:
        day += timedelta(days=1)
        if owed > 0:
            rate = at(rates, day)
            before = found[-1] if found else None
            if before and (before.owed_fen, before.rate) == (owed, rate) and before.last == day - timedelta(days=1):
                found[-1] = before._replace(last=day)
            else:
                found.append(Span(day, day, Fen(owed), rate))
        owed -= booked.get(day, 0)
    return tuple(found)


def total(found: Sequence[Span]) -> Fen:
    """The interest of all spans, rounded half up once."""
    return Fen(half_up(sum(span.millionths for span in found), 1_000_000))


def explain(payment: str, due: date, found: Sequence[Span]) -> tuple[Step, ...]:
    """How late interest came about: a step a span, and the one rounding at the end."""
    steps = [
        Step(
            "late",
            Text(
                f"{yuan(span.owed_fen)} yuan owed from {span.first} to {span.last}, {span.days} days "
                f"at {span.rate.millionths} millionths a day",
                f"{span.first} 至 {span.last} 欠付 {yuan(span.owed_fen)} 元，共 {span.days} 天，"
                f"日利率百万分之 {span.rate.millionths}",
            ),
            Fen(half_up(span.millionths, 1_000_000)),
            f"late-interest@{span.rate.since}",
            span.rate.reference,
            {"owed_fen": span.owed_fen, "days": span.days, "millionths": span.rate.millionths, "due": due.isoformat()},
        )
        for span in found
    ]
    amount = total(found)
    said = Text(
        f"interest on {payment}, due {due}: {yuan(amount)} yuan, rounded half up once",
        f"{payment} 应付日 {due}，逾期利息合计 {yuan(amount)} 元（合计后四舍五入一次）",
    )
    return (*steps, Step("interest", said, amount, "late-interest", "", {}))
