"""Sums for the overview and reports, from the balances kept at each commit wherever they say enough."""

from datetime import date, timedelta
from typing import NamedTuple

from cardstack.settlement.netting import Owed
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from server.store import reads
from server.store.commit import ENTRY_COLUMNS, View
from server.store.values import Entry


class Throughput(NamedTuple):
    """How many transactions of a scheme happened on a day of the region, and for how much."""

    day: str
    scheme: str
    number: int
    amount_fen: int


def throughput(view: View, since: int, *, most: int = 200_000) -> list[Throughput]:
    """Transactions by day and scheme since a moment, among so many of the entries booked last.

    The bound keeps the overview quick whatever the ledger holds, and rows booked together lie together on the disk.
    """
    rows = view.all(
        "SELECT (occurred_at + 28800) / 86400 AS day, scheme, COUNT(*), SUM(amount_fen) FROM entry "
        "WHERE seq > ? AND occurred_at >= ? GROUP BY 1, 2 ORDER BY 1, 2",
        (last_number(view) - most, since),
    )
    return [Throughput(_day(day), scheme, number, int(total)) for day, scheme, number, total in rows]


def _day(since_1970: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(since_1970))).isoformat()


def envelope_entries(view: View, envelope: int, limit: int = 100) -> list[Entry]:
    """The entries of an envelope's accepted lines, in their order.

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
    near = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?"  # noqa: S608  # own names
    found = reads.entries(view, view.all(near, (low, limit)))
    return [one for one in found if one.envelope == envelope]


def owed_of(view: View, window: str, party: str) -> list[Owed]:
    """What a party owes and is owed in a window before set-off, from the sums kept at each commit."""
    rows = view.all(
        "SELECT debtor, creditor, amount_fen FROM owed WHERE window_id = ? AND (debtor = ? OR creditor = ?) "
        "ORDER BY debtor, creditor",
        (window, party, party),
    )
    return [Owed(Party(row[0]), Party(row[1]), Fen(int(row[2]))) for row in rows]


def last_number(view: View) -> int:
    """The number of the newest entry: changes whenever something was booked."""
    return int(view.all("SELECT COALESCE(MAX(seq), 0) FROM entry")[0][0])
