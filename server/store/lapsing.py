"""Pending entries whose time has run out: the ledger itself voids them, with an entry of its own."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from cardstack.settlement.line import Line
from cardstack.settlement.node import LAPSED, LEDGER, Node
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.transaction import MessageId, Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.store.commit import Kept, viewing
from server.store.engine import Database
from server.store.numbering import next_ids
from server.store.posting import Submission
from server.store.submitting import submit

PIECE = 1000


def lapse(database: Database, schemes: Mapping[str, Scheme], now: datetime) -> int:
    """Let every pending entry lapse that was not posted in time; how many did."""
    with viewing(database) as view:
        rows = view.all(
            "SELECT seq, id, scheme, home, treating, amount_fen FROM entry WHERE state = 'pending' AND pending_until < ? "
            "AND NOT EXISTS (SELECT 1 FROM resolution WHERE resolution.entry = entry.seq) ORDER BY seq LIMIT ?",
            (int(now.timestamp()), PIECE),
        )
        ids = next_ids(view, LAPSED, now, len(rows))
    if not rows:
        return 0
    made = [
        Transaction(
            id=id_,
            scheme=row[2],
            kind="lapse",
            sender=LEDGER,
            home=row[3],
            treating=row[4],
            occurred_at=now,
            amount_fen=Fen(row[5]),
            voids=MessageId(row[1]),
        )
        for id_, row in zip(ids, rows, strict=True)
    ]
    raw = json.dumps([str(one.voids) for one in made]).encode()
    kept = Kept("lapse", sha256(raw).digest(), raw, str(LEDGER), now)
    lines = [Line(one, digest(canonical(one)), Node(LEDGER)) for one in made]
    answers = submit(database, schemes, [Submission(kept, lines)], now)[0]
    return sum(answer.stands for answer in answers)
