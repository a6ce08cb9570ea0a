"""Figures of the law as operators may add them: what would never be applied, or applied wrongly, is refused when it is read."""

from datetime import date
from typing import Any

import msgspec
import pytest

from cardstack.errors import CardstackError, Malformed
from cardstack.settlement.amending import Amendment, amend
from cardstack.settlement.calendar import known
from cardstack.settlement.medical.case import after
from cardstack.settlement.medical.clearing import Line, deadlines, sign
from cardstack.settlement.medical.policy import Entry, Policy
from cardstack.settlement.medical.split import split
from cardstack.settlement.prefund import Level, Prefund
from cardstack.settlement.scheme import shaped
from cardstack.settlement.schemes import medical
from cardstack.settlement.schemes.medical import OUTPATIENT, compute
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from tests.unit.settlement.claims import DAY, a_claim
from tests.unit.settlement.test_medical_corners import a_policy, by
from tests.unit.settlement.test_medical_scheme import a_bill

POOL: dict[str, Any] = {"fund": "hifp_pay", "rows": [{"bands": [{"permille": 800}]}]}
POLICY: dict[str, Any] = {
    "since": "2025-01-01",
    "reference": "invented",
    "place": "310000",
    "insurance": "employee",
    "care": ["inpatient"],
    "group": "inpatient",
    "layers": [POOL],
}


def layers(**row: Any) -> dict[str, Any]:
    return {"layers": [{**POOL, "rows": [{"bands": [{"permille": 800}], **row}]}]}


@pytest.mark.parametrize(
    "facts",
    [
        layers(bands=[{"permille": 800, "to_fen": 5}, {"permille": 900, "to_fen": 3}]),
        layers(bands=[{"permille": 800}, {"permille": 900, "to_fen": 3}]),
        layers(bands=[{"permille": 800, "to_fen": 5}, {"permille": 900, "to_fen": 5}]),
        layers(where={"age_from": 60, "age_below": 60}),
        layers(caps=[{"fen": 1, "group": ""}]),
        {"layers": [{**POOL, "fund": "hifp"}]},
        {"layers": [POOL, {**POOL, "fund": "maf_pay"}]},
        {"layers": [{**POOL, "payer": "Medical Fund"}]},
        {"referral": "run-on"},
        {"place": "31"},
        {"care": []},
        {"year_starts": 13},
    ],
)
def test_a_policy_that_would_not_be_applied_as_it_reads_is_refused(facts: dict[str, Any]) -> None:
    """Bands out of order, an unknown fund, a fund that looks at nothing, words with a slip: named, not passed over."""
    assert shaped([POLICY], "policy", Policy)
    with pytest.raises(Malformed, match="policy"):
        shaped([{**POLICY, **facts}], "policy", Policy)


@pytest.mark.parametrize("facts", [{"grade": "D"}, {"first_permille": 1001}, {"limit_fen": -1}, {"code": ""}])
def test_an_item_that_cannot_be_is_refused(facts: dict[str, Any]) -> None:
    """An unknown class, a share above the whole, a limit below nothing."""
    item = {"code": "1", "grade": "B", "since": "2025-01-01", "reference": "invented"}
    assert shaped([item], "item", Entry)
    with pytest.raises(Malformed, match="item"):
        shaped([{**item, **facts}], "item", Entry)


def test_a_quota_may_run_by_the_quarter() -> None:
    """A quarter's quota of chronic care: used up in October, still so in December, new in January."""
    cap = {"fen": 50_000, "group": "chronic", "basis": "quarter"}
    policy = a_policy(layers=[{"fund": "hifp_pay", "rows": [{"bands": [{"permille": 500}], "caps": [cap]}]}])
    first = by(policy, 90_000)
    totals = after({}, first.uses)
    assert first.info.hifp_pay == 45_000
    claim = a_claim(("0101", 90_000), care="inpatient", registration="long-term", before=totals)
    paid = [split(claim, (policy,), medical.catalogue("33"), day).info.hifp_pay for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert paid == [5_000, 45_000]
    assert "paid.chronic.2026Q4" in totals


@pytest.mark.parametrize("basis", ["visit", "stay", "month", "quarter", "year"])
def test_funds_that_share_a_cap_share_it_within_one_bill(basis: str) -> None:
    """The pool leaves 200 of 1,000 yuan to the large-sum fund, in one bill as in two; the row fund by fund says what was left."""
    caps = [{"fen": 100_000, "group": "both", "basis": basis}]
    policy = a_policy(
        layers=[
            {"fund": "hifp_pay", "rows": [{"bands": [{"permille": 800}], "caps": caps}]},
            {"fund": "hifob_pay", "parts": ["share", "over-cap"], "rows": [{"bands": [{"permille": 1000}], "caps": caps}]},
        ]
    )
    result = by(policy, 100_000, stay="s1")
    assert (result.info.hifp_pay, result.info.hifob_pay) == (80_000, 20_000)
    assert [row["crt_payb_lmt_amt"] for row in result.detail()] == [100_000, 20_000]
    result = by(policy, 200_000, stay="s1")
    assert (result.info.hifp_pay, result.info.hifob_pay) == (100_000, 0)
    assert all(use.cap is None or use.before + use.add <= use.cap for use in result.uses)


def test_a_familys_account_is_where_its_holder_is_insured() -> None:
    """One account named by two members insured in two places is one account; its own province owes what it pays."""
    father = {"holder": "p-father", "granted_fen": 30_000, "place": "340100"}
    claim = a_claim(accounts=[{"holder": "p-0001", "granted_fen": 10_000}, father])
    bill = a_bill(claim)
    accounts = [one.account for one in OUTPATIENT.accumulations(bill) if ".account." in one.account]
    assert accounts == ["310000.account.p-0001", "340000.account.p-father"]
    owed = {posting.debtor: posting.amount_fen for posting in OUTPATIENT.postings(bill, DAY) if posting.kind == "acct-pay"}
    assert owed == {"31.medical-account": 10_000, "34.medical-account": 30_000}
    twice = a_claim(accounts=[{"holder": "p", "granted_fen": 1}, {"holder": "p", "granted_fen": 1, "place": "340100"}])
    assert len(compute(twice, DAY).accounts) == 2
    with pytest.raises(CardstackError, match="accounts"):
        a_claim(accounts=[{"holder": "p", "granted_fen": 1}, {"holder": "p", "granted_fen": 1, "place": "310000"}])


def test_a_deadline_changes_from_its_day_on() -> None:
    """A figure that begins in 2027 leaves the months of 2026 as they were; an ended one is no deadline."""
    row = {
        "name": "declare",
        "title": "declared earlier / 提前申报",
        "day": 15,
        "since": "2026-10-01",
        "reference": "invented",
    }
    before = deadlines(date(2026, 8, 1), known())
    amend([Amendment("clearing", "step", row)])
    try:
        assert deadlines(date(2026, 8, 1), known()) == before
        after = {step.name: day for step, day in deadlines(date(2026, 10, 1), known()).items()}
        assert after["declare"] == date(2026, 11, 16)  # the 15th is a Sunday
        assert [*after] == [step.name for step in before]
    finally:
        amend([])


def test_a_line_of_a_later_month_waits_for_it() -> None:
    """A settlement of October is no line of September's cycle, whatever was answered."""
    line = Line("c", "v", "s", date(2026, 10, 1), 100, 50, "1")
    cleared = sign(date(2026, 9, 1), [line], date(2026, 10, 26))
    assert (cleared.lines, cleared.total_fen, cleared.too_late) == ((), 0, ())
    assert [one.cnfm_flag for one in cleared.carried] == [""]


def test_a_prepayment_that_gets_money_back_is_not_used_up() -> None:
    """Nothing held and less than nothing owed is no red warning."""
    one, other = Party("31.medical-fund"), Party("33.medical-fund")
    assert Prefund(one, other, Fen(0), Fen(-5)).level is Level.NORMAL
    assert Prefund(one, other, Fen(0), Fen(5)).level is Level.RED


def test_every_shipped_figure_is_read_by_its_shape() -> None:
    """And stays so when it is written and read again."""
    for policy in medical.policies():
        assert msgspec.convert(msgspec.to_builtins(policy), Policy) == policy
