"""Fares: a list of discounts in the order of its data, each with who bears it, and a trace.

The gross fare is the local one for an ordinary rider. A discount looks at the fare that the ones before left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Figure, Step, at
from cardstack.settlement.transit.tap import Tap, moment_of
from cardstack.text import Text
from cardstack.values import Fen, yuan


class Discount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way in which a fare falls.

    `class`: the rider's class, at home or away (同城待遇); `transfer`: after another journey within minutes;
    `band`: a time of day; `month`: from a sum of the calendar month on; `day-cap`, `week-cap`, `month-cap`: never
    above a sum.
    `sponsor` bears it: `operator` (nobody is asked), or a role of the `home` or `treating` side.
    """

    kind: Literal["class", "transfer", "band", "month", "day-cap", "week-cap", "month-cap"]
    title: str
    sponsor: str = "operator"
    off_permille: int = 0
    off_fen: int = 0
    classes: tuple[str, ...] = ()
    away: bool | None = None
    within_minutes: int = 0
    from_industry: tuple[str, ...] = ()
    max_times: int = 1
    from_minute: int = 0
    to_minute: int = 1440
    threshold_fen: int = 0
    cap_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FarePolicy(Figure):
    """The fares of a city's services: the discounts in their order, and the fare of a journey never ended."""

    city: str
    industry: tuple[str, ...]
    discounts: tuple[Discount, ...] = ()
    incomplete_fen: int = 0


class Off(NamedTuple):
    """A discount given: how much, who bears it, and its place in the policy."""

    amount_fen: int
    sponsor: str
    place: int


class Fare(NamedTuple):
    """What a journey costs, what it was before, and by which discounts of which policy."""

    charged_fen: int
    gross_fen: int
    offs: tuple[Off, ...]
    policy: FarePolicy
    incomplete: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """How it came about; most fares are only compared, and nobody asks."""
        policy = self.policy
        rule, since, reference = f"{policy.city}.{'+'.join(policy.industry)}", policy.since, policy.reference
        first, own = Text("Local fare", "当地票价"), f"{rule}@{since}"
        if self.incomplete:
            first, own = Text("Journey not ended: the highest fare", "未完成行程，按最高票价计费"), f"{rule}.incomplete@{since}"
        steps = [_step("gross", self.gross_fen, first, own, reference)]
        for off in self.offs:
            kind, title = policy.discounts[off.place].kind, policy.discounts[off.place].title
            what = Text(f"{kind} discount, borne by {off.sponsor}", f"{title}，由{off.sponsor}承担")
            steps.append(_step(kind, off.amount_fen, what, f"{rule}.{off.place}@{since}", reference))
        steps.append(_step("charged", self.charged_fen, Text("Charged", "实收"), f"{rule}@{since}", reference))
        return tuple(steps)


def fare(tap: Tap, policy: FarePolicy) -> Fare:
    """The fare of a journey by a policy."""
    incomplete = tap.incomplete and policy.incomplete_fen != 0
    gross = policy.incomplete_fen if incomplete else tap.gross_fen
    left, offs = gross, []
    for place, discount in enumerate(() if tap.incomplete else policy.discounts):
        amount = min(left, _off(discount, tap, left))
        if amount:
            left -= amount
            offs.append(Off(amount, discount.sponsor, place))
    return Fare(left, gross, tuple(offs), policy, incomplete)


def _step(name: str, amount: int, what: Text, rule: str, reference: str) -> Step:
    said = yuan(Fen(amount))
    return Step(name, Text(f"{what.en}: {said}", f"{what.zh}：{said}元"), Fen(amount), rule, reference, {})


def _off(discount: Discount, tap: Tap, left: int) -> int:
    """How much a discount takes off; half up to the fen where it is a share."""
    if discount.kind in _PAID:
        return max(0, _PAID[discount.kind](tap) + left - discount.cap_fen)
    return discount.off_fen + half_up(left * discount.off_permille, 1000) if _applies(discount, tap) else 0


_PAID: Final[Mapping[str, Callable[[Tap], int]]] = {
    "day-cap": lambda tap: tap.day_fen,
    "week-cap": lambda tap: tap.week_fen,
    "month-cap": lambda tap: tap.month_fen,
}
"""What the card had paid before, in the span of a cap."""


def _applies(discount: Discount, tap: Tap) -> bool:
    if discount.kind == "class":
        away = tap.card_city != tap.city
        return tap.card_class in discount.classes and discount.away in {None, away}
    if discount.kind == "band":
        minute = int(tap.moment[8:10]) * 60 + int(tap.moment[10:12])
        return discount.from_minute <= minute < discount.to_minute
    if discount.kind == "month":
        return tap.month_fen >= discount.threshold_fen
    return _transfers(discount, tap)


def _transfers(discount: Discount, tap: Tap) -> bool:
    if tap.previous is None or tap.previous.transfers >= discount.max_times:
        return False
    if discount.from_industry and tap.previous.industry not in discount.from_industry:
        return False
    gap = tap.at - moment_of(tap.previous.moment)
    return timedelta(0) <= gap <= timedelta(minutes=discount.within_minutes)


def policy_of(policies: Sequence[FarePolicy], city: str, industry: str, day: date) -> FarePolicy:
    """A city's fares in force for a service; `Refused` where it has none."""
    return at([p for p in policies if p.city == city and industry in p.industry], day)
