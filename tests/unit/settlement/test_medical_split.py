"""The medical split: catalogue of the treating place, policy of the insured place, every step explained."""

import re
from datetime import date
from typing import Any

import pytest

from cardstack.errors import Malformed, Refused
from cardstack.settlement.medical.claim import read_claim
from cardstack.settlement.medical.names import FUNDS, REGISTRATIONS
from cardstack.settlement.schemes import medical
from tests.unit.settlement.claims import DAY, a_claim


def split(*lines: tuple[str, int], day: date = DAY, **facts: Any) -> dict[str, int]:
    info = medical.compute(a_claim(*lines, **facts), day).info
    return {name: getattr(info, name) for name in info.__struct_fields__}


def test_deductible_then_ratio() -> None:
    """1,000 yuan in scope, 500 deductible, 70 % of the rest."""
    info = split()
    assert (info["act_pay_dedc"], info["hifp_pay"], info["psn_cash_pay"]) == (50_000, 35_000, 65_000)


def test_the_treating_place_decides_what_is_in_scope() -> None:
    """Class C is the person's own, class B has a first share, and a price limit cuts what is beyond it."""
    lines = [
        {"code": "0502", "amount_fen": 1_000, "price_fen": 1_000},
        {"code": "0202", "amount_fen": 40_000, "price_fen": 20_000, "quantity": 2_000},
    ]
    in_zhejiang, in_shanghai = (split(lines=lines, treating_place=place) for place in ("330100", "310000"))
    assert [in_zhejiang[name] for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")] == [1_000, 14_000, 3_900]
    assert [in_shanghai[name] for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")] == [1_000, 16_000, 2_400]


def test_figures_change_on_their_day() -> None:
    """The deductible of 2025 was 600, that of 2026 is 500; an item changed its class in July."""
    assert split(day=date(2025, 12, 31))["act_pay_dedc"] == 60_000
    assert split(day=date(2026, 1, 1))["act_pay_dedc"] == 50_000
    assert split(("0302", 10_000), day=date(2026, 6, 30))["preselfpay_amt"] == 1_500
    assert split(("0302", 10_000), day=date(2026, 7, 1))["preselfpay_amt"] == 0


@pytest.mark.parametrize(
    ("place", "ratio"),
    [("310000", 750_000), ("330400", 765_000), ("340100", 810_000)],
)
def test_points_and_coefficients_are_two_operators(place: str, ratio: int) -> None:
    """A referral costs Shanghai 10 points of 85 %, Jiaxing a coefficient of 0.9 on 85 %, Hefei one of 0.9 on 90 %: all exact."""
    facts: dict[str, Any] = {"care": "inpatient", "insured_place": place, "registration": "referral", "level": "3"}
    assert split(("0801", 5_000_000), **facts)["pool_prop_selfpay"] == ratio


def test_a_first_share_is_the_third_operator() -> None:
    """Where an unregistered visit pays a share first, that share leaves the scope, and the deductible is higher."""
    info = split(insured_place="340000", registration="unregistered")
    assert (info["preselfpay_amt"], info["inscp_scp_amt"], info["act_pay_dedc"]) == (20_000, 80_000, 48_000)
    assert info["hifp_pay"] == (80_000 - 48_000) * 55 // 100


def test_the_nth_stay_has_its_own_deductible() -> None:
    """Nanjing's pattern: the second stay half, the third none; a second bill of one stay pays no second deductible."""
    facts: dict[str, Any] = {"care": "inpatient", "insured_place": "320000", "registration": "long-term"}
    paid = [split(("0801", 1_000_000), before={"stays": n}, **facts)["act_pay_dedc"] for n in range(4)]
    assert paid == [90_000, 45_000, 0, 0]
    first = medical.compute(a_claim(("0801", 1_000_000), stay="s1", **facts), DAY)
    after = {use.key: use.before + use.add for use in first.uses}
    assert split(("0801", 1_000_000), stay="s1", before=after, **facts)["act_pay_dedc"] == 0
    assert split(("0801", 1_000_000), stay="s2", before=after, **facts)["act_pay_dedc"] == 45_000


def test_the_deductible_runs_on_across_a_referral() -> None:
    """Up the levels the difference is charged, down the levels nothing."""
    facts: dict[str, Any] = {"care": "inpatient", "insurance": "resident", "registration": "long-term"}
    before = {"stay.s1.dedc": 10_000}
    up = split(("0801", 500_000), stay="s2", referred_from="s1", level="3", before=before, **facts)
    down = split(("0801", 500_000), stay="s2", referred_from="s1", level="1", before=before, **facts)
    assert (up["act_pay_dedc"], down["act_pay_dedc"]) == (20_000, 0)


def test_the_cap_is_shared_by_the_year_and_the_rest_goes_to_the_large_sum_fund() -> None:
    """Hefei: the pool stops at 300,000 yuan a year; the large-sum fund takes 90 % of what is beyond."""
    facts: dict[str, Any] = {"care": "inpatient", "insured_place": "340100", "registration": "long-term"}
    info = split(("0801", 40_000_000), before={"paid.basic": 29_000_000, "stays": 5}, **facts)
    assert info["hifp_pay"] == 1_000_000
    used = -(-1_000_000 * 10 // 9)  # the smallest amount that earns the rest at 90 %
    beyond = 40_000_000 - 30_000 - used
    assert abs(info["hifob_pay"] - beyond * 9 // 10) <= 1


def test_serious_illness_runs_on_the_years_burden() -> None:
    """Hefei residents: nothing below 15,000 yuan a year, 60 % to 50,000, 65 % beyond."""
    facts: dict[str, Any] = {"care": "inpatient", "insurance": "resident", "insured_place": "340100", "registration": "long-term"}
    info = split(("0801", 20_000_000), before={"base.hifmi_pay": 1_000_000}, **facts)
    burden = 1_000_000 + 70_000 + (20_000_000 - 70_000) * 20 // 100
    assert burden == 5_056_000
    assert info["hifmi_pay"] == (5_000_000 - 1_500_000) * 60 // 100 + (burden - 5_000_000) * 65 // 100


def test_civil_servants_and_the_poor_are_helped_after_the_pool() -> None:
    """Each further fund works on what is still borne."""
    servant = split(attributes=["civil-servant"])
    poor = split(attributes=["low-income"])
    assert servant["cvlserv_pay"] == 7_500
    assert poor["maf_pay"] == (50_000 + 15_000) * 70 // 100


def test_accounts_pay_the_person_first_then_the_family() -> None:
    """The own account is emptied before the family's; what the policy keeps from accounts stays cash."""
    accounts = [{"holder": "p-0001", "granted_fen": 40_000, "used_fen": 10_000}, {"holder": "p-0002", "granted_fen": 90_000}]
    info = split(("0101", 100_000), ("0502", 5_000), accounts=accounts)
    assert (info["acct_pay"], info["acct_mulaid_pay"], info["psn_cash_pay"], info["balc"]) == (30_000, 35_000, 5_000, 0)


@pytest.mark.parametrize("place", ["310000", "320000"])
def test_the_steps_of_accounts_say_what_the_fields_say(place: str) -> None:
    """Also where the family's part is told inside the person's."""
    accounts = [
        {"holder": "p-0001", "granted_fen": 1_000},
        {"holder": "p-2", "granted_fen": 2_000},
        {"holder": "p-3", "granted_fen": 3_000},
    ]
    found = medical.compute(a_claim(accounts=accounts, insured_place=place), DAY)
    for name in ("acct_pay", "acct_mulaid_pay", "psn_cash_pay"):
        assert sum(step.amount_fen for step in found.steps if step.name == name) == getattr(found.info, name)


def test_the_hospitals_part_is_not_the_persons() -> None:
    """What the hospital bears comes off the person's part, and never exceeds it."""
    assert split(hospital_part_fen=5_000)["psn_part_amt"] == 60_000
    with pytest.raises(Refused, match="hospital_part_fen"):
        split(hospital_part_fen=65_001)


def test_every_step_is_said_in_both_languages_with_its_rule() -> None:
    """An auditor can follow the text; the funds' rows carry the process in words."""
    result = medical.compute(a_claim(("0202", 30_000), ("0101", 90_000), attributes=["civil-servant"]), DAY)
    for step in result.steps:
        assert re.search(r"[\u4e00-\u9fff]", step.what.zh)
        assert step.reference
        assert "@" in step.rule
    rows = result.detail()
    assert sum(row["fund_payamt"] for row in rows) == result.info.fund_pay_sumamt
    assert all(row["setl_proc_info"] for row in rows)


def test_every_policy_names_known_funds_and_classes() -> None:
    """A figure that is never applied is a mistake: funds, classes and items are from the tables."""
    for policy in medical.policies():
        assert {layer.fund for layer in policy.layers} <= set(FUNDS)
        assert {row.name for row in policy.registrations} <= set(REGISTRATIONS)
        assert policy.reference


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"insured_place": "110000"}, "insured_place"),
        ({"care": "dental"}, "insured_place"),
        ({"registration": "tourist"}, "registration"),
        ({"lines": [{"code": "9999", "amount_fen": 1, "price_fen": 1}]}, "lines[0]"),
    ],
)
def test_what_no_figure_covers_is_refused(facts: dict[str, Any], field: str) -> None:
    """No benefit, no class, no item: refused by name, never computed by guess."""
    with pytest.raises(Refused) as refused:
        split(**facts)
    assert refused.value.facts["field"] == field


def test_an_amount_that_is_not_price_times_quantity_is_malformed() -> None:
    """The line is named."""
    with pytest.raises(Malformed, match=r"lines\[0\]"):
        a_claim(lines=[{"code": "0101", "amount_fen": 5, "price_fen": 2, "quantity": 1500}])
    with pytest.raises(Malformed, match="claim"):
        read_claim({"unknown": 1})
