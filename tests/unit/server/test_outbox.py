"""A node works on through its hub's outage; every transaction arrives once, in order."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from cardstack.settlement.transaction import Transaction
from server.api.problems import NOT_FOUND
from server.app import create_app
from server.client import Client, Lost
from server.config import Config, Role
from server.identity import Identity
from server.intake import NOT_NOW
from server.outbox import Outbox, Sending
from server.serving import in_background
from server.store import open_store
from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, bill, enrol, message_id, node_trust, submission


class Moment:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class FlakyHub:
    """A hub whose line breaks before or after it booked, as its script says."""

    def __init__(self, store: Store, script: Sequence[str]) -> None:
        self.store, self.script = store, list(script)

    def submit_batch(self, transactions: Sequence[Transaction], at: datetime) -> list[dict[str, Any]]:
        del at
        event = self.script.pop(0) if self.script else "up"
        if event == "down":
            raise Lost("refused")
        answers = self.store.submit([submission(*transactions)], NOON)[0]
        if event == "reply lost":
            raise Lost("timed out")
        return [{"id": str(one.id), "outcome": one.outcome.value} for one in answers]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    node, hub = (enrol(open_store(f"sqlite:///{tmp_path}/{name}.db", SCHEMES)) for name in ("node", "hub"))
    yield node, hub
    node.close()
    hub.close()


def test_an_outage_delays_but_loses_and_repeats_nothing(stores: tuple[Store, Store]) -> None:
    """Down, booked with the answer lost, down again, up: each message is booked once, in the order it was put."""
    node, hub = stores
    clock = Moment()
    outbox, flaky = Outbox(node, clock), FlakyHub(hub, ["down", "reply lost", "down"])
    for serial in (1, 2, 3):
        outbox.put([bill(serial)])
    for _ in range(4):
        outbox.forward(flaky)
        clock.now += timedelta(minutes=5)
    assert [one.state for one in outbox.items()] == [Sending.ANSWERED] * 3
    assert [one.answer[0]["outcome"] for one in outbox.items()] == ["repeated", "accepted", "accepted"]
    assert [one.id for one in hub.transactions()] == [message_id(3), message_id(2), message_id(1)]


@settings(max_examples=15, deadline=None)
@given(script=st.lists(st.sampled_from(["up", "down", "reply lost"]), max_size=12), sizes=st.lists(st.integers(1, 3), max_size=4))
def test_whatever_the_line_does_everything_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, script: list[str], sizes: list[int]
) -> None:
    """Random outages and lost answers; the hub ends with exactly what the node put, in order."""
    folder = tmp_path_factory.mktemp("outbox")
    node, hub = (enrol(open_store(f"sqlite:///{folder}/{name}.db", SCHEMES)) for name in ("node", "hub"))
    clock, serial = Moment(), 0
    outbox, flaky = Outbox(node, clock), FlakyHub(hub, script)
    for size in sizes:
        outbox.put([bill(serial + number) for number in range(size)])
        serial += size
        outbox.forward(flaky)
    for _ in range(len(script) + 1):
        clock.now += timedelta(minutes=6)
        outbox.forward(flaky)
    assert outbox.items(Sending.QUEUED) == []
    assert [one.id for one in reversed(hub.transactions())] == [message_id(number) for number in range(serial)]
    node.close()
    hub.close()


def test_a_failed_item_waits_before_it_is_tried_again(stores: tuple[Store, Store]) -> None:
    """Longer each time; nothing behind it overtakes."""
    node, hub = stores
    clock = Moment()
    outbox, flaky = Outbox(node, clock), FlakyHub(hub, ["down"])
    first = outbox.put([bill(1)])
    outbox.put([bill(2)])
    assert outbox.forward(flaky) == 0
    assert outbox.forward(flaky) == 0
    item = outbox.item(first)
    assert item is not None
    assert (item.attempts, item.due_at) == (1, NOON + timedelta(seconds=1))
    with pytest.raises(Malformed):
        outbox.put([])


class Strict:
    """A hub that refuses whole envelopes until it has nothing more to say against them."""

    def __init__(self, store: Store, *reasons: CardstackError) -> None:
        self.store, self.reasons = store, list(reasons)

    def submit_batch(self, transactions: Sequence[Transaction], at: datetime) -> list[dict[str, Any]]:
        if self.reasons:
            raise self.reasons.pop(0)
        return FlakyHub(self.store, []).submit_batch(transactions, at)


def test_what_the_hub_refuses_as_a_whole_is_kept_with_its_reason(stores: tuple[Store, Store]) -> None:
    """What is wrong with an envelope stays wrong: it is not tried for ever, and the next one goes on."""
    node, hub = stores
    outbox = Outbox(node, Moment())
    for serial in (1, 2):
        outbox.put([bill(serial)])
    assert outbox.forward(Strict(hub, Malformed("no"))) == 2
    first, second = outbox.items()
    assert (first.state, first.answer["code"], second.state) == (Sending.REFUSED, "CS-1000", Sending.ANSWERED)


@pytest.mark.parametrize("reason", [Untrusted("expired"), Refused(problem=NOT_NOW), Refused(problem=NOT_FOUND)])
def test_a_node_that_is_not_believed_now_loses_nothing(stores: tuple[Store, Store], reason: CardstackError) -> None:
    """An expired certificate, a wrong clock or no hub there says nothing of what was put: it waits, says why, goes on."""
    node, hub = stores
    clock, strict = Moment(), Strict(hub, reason, reason)
    outbox = Outbox(node, clock)
    for serial in (1, 2):
        outbox.put([bill(serial)])
    for attempts in (1, 2):
        assert outbox.forward(strict) == 0
        first, second = outbox.items()
        assert (first.state, first.attempts, first.answer["code"]) == (Sending.QUEUED, attempts, reason.code)
        assert (second.state, second.attempts) == (Sending.QUEUED, 0)
        clock.now += timedelta(minutes=6)
    assert outbox.forward(strict) == 2
    assert [one.answer[0]["outcome"] for one in outbox.items()] == ["accepted", "accepted"]


KINDS = [(500, Lost), (503, Lost), (429, Lost), (408, Lost), (403, Untrusted), (401, Untrusted), (400, Malformed), (409, Refused)]


@pytest.mark.parametrize(("status", "kind"), KINDS)
def test_the_client_tells_a_hub_in_trouble_from_one_that_refuses(status: int, kind: type[CardstackError]) -> None:
    """A hub whose disk is full, or a proxy before it, answers too: whether it was booked is as unknown as without an answer."""
    app = Flask("hub")

    @app.post("/batches")
    def batches() -> tuple[dict[str, str], int]:
        return {"code": "CS-4003", "detail": ""}, status

    _, signer, certificate = node_trust()
    with in_background(app) as url:
        client = Client(url, signer, [certificate])
        with pytest.raises(kind) as raised:
            client.submit_batch([bill(1)], NOON)
        assert type(raised.value) is kind
        client.close()


ANSWER = {"id": str(message_id(1)), "outcome": "accepted"}


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, 200), ({"answers": []}, 200), ({"answers": [ANSWER, ANSWER]}, 200), ({"answers": [{"id": "other"}]}, 200),
     ({"answers": "accepted"}, 200), ({"answers": ["accepted"]}, 200), ({"answers": [ANSWER]}, 302)],
)  # fmt: skip
def test_only_an_answer_to_each_transaction_is_an_answer(said: dict[str, Any], status: int) -> None:
    """Whatever stands between says 200 too: what was not answered line by line is sent again, not taken for booked."""
    app = Flask("no hub")

    @app.post("/batches")
    def batches() -> tuple[dict[str, Any], int]:
        return said, status

    _, signer, certificate = node_trust()
    with in_background(app) as url:
        client = Client(url, signer, [certificate])
        with pytest.raises(Lost):
            client.submit_batch([bill(1)], NOON)
        client.close()


def test_a_hospital_node_forwards_over_http(tmp_path: Path) -> None:
    """Its systems hand over unsigned transactions; the node signs them, and the hub books them once it is up."""
    trust, signer, certificate = node_trust()
    hub_store = enrol(open_store(f"sqlite:///{tmp_path}/hub.db", SCHEMES))
    hub = create_app(Config(home=tmp_path / "hub"), store=hub_store, trust=trust, clock=lambda: NOON)
    node_store = open_store(f"sqlite:///{tmp_path}/node.db", SCHEMES)
    with in_background(hub) as url:
        config = Config(home=tmp_path / "node", role=Role.HOSPITAL, node="33.hospital.h33010600001", hub=url)
        identity = Identity(signer, (certificate,))
        node = create_app(config, store=node_store, trust=trust, clock=lambda: NOON, identity=identity)
        client = node.test_client()
        from cardstack.settlement.wire import canonical

        put = client.post("/outbox", data=b"[" + canonical(bill(1)) + b"]", content_type="application/json")
        assert (put.status_code, put.json["state"]) == (202, "queued")  # type: ignore[index]  # it is JSON
        for _ in range(200):
            found = client.get("/outbox/1").json
            assert found is not None
            if found["state"] != "queued":
                break
            time.sleep(0.05)
        assert found is not None
        assert (found["state"], found["answer"][0]["outcome"]) == ("answered", "accepted")
        assert client.post("/outbox", data=b"[{}]", content_type="application/json").status_code == 400
        assert client.get("/outbox/9").status_code == 404
        node.extensions["forwarder"].close()
    for store in (hub_store, node_store):
        store.close()
    hub.extensions["cardstack"].intake.close()
