"""What a node has to send to its hub, kept until it is answered: a hub's outage stops nobody's work.

Transactions are durable here before anything is sent, go out in order, and are signed when they are sent, so that a
long outage makes no signature too old. No answer means an unknown outcome: the same message ids are sent again, and
the hub answers a repeated message with its first answer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from cardstack.errors import CardstackError, Untrusted, miscounted
from cardstack.settlement.envelope import LINES_MAX
from cardstack.settlement.transaction import Transaction
from cardstack.settlement.wire import Content, canonical, transaction
from server.api.problems import NOT_ALLOWED, NOT_FOUND
from server.client import Lost
from server.clock import Clock
from server.intake import NOT_NOW
from server.looping import Loop
from server.store.store import Store
from server.store.values import moment

BACKOFF_MAX: Final = timedelta(minutes=5)
PIECE: Final = 100


class Sending(StrEnum):
    """Where an item of the outbox is."""

    QUEUED = "queued"
    ANSWERED = "answered"
    REFUSED = "refused"


class Hub(Protocol):
    """What an outbox sends to; `server.client.Client` is one."""

    def submit_batch(self, transactions: Sequence[Transaction], at: datetime) -> list[dict[str, Any]]:
        """The answers of the hub; `Lost` where none came."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """Something to send, and what came of it: the hub's answers, a line each, or its problem; while queued, the last one."""

    seq: int
    state: Sending
    attempts: int
    due_at: datetime
    answer: Any


class Outbox:
    """A node's queue in its own store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def put(self, transactions: Sequence[Transaction]) -> int:
        """Keep up to 8,190 transactions for sending; the number of the item, durable when it returns."""
        if not 1 <= len(transactions) <= LINES_MAX:
            raise miscounted("transactions", LINES_MAX, len(transactions))
        raw = b"[" + b",".join(canonical(one) for one in transactions) + b"]"
        now = int(self.clock().timestamp())
        with self.store.database.writing() as connection:
            ((seq,),) = self.store.database.all(connection, "SELECT COALESCE(MAX(seq), 0) + 1 FROM outbox")
            row = (seq, raw, Sending.QUEUED.value, 0, now, "")
            self.store.database.insert(connection, "outbox", "seq, raw, state, attempts, due_at, answer", [row])
        return int(seq)

    def item(self, seq: int) -> Item | None:
        """One item."""
        found = self._items("WHERE seq = ?", (seq,))
        return found[0] if found else None

    def items(self, state: Sending | None = None) -> list[Item]:
        """The oldest items, of one state or of all."""
        return self._items("WHERE state = ?", (state.value,)) if state else self._items("", ())

    def forward(self, hub: Hub) -> int:
        """Send what is due, in order, until one is not answered; how many were."""
        done = 0
        while (head := self._head()) is not None:
            seq, raw, attempts, due_at = head
            now = self.clock()
            if moment(due_at) > now:
                break
            try:
                answer: Any = hub.submit_batch(_transactions(bytes(raw)), now)
                state = Sending.ANSWERED
            except CardstackError as error:
                answer = {"code": error.code, "detail": error.detail, "details": error.told._asdict()}
                state = Sending.REFUSED
                if _may_pass(error):
                    due = now + min(timedelta(seconds=2 ** min(attempts, 10)), BACKOFF_MAX)
                    values = attempts + 1, int(due.timestamp()), json.dumps(answer), seq
                    self._update("attempts = ?, due_at = ?, answer = ?", values)
                    break
            self._update("state = ?, answer = ?, attempts = ?", (state.value, json.dumps(answer), attempts + 1, seq))
            done += 1
        return done

    def _head(self) -> tuple[int, bytes, int, int] | None:
        with self.store.view() as view:
            rows = view.all("SELECT seq, raw, attempts, due_at FROM outbox WHERE state = 'queued' ORDER BY seq LIMIT 1")
        return tuple(rows[0]) if rows else None

    def _items(self, where: str, values: Sequence[Any]) -> list[Item]:
        query = f"SELECT seq, state, attempts, due_at, answer FROM outbox {where} ORDER BY seq LIMIT {PIECE}"  # noqa: S608  # own names
        with self.store.view() as view:
            rows = view.all(query, values)
        return [Item(row[0], Sending(row[1]), row[2], moment(row[3]), json.loads(row[4]) if row[4] else None) for row in rows]

    def _update(self, what: str, values: Sequence[Any]) -> None:
        with self.store.database.writing() as connection:
            self.store.database.run(connection, f"UPDATE outbox SET {what} WHERE seq = ?", [values])  # noqa: S608  # own names


def _may_pass(error: CardstackError) -> bool:
    """Whether a failure says nothing of what was sent: no answer, a signer not believed now, a wrong clock, no hub there."""
    return isinstance(error, Lost | Untrusted) or error.code in (NOT_NOW.code, NOT_FOUND.code, NOT_ALLOWED.code)


def _transactions(raw: bytes) -> list[Transaction]:
    return [transaction(one) for one in msgspec.json.decode(raw, type=list[Content])]


def forwarder(outbox: Outbox, hub: Hub, *, every_s: float = 1.0) -> Loop:
    """What sends an outbox's items as they come; the store may be away for a moment, the items are still there."""
    return Loop("outbox", lambda: outbox.forward(hub), every_s=every_s)
