"""Medical schemes on the ledger's seam: checks, postings, the shared totals of a year."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from cardstack.settlement.amending import Amendment, judging_by, plain, rows, texts
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.schemes import medical
from cardstack.settlement.schemes.medical import CHRONIC, INPATIENT, OUTPATIENT, body_of, compute
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.values import Fen
from tests.unit.settlement.claims import DAY, a_claim

AT = datetime(2026, 10, 12, 9, 30, tzinfo=SHANGHAI)


def a_bill(claim: Claim, body: dict[str, Any] | None = None, **facts: Any) -> Transaction:
    given: dict[str, Any] = {
        "id": MessageId.of("H33010600001", AT, 1),
        "scheme": "medical-outpatient",
        "kind": "settlement",
        "sender": Party("33.hospital-fund"),
        "home": "310000",
        "treating": "330100",
        "occurred_at": AT,
        "amount_fen": Fen(claim.total_fen),
        "body": body or {**body_of(claim, compute(claim, DAY)), "bill": "B1"},
    }
    return Transaction(**{**given, **facts})


def test_a_bill_becomes_a_posting_a_fund() -> None:
    """The Shanghai fund owes the Zhejiang hospitals' fund; accounts are the fund's too; cash is nobody's posting."""
    claim = a_claim(attributes=["civil-servant"], accounts=[{"holder": "p-0001", "granted_fen": 9_000}])
    bill = a_bill(claim)
    assert OUTPATIENT.check(bill) is None
    assert [(p.debtor, p.creditor, p.kind, p.amount_fen) for p in OUTPATIENT.postings(bill, DAY)] == [
        ("31.medical-fund", "33.hospital-fund", "hifp-pay", 35_000),
        ("31.medical-fund", "33.hospital-fund", "cvlserv-pay", 7_500),
        ("31.medical-account", "33.hospital-fund", "acct-pay", 9_000),
    ]
    assert OUTPATIENT.claims(bill) == ("bill.H33010600001.B1",)


def test_the_year_is_shared_through_its_totals() -> None:
    """Deductible, scope and account are declared with what they were, so that no place uses them twice."""
    claim = a_claim(before={"dedc.outpatient": 20_000}, accounts=[{"holder": "p-0001", "granted_fen": 9_000, "used_fen": 10}])
    found = {total.account: total[1:] for total in OUTPATIENT.accumulations(a_bill(claim))}
    assert found == {
        "310000.employee.p-0001.2026.dedc.outpatient": (30_000, 20_000, None),
        "310000.employee.p-0001.2026.scope.outpatient": (100_000, 0, None),
        "310000.account.p-0001": (8_990, 10, 9_000),
    }


def _changed(claim: Claim) -> dict[str, Any]:
    body = body_of(claim, compute(claim, DAY))
    return {**body, "split": {**body["split"], "hifp_pay": 35_001}}


@pytest.mark.parametrize(
    ("bill", "code"),
    [
        (a_bill(a_claim(), body={"claim": 1}), "claim-malformed"),
        (a_bill(a_claim(), body={"claim": msgspec.to_builtins(a_claim())}), "claim-malformed"),
        (a_bill(a_claim(), body=_changed(a_claim())), "split-differs"),
        (a_bill(a_claim(), amount_fen=Fen(1)), "total-differs"),
        (a_bill(a_claim(), home="320000"), "place-differs"),
    ],
)
def test_each_fault_has_its_reason(bill: Transaction, code: str) -> None:
    """The split is computed again from the same figures; a sender's word is not enough."""
    reason = OUTPATIENT.check(bill)
    assert reason is not None
    assert reason.code == code


def test_the_kinds_of_care_differ_in_parameters_only() -> None:
    """Delta outpatient care waives the registration; inpatient care does not, and neither settles the other."""
    bill = a_bill(a_claim())
    for scheme in (CHRONIC, INPATIENT):
        reason = scheme.check(bill)
        assert reason is not None
        assert reason.code == "care-not-covered"
    stay = a_claim(("0801", 1_000_000), care="inpatient")
    reason = INPATIENT.check(a_bill(stay))
    assert reason is not None
    assert reason.code == "registration-needed"


def test_a_place_that_settles_nobody_unregistered_says_so() -> None:
    """Its policy has no row for the unregistered: what is missing is the registration, not the benefit."""
    claim = a_claim(care="inpatient", registration="unregistered")
    sent = a_bill(claim, body=body_of(claim, compute(claim, DAY)), scheme="medical-inpatient")
    row = next(one for one in rows("medical/31", "policy") if "inpatient" in one["care"] and one["insurance"] == "employee")
    strict = {**plain(row), "since": "2026-02-01", "registrations": [{"name": "long-term"}, {"name": "referral"}]}
    with judging_by(texts(), [Amendment("medical/31", "policy", strict)]):
        reason = INPATIENT.check(sent)
    assert INPATIENT.check(sent) is None
    assert reason is not None
    assert (reason.code, reason.text.zh) == ("unregistered-refused", "参保地对未备案的此类费用不予直接结算")


def test_a_place_without_a_benefit_is_a_reason_not_an_error() -> None:
    """What a peer sent never raises out of a check."""
    claim = a_claim()
    body = body_of(claim, compute(claim, DAY))
    body["claim"]["insured_place"] = "110000"
    reason = OUTPATIENT.check(a_bill(claim, body=body, home="110000"))
    assert reason is not None
    assert reason.code == "no-benefit"


def test_the_explanation_is_the_splits() -> None:
    """Steps with rule and reference."""
    steps = OUTPATIENT.explain(a_bill(a_claim()), DAY)
    assert [step.name for step in steps][-1] == "psn_cash_pay"


def test_a_province_without_a_catalogue_has_none() -> None:
    """An unknown treating place has no items."""
    assert medical.catalogue("11") == {}
