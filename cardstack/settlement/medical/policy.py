"""The insured place's policy and the treating place's catalogue, as dated figures.

A policy is a deductible and a list of layers. A layer is one fund: which parts of the bill it looks at, where it
starts, at what ratios it pays, and how far. The basic pool is a layer like serious-illness insurance, the
civil-servant supplement or medical aid, so one operator computes all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec

from cardstack.errors import Refused, faulty, problem
from cardstack.settlement.medical.claim import Amount, Claim, Place
from cardstack.settlement.scheme import Figure, at, in_force
from cardstack.settlement.transaction import exactly
from cardstack.text import Text

NO_POLICY = problem(
    "CS-3201",
    Text("The insured place has no policy for this case", "参保地没有适用于该情形的待遇政策"),
    Text(
        "Check insured place, insurance, kind of care and person; or load the policy with its reference.",
        "请核对参保地、险种、医疗类别与人员类别，或录入相应政策及其依据。",
    ),
)
NOT_IN_CATALOGUE = problem(
    "CS-3202",
    Text("The item is not in the treating place's catalogue", "项目不在就医地目录内"),
    Text("Send the code that the treating place's catalogue gives the item.", "请使用就医地目录中的项目编码。"),
)

# An unknown word in a nested table is an error (`forbid_unknown_fields`), not a figure that is never applied.
Permille = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Fund = Literal["hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"]
POOL: Final = "hifp_pay"


class Part(StrEnum):
    """The parts of a bill that a person may bear, in the order in which they arise."""

    OWN = "own"
    OVER_LIMIT = "over-limit"
    FIRST = "first"
    DEDUCTIBLE = "deductible"
    SHARE = "share"
    OVER_CAP = "over-cap"


class Basis(StrEnum):
    """Over what a threshold or a band runs on: one visit, one stay of several bills, a month, a quarter or the year."""

    VISIT = "visit"
    STAY = "stay"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Operator(StrEnum):
    """How a registration class changes the pool's ratio: points off it, a coefficient on it, or a share paid first."""

    NONE = "none"
    POINTS = "points"
    COEFFICIENT = "coefficient"
    FIRST_SHARE = "first-share"


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which cases a row is for; an empty list says all. The first row that fits is the row."""

    category: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    attribute: tuple[str, ...] = ()
    disease: tuple[str, ...] = ()
    registration: tuple[str, ...] = ()
    age_from: int = 0
    age_below: int = 1000

    def __post_init__(self) -> None:
        if self.age_from >= self.age_below:
            raise faulty("age_from", "not below age_below", "应小于 age_below")  # msgspec says where

    def fits(self, claim: Claim) -> bool:
        """Whether a claim is one of these cases."""
        return (
            (not self.category or claim.category in self.category)
            and (not self.level or claim.level in self.level)
            and (not self.disease or claim.disease in self.disease)
            and (not self.registration or claim.registration in self.registration)
            and (not self.attribute or bool(set(self.attribute) & set(claim.attributes)))
            and self.age_from <= claim.age < self.age_below
        )


class Deductible(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the person pays before the pool does (起付标准); the nth stay of a year takes the nth figure, later ones the last."""

    fen: Annotated[tuple[Amount, ...], msgspec.Meta(min_length=1)]
    where: Where = Where()
    basis: Basis = Basis.YEAR


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ratio up to an amount; without one, for all that is beyond the bands before."""

    permille: Permille
    to_fen: Amount | None = None


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much a fund pays in all; layers and kinds of care that name the same group share it."""

    fen: Amount
    group: Word
    basis: Basis = Basis.YEAR


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The figures of a layer for the cases that fit."""

    bands: Annotated[tuple[Band, ...], msgspec.Meta(min_length=1)]
    where: Where = Where()
    start_fen: Amount = 0
    caps: tuple[Cap, ...] = ()

    def __post_init__(self) -> None:
        tops = [band.to_fen for band in self.bands[:-1]]
        ends = [top for top in (*tops, self.bands[-1].to_fen) if top is not None]
        if None in tops or any(low >= high for low, high in pairwise(ends)):
            raise faulty(
                "bands", "each ends above the one before it, and only the last has no end", "各段上限应依次递增，仅末段可无上限"
            )


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fund, by the name of its field in the national interface.

    The pool (`scope`) works on what is in scope beyond the deductible; any other on the `parts` still borne by the
    person. `counts_deductible` says whether the pool's bands are measured from the first fen in scope.
    """

    fund: Fund
    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1)]
    parts: tuple[Part, ...] = ()
    basis: Basis = Basis.YEAR
    group: str = ""
    counts_deductible: bool = False
    payer: Annotated[str, exactly("[a-z][a-z0-9-]{0,30}[a-z0-9]")] = "medical-fund"

    def __post_init__(self) -> None:
        if self.fund != POOL and not self.parts:
            raise faulty("parts", "this fund would look at nothing", "该基金未指定支付范围")

    @property
    def totals(self) -> str:
        """The name under which the year remembers what this layer has looked at."""
        return self.group or self.fund


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a registration class does to the pool, and to the deductible (1000 leaves it)."""

    name: Word
    operator: Operator = Operator.NONE
    permille: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    deductible_permille: Annotated[int, msgspec.Meta(ge=0, le=5000)] = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Figure):
    """The benefit rules of an insured place for one insurance and some kinds of care."""

    place: Place
    insurance: Word
    care: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1)]
    group: Word
    layers: tuple[Layer, ...]
    deductibles: tuple[Deductible, ...] = ()
    registrations: tuple[Registration, ...] = ()
    referral: Literal["none", "runs-on"] = "none"
    year_starts: Annotated[int, msgspec.Meta(ge=1, le=12)] = 1
    account_pays: tuple[Part, ...] = tuple(Part)
    mutual_inside: bool = False
    diseases: tuple[str, ...] = ()

    def year(self, day: date) -> int:
        """The insurance year of a day, named by the calendar year in which it begins."""
        return day.year if day.month >= self.year_starts else day.year - 1

    def deductible(self, claim: Claim) -> Deductible | None:
        """The deductible for a claim, None where there is none."""
        return next((row for row in self.deductibles if row.where.fits(claim)), None)

    def registration(self, claim: Claim) -> Registration:
        """What the claim's registration class does; `Refused` where the policy does not know the class."""
        found = next((row for row in self.registrations if row.name == claim.registration), None)
        if found is None:
            raise Refused(
                Text("registration: the policy has no such class", "registration：政策中无该备案类别"),
                NO_POLICY,
                field="registration",
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Figure):
    """One item of a treating place's catalogue: class A, B or C (甲乙丙), the share paid first, a unit price limit."""

    code: Word
    grade: Literal["A", "B", "C"]
    name: str = ""
    first_permille: Permille = 0
    limit_fen: Amount | None = None


def policy_for(policies: Sequence[Policy], claim: Claim, day: date) -> Policy:
    """The policy in force for a claim; `Refused` (CS-3201) where the place has none for the case."""
    own = [p for p in policies if covers(p.place, claim.insured_place)]
    fitting = [p for p in own if p.insurance == claim.insurance and claim.care in p.care and _treats(p, claim)]
    if not fitting:
        raise Refused(
            Text(f"insured place {claim.insured_place}", f"参保地 {claim.insured_place}"), NO_POLICY, field="insured_place"
        )
    current = in_force(fitting, day) or fitting
    narrowest = max(map(_narrow, current))
    return at([p for p in current if _narrow(p) == narrowest], day)


def covers(place: str, asked: str) -> bool:
    """Whether a place is another or holds it: a province its cities, a city its districts and counties.

    >>> covers("330000", "330481"), covers("330400", "330481"), covers("330400", "330400"), covers("330481", "330400")
    (True, True, True, False)
    """
    return asked.startswith(place.removesuffix("00").removesuffix("00"))


def _narrow(policy: Policy) -> tuple[int, bool]:
    """How narrow a policy is: the nearest place goes first, then one that names its diseases."""
    return len(policy.place.removesuffix("00").removesuffix("00")), bool(policy.diseases)


def _treats(policy: Policy, claim: Claim) -> bool:
    return not policy.diseases or claim.disease in policy.diseases
