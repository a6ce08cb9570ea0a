"""What holds of every medical split, whatever the claim, the place and the year so far."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cardstack.settlement.medical import case
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.split import Split
from cardstack.settlement.schemes import medical
from tests.unit.settlement.claims import DAY, a_claim

KINDS = sorted({(p.place, p.insurance, care) for p in medical.policies() for care in p.care})
CODES = sorted(medical.catalogue("33"))


@st.composite
def claims(draw: st.DrawFn, only: str = "") -> Claim:
    """A claim of any place, care and person that some policy covers; or of one kind of care."""
    place, insurance, care = draw(st.sampled_from([kind for kind in KINDS if only in {"", kind[2]}]))
    lines = draw(st.lists(st.tuples(st.sampled_from(CODES), st.integers(0, 5_000_000)), min_size=1, max_size=5))
    total = sum(amount for _, amount in lines)
    assume(total)
    facts: dict[str, Any] = {
        "insured_place": place,
        "insurance": insurance,
        "care": care,
        "disease": "dialysis" if care == "chronic" else "",
        "category": draw(st.sampled_from(["employed", "retired", "pupil"])) if insurance == "resident" else draw(CATEGORIES),
        "treating_place": draw(st.sampled_from(["310000", "320100", "330100", "340100"])),
        "level": draw(st.sampled_from("0123")),
        "registration": draw(st.sampled_from(["waived", "long-term", "referral", "unregistered"])),
        "age": draw(st.integers(0, 100)),
        "attributes": draw(st.lists(st.sampled_from(["civil-servant", "low-income", "extreme-poverty"]), max_size=2)),
        "stay": draw(st.sampled_from(["", "s1"])),
        "accounts": [{"holder": f"p{n}", "granted_fen": fen} for n, fen in enumerate(draw(BALANCES))],
    }
    return a_claim(*lines, **facts)


CATEGORIES = st.sampled_from(["employed", "retired"])
BALANCES = st.lists(st.integers(0, 200_000), max_size=3)


def after(result: Split) -> dict[str, int]:
    return {use.key: use.before + use.add for use in result.uses}


def caps_hold(result: Split) -> bool:
    return all(use.cap is None or use.before + use.add <= max(use.cap, use.before) for use in result.uses)


@given(claims())
def test_the_parts_sum_to_the_bill(claim: Claim) -> None:
    """0 = 1 + 2 + 3 + 4; 0 = 9 + 10 + 11; 9 = the funds = setldetail; 11 = accounts + cash; nothing is negative."""
    result = medical.compute(claim, DAY)
    info = result.info
    assert info.medfee_sumamt == (info.fulamt_ownpay_amt + info.overlmt_selfpay + info.preselfpay_amt + info.inscp_scp_amt)
    assert info.medfee_sumamt == info.fund_pay_sumamt + info.hosp_part_amt + info.psn_part_amt
    assert info.fund_pay_sumamt == sum(result.funds.values()) == sum(row["fund_payamt"] for row in result.detail())
    family = 0 if result.policy.mutual_inside else info.acct_mulaid_pay
    assert info.psn_part_amt == info.acct_pay + family + info.psn_cash_pay
    assert min(getattr(info, name) for name in info.__struct_fields__) >= 0
    assert caps_hold(result)


@given(claims(), st.integers(1, 3_000_000))
def test_a_larger_eligible_expense_never_lowers_what_the_funds_pay(claim: Claim, more: int) -> None:
    """One more fen in scope may change a band or a cap, never take back."""
    line = {"code": "0101", "amount_fen": more, "price_fen": more}
    longer = a_claim(**{**_facts(claim), "lines": [*_facts(claim)["lines"], line]})
    assert medical.compute(longer, DAY).info.fund_pay_sumamt >= medical.compute(claim, DAY).info.fund_pay_sumamt


@settings(max_examples=40)
@given(claims(), st.lists(st.integers(1, 8_000_000), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_caps_are_never_passed_and_reversals_restore(claim: Claim, amounts: list[int], dice: Any) -> None:
    """Bills and reversals in any interleaving: no cap is passed, and with all taken back the year is as it was."""
    totals: dict[str, int] = {}
    open_bills: list[Mapping[str, int]] = []
    for amount in amounts:
        lines = [{"code": "0801", "amount_fen": amount, "price_fen": amount}]
        result = medical.compute(a_claim(**{**_facts(claim), "lines": lines, "before": totals, "stay": ""}), DAY)
        for use in result.uses:
            assert use.cap is None or use.before + use.add <= use.cap
        moved = {use.key: use.add for use in result.uses}
        totals = {key: totals.get(key, 0) + moved.get(key, 0) for key in {*totals, *moved}}
        open_bills.append(moved)
        if dice.random() < 0.4:
            totals = _without(totals, open_bills.pop(dice.randrange(len(open_bills))))
    while open_bills:
        totals = _without(totals, open_bills.pop(dice.randrange(len(open_bills))))
    assert not any(totals.values())


def _without(totals: Mapping[str, int], moved: Mapping[str, int]) -> dict[str, int]:
    left = {key: total - moved.get(key, 0) for key, total in totals.items()}
    assert all(total >= 0 for total in left.values())
    return left


def _facts(claim: Claim) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(claim)
    return facts


@given(claims(only="inpatient"))
def test_interim_bills_pay_what_one_bill_would(claim: Claim) -> None:
    """The bills of a stay and one bill for all of it differ by the rounding of their bands alone."""
    whole = medical.compute(a_claim(**{**_facts(claim), "stay": "s9"}), DAY).info.hifp_pay
    before: dict[str, int] = {}
    paid = 0
    for line in _facts(claim)["lines"]:
        result = medical.compute(a_claim(**{**_facts(claim), "stay": "s9", "lines": [line], "before": before}), DAY)
        before.update(after(result))
        paid += result.info.hifp_pay
    assert abs(paid - whole) <= 4 * len(claim.lines)


REGISTRATIONS = ("waived", "long-term", "referral", "unregistered")


def of_kind(place: str, insurance: str, care: str) -> list[Claim]:
    """A claim of that place, insurance and care for every class of registration, level of hospital and kind of person."""
    people = ("resident", "pupil") if insurance == "resident" else ("employed", "retired")
    return [
        a_claim(
            ("0101", 100_000),
            insured_place=place,
            insurance=insurance,
            care=care,
            disease="dialysis" if care == "chronic" else "",
            category=category,
            treating_place=treating,
            level=level,
            registration=registration,
        )
        for category, treating in zip(people, ("330100", "310000"), strict=True)
        for level in "0123"
        for registration in REGISTRATIONS
    ]


@pytest.mark.parametrize(("place", "insurance", "care"), KINDS)
def test_every_place_and_care_holds_what_the_properties_say(place: str, insurance: str, care: str) -> None:
    """None is left to chance: parts sum, funds never fall as the bill grows, no cap is passed, reversals restore."""
    for claim in of_kind(place, insurance, care):
        paid, totals = 0, dict[str, int]()
        for amount in (1, 99_999, 1_000_000, 30_000_000, 200_000_000):
            lines = [{"code": "0101", "amount_fen": amount, "price_fen": amount}]
            one = a_claim(**{**_facts(claim), "lines": lines})
            info = medical.compute(one, DAY).info
            assert info.medfee_sumamt == info.fund_pay_sumamt + info.hosp_part_amt + info.psn_part_amt
            assert info.fund_pay_sumamt >= paid
            paid = info.fund_pay_sumamt
            result = medical.compute(a_claim(**{**_facts(one), "before": totals}), DAY)
            assert caps_hold(result)
            assert case.after(case.after(totals, result.uses), result.uses, -1) == totals
            totals = case.after(totals, result.uses)


@given(claims(), st.data())
def test_an_appeal_or_a_refund_settles_again_on_the_restored_year(claim: Claim, data: st.DataObject) -> None:
    """The year is as if the case had been settled so at once; parts sum again; the same case again changes nothing."""
    first = medical.compute(claim, DAY)
    year = case.after({}, first.uses)
    same = case.resettle(first, claim, year, DAY, medical.compute)
    assert (same.funds_fen, same.person_fen, same.split.info) == ({}, 0, first.info)
    later = medical.compute(a_claim(**{**_facts(claim), "before": year, "stay": ""}), DAY)
    year = case.after(year, later.uses)
    lines = _facts(claim)["lines"]
    kept = data.draw(st.lists(st.sampled_from(range(len(lines))), min_size=1, max_size=len(lines), unique=True))
    code = data.draw(st.sampled_from(["", *CODES]))
    changed = [{**lines[place], "code": code or lines[place]["code"]} for place in sorted(kept)]
    assume(sum(line["amount_fen"] for line in changed))
    again = case.resettle(first, a_claim(**{**_facts(claim), "lines": changed}), year, DAY, medical.compute)
    info = again.split.info
    assert info.medfee_sumamt == info.fund_pay_sumamt + info.hosp_part_amt + info.psn_part_amt
    assert info.medfee_sumamt - first.info.medfee_sumamt == sum(again.funds_fen.values()) + again.person_fen
    assert caps_hold(again.split)
    restored = case.after(year, first.uses, -1)
    assert case.after(case.after(restored, again.split.uses), again.split.uses, -1) == restored
    assert all(total >= 0 for total in restored.values())
