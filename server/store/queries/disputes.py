"""Disputes a page at a time, and their history."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cardstack.settlement.dispute import DISPUTE, Stage
from server.permissions import Scope
from server.store.commit import View
from server.store.disputing import COLUMNS, Dispute
from server.store.queries.transactions import ids_from
from server.store.values import moment


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
        tests.append("(opened_by LIKE ? ESCAPE '!' OR against LIKE ? ESCAPE '!')")
        values += [part, part]
    if message:
        if not (message.isascii() and message.isalnum()):
            return []  # no id has other letters
        tests.append("message >= ? AND message <= ?")
        values += ids_from(message)
    if stage is not None:
        tests.append("stage = ?")
        values.append(stage.value)
    if before is not None:
        tests.append("seq < ?")
        values.append(before)
    return _found(view, tests, values, f"seq DESC LIMIT {int(size)}")


def near(view: View, *, until: datetime, scope: Scope, size: int = 50) -> list[Dispute]:
    """Disputes that somebody has to answer by a moment, the most urgent first."""
    tests, values = _concerns(scope)
    waiting = ", ".join(f"'{stage.value}'" for stage in Stage if DISPUTE.events(stage))
    tests += [f"stage IN ({waiting})", "deadline <= ?"]
    return _found(view, tests, [*values, int(until.timestamp())], f"deadline, seq LIMIT {int(size)}")


def one(view: View, seq: int) -> Dispute | None:
    """The dispute of that number."""
    return next(iter(_found(view, ["seq = ?"], [seq], "seq")), None)


def _concerns(scope: Scope) -> tuple[list[str], list[Any]]:
    if scope is None:
        return [], []
    marks = ", ".join("?" * len(scope)) or "NULL"
    return [f"(substr(opened_by, 1, 2) IN ({marks}) OR substr(against, 1, 2) IN ({marks}))"], sorted(scope) * 2


def _found(view: View, tests: Sequence[str], values: Sequence[Any], order: str) -> list[Dispute]:
    where = " AND ".join(tests) or "1 = 1"
    rows = view.all(f"SELECT {COLUMNS} FROM dispute WHERE {where} ORDER BY {order}", values)  # noqa: S608  # own names
    return [Dispute.of(row) for row in rows]


def moves(view: View, dispute: int) -> list[Moved]:
    """Every step of a dispute, in order."""
    rows = view.all("SELECT step, stage, actor, evidence, at FROM dispute_move WHERE dispute = ? ORDER BY seq", (dispute,))
    return [Moved(row[0], row[1], row[2], json.loads(row[3]), moment(row[4])) for row in rows]
