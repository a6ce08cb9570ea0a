"""Sums for the overview and reports, from the balances kept at each commit wherever they say enough."""

from cardstack.settlement.netting import Owed
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from server.store import reads
from server.store.commit import ENTRY_COLUMNS, View
from server.store.values import Entry


def envelope_entries(view: View, envelope: int, limit: int = 100) -> list[Entry]:
    """The entries of an envelope's accepted lines, in their order.

    Entries are numbered in the order of their envelopes, so the first is found by halving, without an index.
    """
    low = halved(view, "entry", "envelope", envelope, last_number(view))
    near = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?"  # noqa: S608  # own names
    found = reads.entries(view, view.all(near, (low, limit)))
    return [one for one in found if one.envelope == envelope]


def halved(view: View, table: str, column: str, least: int, last: int) -> int:
    """The first number up to `last` whose row has at least that in a column that only grows; else the number after it."""
    low, high = 1, last + 1
    query = f"SELECT seq, {column} FROM {table} WHERE seq >= ? ORDER BY seq LIMIT 1"  # noqa: S608  # own names
    while low < high:
        middle = (low + high) // 2
        rows = view.all(query, (middle,))
        if rows and rows[0][1] < least:
            low = rows[0][0] + 1
        else:
            high = middle
    return low


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
