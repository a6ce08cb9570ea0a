"""The batch protocol of toll clearing: originals, booking, disputes, clearing statistics, each acknowledged by number.

The issuer answers a batch of originals with the disputed lines alone; silence means that a line will be paid. A
dispute batch decides the disputed ones, and the statistics of a target day tie everything together: which batches
are in it, how many lines and how much. (After the message set of a provincial toll operator as third parties use it.)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.transaction import Party
from cardstack.text import Text


class Result(StrEnum):
    """Where one line of an original batch is."""

    SENT = "sent"
    DISPUTED = "disputed"
    PAYABLE = "payable"
    REFUSED = "refused"
    CLEARED = "cleared"


class Step(StrEnum):
    """What moves a line on."""

    BOOK = "book"
    DISPUTE = "dispute"
    PAY = "pay"
    REFUSE = "refuse"
    CLEAR = "clear"


LINE: Final = Machine(
    initial=Result.SENT,
    moves={
        (Result.SENT, Step.BOOK): Result.PAYABLE,
        (Result.SENT, Step.DISPUTE): Result.DISPUTED,
        (Result.DISPUTED, Step.PAY): Result.PAYABLE,
        (Result.DISPUTED, Step.REFUSE): Result.REFUSED,
        (Result.PAYABLE, Step.CLEAR): Result.CLEARED,
    },
)


class Why(IntEnum):
    """The reason of a dispute, by its number in the protocol."""

    VERIFICATION = 1
    DUPLICATE = 2
    USER_STATE = 3
    TYPE = 4
    OVERDUE = 5
    FIELD = 6
    OVER_LIMIT = 7
    NO_CARD = 8
    CARD_STATE = 9
    EXPIRED = 10
    NOT_ALLOWED = 11
    CSN = 12
    TEST = 13
    BALANCE = 14
    CARD_TYPE = 15
    LANE_CLOCK = 16
    NO_OBU = 17
    OTHER = 100


REASONS: Final[Mapping[Why, Text]] = {
    Why.VERIFICATION: Text("verification failed (TAC)", "验证未通过（TAC）"),
    Why.DUPLICATE: Text("duplicate transaction", "重复交易"),
    Why.USER_STATE: Text("the user's state changed", "用户状态变化"),
    Why.TYPE: Text("invalid type of transaction", "无效交易类型"),
    Why.OVERDUE: Text("overdue", "逾期超时"),
    Why.FIELD: Text("a field is wrong", "交易数据域错误"),
    Why.OVER_LIMIT: Text("over the limit", "超过最大交易限额"),
    Why.NO_CARD: Text("no such card", "卡号不存在"),
    Why.CARD_STATE: Text("the card's state does not fit", "卡状态不匹配"),
    Why.EXPIRED: Text("the card has expired", "卡超过有效期"),
    Why.NOT_ALLOWED: Text("the transaction is not allowed", "不允许的交易"),
    Why.CSN: Text("the card serial number does not match", "卡片序列号不匹配"),
    Why.TEST: Text("a test transaction", "测试交易"),
    Why.BALANCE: Text("the balance does not match", "卡账不符"),
    Why.CARD_TYPE: Text("invalid type of card", "无效卡类型"),
    Why.LANE_CLOCK: Text("the lane's clock is wrong", "车道时钟错误"),
    Why.NO_OBU: Text("no such on-board unit", "电子标签不存在"),
    Why.OTHER: Text("other", "其他"),
}


NUMBERS: Final[Mapping[str, Why]] = {
    "tac-wrong": Why.VERIFICATION,
    "duplicate": Why.DUPLICATE,
    "counter-conflict": Why.DUPLICATE,
    "late": Why.OVERDUE,
    "tap-malformed": Why.FIELD,
    "line-malformed": Why.FIELD,
    "amount-differs": Why.FIELD,
    "moment-differs": Why.FIELD,
    "toll-differs": Why.FIELD,
    "fare-differs": Why.FIELD,
    "over-limit": Why.OVER_LIMIT,
    "no-key": Why.NO_CARD,
    "card-blocked": Why.CARD_STATE,
    "card-expired": Why.EXPIRED,
    "no-refund": Why.TYPE,
    "not-yours": Why.NOT_ALLOWED,
    "no-tariff": Why.CARD_TYPE,
    "balance-short": Why.BALANCE,
    "balance-break": Why.BALANCE,
    "future": Why.LANE_CLOCK,
    "in-future": Why.LANE_CLOCK,
}
"""By which number the protocol knows a reason or an outcome of the schemes."""


def number_of(code: str) -> Why:
    """The protocol's number for a code of the schemes; 100 for what it has no number for.

    >>> int(number_of("card-expired")), int(number_of("grey-unproven"))
    (10, 100)
    """
    return NUMBERS.get(code, Why.OTHER)


class Ack(IntEnum):
    """The answer to the receipt of a batch."""

    OK = 1
    HEADER = 2
    SCHEMA = 3
    CONTENT = 4
    DUPLICATE = 5
    ADVICE = 6
    VERSION = 7


class Item(NamedTuple):
    """One original: the message it stands for, and its amount."""

    message: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of originals as it was sent: sender, receiver, number, clearing target day, count and sum as declared."""

    sender: Party
    receiver: Party
    number: int
    target: date
    items: tuple[Item, ...]
    count: int
    amount_fen: int


class Line(NamedTuple):
    """The one record of a line's life: batch and index, and each later batch that spoke of it."""

    item: Item
    result: Result = LINE.initial
    why: Why | None = None
    booking: int | None = None
    dispute: int | None = None
    clearing: int | None = None


class Statistics(NamedTuple):
    """The clearing of a target day: what is paid, which batches and dispute files are in it."""

    target: date
    lines: int
    amount_fen: int
    batches: tuple[int, ...]
    disputes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What two parties have told each other; every method gives a new one."""

    lines: Mapping[tuple[int, int], Line] = field(default_factory=dict)
    targets: Mapping[int, date] = field(default_factory=dict)

    def receive(self, batch: Batch) -> tuple["Exchange", Ack]:
        """Take a batch of originals; a number twice is acknowledged as such and changes nothing."""
        if batch.number in self.targets:
            return self, Ack.DUPLICATE
        messages = [item.message for item in batch.items]
        declared = (batch.count, batch.amount_fen)
        if declared != (len(batch.items), sum(item.amount_fen for item in batch.items)) or len(set(messages)) != len(messages):
            return self, Ack.CONTENT
        lines = {(batch.number, index): Line(item) for index, item in enumerate(batch.items)}
        return replace(self, lines={**self.lines, **lines}, targets={**self.targets, batch.number: batch.target}), Ack.OK

    def book(self, batch: int, number: int, disputed: Mapping[int, Why]) -> "Exchange":
        """The issuer's booking of a batch: only the disputed lines by index; every other will be paid."""
        own = self._of(batch)
        unknown = set(disputed) - {index for _, index in own}
        if unknown:
            raise Malformed(
                Text(f"batch {batch} has no line {min(unknown)}", f"批次 {batch} 无第 {min(unknown)} 行"), field="disputed"
            )
        moved = {
            key: line._replace(
                result=LINE.after(line.result, Step.DISPUTE if key[1] in disputed else Step.BOOK),
                why=disputed.get(key[1]),
                booking=number,
            )
            for key, line in own.items()
        }
        return replace(self, lines={**self.lines, **moved})

    def decide(self, number: int, verdicts: Mapping[tuple[int, int], bool]) -> "Exchange":
        """A dispute file: for each disputed line, whether it is paid."""
        moved = {}
        for key, pay in verdicts.items():
            if key not in self.lines:
                raise Malformed(Text(f"batch {key[0]} has no line {key[1]}", f"批次 {key[0]} 无第 {key[1]} 行"), field="verdicts")
            line = self.lines[key]
            moved[key] = line._replace(result=LINE.after(line.result, Step.PAY if pay else Step.REFUSE), dispute=number)
        return replace(self, lines={**self.lines, **moved})

    def clear(self, number: int, target: date) -> tuple["Exchange", Statistics]:
        """Clear every payable line up to a target day. Disputed ones stay out and come in when they are decided."""
        due = {
            key: line._replace(result=Result.CLEARED, clearing=number)
            for key, line in self.lines.items()
            if line.result is Result.PAYABLE and self.targets[key[0]] <= target
        }
        statistics = Statistics(
            target,
            len(due),
            sum(line.item.amount_fen for line in due.values()),
            tuple(sorted({batch for batch, _ in due})),
            tuple(sorted({line.dispute for line in due.values() if line.dispute is not None})),
        )
        return replace(self, lines={**self.lines, **due}), statistics

    def open(self) -> Sequence[tuple[tuple[int, int], Line]]:
        """The lines that are neither cleared nor refused."""
        done = (Result.CLEARED, Result.REFUSED)
        return [(key, line) for key, line in sorted(self.lines.items()) if line.result not in done]

    def _of(self, batch: int) -> Mapping[tuple[int, int], Line]:
        if batch not in self.targets:
            raise Malformed(Text(f"batch {batch} was never received", f"未收到批次 {batch}"), field="batch")
        return {key: line for key, line in self.lines.items() if key[0] == batch}


def total(lines: Iterable[Line], result: Result) -> int:
    """The money of the lines that are there."""
    return sum(line.item.amount_fen for line in lines if line.result is result)
