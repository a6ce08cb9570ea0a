"""Pre-settlement: what a bill comes to on the year as the ledger holds it, and the body to send as it is."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from flask.testing import FlaskClient

from cardstack.crypto.local import LocalSigner
from cardstack.settlement.envelope import seal
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.services.registration import REGISTRATION
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.values import Fen
from server.app import create_app
from server.config import Config, Role
from server.signatures import Request, sign
from server.store import open_store
from server.store.posting import Submission
from server.store.store import Store
from tests.ledgers import NODE, NOON, arrival, enrol, message_id, node_trust
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.test_registration import FILED

PARTIES = tuple(Party(name) for name in ("31.medical-fund", "31.medical-account", "33.hospital-fund"))


class Service(NamedTuple):
    """A hub in process, and a hospital's node."""

    client: FlaskClient
    store: Store
    signer: LocalSigner
    certificate: bytes

    def ask(self, claim: Any, **further: Any) -> Any:
        body = {"claim": msgspec.to_builtins(claim), **further}
        return self.client.post("/presettlements", json=body, headers={"Accept-Language": "zh"})

    def send(self, serial: int, answer: Any, reverses: MessageId | None = None) -> str:
        """A message made of an answer, and its outcome."""
        sent = Transaction(
            id=message_id(serial),
            scheme=answer["scheme"],
            kind="settlement" if reverses is None else "reversal",
            sender=NODE.name,
            home="310000",
            treating="330100",
            occurred_at=NOON,
            amount_fen=Fen(answer["amount_fen"]),
            body=answer["body"] if reverses is None else {},
            reverses=reverses,
        )
        reply = self.client.post("/batches", data=seal([sent], self.signer, [self.certificate], NOON)).json
        assert reply is not None
        return str(reply["answers"][0]["outcome"])


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES), PARTIES)
    trust, signer, certificate = node_trust()
    config = Config(home=tmp_path, **getattr(request, "param", {}))
    app = create_app(config, store=store, trust=trust, clock=lambda: NOON, with_console=False)
    yield Service(app.test_client(), store, signer, certificate)
    app.extensions["cardstack"].intake.close()
    store.close()


def test_what_was_told_is_what_is_settled(service: Service) -> None:
    """Whatever the claim said of the year; a total that moved in between is `stale`, and asking again gives the rest."""
    purse = [{"holder": "p-0001", "granted_fen": 70_000, "used_fen": 70_000}]
    claim = a_claim(("0101", 40_000), accounts=purse, before={"dedc.outpatient": 7})
    first, second = service.ask(claim).json, service.ask(claim).json
    assert first == second
    assert first["body"]["split"]["act_pay_dedc"] == first["body"]["split"]["acct_pay"] == 40_000
    assert service.send(1, first) == "accepted"
    assert service.send(2, second) == "stale"
    again = service.ask(claim).json
    assert (again["body"]["split"]["act_pay_dedc"], again["body"]["split"]["hifp_pay"]) == (10_000, 21_000)
    assert {one["key"]: one["before_fen"] for one in again["totals"]} == {"dedc.outpatient": 40_000, "scope.outpatient": 40_000}
    assert service.send(3, again) == "accepted"


def test_after_a_reversal_the_year_is_as_before(service: Service) -> None:
    """The same claim is told the same again."""
    claim = a_claim(("0101", 90_000), accounts=[{"holder": "p-0001", "granted_fen": 70_000}])
    first = service.ask(claim).json
    assert service.send(1, first) == "accepted"
    assert service.ask(claim).json != first
    assert service.send(2, first, message_id(1)) == "accepted"
    assert service.ask(claim).json == first


def test_nothing_is_stored(service: Service) -> None:
    """Neither entry nor total nor event."""
    assert service.ask(a_claim()).status_code == 200
    assert service.store.transactions() == []
    with service.store.view() as view:
        assert view.all("SELECT account FROM total") == []


def test_every_step_is_told_with_its_rule(service: Service) -> None:
    """In both languages, in order, by the figures of the day that is asked for."""
    answer = service.ask(a_claim(), day="2025-10-12").json
    assert (answer["day"], answer["body"]["split"]["act_pay_dedc"]) == ("2025-10-12", 60_000)
    assert [step["name"] for step in answer["steps"]][:3] == ["item", "inscp_scp_amt", "act_pay_dedc"]
    assert all(step["what"]["zh"] and step["what"]["en"] and step["rule"] and step["reference"] for step in answer["steps"])
    assert service.ask(a_claim()).json["day"] == date(2026, 11, 22).isoformat()


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"care": "inpatient"}, 422, "CS-4018"),
        ({"registration": "home"}, 422, "CS-4018"),
        ({"care": "dental"}, 422, "CS-4018"),
        ({"insured_place": "110000"}, 409, "CS-3201"),
        ({"lines": [{"code": "9999", "amount_fen": 1, "price_fen": 1}]}, 409, "CS-3202"),
        ({"level": "9"}, 400, "CS-1000"),
        ({"care": "inpatient", "registration": "long-term", "stay": "s", "admitted": "2026-11-23"}, 400, "CS-1000"),
        ({"person": "P-0001"}, 422, "CS-4018"),
        ({"accounts": [{"holder": "p 1", "granted_fen": 1}]}, 422, "CS-4018"),
    ],
)
def test_what_would_be_refused_is_refused_now(service: Service, facts: dict[str, Any], status: int, code: str) -> None:
    """By the same checks as the message itself, in the language asked for."""
    reply = service.ask({**msgspec.to_builtins(a_claim()), **facts})
    assert (reply.status_code, reply.json["code"]) == (status, code)


@pytest.mark.parametrize("service", [{"signed_reads": True}], indirect=True)
def test_a_node_asks_for_its_own_provinces_people(service: Service) -> None:
    """Insured or treated there; a person of two other provinces is nobody's business here."""
    url = "http://localhost/presettlements"
    for places, status in ((("310000", "330100"), 200), (("330000", "340100"), 200), (("310000", "340100"), 403)):
        claim = a_claim(insured_place=places[0], treating_place=places[1])
        body = msgspec.json.encode({"claim": claim})
        headers = dict(sign(Request("POST", url, {}, body), service.signer, service.certificate, NOON))
        assert service.client.post(url, data=body, headers=headers, content_type="application/json").status_code == status
    assert service.ask(a_claim()).status_code == 401


@pytest.mark.parametrize("service", [{"role": Role.HOSPITAL}], indirect=True)
def test_a_nodes_own_ledger_does_not_know_the_year(service: Service) -> None:
    """Only the hub's does, so only the hub is asked."""
    assert service.ask(a_claim()).status_code == 404


def test_a_class_is_held_against_the_registration_that_was_sent(service: Service) -> None:
    """Of a person of whom nothing was sent the word stands; then only what is filed is told, and only that is settled."""
    stay = a_claim(("0101", 90_000), care="inpatient", registration="temporary")
    referred = a_claim(("0101", 90_000), care="inpatient", registration="referral")
    unfiled = a_claim(("0101", 90_000), care="inpatient", registration="unregistered")
    before = service.ask(referred).json
    assert service.ask(stay).status_code == 200
    filed = {**FILED, "person": "p-0001", "registration": "temporary"}
    told = Transaction(
        message_id(1), REGISTRATION.name, "file", Party("31.medical-office"), "310000", "330100", NOON, Fen(0), filed
    )
    home = Node(Party("31.node"), relays=True)
    sent = arrival(told, node=home)
    line = prepare(told, sent.digest_of(0), home, SCHEMES)
    ((answer,),) = service.store.submit([Submission(sent.kept, [line])], NOON)
    assert answer.stands
    for claim, code in ((referred, "registration-unsupported"), (unfiled, "registration-known")):
        reply = service.ask(claim)
        assert (reply.status_code, reply.json["code"], reply.json["facts"]["reason"]) == (422, "CS-4018", code)
    assert service.send(2, before) == "refused"
    assert service.send(3, service.ask(stay).json) == "accepted"


def test_a_bill_whose_last_cycle_is_over_is_told_now(service: Service) -> None:
    """By the refusal that the message would get, with the window; what corrects a bill that was taken back is still priced."""
    claim = a_claim(("0101", 90_000))
    first = service.ask(claim).json
    assert service.send(1, first) == "accepted"
    again = service.ask(claim).json
    for month in ("2026-11", "2026-12", "2027-01"):
        service.store.close_window(f"medical-{month}", actor="clerk", now=NOON)
    for named in ({}, {"instead_of": message_id(1)}, {"instead_of": "nonsense"}):
        reply = service.ask(claim, **named)
        assert (reply.status_code, reply.json["code"], reply.json["facts"]["reason"]) == (422, "CS-4018", "cycle-over")
        assert reply.json["detail"].endswith("：medical-2027-01")
    assert service.send(2, again) == "refused"
    assert service.send(3, first, message_id(1)) == "accepted"
    assert service.ask(claim).status_code == 422
    elsewhere, another_day = {"treating_place": "340100"}, {"day": "2026-11-21"}
    corrected = a_claim(("0101", 80_000))
    assert service.ask(msgspec.to_builtins(corrected) | elsewhere, instead_of=message_id(1)).status_code == 422
    assert service.ask(corrected, instead_of=message_id(1), **another_day).status_code == 422
    told = service.ask(corrected, instead_of=message_id(1)).json
    assert told["body"]["instead_of"] == message_id(1)
    assert service.send(4, told) == "accepted"


def test_a_reversal_of_a_part_is_none(service: Service) -> None:
    """It would take the whole back: refused, unless it says the whole amount or none."""
    first = service.ask(a_claim(("0101", 90_000))).json
    assert service.send(1, first) == "accepted"
    assert service.send(2, {**first, "amount_fen": 45_000}, message_id(1)) == "refused"
    assert service.send(3, {**first, "amount_fen": 0}, message_id(1)) == "accepted"


def test_a_bill_is_paid_once_whatever_care_it_is_said_to_be(service: Service) -> None:
    """Under the hospital's number, which is written in one way; one that cannot be claimed is refused."""
    claim, chronic = a_claim(), a_claim(care="chronic", disease="diabetes", registration="long-term")

    def numbered(serial: int, asked: Claim, bill: object) -> str:
        told = service.ask(asked).json
        return service.send(serial, {**told, "body": {**told["body"], "bill": bill}})

    assert [numbered(1, claim, "B1"), numbered(2, claim, "B1"), numbered(3, chronic, "B1")] == [
        "accepted",
        "duplicate",
        "duplicate",
    ]
    wrong = (2, "", " B2", "B\n2", "B" * 65)
    assert [numbered(serial, claim, bill) for serial, bill in enumerate(wrong, 4)] == ["refused"] * len(wrong)
    assert numbered(20, chronic, "B2") == "accepted"


def test_a_correction_stands_in_for_what_was_taken_back(service: Service) -> None:
    """While the first stands it would be paid beside it, in time as after the last cycle, and by any kind of care once."""
    claim = a_claim(("0101", 90_000))
    chronic = a_claim(care="chronic", disease="diabetes", registration="long-term")
    assert service.send(1, service.ask(claim).json) == "accepted"

    def corrected(serial: int, asked: Claim, of: object) -> str:
        told = service.ask(asked).json
        return service.send(serial, {**told, "body": {**told["body"], "instead_of": of if isinstance(of, int) else str(of)}})

    assert service.ask(claim, instead_of=message_id(1)).json["facts"]["reason"] == "not-taken-back"
    assert [corrected(2, claim, of) for of in (message_id(1), message_id(9), "nonsense", 7)] == ["refused"] * 4
    assert service.send(3, service.ask(claim).json, message_id(1)) == "accepted"
    assert service.ask(claim, instead_of=message_id(1)).status_code == 200
    assert [corrected(4, claim, message_id(1)), corrected(5, chronic, message_id(1))] == ["accepted", "duplicate"]


def test_an_item_that_is_in_no_catalogue_is_named_by_its_line(service: Service) -> None:
    """Which of many it is; its code is not said."""
    reply = service.ask(a_claim(("0101", 1), ("9999", 1), ("0102", 1)))
    assert (reply.json["code"], reply.json["detail"], reply.json["facts"]) == ("CS-3202", "lines[1]", {"field": "lines[1]"})


def test_the_last_days_of_the_calendar_are_days_too(service: Service) -> None:
    """The cycles of a day end before the calendar does."""
    assert service.ask(a_claim(), day="9999-12-31").status_code == 200


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"lines": [{"code": "9999", "amount_fen": 100_000, "price_fen": 100_000}]}, "item-unknown"),
        ({"hospital_part_fen": 100_000}, "hospital-part"),
    ],
)
def test_a_message_is_told_which_of_its_figures_is_unknown(service: Service, facts: dict[str, Any], reason: str) -> None:
    """Not that the insured place has no benefit."""
    told = service.ask(a_claim()).json
    told["body"]["claim"] |= facts
    assert service.send(1, told) == "refused"
    found: Any = service.client.get(f"/refusals/{message_id(1)}").json
    assert [one["reason"] for one in found["refusals"]] == [reason]


def test_a_registration_that_never_held_is_not_as_if_none_was_sent(service: Service) -> None:
    """Ended before it began, it gives no class; the province tells of that person, so no other class is taken on the word."""
    filed = {**FILED, "person": "p-0001", "registration": "temporary", "since": "2026-11-20", "until": "2027-06-01"}
    home = Node(Party("31.node"), relays=True)
    for serial, kind, body in ((1, "file", filed), (2, "end", {"case": FILED["case"], "ended_on": "2026-11-10"})):
        told = Transaction(
            message_id(serial), REGISTRATION.name, kind, Party("31.office"), "310000", "330100", NOON, Fen(0), body
        )
        sent = arrival(told, node=home)
        ((answer,),) = service.store.submit([Submission(sent.kept, [prepare(told, sent.digest_of(0), home, SCHEMES)])], NOON)
        assert answer.stands
    answers = {
        name: service.ask(a_claim(care="inpatient", registration=name)).status_code
        for name in ("referral", "temporary", "unregistered", "emergency")
    }
    assert answers == {"referral": 422, "temporary": 422, "unregistered": 200, "emergency": 200}
