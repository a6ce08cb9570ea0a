"""The judgement of a submission: outcomes in order of precedence, asked line by line against what the ledger knows.

A `Book` holds the facts that bear on a batch; the store loads them by sets under its write lock, so nothing can
change between the judgement and the commit. Taking a line updates the book, so a duplicate inside one batch is
answered like any other.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from cardstack.settlement.answer import Outcome
from cardstack.settlement.ledger import ENTRY, Change, State
from cardstack.settlement.line import Line
from cardstack.settlement.node import stranger
from cardstack.settlement.scheme import Accumulation, Consulting, Reason, Scheme, Whole, sharing
from cardstack.settlement.told import Told
from cardstack.settlement.transaction import SHANGHAI, Party, Posting
from cardstack.text import Text
from cardstack.values import Fen

SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead."""


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


OTHER_SIDE: Final = Reason(
    "other-side",
    Text(
        "A message is reversed or posted in part by the side that sent it or by one that is only owed; the other disputes it",
        "报文由发送方或仅为收款方的一方冲正或部分入账；另一方应提出异议",
    ),
)


CYCLE_OVER: Final = Reason(
    "cycle-over",
    Text(
        "The last cycle in which it could be settled is cut off; only what stands in place of a message of the same day and "
        "regions that was taken back (instead_of) is still taken",
        "可清算的最后一期已截止；仅更正同日、同地区已撤销报文（instead_of）的仍可受理",
    ),
)


NOT_WHOLE: Final = Reason(
    "not-whole",
    Text(
        "A reversal takes the whole back: its amount is that of the message it reverses, or 0; for a part, settle again after it",
        "冲正为全额冲正：金额应与原报文一致或填0；部分退费请冲正后重新结算",
    ),
)


NOT_TAKEN_BACK: Final = Reason(
    "not-taken-back",
    Text(
        "instead_of names no message of the same day and regions that was taken back",
        "instead_of 所指不是同日、同地区的已撤销报文",
    ),
)


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
    sender: str = ""
    until: int | None = None
    """When it lapses, in seconds since 1970, where it was only reserved."""
    occurred_at: int | None = None
    """In seconds since 1970."""
    amount_fen: int = 0

    @property
    def moved(self) -> tuple[Posting, ...]:
        """What a reversal takes back: of a reservation, the part that was posted."""
        return self.postings if self.posted is None else self.posted


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
    last_closed: Mapping[str, str] = field(default_factory=dict)
    """Each cycle's newest window that is no longer open."""
    told: Told | None = None
    """What other messages told, where a line asks for it."""
    strangers: dict[tuple[str, str, str, str], bool] = field(default_factory=dict)
    latest: datetime = field(init=False)
    realms: Mapping[str, str] = field(init=False)
    """Under which scheme's name the claims of each are `claimed`: the same for those among which a claim exists once."""

    def __post_init__(self) -> None:
        self.latest = self.now + SKEW
        self.realms = {name: sharing(self.schemes, name)[0] for name in self.schemes}

    def named(self, scheme: str, claims: Iterable[str]) -> set[tuple[str, str]]:
        """A scheme's claims as they are `claimed`."""
        realm = self.realms.get(scheme, scheme)
        return {(realm, claim) for claim in claims}


Check: TypeAlias = Callable[[Line, Book], bool]


def not_yours(line: Line, book: Book) -> bool:
    """As `stranger`, or not its message id; there are few combinations, and each is asked for once in a batch."""
    transaction, node = line.transaction, line.signer
    if not node.numbers(transaction.id):
        return True
    key = node.name, transaction.sender, transaction.home, transaction.treating
    found = book.strangers.get(key)
    if found is None:
        found = book.strangers[key] = stranger(node, *key[1:])
    return found


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
    """A pending entry is posted in its time or voided, once, a posted one reversed once; a reversal is not itself reversed."""
    change, refers = line.change, line.transaction.refers
    if change is None or refers is None:
        return False
    earlier = book.earlier[refers]
    # The ledger lets it lapse by and by; from its moment on nobody posts it.
    late = change is Change.POST and earlier.until is not None and earlier.until < book.now.timestamp()
    return late or earlier.about_another or (earlier.state, change) not in ENTRY.moves


def lets_go(sender: Party, earlier: Earlier) -> bool:
    """Whether a side may lessen what a message moves: the one that sent it, who is only owed by it, or the centre."""
    gives = bool(earlier.moved) and all(one.creditor.province == sender.province for one in earlier.moved)
    return gives or sender.province in (earlier.sender[:2], "00")


def refused(line: Line, book: Book) -> bool:
    """Whether the scheme found a reason; a message about another now has the postings that follow from that one."""
    change, refers = line.change, line.transaction.refers
    if change is not None and refers is not None:
        earlier = book.earlier[refers]
        _follow(line, change, earlier)
        lessens = change is Change.REVERSE or (change is Change.POST and AMOUNTS in line.transaction.body)
        if lessens and line.reason is None and not lets_go(line.transaction.sender, earlier):
            line.reason = OTHER_SIDE
        if line.reason is None and change is Change.REVERSE and not whole(line, book, earlier):
            line.reason = NOT_WHOLE
    if line.reason is None and line.last_window is not None and cycle_over(line, book) and not stands_in(line, book):
        line.reason = over(line.last_window)
    if line.reason is None and line.instead_of is not None and not stands_in(line, book):
        line.reason = NOT_TAKEN_BACK
    if line.reason is None and line.asks is not None:
        line.reason = contradicted(line, book)
    return line.reason is not None


def whole(line: Line, book: Book, earlier: Earlier) -> bool:
    """Whether a reversal does not say another amount than the whole, where its scheme asks for that."""
    said = line.transaction.amount_fen
    return said in (0, earlier.amount_fen) or not isinstance(book.schemes[earlier.scheme], Whole)


def cycle_over(line: Line, book: Book) -> bool:
    """Whether the last window that takes a line is no longer open."""
    closed = book.last_closed.get(book.schemes[line.transaction.scheme].cycle.name)
    return closed is not None and line.last_window is not None and closed >= line.last_window


def over(last_window: str) -> Reason:
    """That the last window that takes a transaction is cut off, with its name."""
    return Reason(CYCLE_OVER.code, Text(f"{CYCLE_OVER.text.en}: {last_window}", f"{CYCLE_OVER.text.zh}：{last_window}"))


def stands_in(line: Line, book: Book) -> bool:
    """Whether a line corrects one of its day and regions that stood in time and was taken back."""
    earlier, new = book.earlier.get(line.instead_of or ""), line.transaction
    if earlier is None or (earlier.home, earlier.treating) != (new.home, new.treating):
        return False
    return taken_back_on(earlier, new.day)


def taken_back_on(earlier: Earlier, day: date) -> bool:
    """Whether an entry is a transaction of its own of that day, and was reversed."""
    if earlier.occurred_at is None or earlier.about_another or earlier.state is not State.REVERSED:
        return False
    return datetime.fromtimestamp(earlier.occurred_at, SHANGHAI).date() == day


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

    >>> from cardstack.settlement.transaction import Party
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
        lambda line, book: bool(line.claims) and not book.claimed.isdisjoint(book.named(line.transaction.scheme, line.claims)),
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
        and not any(cycle_over(line, book) for line in lines if line.last_window is not None)
        and all(party in book.parties for party in owing)
        and _claims_apart(lines, book)
        and _totals_apart(lines, book)
        and _told_apart(lines, book)
    )


def _claims_apart(lines: Sequence[Line], book: Book) -> bool:
    """Whether every claim is made once, and is free."""
    realms = book.realms
    claims = [(realms[line.transaction.scheme], claim) for line in lines for claim in line.claims]
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
