"""Searching the ledger's entries: newest first, keyset pages, and a bound on how far one request looks.

What narrows well leads by its index: the beginning of an id, what became of an entry, a window, a large amount, dates.
Whatever else is asked for is tested row by row, over so many rows a time and for `PATIENCE` in all: a question
with few answers comes back with what was found so far and the key from which to look on, and never holds the service.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.permissions import Scope
from server.store import reads
from server.store.commit import ENTRY_COLUMNS, View
from server.store.values import Entry

STRETCH, SCATTERED, PATIENCE = 5_000, 500, 0.1
"""How many rows are tested at once: of those that lie together, and of rare ones that lie apart on the disk; seconds."""
FIRST, GROWS = 250, 4
"""How many are tested first, and by how much more each time: what many rows fit is found among few."""

FULL_ID: Final = 30
LARGE_FEN: Final = 10_000_00
"""From which amount on entries have an index of their own; the others are not in it."""

CHANGES: Final = {"reversed": "reverse", "voided": "void", "lapsed": "lapse"}


@dataclass(frozen=True, slots=True)
class Found:
    """Some entries; `next` is the key to look on from, and `cut` says that looking on may find more of what was asked for."""

    entries: Sequence[Entry]
    next: str | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    """The index that leads: the columns of its order, and how a key is written and read."""

    columns: tuple[str, ...]
    key: Callable[[Sequence[Any]], str]
    beyond: Callable[[str | None], tuple[str, list[Any]]]
    """The condition that the index answers, from a key on, with its values; a key that is none is left out."""
    led: frozenset[str]
    """What was asked for and needs no further test."""
    stretch: int

    @property
    def descending(self) -> str:
        return ", ".join(f"{column} DESC" for column in self.columns)


def search(view: View, where: Mapping[str, Any], *, scope: Scope, after: str | None, size: int) -> Found:
    """Entries that fit, from the newest down.

    `where` may hold id, window, scheme, kind, sender, home, treating (prefixes of regions), state, since and until
    (seconds), least and most (fen), refers, party (who owes or is owed).
    """
    if len(str(where.get("id", ""))) == FULL_ID:
        return _one(view, where, scope)
    if not str(where.get("id") or "0").isalnum() or not str(where.get("id", "")).isascii():
        return Found([], None)  # no id has other letters
    order = _order(where)
    tests, values = _tests(where, scope, order.led)
    found: list[Any] = []
    began, key, stretch = time.monotonic(), after, FIRST
    while True:
        stretch, looked = min(stretch, order.stretch), time.monotonic()
        rows, last, more = _stretch(view, order, key, tests, values, stretch=stretch, limit=size + 1 - len(found))
        found += rows
        if len(found) > size:
            return Found(reads.entries(view, found[:size]), order.key(_ends(found[size - 1])))
        if not more:
            return Found(reads.entries(view, found), None)
        key, now = last, time.monotonic()
        if now - looked < PATIENCE / GROWS:  # a disk that is slow today is not asked for more at once
            stretch *= GROWS
        if now - began > PATIENCE:
            return Found(reads.entries(view, found), key, cut=True)


def visible(entry: Entry, scope: Scope) -> bool:
    """Whether one of an entry's provinces is in the scope."""
    return scope is None or bool({entry.home[:2], entry.treating[:2], entry.sender[:2]} & scope)


def _one(view: View, where: Mapping[str, Any], scope: Scope) -> Found:
    """The entry with that id, if everything else that was asked for is so too."""
    tests, values = _tests(where, scope)
    query = f"SELECT {ENTRY_COLUMNS} FROM entry AS near WHERE id = ? AND {tests}"  # noqa: S608  # own names
    return Found(reads.entries(view, view.all(query, [where["id"], *values])), None)


def _order(where: Mapping[str, Any]) -> _Order:
    """The order by the index that narrows most."""
    if where.get("id"):
        return _by_id(str(where["id"]))
    if where.get("state") in CHANGES:
        return _by_change(CHANGES[where["state"]])
    if where.get("window"):
        return _by_number("window_id = ?", where["window"], led="window")
    if where.get("state") == "pending":
        return _by_number("state = 'pending'")
    return _by_moment(where)


def ids_from(prefix: str) -> list[str]:
    """The first and the last id that begin so: ids are capitals and digits, so a prefix is a range in any collation."""
    return [prefix.ljust(FULL_ID, filler) for filler in "0Z"]


def _by_id(prefix: str) -> _Order:
    """Ids of the institution, of its day, its second."""

    def beyond(key: str | None) -> tuple[str, list[Any]]:
        return "id >= ? AND id <= ?" + (" AND id < ?" if key else ""), [*ids_from(prefix), *([key] if key else [])]

    return _Order(("id",), lambda ends: str(ends[2]), beyond, frozenset({"id"}), STRETCH)


def _by_number(lead: str, *values: Any, led: str = "") -> _Order:
    def beyond(key: str | None) -> tuple[str, list[Any]]:
        seq = _numbers(key)
        return lead + (" AND seq < ?" if seq else ""), [*values, *seq[1:]]

    return _Order(("seq",), _numbered, beyond, frozenset({led}), STRETCH if led else SCATTERED)


def _by_change(change: str) -> _Order:
    """Those that something became of: few, found by their resolutions."""

    def beyond(key: str | None) -> tuple[str, list[Any]]:
        seq = _numbers(key)
        after = " AND entry < ?" if seq else ""
        # Said twice, because only a condition that stands in the words lets the partial index answer.
        found = f"change = ? AND change <> 'post'{after}"
        undone = f"SELECT entry FROM resolution WHERE {found} ORDER BY entry DESC LIMIT {SCATTERED}"  # noqa: S608  # own names
        return f"seq IN ({undone})", [change, *seq[1:]]

    return _Order(("seq",), _numbered, beyond, frozenset({"state"}), SCATTERED)


def _by_moment(where: Mapping[str, Any]) -> _Order:
    given = [("occurred_at >= ?", where.get("since")), ("occurred_at < ?", where.get("until"))]
    lead = [(text, [value]) for text, value in given if value is not None]
    if (where.get("least") or 0) >= LARGE_FEN:
        lead.append((f"amount_fen >= {LARGE_FEN}", []))

    def beyond(key: str | None) -> tuple[str, list[Any]]:
        numbers = _numbers(key)
        parts = [*lead, *([("(occurred_at, seq) < (?, ?)", numbers)] if numbers else [])]
        return " AND ".join(text for text, _ in parts) or "1 = 1", [value for _, some in parts for value in some]

    stretch = SCATTERED if lead and "amount_fen" in lead[-1][0] else STRETCH
    return _Order(("occurred_at", "seq"), _numbered, beyond, frozenset({"since", "until"}), stretch)


def _numbered(ends: Sequence[Any]) -> str:
    return f"{ends[0]}_{ends[1]}"


def _numbers(key: str | None) -> list[int]:
    """Moment and number of a key; none where it is no key."""
    parts = (key or "").split("_")
    good = len(parts) == 2 and all(one.isascii() and one.isdigit() and len(one) < 19 for one in parts)
    return [int(part) for part in parts] if good else []


def _ends(row: Sequence[Any]) -> tuple[Any, ...]:
    """What keys are made of: moment, number and id of a row of `ENTRY_COLUMNS`."""
    return row[7], row[0], row[1]


def _stretch(
    view: View, order: _Order, after: str | None, tests: str, values: Sequence[Any], *, stretch: int, limit: int
) -> tuple[list[Any], str | None, bool]:
    """The rows that fit among the next `stretch`, the key of the last one looked at, and whether there may be more."""
    lead, bound = order.beyond(after)
    near = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE {lead} ORDER BY {order.descending}"  # noqa: S608  # own names
    if tests == "1 = 1":
        rows = view.all(f"{near} LIMIT ?", [*bound, limit])
        return rows, (order.key(_ends(rows[-1])) if rows else None), len(rows) == limit
    query = f"SELECT {ENTRY_COLUMNS} FROM ({near} LIMIT {stretch}) AS near WHERE {tests} ORDER BY {order.descending} LIMIT ?"  # noqa: S608  # own names
    rows = view.all(query, [*bound, *values, limit])
    if len(rows) == limit:
        return rows, order.key(_ends(rows[-1])), True
    edge = view.all(
        f"SELECT occurred_at, seq, id FROM entry WHERE {lead} ORDER BY {order.descending} LIMIT 1 OFFSET {stretch - 1}",  # noqa: S608  # own names
        bound,
    )
    return rows, (order.key(edge[0]) if edge else None), bool(edge)


_PARTY = (
    "EXISTS (SELECT 1 FROM posting WHERE posting.entry = near.seq AND phase = 'posted' "
    "AND (posting.debtor = ? OR posting.creditor = ?))"
)


def _tests(where: Mapping[str, Any], scope: Scope, led: Collection[str] = ()) -> tuple[str, list[Any]]:
    """The conditions that are tested row by row: those that no index has `led` by."""
    tests: list[str] = []
    values: list[Any] = []
    for name in ("scheme", "kind", "refers"):
        if where.get(name):
            tests.append(f"{name} = ?")
            values.append(where[name])
    for name in ("home", "treating", "sender"):
        if where.get(name):
            tests.append(f"substr({name}, 1, {len(str(where[name]))}) = ?")
            values.append(str(where[name]))
    # Where another index leads, dates and windows are tested like everything else.
    ranges = (
        ("since", "occurred_at >= ?"),
        ("until", "occurred_at < ?"),
        ("least", "amount_fen >= ?"),
        ("most", "amount_fen <= ?"),
    )
    for name, text in (*ranges, ("window", "window_id = ?")):
        if where.get(name) is not None and name not in led:
            tests.append(text)
            values.append(where[name])
    if where.get("state") and "state" not in led:
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
    resolved = "EXISTS (SELECT 1 FROM resolution WHERE resolution.entry = near.seq {})"
    if state in CHANGES:
        return resolved.format("AND change = ?"), [CHANGES[state]]
    if state == "pending":
        return f"state = 'pending' AND NOT {resolved.format('')}", []
    posted, reversed_ = resolved.format("AND change = ?"), resolved.format("AND change = ?")
    return f"(state = 'posted' OR {posted}) AND NOT {reversed_}", ["post", "reverse"]
