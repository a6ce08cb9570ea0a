"""Searching the ledger's entries: newest first by when they happened, keyset pages, and a bound on how far one request looks.

What narrows well (window, dates, the id) narrows by an index. Whatever else is asked for is tested row by row, over at
most `STRETCH` rows a time and `PATIENCE` in all: a question with few answers comes back with what was found so far and the
key from which to look on, and never holds the service.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.permissions import Scope
from server.store import reads
from server.store.commit import ENTRY_COLUMNS, View
from server.store.values import Entry

STRETCH, PATIENCE = 5_000, 0.1
FULL_ID = 30


@dataclass(frozen=True, slots=True)
class Found:
    """Some entries; `next` is the key to look on from, and `cut` says that looking on may find more of what was asked for."""

    entries: Sequence[Entry]
    next: str | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    """Which index leads: the window's own order, or the time of the transaction."""

    columns: str
    lead: tuple[tuple[str, Any], ...]

    def key(self, row: Any) -> str:
        return f"{row[7]}_{row[0]}" if "occurred_at" in self.columns else f"0_{row[0]}"

    def before(self, after: str | None) -> list[tuple[str, Sequence[Any]]]:
        if after is None:
            return []
        moment, _, seq = after.partition("_")
        if not (moment.isascii() and moment.isdigit() and seq.isascii() and seq.isdigit()):
            return []
        if "occurred_at" in self.columns:
            return [("(occurred_at, seq) < (?, ?)", (int(moment), int(seq)))]
        return [("seq < ?", (int(seq),))]


def search(view: View, where: Mapping[str, Any], *, scope: Scope, after: str | None, size: int) -> Found:
    """Entries that fit, from the newest down.

    `where` may hold id, window, scheme, kind, sender, home, treating (prefixes of regions), state, since and until
    (seconds), least and most (fen), refers, party (who owes or is owed).
    """
    if len(str(where.get("id", ""))) == FULL_ID:
        return _one(view, str(where["id"]), scope)
    order = _order(where)
    tests, values = _tests(where, scope)
    found: list[Any] = []
    began, key = time.monotonic(), after
    while True:
        rows, last, count = _stretch(view, order, key, tests, values, limit=size + 1 - len(found))
        found += rows
        if len(found) > size:
            break
        if count < STRETCH:
            return Found(reads.entries(view, found), None)
        key = last
        if time.monotonic() - began > PATIENCE:
            return Found(reads.entries(view, found), key, cut=True)
    return Found(reads.entries(view, found[:size]), order.key(found[size - 1]))


def visible(entry: Entry, scope: Scope) -> bool:
    """Whether one of an entry's provinces is in the scope."""
    return scope is None or bool({entry.home[:2], entry.treating[:2], entry.sender[:2]} & scope)


def _one(view: View, message: str, scope: Scope) -> Found:
    entry = reads.entry(view, message)
    return Found([entry] if entry is not None and visible(entry, scope) else [], None)


def _order(where: Mapping[str, Any]) -> _Order:
    if where.get("window"):
        return _Order("seq", (("window_id = ?", where["window"]),))
    lead = [("occurred_at >= ?", where.get("since")), ("occurred_at < ?", where.get("until"))]
    return _Order("occurred_at, seq", tuple((text, value) for text, value in lead if value is not None))


def _stretch(
    view: View, order: _Order, after: str | None, tests: str, values: Sequence[Any], *, limit: int
) -> tuple[list[Any], str | None, int]:
    """The rows that fit among the next `STRETCH`, the key of the last one looked at, and how many were looked at."""
    parts = [(text, (value,)) for text, value in order.lead] + order.before(after)
    lead = " AND ".join(text for text, _ in parts) or "1 = 1"
    bound = [value for _, given in parts for value in given]
    descending = ", ".join(f"{column} DESC" for column in order.columns.split(", "))
    near = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE {lead} ORDER BY {descending} LIMIT {STRETCH}"  # noqa: S608  # own names
    if tests == "1 = 1":
        rows = view.all(f"{near.rsplit(' LIMIT', 1)[0]} LIMIT ?", [*bound, limit])
        return rows, (order.key(rows[-1]) if rows else None), STRETCH if len(rows) == limit else len(rows)
    query = f"SELECT {ENTRY_COLUMNS} FROM ({near}) AS near WHERE {tests} ORDER BY {descending} LIMIT ?"  # noqa: S608  # own names
    rows = view.all(query, [*bound, *values, limit])
    if len(rows) == limit:
        return rows, order.key(rows[-1]), STRETCH
    edge = view.all(
        f"SELECT occurred_at, seq FROM entry WHERE {lead} ORDER BY {descending} LIMIT 1 OFFSET {STRETCH - 1}",  # noqa: S608  # own names
        bound,
    )
    return rows, (f"{edge[0][0]}_{edge[0][1]}" if edge else None), STRETCH if edge else 0


_PARTY = (
    "EXISTS (SELECT 1 FROM posting WHERE posting.entry = near.seq AND phase = 'posted' "
    "AND (posting.debtor = ? OR posting.creditor = ?))"
)


def _tests(where: Mapping[str, Any], scope: Scope) -> tuple[str, list[Any]]:
    """The conditions that are tested row by row."""
    tests: list[str] = []
    values: list[Any] = []
    for name in ("scheme", "kind", "refers"):
        if where.get(name):
            tests.append(f"{name} = ?")
            values.append(where[name])
    for name in ("home", "treating", "sender", "id"):
        if where.get(name):
            tests.append(f"substr({name}, 1, {len(str(where[name]))}) = ?")
            values.append(str(where[name]))
    # The window leads by its own index; its dates are then tested like everything else.
    dates = (("since", "occurred_at >= ?"), ("until", "occurred_at < ?")) if where.get("window") else ()
    for name, text in (*dates, ("least", "amount_fen >= ?"), ("most", "amount_fen <= ?")):
        if where.get(name) is not None:
            tests.append(text)
            values.append(where[name])
    if where.get("state"):
        text, given = _state(str(where["state"]))
        tests.append(text)
        values += given
    if where.get("party"):
        tests.append(_PARTY)
        values += [where["party"]] * 2
    if scope is not None:
        marks = ", ".join("?" * len(scope)) or "NULL"
        tests.append("(" + " OR ".join(f"substr({side}, 1, 2) IN ({marks})" for side in ("home", "treating", "sender")) + ")")
        values += sorted(scope) * 3
    return " AND ".join(tests) or "1 = 1", values


def _state(state: str) -> tuple[str, list[Any]]:
    """The present state: as entered, unless a resolution came."""
    changes = {"reversed": "reverse", "voided": "void", "lapsed": "lapse"}
    resolved = "EXISTS (SELECT 1 FROM resolution WHERE resolution.entry = near.seq {})"
    if state in changes:
        return resolved.format("AND change = ?"), [changes[state]]
    if state == "pending":
        return f"state = 'pending' AND NOT {resolved.format('')}", []
    posted, reversed_ = resolved.format("AND change = ?"), resolved.format("AND change = ?")
    return f"(state = 'posted' OR {posted}) AND NOT {reversed_}", ["post", "reverse"]
