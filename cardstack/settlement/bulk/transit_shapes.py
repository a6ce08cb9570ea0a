"""The shapes of journeys: all that fare, discounts and fee of a line depend on, computed once by the one-transaction path."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from cardstack.errors import Malformed
from cardstack.settlement.bulk.layout import Charset
from cardstack.settlement.bulk.transit_layout import CLASSES
from cardstack.settlement.schemes.transit import fares, postings_of, price_fault
from cardstack.settlement.transit.fares import Discount
from cardstack.settlement.transit.tap import Tap, read_tap

KNOWN_MAX: Final = 32_768
"""How many shapes of journeys, minutes or names are remembered from batch to batch."""
Raw: TypeAlias = Mapping[str, Sequence[bytes]]
Shape: TypeAlias = tuple[bytes | int, ...]
NONE: Final = b" " * 14


class Priced(NamedTuple):
    """What a shape of journey comes to: why it is refused, or its postings."""

    fault: str | None
    debtors: tuple[str, ...] = ()
    creditors: tuple[str, ...] = ()
    amounts_fen: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class _Uses(NamedTuple):
    """What the fares of a city's service look at beside the journey itself."""

    transfer: bool = False
    band: bool = False
    month: tuple[int, ...] = ()
    """Sums of the month from which on it matters."""
    month_cap: int | None = None
    week_cap: int | None = None
    day_cap: int | None = None


_CAPS: Final = ("month-cap", "week-cap", "day-cap")


def _uses_of(discounts: Sequence[Discount]) -> _Uses:
    caps = {kind: min((d.cap_fen for d in discounts if d.kind == kind), default=None) for kind in _CAPS}
    kinds = {discount.kind for discount in discounts}
    month = tuple(sorted(discount.threshold_fen for discount in discounts if discount.kind == "month"))
    return _Uses("transfer" in kinds, "band" in kinds, month, *(caps[kind] for kind in _CAPS))


@dataclass
class Memory:
    """What is remembered between batches and files: the shapes of journeys, minutes of clocks, names of lines."""

    shapes: dict[Shape, Priced] = field(default_factory=dict)
    minutes: dict[bytes, tuple[int, bytes] | None] = field(default_factory=dict)
    uses: dict[tuple[bytes, bytes], list[_Uses]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for policy in fares():
            for industry in policy.industry:
                self.uses[policy.city.encode(), industry.encode()].append(_uses_of(policy.discounts))


_SHAPE = (
    "home",
    "treating",
    "city",
    "industry",
    "card_city",
    "card_class",
    "amount_fen",
    "gross_fen",
    "incomplete",
    "previous_industry",
    "moment",
    "previous_moment",
    "transfers",
    "month_fen",
    "week_fen",
    "day_fen",
)


_TAP = frozenset(Tap.__struct_fields__)
_NUMBERS = (
    *("counter", "balance_fen", "amount_fen", "gross_fen", "kind", "terminal_serial"),
    *("key_version", "month_fen", "week_fen", "day_fen"),
)


def shapes(columns: Raw, memory: Memory) -> Iterator[Shape]:
    """What fare and fee of each line depend on, and nothing else of it."""
    for row in zip(*(columns[name] for name in _SHAPE), strict=True):
        city, industry, gross, moment, previous, transfers = (row[n] for n in (2, 3, 7, -6, -5, -4))
        paid = int(row[-3]), int(row[-2]), int(row[-1])
        looked: list[bytes | int] = [moment[:8]]
        for uses in memory.uses.get((city, industry), ()):
            if uses.transfer and previous != NONE:
                looked += [moment, previous, transfers]
            if uses.band:
                looked.append(moment[8:12])
            looked += _levels(paid, int(gross), uses)
        yield (*row[:-6], *looked)


def _levels(paid: tuple[int, int, int], gross: int, uses: _Uses) -> tuple[int, ...]:
    """The sums of month, week and day as far as they can change the fare: which thresholds are passed, how near a cap is."""
    passed = sum(paid[0] >= threshold for threshold in uses.month)
    caps = (uses.month_cap, uses.week_cap, uses.day_cap)
    return passed, *(sum_ if cap is not None and sum_ + gross > cap else 0 for sum_, cap in zip(paid, caps, strict=True))


def tap_of(columns: Raw, place: int, charset: Charset = "gb18030") -> Tap:
    """One line as the value that the one-transaction path works on; `Malformed` as there."""
    values: dict[str, Any] = {name: column[place].decode(charset) for name, column in columns.items() if name in _TAP}
    values |= {name: int(values[name]) for name in _NUMBERS}
    values["line"] = values["line"].rstrip(" ")
    values["expires"] = values["expires"].rstrip(" ")
    values["algorithm"] = "sm4" if columns["algorithm"][place] == b"2" else "3des"
    values["card_class"] = CLASSES[columns["card_class"][place]]
    values |= {name: values[name] == "1" for name in ("incomplete", "grey")}
    if columns["previous_moment"][place] != NONE:
        moment, industry = (columns[name][place].decode() for name in ("previous_moment", "previous_industry"))
        values["previous"] = {"moment": moment, "industry": industry, "transfers": int(columns["transfers"][place])}
    return read_tap(values)


def price(columns: Raw, place: int) -> Priced:
    """What the journey of one line comes to."""
    try:
        tap = tap_of({**columns, "line": [b""] * (place + 1)}, place)
    except Malformed:
        return Priced("tap-malformed")
    home, treating = (columns[name][place][:2].decode() for name in ("home", "treating"))
    fault = price_fault(tap, treating)
    if fault:
        return Priced(fault)
    postings = postings_of(tap, home, treating, tap.at.date())
    return Priced(
        None,
        tuple(str(posting.debtor) for posting in postings),
        tuple(str(posting.creditor) for posting in postings),
        tuple(posting.amount_fen for posting in postings),
        tuple(posting.kind for posting in postings),
        tuple(posting.rule for posting in postings),
    )
