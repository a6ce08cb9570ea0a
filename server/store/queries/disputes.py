"""What disputes are about, and their history."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from server.store.commit import View
from server.store.values import moment


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
