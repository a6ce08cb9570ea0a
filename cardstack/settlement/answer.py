"""What the sender of a line is answered: the outcomes, which are part of the public interface, each in both languages."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.settlement.scheme import Reason
from cardstack.text import Text


class Outcome(StrEnum):
    """The answer to a line. Each is part of the public interface."""

    MALFORMED = "malformed"
    NOT_YOURS = "not-yours"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"
    RECEIVED = "received"
    UNKNOWN_SCHEME = "unknown-scheme"
    IN_FUTURE = "in-future"
    UNKNOWN_REFERENCE = "unknown-reference"
    RESOLVED_REFERENCE = "resolved-reference"
    REFUSED = "refused"
    UNKNOWN_PARTY = "unknown-party"
    DUPLICATE = "duplicate"
    STALE = "stale"
    OVER_CAP = "over-cap"
    OVER_LIMIT = "over-limit"
    ACCEPTED = "accepted"


OUTCOMES: Final[Mapping[Outcome, Text]] = {
    Outcome.MALFORMED: Text("The line is not a transaction in canonical form", "该行不是规范格式的交易"),
    Outcome.NOT_YOURS: Text(
        "The signer may not speak for this sender or under this institution's message ids, or the sender is neither the home nor "
        "the treating side",
        "签名方无权代表该发送方或使用该机构的报文标识，或发送方既非参保/发卡地也非就医/使用地",
    ),
    Outcome.REPEATED: Text("Received before with the same content; the first answer again", "此前已收到相同内容，返回首次应答"),
    Outcome.CONFLICTING: Text("This message id was used before for other content", "该报文标识此前已用于不同内容"),
    Outcome.RECEIVED: Text(
        "Received and durable, to be judged in its turn: the answer where that was preferred (respond-async)",
        "已接收并持久保存，将依序审核入账（仅在请求异步应答时返回）",
    ),
    Outcome.UNKNOWN_SCHEME: Text("No such scheme is cleared here", "本系统不办理该清算业务"),
    Outcome.IN_FUTURE: Text("It says it happened later than now", "业务发生时间晚于当前时间"),
    Outcome.UNKNOWN_REFERENCE: Text(
        "The earlier message it is about is not in the ledger under this scheme and these parties",
        "所引用的原交易不存在，或业务与双方不一致",
    ),
    Outcome.RESOLVED_REFERENCE: Text(
        "The earlier message is not in a state that allows this", "所引用原交易的当前状态不允许该操作"
    ),
    Outcome.REFUSED: Text("The scheme's rules refuse it", "不符合业务规则"),
    Outcome.UNKNOWN_PARTY: Text("A party that would owe or be owed is not a participant", "应收或应付方不是参与方"),
    Outcome.DUPLICATE: Text("The same service was settled before under another message id", "同一笔业务已以其他报文标识结算"),
    Outcome.STALE: Text(
        "A running total has moved since it was computed: ask for the present one and compute again",
        "累计额已变动，请取最新累计额后重新计算",
    ),
    Outcome.OVER_CAP: Text("A running total would pass its cap or fall below zero", "累计额将超过限额或小于零"),
    Outcome.OVER_LIMIT: Text("The payer's limit or prepayment would be exceeded", "将超过付款方限额或预付金"),
    Outcome.ACCEPTED: Text("Accepted and durable", "已受理并持久保存"),
}


class Answer(NamedTuple):
    """What the sender of a line gets. For a repeated line, `entry`, `state` and `window` are the first answer's."""

    id: str
    outcome: Outcome
    entry: int | None = None
    state: str | None = None
    window: str | None = None
    reason: Reason | None = None

    @property
    def stands(self) -> bool:
        """Whether the transaction is in the ledger under this content."""
        return self.outcome in (Outcome.ACCEPTED, Outcome.REPEATED)
