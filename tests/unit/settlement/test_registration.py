"""Registration for care away from home: who files, what holds when, and the class of a visit that rests on it."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cardstack.errors import Malformed, Refused
from cardstack.settlement.envelope import seal
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.case import Filing, Visit, class_of, supported
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.services.registration import REGISTRATION, State, filings, subject_of
from cardstack.settlement.transaction import Party
from server.store import open_store
from server.store.posting import Submission
from server.store.telling import Recent, told
from tests.ledgers import NOON, arrival, bill, node_trust
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.test_services import code, message

CASE = {"case": "REG000001"}
APPLICATION = {
    **CASE,
    "person": "p1",
    "insurance": "employee",
    "registration": "referral",
    "since": "2026-10-03",
    "place": "330100",
}
FILED = {
    **CASE,
    "person": "p1",
    "insurance": "employee",
    "registration": "referral",
    "since": "2026-10-03",
    "until": "2027-04-03",
    "places": ["330100"],
}
HOME, AWAY = "31.medical-office", "33.medical-office"


def sent(kind: str, body: dict[str, Any], sender: str = HOME, serial: int = 1) -> Any:
    return message(REGISTRATION, kind, body, sender, serial)


def test_a_referral_is_applied_for_and_filed() -> None:
    """The treating hospital's place applies, the insured place files, the visit has its class until it is ended."""
    steps = [sent("apply", APPLICATION, AWAY), sent("remind", CASE, AWAY, 2), sent("file", FILED, HOME, 3)]
    assert [code(REGISTRATION, one) for one in steps] == [None] * 3
    assert REGISTRATION.state(steps) is State.FILED
    filed = filings(steps, "p1", "employee")
    assert filed == (Filing("referral", date(2026, 10, 3), date(2027, 4, 3), ("330100",)),)
    visit = Visit("330102", date(2026, 10, 1), date(2026, 10, 9))
    assert class_of(visit, filed) == "referral"
    ended = [*steps, sent("end", {**CASE, "ended_on": "2026-10-05"}, HOME, 4)]
    assert REGISTRATION.state(ended) is State.ENDED
    later = visit._replace(began=date(2026, 10, 6))
    assert (class_of(later, filings(ended, "p1", "employee")), class_of(later, filed)) == ("unregistered", "referral")


def test_only_the_insured_place_files_declines_and_ends() -> None:
    """And only the treating place applies."""
    wrong = (
        sent("file", FILED, AWAY),
        sent("decline", {**CASE, "ground": "documents"}, AWAY),
        sent("end", {**CASE, "ended_on": "2026-10-05"}, AWAY),
        sent("apply", APPLICATION, HOME),
    )
    assert {code(REGISTRATION, one) for one in wrong} == {"wrong-side"}
    with pytest.raises(Refused):
        REGISTRATION.state([sent("apply", APPLICATION, AWAY), sent("end", {**CASE, "ended_on": "2026-10-05"}, HOME, 2)])


@pytest.mark.parametrize(("sender", "outcome"), [(AWAY, "refused"), (HOME, "accepted")])
def test_only_the_insured_place_takes_back_what_it_filed_or_ended(tmp_path: Path, sender: str, outcome: str) -> None:
    """Bills rest on it: the treating place brings no registration back to life by reversing its end."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    steps = [sent("file", FILED), sent("end", {**CASE, "ended_on": "2026-10-05"}, serial=2)]
    steps.append(replace(sent("reversal", {}, sender, 3), reverses=steps[1].id))
    batches = [arrival(one, node=Node(Party(f"{one.sender.province}.node"), relays=True)) for one in steps]
    lines = [Submission(one.kept, [prepare(one.sealed.transaction(0), one.digest_of(0), one.node, SCHEMES)]) for one in batches]
    answers = [answer.outcome.value for (answer,) in store.submit(lines, steps[0].occurred_at)]
    asked = subject_of("31", "employee", "p1")
    with store.view() as view:
        ends = {one.until for one in filings(told(view, {REGISTRATION.name}, {asked}).about(asked), "p1", "employee")}
    assert answers == ["accepted", "accepted", outcome]
    assert ends == {date(2026, 10, 5) if outcome == "refused" else date(2027, 4, 3)}
    store.close()


@pytest.mark.parametrize(
    "facts",
    [
        {"registration": "waived"},
        {"places": []},
        {"places": ["33"]},
        {"until": "2026-10-02"},
        {"until": "2026-02-30"},
        {"since": "soon"},
    ],
)
def test_what_cannot_be_filed_is_refused(facts: dict[str, Any]) -> None:
    """An unknown class, nowhere, an end before the beginning, a day that is none."""
    assert code(REGISTRATION, sent("file", {**FILED, **facts})) == "content-malformed"


def test_filings_are_those_of_the_person_and_insurance() -> None:
    """Another person's, another insurance's, and one ended before it began are not this person's."""
    open_ended = {**FILED, "case": "REG000002", "registration": "long-term", "until": "", "places": ["330000"]}
    messages = [
        sent("file", FILED),
        sent("file", {**open_ended, "person": "p2"}, serial=2),
        sent("file", {**open_ended, "case": "REG000003", "insurance": "resident"}, serial=3),
        sent("file", {**open_ended, "case": "REG000004"}, serial=4),
        sent("end", {**CASE, "ended_on": "2026-10-02"}, serial=5),
        sent("end", {"case": "REG000002", "ended_on": "2026-12-31"}, serial=6),
        sent("decline", {"case": "REG000009", "ground": "other"}, serial=7),
    ]
    assert filings(messages, "p1", "employee") == (Filing("long-term", date(2026, 10, 3), None, ("330000",)),)
    assert filings(messages, "p2", "employee")[0].until == date(2026, 12, 31)


def test_registrations_of_one_large_batch_are_told(tmp_path: Path) -> None:
    """Also where the envelope is so large that it is kept compressed."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    filed = [sent("file", {**FILED, "case": f"REG{n:06d}", "person": f"p{n}"}, HOME, n) for n in range(1, 60)]
    one = arrival(*filed, node=Node(Party("31.node"), relays=True))
    lines = [prepare(each, one.digest_of(place), one.node, SCHEMES) for place, each in enumerate(filed)]
    (answers,) = store.submit([Submission(one.kept, lines)], filed[0].occurred_at)
    assert {answer.outcome.value for answer in answers} == {"accepted"}
    asked = subject_of("31", "employee", "p7")
    with store.view() as view:
        assert [each.body["case"] for each in told(view, {REGISTRATION.name}, {asked}).about(asked)] == ["REG000007"]
    store.close()


def test_a_stay_keeps_the_registration_that_it_began_under() -> None:
    """A later bill of the stay says when it began; without that day, only the days of its own fees count."""
    filed = [Filing("referral", date(2026, 10, 3), date(2026, 10, 31), ("330100",))]
    told: dict[str, Any] = {"care": "inpatient", "registration": "referral", "stay": "s1"}
    day = date(2026, 11, 9)
    assert not supported(a_claim(**told), day, filed)
    assert supported(a_claim(**told, admitted="2026-10-30"), day, filed)
    assert not supported(a_claim(**told, admitted="2026-10-02"), day, filed)
    for wrong in ({"stay": ""}, {"lines": [{"code": "0101", "amount_fen": 1, "price_fen": 1, "day": "2026-10-29"}]}):
        with pytest.raises(Malformed, match="admitted"):
            a_claim(**{**told, "admitted": "2026-10-30", **wrong})


def test_what_is_held_of_envelopes_is_bounded_by_their_size() -> None:
    """The one asked for last is held as long as it has room beside the others, and one that has none never is."""
    _, signer, leaf = node_trust()
    small, other, third, large = (seal([bill(n)] * many, signer, [leaf], NOON) for n, many in enumerate((1, 2, 2, 90)))
    recent = Recent(len(small) + len(other))
    first = recent.contents(small)
    kept = recent.contents(other)
    assert recent.contents(other) is kept
    assert recent.contents(small) is first
    assert len(recent.contents(large)) == 90
    assert recent.contents(large) is not recent.contents(large)
    assert recent.contents(small) is first
    recent.contents(third)
    assert recent.contents(small) is first
    assert recent.contents(other) is not kept
    with pytest.raises(Malformed):
        recent.contents(b"{}")


@pytest.mark.parametrize(
    ("registration", "until", "refusal"),
    [
        ("temporary", "2027-04-01", "registration-short"),
        ("referral", "2026-10-20", "registration-short"),
        ("emergency", "2026-10-03", "registration-short"),
        ("temporary", "2027-04-02", None),
        ("temporary", "", None),
        ("long-term", "2026-10-20", None),
    ],
)
def test_what_is_filed_for_a_time_holds_for_the_least_validity(registration: str, until: str, refusal: str | None) -> None:
    """Six months, the first day counted; a long-term one has none, and any may be ended before."""
    assert code(REGISTRATION, sent("file", {**FILED, "registration": registration, "until": until})) == refusal
    assert code(REGISTRATION, sent("end", {**CASE, "ended_on": "2026-10-05"})) is None
