"""Bulk files between two services over HTTP: sent, taken once, answered by a signed return file that can be asked for."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.errors import CardstackError, Malformed, Refused
from cardstack.settlement.bulk import control, return_file
from cardstack.settlement.bulk.control import described
from cardstack.settlement.bulk.package import pack, unpack, verified
from cardstack.settlement.bulk.transit_file import batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import MessageId, Party
from cardstack.text import Text
from server import filing
from server.app import create_app
from server.client import Client
from server.config import Config
from server.identity import Identity
from server.serving import in_background
from server.store import open_store
from server.store.office import Office
from server.store.queries.continuity import breaks
from server.store.values import Participant, RegisteredNode
from server.turns import Turns
from tests.ledgers import NOON, node_trust
from tests.unit.settlement.taps import a_ride, a_tap

SENDER = Party("33.transit-operator")
PARTIES = ("31.card-issuer", "33.transit-operator", "31.card-sponsor", "00.clearing-centre")
SIZE = LAYOUT.size


class Hub:
    """A service with its own key that knows one node of Zhejiang."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(f"sqlite:///{folder}/hub.db")
        self.trust, signer, leaf = node_trust("hub")
        self.signer, self.leaf, self.now = signer, leaf, NOON
        for name in PARTIES:
            self.store.register_party(Participant(Party(name), Text(name, "参与方"), name, None, NOON))
        subject = str(self.trust.vouch([leaf], NOON).certificate.subject)
        title = Text("node", "节点")
        self.store.register_node(
            RegisteredNode(Party("33.node"), "province", title, subject, relays=True, active=True, since=NOON)
        )
        self.app = create_app(
            Config(home=folder),
            store=self.store,
            trust=self.trust,
            clock=lambda: self.now,
            identity=Identity(signer, (leaf,)),
            with_console=False,
        )

    def packed(self, body: bytes, *, charset: str = "gb18030", at: datetime = NOON, sender: Party = SENDER) -> bytes:
        """A signed file of these lines."""
        told = described(body, name="day", layout=LAYOUT.name, charset=charset, sender=sender, at=at, certificates=[self.leaf])
        return pack(body, told, self.signer)

    def close(self) -> None:
        self.app.extensions["cardstack"].intake.close()
        self.store.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.close()


def a_line(charset: str = "gb18030", treating: str = "330100", **facts: object) -> bytes:
    """A ride on the day before noon's, in a file's line."""
    tap = a_tap(**{"moment": "20261121083000", **facts})
    return line_of(tap, a_ride(tap).id, "310000", treating, "utf-8" if charset == "utf-8" else "gb18030")


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_a_file_is_sent_answered_and_not_taken_twice(hub: Hub, charset: str) -> None:
    """What holds is posted; the rest stands in a return file that the hub signed, in the file's own charset."""
    raw = hub.packed(a_line(charset) + a_line(charset, counter=8, tac="00000000"), charset=charset)
    digest = sha256(raw).hexdigest()
    with in_background(hub.app) as url:
        client = Client(url)
        told = client.send_file(raw)
        assert (told["state"], told["lines_ok"], told["lines_failed"], told["total_fen"]) == ("partly", 1, 1, 182)
        assert [(one["line"], one["code"], one["text"]["zh"]) for one in told["faults"]] == [(2, "tac-wrong", "TAC验证失败")]
        assert client.send_file(raw) == told == client.file(digest)
        answer = unpack(client.file_return(digest))
        client.close()
    verified(answer, hub.trust.vouch(answer.certificates, answer.manifest.made_at))
    assert (answer.manifest.answers, answer.manifest.layout, answer.manifest.charset) == (digest, "return-1", charset)
    assert [(one.line, one.code) for one in return_file.faults(answer.data, answer.manifest.charset)] == [(2, "tac-wrong")]  # type: ignore[arg-type]  # the file's own
    assert len(hub.store.transactions()) == 1


def test_files_of_strangers_and_of_other_days_are_not_kept(hub: Hub) -> None:
    """A signature that does not hold, an old file, one of tomorrow, another layout, no archive: an error, and no row."""
    _, stranger, _ = node_trust("hub")
    body = a_line()
    told = described(body, name="day", layout=LAYOUT.name, charset="gbk", sender=SENDER, at=NOON, certificates=[hub.leaf])
    many = {
        pack(body, told, stranger): "CS-20",
        hub.packed(body, at=NOON - timedelta(days=32)): "CS-4185",
        hub.packed(body, at=NOON + timedelta(minutes=6)): "CS-4185",
        hub.packed(body, sender=Party("32.transit-operator")): "CS-4183",
        b"PK\x03\x04": "CS-1000",
        b"<xml/>": "CS-4180",
        b"": "CS-4180",
    }
    found = []
    with in_background(hub.app) as url:
        for raw in many:
            client = Client(url)
            with pytest.raises(CardstackError) as refused:
                client.send_file(raw)
            found.append(refused.value.code)
            client.close()
        with pytest.raises(CardstackError):
            Client(url).file("0" * 64)
    assert all(code.startswith(wanted) for code, wanted in zip(found, many.values(), strict=True)), found
    assert Office(hub.store.database.engine).files.page(before=None, size=5, scope=None, where={}) == []


def test_a_file_whose_totals_differ_is_refused_as_a_whole(hub: Hub) -> None:
    """Before a line is posted; it is kept with its reason."""
    body = a_line() * 1
    told = described(body, name="d", layout=LAYOUT.name, charset="gbk", sender=SENDER, at=NOON, certificates=[hub.leaf])
    raw = pack(body, msgspec.structs.replace(told, lines=2), hub.signer)
    with in_background(hub.app) as url:
        client = Client(url)
        answer = client.send_file(raw)
        client.close()
    assert (answer["state"], answer["lines_ok"], answer["answered"]) == ("refused", 0, False)
    assert answer["said"]["zh"].startswith("CS-3061")
    assert hub.store.transactions() == []


def test_a_line_of_another_institution_refuses_the_file_of_a_node_that_declared_its_own(hub: Hub) -> None:
    """No line of it is posted; under its own institution's ids, or where none is declared, it is taken."""
    raw = hub.packed(a_line() + a_line(counter=8))
    (node,) = hub.store.nodes()
    hub.store.register_node(replace(node, institutions=("T33990000001",)))
    with in_background(hub.app) as url:
        client = Client(url)
        answer = client.send_file(raw)
        client.close()
    assert (answer["state"], answer["said"]["zh"][:7]) == ("refused", "CS-3063")
    assert hub.store.transactions() == []
    package, tap = unpack(raw), a_tap(moment="20261121083000", counter=8)
    for own in ((), ("T3301",), ("X", "T33010000001")):
        control.held_to_institutions(package, Node(Party("33.node"), institutions=own))
    other = line_of(tap, MessageId("T33010000002202611210830000008"), "310000", "330100", "gb18030")
    mixed = unpack(hub.packed(a_line() + other))
    with pytest.raises(Refused, match="line 1"):
        control.held_to_institutions(mixed, Node(Party("33.node"), institutions=("T33010000001",)))


def test_lines_between_other_provinces_are_not_the_senders(hub: Hub) -> None:
    """A node of Zhejiang cannot book what Shanghai owes Jiangsu."""
    raw = hub.packed(a_line(treating="320100") + a_line(counter=8))
    with in_background(hub.app) as url:
        client = Client(url)
        answer = client.send_file(raw)
        client.close()
    assert [(one["line"], one["code"]) for one in answer["faults"]] == [(1, "not-yours")]


def test_who_is_no_participant_is_named(hub: Hub) -> None:
    """A student's ride is half borne by a sponsor that nobody registered: its line is refused, the file says who is missing."""
    raw = hub.packed(a_line(card_class="student") + a_line(counter=8))
    with in_background(hub.app) as url:
        client = Client(url)
        answer = client.send_file(raw)
        client.close()
    assert (answer["lines_ok"], answer["faults"][0]["code"]) == (1, "unknown-party")
    assert answer["said"] == {"en": "Not participants: 33.city-finance.", "zh": "未登记的参与方：33.city-finance。"}


def test_the_same_file_sent_twice_at_once_is_one_file(hub: Hub) -> None:
    """While the first is still being judged the second comes: one row, one answer, nothing booked twice."""
    raw = hub.packed(a_line() + a_line(counter=8, tac="00000000"))
    files = Office(hub.store.database.engine).files
    here = hub.app.extensions["cardstack"]
    means = filing.Means(files, hub.store, hub.trust.vouch, here.intake.node, here.intake.identity)
    with ThreadPoolExecutor(4) as many:
        arrivals = [filing.Waiting(BytesIO(raw), "day.zip", "33.node", NOON, f"F{n}") for n in range(4)]
        found = {made.id for made in many.map(partial(filing.from_node, means=means), arrivals)}
    assert len(found) == 1
    assert [one.direction for one in files.page(before=None, size=9, scope=None, where={})].count("in") == 1
    assert len(hub.store.transactions()) == 1


def test_a_file_that_finds_no_turn_is_put_off(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged needs its memory: others are told to come again; what a stranger signed or was taken needs no turn."""
    body = a_line(counter=8)
    known, first, second = hub.packed(a_line()), hub.packed(body), hub.packed(body + a_line(counter=9))
    told = described(body, name="day", layout=LAYOUT.name, charset="gbk", sender=SENDER, at=NOON, certificates=[hub.leaf])
    strange = pack(body, told, node_trust("hub")[1])
    begun, may_end = Event(), Event()
    posted = hub.store.post_many

    def slow(*told: Any) -> object:
        begun.set()
        assert may_end.wait(60)
        return posted(*told)

    def sent(raw: bytes) -> tuple[int, str | None, Any]:
        connection = HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/files", raw, {"Content-Type": "application/zip", "Accept-Language": "zh"})
        with closing(connection), connection.getresponse() as answer:
            return answer.status, answer.headers["Retry-After"], json.loads(answer.read())

    hub.app.extensions["file-turns"] = Turns(places=1, queue=0, wait_s=0)
    with in_background(hub.app) as url, ThreadPoolExecutor(1) as beside:
        assert sent(known)[0] == 201
        monkeypatch.setattr(hub.store, "post_many", slow)
        judged = beside.submit(sent, first)
        assert begun.wait(60)
        status, again, said = sent(second)
        assert (status, again, said["code"], said["title"]) == (503, "10", "CS-4186", "正在处理的文件过多")
        assert (sent(known)[0], sent(strange)[2]["code"][:5]) == (200, "CS-20")
        may_end.set()
        assert (judged.result()[0], sent(second)[0]) == (201, 201)
    assert len(hub.store.transactions()) == 3


def test_a_turn_is_waited_for_and_given_back(hub: Hub) -> None:
    """Whoever stands in the queue works once a place is free, or hears that none was; an error gives its place back too."""
    turns = Turns(places=1, queue=1, wait_s=60)
    assert turns.take()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(turns.take)
        turns.give_back()
        assert waiting.result()
    assert not Turns(places=0, queue=1, wait_s=0.01).take()
    here, turns = hub.app.extensions["cardstack"], Turns(places=1, queue=0, wait_s=0)
    files = Office(hub.store.database.engine).files
    means = filing.Means(files, hub.store, hub.trust.vouch, here.intake.node, turns=turns)
    told = described(b"", name="day", layout=LAYOUT.name, charset="gbk", sender=SENDER, at=NOON, certificates=[hub.leaf])
    strange = pack(b"", msgspec.structs.replace(told, layout="none-1"), hub.signer)
    with pytest.raises(Malformed):
        filing.from_node(filing.Waiting(BytesIO(strange), "day.zip", "33.node", NOON, "F1"), means)
    assert turns.take()


def test_a_stop_at_any_point_leaves_nothing_out(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop between pieces, or before the file and its answer are kept: sent again, every line and the return file are there."""
    monkeypatch.setattr("server.filing.judging.transit_file.batches", partial(batches, chunk=2))
    raw = hub.packed(b"".join(a_line(counter=n, terminal_serial=n) for n in range(1, 6)) + a_line(counter=9, tac="00000000"))
    files = Office(hub.store.database.engine).files
    here = hub.app.extensions["cardstack"]
    means = filing.Means(files, hub.store, hub.trust.vouch, here.intake.node, here.intake.identity)
    posted = hub.store.post_many
    for stop in (0, 1, 2, None):
        calls = iter(range(stop or 0))

        def stopping(*told: object, calls: Iterator[int] = calls) -> object:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return posted(*told)  # type: ignore[arg-type]  # as they came

        with monkeypatch.context() as patch:
            patch.setattr(files if stop is None else hub.store, "add" if stop is None else "post_many", stopping)
            with pytest.raises(KeyboardInterrupt):
                filing.from_node(filing.Waiting(BytesIO(raw), "day.zip", "33.node", NOON, f"F{stop}"), means)
        assert files.of_digest(sha256(raw).hexdigest()) is None
    made = filing.from_node(filing.Waiting(BytesIO(raw), "day.zip", "33.node", NOON, "F9"), means)
    assert (made.lines_ok, made.lines_failed) == (5, 1)
    assert files.answer_to("F9") is not None
    assert len(hub.store.transactions()) == 5
    assert not hub.store.audit(signatures=False).findings


def test_a_body_that_is_too_large_is_said_to_be(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 with a code, before it is read."""
    monkeypatch.setattr("server.api.filing.FILE_MAX", 10)
    with in_background(hub.app) as url:
        connection = HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/files", b"PK" + bytes(50), {"Content-Type": "application/zip"})
        assert connection.getresponse().status == 413
        connection.close()


def test_the_breaks_in_kept_records_are_found(hub: Hub) -> None:
    """Over files and single messages of two days: what is left out, twice, or does not follow, and a proven grey one."""
    day, next_day = "20261120", "20261121"

    def ride(counter: int, balance: int, moment: str, **facts: Any) -> bytes:
        return a_line(counter=counter, balance_fen=balance, moment=f"{moment}08{counter:02d}00", **facts)

    first = ride(1, 1_000, day) + ride(2, 818, day, grey=True)
    copied = a_line(counter=6, balance_fen=580, moment=f"{next_day}080700")
    second = ride(3, 636, next_day) + ride(5, 272, next_day) + ride(6, 590, next_day) + copied
    single = a_ride(a_tap(counter=7, balance_fen=408, moment=f"{next_day}090000"))
    with in_background(hub.app) as url:
        client = Client(url, hub.signer, [hub.leaf])
        for body in (first, second):
            client.send_file(hub.packed(body))
        client.submit(single, NOON)
        client.close()
    with hub.store.view() as view:
        found = list(breaks(view, hub.store.schemes, date(2026, 11, 20), date(2026, 11, 21)))
    assert [(str(on), one.kind.value, one.counter, one.difference_fen) for on, one in found] == [
        ("2026-11-21", "counter-conflict", 6, 182),
        ("2026-11-21", "grey-proven", 3, 182),
        ("2026-11-21", "counter-gap", 5, -182),
        ("2026-11-21", "balance-break", 6, 500),
    ], found
    asked = ["continuity", "--since", "2026-11-20", "--until", "2026-11-21", "--kind", "grey-proven", "--json"]
    url = str(hub.store.database.engine.url)
    ended = CliRunner().invoke(app, [*asked, "--database", url], catch_exceptions=False)
    assert [one["kind"] for one in json.loads(ended.stdout)] == ["grey-proven"]
