"""The life of a cross-province case: registration, visit, pre-settlement, settlement, reversal, appeal, settlement again.

The machine is the same for a till and an auditor; the national interface's transaction codes are data beside it.
A reply that was lost leaves a case `unknown`: only the other side's book (reconciliation, 2601) says what became of it.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec

from cardstack.errors import Refused, problem
from cardstack.fsm import Machine
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.names import FUNDS
from cardstack.settlement.medical.policy import covers
from cardstack.settlement.medical.sheet import Use
from cardstack.settlement.medical.split import Split
from cardstack.settlement.scheme import Figure, in_force
from cardstack.settlement.transaction import exactly
from cardstack.text import Text

Compute: TypeAlias = Callable[[Claim, date], Split]
"""How an insured place splits a claim (`schemes.medical.compute`)."""

MANUAL = problem(
    "CS-3206",
    Text("The bill was paid in full before the registration", "备案前已全额自费结算"),
    Text("Hand the bill in at the insured place for manual reimbursement.", "请持票据回参保地手工报销。"),
)


class State(StrEnum):
    """Where a case is."""

    NEW = "new"
    OPEN = "open"
    PRICED = "priced"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    REVERSED = "reversed"
    APPEALED = "appealed"
    CLOSED = "closed"


class Event(StrEnum):
    """What moves a case on."""

    OPEN = "open"
    PRICE = "price"
    SETTLE = "settle"
    LOSE = "lose-reply"
    STANDS = "stands"
    NEVER_WAS = "never-was"
    REVERSE = "reverse"
    APPEAL = "appeal"
    REJECT = "reject"
    UPHOLD = "uphold"
    CANCEL = "cancel"
    CLEAR = "clear"


CASE: Final = Machine(
    initial=State.NEW,
    moves={
        (State.NEW, Event.OPEN): State.OPEN,
        (State.OPEN, Event.CANCEL): State.CLOSED,
        (State.OPEN, Event.PRICE): State.PRICED,
        # A price is never stored: it may be asked again, and lines may change in between.
        (State.PRICED, Event.PRICE): State.PRICED,
        (State.PRICED, Event.CANCEL): State.CLOSED,
        (State.PRICED, Event.SETTLE): State.SETTLED,
        (State.PRICED, Event.LOSE): State.UNKNOWN,
        (State.UNKNOWN, Event.STANDS): State.SETTLED,
        (State.UNKNOWN, Event.NEVER_WAS): State.PRICED,
        (State.SETTLED, Event.REVERSE): State.REVERSED,
        (State.REVERSED, Event.PRICE): State.PRICED,
        (State.REVERSED, Event.CANCEL): State.CLOSED,
        (State.SETTLED, Event.APPEAL): State.APPEALED,
        (State.APPEALED, Event.REJECT): State.SETTLED,
        # An appeal that is upheld takes the settlement back, so that the case is priced and settled again.
        (State.APPEALED, Event.UPHOLD): State.REVERSED,
        (State.SETTLED, Event.CLEAR): State.CLOSED,
    },
)

CODES: Final[Mapping[tuple[str, Event], str]] = {
    ("outpatient", Event.OPEN): "2201",
    ("outpatient", Event.CANCEL): "2202",
    ("outpatient", Event.PRICE): "2206",
    ("outpatient", Event.SETTLE): "2207",
    ("outpatient", Event.REVERSE): "2208",
    ("inpatient", Event.OPEN): "2401",
    ("inpatient", Event.CANCEL): "2404",
    ("inpatient", Event.PRICE): "2303",
    ("inpatient", Event.SETTLE): "2304",
    ("inpatient", Event.REVERSE): "2305",
    ("pharmacy", Event.SETTLE): "2102",
    ("pharmacy", Event.REVERSE): "2103",
}
"""The national interface's codes by care and event; chronic care uses the outpatient ones. Provinces renumber at the edges."""


def code(care: str, event: Event) -> str | None:
    """The transaction code of an event, None where it has no message of its own."""
    return CODES.get(("outpatient" if care == "chronic" else care, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity(Figure):
    """For how many months a registration for a time (every class but long-term) holds at least."""

    temporary_months: int


class Sends(StrEnum):
    """Which of its registrations an insured province sends to the ledger."""

    ALL = "all"
    BY_PERSON = "by-person"
    """Of a person of whom it sent one, all; of the others it keeps them itself."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing(Figure):
    """What the ledger can know of an insured province's registrations; they stand under the pseudonym of the year."""

    province: Annotated[str, exactly(r"\d\d")]
    sends: Sends


@dataclass(frozen=True, slots=True)
class Filing:
    """A registration for care elsewhere (备案): its class, from when, until when (None: long), where."""

    kind: str
    since: date
    until: date | None
    places: tuple[str, ...]

    def covers(self, place: str, day: date) -> bool:
        """Whether it holds at a place on a day; a province covers its cities, a city its districts."""
        return any(covers(own, place) for own in self.places) and self.since <= day and (self.until is None or day <= self.until)


@remembered
def validities() -> tuple[Validity, ...]:
    """The figures that come with the package."""
    return figures_of("registration", "validity", Validity)


@remembered
def sharings() -> tuple[Sharing, ...]:
    """What each insured province declared of its registrations."""
    return figures_of("registration", "sharing", Sharing)


def sends(province: str, day: date) -> Sends:
    """Which registrations an insured province sends on a day; none where it declared nothing.

    >>> sends("31", date(2026, 10, 1)).value, sends("99", date(2026, 10, 1)).value
    ('by-person', 'none')
    """
    declared = in_force([one for one in sharings() if one.province == province], day)
    return max(declared, key=lambda one: one.since).sends if declared else Sends.NONE


def least_until(since: date) -> date:
    """The earliest last day of a temporary registration, its first day counted; that day itself where no figure is in force.

    >>> [least_until(date(2026, *day)).isoformat() for day in ((10, 3), (8, 31), (1, 1))]
    ['2027-04-02', '2027-02-28', '2026-06-30']
    """
    found = in_force(validities(), since)
    if not found:
        return since
    months = max(found, key=lambda one: one.since).temporary_months
    year, month = divmod(since.month - 1 + months, 12)
    year, month = since.year + year, month + 1
    last = monthrange(year, month)[1]
    return date(year, month, last) if since.day > last else date(year, month, since.day) - timedelta(days=1)


class Visit(NamedTuple):
    """What decides the registration class of a visit: where, from when to when, whether a life was saved, and payment."""

    place: str
    began: date
    settled: date
    rescue: bool = False
    paid_in_full_on: date | None = None


def class_of(visit: Visit, filings: Sequence[Filing], filed_on: date | None = None) -> str:
    """The registration class that a visit has.

    Emergency rescue counts as registered; a registration made after admission and before discharge settlement is
    taken; one made after the bill was paid in full is not: `Refused` (CS-3206), the insured place reimburses by hand.

    >>> filing = Filing("referral", date(2026, 10, 3), date(2027, 4, 3), ("330000",))
    >>> class_of(Visit("330100", date(2026, 10, 1), date(2026, 10, 9)), [filing])
    'referral'
    >>> class_of(Visit("330100", date(2026, 10, 1), date(2026, 10, 2)), [filing])
    'unregistered'
    """
    if visit.paid_in_full_on is not None and filed_on is not None and filed_on > visit.paid_in_full_on:
        raise Refused("registration", MANUAL, field="registration")
    days = (visit.began, visit.settled)
    found = [filing for filing in filings if any(filing.covers(visit.place, day) for day in days)]
    if found:
        return min(found, key=lambda filing: _RANK.get(filing.kind, len(_RANK))).kind
    return "emergency" if visit.rescue else "unregistered"


def supported(claim: Claim, day: date, filings: Sequence[Filing]) -> bool:
    """Whether a claim's class is one that a registration gives at its place, on the day it began or that of settlement.

    To be unregistered is right where none does.
    """
    days = (claim.began(day), day)
    kinds = {one.kind for one in filings if any(one.covers(claim.treating_place, each) for each in days)}
    return not kinds if claim.registration in UNREGISTERED else claim.registration in kinds


FILED: Final = frozenset({"long-term", "referral", "temporary"})
"""The classes that rest on a registration. Rescue counts as registered, and where none is needed none is asked for."""
UNREGISTERED: Final = frozenset({"unregistered", "unregistered-emergency"})
_RANK: Final = {"long-term": 0, "referral": 1, "emergency": 1, "temporary": 2}


def after(totals: Mapping[str, int], uses: Sequence[Use], sign: int = 1) -> dict[str, int]:
    """The year's totals with a split added, or (sign -1) taken back; a reversal restores everything.

    >>> after(after({"scope.outpatient": 5}, [Use("scope.outpatient", 5, 3)]), [Use("scope.outpatient", 5, 3)], -1)
    {'scope.outpatient': 5}
    """
    moved = {use.key: use.add for use in uses}
    summed = {key: totals.get(key, 0) + sign * moved.get(key, 0) for key in {*totals, *moved}}
    return {key: total for key, total in sorted(summed.items()) if total}


class Resettled(NamedTuple):
    """A settlement again after an appeal or a refund: the claim as it is now, its split, and what changes hands."""

    claim: Claim
    split: Split
    funds_fen: Mapping[str, int]
    """By fund: more (+) or less (-) than before."""
    person_fen: int
    """What the person still pays (+) or gets back (-)."""


def changes(old: Split, new: Split) -> tuple[dict[str, int], int]:
    """What a new split of a case pays more or less than the old one, by fund and for the person.

    The whole charge may have fallen (a refund), so the parts need not cancel out.
    """
    funds = {fund: getattr(new.info, fund) - getattr(old.info, fund) for fund in FUNDS}
    person = new.info.psn_part_amt - old.info.psn_part_amt
    return {fund: amount for fund, amount in funds.items() if amount}, person


def resettle(old: Split, corrected: Claim, totals: Mapping[str, int], day: date, compute: Compute) -> Resettled:
    """Settle a case again: the old split is taken back from the year's totals, and the corrected claim split on the rest.

    Figures are those of the day of service, so a policy that changed meanwhile does not reach back. It is as if the case
    came last; where later bills rest on it, `year.settle_again` says what becomes of each.
    """
    before = after(totals, old.uses, -1)
    claim = msgspec.structs.replace(corrected, before=before)
    split = compute(claim, day)
    funds, person = changes(old, split)
    return Resettled(claim, split, funds, person)
