"""What the store gives out: frozen values, moments aware, money in fen, names checked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cardstack.errors import faulty
from cardstack.settlement.answer import Answer
from cardstack.settlement.instruction import Instruction, Payment
from cardstack.settlement.ledger import Phase, State
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Posting
from cardstack.settlement.window import Stage
from cardstack.text import Text
from cardstack.values import Fen


def moment(seconds: int) -> datetime:
    """Seconds since 1970 as a moment of legal time.

    >>> moment(0).isoformat()
    '1970-01-01T08:00:00+08:00'
    """
    return datetime.fromtimestamp(seconds, SHANGHAI)


@dataclass(frozen=True, slots=True)
class Participant:
    """A party that can owe and be owed."""

    name: Party
    title: Text
    account: str
    limit_fen: Fen | None
    since: datetime


@dataclass(frozen=True, slots=True)
class RegisteredNode:
    """A node that signs. `subject` is the subject of its certificates (RFC 4514)."""

    name: Party
    role: str
    title: Text
    subject: str
    relays: bool
    active: bool
    since: datetime
    institutions: tuple[str, ...] = ()
    """Under whose message ids it may send: codes of institutions, or how they begin. Any, where there are none."""

    def __post_init__(self) -> None:
        for one in self.institutions:
            if not re.fullmatch("[A-Z0-9]{1,12}", one):
                raise faulty("institutions", "1 to 12 letters or digits each", "每项应为 1 至 12 位字母或数字")


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction in the ledger, in its present state."""

    seq: int
    id: MessageId
    scheme: str
    kind: str
    sender: Party
    home: str
    treating: str
    occurred_at: datetime
    amount_fen: Fen
    digest: bytes
    state: State
    window: str | None
    refers: MessageId | None
    pending_until: datetime | None
    envelope: int
    line: int
    block: int

    @classmethod
    def of(cls, row: Any, state: State) -> "Entry":
        """From a row in the order of `ENTRY_COLUMNS`."""
        return cls(
            seq=row[0],
            id=MessageId(row[1]),
            scheme=row[2],
            kind=row[3],
            sender=Party(row[4]),
            home=row[5],
            treating=row[6],
            occurred_at=moment(row[7]),
            amount_fen=Fen(row[8]),
            digest=bytes(row[9]),
            state=state,
            window=row[11] or None,
            refers=None if row[12] is None else MessageId(row[12]),
            pending_until=None if row[13] is None else moment(row[13]),
            envelope=row[14],
            line=row[15],
            block=row[16],
        )


@dataclass(frozen=True, slots=True)
class BookedPosting:
    """A posting with its place in the ledger."""

    seq: int
    entry: int
    window: str | None
    phase: Phase
    posting: Posting

    @classmethod
    def of(cls, row: Any) -> "BookedPosting":
        """From a row in the order of `POSTING_COLUMNS`."""
        posting = Posting(Party(row[3]), Party(row[4]), Fen(row[5]), row[6], row[7])
        return cls(row[0], row[1], row[2] or None, Phase(row[8]), posting)


@dataclass(frozen=True, slots=True)
class KeptEnvelope:
    """A signed message as it came, with the path of certificates (DER, anchor first) that vouched for it."""

    seq: int
    kind: str
    digest: bytes
    raw: bytes
    node: Party
    signed_at: datetime
    received_at: datetime
    accepted: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ReceivedBatch:
    """A batch of signed lines and its answers, a line each; `posted_at` is None while some of them wait to be judged."""

    envelope: int
    digest: bytes
    node: Party
    received_at: datetime
    posted_at: datetime | None
    answers: list[Answer]
    receipt: bytes | None


@dataclass(frozen=True, slots=True)
class Window:
    """A settlement window."""

    id: str
    cycle: str
    stage: Stage
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One step in a window's life."""

    window: str
    event: str
    stage: Stage
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PreparedInstruction:
    """A payment instruction and where it stands."""

    instruction: Instruction
    state: Payment
    paid_fen: Fen
    prepared_at: datetime


class Happening(NamedTuple):
    """One event of the cursor feed."""

    seq: int
    at: datetime
    kind: str
    subject: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, row: Any) -> "Happening":
        """From a row of the table `event`."""
        return cls(row[0], moment(row[1]), row[2], row[3], json.loads(row[4]))
