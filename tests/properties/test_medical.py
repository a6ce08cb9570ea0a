"""What holds of every medical split, whatever the claim, the place and the year so far."""

from collections.abc import Iterable, Mapping
from itertools import cycle, product
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cardstack.settlement.medical import case
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.names import FUNDS
from cardstack.settlement.medical.policy import POOL, Basis, Cap, Policy, Where
from cardstack.settlement.medical.split import Setlinfo, Split
from cardstack.settlement.scheme import in_force
from cardstack.settlement.schemes import medical
from tests.oracles.split import second
from tests.unit.settlement.claims import DAY, a_claim

KINDS = sorted({(p.place, p.insurance, care) for p in medical.policies() for care in p.care})
CODES = sorted(medical.catalogue("33"))
TREATING = ["310000", "320100", "330100", "340100"]


def wheres(place: str, insurance: str, care: str) -> list[Where]:
    """Every condition that the policies of a place put for a kind of care."""
    own = [p for p in medical.policies() if (p.place, p.insurance) == (place, insurance) and care in p.care]
    rows = [row.where for policy in own for layer in policy.layers for row in layer.rows]
    return [*rows, *(row.where for policy in own for row in policy.deductibles)]


def words(asked: Iterable[tuple[str, ...]], *further: str) -> list[str]:
    """The words that conditions name, and further ones that they do not."""
    return sorted({word for named in asked for word in named} | set(further))


def classes(place: str, insurance: str, care: str) -> list[str]:
    """Every class of registration that the place's policies know for a kind of care."""
    own = [p for p in medical.policies() if (p.place, p.insurance) == (place, insurance) and care in p.care]
    return sorted({one.name for policy in own for one in policy.registrations})


@st.composite
def claims(draw: st.DrawFn, only: str = "") -> Claim:
    """A claim of any place, care, person and class that some policy names, anywhere in the year; or of one kind of care."""
    kind = draw(st.sampled_from([kind for kind in KINDS if only in {"", kind[2]}]))
    place, insurance, care = kind
    asked = wheres(*kind)
    lines = draw(st.lists(st.tuples(st.sampled_from(CODES), st.integers(0, 5_000_000)), min_size=1, max_size=5))
    assume(sum(amount for _, amount in lines))
    ages = sorted({age + step for where in asked for age in (where.age_from, where.age_below) for step in (-1, 0)})
    diseases = [p.diseases for p in medical.policies() if (p.place, p.insurance) == (place, insurance)]
    facts: dict[str, Any] = {
        "insured_place": place,
        "insurance": insurance,
        "care": care,
        "disease": draw(st.sampled_from(words(diseases, "dialysis"))) if care == "chronic" else "",
        "category": draw(st.sampled_from(words((where.category for where in asked), "other"))),
        "treating_place": draw(st.sampled_from(TREATING)),
        "level": draw(st.sampled_from("0123")),
        "registration": draw(st.sampled_from(classes(*kind))),
        "age": draw(st.sampled_from([age for age in ages if 0 <= age <= 150] or [45]) | st.integers(0, 100)),
        "attributes": draw(st.lists(st.sampled_from(words((where.attribute for where in asked), "none")), max_size=2)),
        "stay": draw(st.sampled_from(["", "s1"])),
        "accounts": [{"holder": f"p{n}", "granted_fen": fen} for n, fen in enumerate(draw(BALANCES))],
    }
    claim = a_claim(*lines, **facts)
    # Totals that the year may hold, each up to its cap.
    used = {use.key: draw(st.integers(0, MOST if use.cap is None else use.cap)) for use in medical.compute(claim, DAY).uses}
    for key in [key for key in used if key.startswith("scope.")]:  # what was charged was in scope before it was charged
        used[key] = max(used[key], used.get(f"dedc.{key.removeprefix('scope.')}", 0))
    in_year = draw(st.booleans())
    return msgspec.structs.replace(claim, before={**used, "stays": used.get("stays", 0) % 5} if in_year else {})


MOST = 60_000_000
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


@settings(max_examples=150)
@given(claims())
def test_a_second_computation_from_the_texts_agrees(claim: Claim) -> None:
    """Fund by fund, deductible, scope, the person's part, and what every total of the year gains."""
    assert second(claim, DAY) == _first(medical.compute(claim, DAY))


def _first(result: Split) -> tuple[dict[str, int], int, int, int, dict[str, int]]:
    info, adds = result.info, {use.key: use.add for use in result.uses if use.add}
    return result.funds, info.act_pay_dedc, info.inscp_scp_amt, info.psn_part_amt, adds


@given(claims(), st.integers(1, 3_000_000))
def test_a_larger_eligible_expense_never_lowers_what_the_funds_pay(claim: Claim, more: int) -> None:
    """One more fen in scope may change a band or a cap, never take back."""
    line = {"code": "0101", "amount_fen": more, "price_fen": more}
    longer = a_claim(**{**_facts(claim), "lines": [*_facts(claim)["lines"], line]})
    assert medical.compute(longer, DAY).info.fund_pay_sumamt >= medical.compute(claim, DAY).info.fund_pay_sumamt


@settings(max_examples=40)
@given(claims(), st.lists(st.integers(1, 80_000_000), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_caps_are_never_passed_and_reversals_restore(claim: Claim, amounts: list[int], dice: Any) -> None:
    """Bills and reversals in any interleaving: no fund pays past its cap, and with all taken back the year is as it was."""
    totals: dict[str, int] = {}
    standing: list[Split] = []
    for amount in amounts:
        lines = [{"code": "0801", "amount_fen": amount, "price_fen": amount}]
        result = medical.compute(a_claim(**{**_facts(claim), "lines": lines, "before": totals, "stay": ""}), DAY)
        totals = case.after(totals, result.uses)
        standing.append(result)
        for cap, fund in caps_of(claim, result.policy):
            counted = standing[-1:] if cap.basis in (Basis.VISIT, Basis.STAY) else standing
            assert sum(getattr(one.info, fund) for one in counted) <= cap.fen
        assert caps_hold(result)
        if dice.random() < 0.4:
            totals = _without(totals, standing.pop(dice.randrange(len(standing))))
    while standing:
        totals = _without(totals, standing.pop(dice.randrange(len(standing))))
    assert not any(totals.values())


def caps_of(claim: Claim, policy: Policy) -> list[tuple[Cap, str]]:
    """Each cap that applies to a claim, and the fund that it binds."""
    rows = [(next((row for row in layer.rows if row.where.fits(claim)), None), layer.fund) for layer in policy.layers]
    return [(cap, fund) for row, fund in rows if row is not None for cap in row.caps]


def _without(totals: Mapping[str, int], taken: Split) -> dict[str, int]:
    left = case.after(totals, taken.uses, -1)
    assert all(total >= 0 for total in left.values())
    return left


def _facts(claim: Claim) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(claim)
    return facts


@given(claims(only="inpatient"))
def test_interim_bills_pay_what_one_bill_would(claim: Claim) -> None:
    """The deductible and what each fund pays are those of one bill for all of the stay, but for what every bill rounds.

    A further fund pays of the deductible of its own bill before it pays of the rest: by that much, what is left to a fund
    after it that leaves the deductible out may be another.
    """
    whole = medical.compute(a_claim(**{**_facts(claim), "stay": "s9"}), DAY).info
    before = dict(claim.before)
    bills = []
    for line in _facts(claim)["lines"]:
        result = medical.compute(a_claim(**{**_facts(claim), "stay": "s9", "lines": [line], "before": before}), DAY)
        before.update(after(result))
        bills.append(result.info)
    assert abs(sum(info.act_pay_dedc for info in bills) - whole.act_pay_dedc) <= len(bills)
    moved = min(whole.act_pay_dedc, sum(getattr(whole, fund) for fund in FUNDS if fund != POOL))
    for fund in FUNDS:
        apart = abs(sum(getattr(info, fund) for info in bills) - getattr(whole, fund))
        assert apart <= 5 * len(bills) + (0 if fund == POOL else moved), fund


def of_kind(place: str, insurance: str, care: str) -> list[Claim]:
    """A claim of that place, insurance and care for every category, level and class; ages and attributes take turns."""
    asked = wheres(place, insurance, care)
    ages = cycle(sorted({age - 1 for where in asked for age in (where.age_from, where.age_below) if 0 < age <= 150} | {45}))
    attributes = cycle([[], *([word] for word in words(where.attribute for where in asked))])
    everyone = product(words((where.category for where in asked), "other"), "0123", classes(place, insurance, care))
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
            age=age,
            attributes=attribute,
            accounts=[{"holder": "p-0001", "granted_fen": 50_000}, {"holder": "p-0002", "granted_fen": 70_000}],
        )
        for (category, level, registration), treating, age, attribute in zip(
            everyone, cycle(TREATING), ages, attributes, strict=False
        )
    ]


@pytest.mark.parametrize(("place", "insurance", "care"), KINDS)
def test_every_place_and_care_holds_what_the_properties_say(place: str, insurance: str, care: str) -> None:
    """Parts sum, funds never fall as the bill grows, caps hold, reversals restore, a second computation agrees; all funds pay."""
    own = [p for p in medical.policies() if (p.place, p.insurance) == (place, insurance) and care in p.care]
    idle = {layer.fund for policy in own if in_force([policy], DAY) for layer in policy.layers}
    for claim in of_kind(place, insurance, care):
        paid, totals = 0, dict[str, int]()
        for amount in (1, 99_999, 1_000_000, 30_000_000, 200_000_000):
            lines = [{"code": "0101", "amount_fen": amount, "price_fen": amount}]
            one = a_claim(**{**_facts(claim), "lines": lines})
            info = medical.compute(one, DAY).info
            assert info.medfee_sumamt == info.fund_pay_sumamt + info.hosp_part_amt + info.psn_part_amt
            assert info.fund_pay_sumamt >= paid
            assert info.psn_part_amt == _from_accounts(info, claim) + info.psn_cash_pay
            paid = info.fund_pay_sumamt
            idle -= {fund for fund in FUNDS if getattr(info, fund)}
            later = a_claim(**{**_facts(one), "before": totals})
            result = medical.compute(later, DAY)
            assert caps_hold(result)
            assert second(later, DAY) == _first(result)
            assert case.after(case.after(totals, result.uses), result.uses, -1) == totals
            totals = case.after(totals, result.uses)
    assert idle == set()


def _from_accounts(info: Setlinfo, claim: Claim) -> int:
    """What the accounts paid: never more than they hold, the family's only where the person's own is empty."""
    own, *family = (account.balance_fen for account in claim.accounts)
    inside = medical.compute(claim, DAY).policy.mutual_inside
    first = info.acct_pay - (info.acct_mulaid_pay if inside else 0)
    assert first <= own
    assert info.acct_mulaid_pay <= sum(family)
    assert first == own or not info.acct_mulaid_pay
    assert info.balc == own - first
    return first + info.acct_mulaid_pay


@given(claims(), st.data())
def test_an_appeal_or_a_refund_settles_again_on_the_restored_year(claim: Claim, data: st.DataObject) -> None:
    """The year is as if the case had been settled so at once; parts sum again; the same case again changes nothing."""
    first = medical.compute(claim, DAY)
    year = case.after(claim.before, first.uses)
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
