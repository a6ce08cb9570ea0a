"""What travels between provinces: a transaction, the postings it becomes, and the names of those who owe.

Units: money is whole fen, moments are aware and whole seconds, regions are GB/T 2260 digits. A transaction's
`body` and `evidence` are plain JSON without floating point numbers, so that one content has one canonical form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final, Self, TypeAlias

import msgspec

from cardstack.errors import Malformed, Refused, faulty
from cardstack.text import Text
from cardstack.values import Fen

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The one legal time of the country; a transaction's day is its day here."""

AMOUNT_MAX: Final = 2**53 - 1
"""The largest amount that every JSON reader keeps exact (RFC 8259 §6)."""

NESTING_MAX: Final = 24

Body: TypeAlias = Mapping[str, Any]
"""JSON as data: str keys; str, int, bool, None, lists and such mappings as values."""


class MessageId(str):
    """A sender's message id: institution 12, moment 14, serial 4 (the national interface's `msgid`).

    It is the idempotency key: one institution never gives one id to two messages.

    >>> MessageId.of("H33010600001", datetime(2026, 11, 22, 8, 0, 5, tzinfo=SHANGHAI), 7)
    'H33010600001202611220800050007'
    >>> MessageId("H33010600001202611220800050007").institution
    'H33010600001'
    >>> MessageId("H330106000012026112208")
    Traceback (most recent call last):
    cardstack.errors.Malformed: message id: 12 letters or digits, a moment of 14 digits and 4 digits
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if type(text) is cls:
            return text
        if not is_message_id(text):
            raise Malformed(
                Text(
                    "message id: 12 letters or digits, a moment of 14 digits and 4 digits",
                    "报文标识：应为 12 位字母或数字、14 位时间和 4 位数字",
                ),
                field="id",
            )
        return super().__new__(cls, text)

    @classmethod
    def of(cls, institution: str, moment: datetime, serial: int) -> "MessageId":
        """The id of an institution's message of that second; serials run from 0 to 9999."""
        return cls(f"{institution}{moment.astimezone(SHANGHAI):%Y%m%d%H%M%S}{serial:04d}")

    @property
    def institution(self) -> str:
        return self[:12]


MESSAGE_ID: Final = r"[A-Z0-9]{12}20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d{4}"
is_message_id = re.compile(MESSAGE_ID, re.ASCII).fullmatch
"""Whether text is a message id: a match or None."""


class Party(str):
    """Who owes or is owed: two digits of the province and a role, optionally narrower after another dot.

    `00` stands for the clearing centre itself.

    >>> Party("33.transit-operator.hangzhou-bus").province
    '33'
    >>> Party("medical-fund")
    Traceback (most recent call last):
    cardstack.errors.Malformed: party: two digits of a province, a dot and a role in lower case
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if type(text) is cls:
            return text
        if not _PARTY(text):
            raise Malformed(
                Text(
                    "party: two digits of a province, a dot and a role in lower case", "参与方：应为两位省份代码、点号和小写角色"
                ),
                field="party",
            )
        return super().__new__(cls, text)

    @property
    def province(self) -> str:
        """The first two digits of GB/T 2260, or 00."""
        return self[:2]

    @property
    def role(self) -> str:
        return self[3:]


_PARTY = re.compile(r"\d\d(?:\.[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?){1,3}", re.ASCII).fullmatch
_REGION = re.compile(r"\d\d(?:\d{4})?", re.ASCII).fullmatch
_WORD = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII).fullmatch


def exactly(form: str) -> msgspec.Meta:
    r"""That text is of a form from its first character to its last: `\d` is one of ten digits, and nothing follows.

    By itself `\d` is also a full-width digit and `$` stands before a last line feed, and so one record could be spelt in
    several ways, each with a claim of its own.

    >>> from typing import Annotated
    >>> msgspec.convert("12\n", Annotated[str, exactly(r"\d{2}")])
    Traceback (most recent call last):
    msgspec.ValidationError: Expected `str` matching regex '\\A(?a:\\d{2})\\Z'
    """
    return msgspec.Meta(pattern=rf"\A(?a:{form})\Z")


PSEUDONYM: Final = "[a-z0-9][a-z0-9-]{0,31}"
"""The one way to write the pseudonym of an insured person, or the holder of an individual account.

What a year holds is kept under it, so another spelling would begin anew. The insured province makes it, for instance of the
first half of a keyed SM3 digest in hexadecimal, and gives it to one person only.
"""


@lru_cache(maxsize=4096)
def party(text: str) -> Party:
    """The party of that name; there are few, and each is named in thousands of lines."""
    return Party(text)


@lru_cache(maxsize=4096)
def _words(scheme: str, kind: str, home: str, treating: str) -> bool:
    return bool(_WORD(scheme) and _WORD(kind) and _REGION(home) and _REGION(treating))


@dataclass(frozen=True, slots=True)
class Transaction:
    """One message to the ledger, as its sender signs it.

    `home` is the region that insures or issued the card, `treating` the one where the service was given; each is
    two or six digits. `amount_fen` is the whole amount of the bill, fare or transfer, zero where no money moves.
    At most one of these says that the message is about an earlier one of the same scheme: `reverses` books its
    opposite, `posts` confirms it when it was pending, `voids` lets it go. A transaction with `pending_until` is
    only reserved, and lapses at that moment unless it is posted; `amounts_fen` in the body of the message that posts
    it, one for each reserved posting in order, posts a part and lets the rest go.
    """

    id: MessageId
    scheme: str
    kind: str
    sender: Party
    home: str
    treating: str
    occurred_at: datetime
    amount_fen: Fen
    body: Body = field(default_factory=dict)
    evidence: Body = field(default_factory=dict)
    reverses: MessageId | None = None
    posts: MessageId | None = None
    voids: MessageId | None = None
    pending_until: datetime | None = None

    def __post_init__(self) -> None:
        if not (self.reverses is None and self.posts is None and self.voids is None):
            self._check_references()
        object.__setattr__(self, "id", MessageId(self.id))
        object.__setattr__(self, "sender", party(self.sender))
        if not _words(self.scheme, self.kind, self.home, self.treating):
            raise Malformed(
                Text(
                    "scheme, kind, home or treating: not of its declared form", "scheme、kind、home 或 treating：不符合约定格式"
                ),
                field="scheme",
            )
        if not 0 <= self.amount_fen <= AMOUNT_MAX:
            raise faulty("amount_fen", "a whole number of fen from 0 to 2^53 - 1", "应为 0 至 2^53 - 1 的整数分")
        check_moment(self.occurred_at, "occurred_at")
        if self.pending_until is not None:
            check_moment(self.pending_until, "pending_until")
        if self.body:
            check_json(self.body, "body")
        if self.evidence:
            check_json(self.evidence, "evidence")

    def _check_references(self) -> None:
        about = [name for name in ("reverses", "posts", "voids") if getattr(self, name) is not None]
        for name in about:
            object.__setattr__(self, name, MessageId(getattr(self, name)))
        if len(about) > 1:
            raise Malformed(
                Text("a message reverses, posts or voids one other, not several", "一条报文只能冲正、确认或撤销一条原报文"),
                field=about[1],
            )
        if self.pending_until is not None:
            raise faulty("pending_until", "a message about another is not itself pending", "针对原报文的报文不得再为待确认")

    @property
    def day(self) -> date:
        """The legal day on which it happened: whose figures apply."""
        return self.occurred_at.astimezone(SHANGHAI).date()

    @property
    def refers(self) -> MessageId | None:
        """The earlier message this one is about."""
        return self.reverses or self.posts or self.voids

    @property
    def home_province(self) -> str:
        return self.home[:2]

    @property
    def treating_province(self) -> str:
        return self.treating[:2]


_Unchecked: Final = make_dataclass("_Unchecked", [(one.name, one.type) for one in fields(Transaction)], slots=True)
"""The fields of a `Transaction` without its rules. It has the same slots, so that one may become the other."""


def unchecked(values: Iterable[object]) -> Transaction:
    """The transaction of values in the order of its fields that are known to be well formed: nothing is looked at again."""
    made: Any = _Unchecked(*values)
    made.__class__ = Transaction
    transaction: Transaction = made
    return transaction


def check_moment(moment: datetime, name: str) -> None:
    """Aware and in whole seconds, or `Malformed`."""
    if moment.tzinfo is None or moment.microsecond:
        raise faulty(name, "a moment with its offset from UTC, in whole seconds", "应为含时区偏移的时间，精确到秒")


def check_json(value: object, path: str, depth: int = 0) -> None:
    """JSON with one canonical form: ASCII names, whole numbers up to 2^53 - 1, no lone surrogates; or `Malformed`."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        _deep(path, depth)
        for name, inner in value.items():  # type: ignore[attr-defined]  # a dict is a mapping
            if not isinstance(name, str) or not name.isascii():
                raise faulty(path, "the name of a member is not ASCII", "成员名不是 ASCII")
            if type(inner) is not int or not -AMOUNT_MAX <= inner <= AMOUNT_MAX:
                check_json(inner, f"{path}.{name[:40]}", depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise faulty(path, "half a surrogate pair", "含不成对的代理字符")
    elif isinstance(value, list | tuple):
        _deep(path, depth)
        for place, inner in enumerate(value):
            check_json(inner, f"{path}[{place}]", depth + 1)
    elif not (value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= AMOUNT_MAX)):
        raise faulty(
            path,
            "not text, a whole number up to 2^53 - 1, true, false or null",
            "应为文本、不超过 2^53 - 1 的整数、true、false 或 null",
        )


def _deep(path: str, depth: int) -> None:
    if depth > NESTING_MAX:
        raise faulty(path, f"nested deeper than {NESTING_MAX}", f"嵌套超过 {NESTING_MAX} 层")


@dataclass(frozen=True, slots=True)
class Posting:
    """Money that one party owes another; postings are only ever added.

    `kind` says what the money is (`basic-pool`, `service-fee`), `rule` which dated rule of the scheme made it.

    >>> Posting(Party("31.medical-fund"), Party("31.medical-fund"), Fen(1), "basic-pool", "outpatient.pool")
    Traceback (most recent call last):
    cardstack.errors.Refused: a party cannot owe itself
    """

    debtor: Party
    creditor: Party
    amount_fen: Fen
    kind: str
    rule: str

    def __post_init__(self) -> None:
        if not 0 < self.amount_fen <= AMOUNT_MAX:
            raise Refused(
                Text(
                    "a posting moves a positive whole number of fen, at most 2^53 - 1",
                    "记账分录金额应为不超过 2^53 - 1 的正整数分",
                ),
                field="amount_fen",
            )
        if self.debtor == self.creditor:
            raise Refused(Text("a party cannot owe itself", "参与方不能对自身负债"), field="creditor")

    def opposite(self) -> "Posting":
        """The posting that takes this one back."""
        return Posting(self.creditor, self.debtor, self.amount_fen, self.kind, self.rule)
