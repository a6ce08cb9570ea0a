"""How much was booked on each day: the numbers from the sealed blocks at once, by scheme as far as it has been counted.

Entries are numbered as they are booked and a block says when it was sealed, so a day is a range of numbers, found by
halving. What stands in a range never changes: each is counted once, some at a time, and remembered.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock_time
from threading import Lock
from typing import Final, NamedTuple

from cardstack.settlement.transaction import SHANGHAI
from cardstack.values import Fen
from server.store.commit import View
from server.store.queries.figures import halved, last_number

PIECE: Final = 20_000
"""How many entries are counted at once."""


class Share(NamedTuple):
    """What was booked of a scheme on a day."""

    scheme: str
    number: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was booked on a day of the region: how many entries, and of which schemes those are that were counted."""

    day: date
    number: int
    shares: tuple[Share, ...]

    @property
    def uncounted(self) -> int:
        """How many entries are not in the shares yet."""
        return self.number - sum(one.number for one in self.shares)

    @property
    def amount_fen(self) -> Fen:
        """The sum of what was counted."""
        return Fen(sum(one.amount_fen for one in self.shares))


@dataclass
class _Range:
    """The entries of a day from `first` up to `counted`, by scheme."""

    first: int
    counted: int
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)


class Tally:
    """Remembers what was counted of one ledger, which only grows; may be asked from any thread."""

    def __init__(self) -> None:
        self._ranges: dict[date, _Range] = {}
        self._lock = Lock()

    def days(self, view: View, days: Sequence[date], *, patience: float) -> list[Day]:
        """What was booked on these days, which follow each other; counts on for about so many seconds, the newest day first."""
        with self._lock:
            ends = self._ends(view, days)
            until = time.monotonic() + patience
            for day, end in zip(reversed(days), reversed(ends), strict=True):
                _count(view, self._ranges[day], end, until)
            return [_told(day, self._ranges[day], end) for day, end in zip(days, ends, strict=True)]

    def _ends(self, view: View, days: Sequence[date]) -> list[int]:
        """The number after the last entry of each day."""
        newest = last_number(view) + 1
        if any(one.counted > newest for one in self._ranges.values()):
            self._ranges.clear()  # another ledger stands in this one's place
        ends = []
        for day in reversed(days):
            ends.append(newest)
            if day not in self._ranges:
                first = _first_of(view, day)
                self._ranges[day] = _Range(first, first)
            newest = self._ranges[day].first
        return ends[::-1]


def _first_of(view: View, day: date) -> int:
    """The number of the first entry booked on a day or later."""
    at = int(datetime.combine(day, clock_time(), SHANGHAI).timestamp())
    ((last,),) = view.all("SELECT COALESCE(MAX(seq), 0) FROM block")
    rows = view.all("SELECT first_entry FROM block WHERE seq = ?", (halved(view, "block", "sealed_at", at, last),))
    return int(rows[0][0]) if rows else last_number(view) + 1


def _count(view: View, held: _Range, end: int, until: float) -> None:
    while held.counted < end and time.monotonic() < until:
        upto = min(held.counted + PIECE, end)
        rows = view.all(
            "SELECT scheme, COUNT(*), SUM(amount_fen) FROM entry WHERE seq >= ? AND seq < ? GROUP BY scheme",
            (held.counted, upto),
        )
        for scheme, number, amount in rows:
            before = held.sums.get(scheme, (0, 0))
            held.sums[scheme] = before[0] + number, before[1] + int(amount)
        held.counted = upto


def _told(day: date, held: _Range, end: int) -> Day:
    shares = (Share(scheme, *sums) for scheme, sums in sorted(held.sums.items()))
    return Day(day, end - held.first, tuple(shares))
