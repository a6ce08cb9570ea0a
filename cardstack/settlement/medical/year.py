"""A person's year as the ledger holds it: the names of its totals, a bill split on them, and bills settled again in order.

The ledger knows totals by account; a claim knows them by the key of the policy. Whoever holds the ledger can fill the
claim in (pre-settlement), and say what follows for later bills when an earlier one is taken back or corrected.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import msgspec

from cardstack.settlement.medical.case import Compute, changes
from cardstack.settlement.medical.claim import Account, Claim, province
from cardstack.settlement.medical.split import Setlinfo, Split
from cardstack.settlement.scheme import Accumulation
from cardstack.values import Fen

Held: TypeAlias = Callable[[Collection[str]], Mapping[str, int]]
"""What the ledger holds of some accounts; one that it does not know is zero."""

STAY: Final = "stay."
"""What begins the keys of a stay's own totals: a stay that runs into another year is one stay, so they are not the year's."""


def account(claim: Claim, split: Split, day: date, key: str) -> str:
    """The ledger's account of a total: the insured province's, because a pseudonym is one person's in all of it.

    A bill that says another of its districts has the policy of that one, and goes on where the person's year is.
    """
    person = f"{province(claim.insured_place)}.{claim.insurance}.{claim.person}"
    return f"{person}.{key}" if key.startswith(STAY) else f"{person}.{split.policy.year(day)}.{key}"


def purse(claim: Claim, one: Account) -> str:
    """The ledger's account of what an individual account has paid."""
    return f"{province(one.place or claim.insured_place)}.account.{one.holder}"


def movements(claim: Claim, split: Split, day: date) -> tuple[Accumulation, ...]:
    """Every total that a split rests on, whether it moved or was only read, and what it takes from each account."""
    totals = [
        Accumulation(
            account(claim, split, day, use.key), Fen(use.add), Fen(use.before), None if use.cap is None else Fen(use.cap)
        )
        for use in split.uses
    ]
    accounts = [
        Accumulation(purse(claim, one), Fen(used), Fen(one.used_fen), Fen(one.granted_fen)) for one, used in split.accounts
    ]
    return (*totals, *accounts)


def on_the_year(claim: Claim, day: date, compute: Compute, held: Held) -> tuple[Claim, Split]:
    """The claim with totals and accounts as the ledger holds them, and its split: what is to be sent now.

    Whatever totals the claim came with are not looked at. Which totals a split reads may depend on others, so it is asked
    for until nothing new is read.
    """
    used = held([purse(claim, one) for one in claim.accounts])
    accounts = tuple(msgspec.structs.replace(one, used_fen=used.get(purse(claim, one), 0)) for one in claim.accounts)
    known: dict[str, int] = {}
    while True:
        asked = msgspec.structs.replace(claim, before=known, accounts=accounts)
        split = compute(asked, day)
        missing = [use.key for use in split.uses if use.key not in known]
        if not missing:
            before = {use.key: known[use.key] for use in split.uses if known[use.key]}
            return msgspec.structs.replace(asked, before=before), split
        names = {key: account(claim, split, day, key) for key in missing}
        found = held([*names.values()])
        known = known | {key: found.get(name, 0) for key, name in names.items()}


class Bill(NamedTuple):
    """A settlement that stands, as it was booked: its message, its claim, the day of its figures, and its split."""

    id: str
    claim: Claim
    day: date
    split: Split


class Again(NamedTuple):
    """A bill settled again: the claim on the totals that it then has and its split, None where it is taken back for good."""

    bill: Bill
    claim: Claim | None
    split: Split | None

    @property
    def funds_fen(self) -> Mapping[str, int]:
        """By fund: more (+) or less (-) than before."""
        return changes(self.bill.split, self._now)[0]

    @property
    def person_fen(self) -> int:
        """What the person still pays (+) or gets back (-)."""
        return changes(self.bill.split, self._now)[1]

    @property
    def _now(self) -> Split:
        return self.bill.split._replace(info=NOTHING) if self.split is None else self.split


NOTHING: Final = Setlinfo(*[0] * len(Setlinfo.__struct_fields__))


def out_of_place(bills: Sequence[Bill], held: Held, compute: Compute) -> tuple[Again, ...]:
    """Of all bills that share totals, those that would be split otherwise today: they rest on one that was taken back since.

    The year is gone through again from the beginning, in the order in which the bills that stand were booked.
    """
    return tuple(one for one in _made(bills, {}, held, compute) if one.split is None or one.split.info != one.bill.split.info)


def settle_again(bills: Sequence[Bill], changed: Mapping[str, Claim | None], held: Held, compute: Compute) -> tuple[Again, ...]:
    """What follows when bills are corrected, or (None) taken back: they and every later bill that rests on them, in order.

    `bills` are those that stand, in the order in which they were booked; what the ledger holds has all of them in it. To be
    sent: these bills taken back, the last first, then settled in this order. Settling a corrected bill behind the later
    ones instead would pay its place along the bands, or below a threshold, a second time.
    """
    told = [bill.id in changed for bill in bills]
    while True:
        made = _made([bill for bill, again in zip(bills, told, strict=True) if again], changed, held, compute)
        wider = _resting(bills, told, made)
        if wider == told:
            return made
        told = wider


def _made(bills: Sequence[Bill], changed: Mapping[str, Claim | None], held: Held, compute: Compute) -> tuple[Again, ...]:
    totals = _Totals(held)
    for bill in bills:
        totals.move(movements(bill.claim, bill.split, bill.day), -1)
    made = []
    for bill in bills:
        claim, split = changed.get(bill.id, bill.claim), None
        if claim is not None:
            claim, split = on_the_year(claim, bill.day, compute, totals.of)
            totals.move(movements(claim, split, bill.day), 1)
        made.append(Again(bill, claim, split))
    return tuple(made)


class _Totals:
    """The ledger's totals, and what was moved since they were asked for."""

    def __init__(self, held: Held) -> None:
        self.held, self.known = held, dict[str, int]()

    def of(self, accounts: Collection[str]) -> Mapping[str, int]:
        missing = [account for account in accounts if account not in self.known]
        found = self.held(missing) if missing else {}
        self.known |= {account: found.get(account, 0) for account in missing}
        return self.known

    def move(self, moved: Sequence[Accumulation], sign: int) -> None:
        self.of([one.account for one in moved])
        for one in moved:
            self.known[one.account] += sign * one.add_fen


def _resting(bills: Sequence[Bill], told: Sequence[bool], made: Sequence[Again]) -> list[bool]:
    """Which bills take part: those told, and each later one that reads what an earlier one moves, or moves what it reads."""
    anew = {one.bill.id: (one.claim, one.split) for one in made}
    read, moved = set[str](), set[str]()
    wider = []
    for bill, known in zip(bills, told, strict=True):
        now = [(bill.claim, bill.split), anew.get(bill.id, (None, None))]
        uses = [one for claim, split in now if claim and split for one in movements(claim, split, bill.day)]
        reads, moves = {one.account for one in uses}, {one.account for one in uses if one.add_fen}
        takes_part = known or bool(reads & moved or moves & read)
        wider.append(takes_part)
        if takes_part:
            read |= reads
            moved |= moves
    return wider
