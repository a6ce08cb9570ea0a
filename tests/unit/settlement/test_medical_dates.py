"""What happens to a bill where a figure or the year changes: within a stay, between two bills, or before a bill arrives."""

from datetime import date
from typing import Any

import pytest

from cardstack.settlement.amending import Amendment, judging_by, plain, rows, texts
from cardstack.settlement.medical.split import split
from cardstack.settlement.schemes import medical
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.test_medical_corners import a_policy
from tests.unit.settlement.test_medical_year import Ledger, stay

BEFORE, FROM, LATER = date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 10)


def changing(**changed: Any) -> Ledger:
    """A ledger where a policy of half from the pool, with a deductible of 1,000 yuan a stay and a cap, changes in July."""
    layer = {"fund": "hifp_pay", "rows": [{"bands": [{"permille": 500}], "caps": [{"fen": 500_000, "group": "basic"}]}]}
    given: dict[str, Any] = {"deductibles": [{"fen": [100_000, 40_000], "basis": "stay"}], "layers": [layer]}
    policies = (a_policy(**given), a_policy(**{**given, **changed, "since": "2026-07-01"}))
    return Ledger(lambda claim, day: split(claim, policies, medical.catalogue("33"), day))


@pytest.mark.parametrize(("figure", "charged"), [(60_000, 0), (100_000, 0), (130_000, 30_000)])
def test_a_stay_over_the_change_of_its_deductible_pays_the_difference_up(figure: int, charged: int) -> None:
    """The figure of the second bill's day, less what the stay has paid; what was paid by a higher one is not given back."""
    ledger = changing(deductibles=[{"fen": [figure], "basis": "stay"}])
    paid = [ledger.settle(str(day), stay(300_000, stay="s1"), day).info.act_pay_dedc for day in (BEFORE, LATER)]
    assert paid == [100_000, charged]


def test_one_bill_over_the_change_has_the_policy_of_the_day_it_is_settled() -> None:
    """The catalogue is that of each fee's own day, the policy that of the settlement's."""
    ledger = changing(layers=[{"fund": "hifp_pay", "rows": [{"bands": [{"permille": 800}]}]}])
    fees = [{"code": "0302", "price_fen": 300_000, "amount_fen": 300_000, "day": str(day)} for day in (BEFORE, FROM)]
    info = ledger.settle("b1", a_claim(care="inpatient", registration="long-term", stay="s1", lines=fees), LATER).info
    assert info.preselfpay_amt == 45_000  # the tablet left class B on 1 July
    assert info.hifp_pay == (600_000 - 45_000 - 100_000) * 80 // 100


@pytest.mark.parametrize(("cap", "second"), [(400_000, 0), (500_000, 50_000), (900_000, 450_000)])
def test_a_cap_that_changes_within_a_year_counts_what_was_paid_before(cap: int, second: int) -> None:
    """A lower one is used up and takes nothing back; a higher one gives the difference."""
    layer = {"fund": "hifp_pay", "rows": [{"bands": [{"permille": 500}], "caps": [{"fen": cap, "group": "basic"}]}]}
    ledger = changing(layers=[layer])
    bills = [(BEFORE, 1_000_000), (LATER, 2_000_000)]
    assert [ledger.settle(str(day), stay(fen, stay="s1"), day).info.hifp_pay for day, fen in bills] == [450_000, second]


def test_a_bill_that_arrives_late_has_the_figures_and_the_year_of_its_day() -> None:
    """And its place in that year behind what was booked before it; the new year does not see it."""
    ledger = Ledger(medical.compute)
    new_year, old_year = date(2026, 1, 3), date(2025, 12, 30)
    visit = a_claim(("0101", 55_000))
    assert ledger.settle("b1", visit, new_year).info.act_pay_dedc == 50_000
    assert ledger.settle("late", visit, old_year).info.act_pay_dedc == 55_000
    assert ledger.settle("later", visit, old_year).info.act_pay_dedc == 5_000
    assert ledger.settle("b2", visit, new_year).info.act_pay_dedc == 0
    years = {account.split(".")[3] for account in ledger.totals}
    assert years == {"2025", "2026"}


def test_a_stay_over_the_turn_of_the_year_is_no_stay_of_the_new_one() -> None:
    """Its deductible is paid once and its number stays; the next admission is the new year's first, with the new year's cap."""
    ledger = changing()
    first, last, following = date(2026, 12, 20), date(2027, 1, 8), date(2027, 2, 1)
    bills = [(first, "s1", 1_000_000), (last, "s1", 1_000_000), (following, "s2", 300_000)]
    infos = [ledger.settle(str(day), stay(fen, stay=name), day).info for day, name, fen in bills]
    assert [info.act_pay_dedc for info in infos] == [100_000, 0, 100_000]
    assert [info.hifp_pay for info in infos] == [450_000, 500_000, 0]
    assert ledger.totals["310000.employee.p-0001.2027.stays"] == 1


def test_a_bill_from_before_an_amendment_keeps_its_figures_whenever_it_arrives() -> None:
    """A figure that an installation added changes nothing for the days before it; corrections of such a bill neither."""
    row = next(one for one in rows("medical/31", "policy") if "outpatient" in one["care"] and str(one["since"]) == "2026-01-01")
    raised = {**plain(row), "since": "2026-07-01", "deductibles": [{"fen": [90_000]}]}
    visit = a_claim(("0101", 200_000), insurance=row["insurance"])
    with judging_by(texts(), [Amendment("medical/31", "policy", raised)]):
        ledger = Ledger(medical.compute)
        charged = [ledger.settle(str(day), visit, day).info.act_pay_dedc for day in (FROM, BEFORE)]
        (again,) = [one for one in ledger.again(**{str(BEFORE): visit}) if one.bill.day == BEFORE]
    assert charged == [90_000, 0]  # the year's deductible of 500 yuan was paid already
    assert again.funds_fen == {}
    with judging_by(texts(), [Amendment("medical/31", "policy", raised)]):
        assert Ledger(medical.compute).settle("b", visit, BEFORE).info.act_pay_dedc == 50_000
