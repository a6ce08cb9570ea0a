"""A case between two places: which messages it has, who sends each, what state each leads to, and by when.

A service is a scheme of the ledger: its messages are signed, kept and idempotent like any other, and each step of a
case exists once. The order of the steps is a machine that both nodes run over the messages they hold.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from cardstack.errors import Malformed, Refused, faulty, told
from cardstack.fsm import Machine
from cardstack.settlement.calendar import Calendar
from cardstack.settlement.scheme import Accumulation, Cycle, Reason, Step, located
from cardstack.settlement.transaction import Posting, Transaction
from cardstack.text import Text
from cardstack.values import Fen

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)
Side = Literal["home", "treating"]
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch


class Message(NamedTuple):
    """One kind of message: the shape of its content, which side sends it, its words, and what else speaks against it."""

    shape: type[msgspec.Struct]
    side: Side
    title: Text
    unfit: Callable[[Any], Reason | None] | None = None


class Term(NamedTuple):
    """How many working days a state may last, and what follows when they are over: a reminder, never a decision."""

    working_days: int
    reference: str
    overdue: Text


REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("unknown-kind", Text("The service has no such message", "该业务没有此类报文")),
        Reason("content-malformed", Text("The content is not of its declared form", "内容不符合约定格式")),
        Reason("wrong-side", Text("That message comes from the other side", "该报文应由另一方发送")),
        Reason(
            "registration-short", Text("Care away for a time is registered for longer than that", "临时外出就医备案有效期不足")
        ),
        Reason("amount-differs", Text("The amount is not what the content gives", "金额与内容计算结果不一致")),
        Reason(
            "not-reserved",
            Text(
                "Money is reserved until the other side confirms it: pending_until is missing",
                "款项须待对方确认：缺少 pending_until",
            ),
        ),
        Reason(
            "not-confirmed",
            Text(
                "Only the receiver's own receipt posts reserved money (posts), and only the receiver gives it back",
                "款项仅由转入方的到账报文（posts）入账，退回亦由转入方办理",
            ),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Service(Generic[State, Event]):
    """A service as a scheme. `machine` goes from state to state by the kinds of message."""

    name: str
    title: Text
    cycle: Cycle
    machine: Machine[State, Event]
    messages: Mapping[Event, Message]
    terms: Mapping[State, Term] = field(default_factory=dict)
    money: Callable[[Transaction, Any], tuple[Posting, ...] | None] | None = None
    """What a message owes, where money moves; its sum must be the transaction's amount. None where its content is not right."""
    states: Mapping[State, Text] = field(default_factory=dict)
    """Each state in words."""
    handover: tuple[Event, Event] | None = None
    """Where money moves: the message that reserves it, and the other side's that posts it, so that one alone moves none."""
    tells: Callable[[Transaction, Any], tuple[str, ...]] | None = None
    """Under which claims a message is found again by those whose judgement rests on it (`told`)."""

    def content(self, transaction: Transaction) -> Any:
        """The typed content of a message; `Malformed` where it is none."""
        kind = self._kind(transaction)
        if kind is None:
            raise faulty("kind", "the service has no such message", "该业务没有此类报文")
        try:
            content = msgspec.convert(transaction.body, self.messages[kind].shape)
        except msgspec.ValidationError as error:
            raise Malformed(told(error, "body"), field="body") from error
        for name in content.__struct_fields__:
            _check_day(name, getattr(content, name))
        return content

    def _kind(self, transaction: Transaction) -> Event | None:
        return next((event for event in self.messages if event.value == transaction.kind), None)

    def check(self, transaction: Transaction) -> Reason | None:
        """A known kind, of its form, from its side, with its amount."""
        kind = self._kind(transaction)
        if kind is None:
            return REASONS["unknown-kind"]
        try:
            content = self.content(transaction)
        except Malformed as error:
            return located(REASONS["content-malformed"], error)
        province = transaction.home_province if self.messages[kind].side == "home" else transaction.treating_province
        if transaction.sender.province != province:
            return REASONS["wrong-side"]
        unfit = self.messages[kind].unfit
        if unfit is not None and (reason := unfit(content)) is not None:
            return reason
        if transaction.posts is not None:
            return None  # its amount is that of what it posts
        owed = self.money(transaction, content) if self.money else ()
        right = owed is not None and sum(posting.amount_fen for posting in owed) == transaction.amount_fen
        return self._handed(transaction) if right else REASONS["amount-differs"]

    def _handed(self, transaction: Transaction) -> Reason | None:
        reserving, confirming = self.handover or (None, None)
        if transaction.kind == reserving and transaction.pending_until is None:
            return REASONS["not-reserved"]
        return REASONS["not-confirmed"] if transaction.kind == confirming else None

    def about(self, transaction: Transaction) -> Reason | None:
        """Of a message about an earlier one: whether it is for this side to post the reserved money, or to give it back.

        Either side lets go what is only reserved, and the centre takes back what two people decided. Where others rely on
        what the insured place told, it alone takes anything back.
        """
        if self.tells is not None and transaction.sender.province not in (transaction.home_province, "00"):
            return REASONS["wrong-side"]
        if self.handover is None or transaction.voids is not None:
            return None
        confirming = self.handover[1]
        if transaction.posts is not None:
            return self.check(transaction) if transaction.kind == confirming else REASONS["not-confirmed"]
        receiver = transaction.home_province if self.messages[confirming].side == "home" else transaction.treating_province
        return None if transaction.sender.province in (receiver, "00") else REASONS["not-confirmed"]

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """Nothing, or what the message owes."""
        del day
        return (self.money(transaction, self.content(transaction)) or ()) if self.money else ()

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """A case of two provinces has each step once, but for reminders, which are numbered by their own id.

        Provinces number their cases by themselves: the same number between two others is another case.
        """
        case = f"{transaction.home_province}.{transaction.treating_province}.{transaction.body.get('case')}"
        last = f".{transaction.id}" if transaction.kind == "remind" else ""
        told = self.tells(transaction, self.content(transaction)) if self.tells else ()
        return (f"{case}.{transaction.kind}{last}", *told)

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """What the message is, and what it owes."""
        kind = self._kind(transaction)
        assert kind is not None
        steps = [Step(transaction.kind, self.messages[kind].title, transaction.amount_fen, self.name, self.title.en, {})]
        for posting in self.postings(transaction, day):
            what = Text(posting.kind, posting.kind)
            steps.append(Step(posting.kind, what, Fen(posting.amount_fen), posting.rule, self.title.en, {}))
        return tuple(steps)

    def state(self, messages: Iterable[Transaction]) -> State:
        """Where a case is after its messages in their order; `Refused` at the first that does not follow.

        The same message twice (a retry) counts once.
        """
        state, seen = self.machine.initial, set[str]()
        for transaction in messages:
            if transaction.id in seen:
                continue
            seen.add(transaction.id)
            kind = self._kind(transaction)
            if kind is None:
                raise Refused(
                    Text(f"{transaction.kind} is no message of {self.name}", f"{transaction.kind} 不是 {self.name} 的报文"),
                    field="kind",
                )
            state = self.machine.after(state, kind)
        return state

    def due(self, state: State, since: date, calendar: Calendar, asked: date | None = None) -> date | None:
        """The day by which a state must have been left, None where it may last; earlier where the message `asked` for it."""
        term = self.terms.get(state)
        if term is None:
            return None
        last = calendar.after(since, term.working_days)
        return last if asked is None else min(last, asked)


def _check_day(name: str, value: object) -> None:
    """What is written as a day is one of the calendar, or `Malformed`."""
    if isinstance(value, str) and _DAY(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise faulty(name, "no day of the calendar", "日期不存在") from None
