"""Lines that were refused, kept for a while so that whoever is asked about one can find it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cardstack.settlement.answer import Answer
from cardstack.text import Text
from server.store.commit import Commit, Kept, View
from server.store.values import moment

KEPT_MAX: Final = 100_000
"""How many are kept at most; the oldest make room, so that no sender can fill the disk with nonsense."""
KEPT_FOR: Final = timedelta(days=90)

COLUMNS = "seq, id, outcome, reason, reason_en, reason_zh, node, envelope, line, digest, at"


class Refusal(NamedTuple):
    """A refused line: which message, why, who sent it and when, and the digests of its envelope and of itself."""

    id: str
    outcome: str
    reason: str
    text: Text
    node: str
    envelope: bytes
    line: int
    digest: bytes
    at: datetime


class Refused(NamedTuple):
    """What is known of a refused line while it is answered."""

    kept: Kept
    line: int
    digest: bytes
    answer: Answer


def record(commit: Commit, refused: Iterable[Refused]) -> None:
    """Keep refused lines, and let go of the oldest."""
    found = list(refused)
    if not found:
        return
    ((last,),) = commit.all("SELECT COALESCE(MAX(seq), 0) FROM refusal")
    rows = []
    for seq, (kept, line, digest, answer) in enumerate(found, start=last + 1):
        code, text = answer.reason or ("", Text("", ""))
        row = (seq, str(answer.id), answer.outcome.value, code, text.en, text.zh, kept.node, kept.digest, line, digest, commit.at)
        rows.append(row)
    commit.insert("refusal", COLUMNS, rows)
    commit.run("DELETE FROM refusal WHERE seq <= ?", [(last + len(rows) - KEPT_MAX,)])
    commit.run("DELETE FROM refusal WHERE at < ?", [(commit.at - int(KEPT_FOR.total_seconds()),)])


def refusals(view: View, *, message: str | None = None, limit: int = 50) -> list[Refusal]:
    """Refused lines, the newest first: of one message id, or of all."""
    where, values = ("WHERE id = ?", [message]) if message else ("", [])
    query = f"SELECT {COLUMNS} FROM refusal {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608  # own names
    return [
        Refusal(row[1], row[2], row[3], Text(row[4], row[5]), row[6], bytes(row[7]), row[8], bytes(row[9]), moment(row[10]))
        for row in view.all(query, [*values, limit])
    ]
