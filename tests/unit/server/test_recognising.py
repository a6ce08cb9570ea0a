"""`POST /recognitions`: a relying party asks over HTTP."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cardstack.ca.certificate import Certificate
from cardstack.ca.register import Act
from cardstack.crypto.armour import pem
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.vault.network import Network
from server import signatures
from server.app import create_app
from server.config import Config
from server.store import open_store
from server.store.values import RegisteredNode
from tests import consoles
from tests.ledgers import NOON, node_trust
from tests.unit.vault.homes import card


class Service:
    """A service beside four provinces and a bridge."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.at = consoles.EVENING
        self.network = Network(folder / "ca", consoles.PASSWORD)
        self.store = open_store(f"sqlite:///{folder}/ledger.db")
        trust, self.signer, self.leaf = node_trust("31.node")
        title = Text("node of 31", "上海节点")
        node = RegisteredNode(Party("31.node"), "province", title, "CN=31.node", relays=True, active=True, since=NOON)
        self.store.register_node(node)
        self.app = create_app(
            Config(home=folder, **settings), store=self.store, trust=trust, clock=self.clock, with_console=False
        )
        self.client = self.app.test_client()

    def clock(self) -> datetime:
        return self.at

    def ask(self, *certificates: Certificate | str, **asked: Any) -> Any:
        texts = [one if isinstance(one, str) else pem("CERTIFICATE", one.raw).decode() for one in certificates]
        return self.client.post("/recognitions", json={"by": "31", "certificates": texts, **asked})

    def close(self) -> None:
        self.app.extensions["upkeep"].close()
        self.app.extensions["cardstack"].intake.close()
        self.store.close()


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recognition")
    consoles.recognise(folder / "ca")
    return folder


@pytest.fixture
def service(authorities: Path) -> Iterator[Service]:
    made = Service(authorities)
    yield made
    made.close()


def test_a_batch_is_answered_in_order(service: Service) -> None:
    """Accepted with level, own policy and path; refused with rule and clause; and what is no certificate."""
    home = service.network.home("33")
    good, bad = card(home), card(home, "002")
    home.act(bad.serial, Act.REVOKE, at=service.at - timedelta(hours=1), actor="tester")
    home.publish(at=service.at - timedelta(minutes=1), actor="tester", force="full")
    answer = service.ask(good, bad, "nothing", level="high", purpose="card")
    assert answer.status_code == 200
    yes, no, none = answer.json["answers"]
    assert (yes["accepted"], yes["level"], yes["policy"]) == (True, "high", service.network.home("31").policy(yes["level"]))
    assert len(yes["path"]) == 4
    assert (no["accepted"], no["rule"], no["clause"][:8]) == (False, "revoked", "RFC 5280")
    assert (none["accepted"], none["why"]["code"][:3]) == (False, "CS-")
    terminal = next(one for one in home.register if one.profile == "terminal")
    assert service.ask(home.issued(terminal.serial), purpose="card").json["answers"][0]["accepted"] is False


def test_a_revocation_counts_from_the_next_question(service: Service) -> None:
    """What is kept at hand is taken in anew when an authority has written to its log."""
    home = service.network.home("33")
    made = card(home)
    home.publish(at=service.at - timedelta(minutes=2), actor="tester", force="full")
    assert service.ask(made).json["answers"][0]["accepted"]
    home.act(made.serial, Act.REVOKE, at=service.at - timedelta(minutes=1), actor="tester")
    home.publish(at=service.at, actor="tester", force="full")
    assert not service.ask(made).json["answers"][0]["accepted"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"by": "99"}, 404),
        ({"by": "../31"}, 422),
        ({"level": "none"}, 422),
        ({"purpose": "fun"}, 422),
        ({"certificates": []}, 422),
    ],
)
def test_other_questions_are_refused(service: Service, asked: dict[str, Any], status: int) -> None:
    """As problem documents."""
    answer = service.client.post("/recognitions", json={"by": "31", "certificates": ["x"], **asked})
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_so_many_a_minute(authorities: Path) -> None:
    """Then 429 with Retry-After, and after that time it goes on."""
    service = Service(authorities, recognitions_a_minute=10)
    assert service.ask(*["x"] * 8).status_code == 200
    refused = service.ask(*["x"] * 5)
    assert (refused.status_code, refused.headers["Retry-After"], refused.json["code"]) == (429, "18", "CS-4014")
    service.at += timedelta(seconds=18)
    assert service.ask(*["x"] * 5).status_code == 200
    service.close()


def test_a_node_asks_for_its_own_province(authorities: Path) -> None:
    """Where callers prove who they are: 401 without a signature, 403 for another province."""
    service = Service(authorities, signed_reads=True)
    assert service.ask("x").status_code == 401

    def signed(by: str) -> Any:
        body = json.dumps({"by": by, "certificates": ["x"]}).encode()
        asked = signatures.Request("POST", "http://localhost/recognitions", {"Content-Type": "application/json"}, body)
        headers = signatures.sign(asked, service.signer, service.leaf, service.at)
        return service.client.post("/recognitions", data=body, headers=dict(headers))

    assert signed("31").status_code == 200
    assert signed("33").status_code == 403
    service.close()


def test_a_service_without_authorities_says_so(tmp_path: Path) -> None:
    """404, CS-4016."""
    app = create_app(Config(home=tmp_path), with_console=False)
    answer = app.test_client().post("/recognitions", json={"by": "31", "certificates": ["x"]})
    assert (answer.status_code, answer.json["code"] if answer.json else "") == (404, "CS-4016")
