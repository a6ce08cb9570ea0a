"""The answer to a submission: outcomes in order of precedence, judged line by line against what the ledger knows.

A `Book` holds the facts that bear on a batch; the store loads them by sets under its write lock, so nothing can
change between the judgement and the commit. Taking a line updates the book, so a duplicate inside one batch is
answered like any other.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from cardstack.errors import CardstackError
from cardstack.settlement.ledger import ENTRY, Change, State
from cardstack.settlement.scheme import Accumulation, Consulting, Reason, Scheme, Sided
from cardstack.settlement.told import Told
from cardstack.settlement.transaction import Party, Posting, Transaction
from cardstack.text import Text
from cardstack.values import Fen

SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead."""


LEDGER: Final = Party("00.ledger")
"""The ledger itself, which lets pending entries lapse."""


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


AMOUNTS: Final = "amounts_fen"
"""The member of a posting message's body that says how much of each reserved posting is posted; the rest is let go."""

NOT_A_PART: Final = Reason(
    "not-a-part",
    Text(
        "amounts_fen is one amount a reserved posting, none above what is reserved and not all zero; a split that moves "
        "running totals is voided and computed again",
        "amounts_fen 须与待定分录逐笔对应、不超过待定金额且不全为零；涉及累计额的分割须撤销后重新计算",
    ),
)


NOT_JUDGED: Final = Reason(
    "not-judged",
    Text(
        "The scheme's own rules failed on this content; its operator has to mend them", "业务规则处理该内容时出错，须由业务方修正"
    ),
)
FAILURES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a scheme that is not careful raises on content it did not think of: that line is refused, the others go on."""


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


class Seen(NamedTuple):
    """A message id that the ledger knows: the digest of its content, and what was answered."""

    digest: bytes
    entry: int
    state: str
    window: str


class Earlier(NamedTuple):
    """An entry that a new message is about, in its present state: what it booked or reserved, and what stands of it."""

    entry: int
    scheme: str
    home: str
    treating: str
    state: State
    postings: tuple[Posting, ...]
    claims: tuple[str, ...]
    accumulations: tuple[Accumulation, ...]
    window: str
    about_another: bool = False
    posted: tuple[Posting, ...] | None = None

    @property
    def moved(self) -> tuple[Posting, ...]:
        """What a reversal takes back: of a reservation, the part that was posted."""
        return self.postings if self.posted is None else self.posted


class Node(NamedTuple):
    """A participant that signs: its own name, and whether it may pass on what others signed for (a province's hub)."""

    name: Party
    relays: bool = False
    institutions: tuple[str, ...] = ()
    """Under whose message ids it sends: institutions' codes, or how they begin. Any, where none is declared."""

    def numbers(self, message: str) -> bool:
        """Whether it may send under a message id.

        >>> Node(Party("33.hub"), institutions=("H33", "P33")).numbers("H33010600001202611220800050007")
        True
        """
        return not self.institutions or message.startswith(self.institutions)


@dataclass(slots=True)
class Book:
    """What the ledger knows that bears on a batch. `room_fen` is what each limited party may still owe."""

    now: datetime
    schemes: Mapping[str, Scheme]
    parties: Container[str]
    seen: dict[str, Seen] = field(default_factory=dict)
    earlier: dict[str, Earlier] = field(default_factory=dict)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    totals_fen: dict[str, int] = field(default_factory=dict)
    room_fen: dict[str, int] = field(default_factory=dict)
    told: Told | None = None
    """What other messages told, where a line asks for it."""
    strangers: dict[tuple[str, str, str, str], bool] = field(default_factory=dict)
    latest: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.latest = self.now + SKEW


@dataclass(slots=True)
class Line:
    """One transaction of a batch beside who signed it, and what its scheme makes of it."""

    transaction: Transaction
    digest: bytes
    signer: Node
    postings: tuple[Posting, ...] = ()
    claims: tuple[str, ...] = ()
    accumulations: tuple[Accumulation, ...] = ()
    reason: Reason | None = None
    asks: str | None = None
    """The subject of other messages that its scheme holds it against."""
    plain: bool = False
    """Whether its scheme takes it, it is not pending, and about no earlier message."""

    @property
    def change(self) -> Change | None:
        """What it does to the earlier message it is about."""
        transaction = self.transaction
        if transaction.reverses:
            return Change.REVERSE
        if transaction.posts:
            return Change.POST
        if transaction.voids:
            return Change.LAPSE if transaction.sender == LEDGER else Change.VOID
        return None


Check: TypeAlias = Callable[[Line, Book], bool]


def not_yours(line: Line, book: Book) -> bool:
    """As `stranger`, or not its message id; there are few combinations, and each is asked for once in a batch."""
    transaction, node = line.transaction, line.signer
    if node.institutions and not node.numbers(transaction.id):
        return True
    key = node.name, transaction.sender, transaction.home, transaction.treating
    found = book.strangers.get(key)
    if found is None:
        found = book.strangers[key] = stranger(node, *key[1:])
    return found


def stranger(node: Node, sender: str, home: str, treating: str) -> bool:
    """Whether a signer does not speak for the sender (or relay for its province), or the sender's province takes no part."""
    province = sender[:2]
    speaks = sender == node.name or (node.relays and province == node.name.province)
    return not speaks or province not in (home[:2], treating[:2], "00")


def unknown_reference(line: Line, book: Book) -> bool:
    """An earlier message of the same scheme and regions; a stranger does not learn whether another's id exists."""
    transaction = line.transaction
    if transaction.refers is None:
        return False
    earlier = book.earlier.get(transaction.refers)
    return earlier is None or (earlier.scheme, earlier.home, earlier.treating) != (
        transaction.scheme,
        transaction.home,
        transaction.treating,
    )


def resolved_reference(line: Line, book: Book) -> bool:
    """A pending entry is posted or voided once, a posted one reversed once; a reversal is not itself reversed."""
    change, refers = line.change, line.transaction.refers
    if change is None or refers is None:
        return False
    earlier = book.earlier[refers]
    return earlier.about_another or (earlier.state, change) not in ENTRY.moves


def prepare(transaction: Transaction, digest: bytes, signer: Node, schemes: Mapping[str, Scheme]) -> Line:
    """The line with what its scheme makes of it, which needs nothing of the ledger: reason, or postings and claims."""
    line = Line(transaction, digest, signer)
    scheme = schemes.get(transaction.scheme)
    if scheme is None:
        return line
    try:
        if transaction.refers is not None:
            line.reason = scheme.about(transaction) if isinstance(scheme, Sided) else None
            return line
        line.reason = scheme.check(transaction)
        if line.reason is None:
            line.postings = scheme.postings(transaction, transaction.day)
            line.claims = scheme.claims(transaction)
            line.accumulations = scheme.accumulations(transaction)
            line.asks = scheme.asks(transaction) if isinstance(scheme, Consulting) else None
            line.plain = transaction.pending_until is None
    except CardstackError as error:
        line.reason = Reason(error.code, error.title)
    except FAILURES:
        line.reason = NOT_JUDGED
    return line


def refused(line: Line, book: Book) -> bool:
    """Whether the scheme found a reason; a message about another now has the postings that follow from that one."""
    change, refers = line.change, line.transaction.refers
    if change is not None and refers is not None:
        _follow(line, change, book.earlier[refers])
    if line.reason is None and line.asks is not None:
        line.reason = contradicted(line, book)
    return line.reason is not None


def contradicted(line: Line, book: Book) -> Reason | None:
    """Why a line that asks is not taken beside what other messages told."""
    scheme = book.schemes[line.transaction.scheme]
    if line.asks is None or book.told is None or not isinstance(scheme, Consulting):
        return None
    return scheme.against(line.transaction, book.told.about(line.asks))


def _follow(line: Line, change: Change, earlier: Earlier) -> None:
    if change is Change.REVERSE:
        line.postings = tuple(posting.opposite() for posting in earlier.moved)
    elif change is Change.POST:
        amounts = line.transaction.body.get(AMOUNTS)
        line.postings = earlier.postings if amounts is None else part(earlier.postings, amounts)
        if amounts is not None and (not line.postings or earlier.accumulations):
            line.reason = NOT_A_PART
    if change is not Change.POST:
        line.accumulations = tuple(Accumulation(one.account, Fen(-one.add_fen)) for one in earlier.accumulations)


def part(postings: Sequence[Posting], amounts: object) -> tuple[Posting, ...]:
    """The part of reserved postings that is posted, an amount each in their order; none where the amounts do not fit.

    >>> reserved = (Posting(Party("31.a"), Party("33.b"), Fen(80), "pool", "r"),)
    >>> [one.amount_fen for one in part(reserved, [30])], part(reserved, [81]), part(reserved, [0])
    ([30], (), ())
    """
    if not isinstance(amounts, list) or len(amounts) != len(postings):
        return ()
    if not all(type(amount) is int and 0 <= amount <= one.amount_fen for one, amount in zip(postings, amounts, strict=True)):
        return ()
    return tuple(replace(one, amount_fen=Fen(amount)) for one, amount in zip(postings, amounts, strict=True) if amount)


def over_limit(line: Line, book: Book) -> bool:
    """What each limited party would owe more than it is owed by this line, against its room."""
    if not book.room_fen or line.change in (Change.VOID, Change.LAPSE, Change.POST):  # a pending entry has its room already
        return False
    needs: dict[str, int] = {}
    for posting in line.postings:
        needs[posting.debtor] = needs.get(posting.debtor, 0) + posting.amount_fen
        needs[posting.creditor] = needs.get(posting.creditor, 0) - posting.amount_fen
    return any(need > 0 and need > book.room_fen[party] for party, need in needs.items() if party in book.room_fen)


def stale(one: Accumulation, total: int) -> bool:
    """Whether a running total is not what a line was computed on."""
    return one.before_fen is not None and one.before_fen != total


def over_cap(one: Accumulation, total: int) -> bool:
    """Whether a running total would fall below zero, or pass its cap by what is added."""
    after = total + one.add_fen
    return after < 0 or (one.cap_fen is not None and one.add_fen > 0 and after > one.cap_fen)


# In order of precedence: the first that applies is the answer, so a retry is always answered as a retry.
CHECKS: Final[tuple[tuple[Outcome, Check], ...]] = (
    (Outcome.NOT_YOURS, not_yours),
    (
        Outcome.REPEATED,
        lambda line, book: (known := book.seen.get(line.transaction.id)) is not None and known.digest == line.digest,
    ),
    (Outcome.CONFLICTING, lambda line, book: line.transaction.id in book.seen),
    (Outcome.UNKNOWN_SCHEME, lambda line, book: line.transaction.scheme not in book.schemes),
    (Outcome.IN_FUTURE, lambda line, book: line.transaction.occurred_at > book.latest),
    (Outcome.UNKNOWN_REFERENCE, unknown_reference),
    (Outcome.RESOLVED_REFERENCE, resolved_reference),
    (Outcome.REFUSED, refused),
    (
        Outcome.UNKNOWN_PARTY,
        lambda line, book: any(one.debtor not in book.parties or one.creditor not in book.parties for one in line.postings),
    ),
    (
        Outcome.DUPLICATE,
        lambda line, book: bool(line.claims) and any((line.transaction.scheme, claim) in book.claimed for claim in line.claims),
    ),
    (
        Outcome.STALE,
        lambda line, book: any(stale(one, book.totals_fen.get(one.account, 0)) for one in line.accumulations),
    ),
    (
        Outcome.OVER_CAP,
        lambda line, book: any(over_cap(one, book.totals_fen.get(one.account, 0)) for one in line.accumulations),
    ),
    (Outcome.OVER_LIMIT, over_limit),
)


def judge(line: Line, book: Book) -> Outcome:
    """The first outcome that applies; `ACCEPTED` where none does. The line then has its postings."""
    return next((outcome for outcome, applies in CHECKS if applies(line, book)), Outcome.ACCEPTED)


def surely(lines: Sequence[Line], book: Book) -> bool:
    """Whether no check applies to any of these lines, one after another: nearly always so, and quicker than asking each check.

    They are plain, none has anything in common with another or with what the ledger knows, and nobody has a limit.
    """
    if book.room_fen or not all(line.plain for line in lines):
        return False
    transactions, latest = [line.transaction for line in lines], book.latest
    ids = {one.id for one in transactions}
    owing = {one.debtor for line in lines for one in line.postings} | {one.creditor for line in lines for one in line.postings}
    return (
        len(ids) == len(lines)
        and ids.isdisjoint(book.seen)
        and not any(one.occurred_at > latest for one in transactions)
        and not any(not_yours(line, book) for line in lines)
        and all(party in book.parties for party in owing)
        and _claims_apart(lines, book)
        and _totals_apart(lines, book)
        and _told_apart(lines, book)
    )


def _claims_apart(lines: Sequence[Line], book: Book) -> bool:
    """Whether every claim is made once, and is free."""
    claims = [(line.transaction.scheme, claim) for line in lines for claim in line.claims]
    once = set(claims)
    return len(once) == len(claims) and once.isdisjoint(book.claimed)


def _told_apart(lines: Sequence[Line], book: Book) -> bool:
    """Whether what was told contradicts none of the lines that ask, and no other line tells anything more."""
    asking = [line for line in lines if line.asks is not None]
    if not asking or book.told is None:
        return True
    schemes = book.told.schemes
    return not any(line.transaction.scheme in schemes for line in lines) and not any(contradicted(one, book) for one in asking)


def _totals_apart(lines: Sequence[Line], book: Book) -> bool:
    """Whether every running total is asked about once, is as it was, and stays within its bounds."""
    moves = [one for line in lines for one in line.accumulations]
    if len({one.account for one in moves}) < len(moves):
        return False
    now = [(one, book.totals_fen.get(one.account, 0)) for one in moves]
    return not any(stale(one, total) or over_cap(one, total) for one, total in now)
