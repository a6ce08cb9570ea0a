"""A year as the ledger holds it: totals filled in, and bills settled again in their order."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.split import Split, split
from cardstack.settlement.medical.year import Again, Bill, movements, on_the_year, settle_again
from cardstack.settlement.schemes import medical
from tests.unit.settlement.claims import DAY, a_claim
from tests.unit.settlement.test_medical_corners import a_policy

ILLNESS = a_policy(
    deductibles=[{"fen": [90_000, 45_000, 0], "basis": "stay"}],
    layers=[
        {"fund": "hifp_pay", "rows": [{"bands": [{"permille": 500}]}]},
        {"fund": "hifob_pay", "parts": ["share"], "rows": [{"bands": [{"permille": 600}], "start_fen": 1_500_000}]},
    ],
)


def by_illness(claim: Claim, day: date) -> Split:
    """An invented policy: half from the pool, 60 % of what is borne beyond 15,000 yuan a year."""
    return split(claim, (ILLNESS,), medical.catalogue("33"), day)


class Ledger:
    """Totals by account, and the bills that moved them."""

    def __init__(self, compute: Any = by_illness) -> None:
        self.compute, self.totals, self.bills = compute, dict[str, int](), list[Bill]()

    def settle(self, name: str, claim: Claim, day: date = DAY) -> Split:
        """A bill on the totals as they are."""
        claim, result = on_the_year(claim, day, self.compute, lambda _: self.totals)
        self.bills.append(Bill(name, claim, day, result))
        for one in movements(claim, result, day):
            assert one.before_fen == self.totals.get(one.account, 0)
            self.totals[one.account] = self.totals.get(one.account, 0) + one.add_fen
            assert one.cap_fen is None or not one.add_fen or self.totals[one.account] <= one.cap_fen
        return result

    def carry_out(self, made: Sequence[Again]) -> None:
        """Take the bills back, the last first, and settle them in their order."""
        for one in reversed(made):
            self.bills.remove(one.bill)
            for moved in movements(one.bill.claim, one.bill.split, one.bill.day):
                self.totals[moved.account] -= moved.add_fen
                assert self.totals[moved.account] >= 0
        for one in made:
            if one.claim is not None:
                assert self.settle(one.bill.id, one.claim, one.bill.day) == one.split

    def again(self, **changed: Claim | None) -> tuple[Again, ...]:
        """What follows when bills are corrected."""
        return settle_again(self.bills, changed, lambda _: self.totals, self.compute)


def stay(fen: int, **facts: Any) -> Claim:
    return a_claim(("0101", fen), **{"care": "inpatient", "registration": "long-term", **facts})


@pytest.fixture
def ledger() -> Ledger:
    """Two stays: the first one's burden reaches the threshold, the second is beyond it."""
    ledger = Ledger()
    ledger.settle("b1", stay(3_090_000, stay="s1"))
    ledger.settle("b2", stay(2_045_000, stay="s2"))
    return ledger


def test_a_bill_taken_back_takes_later_bills_place_along_the_year(ledger: Ledger) -> None:
    """The second stay was helped because of the first one: without it, it is the first stay and below the threshold."""
    assert [bill.split.info.hifob_pay for bill in ledger.bills] == [0, 600_000]
    first, second = ledger.again(b1=None)
    assert (first.split, first.funds_fen, first.person_fen) == (None, {"hifp_pay": -1_500_000}, -1_590_000)
    assert second.split is not None
    assert second.split.info.act_pay_dedc == 90_000
    assert second.funds_fen == {"hifp_pay": -22_500, "hifob_pay": -600_000}
    assert second.person_fen == 622_500


def test_the_same_claim_again_changes_nothing(ledger: Ledger) -> None:
    """Not the number of the stay, not its place below the threshold; both bills take part."""
    made = ledger.again(b1=ledger.bills[0].claim)
    assert [(one.funds_fen, one.person_fen) for one in made] == [({}, 0), ({}, 0)]
    assert [one.split for one in made] == [bill.split for bill in ledger.bills]


def test_the_last_bill_is_settled_again_alone(ledger: Ledger) -> None:
    """Nothing rests on it."""
    (one,) = ledger.again(b2=stay(2_145_000, stay="s2"))
    assert one.bill.id == "b2"
    assert one.funds_fen == {"hifp_pay": 50_000, "hifob_pay": 30_000}


def test_a_bill_that_shares_nothing_is_left_alone() -> None:
    """An outpatient visit between two stays has totals of its own."""
    ledger = Ledger(medical.compute)
    facts = {"insured_place": "320100", "stay": "s1"}
    ledger.settle("stay", stay(1_000_000, **facts))
    ledger.settle("visit", a_claim(insured_place="320100"))
    ledger.settle("next", stay(1_000_000, **{**facts, "stay": "s2"}))
    assert [one.bill.id for one in ledger.again(stay=stay(900_000, **facts))] == ["stay", "next"]


def test_an_account_is_drawn_again_from_what_it_then_holds() -> None:
    """A smaller first bill leaves more in the account for the second; whatever the claim said was used is not looked at."""
    ledger = Ledger(medical.compute)
    purse = {"accounts": [{"holder": "p1", "granted_fen": 50_000, "used_fen": 5}]}
    for name in ("b1", "b2"):
        ledger.settle(name, a_claim(("0101", 40_000), **purse))
    assert [bill.split.info.acct_pay for bill in ledger.bills] == [40_000, 10_000]
    made = ledger.again(b1=a_claim(("0101", 10_000), **purse))
    assert [one.split and one.split.info.acct_pay for one in made] == [10_000, 40_000]


def test_a_claim_is_filled_in_with_the_totals_that_it_reads_and_no_others(ledger: Ledger) -> None:
    """What it said itself is not looked at; a further bill of a stay does not carry the number of stays."""
    claim, result = on_the_year(stay(10_000, stay="s2", before={"stays": 7}), DAY, by_illness, lambda _: ledger.totals)
    assert claim.before == {
        "stay.s2.number": 2,
        "stay.s2.dedc": 45_000,
        "dedc.inpatient": 135_000,
        "scope.inpatient": 5_135_000,
        "base.hifob_pay": 2_500_000,
    }
    assert by_illness(claim, DAY).info == result.info


CORRECTIONS = st.one_of(st.none(), st.integers(0, 9_000_000))


@st.composite
def visits(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Bills of one person of any place, each of any care that it covers, at two hospitals; some say another district."""
    place, insurance = draw(st.sampled_from(sorted({(p.place, p.insurance) for p in medical.policies()})))
    cares = sorted({care for p in medical.policies() if (p.place, p.insurance) == (place, insurance) for care in p.care})
    made = []
    for number in range(draw(st.integers(2, 5))):
        care = draw(st.sampled_from(cares))
        districts = {
            p.place for p in medical.policies() if (p.place[:2], p.insurance) == (place[:2], insurance) and care in p.care
        }
        name, before = f"s{draw(st.integers(1, 3))}", draw(st.sampled_from(["", "", "s1", "s2"]))
        made.append(
            {
                "insured_place": draw(st.sampled_from([place, *sorted(districts)])),
                "insurance": insurance,
                "care": care,
                "disease": "dialysis" if care == "chronic" else "",
                "level": draw(st.sampled_from("123")),
                "registration": draw(st.sampled_from(["long-term", "referral"])),
                "stay": name if care == "inpatient" else "",
                "referred_from": before if care == "inpatient" and before != name else "",
                "hospital": draw(st.sampled_from(["H1", "H2"])),
                "referred_hospital": draw(st.sampled_from(["", "H1", "H2"])),
                "attributes": draw(st.sampled_from([[], ["low-income"], ["civil-servant"]])) if not number else [],
                "accounts": [{"holder": "p", "granted_fen": 500_000}],
                "lines": [_line(draw(st.integers(1, 9_000_000)))],
            }
        )
    return made


def _line(fen: int) -> dict[str, Any]:
    return {"code": "0101", "amount_fen": fen, "price_fen": fen}


@settings(max_examples=60)
@given(visits(), st.data())
def test_settled_again_is_as_if_settled_so_at_once(made: Sequence[dict[str, Any]], data: st.DataObject) -> None:
    """Whichever bill is corrected or taken back: the year is the one in which it had been so from the beginning."""
    ledger, straight = Ledger(medical.compute), Ledger(medical.compute)
    days = [DAY + timedelta(days=31 * place) for place in range(len(made))]  # the year ends among them
    for place, (visit, day) in enumerate(zip(made, days, strict=True)):
        ledger.settle(f"b{place}", a_claim(**visit), day)
    which, fen = data.draw(st.sampled_from(range(len(made)))), data.draw(CORRECTIONS)
    corrected = None if fen is None else a_claim(**{**made[which], "lines": [_line(fen)]})
    again = {one.bill.id: one for one in ledger.again(**{f"b{which}": corrected})}
    for place, (visit, day) in enumerate(zip(made, days, strict=True)):
        claim = corrected if place == which else a_claim(**visit)
        expected = None if claim is None else straight.settle(f"b{place}", claim, day).info
        one = again.get(f"b{place}")
        got = ledger.bills[place].split.info if one is None else one.split and one.split.info
        assert got == expected
    total = sum(sum(one.funds_fen.values()) + one.person_fen for one in again.values())
    before = ledger.bills[which].split.info.medfee_sumamt
    assert total == (fen or 0) - before
    assert msgspec.json.encode([one.claim for one in again.values()])


def test_a_bill_that_found_the_cap_used_up_takes_part() -> None:
    """It moved nothing of the cap and only read it: Zhejiang's chronic care shares the cap of the stays."""
    ledger = Ledger(medical.compute)
    facts = {"insured_place": "330000", "stay": "s1"}
    ledger.settle("stay", stay(60_000_000, **facts))
    ledger.settle("chronic", a_claim(care="chronic", disease="dialysis", insured_place="330000", registration="long-term"))
    assert ledger.bills[1].split.info.hifp_pay == 0
    made = ledger.again(stay=stay(1_000_000, **facts))
    assert [one.bill.id for one in made] == ["stay", "chronic"]
    assert made[1].funds_fen == {"hifp_pay": 85_000}


@settings(max_examples=60)
@given(visits(), st.lists(st.tuples(st.integers(0, 4), CORRECTIONS), min_size=1, max_size=4))
def test_refunds_and_reversals_after_one_another_leave_the_year_of_what_stands(
    made: Sequence[dict[str, Any]], steps: Sequence[tuple[int, int | None]]
) -> None:
    """Refund after refund, reversal after either, of two who share accounts: as if what stands were settled in its order."""
    ledger, straight = Ledger(medical.compute), Ledger(medical.compute)
    family = [{"holder": name, "granted_fen": 500_000} for name in ("p", "p-mother")]
    whose = [{"person": f"p{place % 2}", "accounts": family[:: 1 - 2 * (place % 2)]} for place in range(len(made))]
    days = [DAY + timedelta(days=31 * place) for place in range(len(made))]
    standing = {f"b{place}": a_claim(**{**visit, **whose[place]}) for place, visit in enumerate(made)}
    for (name, claim), day in zip(standing.items(), days, strict=True):
        ledger.settle(name, claim, day)
    for place, fen in steps:
        name = f"b{place}"
        if name not in standing:
            continue
        corrected = None if fen is None else msgspec.structs.replace(standing[name], lines=a_claim(lines=[_line(fen)]).lines)
        ledger.carry_out(ledger.again(**{name: corrected}))
        if corrected is None:
            del standing[name]
        else:
            standing[name] = corrected
    assert sorted(bill.id for bill in ledger.bills) == sorted(standing)
    for bill in ledger.bills:
        assert straight.settle(bill.id, standing[bill.id], bill.day).info == bill.split.info
    assert {key: fen for key, fen in ledger.totals.items() if fen} == {key: fen for key, fen in straight.totals.items() if fen}


@settings(max_examples=40)
@given(visits(), st.integers(0, 4), st.integers(1, 9_000_000))
def test_a_larger_bill_never_lowers_what_the_funds_pay_in_the_year(made: Sequence[dict[str, Any]], which: int, more: int) -> None:
    """What it takes of a cap, or moves along the bands, later bills lose at most; each of them rounds for itself."""
    paid = []
    for extra in (0, more):
        ledger = Ledger(medical.compute)
        for place, visit in enumerate(made):
            fen = visit["lines"][0]["amount_fen"] + (extra if place == which % len(made) else 0)
            ledger.settle(f"b{place}", a_claim(**{**visit, "lines": [_line(fen)]}), DAY + timedelta(days=10 * place))
        paid.append(sum(bill.split.info.fund_pay_sumamt for bill in ledger.bills))
    assert paid[1] >= paid[0] - 4 * len(made)
