"""One write to the ledger: what every commit adds, in rows, and how it is sealed."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from cardstack.settlement import amending, inforce
from cardstack.settlement.ledger import (
    GENESIS,
    BalanceRow,
    EntryRow,
    PostingRow,
    ResolutionRow,
    balances,
    flows,
    owed,
    sealed,
)
from cardstack.settlement.window import Stage, period
from server.store.engine import Database
from server.store.packing import packed

ENTRY_COLUMNS = (
    "seq, id, scheme, kind, sender, home, treating, occurred_at, amount_fen, digest, state, window_id, refers, pending_until, "
    "envelope, line, block"
)
POSTING_COLUMNS = "seq, entry, window_id, debtor, creditor, amount_fen, kind, rule, phase"
BALANCE_COLUMNS = "party, window_id, pays_fen, receives_fen, pays_reserved_fen, receives_reserved_fen"
BALANCE_GROWS = (
    "ON CONFLICT (party, window_id) DO UPDATE SET "
    "pays_fen = balance.pays_fen + excluded.pays_fen, receives_fen = balance.receives_fen + excluded.receives_fen, "
    "pays_reserved_fen = balance.pays_reserved_fen + excluded.pays_reserved_fen, "
    "receives_reserved_fen = balance.receives_reserved_fen + excluded.receives_reserved_fen"
)
OWED_GROWS = "ON CONFLICT (window_id, debtor, creditor) DO UPDATE SET amount_fen = owed.amount_fen + excluded.amount_fen"
BALANCE_ADD = (
    "UPDATE balance SET pays_fen = pays_fen + ?, receives_fen = receives_fen + ?, pays_reserved_fen = pays_reserved_fen + ?, "
    "receives_reserved_fen = receives_reserved_fen + ? WHERE party = ? AND window_id = ?"
)
ENDS = (
    "SELECT COALESCE((SELECT MAX(seq) FROM entry), 0) + 1, COALESCE((SELECT MAX(seq) FROM posting), 0) + 1, "
    "COALESCE((SELECT MAX(seq) FROM block), 0) + 1, COALESCE((SELECT MAX(seq) FROM envelope), 0) + 1, "
    "COALESCE((SELECT MAX(seq) FROM event), 0) + 1, (SELECT hash FROM block ORDER BY seq DESC LIMIT 1), "
    "(SELECT digest FROM figure_set ORDER BY block DESC LIMIT 1), EXISTS (SELECT 1 FROM received)"
)
"""The next free numbers, the hash of the last block, the figures it was judged by, and whether lines wait."""


class Kept(NamedTuple):
    """An envelope as it is kept: who signed it, over which path, and the certificates of that path by fingerprint."""

    kind: str
    digest: bytes
    raw: bytes
    node: str
    signed_at: datetime
    path: tuple[str, ...] = ()
    certificates: Mapping[str, bytes] = {}
    packed: bytes | None = None
    """`raw` as it is written, where that was made beforehand."""


class Tip(NamedTuple):
    """The ends of everything that is numbered, read under the write lock."""

    entry: int
    posting: int
    block: int
    envelope: int
    event: int
    previous: bytes
    figures: bytes
    """The digest of the figures that the last block was judged by."""
    waits: bool
    """Whether received lines wait to be judged."""


class View:
    """A consistent view of the database."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.database, self.connection = database, connection

    def all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query."""
        return self.database.all(self.connection, query, values)

    def among(self, query: str, values: Iterable[Any]) -> list[Any]:
        """The rows of a query over a set of values."""
        return self.database.among(self.connection, query, values)

    def ask(self, query: str, values: Sequence[Any] = ()) -> Callable[[], list[Any]]:
        """The rows of a query when they are called for: where others are asked before that, they are answered together."""
        return self.database.ask(self.connection, query, values)

    def ask_among(self, query: str, values: Iterable[Any]) -> Callable[[], list[Any]]:
        """The same over a set of values."""
        return self.database.ask_among(self.connection, query, values)


@contextmanager
def viewing(database: Database) -> Iterator[View]:
    """A consistent view, for several readings of one moment."""
    with database.reading() as connection:
        yield View(database, connection)


class Commit(View):
    """One write to the ledger: a view under the write lock, the moment, and where everything numbered ends."""

    def __init__(self, database: Database, connection: Connection, now: datetime) -> None:
        super().__init__(database, connection)
        self.at = int(now.timestamp())
        self._asked = self.ask(ENDS)
        self._tip: Tip | None = None

    @property
    def tip(self) -> Tip:
        """Where everything numbered ends, as this commit has found it and added to it."""
        if self._tip is None:
            self._tip = _tip(self._asked())
        return self._tip

    @tip.setter
    def tip(self, tip: Tip) -> None:
        self._tip = tip

    def look_again(self) -> None:
        """What was added since has moved the ends."""
        self._tip = _tip(self.all(ENDS))

    def insert(self, table: str, columns: str, rows: Sequence[Any], known: str = "") -> None:
        """Add rows; `known` says what is done with one that is there."""
        self.database.insert(self.connection, table, columns, rows, known)

    def run(self, statement: str, rows: Sequence[Any]) -> None:
        """A statement for each row."""
        self.database.run(self.connection, statement, rows)

    def change(self, statement: str, first: int, texts: Sequence[str]) -> int:
        """One statement over texts in order; how many rows it made."""
        return self.database.change(self.connection, statement, first, texts)

    def tell(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Add an event to the feed."""
        self.tell_all([(kind, subject, data)])

    def tell_all(self, happened: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Add events to the feed, in order."""
        first = self.tip.event
        rows = [(seq, self.at, kind, subject, json.dumps(data)) for seq, (kind, subject, data) in enumerate(happened, first)]
        self.insert("event", "seq, at, kind, subject, data", rows)
        self.tip = self.tip._replace(event=first + len(rows))


def _tip(rows: Sequence[Any]) -> Tip:
    (row,) = rows
    numbers, (previous, judged_by, waits) = row[:5], row[5:]
    entry, posting, block, envelope, event = numbers
    before = GENESIS if previous is None else bytes(previous)
    return Tip(entry, posting, block, envelope, event, before, bytes(judged_by or b""), bool(waits))


def add_rows(
    commit: Commit, entries: Sequence[EntryRow], postings: Iterable[PostingRow], resolutions: Sequence[ResolutionRow]
) -> bytes:
    """One block: entries, postings, resolutions and what they do to the balances, sealed; its hash.

    Where it is the first that was judged by other figures than the one before, it seals these too.
    """
    commit.insert("entry", ENTRY_COLUMNS, entries)
    postings = list(postings)  # made and sealed while PostgreSQL is busy with the entries
    ends = commit.tip
    seal = sealed(ends.previous, entries, postings, resolutions, _keep_figures(commit))
    block = (ends.block, ends.entry, ends.posting, len(entries), len(postings), ends.previous, seal, commit.at)
    columns = "seq, first_entry, first_posting, entries, postings, previous, hash, sealed_at"
    commit.insert("posting", POSTING_COLUMNS, postings)
    commit.insert("block", columns, [block])
    commit.insert("resolution", "entry, change, by_entry, block", resolutions)
    moved = flows(postings)
    add_balances(commit, balances(moved))
    commit.insert("owed", "window_id, debtor, creditor, amount_fen", list(owed(moved)), OWED_GROWS)
    return seal


def _keep_figures(commit: Commit) -> bytes:
    """Keep the figures in force where they are others than the last; the digest to be sealed, empty where they are the same."""
    if commit.tip.figures == inforce.present_digest():
        return b""
    held, digest = inforce.present(), inforce.present_digest()
    texts = {held.texts[name]: text for name, text in amending.texts().items()}
    for (there,) in commit.among("SELECT digest FROM figure_text WHERE digest IN {these}", list(texts)):
        texts.pop(there)
    commit.insert("figure_text", "digest, raw", [(one, _packed(text)) for one, text in texts.items()])
    commit.insert("figure_set", "block, digest, content", [(commit.tip.block, digest, held.content)])
    commit.tip = commit.tip._replace(figures=digest)
    return digest


@lru_cache(maxsize=256)
def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 9)


def add_balances(commit: Commit, rows: Sequence[BalanceRow]) -> None:
    """Add to the balances. What only takes away finds its row there; a check constraint keeps it from passing zero."""
    grows = [row for row in rows if min(row[2:]) >= 0]
    falls = [row for row in rows if min(row[2:]) < 0]
    commit.insert("balance", BALANCE_COLUMNS, grows, BALANCE_GROWS)
    commit.run(BALANCE_ADD, [(*row[2:], row.party, row.window) for row in falls])


def open_windows(commit: Commit, windows: Iterable[str]) -> None:
    """Windows come to be when the first transaction falls into them."""
    rows = [(window, period(window)[0], Stage.OPEN.value, commit.at) for window in sorted(set(windows))]
    statement = "INSERT INTO settlement_window (id, cycle, stage, opened_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    commit.run(statement, rows)  # a statement before that of the balances, which the database holds against it


def keep(commit: Commit, kept: Sequence[tuple[Kept, int]], word: str = "accepted") -> None:
    """Keep envelopes with the certificates that vouched for them, and tell those who follow the events."""
    ends, at = commit.tip, commit.at
    rows, events = [], []
    for place, (one, accepted) in enumerate(kept):
        seq = ends.envelope + place
        raw, path = one.packed or packed(one.raw), json.dumps(one.path)
        rows.append((seq, one.kind, one.digest, raw, one.node, int(one.signed_at.timestamp()), at, accepted, path))
        told = {"node": one.node, word: accepted} | (
            {"block": ends.block} if word == "accepted" else {"digest": one.digest.hex()}
        )
        events.append((f"{one.kind}-{word}", str(seq), told))
    columns = "seq, kind, digest, raw, node, signed_at, received_at, lines, path"
    commit.insert("envelope", columns, rows)
    commit.tell_all(events)
    certificates = {print_: der for one, _ in kept for print_, der in one.certificates.items()}
    commit.insert("certificate", "fingerprint, der", list(certificates.items()), "ON CONFLICT DO NOTHING")
