"""Sums for the overview and reports, from the balances kept at each commit wherever they say enough."""

from datetime import date, timedelta
from typing import NamedTuple

from cardstack.settlement.netting import Owed
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from server.store.commit import View


class Throughput(NamedTuple):
    """How many transactions of a scheme happened on a day of the region, and for how much."""

    day: str
    scheme: str
    number: int
    amount_fen: int


def throughput(view: View, since: int, *, most: int = 200_000) -> list[Throughput]:
    """Transactions by day and scheme since a moment, over at most so many of the newest entries.

    The bound keeps the overview quick whatever the ledger holds; days before the oldest entry looked at are left out.
    """
    rows = view.all(
        "SELECT (occurred_at + 28800) / 86400 AS day, scheme, COUNT(*), SUM(amount_fen) FROM "
        "(SELECT occurred_at, scheme, amount_fen FROM entry WHERE occurred_at >= ? ORDER BY occurred_at DESC LIMIT ?) AS near "
        "GROUP BY day, scheme ORDER BY day, scheme",
        (since, most),
    )
    return [Throughput(_day(day), scheme, number, int(total)) for day, scheme, number, total in rows]


def _day(since_1970: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(since_1970))).isoformat()


def envelope_entries(view: View, envelope: int, limit: int = 100) -> list[str]:
    """The message ids of an envelope's accepted lines, in their order.

    Entries are numbered in the order of their envelopes, so the first is found by halving, without an index.
    """
    low, high = 1, last_number(view) + 1
    while low < high:
        middle = (low + high) // 2
        rows = view.all("SELECT seq, envelope FROM entry WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
        if rows and rows[0][1] < envelope:
            low = rows[0][0] + 1
        else:
            high = middle
    near = "SELECT id, envelope FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?"
    return [row[0] for row in view.all(near, (low, limit)) if row[1] == envelope]


def owed_of(view: View, window: str, party: str, *, most: int = 5_000) -> tuple[list[Owed], bool]:
    """What a party owes and is owed in a window before set-off, and whether that is the whole window.

    Summed over the newest transactions of the window, `most` at most: a window may hold millions.
    """
    rows = view.all(
        "SELECT debtor, creditor, SUM(amount_fen) FROM posting WHERE phase = 'posted' AND (debtor = ? OR creditor = ?) "
        "AND entry IN (SELECT seq FROM entry WHERE window_id = ? ORDER BY seq DESC LIMIT ?) "
        "GROUP BY debtor, creditor ORDER BY debtor, creditor",
        (party, party, window, most),
    )
    beyond = view.all("SELECT 1 FROM entry WHERE window_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", (window, most))
    return [Owed(Party(row[0]), Party(row[1]), Fen(int(row[2]))) for row in rows], not beyond


def last_number(view: View) -> int:
    """The number of the newest entry: changes whenever something was booked."""
    return int(view.all("SELECT COALESCE(MAX(seq), 0) FROM entry")[0][0])
