"""CRLs, status answers and enrolment over HTTP, asked by the openssl and curl commands."""

import base64
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.serving import WSGIRequestHandler, make_server

from cardstack.ca import csr, fields
from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.crl import Crl
from cardstack.ca.issue import Wish
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.profile import profile
from cardstack.ca.register import Act, Reason
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm
from cardstack.vault import responding
from cardstack.vault.enrolment import Enrolment
from cardstack.vault.home import AuthorityHome
from server.app import create_app
from server.config import Config
from server.pki import Published, pki
from tests.unit.vault import homes

# The clients have no clock to set, so everything here began an hour ago.
NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW - timedelta(hours=1)
home, card = partial(homes.home, at=AT), partial(homes.card, at=AT)
needs_clients = pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="needs openssl and curl")


class Quiet(WSGIRequestHandler):
    """No access log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


def application(one: AuthorityHome) -> Flask:
    app = Flask(__name__)
    responder = responding.responder(one, at=NOW, actor="tester", password=b"online")
    earlier = responding.earlier(one, at=NOW, password=b"online")
    shown = Published(one, lambda _: (responder, *earlier), Enrolment(one))
    app.register_blueprint(pki([shown], clock=lambda: datetime.now(UTC)))
    return app


@contextmanager
def serving(app: Flask, context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def run(*command: object, cwd: Path, ok: bool = True) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def write(folder: Path, name: str, raw: bytes) -> None:
    (folder / name).write_bytes(pem("CERTIFICATE", raw))


@needs_clients
@pytest.mark.parametrize("algorithm", [Algorithm.ECDSA_P256_SHA256, Algorithm.RSA_SHA256])
def test_the_openssl_client_gets_signed_answers(tmp_path: Path, algorithm: Algorithm) -> None:
    """Good, revoked and suspended cards, with nonce, by SHA-1 and SHA-256 identifiers, by POST."""
    one = home(tmp_path, algorithm=algorithm)
    cards = [card(one, name) for name in ("good", "revoked", "held")]
    one.act(cards[1].serial, Act.REVOKE, at=AT, actor="tester", reason=Reason.KEY_COMPROMISE)
    one.act(cards[2].serial, Act.SUSPEND, at=AT, actor="tester")
    write(tmp_path, "ca", one.certificate.raw)
    for name, each in zip(("good", "revoked", "held"), cards, strict=True):
        write(tmp_path, name, each.raw)
    with serving(application(one)) as port:
        url = f"http://127.0.0.1:{port}/pki/31/ocsp"
        for digest in ("-sha1", "-sha256"):
            ask = ["openssl", "ocsp", digest, "-issuer", "ca", "-CAfile", "ca", "-url", url]
            said = run(*ask, "-cert", "good", "-cert", "revoked", "-cert", "held", cwd=tmp_path)
            assert "Response verify OK" in said
            assert "good: good" in said
            assert "revoked: revoked" in said
            assert "Reason: keyCompromise" in said
            assert "held: revoked" in said
            assert "Reason: certificateHold" in said
            assert "WARNING" not in said


@needs_clients
def test_after_a_key_change_both_keys_certificates_are_answered_for(tmp_path: Path) -> None:
    """The delegate of the old key goes on; the new one has its own; `cacerts` gives both roots and the links."""
    one = home(tmp_path)
    old, before = one.certificate, card(one, "before")
    application(one)
    one.rekey(local.generate(Algorithm.ECDSA_P256_SHA256), at=NOW, actor="tester")
    after = card(one, "after", at=NOW)
    one.act(before.serial, Act.REVOKE, at=NOW, actor="tester", reason=Reason.SUPERSEDED)
    for name, each in (("old", old), ("new", one.certificate), ("before", before), ("after", after)):
        write(tmp_path, name, each.raw)
    app = application(one)
    with serving(app) as port:
        ask = ["openssl", "ocsp", "-url", f"http://127.0.0.1:{port}/pki/31/ocsp"]
        assert "before: revoked" in run(*ask, "-issuer", "old", "-CAfile", "old", "-cert", "before", cwd=tmp_path)
        assert "after: good" in run(*ask, "-issuer", "new", "-CAfile", "new", "-cert", "after", cwd=tmp_path)
    (tmp_path / "cacerts").write_bytes(app.test_client().get("/.well-known/est/31/cacerts").data)
    assert len(certificates(tmp_path, "cacerts")) == 4


@needs_clients
def test_a_serial_never_issued_is_unknown_and_another_authority_unauthorized(tmp_path: Path) -> None:
    """The responder says what it knows, and for others nothing."""
    one = home(tmp_path)
    write(tmp_path, "ca", one.certificate.raw)
    write(tmp_path, "other", home(tmp_path, "33").certificate.raw)
    with serving(application(one)) as port:
        ask = ["openssl", "ocsp", "-CAfile", "ca", "-url", f"http://127.0.0.1:{port}/pki/31/ocsp", "-issuer"]
        assert "77: unknown" in run(*ask, "ca", "-serial", "77", cwd=tmp_path)
        assert "unauthorized" in run(*ask, "other", "-serial", "77", cwd=tmp_path, ok=False)


def test_our_own_reader_accepts_the_answer_and_any_bytes_get_one(tmp_path: Path) -> None:
    """SM2 answers parse; nonsense is a malformed request, by POST and by GET."""
    one = home(tmp_path, algorithm=Algorithm.SM2_SM3)
    client = application(one).test_client()
    name, key = der.octets(b"x" * 20), der.octets(b"y" * 20)
    algorithm = der.sequence(der.oid("1.3.14.3.2.26"), der.NULL)
    identifier = der.sequence(algorithm, name, key, der.integer(5))
    foreign = der.sequence(der.sequence(der.sequence(der.sequence(identifier))))
    assert client.post("/pki/31/ocsp", data=foreign).data == der.sequence(der.enumerated(6))
    for nonsense in (b"", b"0", b"\x30\x80", bytes(70_000), foreign[:-1]):
        answer = client.post("/pki/31/ocsp", data=nonsense)
        assert (answer.status_code, answer.data) == (200, der.sequence(der.enumerated(1)))
    assert client.get("/pki/31/ocsp/!").data == der.sequence(der.enumerated(1))
    served = responding.responder(one, at=AT, actor="tester", password=b"online")
    names = [der.octets(part) for part in served.hashes("sm3")]
    mine = der.sequence(der.sequence(der.oid("1.2.156.10197.1.401")), *names, der.integer(card(one).serial))
    asked = der.sequence(der.sequence(der.sequence(der.sequence(mine))))
    encoded = base64.b64encode(asked).decode().replace("/", "%2F").replace("+", "%2B")
    for answer in (client.post("/pki/31/ocsp", data=asked), client.get(f"/pki/31/ocsp/{encoded}")):
        assert [single.status for single in OcspResponse.parse(answer.data).answers] == ["good"]


def test_crls_and_certificates_are_where_certificates_say(tmp_path: Path) -> None:
    """The paths of the distribution points answer with DER and its type."""
    one = home(tmp_path)
    client = application(one).test_client()
    assert client.get("/pki/31.crl").status_code == 404
    one.publish(at=AT, actor="tester")
    one.publish(at=AT + timedelta(hours=7), actor="tester")
    for path in ("/pki/31.crl", "/pki/31-delta.crl"):
        answer = client.get(path)
        assert answer.mimetype == "application/pkix-crl"
        assert Crl.parse(answer.data).issuer == one.certificate.subject
    assert client.get("/pki/31.cer").data == one.certificate.raw
    assert client.get("/pki/99.cer").status_code == 404


@needs_clients
def test_an_est_client_enrols_and_renews(tmp_path: Path) -> None:
    """RFC 7030 with curl and openssl over TLS: cacerts, a ticket for a certificate, the certificate for its successor."""
    one = home(tmp_path)
    write(tmp_path, "ca", one.certificate.raw)
    with serving(application(one), tls(one, tmp_path)) as port:
        est = f"https://127.0.0.1:{port}/.well-known/est/31"
        fetch = ["curl", "-sS", "--fail-with-body", "--cacert", "ca", "--max-time", "20"]
        run(*fetch, "-o", "cacerts", f"{est}/cacerts", cwd=tmp_path)
        assert certificates(tmp_path, "cacerts") == [one.certificate.raw]
        ticket, secret = Enrolment(one).ticket("terminal", attributes={"CN": "终端 1"}, level=Level.HIGH, at=NOW, actor="tester")
        first = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(*first, "-keyout", "key", "-subj", "/CN=any", "-outform", "DER", "-out", "request", cwd=tmp_path)
        post = [*fetch, "-H", "Content-Type: application/pkcs10", "--data-binary", "@body"]
        body(tmp_path)
        said = run(*post, "-u", f"{ticket.id}:wrong", f"{est}/simpleenroll", cwd=tmp_path, ok=False)
        assert "CS-2310" in said
        run(*post, "-u", f"{ticket.id}:{secret}", "-o", "enrolled", f"{est}/simpleenroll", cwd=tmp_path)
        run(*post, f"{est}/simplereenroll", cwd=tmp_path, ok=False)
        (made,) = certificates(tmp_path, "enrolled")
        write(tmp_path, "certificate", made)
        subject = "/C=CN/ST=上海市/CN=终端 1"
        run(*first, "-utf8", "-keyout", "key2", "-subj", subject, "-outform", "DER", "-out", "request", cwd=tmp_path)
        body(tmp_path)
        mine = ["--cert", "certificate", "--key", "key"]
        run(*post, *mine, "-o", "renewed", f"{est}/simplereenroll", cwd=tmp_path)
        (renewed,) = certificates(tmp_path, "renewed")
        write(tmp_path, "next", renewed)
        run("openssl", "verify", "-x509_strict", "-CAfile", "ca", "next", cwd=tmp_path)
        assert renewed != made


def body(folder: Path) -> None:
    (folder / "body").write_bytes(base64.encodebytes((folder / "request").read_bytes()))


def certificates(folder: Path, name: str) -> list[bytes]:
    """What openssl finds in a bundle."""
    (folder / "bundle").write_bytes(base64.b64decode((folder / name).read_bytes()))
    text = run("openssl", "pkcs7", "-inform", "DER", "-in", "bundle", "-print_certs", cwd=folder)
    return [
        ssl.PEM_cert_to_DER_cert("-----BEGIN" + part.split("-----END")[0] + "-----END CERTIFICATE-----")
        for part in text.split("-----BEGIN")[1:]
    ]


def tls(one: AuthorityHome, folder: Path) -> ssl.SSLContext:
    key = local.generate(Algorithm.ECDSA_P256_SHA256)
    wish = Wish(policies=(one.declared.policies[Level.HIGH],), names=(fields.dns("localhost"), fields.address("127.0.0.1")))
    made = one.issue(profile("node-tls"), subject=one.name(CN="est"), public=key.public, at=AT, actor="tester", wish=wish)
    (folder / "server").write_bytes(key.to_pkcs8(None) + pem("CERTIFICATE", made.raw))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server")
    context.load_verify_locations(folder / "ca")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def test_a_request_for_enrolment_is_refused_in_words(tmp_path: Path) -> None:
    """No user, no base64, no request: a status and a sentence."""
    client = application(home(tmp_path)).test_client()
    place = "/.well-known/est/31/simpleenroll"
    assert client.post(place, data=b"x").status_code == 401
    assert client.post(place, data=b"!", auth=("a", "b")).status_code == 400
    garbage = base64.b64encode(b"garbage")
    answer = client.post(place, data=garbage, auth=("a", "b"))
    assert (answer.status_code, "CS-2240" in answer.text) == (400, True)
    good = base64.b64encode(csr.build(der.name(CN="x"), local.generate(Algorithm.ECDSA_P256_SHA256)))
    assert "CS-2310" in client.post(place, data=good, auth=("a", "b")).text
    assert client.post("/.well-known/est/99/simpleenroll", data=good, auth=("a", "b")).status_code == 404
    assert client.get("/.well-known/est/31/csrattrs").status_code == 204


def test_the_service_publishes_the_authorities_below_its_home(tmp_path: Path) -> None:
    """Files always; status and enrolment where the passwords are given; answers while threads revoke."""
    one = home(tmp_path / "ca")
    signer = one.authority.signer
    assert isinstance(signer, local.LocalSigner)
    (one.folder / "key.pem").write_bytes(signer.to_pkcs8(b"secret"))
    one.publish(at=NOW, actor="tester")
    closed = create_app(Config(home=tmp_path)).test_client()
    assert closed.get("/pki/31.crl").status_code == 200
    assert closed.post("/pki/31/ocsp", data=b"x").data == der.sequence(der.enumerated(6))
    assert closed.post("/.well-known/est/31/simpleenroll", data=b"x", auth=("a", "b")).status_code == 404
    assert closed.get("/pki/31/trustlist.json").status_code == 404
    opened = create_app(Config(home=tmp_path, ca_password=SecretStr("secret"), ocsp_password=SecretStr("online")))
    assert opened.test_client().post("/.well-known/est/31/simpleenroll", data=b"!", auth=("a", "b")).status_code == 400
    only_status = create_app(Config(home=tmp_path, ocsp_password=SecretStr("online")))
    names = [der.octets(part) for part in responding.responder(one, at=NOW, actor="x", password=b"online").hashes("sha1")]

    def ask(_: int) -> list[str]:
        made = card(one)
        one.act(made.serial, Act.REVOKE, at=NOW, actor="tester")
        identifier = der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), *names, der.integer(made.serial))
        asked = der.sequence(der.sequence(der.sequence(der.sequence(identifier))))
        return [
            single.status
            for single in OcspResponse.parse(only_status.test_client().post("/pki/31/ocsp", data=asked).data).answers
        ]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(20))) == [["revoked"]] * 20
