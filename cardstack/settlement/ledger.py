"""The ledger's own rules: states of an entry, phases of a posting, balances, and the chain that seals them.

An entry is one accepted transaction. Entries and postings are only ever added: a pending entry is resolved, and a
posted one reversed, by further rows that name it. Rows are plain tuples in the order of the store's columns, because
line-level work goes by sets and not by objects. Moments in rows are whole seconds since 1970 (UTC).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import msgspec

from cardstack.fsm import Machine
from cardstack.text import Text

GENESIS: Final = bytes(32)
"""What the first block names as its predecessor."""

RESERVE: Final = ""
"""The window of what is only reserved: money falls into a window when it is posted."""


class State(StrEnum):
    """The state of an entry."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    LAPSED = "lapsed"
    REVERSED = "reversed"


class Change(StrEnum):
    """What a later entry does to an earlier one."""

    POST = "post"
    VOID = "void"
    LAPSE = "lapse"
    REVERSE = "reverse"


ENTRY: Final = Machine(
    initial=State.PENDING,
    moves={
        (State.PENDING, Change.POST): State.POSTED,
        (State.PENDING, Change.VOID): State.VOIDED,
        (State.PENDING, Change.LAPSE): State.LAPSED,
        (State.POSTED, Change.REVERSE): State.REVERSED,
    },
)

STATES: Final = {
    State.PENDING: Text("pending", "待定"),
    State.POSTED: Text("posted", "已入账"),
    State.VOIDED: Text("voided", "已撤销"),
    State.LAPSED: Text("lapsed", "已失效"),
    State.REVERSED: Text("reversed", "已冲正"),
}


class Phase(StrEnum):
    """What a posting moves: money owed, money reserved, or a reservation let go."""

    POSTED = "posted"
    RESERVED = "reserved"
    RELEASED = "released"


class EntryRow(NamedTuple):
    """One entry as it lies in the store."""

    seq: int
    id: str
    scheme: str
    kind: str
    sender: str
    home: str
    treating: str
    occurred_at: int
    amount_fen: int
    digest: bytes
    state: str
    window: str
    refers: str | None
    pending_until: int | None
    envelope: int
    line: int
    block: int


class PostingRow(NamedTuple):
    """One posting as it lies in the store."""

    seq: int
    entry: int
    window: str
    debtor: str
    creditor: str
    amount_fen: int
    kind: str
    rule: str
    phase: str


class ResolutionRow(NamedTuple):
    """That an entry was posted, voided, lapsed or reversed, and by which later entry; at most once each."""

    entry: int
    change: str
    by_entry: int | None
    block: int


class BalanceRow(NamedTuple):
    """What a party owes and is owed in a window, and what is reserved either way."""

    party: str
    window: str
    pays_fen: int
    receives_fen: int
    pays_reserved_fen: int
    receives_reserved_fen: int


def sealed(
    previous: bytes,
    entries: Sequence[EntryRow],
    postings: Sequence[PostingRow],
    resolutions: Sequence[ResolutionRow],
    figures: bytes = b"",
) -> bytes:
    """The hash of a block: SHA-256 over the hash before it and the block's rows.

    The rows are JSON without spaces: an array of entries, one of postings, one of resolutions, each row an array in
    the order of its columns, bytes as base64. Any language can compute it again. The first block that was judged by
    other figures has their digest after its rows.

    >>> row = ResolutionRow(1, "void", 2, 7)
    >>> sealed(GENESIS, [], [], [row]) == hashlib.sha256(bytes(32) + b'[[],[],[[1,"void",2,7]]]').digest()
    True
    """
    return hashlib.sha256(previous + msgspec.json.encode((entries, postings, resolutions)) + figures).digest()


Flows: TypeAlias = Mapping[tuple[str, str, str, str], int]
"""What was moved in all, by window, debtor, creditor and phase."""


def flows(postings: Iterable[PostingRow]) -> Flows:
    """The sums of postings that say the same but for the amount."""
    sums: dict[tuple[str, str, str, str], int] = {}
    for posting in postings:
        key = posting[2], posting[3], posting[4], posting[8]
        sums[key] = sums.get(key, 0) + posting[5]
    return sums


def owed(moved: Flows) -> list[tuple[str, str, str, int]]:
    """What that adds to what each owes each: window, debtor, creditor, amount, in the order of their names."""
    return sorted((*key[:3], amount) for key, amount in moved.items() if key[3] == Phase.POSTED)


def balances(moved: Flows) -> list[BalanceRow]:
    """What that adds to each party's balance in each window, in the order of their names.

    >>> balances(flows([PostingRow(1, 1, "w", "31.a", "33.b", 7, "k", "r", "posted")]))[0]
    BalanceRow(party='31.a', window='w', pays_fen=7, receives_fen=0, pays_reserved_fen=0, receives_reserved_fen=0)
    """
    sums: dict[tuple[str, str], list[int]] = {}
    for (window, debtor, creditor, phase), amount in moved.items():
        place = 0 if phase == Phase.POSTED else 2
        signed = -amount if phase == Phase.RELEASED else amount
        sums.setdefault((debtor, window), [0, 0, 0, 0])[place] += signed
        sums.setdefault((creditor, window), [0, 0, 0, 0])[place + 1] += signed
    return [BalanceRow(party, window, *four) for (party, window), four in sorted(sums.items())]
