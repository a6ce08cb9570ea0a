"""Interest on what is paid late: simple, by the day, at the dated rate in force on each day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cardstack.settlement.scheme import Figure, at
from cardstack.values import Fen

DAYS_MAX = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRate(Figure):
    """What a day of delay costs, in millionths of what is owed."""

    millionths: int


def late_interest(owed: Fen, due: date, paid: date, rates: Sequence[DailyRate]) -> Fen:
    """The interest for every day after `due` up to and with `paid`; rounded half up once, at the end.

    >>> rate = DailyRate(since=date(2026, 1, 1), reference="invented", millionths=100)
    >>> late_interest(Fen(1_000_000), date(2026, 11, 20), date(2026, 11, 22), [rate])
    200
    """
    days = min((paid - due).days, DAYS_MAX)
    millionths = sum(at(rates, due + timedelta(days=number)).millionths for number in range(1, days + 1))
    return Fen((owed * millionths + 500_000) // 1_000_000)
