"""The interface: signed transactions in, answers and problems out."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from http_message_signatures import HTTPMessageSigner

from cardstack.ca.certificate import Certificate
from cardstack.crypto.local import LocalSigner
from cardstack.errors import Malformed, Untrusted
from cardstack.settlement.audit import Fault
from cardstack.settlement.envelope import seal
from cardstack.settlement.receipt import read
from cardstack.settlement.transaction import Transaction
from server import signatures
from server.api.chinese import CHINESE, SAID, in_chinese, plain
from server.app import create_app
from server.config import Config
from server.identity import Identity
from server.signatures import Request, sign
from server.store import open_store
from server.store.store import Store
from tests.ledgers import HOSPITAL, NOON, SCHEMES, bill, enrol, message_id, node_trust


class Service(NamedTuple):
    """A service in process, and a node that may talk to it."""

    client: FlaskClient
    store: Store
    signer: LocalSigner
    certificate: bytes

    def send(self, *transactions: Transaction, path: str = "/transactions", **headers: str) -> Any:
        raw = seal(transactions, self.signer, [self.certificate], NOON)
        return self.client.post(path, data=raw, content_type="application/json", headers=headers)


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    settings = getattr(request, "param", {})
    identity = Identity(signer, (certificate,))
    clock = None if settings.get("sandbox") else lambda: NOON
    app = create_app(Config(home=tmp_path, **settings), store=store, trust=trust, clock=clock, identity=identity)
    yield Service(app.test_client(), store, signer, certificate)
    app.extensions["cardstack"].intake.close()
    store.close()


def test_a_signed_transaction_is_accepted_once(service: Service) -> None:
    """201 and where it stands; 200 with the same answer for a retry; 409 for other content under that id."""
    first = service.send(bill(1))
    assert (first.status_code, first.json["outcome"], first.json["window"]) == (201, "accepted", "toy-2026-11-22")
    again = service.send(bill(1))
    assert (again.status_code, again.json["outcome"], again.json["entry"]) == (200, "repeated", first.json["entry"])
    other = service.send(bill(1, 101))
    assert (other.status_code, other.json["facts"]["outcome"]) == (409, "conflicting")
    assert other.content_type == "application/problem+json"


def test_the_transaction_is_found_with_its_postings(service: Service) -> None:
    """Whoever lost the answer asks for the message id."""
    service.send(bill(1))
    found = service.client.get(f"/transactions/{message_id(1)}")
    assert found.json is not None
    assert (found.json["state"], found.json["postings"][0]["amount_fen"]) == ("posted", 80)
    assert service.client.get(f"/transactions/{message_id(2)}").status_code == 404


def test_a_batch_is_answered_line_by_line(service: Service) -> None:
    """What is refused does not hold back what is accepted."""
    answers = service.send(bill(1), bill(2, 13), bill(1), path="/batches").json["answers"]
    assert [one["outcome"] for one in answers] == ["accepted", "refused", "repeated"]
    assert (answers[1]["reason"], answers[1]["code"]) == ("unlucky", "CS-4026")


def test_windows_and_events_are_readable(service: Service) -> None:
    """Positions sum to zero, the cursor goes on."""
    service.send(bill(1))
    window = service.client.get("/windows/toy-2026-11-22").json
    assert window is not None
    assert {one["party"]: one["net_fen"] for one in window["positions"]}[HOSPITAL] == 80
    assert service.client.get("/windows").json == {
        "windows": [{key: window[key] for key in ("id", "cycle", "stage", "opened_at")}]
    }
    events = service.client.get("/events").json
    assert events is not None
    assert [one["kind"] for one in events["events"]] == ["envelope-accepted"]
    assert service.client.get(f"/events?after={events['next']}").json == {"events": [], "next": events["next"]}


def test_a_stranger_and_a_forger_are_turned_away(service: Service) -> None:
    """Another authority's node, a changed byte, and an old signature get their problem and book nothing."""
    _, signer, certificate = node_trust()
    foreign = Service(service.client, service.store, signer, certificate).send(bill(1))
    assert foreign.status_code == 403
    raw = seal(bill(1), service.signer, [service.certificate], NOON)
    forged = service.client.post("/transactions", data=raw.replace(b'"amount_fen":100', b'"amount_fen":900'))
    assert forged.json is not None
    assert (forged.status_code, forged.json["code"]) == (403, "CS-2001")
    old = seal(bill(1), service.signer, [service.certificate], NOON - timedelta(days=8))
    assert service.client.post("/transactions", data=old).json["code"] == "CS-4011"  # type: ignore[index]  # a problem is JSON
    assert service.store.transactions() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'{"format":"x","signature":"","signed":{}}', b"[" * 100_000])
def test_what_is_no_envelope_is_malformed(service: Service, body: bytes) -> None:
    """Any bytes get a problem document."""
    answer = service.client.post("/transactions", data=body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


def test_problems_are_said_in_the_language_asked_for(service: Service) -> None:
    """Chinese unless English is asked for, and the code has its page."""
    chinese = service.send(bill(1, 13)).json
    english = service.send(bill(1, 13), **{"Accept-Language": "en"}).json
    assert (chinese["title"], english["title"]) == ("不符合业务规则", "The scheme's rules refuse it")
    page = service.client.get(chinese["type"]).json
    assert page is not None
    assert page["code"] == chinese["code"]
    assert service.client.get("/problems/CS-0000").status_code == 404
    for tag, detail in (("zh", "envelope：内容不完整"), ("en", "envelope: Input data was truncated")):
        said = service.client.post("/transactions", data=b"", headers={"Accept-Language": tag})
        assert (said.headers["Content-Language"], said.headers["Vary"]) == (tag, "Accept-Language")
        answer = said.json
        assert answer is not None
        assert (answer["detail"], answer["details"][tag]) == (detail, detail)
    assert service.client.delete("/windows").json["code"] == "CS-4001"  # type: ignore[index]  # a problem is JSON


def test_the_interface_describes_itself_offline(service: Service) -> None:
    """OpenAPI 3.1 with a page of its own that needs no network."""
    description = service.client.get("/openapi/openapi.json").json
    assert description is not None
    assert description["openapi"].startswith("3.1")
    assert {"/transactions", "/batches", "/events", "/windows"} <= set(description["paths"])
    page = service.client.get("/openapi/swagger")
    assert page.status_code == 200
    assert b"//cdn" not in page.data


def said(part: Any) -> Iterator[str]:
    """What a description says to people."""
    if isinstance(part, list | dict):
        for name, one in part.items() if isinstance(part, dict) else enumerate(part):
            if name in SAID and isinstance(one, str):
                yield one
            else:
                yield from said(one)


@pytest.mark.parametrize("service", [{}, {"role": "province"}], indirect=True)
def test_the_description_is_in_the_language_asked_for(service: Service) -> None:
    """Every sentence of it, of a hub's and of a node's; what programs read is the same in both."""
    chinese, english = (service.client.get("/openapi/openapi.json", headers={"Accept-Language": tag}) for tag in ("zh-CN", "en"))
    assert [one.headers["Content-Language"] for one in (chinese, english)] == ["zh", "en"]
    missing = {plain(one) for one in said(english.json)} - CHINESE.keys()
    assert missing == set()
    assert not {one for one in said(chinese.json) if one.isascii()} - {""}
    assert in_chinese(english.json) == chinese.json
    assert list(said(chinese.json)) != list(said(english.json))


def test_the_service_says_how_it_is(service: Service) -> None:
    """Health and readiness."""
    assert service.client.get("/health").json["status"] == "ok"  # type: ignore[index]  # it is JSON
    assert service.client.get("/ready").json["status"] == "ready"  # type: ignore[index]  # it is JSON


def test_kept_envelopes_verify_long_after(service: Service) -> None:
    """The audit verifies each kept signature with the certificate that was vouched for, and each line's content."""
    service.send(bill(1), bill(2), path="/batches")
    report = service.store.audit()
    assert (report.entries, report.findings) == (2, ())
    with service.store.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER envelope_no_update")
        connection.exec_driver_sql('UPDATE envelope SET raw = CAST(replace(raw, \'"home":"31\', \'"home":"32\') AS BLOB)')
    faults = {one.fault for one in service.store.audit().findings}
    assert faults == {Fault.CONTENT, Fault.SIGNATURE}


def test_a_batch_gets_a_receipt_that_proves_the_answers(service: Service) -> None:
    """Signed by the service, kept beside the envelope; a changed answer is not proved by it."""
    raw = seal([bill(1), bill(2, 13)], service.signer, [service.certificate], NOON)
    body = service.client.post("/batches", data=raw).json
    assert body is not None
    receipt = read(b64decode(body["receipt"]))
    assert receipt.envelope == sha256(raw).digest()
    assert [one.outcome for one in receipt.answers] == ["accepted", "refused"]
    here = service.client.application.extensions["cardstack"]
    trusted = here.intake.trust.vouch(receipt.certificates, receipt.received_at)
    receipt.check(trusted)
    assert service.store.receipt(1) == b64decode(body["receipt"])
    forged = read(b64decode(body["receipt"]).replace(b"refused", b"stale"))
    with pytest.raises(Untrusted):
        forged.check(trusted)
    with pytest.raises(Malformed):
        read(b"{}")


@pytest.mark.parametrize("service", [{"signed_reads": True}], indirect=True)
def test_reading_can_need_a_signature(service: Service) -> None:
    """RFC 9421 by a registered node's certificate; anything missing, old or changed is turned away."""
    assert service.client.get("/windows").status_code == 401
    url = "http://localhost/windows?stage=open"

    def headers(at: datetime = NOON, url: str = url) -> dict[str, str]:
        return dict(sign(Request("GET", url, {}), service.signer, service.certificate, at))

    assert service.client.get(url, headers=headers()).status_code == 200
    assert service.client.get(url, headers=headers(NOON - timedelta(minutes=6))).status_code == 403
    assert service.client.get("/windows", headers=headers()).status_code == 403
    assert service.client.get(url, headers=headers() | {"Client-Cert": "x"}).status_code == 403
    assert service.client.get(url, headers=headers() | {"Signature-Input": "("}).status_code == 403
    _, other, certificate = node_trust()
    strange = dict(sign(Request("GET", url, {}), other, certificate, NOON))
    assert service.client.get(url, headers=strange).status_code == 403
    body = b'{"sender":"33.somebody","scheme":"toy","begin":"2026-11-22","end":"2026-11-22","totals":[]}'
    about = "http://localhost/reconciliation/totals"
    signed = dict(sign(Request("POST", about, {}, body), service.signer, service.certificate, NOON))
    answer = service.client.post(about, data=body, headers=signed, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (403, "CS-4006")  # type: ignore[index]  # a problem is JSON
    changed = body.replace(b"toy", b"tax")
    assert service.client.post(about, data=changed, headers=signed, content_type="application/json").status_code == 403


@pytest.mark.parametrize("service", [{"signed_reads": True}], indirect=True)
def test_a_signature_ends_when_its_signer_said(service: Service) -> None:
    """`expires` (RFC 9421 §2.3) holds beside the five minutes."""
    for seconds, status in ((-1, 403), (0, 200), (60, 200)):
        request = Request("GET", "http://localhost/windows", {"Client-Cert": f":{b64encode(service.certificate).decode()}:"})
        algorithm, key = (
            signatures._algorithm(service.signer.public.algorithm),
            Certificate.parse(service.certificate).fingerprint,
        )
        HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=signatures._Keys(service.signer)).sign(
            request,
            key_id=key,
            created=NOON,
            expires=NOON + timedelta(seconds=seconds),
            label="cardstack",
            covered_component_ids=signatures.COVERED,
        )
        assert service.client.get("/windows", headers=request.headers).status_code == status


def test_totals_first_then_lines(service: Service) -> None:
    """A day whose totals agree needs no lines; a lost answer, a wrong amount and a lone reversal are named."""
    service.send(bill(1, 100), bill(2, 200), bill(3, 300), path="/batches")
    service.send(bill(4, 300, reverses=message_id(3)))
    book = {"sender": "33.hospital.h33010600001", "scheme": "toy", "begin": "2026-11-22", "end": "2026-11-22"}
    day = {"day": "2026-11-22"}
    agreed = service.client.post("/reconciliation/totals", json=book | {"totals": [day | {"count": 2, "amount_fen": 300}]}).json
    assert agreed is not None
    assert agreed["equal"]
    other = service.client.post("/reconciliation/totals", json=book | {"totals": [day | {"count": 1, "amount_fen": 100}]}).json
    assert other is not None
    assert (other["equal"], other["days"][0]["our_fen"]) == (False, 300)
    lines = [day | {"id": message_id(1), "amount_fen": 101}, day | {"id": message_id(3), "amount_fen": 300}]
    found = service.client.post("/reconciliation/lines", json=book | {"lines": lines}).json
    assert found is not None
    assert [one["difference"] for one in found["mismatches"]] == ["amount", "missing-there", "state"]


def test_a_line_under_another_day_is_named(service: Service) -> None:
    """The totals of both days differ by it; and the last day that can be written is a day."""
    service.send(bill(1, 100))
    book = {"sender": "33.hospital.h33010600001", "scheme": "toy", "begin": "2026-11-21", "end": "2026-11-22"}
    theirs = {"day": "2026-11-21", "id": message_id(1), "amount_fen": 100}
    found: Any = service.client.post("/reconciliation/lines", json=book | {"lines": [theirs]}).json
    assert [(one["difference"], one["day"]) for one in found["mismatches"]] == [("group", "2026-11-21")]
    last = book | {"begin": "9999-12-31", "end": "9999-12-31", "lines": []}
    assert service.client.post("/reconciliation/lines", json=last).json == {"mismatches": []}


def test_a_book_is_compared_as_it_was_sent(service: Service) -> None:
    """Several totals of a day are taken together, none is passed over; a day outside the book is refused."""
    service.send(bill(1, 100), bill(2, 200), path="/batches")
    book = {"sender": "33.hospital.h33010600001", "scheme": "toy", "begin": "2026-11-22", "end": "2026-11-22"}

    def ask(what: str, *rows: dict[str, object]) -> Any:
        return service.client.post(f"/reconciliation/{what}", json=book | {what: rows})

    one = {"day": "2026-11-22", "count": 1, "amount_fen": 100}
    assert ask("totals", one, one | {"amount_fen": 200}).json["equal"]
    assert not ask("totals", one, one | {"count": 2, "amount_fen": 300}).json["equal"]
    stray = {"day": "2026-11-23", "id": message_id(1), "amount_fen": 100}
    for answer in (ask("totals", one | {"day": "2026-11-21"}), ask("lines", stray)):
        assert (answer.status_code, answer.json["facts"]) == (400, {"field": "day"})


@pytest.mark.parametrize("service", [{"sandbox": True}], indirect=True)
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z"])
def test_a_sandbox_is_not_set_to_where_nothing_can_be_counted(service: Service, moment: str) -> None:
    """The service would not answer again, not even to be set back."""
    assert service.client.put("/sandbox/clock", json={"moment": moment}).status_code == 422
    assert service.client.get("/health").status_code == 200


@pytest.mark.parametrize("service", [{"sandbox": True}], indirect=True)
def test_a_sandbox_can_be_set(service: Service) -> None:
    """The service lives in the moment it is told; a service that is no sandbox has no such address."""
    assert service.client.put("/sandbox/clock", json={"moment": NOON.isoformat()}).status_code == 200
    assert service.send(bill(1)).status_code == 201
    assert service.client.put("/sandbox/clock", json={"moment": "soon"}).status_code == 422


def test_what_is_pending_too_long_lapses(service: Service) -> None:
    """The ledger voids it with an entry of its own; nothing stays reserved and the audit agrees."""
    service.send(bill(1, pending=True, claim="a"), bill(2, pending=True), path="/batches")
    service.send(bill(3, posts=message_id(2)))
    assert service.store.lapse(NOON + timedelta(hours=23)) == 0
    assert service.store.lapse(NOON + timedelta(days=1, seconds=1)) == 1
    assert service.store.lapse(NOON + timedelta(days=2)) == 0
    states = [
        one.state.value for one in (service.store.transaction(message_id(1)), service.store.transaction(message_id(2))) if one
    ]
    assert states == ["lapsed", "posted"]
    assert service.send(bill(4, claim="a")).status_code == 201
    assert service.store.audit().findings == ()
    assert service.client.put("/sandbox/clock", json={"moment": NOON.isoformat()}).status_code == 404


def test_what_there_is_to_count(service: Service) -> None:
    """For Prometheus."""
    service.send(bill(1))
    text = service.client.get("/metrics").text
    assert "cardstack_ledger_entries 1.0" in text
    assert 'cardstack_windows{stage="open"} 1.0' in text


SECRET = "invented secret of thirty-two and more characters"


@pytest.mark.parametrize(
    "service",
    [
        {
            "signed_reads": True,
            "certificate_header": "X-Client-Certificate",
            "terminator_secret": SECRET,
        }
    ],
    indirect=True,
)
def test_mutual_tls_is_an_identity_where_the_terminator_proves_itself(service: Service) -> None:
    """The certificate it verified names the node, whole or by its SHA-256; without the secret nobody is named."""
    pem = quote(DER_cert_to_PEM_cert(service.certificate))
    whole = {"X-Client-Certificate": pem, "Cardstack-Terminator": SECRET}
    assert service.client.get("/windows", headers=whole).status_code == 200
    assert service.client.get("/windows", headers={"X-Client-Certificate": pem}).status_code == 401
    _, _, foreign = node_trust()
    stranger = whole | {"X-Client-Certificate": quote(DER_cert_to_PEM_cert(foreign))}
    assert service.client.get("/windows", headers=stranger).status_code == 403
    digest = whole | {"X-Client-Certificate": sha256(service.certificate).hexdigest()}
    assert service.client.get("/windows", headers=digest).status_code == 401
    service.send(bill(1))
    assert service.client.get("/windows", headers=digest).status_code == 200
