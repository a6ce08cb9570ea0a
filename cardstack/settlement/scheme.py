"""What a scheme brings to the ledger: a name, a cycle, checks and a pure rule from a transaction to its postings.

Figures of the law are dated data with a reference: `load` reads them from TOML into a declared shape, `at` gives
the one in force. A scheme sees nothing but the transaction and the day; what must be true across transactions
(a tap counted once, a year's cap shared by all provinces) it *declares*, and the ledger enforces it in the same
commit that books the postings.
"""

import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from cardstack.errors import Malformed, Refused, faulty, problem, told
from cardstack.settlement.transaction import SHANGHAI, MessageId, Posting, Transaction
from cardstack.text import Text
from cardstack.values import Fen

NO_FIGURE = problem(
    "CS-3001",
    Text("No figure is in force on that day", "该日期没有生效的政策参数"),
    Text(
        "Load the dated figure for that day with its reference, or correct the date.",
        "请录入该日期生效的参数及其依据，或更正日期。",
    ),
)


class Reason(NamedTuple):
    """Why a scheme refuses a transaction: a stable code within the scheme, and words."""

    code: str
    text: Text


_FIELD = re.compile(r"field `([A-Za-z_]\w{0,39})`")
_MEMBER = re.compile(r"at `\$\[\d+\]\.([A-Za-z_]\w*)")
_PLACE = re.compile(r"at `\$\.?([^`]{0,80})`")


def located(reason: Reason, error: Malformed) -> Reason:
    """The reason with the field at fault, where the error names one; what stands in the field is not repeated.

    >>> late = Reason("late", Text("Too late", "迟到"))
    >>> located(late, Malformed("tap: Object missing required field `tac`")).text.zh
    '迟到：tac'
    >>> located(late, Malformed("body: Expected `int`, got `str` - at `$.years[0].months`")).text.en
    'Too late: years[0].months'
    """
    said = str(error)
    names = [found[1] for found in (_PLACE.search(said), _FIELD.search(said)) if found and found[1]]
    where = ".".join(names) or str(error.facts.get("field", ""))
    return Reason(reason.code, Text(f"{reason.text.en}: {where}", f"{reason.text.zh}：{where}")) if where else reason


class Unit(StrEnum):
    """How long a settlement window of a cycle is open."""

    DAY = "day"
    MONTH = "month"


class Cycle(NamedTuple):
    """Which windows a scheme's postings fall into; schemes that are cleared together share a cycle.

    >>> Cycle("transit", Unit.DAY).window(datetime(2026, 11, 22, 23, 0, tzinfo=SHANGHAI))
    'transit-2026-11-22'
    >>> Cycle("medical", Unit.MONTH).window(datetime(2026, 11, 22, 23, 0, tzinfo=SHANGHAI))
    'medical-2026-11'
    """

    name: str
    unit: Unit

    def window(self, moment: datetime) -> str:
        """The id of the window that a moment belongs to; ids of a cycle sort by time."""
        day = moment.astimezone(SHANGHAI).date().isoformat()
        return f"{self.name}-{day if self.unit is Unit.DAY else day[:7]}"


class Accumulation(NamedTuple):
    """What a transaction adds to a running total shared by all provinces, such as a person's deductible of a year.

    `account` names the total without naming the person (a pseudonym, a year, a kind). `before_fen` is the total on
    which the split was computed: if it has moved since, the ledger answers `stale` and the sender computes again.
    None asks only for the cap. The total may never be negative or pass `cap_fen`. A reversal takes it back by itself.
    """

    account: str
    add_fen: Fen
    before_fen: Fen | None = None
    cap_fen: Fen | None = None


class Step(NamedTuple):
    """One line of an explanation, in order of calculation: what, how much, by which rule, how it was rounded.

    `facts` are the numbers that went in, by name, for machines; `what` says them for people.
    """

    name: str
    what: Text
    amount_fen: Fen
    rule: str
    reference: str
    facts: Mapping[str, object]


class Scheme(Protocol):
    """A plug-in of the ledger. Everything is a pure function of its arguments."""

    @property
    def name(self) -> str:
        """The word that a transaction's `scheme` says, such as `outpatient`."""
        ...

    @property
    def title(self) -> Text: ...

    @property
    def cycle(self) -> Cycle: ...

    def check(self, transaction: Transaction) -> Reason | None:
        """Why this transaction cannot be taken, or None. Never raises on content that a peer sent."""
        ...

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """What each party owes, by the figures in force on `day`. Only asked after `check` found no reason.

        Not asked for a message that reverses, posts or voids another: the ledger itself books its opposite.
        """
        ...

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """What may exist only once in this scheme, such as a card and its counter; a second one is a duplicate."""
        ...

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """The shared running totals that this transaction moves."""
        ...

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """How the postings came about, step by step; the amounts are those of `postings`."""
        ...


@runtime_checkable
class Sided(Protocol):
    """A scheme that judges who may post, void or reverse an earlier message too."""

    def about(self, transaction: Transaction) -> Reason | None:
        """Why a message about an earlier one cannot be taken, or None; that one itself is not known here."""
        ...


class Consulting(ABC):
    """A scheme that also holds a transaction against what messages of another scheme told the ledger (`told.Told`)."""

    __slots__ = ()
    consults: ClassVar[str]
    """The scheme whose messages it asks for."""

    @abstractmethod
    def asks(self, transaction: Transaction) -> str | None:
        """The subject it asks about, None where it asks nothing. Only asked after `check` found no reason."""

    @abstractmethod
    def against(self, transaction: Transaction, told: Sequence[Transaction]) -> Reason | None:
        """Why this transaction cannot be taken beside what was told, or None."""


class Ending(ABC):
    """A scheme whose transactions are settled in a window up to a last one, and later only in place of one that stood."""

    __slots__ = ()

    @abstractmethod
    def last_window(self, transaction: Transaction) -> str | None:
        """The id of the last window that takes it, None where any does. Only asked after `check` found no reason."""

    @abstractmethod
    def instead_of(self, transaction: Transaction) -> MessageId | None:
        """The message that was taken back and that it stands in place of, None where it is the first."""


class Whole:
    """A scheme that takes a message back as a whole: a reversal says the amount of what it reverses, or 0."""

    __slots__ = ()


class Sharing(ABC):
    """A scheme whose claims exist once among several: each of them would pay for the same record."""

    __slots__ = ()
    among: ClassVar[tuple[str, ...]]
    """The names of these schemes, the same in each of them."""


def sharing(schemes: Mapping[str, Scheme], name: str) -> tuple[str, ...]:
    """The schemes among which the claims of that one exist once; itself alone, unless it declares others."""
    scheme = schemes.get(name)
    return scheme.among if isinstance(scheme, Sharing) else (name,)


class Standing(StrEnum):
    """How far a figure can be relied on; pages and reports print it beside the figure."""

    OFFICIAL = "official"
    REPORTED = "reported"
    ILLUSTRATIVE = "illustrative"


STANDINGS: Mapping[Standing, Text] = {
    Standing.OFFICIAL: Text("from the official text", "依据正式文件"),
    Standing.REPORTED: Text("reported by others, not checked against the official text", "转述，未与正式文件核对"),
    Standing.ILLUSTRATIVE: Text("illustrative, not a real figure", "示意数据，非真实政策"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What every figure of the law carries; a scheme's own shapes extend it with their numbers.

    In force from `since` up to and with `until`; None is open-ended.
    """

    since: date
    reference: str
    until: date | None = None
    standing: Standing = Standing.ILLUSTRATIVE


Dated = TypeVar("Dated", bound=Figure)


def at(figures: Sequence[Dated], day: date) -> Dated:
    """The figure in force on a day: the latest that has begun and not ended; `Refused` (CS-3001) where there is none."""
    found = in_force(figures, day)
    if not found:
        raise Refused(day.isoformat(), NO_FIGURE, day=day.isoformat())
    return max(found, key=lambda figure: figure.since)


def in_force(figures: Sequence[Dated], day: date) -> list[Dated]:
    """Those that have begun and not ended: a narrower figure that begins later does not hide today's wider one."""
    return [figure for figure in figures if figure.since <= day and (figure.until is None or day <= figure.until)]


def load(text: str, table: str, shape: type[Dated]) -> tuple[Dated, ...]:
    r"""The rows of one array of tables of a TOML text, each as `shape`; `Malformed` names the row and the field.

    >>> load('[[cap]]\nsince = 2026-01-01\nreference = "invented"', "cap", Figure)[0].standing.value
    'illustrative'
    >>> load('[[cap]]\nsince = 2026-01-01', "cap", Figure)
    Traceback (most recent call last):
    cardstack.errors.Malformed: cap: Object missing required field `reference` - at `$[0]`
    """
    try:
        return shaped(tomllib.loads(text)[table], table, shape)
    except KeyError as error:
        raise faulty(table, "no such table", "没有该表") from error
    except tomllib.TOMLDecodeError as error:
        raise Malformed(told(error, table), field=table) from error


def shaped(rows: Sequence[Mapping[str, Any]], table: str, shape: type[Dated]) -> tuple[Dated, ...]:
    """Rows of one table, each as `shape`; `Malformed` names the row and the field, and has its first member as a fact."""
    known = {field.name for field in fields(shape)}
    for place, row in enumerate(rows):
        if unknown := sorted(set(row) - known):
            raise faulty(f"{table}[{place}]", f"no such field {unknown[0]}", f"没有该字段 {unknown[0]}")
    try:
        return tuple(msgspec.convert(rows, list[shape]))  # type: ignore[valid-type]  # the shape is an argument
    except msgspec.ValidationError as error:
        member = _MEMBER.search(str(error))
        raise Malformed(told(error, table), field=member[1] if member else table) from error
