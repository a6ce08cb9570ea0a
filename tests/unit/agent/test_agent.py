"""The agent for browsers: who gets in, what is asked, how answers are bound, and a real page in a real browser."""

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from cardstack.agent.answers import Desk, to_be_signed
from cardstack.agent.audit import Audit, verify
from cardstack.agent.gate import Consent, Gate
from cardstack.agent.server import Agent, opened
from cardstack.agent.sscard import SscApi
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, BadSignature
from cardstack.errors import CardstackError, Untrusted
from emulator.opening import open_card
from tests.command import CommandLine

HIS, EVIL, TOKEN = "https://his.example", "https://evil.example", "123456789"
PAGE = Path(__file__).resolve().parents[3] / "examples" / "hospital-page"
ASKED = {"function": "iReadCardBas", "iType": 3}


class Person:
    """Whoever sits at the machine, and what was asked of them."""

    def __init__(self, *says: Consent) -> None:
        self.says, self.asked = list(says), list[tuple[str, str]]()

    def __call__(self, origin: str, function: str) -> Consent:
        self.asked.append((origin, function))
        return self.says.pop(0) if self.says else Consent.NO


def desk(person: Person, *, token: str | None = TOKEN, compat: bool = False, audit: Path | None = None, **more: Any) -> Desk:
    gate = Gate(frozenset({HIS, *more.get("origins", ())}), token, person, frozenset(more.get("enabled", ())))
    api = SscApi(lambda _: open_card("emu:3.00"), lambda _: "123456")
    return Desk(gate, api, Audit(audit), more.get("signer"), compat)


@pytest.fixture
def person() -> Person:
    return Person(Consent.ALWAYS)


@pytest.fixture
def agent(person: Person) -> Iterator[Agent]:
    with opened(desk(person), 0, 0) as running:
        yield running


def asked(agent: Agent, request: dict[str, Any], origin: str = HIS, token: str = TOKEN) -> dict[str, Any]:
    with connect(f"ws://127.0.0.1:{agent.ws_port}/?token={token}", origin=Origin(origin)) as line:
        line.send(json.dumps(request))
        said: dict[str, Any] = json.loads(line.recv(timeout=10))
        return said


def posted(agent: Agent, request: dict[str, Any] | str, **headers: str) -> tuple[int, dict[str, str], str]:
    line = http.client.HTTPConnection("127.0.0.1", agent.http_port, timeout=10)
    body = request if isinstance(request, str) else json.dumps(request)
    line.request("POST", "/api/call", body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer.status, dict(answer.getheaders()), text


def test_a_page_on_the_list_reads_a_card(agent: Agent, person: Person) -> None:
    """Asked once for origin and function; the answer carries nonce, origin and named fields."""
    for _ in range(2):
        said = asked(agent, ASKED | {"nonce": "n-1"})
        assert (said["code"], said["nonce"], said["origin"], said["fields"]["aac003"]) == (0, "n-1", HIS, "王小明")
    assert person.asked == [(HIS, "iReadCardBas")]


def test_strangers_stay_outside(agent: Agent, person: Person) -> None:
    """Another origin, no token, a rebound host name: refused before anybody is asked."""
    with pytest.raises(InvalidStatus) as caught:
        asked(agent, ASKED, origin=EVIL)
    assert caught.value.response.status_code == 403
    assert asked(agent, ASKED, token="0")["error"] == "CS-6003"
    assert posted(agent, ASKED, Origin=EVIL)[0] == 403
    assert posted(agent, ASKED, Host="rebound.example", Origin=HIS)[0] == 403
    assert "CS-6003" in posted(agent, ASKED)[2]
    assert person.asked == []


def test_http_speaks_the_same(agent: Agent) -> None:
    """With CORS for the page's own origin, and none for others."""
    status, headers, text = posted(agent, ASKED, Origin=HIS, Authorization=f"Bearer {TOKEN}")
    assert (status, json.loads(text)["code"], headers["Access-Control-Allow-Origin"]) == (200, 0, HIS)
    assert posted(agent, "x" * 70000, Origin=HIS)[0] == 413
    assert json.loads(posted(agent, "[1", Origin=HIS, Authorization=f"Bearer {TOKEN}")[2])["code"] == -13
    line = http.client.HTTPConnection("127.0.0.1", agent.http_port, timeout=10)
    line.request("OPTIONS", "/api/call", headers={"Origin": HIS})
    assert line.getresponse().status == 204
    line.close()


def test_consent_is_asked_for_each_function_and_can_be_refused() -> None:
    """No, then once, then asked again."""
    person = Person(Consent.NO, Consent.ONCE, Consent.NO)
    with opened(desk(person), 0, 0) as agent:
        assert [asked(agent, ASKED).get("error") for _ in range(3)] == ["CS-6004", None, "CS-6004"]


def test_writing_is_off_and_a_pin_never_travels(agent: Agent) -> None:
    """Functions that write are enabled one by one; a request with a PIN in it is refused whole."""
    assert asked(agent, {"function": "iVerifyPIN", "iType": 1})["error"] == "CS-6005"
    assert asked(agent, ASKED | {"pin": "123456"})["error"] == "CS-6006"
    with opened(desk(Person(Consent.ONCE), enabled={"iVerifyPIN"}), 0, 0) as other:
        assert asked(other, {"function": "iVerifyPIN", "iType": 1})["code"] == 0


def test_answers_are_signed_for_their_origin_and_nonce() -> None:
    """Carried to another origin the signature no longer holds."""
    signer = local.generate(Algorithm.SM2_SM3)
    with opened(desk(Person(Consent.ALWAYS), signer=signer), 0, 0) as agent:
        said = asked(agent, ASKED | {"nonce": "once"})
    signature = base64.b64decode(said["signature"])
    signer.public.verify(signature, to_be_signed(said))
    with pytest.raises(BadSignature):
        signer.public.verify(signature, to_be_signed(said | {"origin": EVIL}))


def test_the_vendors_dialect_word_for_word() -> None:
    """`--compat sscard`: pages written for the vendors' services run unchanged, on the list all the same."""
    with opened(desk(Person(Consent.ALWAYS), token=None, compat=True), 0, 0) as agent:
        said = asked(agent, ASKED, token="")
        assert set(said) == {"functionName", "success", "pOutInfo"}
        assert (said["functionName"], said["success"], said["pOutInfo"].split("|")[0]) == ("iReadCardBas", "1", "310100")
        assert asked(agent, {"function": "iReadCardBas", "iType": 9}, token="")["success"] == "-14"
        with pytest.raises(InvalidStatus):
            asked(agent, ASKED, origin=EVIL, token="")


def test_the_log_is_chained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every call is in it and nothing of the card; a changed line is found, and the chain goes on after a restart."""
    path = tmp_path / "log"
    for _ in range(2):
        with opened(desk(Person(Consent.ALWAYS), audit=path), 0, 0) as agent:
            asked(agent, ASKED)
            asked(agent, ASKED, token="")
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert "王小明" not in path.read_text("utf-8")
    assert CommandLine(monkeypatch, capsys)("agent", "verify-log", str(path), "--json").data["entries"] == 4
    with pytest.raises(Untrusted):
        verify([lines[0], lines[1].replace("-13", "0"), *lines[2:]])
    with pytest.raises(Untrusted):
        verify([lines[0], *lines[2:]])


def test_policies_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The names Chrome and Edge read."""
    command = CommandLine(monkeypatch, capsys)
    assert command("agent", "policy", HIS).data["LoopbackNetworkAllowedForUrls"] == [HIS]
    for browser, name in (
        ("chromium", "LocalNetworkAccessAllowedForUrls"),
        ("windows", "HKEY_LOCAL_MACHINE"),
        ("firefox", "SkipDomains"),
    ):
        said = command("agent", "policy", HIS, "--browser", browser, "--json").data
        assert (said["browser"], said["origins"]) == (browser, [HIS])
        assert name in said["policy"]
        assert said["policy"] + "\n" == command("agent", "policy", HIS, "--browser", browser).out


class Quiet(SimpleHTTPRequestHandler):
    """A web server that keeps no log."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def hospital() -> Iterator[str]:
    """The sample page on an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PAGE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_sample_page_reads_a_card_in_a_real_browser(chromium: Any, hospital: str) -> None:
    """Chromium opens the page, the page asks the agent, the person agrees, the holder is on the page."""
    person = Person(Consent.ONCE, Consent.NO)
    with opened(desk(person, origins={hospital}), 0, 0) as agent:
        page = chromium.new_page()
        page.goto(f"{hospital}/index.html")
        page.fill("#agent", f"ws://127.0.0.1:{agent.ws_port}")
        page.fill("#token", TOKEN)
        page.click("#read")
        page.wait_for_selector("#aac003")
        assert page.text_content("#aac003") == "王小明"
        assert page.text_content("#aac002") == "11010519491231002X"
        page.click("#read")
        page.get_by_text("未同意").wait_for()
        page.close()
    assert person.asked == [(hospital, "iReadCardBas")] * 2


@pytest.mark.parametrize("door", ["web", "plain", "both"])
def test_a_port_that_is_taken_is_refused_at_once(person: Person, door: str) -> None:
    """Whichever door it is, and where both were given the same number: neither stays open, nothing waits."""
    refused: list[CardstackError] = []
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as free:
        taken, same = other.getsockname()[1], free.getsockname()[1]
        free.close()
        ports = {"web": (taken, 0), "plain": (0, taken), "both": (same, same)}[door]

        def serve() -> None:
            try:
                with opened(desk(person), *ports):
                    pass
            except CardstackError as error:
                refused.append(error)

        trying = threading.Thread(target=serve, daemon=True)
        trying.start()
        trying.join(20)
        assert not trying.is_alive()
    assert [one.code for one in refused] == ["CS-6007"]
