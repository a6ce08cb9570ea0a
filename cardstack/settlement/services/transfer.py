"""Transfer of pension relations between provinces (养老保险关系转移接续): messages, deadlines, amounts.

Certificate of contributions, application at the new place, letter of acceptance, the old place's statement with the
money, receipt. The statement is sent pending and posted by the receipt, so money never moves on one side's word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Cycle, Figure, Unit, at
from cardstack.settlement.services.case import Message, Service, Term
from cardstack.settlement.services.certification import About, Case, Day
from cardstack.settlement.transaction import Party, Posting, Transaction
from cardstack.text import Text
from cardstack.values import Fen

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**13)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShare(Figure):
    """The part of the contribution bases that goes along with the personal account, in permille."""

    permille: int


class Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar year of contributions: months paid, and the sum of the monthly bases."""

    year: Annotated[int, msgspec.Meta(ge=1990, le=2100)]
    months: Annotated[int, msgspec.Meta(ge=1, le=12)]
    base_fen: Amount


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person applies at the new place with the old place's certificate of contributions."""

    case: Case
    person: Name
    certificate_no: Name
    applied_on: Day


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The old place's record: years of contributions, the whole personal account, and the money that goes along."""

    case: Case
    years: Annotated[tuple[Year, ...], msgspec.Meta(min_length=1, max_length=60)]
    account_fen: Amount
    pool_fen: Amount
    closed_on: Day

    def __post_init__(self) -> None:
        years = [one.year for one in self.years]
        if len(set(years)) < len(years) or max(years) > int(self.closed_on[:4]):
            raise Malformed(
                Text(
                    "field `years`: each calendar year once, none after that of closed_on",
                    "字段 `years`：每个自然年度仅一次，且不晚于 closed_on 所在年度",
                )
            )


class State(StrEnum):
    """Where a transfer is."""

    NEW = "new"
    APPLIED = "applied"
    ACCEPTED = "accepted"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"


class Event(StrEnum):
    """Its messages."""

    APPLY = "apply"
    ACCEPT = "accept"
    REFUSE = "refuse"
    SEND = "send"
    RECEIVE = "receive"
    REMIND = "remind"


MACHINE: Final = Machine(
    initial=State.NEW,
    moves={
        (State.NEW, Event.APPLY): State.APPLIED,
        (State.APPLIED, Event.ACCEPT): State.ACCEPTED,
        (State.APPLIED, Event.REFUSE): State.REFUSED,
        (State.ACCEPTED, Event.REMIND): State.ACCEPTED,
        (State.ACCEPTED, Event.SEND): State.SENT,
        (State.SENT, Event.RECEIVE): State.DONE,
    },
)


class Money(NamedTuple):
    """What goes along: the personal account, and the pool's share of every year with how it came about."""

    account_fen: int
    pool_fen: int
    years: tuple[tuple[int, int], ...]


@remembered
def shares() -> tuple[PoolShare, ...]:
    """The dated share that comes with the package."""
    return figures_of("pension", "share", PoolShare)


def money(years: Sequence[Year], account_fen: int, day: date) -> Money:
    """The whole account, and the dated share of each year's bases, half up a year.

    >>> from datetime import date
    >>> money([Year(2024, 12, 6_000_000), Year(2025, 1, 500_001)], 900_000, date(2026, 10, 1))
    Money(account_fen=900000, pool_fen=780000, years=((2024, 720000), (2025, 60000)))
    """
    permille = at(shares(), day).permille
    parts = tuple((one.year, half_up(one.base_fen * permille, 1000)) for one in years)
    return Money(account_fen, sum(part for _, part in parts), parts)


def _owed(transaction: Transaction, content: object) -> tuple[Posting, ...] | None:
    """The old place's fund owes the new place's; None where the statement does not say what the figures give."""
    if not isinstance(content, Statement):
        return ()
    right = money(content.years, content.account_fen, transaction.day)
    if right.pool_fen != content.pool_fen:
        return None
    old, new = Party(f"{transaction.home_province}.pension-fund"), Party(f"{transaction.treating_province}.pension-fund")
    rule = f"pension-transfer@{at(shares(), transaction.day).since}"
    legs = ((content.account_fen, "personal-account"), (content.pool_fen, "pool-share"))
    return tuple(Posting(old, new, Fen(amount), kind, rule) for amount, kind in legs if amount)


_TERM: Final = "three times 15 of 45 working days in all, as known of the field / 45个工作日，三段各15个工作日，未核对原文"
_LATE: Final = Text("Remind the other side.", "请催办对方经办机构。")
TRANSFER: Final = Service(
    "pension-transfer",
    Text("Transfer of pension relations", "养老保险关系转移接续"),
    Cycle("services", Unit.MONTH),
    MACHINE,
    {
        Event.APPLY: Message(Application, "treating", Text("application at the new place", "转入申请")),
        Event.ACCEPT: Message(About, "treating", Text("letter of acceptance", "联系函")),
        Event.REFUSE: Message(About, "treating", Text("refusal", "不予受理")),
        Event.REMIND: Message(About, "treating", Text("reminder", "催办")),
        Event.SEND: Message(Statement, "home", Text("record, account and money", "转出信息表与基金划转")),
        Event.RECEIVE: Message(About, "treating", Text("receipt, transfer complete", "到账办结")),
    },
    {state: Term(15, _TERM, _LATE) for state in (State.APPLIED, State.ACCEPTED, State.SENT)},
    _owed,
    {
        State.NEW: Text("new", "未申请"),
        State.APPLIED: Text("applied", "已申请，待发联系函"),
        State.ACCEPTED: Text("accepted", "已发联系函，待转出"),
        State.SENT: Text("sent", "已转出，待到账确认"),
        State.DONE: Text("done", "已办结"),
        State.REFUSED: Text("refused", "不予受理"),
    },
    (Event.SEND, Event.RECEIVE),
)
