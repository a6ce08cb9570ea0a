"""Corners of a medical split: whose policy, which stay, which total, and what a message may not say."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from cardstack.errors import Malformed
from cardstack.settlement.medical.case import Filing, after
from cardstack.settlement.medical.policy import Policy, policy_for
from cardstack.settlement.medical.split import Split, split
from cardstack.settlement.schemes import medical
from cardstack.settlement.schemes.medical import INPATIENT, OUTPATIENT, body_of, compute
from tests.unit.settlement.claims import DAY, a_claim
from tests.unit.settlement.test_medical_scheme import AT, a_bill

STAY: dict[str, Any] = {"care": "inpatient", "insurance": "resident", "registration": "long-term"}


def a_policy(**facts: Any) -> Policy:
    """An invented policy for inpatient care of Shanghai's employees."""
    given = {
        "since": "2025-01-01",
        "reference": "invented",
        "place": "310000",
        "insurance": "employee",
        "care": ["inpatient"],
        "group": "inpatient",
        "registrations": [{"name": "long-term"}],
        "layers": [{"fund": "hifp_pay", "rows": [{"bands": [{"permille": 800}]}]}],
    }
    return msgspec.convert({**given, **facts}, Policy)


def by(policy: Policy, fen: int, **facts: Any) -> Split:
    """The split of one bill by one policy."""
    claim = a_claim(("0101", fen), care="inpatient", registration="long-term", **facts)
    return split(claim, (policy,), medical.catalogue("33"), DAY)


@pytest.mark.parametrize(("county", "city"), [("330481", "330400"), ("340111", "340100"), ("330400", "330400")])
def test_a_county_has_the_policy_of_its_city(county: str, city: str) -> None:
    """A person of Haining is insured in Jiaxing's pool, not by the province's general figures."""
    claim = a_claim(care="inpatient", registration="long-term", insured_place=county)
    assert policy_for(medical.policies(), claim, DAY).place == city


def test_a_filing_for_a_city_holds_in_its_districts() -> None:
    """Filed for Hangzhou, treated in its Shangcheng district; not in Ningbo."""
    filing = Filing("long-term", date(2026, 1, 1), None, ("330100",))
    assert filing.covers("330102", DAY)
    assert not filing.covers("330200", DAY)


def test_a_policy_of_the_disease_goes_before_a_later_general_one() -> None:
    """A newer figure for everybody else does not take away what a disease has of its own."""
    own = a_policy(diseases=["dialysis"])
    general = replace(own, diseases=(), since=date(2026, 1, 1))
    claim = a_claim(care="inpatient", disease="dialysis")
    assert policy_for((own, general), claim, DAY) is own
    assert policy_for((own, general), a_claim(care="inpatient"), DAY) is general


def test_a_chain_of_referrals_pays_the_highest_deductible_once() -> None:
    """50, then up to 100, then up to 300: 50 + 50 + 200, whatever the number of steps; down again nothing."""
    totals: dict[str, int] = {}
    charged = []
    for stay, before, level in (("s1", "", "1"), ("s2", "s1", "2"), ("s3", "s2", "3"), ("s4", "s3", "1")):
        result = compute(a_claim(("0801", 500_000), stay=stay, referred_from=before, level=level, before=totals, **STAY), DAY)
        charged.append(result.info.act_pay_dedc)
        totals = after(totals, result.uses)
    assert charged == [5_000, 5_000, 20_000, 0]


def test_what_a_stay_paid_is_taken_off_one_further_stay() -> None:
    """Two stays that both say they were referred from the first: the second of them pays its own deductible."""
    totals: dict[str, int] = {}
    charged = []
    for stay, before, level in (("s1", "", "1"), ("s2", "s1", "3"), ("s3", "s1", "3")):
        result = compute(a_claim(("0801", 500_000), stay=stay, referred_from=before, level=level, before=totals, **STAY), DAY)
        charged.append(result.info.act_pay_dedc)
        totals = after(totals, result.uses)
    assert charged == [5_000, 25_000, 30_000]


def test_a_referral_is_the_same_stay_where_the_nth_stay_counts() -> None:
    """The second hospital's figure for a first stay, less what the first hospital charged; the next admission is the second."""
    figures = [{"fen": [20_000, 10_000], "where": {"level": ["2"]}, "basis": "stay"}, {"fen": [90_000, 45_000], "basis": "stay"}]
    policy = a_policy(referral="runs-on", deductibles=figures)
    totals: dict[str, int] = {}
    charged = []
    for facts in ({"stay": "s1", "level": "2"}, {"stay": "s2", "referred_from": "s1"}, {"stay": "s3"}):
        result = by(policy, 500_000, before=totals, **facts)
        charged.append(result.info.act_pay_dedc)
        totals = after(totals, result.uses)
    assert charged == [20_000, 70_000, 45_000]


def test_the_bills_of_a_referred_stay_share_its_deductible() -> None:
    """A further bill of the second hospital takes off once what the first hospital charged."""
    totals: dict[str, int] = {}
    charged = []
    for fen, stay, before, level in ((100_000, "s1", "", "1"), (15_000, "s2", "s1", "3"), (100_000, "s2", "s1", "3")):
        result = compute(a_claim(("0801", fen), stay=stay, referred_from=before, level=level, before=totals, **STAY), DAY)
        charged.append(result.info.act_pay_dedc)
        totals = after(totals, result.uses)
    assert charged == [5_000, 15_000, 10_000]


@pytest.mark.parametrize("deductible", ["visit", "stay", "month", "year"])
@pytest.mark.parametrize("layer", ["stay", "month", "year"])
def test_bands_run_on_whatever_the_deductible_runs_on(deductible: str, layer: str) -> None:
    """A second bill begins where the first one ended beyond its deductible, not a deductible higher up."""
    bands = [{"to_fen": 100_000, "permille": 500}, {"permille": 900}]
    policy = a_policy(
        deductibles=[{"fen": [10_000], "basis": deductible}],
        layers=[{"fund": "hifp_pay", "basis": layer, "rows": [{"bands": bands}]}],
    )
    first = by(policy, 70_000, stay="s1")
    second = by(policy, 60_000, stay="s1", before=after({}, first.uses))
    eligible = 60_000 - second.info.act_pay_dedc
    assert first.info.hifp_pay == 30_000
    assert second.info.hifp_pay == 20_000 + (eligible - 40_000) * 9 // 10


def test_a_stay_that_ends_after_the_year_does_pays_one_deductible() -> None:
    """What a stay has paid belongs to the stay; the totals of a year belong to the year."""
    facts: dict[str, Any] = {"care": "inpatient", "insured_place": "320000", "registration": "long-term", "stay": "s1"}
    claim = a_claim(("0801", 1_000_000), **facts)
    names = []
    for day in (DAY, date(2027, 1, 8)):
        bill = a_bill(
            claim,
            {**body_of(claim, compute(claim, day))},
            scheme="medical-inpatient",
            home="320000",
            occurred_at=AT.replace(year=day.year, month=day.month, day=day.day),
        )
        assert INPATIENT.check(bill) is None
        names.append({one.account for one in INPATIENT.accumulations(bill)})
    assert names[0] & names[1] == {
        "320000.employee.p-0001.stay.s1.number",
        "320000.employee.p-0001.stay.s1.dedc",
    }
    assert "320000.employee.p-0001.2027.paid.basic" in names[1]


def test_totals_come_in_one_order() -> None:
    """Two machines name the totals of a bill in the same order."""
    claim = a_claim(("0801", 1_000_000), care="inpatient", insured_place="320000", registration="long-term", stay="s1")
    keys = [use.key for use in compute(claim, DAY).uses]
    assert keys[:5] == ["stay.s1.number", "stays", "stay.s1.dedc", "dedc.inpatient", "scope.inpatient"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"accounts": [{"holder": "p1", "granted_fen": 9_000}, {"holder": "p1", "granted_fen": 9_000}]}, "accounts"),
        ({"stay": "s1", "referred_from": "s1"}, "referred_from"),
    ],
)
def test_what_would_count_twice_is_malformed(facts: dict[str, Any], field: str) -> None:
    """One account named twice would pay twice; a stay referred from itself would take its deductible off twice."""
    with pytest.raises(Malformed, match=field):
        a_claim(**facts)


def test_at_home_is_not_a_class_for_care_elsewhere() -> None:
    """A bill from another province needs a class; said to be at home it would have the ratio of home without one."""
    claim = a_claim(("0801", 1_000_000), care="inpatient", registration="home")
    reason = INPATIENT.check(a_bill(claim, scheme="medical-inpatient"))
    assert reason is not None
    assert reason.code == "registration-needed"
    near = a_claim(("0801", 1_000_000), care="inpatient", registration="home", treating_place="310000")
    assert INPATIENT.check(a_bill(near, scheme="medical-inpatient", treating="310000", sender="31.hospital-fund")) is None


def test_a_bills_number_is_its_hospitals() -> None:
    """Two hospitals may both have a bill B1."""
    one, other = (OUTPATIENT.claims(a_bill(a_claim(hospital=hospital))) for hospital in ("H33010600001", "H33010600002"))
    assert one != other


def _row(**facts: Any) -> list[dict[str, Any]]:
    return [{**body_of(a_claim(), compute(a_claim(), DAY))["setldetail"][0], **facts}]


@pytest.mark.parametrize("detail", [_row(fund_payamt=1), _row(fund_pay_type="maf_pay"), [*_row(), *_row()], [], 5, [5], [{}]])
def test_the_rows_of_the_funds_are_those_of_the_split(detail: object) -> None:
    """What is told fund by fund sums to what is paid."""
    body = {**body_of(a_claim(), compute(a_claim(), DAY)), "setldetail": detail}
    reason = OUTPATIENT.check(a_bill(a_claim(), body))
    assert reason is not None
    assert reason.code == "split-differs"


def _patterns(node: object) -> list[str]:
    """Every pattern in a schema."""
    if isinstance(node, list):
        return [found for one in node for found in _patterns(one)]
    if not isinstance(node, dict):
        return []
    own = [node["pattern"]] if isinstance(node.get("pattern"), str) else []
    return own + [found for one in node.values() for found in _patterns(one)]


def test_every_pattern_of_a_message_holds_from_its_first_character_to_its_last() -> None:
    """Otherwise one number would have two spellings, each with claims and totals of its own."""
    shapes, seen = list(msgspec.Struct.__subclasses__()), []
    while shapes:
        shape = shapes.pop()
        shapes += shape.__subclasses__()
        if shape.__module__.startswith("cardstack.settlement."):
            seen.append(shape)
    patterns = _patterns(list(msgspec.json.schema_components(seen)))
    assert len(patterns) > 20
    assert [one for one in patterns if not (one.startswith(r"\A(?a:") and one.endswith(r")\Z"))] == []


@pytest.mark.parametrize("place", ["310000\n", "３１００００", "31000"])
def test_a_place_is_six_digits_and_nothing_else(place: str) -> None:
    """Another spelling of a place would have totals of its own."""
    with pytest.raises(Malformed, match="insured_place"):
        a_claim(insured_place=place)
