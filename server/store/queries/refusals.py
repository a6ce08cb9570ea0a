"""Looking through the lines that were refused, the newest first."""

from typing import Any, NamedTuple

from cardstack.text import Text
from server.permissions import Scope
from server.store.commit import View
from server.store.refusals import COLUMNS, Refusal
from server.store.values import moment


class Numbered(NamedTuple):
    """A refused line with the number by which one looks on."""

    seq: int
    refusal: Refusal


def refused(view: View, where: dict[str, Any], *, scope: Scope, before: int | None, size: int) -> list[Numbered]:
    """Refused lines; `where` may hold id, node (how they begin), outcome, and since and until (seconds)."""
    tests: list[tuple[str, Any]] = [("seq < ?", before)] if before is not None else []
    for name, test in TESTS.items():
        if where.get(name) is not None:
            tests.append((test, _upto(where[name]) if name in {"id", "node"} else where[name]))
    values: list[Any] = []
    words = []
    for test, value in tests:
        words.append(test)
        values += value if isinstance(value, tuple) else (value,)
    if scope is not None:
        words.append("substr(node, 1, 2) IN (" + ", ".join("?" for _ in scope) + ")")
        values += sorted(scope)
    text = " AND ".join(words) or "1 = 1"
    rows = view.all(f"SELECT {COLUMNS} FROM refusal WHERE {text} ORDER BY seq DESC LIMIT ?", [*values, size])  # noqa: S608  # own names
    return [Numbered(row[0], _refusal(row)) for row in rows]


TESTS = {
    "id": "id >= ? AND id < ?",
    "node": "node >= ? AND node < ?",
    "outcome": "outcome = ?",
    "since": "at >= ?",
    "until": "at < ?",
}


def _upto(beginning: str) -> tuple[str, str]:
    """From a beginning to the end of everything that begins with it."""
    return beginning, beginning + "\U0010ffff"


def _refusal(row: Any) -> Refusal:
    return Refusal(row[1], row[2], row[3], Text(row[4], row[5]), row[6], bytes(row[7]), row[8], bytes(row[9]), moment(row[10]))
