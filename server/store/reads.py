"""Reading the ledger: single things with all that belongs to them, and pages by key. Nothing here writes."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from cardstack.errors import CardstackError, Refused, problem
from cardstack.settlement.instruction import Instruction, Payment
from cardstack.settlement.ledger import RESERVE
from cardstack.settlement.netting import Owed, Position
from cardstack.settlement.reconcile import Entry as BookEntry
from cardstack.settlement.transaction import SHANGHAI, Party
from cardstack.settlement.window import Stage
from cardstack.text import Text
from cardstack.values import Fen
from server.store.commit import ENTRY_COLUMNS, POSTING_COLUMNS, View
from server.store.packing import unpacked
from server.store.posting import state_after
from server.store.values import (
    BookedPosting,
    Entry,
    Happening,
    KeptEnvelope,
    Move,
    Participant,
    PreparedInstruction,
    RegisteredNode,
    Window,
    moment,
)

PAGE_MAX = 1000

BROKEN = problem(
    "CS-3023",
    Text(
        "The nets of this window do not sum to zero; the ledger was changed from outside", "该窗口净额合计不为零，账本被外部改动"
    ),
    Text(
        "Settle nothing; run `cardstack settle audit` and restore a good copy.",
        "请停止结算，执行 cardstack settle audit 并恢复完好的副本。",
    ),
)


def entries(view: View, rows: Sequence[Any]) -> list[Entry]:
    """Rows of the table `entry` as entries in their present state."""
    changes: dict[int, list[str]] = {}
    found = view.among("SELECT entry, change FROM resolution WHERE entry IN {these}", [row[0] for row in rows])
    for entry, change in found:
        changes.setdefault(entry, []).append(change)
    return [Entry.of(row, state_after(row[10], changes.get(row[0], ()))) for row in rows]


def entry(view: View, message: str) -> Entry | None:
    """The transaction of that message id."""
    rows = view.all(f"SELECT {ENTRY_COLUMNS} FROM entry WHERE id = ?", (message,))  # noqa: S608  # own names
    return entries(view, rows)[0] if rows else None


def numbered(view: View, numbers: Sequence[int]) -> list[Entry]:
    """The transactions of these numbers, in their order."""
    rows = view.among(f"SELECT {ENTRY_COLUMNS} FROM entry WHERE seq IN {{these}}", numbers)  # noqa: S608  # own names
    return entries(view, sorted(rows))


def page(view: View, *, before: int | None, limit: int, window: str | None = None, scheme: str | None = None) -> list[Entry]:
    """Entries from the newest on, those numbered below `before`."""
    where = [("seq < ?", before), ("window_id = ?", window), ("scheme = ?", scheme)]
    asked = [(text, value) for text, value in where if value is not None]
    text = " AND ".join(text for text, _ in asked) or "1 = 1"
    query = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE {text} ORDER BY seq DESC LIMIT ?"  # noqa: S608  # own names
    return entries(view, view.all(query, [*(value for _, value in asked), min(limit, PAGE_MAX)]))


def postings(view: View, numbers: Iterable[int]) -> list[BookedPosting]:
    """The postings of entries, in order."""
    query = f"SELECT {POSTING_COLUMNS} FROM posting WHERE entry IN {{these}} ORDER BY seq"  # noqa: S608  # own names
    return [BookedPosting.of(row) for row in view.among(query, numbers)]


def party_postings(view: View, window: str, party: str, *, after: int, limit: int) -> list[BookedPosting]:
    """What made a party's net of a window, in order: postings numbered above `after`."""
    columns = ", ".join(f"posting.{name}" for name in POSTING_COLUMNS.split(", "))
    query = (
        f"SELECT {columns} FROM entry JOIN posting ON posting.entry = entry.seq "  # noqa: S608  # own names
        "WHERE entry.window_id = ? AND posting.window_id = ? AND (debtor = ? OR creditor = ?) AND posting.seq > ? "
        "ORDER BY entry.seq, posting.seq LIMIT ?"
    )
    return [BookedPosting.of(row) for row in view.all(query, (window, window, party, party, after, min(limit, PAGE_MAX)))]


def envelope(view: View, seq: int) -> KeptEnvelope | None:
    """A kept envelope with the certificates of its path."""
    columns = "seq, kind, digest, raw, node, signed_at, received_at, lines, path"
    rows = view.all(f"SELECT {columns} FROM envelope WHERE seq = ?", (seq,))  # noqa: S608  # own names
    if not rows:
        return None
    row, prints = rows[0], json.loads(rows[0][8])
    kept = dict(view.among("SELECT fingerprint, der FROM certificate WHERE fingerprint IN {these}", prints))
    path = tuple(bytes(kept[one]) for one in prints if one in kept)
    digest, raw = bytes(row[2]), unpacked(bytes(row[3]))
    return KeptEnvelope(row[0], row[1], digest, raw, Party(row[4]), moment(row[5]), moment(row[6]), row[7], path)


def sound_envelope(view: View, seq: int) -> KeptEnvelope | None:
    """A kept envelope; None also where its row is not of its form."""
    try:
        return envelope(view, seq)
    except (CardstackError, ValueError, TypeError, OverflowError):
        return None


def windows(view: View, *, cycle: str | None = None, stage: str | None = None) -> list[Window]:
    """Windows, the newest of each cycle first."""
    where = [("cycle = ?", cycle), ("stage = ?", stage)]
    asked = [(text, value) for text, value in where if value is not None]
    text = " AND ".join(text for text, _ in asked) or "1 = 1"
    query = f"SELECT id, cycle, stage, opened_at FROM settlement_window WHERE {text} ORDER BY cycle, id DESC"  # noqa: S608  # own names
    return [Window(row[0], row[1], Stage(row[2]), moment(row[3])) for row in view.all(query, [value for _, value in asked])]


def window(view: View, id_: str) -> Window | None:
    """One window."""
    rows = view.all("SELECT id, cycle, stage, opened_at FROM settlement_window WHERE id = ?", (id_,))
    return Window(rows[0][0], rows[0][1], Stage(rows[0][2]), moment(rows[0][3])) if rows else None


def moves(view: View, window_id: str) -> list[Move]:
    """A window's life so far."""
    rows = view.all(
        "SELECT window_id, event, stage, actor, reason, at FROM window_move WHERE window_id = ? ORDER BY seq", (window_id,)
    )
    return [Move(row[0], row[1], Stage(row[2]), row[3], row[4], moment(row[5])) for row in rows]


def positions(view: View, window_id: str) -> tuple[Position, ...]:
    """Every party's gross sums and net of a window, from the balances kept at each commit."""
    rows = view.all("SELECT party, receives_fen, pays_fen FROM balance WHERE window_id = ? ORDER BY party", (window_id,))
    found = tuple(Position(Party(party), Fen(receives), Fen(pays)) for party, receives, pays in rows)
    if sum(one.net_fen for one in found):
        raise Refused("nets", BROKEN, window=window_id)
    return found


def owed(view: View, window_id: str) -> tuple[Owed, ...]:
    """What each owes each in a window, before anything is set off, from the sums kept at each commit."""
    rows = view.all("SELECT debtor, creditor, amount_fen FROM owed WHERE window_id = ? ORDER BY debtor, creditor", (window_id,))
    return tuple(Owed(Party(debtor), Party(creditor), Fen(int(amount))) for debtor, creditor, amount in rows)


def reserved(view: View) -> tuple[Position, ...]:
    """What is reserved either way by entries still pending."""
    rows = view.all(
        "SELECT party, receives_reserved_fen, pays_reserved_fen FROM balance WHERE window_id = ? ORDER BY party", (RESERVE,)
    )
    return tuple(Position(Party(party), Fen(receives), Fen(pays)) for party, receives, pays in rows if receives or pays)


INSTRUCTION_COLUMNS = "id, window_id, debtor, creditor, amount_fen, state, paid_fen, prepared_at"


def instructions(view: View, window_id: str | None = None, *, states: Sequence[Payment] = ()) -> list[PreparedInstruction]:
    """Payment instructions, of one window or of all, in some states or in any."""
    tests = [("window_id = ?", [window_id])] if window_id else []
    if states:
        tests.append((f"state IN ({', '.join('?' * len(states))})", [one.value for one in states]))
    where = "WHERE " + " AND ".join(text for text, _ in tests) if tests else ""
    values = [value for _, given in tests for value in given]
    rows = view.all(f"SELECT {INSTRUCTION_COLUMNS} FROM instruction {where} ORDER BY id", values)  # noqa: S608  # own names
    return [instruction_of(row) for row in rows]


def instruction_of(row: Any) -> PreparedInstruction:
    """From a row in the order of `INSTRUCTION_COLUMNS`."""
    said = Instruction(row[0], row[1], Party(row[2]), Party(row[3]), Fen(row[4]))
    return PreparedInstruction(said, Payment(row[5]), Fen(row[6]), moment(row[7]))


def events(view: View, *, after: int, limit: int) -> list[Happening]:
    """What happened after a cursor, in order."""
    rows = view.all(
        "SELECT seq, at, kind, subject, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, min(limit, PAGE_MAX))
    )
    return [Happening.of(row) for row in rows]


def totals(view: View, accounts: Collection[str]) -> dict[str, int]:
    """Running totals by account, of those that have moved."""
    return dict(view.among("SELECT account, total_fen FROM total WHERE account IN {these}", accounts))


def parties(view: View) -> list[Participant]:
    """Every participant."""
    rows = view.all("SELECT name, title_en, title_zh, account, limit_fen, since FROM party ORDER BY name")
    return [
        Participant(Party(row[0]), Text(row[1], row[2]), row[3], None if row[4] is None else Fen(row[4]), moment(row[5]))
        for row in rows
    ]


def book(view: View, sender: str, scheme: str, begin: date, end: date) -> list[BookEntry]:
    """A sender's lines of a scheme for some days, whole days of legal time; corrections about earlier lines are left out."""
    first = datetime.combine(begin, time(), SHANGHAI)
    last = datetime.combine(end, time.max, SHANGHAI)
    rows = view.all(
        "SELECT id, occurred_at, amount_fen, change FROM entry LEFT JOIN resolution "
        "ON resolution.entry = entry.seq AND change <> 'post' "
        "WHERE sender = ? AND scheme = ? AND occurred_at BETWEEN ? AND ? AND refers IS NULL ORDER BY entry.seq",
        (sender, scheme, int(first.timestamp()), int(last.timestamp())),
    )
    return [
        BookEntry(moment(occurred_at).date().isoformat(), id_, Fen(amount), change is not None)
        for id_, occurred_at, amount, change in rows
    ]


NODE_COLUMNS = "name, role, title_en, title_zh, subject, relays, active, since, institutions"


def nodes(view: View) -> list[RegisteredNode]:
    """Every node that may sign, or could."""
    return [_node(row) for row in view.all(f"SELECT {NODE_COLUMNS} FROM node ORDER BY name")]  # noqa: S608  # own names


def node_of(view: View, subject: str) -> RegisteredNode | None:
    """The active node whose certificates have that subject."""
    rows = view.all(f"SELECT {NODE_COLUMNS} FROM node WHERE subject = ?", (subject,))  # noqa: S608  # own names
    return next((node for node in map(_node, rows) if node.active), None)


def _node(row: Any) -> RegisteredNode:
    flags = bool(row[5]), bool(row[6])
    return RegisteredNode(Party(row[0]), row[1], Text(row[2], row[3]), row[4], *flags, moment(row[7]), tuple(row[8].split()))
