"""Certificate sign-in: a terminator in front is believed where it proves itself, and nobody else is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr, ValidationError

from cardstack.ca.certificate import Certificate
from server.config import Config
from server.console import register
from server.console.services import Services
from server.serving import in_environment
from server.store.office import Office
from server.store.store import Store
from server.terminator import Terminator, fingerprint
from tests.ledgers import node_trust
from tests.unit.console.conftest import Clock

SECRET = "invented secret of thirty-two and more characters"
MINE = "ab" * 32
LOOPBACK = frozenset({"127.0.0.1", "::1", "unix"})
HEADERS = {"X-Client-Certificate": MINE, "Cardstack-Terminator": SECRET}


@pytest.fixture
def app(office: Office, store: Store, clock: Clock) -> Flask:
    """A console behind a terminator; the maker's certificate is known."""
    made = Flask("console behind a terminator")
    made.testing = True
    register(made, Services(office, clock, store=store, certificates=True))
    made.wsgi_app = Terminator("X-Client-Certificate", SECRET, LOOPBACK).around(made.wsgi_app)  # type: ignore[method-assign,assignment]  # how Flask takes middleware
    office.people.put_credentials("maker", "certificate", [""], clock(), handle=MINE)
    return made


def ask(client: FlaskClient, headers: dict[str, str], peer: str = "127.0.0.1") -> int:
    """Sign in by certificate, as somebody at an address."""
    page = client.get("/console/sign-in").get_data(as_text=True)
    csrf = page.split('name="csrf" content="')[1].split('"')[0]
    answer = client.post("/console/sign-in/certificate", data={"csrf": csrf}, headers=headers, environ_base={"REMOTE_ADDR": peer})
    return answer.status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "unix:"])
def test_a_terminator_that_proves_itself_is_believed(app: Flask, office: Office, peer: str) -> None:
    """By loopback or by a Unix socket."""
    assert ask(app.test_client(), HEADERS, peer) == 303
    assert office.people.sessions("maker")[0].method == "certificate"


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({"X-Client-Certificate": MINE}, "127.0.0.1"),
        ({"X-Client-Certificate": MINE, "Cardstack-Terminator": ""}, "127.0.0.1"),
        ({"X-Client-Certificate": MINE, "Cardstack-Terminator": SECRET[:-1]}, "127.0.0.1"),
        ({"X-Client-Certificate": MINE, "Cardstack-Terminator": "ä"}, "127.0.0.1"),
        (HEADERS, "192.0.2.7"),
        (HEADERS | {"X-Forwarded-For": "127.0.0.1"}, "192.0.2.7"),
        ({"X_Client_Certificate": MINE}, "127.0.0.1"),
    ],
    ids=["no secret", "empty secret", "part of it", "other letters", "elsewhere", "says it is here", "underscores"],
)
def test_a_header_alone_signs_nobody_in(app: Flask, office: Office, headers: dict[str, str], peer: str) -> None:
    """Whoever reaches the service past its terminator can write any header; the attempt stands in the audit log."""
    assert ask(app.test_client(), headers, peer) == 403
    assert office.people.sessions("maker") == []
    (event,) = office.audit.page(before=None, size=1, scope=None, action="sign-in.failed")
    assert event.detail["how"] == "claimed without proof"


def test_a_proved_terminator_without_a_certificate_signs_nobody_in(app: Flask) -> None:
    """An empty, a wrong and an unknown one."""
    assert ask(app.test_client(), {"Cardstack-Terminator": SECRET}) == 403
    assert ask(app.test_client(), HEADERS | {"X-Client-Certificate": "0"}) == 403
    client = app.test_client()
    assert ask(client, HEADERS | {"X-Client-Certificate": "cd" * 32}) == 303
    assert client.get("/console/help/").status_code == 303


def test_a_certificate_is_bound_by_its_owner(
    app: Flask, office: Office, signed_in: Callable[[str], FlaskClient], token: Callable[[FlaskClient], str]
) -> None:
    """From the account page, with the terminator's proof; another's is not taken over; without proof nothing is bound."""
    client = signed_in("checker")
    form = {"csrf": token(client)}
    assert client.post("/console/account/certificate", data=form, headers={"X-Client-Certificate": "ef" * 32}).status_code == 404
    for header in ("ef" * 32, MINE):
        client.post("/console/account/certificate", data=form, headers=HEADERS | {"X-Client-Certificate": header})
    assert [one.handle for one in office.people.credentials("checker", "certificate")] == ["ef" * 32]
    assert ask(app.test_client(), HEADERS | {"X-Client-Certificate": "ef" * 32}) == 303


def test_the_nearest_forwarded_address_and_scheme_count_where_proved() -> None:
    """They decide the lock by address, the cookie's Secure and a passkey's origin."""
    seen: dict[str, Any] = {}
    app = Terminator("X-Client-Certificate", SECRET, LOOPBACK).around(lambda environ, _: seen.update(environ) or [])
    forwarded = {"HTTP_X_FORWARDED_FOR": "203.0.113.9, 192.0.2.1", "HTTP_X_FORWARDED_PROTO": "https", "wsgi.url_scheme": "http"}
    app({**forwarded, "REMOTE_ADDR": "127.0.0.1", "HTTP_CARDSTACK_TERMINATOR": SECRET}, None)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("192.0.2.1", "https")
    assert "HTTP_CARDSTACK_TERMINATOR" not in seen
    seen.clear()
    app({**forwarded, "REMOTE_ADDR": "127.0.0.1"}, None)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("127.0.0.1", "http")


def test_a_certificate_may_come_as_a_digest_or_as_an_escaped_pem() -> None:
    """One terminator passes on the digest, nginx the certificate; SHA-1 is no digest."""
    _, _, leaf = node_trust()
    one = Certificate.parse(leaf)
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = x509.load_der_x509_certificate(leaf).public_bytes(Encoding.PEM).decode()
    assert fingerprint(quote(pem)) == one.fingerprint
    assert fingerprint(one.fingerprint.upper()) == one.fingerprint
    assert [fingerprint(wrong) for wrong in ("", "ab" * 20, "zz" * 32, "-----BEGIN CERTIFICATE-----", "%00CERTIFICATE")] == [
        ""
    ] * 5


def test_settings_that_would_believe_a_header_are_refused() -> None:
    """A header without a secret, and a secret that can be guessed; each names its field."""
    with pytest.raises(ValidationError, match="certificate_header needs terminator_secret"):
        Config(certificate_header="X-Client-Certificate")
    with pytest.raises(ValidationError, match="terminator_secret"):
        Config(terminator_secret=SecretStr("short"))


def test_workers_get_secrets_in_clear() -> None:
    """The variables that a worker reads make the same settings."""
    config = Config(certificate_header="X-Client-Certificate", terminator_secret=SecretStr(SECRET), ca_password=SecretStr("open"))
    made = in_environment(config)
    assert made["CARDSTACK_TERMINATOR_SECRET"] == SECRET
    assert made["CARDSTACK_CA_PASSWORD"] == "open"
    assert "CARDSTACK_OCSP_PASSWORD" not in made
