"""The month's medical bills in the order in which they happen, with the faults that were put in.

The generator keeps each person's totals of the year as the insured place would, so that clean bills are taken and
a bill computed on totals that have moved is known to be stale.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from cardstack.settlement.medical.claim import Claim, read_claim
from cardstack.settlement.medical.split import Split
from cardstack.settlement.schemes.medical import body_of, compute
from cardstack.settlement.services.registration import REGISTRATION
from cardstack.settlement.simulation.dice import Dice
from cardstack.settlement.simulation.plan import Plan, Seeded
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.values import Fen

HOMES: Final = ("310000", "320100", "330100", "340100")
HOSPITALS: Final = {"310000": "H31010600001", "320100": "H32010600001", "330100": "H33010600001", "340100": "H34010600001"}
CARE: Final = ("outpatient",) * 16 + ("inpatient",) * 3 + ("chronic",)
SCHEME: Final = {"outpatient": "medical-outpatient", "inpatient": "medical-inpatient", "chronic": "medical-chronic"}
CHEAP: Final = ("0101", "0201", "0301", "0302", "0601", "0502")
DEAR: Final = ("0801", "0203", "0401", "0303", "0302", "0501")


class Person(NamedTuple):
    """An insured person of the simulation; nobody real."""

    name: str
    place: str
    category: str
    age: int
    attributes: tuple[str, ...]
    account_fen: int


class Bill(NamedTuple):
    """A message in the making, and the fault it carries, if any."""

    transaction: Transaction
    seeded: Seeded | None = None


class Bills:
    """The month's bills. `messages` is consumed once; `seeded` is complete after that."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.dice = plan, Dice(f"{plan.seed} bills")
        self.serial = 0
        self.persons = [self._person(number) for number in range(plan.persons)]
        self.totals: dict[str, dict[str, int]] = {}
        self.accounts: dict[str, int] = {}
        self.recent: list[tuple[Transaction, Split, Person]] = []
        self.ahead: list[Transaction] = []
        """What is sent before a fault, so that it is one."""

    def messages(self) -> Iterator[Bill]:
        """Clean bills, one reversal in fifty, and each kind of fault as often as planned."""
        count = self.plan.bills
        due: dict[int, list[str]] = {}
        for kind in FAULTS:
            for _ in range(self.plan.each):
                due.setdefault(count // 10 + self.dice.below(count - count // 10), []).append(kind)
        span = len(self.plan.days) * 86_400 - 60
        first = datetime(self.plan.year, self.plan.month, 1, tzinfo=SHANGHAI)
        for number in range(count):
            at = first + timedelta(seconds=span * number // count)
            transaction, split, person = self._clean(at)
            self._book(split, person, 1)
            self.recent = [*self.recent[-40:], (transaction, split, person)]
            yield Bill(transaction)
            if number % 50 == 49:
                yield Bill(self._reversal(at))
            for kind in due.get(number, ()):
                fault = FAULTS[kind](self, at)
                yield from (Bill(one) for one in self.ahead)
                self.ahead.clear()
                yield fault

    def identity(self, hospital: str, at: datetime) -> MessageId:
        """The next message id of a hospital."""
        self.serial += 1
        return MessageId.of(hospital, at, self.serial % 10_000)

    def _person(self, number: int) -> Person:
        dice = self.dice
        category = "retired" if dice.below(3) == 0 else "employed"
        attributes = ("civil-servant",) if dice.below(12) == 0 else ("low-income",) if dice.below(30) == 0 else ()
        age = 60 + dice.below(30) if category == "retired" else 20 + dice.below(40)
        return Person(f"p{number:06d}", HOMES[number % 4], category, age, attributes, dice.below(60_000))

    def claim(self, person: Person, **changes: Any) -> Claim:
        """A visit of a person somewhere else."""
        dice, care = self.dice, self.dice.one(CARE)
        treating = dice.one([place for place in HOMES if place != person.place])
        codes, most = (DEAR, 2_000_000) if care == "inpatient" else (CHEAP, 30_000)
        lines = []
        for _ in range(1 + dice.below(4)):
            price = 100 + dice.below(most)
            lines.append({"code": dice.one(codes), "amount_fen": price, "price_fen": price})
        given = {
            "person": person.name,
            "insurance": "employee",
            "category": person.category,
            "care": care,
            "insured_place": person.place,
            "treating_place": treating,
            "hospital": HOSPITALS[treating],
            "level": dice.one("123"),
            "registration": "waived" if care == "outpatient" else dice.one(("long-term", "referral", "temporary")),
            "age": person.age,
            "lines": lines,
            "attributes": person.attributes,
            "disease": "dialysis" if care == "chronic" else "",
            "before": self.totals.get(person.name, {}),
            "accounts": [
                {"holder": person.name, "granted_fen": person.account_fen, "used_fen": self.accounts.get(person.name, 0)}
            ],
        }
        return read_claim({**given, **changes})

    def message(self, claim: Claim, at: datetime, body: Mapping[str, Any] | None = None, **changes: Any) -> Transaction:
        """The hospital's message for a claim."""
        if body is None:
            body = {**body_of(claim, compute(claim, at.date())), "bill": f"B{self.serial + 1}"}
        given: dict[str, Any] = {
            "id": self.identity(HOSPITALS.get(claim.treating_place, claim.hospital), at),
            "scheme": SCHEME[claim.care],
            "kind": "settlement",
            "sender": Party(f"{claim.treating_place[:2]}.hospital-fund"),
            "home": claim.insured_place,
            "treating": claim.treating_place,
            "occurred_at": at,
            "amount_fen": Fen(claim.total_fen),
            "body": body,
        }
        return Transaction(**{**given, **changes})

    def _clean(self, at: datetime) -> tuple[Transaction, Split, Person]:
        person = self.dice.one(self.persons)
        claim = self.claim(person)
        result = compute(claim, at.date())
        body = {**body_of(claim, result), "bill": f"B{self.serial + 1}"}
        return self.message(claim, at, body), result, person

    def _book(self, split: Split, person: Person, sign: int) -> None:
        totals = self.totals.setdefault(person.name, {})
        for use in split.uses:
            totals[use.key] = totals.get(use.key, 0) + sign * use.add
        for account, used in split.accounts:
            self.accounts[account.holder] = self.accounts.get(account.holder, 0) + sign * used

    def _reversal(self, at: datetime) -> Transaction:
        """The whole of a recent bill taken back."""
        transaction, split, person = self.recent.pop(self.dice.below(len(self.recent)))
        self._book(split, person, -1)
        identity = self.identity(transaction.id.institution, at)
        return replace(transaction, id=identity, kind="reversal", occurred_at=at, body={}, reverses=transaction.id)


Maker: TypeAlias = Callable[[Bills, datetime], Bill]


def _bad(kind: str, change: Callable[[Bills, Claim, datetime], Transaction]) -> Maker:
    """A fault that is one changed message of a person who needs no past."""

    def make(bills: Bills, at: datetime) -> Bill:
        bills.serial += 1
        person = bills.dice.one(bills.persons)._replace(name=f"x{bills.serial:06d}", place="310000", account_fen=0)
        claim = bills.claim(person, care="outpatient", registration="waived", disease="")
        transaction = change(bills, claim, at)
        return Bill(transaction, Seeded(kind, str(transaction.id)))

    return make


def _split_differs(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    body = body_of(claim, compute(claim, at.date()))
    body["split"]["hifp_pay"] += 1
    return bills.message(claim, at, body)


def _total_differs(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    return bills.message(claim, at, amount_fen=Fen(claim.total_fen + 1))


def _unregistered(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    return bills.message(claim, at, scheme="medical-chronic", body=body_of(claim, compute(claim, at.date())))


def _no_benefit(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    body = body_of(claim, compute(claim, at.date()))
    body["claim"]["insurance"] = "village"
    return bills.message(claim, at, body)


def _malformed(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    return bills.message(claim, at, {"claim": {**msgspec.to_builtins(claim), "level": "9"}, "split": {}})


def _elsewhere(bills: Bills, claim: Claim, at: datetime) -> Transaction:
    return bills.message(claim, at, home="320100")


def _unsupported(kind: str, registration: str) -> Maker:
    """A bill of a class that the person's registration does not give: another, or none at all."""

    def make(bills: Bills, at: datetime) -> Bill:
        bills.serial += 1
        person = bills.dice.one(bills.persons)._replace(name=f"x{bills.serial:06d}", account_fen=0)
        claim = bills.claim(person, care="inpatient", registration=registration, disease="")
        filed = {
            "case": f"REG{bills.serial:06d}",
            "person": person.name,
            "insurance": claim.insurance,
            "registration": "temporary",
            "since": bills.plan.first.isoformat(),
            "places": [claim.treating_place],
        }
        office = Party(f"{person.place[:2]}.medical-office")
        told = {"scheme": REGISTRATION.name, "kind": "file", "sender": office, "amount_fen": Fen(0)}
        bills.ahead.append(bills.message(claim, at, filed, **told))
        transaction = bills.message(claim, at)
        return Bill(transaction, Seeded(kind, str(transaction.id)))

    return make


def _stale(bills: Bills, at: datetime) -> Bill:
    """A second bill of one person, computed as if the first had not been: some total that it read has moved since."""
    for _, split, person in reversed(bills.recent):
        care = split.policy.care[0]
        claim = bills.claim(
            person,
            insured_place=person.place,
            care=care,
            registration="waived" if care == "outpatient" else "long-term",
            disease="dialysis" if care == "chronic" else "",
            before={use.key: use.before for use in split.uses if use.before},
            accounts=[],
        )
        totals = bills.totals[person.name]
        if any(totals.get(use.key, 0) != use.before for use in compute(claim, at.date()).uses):
            break
    transaction = bills.message(claim, at)
    return Bill(transaction, Seeded("stale", str(transaction.id)))


def _duplicate(bills: Bills, at: datetime) -> Bill:
    """A bill settled already, sent again under another message id."""
    transaction, _, person = bills.recent[-1]
    claim = read_claim({**transaction.body["claim"], "before": bills.totals[person.name], "accounts": []})
    body = {**body_of(claim, compute(claim, at.date())), "bill": transaction.body["bill"]}
    again = bills.message(claim, at, body, id=bills.identity(transaction.id.institution, at))
    return Bill(again, Seeded("duplicate", str(again.id)))


def _repeated(bills: Bills, at: datetime) -> Bill:
    """The same message once more."""
    del at
    transaction = bills.recent[-1][0]
    return Bill(transaction, Seeded("repeated", str(transaction.id)))


def _conflicting(bills: Bills, at: datetime) -> Bill:
    """A message id used again for other content."""
    transaction = replace(bills.recent[-1][0], occurred_at=at + timedelta(seconds=1))
    return Bill(transaction, Seeded("conflicting", str(transaction.id)))


def _unknown_reference(bills: Bills, at: datetime) -> Bill:
    """A reversal of a bill that was never sent."""
    transaction = bills.recent[-1][0]
    identity = bills.identity(transaction.id.institution, at)
    never = MessageId.of(transaction.id.institution, at - timedelta(days=400), 1)
    wrong = replace(transaction, id=identity, kind="reversal", occurred_at=at, body={}, reverses=never)
    return Bill(wrong, Seeded("unknown-reference", str(identity)))


FAULTS: Final[Mapping[str, Maker]] = {
    "split-differs": _bad("split-differs", _split_differs),
    "total-differs": _bad("total-differs", _total_differs),
    "care-not-covered": _bad("care-not-covered", _unregistered),
    "no-benefit": _bad("no-benefit", _no_benefit),
    "claim-malformed": _bad("claim-malformed", _malformed),
    "place-differs": _bad("place-differs", _elsewhere),
    "registration-unsupported": _unsupported("registration-unsupported", "long-term"),
    "registration-known": _unsupported("registration-known", "unregistered"),
    "stale": _stale,
    "duplicate": _duplicate,
    "repeated": _repeated,
    "conflicting": _conflicting,
    "unknown-reference": _unknown_reference,
}
"""Every kind of fault among the messages."""
