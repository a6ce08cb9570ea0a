"""证书互认: what the page says of the authorities, and what-if on their cross certificates."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level, Status
from cardstack.ca.crl import Crl
from cardstack.ca.register import State
from cardstack.text import Text
from cardstack.vault.foreign import Foreign, Stranger
from cardstack.vault.network import Network
from server import operators
from server.console import register
from server.console.services import Services
from server.permissions import EVERYWHERE, Grant, Role
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests import consoles
from tests.unit.console.conftest import Clock
from tests.unit.vault.homes import declared, home

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


class Desk:
    """Operators at work on a copy of the authorities."""

    def __init__(self, app: Flask, office: Office, clock: Clock, token: Callable[[FlaskClient], str]) -> None:
        self.app, self.office, self.clock, self.token = app, office, clock, token

    def browser(self, who: str) -> FlaskClient:
        """Somebody who has just signed in: a grave act asks for that."""
        client = self.app.test_client()
        client.get(f"/enter/{operators.first_link(self.office.people, who, self.clock())}")
        return client

    def ask(self, path: str, **typed: str) -> str:
        """A request by the centre's clerk: the path of its page."""
        client = self.browser("centre")
        answer = client.post(path, data={"csrf": self.token(client), "reason": "互认补充协议", **typed})
        assert answer.status_code == 303, re.findall(r"CS-\d+[^<]*", answer.text)
        return str(answer.location)

    def decide(self, page: str, *who: str) -> str:
        """Their approvals, one after the other: the page then."""
        said = ""
        for one in who:
            client = self.browser(one)
            answer = client.post(f"{page}/decide", data={"csrf": self.token(client), "decision": "approve"})
            assert answer.status_code == 303, re.findall(r"CS-\d+[^<]*", answer.text)
            said = words(client, page)
        return said


@pytest.fixture
def own(authorities: Path, tmp_path: Path) -> Path:
    """Authorities that a test may change."""
    shutil.copytree(authorities, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def desk(own: Path, office: Office, store: Store, clock: Clock, token: Callable[[FlaskClient], str]) -> Desk:
    clock.at = consoles.EVENING
    for one in (Operator("second", "吴复核", (Grant(Role.CHECKER, EVERYWHERE),)),):
        office.people.save(one, clock())
    made = Flask("trust at work")
    made.testing = True
    services = Services(office, clock, store=store, home=own, trust_folder=own / "trust", authority_password=consoles.PASSWORD)
    register(made, services)
    return Desk(made, office, clock, token)


AGREED = {"by": "31", "of": "33", "via": "", "until": "2029-12-31", "reference": "沪浙〔2026〕1 号"}


def test_a_new_version_of_an_agreement_takes_three_people(desk: Desk, own: Path) -> None:
    """The checker sees what is issued and lost; what was agreed before ends with its history; the certificates follow."""
    page = desk.ask("/console/changes/agreement", since="2026-11-22", level_high="high", **AGREED)
    shown = words(desk.browser("second"), page)
    assert "签发 31 33 协议 31-33-20261122 要求" in shown
    assert "31 33 — 基本、较高 1 / 0 / 0" in shown
    assert Network(own / "ca").agreements()[0].until.year == 2030
    assert "已完成" in desk.decide(page, "second", "chief")
    here = Network(own / "ca")
    assert here.plan(desk.clock()).changes == ()
    old, new = (next(one for one in here.agreements() if one.id == id_) for id_ in ("31-33", "31-33-20261122"))
    day = desk.clock().date()
    assert (old.status(day), new.status(day)) == (Status.ENDED, Status.IN_FORCE)
    levels = {one.theirs for one in here.graph(desk.clock()).recognitions(desk.clock()) if (one.by, one.of) == ("31", "33")}
    assert levels == {Level.HIGH}
    line = here.home("31").journal.path.read_text("utf-8")
    assert '"action":"agree"' in line
    assert "centre+second+chief" in line


def test_an_agreement_is_ended(desk: Desk, own: Path) -> None:
    """Its certificate is revoked and the CRL says so; nobody decides alone, and nothing is done twice."""
    page = desk.ask("/console/changes/agreement", since="2026-11-22", level_high="high", **AGREED)
    desk.decide(page, "second", "chief")
    page = desk.ask(
        "/console/changes/agreement-step", agreement="31-33-20261122", step="end", since="2026-11-22", reference="终止函"
    )
    assert "吊销 31 33 没有生效的协议要求该证书" in words(desk.browser("second"), page)
    assert "待复核" in desk.decide(page, "second")
    assert "已完成" in desk.decide(page, "chief")
    here = Network(own / "ca")
    assert here.plan(desk.clock()).changes == ()
    assert ("31", "33") not in {(one.by, one.of) for one in here.graph(desk.clock()).recognitions(desk.clock())}


def test_what_moved_in_between_is_not_carried_out(desk: Desk, own: Path) -> None:
    """Two proposals drawn from the same table: the second one fails and says why, and nothing of it is done."""
    first = desk.ask("/console/changes/agreement", since="2026-11-22", level_high="high", **AGREED)
    second = desk.ask("/console/changes/agreement", since="2026-11-22", level_basic="basic", **AGREED | {"of": "34"})
    assert "已完成" in desk.decide(first, "second", "chief")
    assert "CS-2320" in desk.decide(second, "second", "chief")
    here = Network(own / "ca")
    assert here.plan(desk.clock()).changes == ()
    assert not any(one.of == "34" and one.via is None for one in here.agreements())


def test_a_plan_is_carried_out_on_its_day(desk: Desk, own: Path) -> None:
    """Agreed for later: nothing is issued now; on the day the page says so, and two others carry it out."""
    page = desk.ask("/console/changes/agreement", since="2026-12-01", level_high="high", **AGREED)
    assert "现无；约定日期届至后再执行" in words(desk.browser("second"), page)
    assert "已完成" in desk.decide(page, "second", "chief")
    assert Network(own / "ca").plan(desk.clock()).changes == ()
    desk.clock.forward(timedelta(days=10))
    assert "处差异" in words(desk.browser("centre"), "/console/trust/")
    assert "签发 31 33" in words(desk.browser("centre"), "/console/trust/plan")
    page = desk.ask("/console/trust/plan")
    assert "已完成" in desk.decide(page, "second", "chief")
    assert Network(own / "ca").plan(desk.clock()).changes == ()
    assert "已签发证书与协议一致" in words(desk.browser("centre"), "/console/trust/plan")


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        ("agreement", {"since": "2026-11-22", **AGREED}, "CS-2210"),
        ("agreement", {"since": "2026-11-22", "level_high": "high", **AGREED, "of": "31"}, "CS-2210"),
        ("agreement", {"since": "2026-11-22", "level_high": "high", **AGREED, "until": "2020-01-01"}, "CS-2210"),
        ("agreement", {"since": "2026-11-22", "level_high": "high", **AGREED, "of": "99"}, "CS-4106"),
        ("agreement", {"since": "2026-11-22", "level_high": "high", **AGREED, "purposes": "fun"}, "CS-4106"),
        ("agreement", {"since": "2026-11-22", "level_high": "high", **AGREED, "excluded": "nothing"}, "CS-4106"),
        ("agreement-step", {"agreement": "none", "step": "end", "since": "2026-11-22", "reference": "x"}, "CS-4170"),
        ("agreement-step", {"agreement": "31-33", "step": "resume", "since": "2026-11-22", "reference": "x"}, "CS-1"),
        ("certificate", {"authority": "33", "serial": "x", "act": "revoke"}, "CS-4106"),
        ("certificate", {"authority": "33", "serial": "1", "act": "revoke"}, "CS-2220"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_asked_for(desk: Desk, kind: str, typed: dict[str, str], code: str) -> None:
    """With its code, before anybody has to decide."""
    client = desk.browser("centre")
    answer = client.post(f"/console/changes/{kind}", data={"csrf": desk.token(client), "reason": "x", **typed})
    assert (answer.status_code >= 400, code in answer.text) == (True, True), answer.text[-2000:]


def test_a_certificate_is_suspended_by_two(desk: Desk, own: Path) -> None:
    """From the register's link; the delta CRL says it."""
    home = Network(own / "ca").home("33")
    serial = next(one.serial for one in home.register if one.profile == "terminal")
    listed = desk.browser("centre").get("/console/trust/authorities/33?profile=terminal").text
    assert f"/console/changes/certificate?authority=33&amp;serial={serial:x}" in listed
    page = desk.ask("/console/changes/certificate", authority="33", serial=f"{serial:x}", act="suspend")
    assert "已完成" in desk.decide(page, "second")
    again = Network(own / "ca").home("33")
    assert again.register.record(serial).state is State.SUSPENDED
    assert len(Crl.parse(again.crl("delta") or b"")) == 1


def test_a_province_elsewhere_is_on_the_page(desk: Desk, own: Path, tmp_path: Path) -> None:
    """With its CRL and as a party to agreements; it can be recognised, but not be asked to recognise."""
    other = home(tmp_path / "elsewhere", "31")
    said = replace(declared("31"), id="37")
    names = (der.name(C="CN", ST="山东省"),)
    stranger = Stranger("37", Text("Shandong", "山东省"), said.policies, names, crl=("http://127.0.0.1:1/c",))
    Foreign.enter(own / "ca" / "37", stranger, other.certificate)
    shown = words(desk.browser("centre"), "/console/trust/")
    assert "密钥不在本机的省份" in shown
    assert "山东省 37 — http://127.0.0.1:1/c" in shown
    page = desk.ask("/console/changes/agreement", since="2026-11-22", level_high="high", **AGREED | {"of": "37"})
    assert "签发 31 37" in words(desk.browser("second"), page)
    assert "已完成" in desk.decide(page, "second", "chief")
    edge = Network(own / "ca").graph(desk.clock()).edge("31-37").fingerprint
    assert "影响 1 对互认" in words(desk.browser("centre"), f"/console/trust/edges/{edge}")
    assert desk.browser("centre").get("/console/trust/authorities/37").status_code == 404
    client = desk.browser("centre")
    typed = {"csrf": desk.token(client), "reason": "x", "since": "2026-11-22", "level_high": "high", **AGREED, "by": "37"}
    assert "CS-2321" in client.post("/console/changes/agreement", data=typed).text
