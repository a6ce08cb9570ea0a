"""Under what names a year's totals are kept: no other spelling of a person, an account or a place has totals of its own."""

import re
from datetime import date
from typing import Any

import msgspec
import pytest

from cardstack.errors import Malformed
from cardstack.settlement.bulk.medical_file import batches
from cardstack.settlement.medical.case import after
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.schemes.medical import OUTPATIENT, body_of, compute, scheme_for
from cardstack.settlement.services.registration import REGISTRATION
from cardstack.settlement.transaction import PSEUDONYM
from tests.unit.settlement.claims import DAY, a_claim
from tests.unit.settlement.test_medical_corners import a_policy, by
from tests.unit.settlement.test_medical_file import a_line
from tests.unit.settlement.test_medical_scheme import a_bill
from tests.unit.settlement.test_medical_year import Ledger, stay
from tests.unit.settlement.test_registration import FILED, sent

OTHERWISE = ["P-0001", "p-0001 ", " p-0001", "p 0001", "ｐ-0001", "p–0001", "p-0001\n", "p.0001", "-p", "张三", "p" * 33]
"""Spellings that a person or a machine might take for the same pseudonym, and what could be no pseudonym."""


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_pseudonym_has_one_spelling(name: str) -> None:
    """Refused by one code in the message and before it: another spelling would begin the year's totals anew."""
    for claim in (a_claim(person=name), a_claim(accounts=[{"holder": name, "granted_fen": 1}])):
        for reason in (OUTPATIENT.check(a_bill(claim)), scheme_for(claim, DAY)[1]):
            assert reason is not None
            assert reason.code == "pseudonym-malformed"


@pytest.mark.parametrize("name", [name for name in OTHERWISE if len(name) <= 32 and "\n" not in name])
def test_a_registration_and_a_monthly_file_write_it_so_too(name: str) -> None:
    """What is filed for a person is found by the bill's pseudonym, and the file names the same person."""
    assert REGISTRATION.check(sent("file", {**FILED, "person": name})) is not None
    if name == "p-0001 ":  # a column is padded with spaces
        return
    (batch,) = batches(a_line(1, psn_no="p-0001").replace(b"p-0001".ljust(32), name.encode("gb18030").ljust(32)))
    assert [(fault.code, fault.column) for fault in batch.faults] == [("line-malformed", "psn_no")]


@pytest.mark.parametrize("name", ["p", "0", "p-0001", "310000199001011234", "f" * 32, "p" + "-" * 31])
def test_what_pseudonyms_look_like(name: str) -> None:
    """Lower-case letters, digits and hyphens: a number, or half a keyed digest in hexadecimal."""
    assert re.fullmatch(PSEUDONYM, name)
    assert scheme_for(a_claim(person=name), DAY)[1] is None
    assert REGISTRATION.check(sent("file", {**FILED, "person": name})) is None
    (batch,) = batches(a_line(1, psn_no=name))
    assert batch.faults == ()


def test_a_bill_that_was_booked_under_another_spelling_is_still_read() -> None:
    """A ledger from before the rule is audited, and its bills are taken back, as they were booked."""
    claim = a_claim(person="P 0001")
    bill: Any = a_bill(claim, msgspec.to_builtins(body_of(claim, compute(claim, DAY))))
    assert OUTPATIENT.accumulations(bill)[0].account == "310000.employee.P 0001.2026.dedc.outpatient"


PLACES = [("310000", "310115"), ("330000", "330106"), ("330106", "330102"), ("330400", "330481"), ("330100", "330481")]


@pytest.mark.parametrize(("one", "other"), PLACES)
def test_a_person_has_one_year_wherever_in_the_province_the_bill_says_they_are_insured(one: str, other: str) -> None:
    """A district, its city, another city: the cap that one bill used up is used up for the next, the deductible paid."""
    ledger = Ledger(compute)
    stays = [stay(90_000_000, insured_place=place, stay=f"s{place}") for place in (one, other)]
    first, second = (ledger.settle(claim.insured_place, claim).info.hifp_pay for claim in stays)
    assert (first > 0, second) == (True, 0)
    visits = Ledger(compute)
    charged = [visits.settle(place, a_claim(("0101", 300_000), insured_place=place)).info.act_pay_dedc for place in (one, other)]
    assert charged[0] > 0
    assert charged[1] == 0


def test_an_account_is_one_wherever_in_the_province_its_holder_is_said_to_be() -> None:
    """Neither the patient's district nor the family member's city makes another account of it."""
    ledger = Ledger(compute)
    for place, own, paid in (("310000", "", 50_000), ("310115", "", 0), ("340100", "310104", 0)):
        account = {"holder": "p1", "granted_fen": 50_000, "place": own}
        claim = a_claim(("0101", 60_000), insured_place=place, accounts=[account], registration="long-term")
        assert ledger.settle(place, claim).info.acct_pay == paid
    with pytest.raises(Malformed, match="accounts"):
        a_claim(accounts=[{"holder": "p1", "granted_fen": 1, "place": place} for place in ("310104", "310115")])


def test_another_insurance_is_another_year() -> None:
    """Caps are counted by insurance, so that a person is insured as the bill says is the insured province's to confirm."""
    ledger = Ledger(compute)
    names = {insurance: ledger.settle(insurance, stay(90_000_000, insurance=insurance)) for insurance in ("employee", "resident")}
    assert all(split.info.hifp_pay for split in names.values())
    assert {".".join(account.split(".")[:3]) for account in ledger.totals} == {"310000.employee.p-0001", "310000.resident.p-0001"}


def test_funds_of_a_stay_have_totals_of_their_own() -> None:
    """What one fund looked at, or paid towards one cap, in the first bill of a stay is not another's in the second."""
    caps = [[{"fen": 60_000, "group": name, "basis": "stay"}] for name in ("one", "other")]
    policy = a_policy(
        layers=[
            {"fund": "hifp_pay", "basis": "stay", "rows": [{"bands": [{"permille": 500}], "caps": caps[0]}]},
            {"fund": "hifob_pay", "basis": "stay", "parts": ["share"], "rows": [{"bands": [{"permille": 500}], "caps": caps[1]}]},
            {
                "fund": "maf_pay",
                "basis": "stay",
                "parts": ["share"],
                "rows": [{"bands": [{"permille": 500}], "start_fen": 30_000}],
            },
        ]
    )
    whole = by(policy, 200_000, stay="s1").info
    first = by(policy, 100_000, stay="s1")
    second = by(policy, 100_000, stay="s1", before=after({}, first.uses)).info
    for fund in ("hifp_pay", "hifob_pay", "maf_pay"):
        assert getattr(first.info, fund) + getattr(second, fund) == getattr(whole, fund), fund


def in_hospital(hospital: str, fen: int = 500_000, **facts: Any) -> Claim:
    """A bill of an invented stay; Zhejiang's residents pay 800 yuan a stay in level 3."""
    return stay(fen, **{"insured_place": "330100", "treating_place": "310000", "hospital": hospital, "stay": "s1", **facts})


def charged(ledger: Ledger, claim: Claim, day: date) -> int:
    return ledger.settle(f"b{len(ledger.bills)}", claim, day).info.act_pay_dedc


NEW_YEARS_EVE, NEW_YEAR, LATER = date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 9)


def test_one_number_at_two_hospitals_is_two_stays() -> None:
    """Each is charged its own deductible, whichever sends its next bill first."""
    ledger = Ledger(compute)
    first = charged(ledger, in_hospital("H1"), NEW_YEAR)
    assert first > 0
    assert charged(ledger, in_hospital("H2"), NEW_YEAR) == first
    assert [charged(ledger, in_hospital(name), LATER) for name in ("H1", "H2")] == [0, 0]


def test_a_stay_that_began_before_goes_on_where_its_totals_are() -> None:
    """A ledger from before keeps them under the number alone; a bill need not say when the stay began."""
    ledger = Ledger(compute)
    assert charged(ledger, in_hospital("H1"), NEW_YEARS_EVE) > 0
    assert charged(ledger, in_hospital("H1"), LATER) == 0
    ledger = Ledger(compute)
    assert charged(ledger, in_hospital("H1"), NEW_YEARS_EVE) > 0
    assert charged(ledger, in_hospital("H1", admitted="2026-12-30"), LATER) == 0
    assert all("/" not in key for key in ledger.totals)


@pytest.mark.parametrize("day", [NEW_YEARS_EVE, NEW_YEAR])
def test_a_referral_names_the_hospital_it_comes_from(day: date) -> None:
    """The stay there is found, one that began before too; what it charged is taken off, even where both gave one number."""
    facts: dict[str, Any] = {"referred_from": "s1", "referred_hospital": "H1", "level": "3"}
    plain, ledger = Ledger(compute), Ledger(compute)
    alone = charged(plain, in_hospital("H2", level="3"), LATER)
    before = charged(ledger, in_hospital("H1", level="2"), day)
    assert 0 < before < alone
    name = "s1" if day == NEW_YEAR else "s2"
    assert charged(ledger, in_hospital("H2", **facts, stay=name), LATER) == alone - before


def test_a_referral_without_its_hospital_is_refused_from_then_on() -> None:
    """By one code in the message and before it; one that began earlier is found by its number."""
    claim = in_hospital("H2", stay="s2", referred_from="s1")
    reason = scheme_for(claim, NEW_YEAR)[1]
    assert reason is not None
    assert reason.code == "referral-unnamed"
    assert scheme_for(claim, NEW_YEARS_EVE)[1] is None
    with pytest.raises(Malformed):
        in_hospital("H1", referred_from="s1", referred_hospital="H1")
