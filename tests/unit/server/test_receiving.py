"""Batches that are durable before they are judged: nothing is lost between the two, nothing is booked twice."""

import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from cardstack.crypto.local import LocalSigner
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.audit import Fault
from cardstack.settlement.envelope import seal, seal_lines
from cardstack.settlement.node import Node
from cardstack.settlement.receipt import read
from cardstack.settlement.transaction import Party, Transaction
from cardstack.settlement.wire import canonical
from server.app import create_app
from server.client import Client
from server.config import Config
from server.identity import Identity
from server.serving import in_background
from server.store import open_store, refusals
from server.store.receiving import Arrival, Ask
from server.store.store import Store
from server.trusting import Trust
from tests.ledgers import FUND, HOSPITAL, NOON, SCHEMES, Toy, arrival, bill, enrol, message_id, node_trust, submission

ROOT = Path(__file__).resolve().parents[3]
DAY = "toy-2026-11-22"


def take(store: Store, one: Arrival) -> list[Answer]:
    (received,) = store.take_in([one], NOON)
    return list(received.answers)


def outcomes(answers: "list[Answer] | tuple[Answer, ...]") -> list[Outcome]:
    return [one.outcome for one in answers]


def final(store: Store, one: Arrival) -> list[Outcome]:
    found = store.batch(one.kept.digest)
    assert found is not None
    return outcomes(found.answers)


def test_a_received_batch_is_durable_then_judged(store: Store) -> None:
    """It waits under its ids, the audit knows it, and posting answers every line as one commit would have."""
    batch = arrival(bill(1), bill(2, 13), bill(3, claim="a"), bill(4, claim="a"))
    assert outcomes(take(store, batch)) == [Outcome.RECEIVED] * 4
    assert (store.waiting(), store.waiting(message_id(1)), store.transaction(message_id(1))) == (4, 1, None)
    report = store.audit(signatures=False)
    assert (report.waiting, report.entries, report.findings) == (4, 0, ())
    assert final(store, batch) == [Outcome.RECEIVED] * 4
    assert store.post_waiting(NOON)[1] == 4
    assert final(store, batch) == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert store.post_waiting(NOON) == (0, 0)
    report = store.audit(signatures=False)
    assert (report.waiting, report.entries, report.findings) == (0, 2, ())
    assert [one.kind for one in store.events()] == ["envelope-received", "envelope-accepted"]


def test_what_can_be_said_at_once_is_said_in_order(store: Store) -> None:
    """Malformed, not yours, repeated, conflicting, received; a second time the lines that wait are repeated."""
    store.submit([submission(bill(1))], NOON)
    lines = (bill(0), bill(5, sender=Party("33.someone-else")), bill(1), bill(1, 7), bill(2), bill(2), bill(2, 7))
    batch = arrival(*lines, broken={0: b'{"id":"H33010600001202611221200000099"}'})
    said = take(store, batch)
    wanted = [Outcome.MALFORMED, Outcome.NOT_YOURS, Outcome.REPEATED, Outcome.CONFLICTING]
    wanted += [Outcome.RECEIVED, Outcome.REPEATED, Outcome.CONFLICTING]
    assert outcomes(said) == wanted
    assert (said[0].id, said[2].entry, said[5].state) == ("H33010600001202611221200000099", 1, "received")
    again = take(store, arrival(bill(2), bill(2, 7), bill(3)))
    assert outcomes(again) == [Outcome.REPEATED, Outcome.CONFLICTING, Outcome.RECEIVED]
    store.post_waiting(NOON)
    wanted[4] = Outcome.ACCEPTED
    assert final(store, batch) == wanted
    assert store.audit(signatures=False).findings == ()


def test_batches_of_one_commit_know_of_each_other(store: Store) -> None:
    """What comes together is answered as if it had come one after the other, and is judged so."""
    batches = [arrival(bill(1), bill(2)), arrival(bill(3), bill(2)), arrival(bill(2, 7), bill(4)), arrival(bill(5))]
    said = [outcomes(list(one.answers)) for one in store.take_in(batches, NOON)]
    new, again, other = Outcome.RECEIVED, Outcome.REPEATED, Outcome.CONFLICTING
    assert said == [[new, new], [new, again], [other, new], [new]]
    assert (store.waiting(), store.audit(signatures=False).findings) == (5, ())
    store.post_waiting(NOON)
    judged = [final(store, one)[place] for one, place in zip(batches, (1, 1, 0, 0), strict=True)]
    assert judged == [Outcome.ACCEPTED, again, other, Outcome.ACCEPTED]
    assert store.audit(signatures=False).findings == ()


def test_a_long_message_is_kept_compressed_and_read_as_it_came(store: Store) -> None:
    """Byte for byte; one that was tampered with is told by its digest, also where it no longer decompresses."""
    batch = arrival(*(bill(serial) for serial in range(1, 100)))
    (received,) = store.take_in([batch], NOON)
    assert received.envelope is not None
    with store.view() as view:
        ((written,),) = view.all("SELECT raw FROM envelope")
    assert len(written) * 5 < len(batch.kept.raw)
    kept = store.envelope(received.envelope)
    assert kept is not None
    assert kept.raw == batch.kept.raw
    spoilt = bytes(written[:40]) + bytes([written[40] ^ 1]) + bytes(written[41:])
    with store.database.writing() as connection:
        trigger = "envelope_no_update" if store.database.is_sqlite else "envelope_only_added ON envelope"
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        store.database.run(connection, "UPDATE envelope SET raw = ?", [(spoilt,)])
    kept = store.envelope(received.envelope)
    assert kept is not None
    assert sha256(kept.raw).digest() != kept.digest


def test_a_line_that_comes_directly_does_not_overtake_one_that_waits(store: Store) -> None:
    """Whoever submits a waiting id, or something about it, finds it judged; what is unrelated does not wait for it."""
    take(store, arrival(bill(1), bill(2, pending=True)))
    take(store, arrival(bill(3)))
    take(store, arrival(bill(4)))
    assert outcomes(store.submit([submission(bill(9))], NOON)[0]) == [Outcome.ACCEPTED]
    assert store.waiting() == 4
    assert outcomes(store.submit([submission(bill(10, posts=message_id(2)))], NOON)[0]) == [Outcome.ACCEPTED]
    assert store.waiting() == 2
    assert outcomes(store.submit([submission(bill(3, 7), bill(3))], NOON)[0]) == [Outcome.CONFLICTING, Outcome.REPEATED]
    assert store.waiting() == 1
    assert store.audit(signatures=False).findings == ()


def test_the_node_that_relays_still_does_when_its_lines_are_judged(store: Store) -> None:
    """What was its right at the receipt is its right at the judgement, even by a process that did not receive it."""
    hub = Node(Party("33.hub"), relays=True)
    batch = arrival(bill(1), node=hub)
    assert outcomes(take(store, batch)) == [Outcome.RECEIVED]
    store.post_waiting(NOON)
    assert final(store, batch) == [Outcome.ACCEPTED]


def test_the_audit_sees_a_line_that_vanished(store: Store) -> None:
    """A waiting line that was taken away, or put there, does not follow from the envelope."""
    take(store, arrival(bill(1), bill(2)))
    with store.database.writing() as connection:
        store.database.run(connection, "DELETE FROM received WHERE id = ?", [(str(message_id(2)),)])
    assert [one.fault for one in store.audit(signatures=False).findings] == [Fault.WAITING]


def test_refused_lines_can_be_looked_up_for_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """By message id or the newest, with why; the oldest make room, and old ones go."""
    monkeypatch.setattr(refusals, "KEPT_MAX", 3)
    store.submit([submission(bill(1, 13))], NOON)
    (one,) = store.refusals(message_id(1))
    assert (one.outcome, one.reason, one.node, one.line) == ("refused", "unlucky", "33.hospital.h33010600001", 0)
    take(store, arrival(bill(2, 13), bill(3, 13), bill(4, 13)))
    store.post_waiting(NOON)
    assert [one.id for one in store.refusals()] == [message_id(4), message_id(3), message_id(2)]
    assert store.refusals(message_id(1)) == []
    store.submit([submission(bill(5, 13))], NOON + refusals.KEPT_FOR + timedelta(seconds=1))
    assert [one.id for one in store.refusals()] == [message_id(5)]


class Careless(Toy):
    """A scheme that fails on content it did not think of."""

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        return (str(100 // int(transaction.body.get("claim", 1))),)


@pytest.mark.parametrize("content", [0, "none"])
def test_a_scheme_that_fails_on_a_line_stops_no_other(store: Store, content: object) -> None:
    """That line is refused with a reason of its own; its batch and those after it are judged."""
    store.schemes = {"toy": Careless()}
    first, after = arrival(bill(1), bill(2, claim=content)), arrival(bill(3, claim=7))
    for one in (first, after):
        take(store, one)
    while store.post_waiting(NOON)[1]:
        pass
    assert final(store, first) == [Outcome.ACCEPTED, Outcome.REFUSED]
    assert final(store, after) == [Outcome.ACCEPTED]
    assert [one.reason for one in store.refusals()] == ["not-judged"]


HUGE = 2**53 - 1


def test_a_batch_that_cannot_be_booked_does_not_stop_the_others(store: Store) -> None:
    """Its lines are refused with a reason, whether they overflow alone or with what is there; the ledger stays whole."""
    fine, huge, after = arrival(bill(1)), arrival(*(bill(10 + serial, HUGE) for serial in range(1400))), arrival(bill(2))
    for one in (fine, huge, after):
        take(store, one)
    while store.post_waiting(NOON)[1]:
        pass
    assert final(store, fine) == final(store, after) == [Outcome.ACCEPTED]
    assert set(final(store, huge)) == {Outcome.REFUSED}
    assert {one.reason for one in store.refusals(message_id(10))} == {"not-booked"}
    for start in (2000, 3000):
        take(store, arrival(*(bill(start + serial, HUGE) for serial in range(700))))
        store.post_waiting(NOON)
    report = store.audit(signatures=False)
    assert (report.entries, report.waiting, report.findings) == (702, 0, ())


RECEIVING = """
import sys
from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, Toy, arrival, bill
store = Store(sys.argv[1], SCHEMES)
for number in range(100_000):
    (received,) = store.take_in([arrival(*(bill(number * 10 + line) for line in range(10)))], NOON)
    print(number, received.answers[9].outcome.value, flush=True)
    if number % 3 == 2:
        store.post_waiting(NOON)
"""


def test_nothing_received_is_lost_when_the_process_is_killed(ledger_url: str) -> None:
    """SIGKILL between receipt and posting, or in the middle of either: another process posts every line exactly once."""
    process = subprocess.Popen([sys.executable, "-c", RECEIVING, ledger_url], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(11)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    received = [int(words[0]) for line in lines if (words := line.split())[1:] == ["received"]]
    assert len(received) >= 11
    store = open_store(ledger_url, SCHEMES)
    assert store.audit(signatures=False).findings == ()
    while store.post_waiting(NOON, Ask(25))[1]:
        pass
    for serial in (number * 10 + line for number in received for line in range(10)):
        assert store.transaction(message_id(serial)) is not None
    report = store.audit(signatures=False)
    assert (report.waiting, report.findings) == (0, ())
    assert report.entries in (len(received) * 10, len(received) * 10 + 10)
    store.close()


RIVAL = """
import sys
from server.store.receiving import Ask
from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, Toy, arrival, bill
store = Store(sys.argv[1], SCHEMES)
said = []
for number in range(40):
    (received,) = store.take_in([arrival(*(bill(number * 5 + line) for line in range(5)))], NOON)
    said += [one.outcome.value for one in received.answers]
    store.post_waiting(NOON, Ask(10))
while store.post_waiting(NOON, Ask(10))[1]:
    pass
print(said.count("received"), said.count("repeated"), len(said))
"""


def test_two_processes_receive_and_post_the_same_ids(ledger_url: str) -> None:
    """Every id is received by one of them and repeated to the other, and booked once, whoever posts it."""
    rivals = [
        subprocess.Popen(
            [sys.executable, "-c", RIVAL, ledger_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True
        )
        for _ in range(2)
    ]
    counts = []
    for rival in rivals:
        out, err = rival.communicate(timeout=120)
        assert rival.returncode == 0, err
        counts.append([int(word) for word in out.split()])
    assert [sum(numbers) for numbers in zip(*counts, strict=True)] == [200, 200, 400]
    store = open_store(ledger_url, SCHEMES)
    report = store.audit(signatures=False)
    assert (report.entries, report.waiting, report.findings) == (200, 0, ())
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: -16_000, HOSPITAL: 16_000}
    store.close()


class Service(NamedTuple):
    """A service in process, and a node that may talk to it."""

    client: FlaskClient
    store: Store
    signer: LocalSigner
    certificate: bytes
    trust: Trust

    def send(self, *lines: bytes, path: str = "/batches", **headers: str) -> Any:
        raw = seal_lines(lines, self.signer, [self.certificate], NOON)
        return self.client.post(path, data=raw, content_type="application/json", headers=headers)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    identity = Identity(signer, (certificate,))
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON, identity=identity)
    yield Service(app.test_client(), store, signer, certificate, trust)
    app.extensions["cardstack"].intake.close()
    store.close()


def test_a_caller_may_prefer_to_be_answered_before_judgement(service: Service) -> None:
    """202 with a receipt and an address, where the outcomes and their own receipt are found later."""
    answer = service.send(canonical(bill(1)), canonical(bill(2, 13)), Prefer="respond-async")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")
    assert [one["outcome"] for one in answer.json["answers"]] == ["received"] * 2
    receipt = read(b64decode(answer.json["receipt"]))
    receipt.check(service.trust.vouch(receipt.certificates, receipt.received_at))
    assert (receipt.all_received, receipt.answers) == (2, ())
    waited = service.send(canonical(bill(3)), Prefer='respond-async, wait="20"')
    assert (waited.status_code, waited.json["answers"][0]["outcome"], waited.json["state"]) == (200, "accepted", "posted")
    found = service.client.get(answer.headers["Location"]).json
    assert found is not None
    assert (found["state"], [one["outcome"] for one in found["answers"]]) == ("posted", ["accepted", "refused"])
    outcome = read(b64decode(found["receipt"]))
    outcome.check(service.trust.vouch(outcome.certificates, outcome.received_at))
    assert (outcome.envelope, outcome.answers[0].entry) == (receipt.envelope, found["answers"][0]["entry"])
    assert service.client.get(f"/batches/{'0' * 64}").status_code == 404


def test_without_the_preference_every_line_is_judged_first(service: Service) -> None:
    """As always; and the batch can be asked for all the same. A malformed line does not spoil the others."""
    answer = service.send(canonical(bill(1)), b'{"amount_fen":-1}', canonical(bill(2)), Prefer="wait=5")
    assert (answer.status_code, [one["outcome"] for one in answer.json["answers"]]) == (
        200,
        ["accepted", "malformed", "accepted"],
    )
    assert (answer.json["answers"][1]["id"], answer.json["answers"][1]["code"]) == ("", "CS-4032")
    found = service.client.get(f"/batches/{answer.json['batch']}").json
    assert found is not None
    assert (found["answers"], found["state"]) == (answer.json["answers"], "posted")
    assert service.store.audit().findings == ()
    alone = service.send(b'{"amount_fen":-1}', path="/transactions")
    assert (alone.status_code, alone.content_type) == (400, "application/problem+json")


def test_a_message_that_waits_is_found_and_a_refused_one_has_its_reason(service: Service) -> None:
    """202 by its id while it waits; what was refused is looked up among the refusals."""
    service.store.take_in([arrival(bill(1), bill(2, 13))], NOON)
    found = service.client.get(f"/transactions/{message_id(1)}")
    assert found.json is not None
    assert (found.status_code, found.json["outcome"], found.headers["Retry-After"]) == (202, "received", "1")
    service.store.post_waiting(NOON)
    assert service.client.get(f"/transactions/{message_id(1)}").status_code == 200
    assert service.client.get(f"/transactions/{message_id(2)}").status_code == 404
    refused = service.client.get(f"/refusals/{message_id(2)}", headers={"Accept-Language": "en"}).json
    assert refused is not None
    assert [(one["outcome"], one["reason_text"]) for one in refused["refusals"]] == [("refused", "thirteen")]


def test_one_transaction_may_prefer_it_too(service: Service) -> None:
    """202 for one; sent again without the preference, its outcome."""
    raw = seal([bill(1)], service.signer, [service.certificate], NOON)
    first = service.client.post("/transactions", data=raw, headers={"Prefer": "respond-async"})
    assert first.json is not None
    assert (first.status_code, first.json["outcome"]) == (202, "received")
    again = service.client.post("/transactions", data=raw)
    assert again.json is not None
    assert (again.status_code, again.json["outcome"], again.json["state"]) == (200, "repeated", "posted")


def test_the_client_sends_first_and_asks_later(tmp_path: Path) -> None:
    """`receive_batch`, `batch` and `refusals` of the client, over a connection."""
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON, with_console=False)
    with in_background(app) as url:
        client = Client(url, signer, [certificate])
        assert client.receive_batch([bill(1)], NOON)["state"] in ("received", "posted")
        judged = client.receive_batch([bill(2, 13)], NOON, wait=20)
        assert client.batch(judged["batch"])["answers"] == judged["answers"]
        assert [one["reason"] for one in client.refusals(message_id(2))] == ["unlucky"]
        client.close()
    app.extensions["cardstack"].intake.close()
    store.close()


def test_a_service_that_starts_judges_what_waited(tmp_path: Path) -> None:
    """A batch that was received before the service died is posted by the next one without being asked."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    store = enrol(open_store(url, SCHEMES))
    take(store, arrival(bill(1), bill(2)))
    trust, _, _ = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON, with_console=False)
    app.extensions["cardstack"].intake.close()
    assert (store.waiting(), store.audit(signatures=False).entries) == (0, 2)
    store.close()
