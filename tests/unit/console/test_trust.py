"""证书互认: what the page says of the authorities, and what-if on their cross certificates."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cardstack.vault.network import Network
from server import operators
from server.console import register
from server.console.services import Services
from server.store.office import Office
from server.store.store import Store
from tests import consoles
from tests.unit.console.conftest import Clock

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four provinces and a bridge, made once."""
    folder = tmp_path_factory.mktemp("authorities")
    consoles.recognise(folder / "ca")
    return folder


@pytest.fixture
def app(authorities: Path, office: Office, store: Store, clock: Clock) -> Flask:
    """The console with these authorities, in the evening."""
    clock.at = consoles.EVENING
    made = Flask("trust under test")
    made.testing = True
    register(
        made,
        Services(
            office,
            clock,
            store=store,
            home=authorities,
            trust_folder=authorities / "trust",
            authority_password=consoles.PASSWORD,
        ),
    )
    return made


def words(client: FlaskClient, path: str) -> str:
    """A page's text without its markup."""
    answer = client.get(path)
    assert answer.status_code == 200
    page = answer.get_data(as_text=True).split("<main", 1)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_page_shows_what_is_published_and_what_ends(signed_in: SignIn) -> None:
    """CRL, OCSP and trust list with number and freshness, the lists relied on, what ends within sixty days."""
    said = words(signed_in("centre"), "/console/trust/")
    assert "正常 #1 下次更新 2026-11-30" in said
    assert "正常 #1 · 3 下次更新 2026-12-22" in said
    assert "至 2027-02-20" in said
    assert "60 天内到期的证书 5" in said
    assert "terminal 1,O=测试 Test,ST=浙江省,C=CN" in said
    assert "差异" not in said


def test_what_has_run_out_is_said(signed_in: SignIn, clock: Clock) -> None:
    """A month later nobody published: CRLs and lists are stale, and the installation is not ready."""
    clock.forward(timedelta(days=31))
    said = words(signed_in("centre"), "/console/trust/")
    assert "信任列表 33：本节点未就绪。 CS-2273" in said
    assert said.count("已失效 #1") == 9


def question(**typed: str | list[str]) -> str:
    return f"/console/trust/what-if?{urlencode(typed, doseq=True)}"


def test_each_kind_of_change_has_its_effect(signed_in: SignIn, authorities: Path) -> None:
    """Revoke, expire and constrain by level and by name: pairs, counts and names of who is affected."""
    client = signed_in("centre")
    graph = Network(authorities / "ca").graph(consoles.EVENING)
    edge, back = graph.edge("00-33").fingerprint, graph.edge("33-00").fingerprint
    for change in ("revoke", "expire"):
        said = words(client, question(edge=edge, change=change))
        assert "影响 3 对互认：发卡机构 3、终端 6、节点 3" in said
        assert "CN=terminal 0,O=测试 Test,ST=浙江省,C=CN" in said
    assert "影响 6 对互认" in words(client, question(edge=[edge, back], change="revoke"))
    said = words(client, question(edge=edge, change="constrain", level=["high"]))
    assert "基本、较高" in said
    assert "发卡机构 3、终端 0、节点 0" in said
    names = "O=测试 Test,ST=浙江省,C=CN"
    said = words(client, question(edge=back, change="constrain", level=["basic", "substantial", "high"], exclude=names))
    assert "无影响" in said
    said = words(client, question(edge=edge, change="constrain", level=["basic", "substantial", "high"], exclude=names))
    assert "终端 6、节点 3" in said
    assert "仅部分主体" in said or "基本、较高、高" in said
    assert "无影响" in words(client, question(change="expire", day="2027-01-01"))
    assert "影响 12 对互认" in words(client, question(change="expire", day="2031-01-01"))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"change": "revoke"}, "CS-4160"),
        ({"change": "revoke", "edge": "none"}, "CS-2230"),
        ({"change": "forget", "edge": "none"}, "CS-2230"),
        ({"change": "forget"}, "CS-4143"),
        ({"change": "expire"}, "CS-4142"),
        ({"change": "expire", "day": "2020-01-01"}, "CS-4161"),
        ({"change": "constrain"}, "CS-4160"),
    ],
)
def test_an_incomplete_question_is_said_and_what_was_typed_stays(signed_in: SignIn, typed: dict[str, str], code: str) -> None:
    """The page with the code, and no effect."""
    page = signed_in("centre").get(question(**typed, exclude="O=kept"))
    assert page.status_code == 200
    assert code in page.text
    assert "O=kept" in page.text
    assert "影响 " not in page.text


def test_names_of_others_holders_are_not_shown(app: Flask, office: Office, clock: Clock, authorities: Path) -> None:
    """A reader of one province sees counts of all, and names of its own alone."""
    client = app.test_client()
    client.get(f"/enter/{operators.first_link(office.people, 'elsewhere', clock())}")
    graph = Network(authorities / "ca").graph(consoles.EVENING)
    said = words(client, question(edge=graph.edge("00-33").fingerprint, change="revoke"))
    assert "终端 6" in said
    assert "CN=terminal" not in said
    said = words(client, question(edge=graph.edge("00-31").fingerprint, change="revoke"))
    assert "CN=terminal 0,O=测试 Test,ST=上海市" in said


def test_the_graph_is_data_and_the_register_is_filtered(signed_in: SignIn) -> None:
    """JSON for other programs; a register by profile."""
    client = signed_in("centre")
    data = json.loads(client.get("/console/trust/graph.json").data)
    assert (len(data["members"]), len(data["edges"])) == (5, 8)
    said = words(client, "/console/trust/authorities/33?profile=terminal")
    assert "terminal 0" in said
    assert "node-message 2" not in said
