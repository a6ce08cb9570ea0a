"""Disputes a page at a time, what they are about, and their history."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cardstack.settlement.dispute import DISPUTE, Stage
from server.permissions import Scope
from server.store.commit import View
from server.store.disputing import COLUMNS, Dispute
from server.store.queries.transactions import FULL_ID
from server.store.values import moment

NARROW = 20
"""From how many characters of an id on the entries that begin so are few."""


class Disputed(NamedTuple):
    """The posting of a dispute, with its transaction."""

    debtor: str
    creditor: str
    amount_fen: int
    kind: str
    message: str

    def other(self, side: str) -> str:
        """The side that is not this one."""
        return self.creditor if side == self.debtor else self.debtor


class Moved(NamedTuple):
    """One step of a dispute."""

    step: str
    stage: str
    actor: str
    evidence: dict[str, Any]
    at: datetime


def page(
    view: View,
    *,
    before: int | None,
    size: int,
    scope: Scope,
    stage: Stage | None = None,
    party: str = "",
    message: str = "",
) -> list[Dispute]:
    """Disputes from the newest down whose posting concerns one of the provinces.

    `party` is any part of a side's name, `message` the beginning of the transaction's id.
    """
    tests, values = _concerns(scope)
    if party:
        part = "%" + party.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        tests.append("(debtor LIKE ? ESCAPE '!' OR creditor LIKE ? ESCAPE '!')")
        values += [part, part]
    if len(message) >= NARROW and message.isascii() and message.isalnum():
        # A day of an institution: few enough entries to begin with them.
        these = "SELECT posting.seq FROM entry JOIN posting ON posting.entry = entry.seq WHERE id >= ? AND id <= ?"
        tests.append(f"dispute.posting IN ({these})")
        values += [message.ljust(FULL_ID, "0"), message.ljust(FULL_ID, "Z")]
    elif message:
        tests.append("substr((SELECT id FROM entry WHERE entry.seq = posting.entry), 1, ?) = ?")
        values += [len(message), message]
    if stage is not None:
        tests.append("stage = ?")
        values.append(stage.value)
    if before is not None:
        tests.append("dispute.seq < ?")
        values.append(before)
    return _found(view, tests, values, f"dispute.seq DESC LIMIT {int(size)}")


def near(view: View, *, until: datetime, scope: Scope, size: int = 50) -> list[Dispute]:
    """Disputes that somebody has to answer by a moment, the most urgent first."""
    tests, values = _concerns(scope)
    waiting = ", ".join(f"'{stage.value}'" for stage in Stage if DISPUTE.events(stage))
    tests += [f"stage IN ({waiting})", "deadline <= ?"]
    return _found(view, tests, [*values, int(until.timestamp())], f"deadline, dispute.seq LIMIT {int(size)}")


def one(view: View, seq: int) -> Dispute | None:
    """The dispute of that number."""
    return next(iter(_found(view, ["dispute.seq = ?"], [seq], "dispute.seq")), None)


def _concerns(scope: Scope) -> tuple[list[str], list[Any]]:
    if scope is None:
        return [], []
    marks = ", ".join("?" * len(scope)) or "NULL"
    return [f"(substr(debtor, 1, 2) IN ({marks}) OR substr(creditor, 1, 2) IN ({marks}))"], sorted(scope) * 2


def _found(view: View, tests: Sequence[str], values: Sequence[Any], order: str) -> list[Dispute]:
    columns = ", ".join(f"dispute.{name}" for name in COLUMNS.split(", "))
    join = (
        "JOIN posting ON posting.seq = dispute.posting" if any("debtor" in test or "posting." in test for test in tests) else ""
    )
    where = " AND ".join(tests) or "1 = 1"
    rows = view.all(f"SELECT {columns} FROM dispute {join} WHERE {where} ORDER BY {order}", values)  # noqa: S608  # own names
    return [Dispute.of(row) for row in rows]


def disputed(view: View, postings: Sequence[int]) -> dict[int, Disputed]:
    """The postings of these numbers, with their transactions' ids."""
    query = (
        "SELECT posting.seq, debtor, creditor, posting.amount_fen, posting.kind, id FROM posting "
        "JOIN entry ON entry.seq = posting.entry WHERE posting.seq IN {these}"
    )
    return {row[0]: Disputed(*row[1:]) for row in view.among(query, postings)}


def moves(view: View, dispute: int) -> list[Moved]:
    """Every step of a dispute, in order."""
    rows = view.all("SELECT step, stage, actor, evidence, at FROM dispute_move WHERE dispute = ? ORDER BY seq", (dispute,))
    return [Moved(row[0], row[1], row[2], json.loads(row[3]), moment(row[4])) for row in rows]
