"""The working sheet of one split: what is still borne by the person, what each fund pays, and every step in words.

The sheet knows no rule of any place. It keeps three books that must agree at the end: the parts of the bill, the
payments of the funds, and the totals of the year that were read or moved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.policy import Band, Part, Policy, Registration
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Step
from cardstack.text import Text
from cardstack.values import Fen, yuan

MILLION = 1_000_000


class Use(NamedTuple):
    """A total of the year that the split read (`add` 0) or moved, and the cap that it may not pass."""

    key: str
    before: int
    add: int = 0
    cap: int | None = None


class Piece(NamedTuple):
    """An amount inside one band: from and to on the band's scale, the ratio in millionths, what was paid of it."""

    low: int
    high: int
    ppm: int
    paid: int


class Walk(NamedTuple):
    """What a layer paid along its bands, and how much of the amount that took; the rest is beyond the cap."""

    pieces: tuple[Piece, ...]
    paid: int
    used: int


def walk(bands: Sequence[tuple[Band, int]], low: int, high: int, room: int | None) -> Walk:
    """Pay along the bands from `low` to `high`, each band rounded half up, until `room` is gone.

    The smallest amount that earns what is left of the room counts as used, so nothing is lost or paid twice.

    >>> half = [(Band(permille=500, to_fen=1000), 500_000), (Band(permille=800), 800_000)]
    >>> walk(half, 0, 2000, None)[1:], walk(half, 0, 2000, 700)[1:], walk(half, 2000, 2000, None)[1:]
    ((1300, 2000), (700, 1250), (0, 0))
    """
    pieces, paid, used, floor = [], 0, 0, 0
    for band, ppm in bands:
        top = high if band.to_fen is None else min(high, band.to_fen)
        start = max(low, floor)
        floor = floor if band.to_fen is None else max(floor, band.to_fen)
        if top <= start:
            continue
        pay, length = half_up((top - start) * ppm, MILLION), top - start
        if room is not None and paid + pay > room:
            pay = room - paid
            length = max(0, -((MILLION - 2 * MILLION * pay) // (2 * ppm)))
        pieces.append(Piece(start, start + length, ppm, pay))
        paid, used = paid + pay, used + length
        if length < top - start:
            break
    return Walk(tuple(pieces), paid, used)


class Case(NamedTuple):
    """What a split is of: the claim, the policy that applies to it, its registration, and the day whose figures are used."""

    claim: Claim
    policy: Policy
    registration: Registration
    day: date


Words: TypeAlias = "tuple[Callable[..., Text], *tuple[Any, ...]]"
"""What a step says: a function and its arguments, values all, so that two splits can be compared."""


class Note(NamedTuple):
    """A line of the explanation as it arises; its words are made when somebody asks, which few who compute a split do."""

    name: str
    rule: str
    amount: int
    words: Words
    reference: str
    facts: Mapping[str, object]

    def step(self, policy: Policy) -> Step:
        """The line; a rule that already says since when (`@`) is not the policy's own."""
        own = (policy.place, policy.insurance, policy.group)
        full = self.rule if "@" in self.rule else ".".join(filter(None, (*own, self.rule))) + f"@{policy.since}"
        say, *about = self.words
        return Step(self.name, say(*about), Fen(self.amount), full, self.reference or policy.reference, self.facts)


@dataclass
class Sheet:
    """The three books of a split in the making."""

    case: Case
    parts: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(Part, 0))
    funds: dict[str, int] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    """What funds have paid in this bill, by the group of the cap that they share."""
    notes: list[Note] = field(default_factory=list)

    def read(self, key: str) -> int:
        """A total of the year as it was before this bill; reading it ties the split to it."""
        return self.uses.setdefault(key, Use(key, self.case.claim.before.get(key, 0))).before

    def move(self, key: str, add: int, cap: int | None = None) -> None:
        """Add to a total of the year; the cap, where several name one total, is the lowest."""
        self.read(key)
        known = self.uses[key]
        caps = [limit for limit in (known.cap, cap) if limit is not None]
        self.uses[key] = known._replace(add=known.add + add, cap=min(caps, default=None))

    def pay(self, fund: str, amount: int, parts: Sequence[Part]) -> None:
        """A fund takes an amount off the parts, in their order."""
        self.funds[fund] = self.funds.get(fund, 0) + amount
        self.take(amount, parts)

    def take(self, amount: int, parts: Sequence[Part]) -> None:
        """Lower the parts by an amount, in their order; the caller never takes more than there is."""
        for part in parts:
            taken = min(amount, self.parts[part])
            self.parts[part] -= taken
            amount -= taken
        assert amount == 0

    def borne(self, parts: Sequence[Part]) -> int:
        """What the person still bears of some parts."""
        return sum(self.parts[part] for part in parts)

    def note(self, name: str, rule: str, amount: int, words: Words, reference: str = "", **facts: object) -> None:
        """One line of the explanation."""
        self.notes.append(Note(name, rule, amount, words, reference, facts))


def money(amount: int) -> str:
    """Yuan with two decimals, as a step says it."""
    return yuan(Fen(amount))


def percent(ppm: int) -> str:
    """A ratio in millionths as a percentage without needless zeros.

    >>> percent(850_000), percent(765_000), percent(607_500)
    ('85%', '76.5%', '60.75%')
    """
    return f"{ppm // 10_000}.{ppm % 10_000:04d}".rstrip("0").rstrip(".") + "%"


def thousandths(quantity: int) -> str:
    """A quantity without needless zeros.

    >>> thousandths(2000), thousandths(1500)
    ('2', '1.5')
    """
    return f"{quantity // 1000}.{quantity % 1000:03d}".rstrip("0").rstrip(".")


def pieces_text(pieces: Sequence[Piece]) -> Text:
    """The bands of a walk, each as length × ratio = amount, half up to the fen."""
    zh = "；".join(f"{money(p.high - p.low)}元×{percent(p.ppm)}＝{money(p.paid)}元" for p in pieces)
    en = "; ".join(f"{money(p.high - p.low)} × {percent(p.ppm)} = {money(p.paid)}" for p in pieces)
    return Text(en or "nothing", zh or "无")
