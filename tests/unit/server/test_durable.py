"""What was answered is on disk, and mutual TLS lets only known clients in."""

import json
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from cardstack.settlement.answer import Outcome
from cardstack.settlement.envelope import seal
from server.app import create_app
from server.config import Config
from server.store import engine, open_store
from server.store.receiving import passing
from tests.ledgers import NOON, SCHEMES, bill, enrol, message_id, node_trust, submission

ROOT = Path(__file__).resolve().parents[3]
ENDLESS = """
import sys
from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, bill, submission
store = Store(sys.argv[1], SCHEMES)
for serial in range(100_000):
    (answer,) = store.submit([submission(bill(serial))], NOON)[0]
    print(serial, answer.outcome.value, flush=True)
"""


def test_nothing_accepted_is_lost_when_the_process_is_killed(ledger_url: str) -> None:
    """SIGKILL in the middle of the work: every acknowledged transaction is in the ledger, and the audit finds nothing."""
    command = [sys.executable, "-c", ENDLESS, ledger_url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    accepted = [int(words[0]) for line in lines if (words := line.split())[1:] == ["accepted"]]
    assert len(accepted) >= 25
    store = open_store(ledger_url, SCHEMES)
    assert all(store.transaction(message_id(serial)) is not None for serial in accepted)
    report = store.audit(signatures=False)
    assert report.findings == ()
    assert len(accepted) <= report.entries <= len(accepted) + 1
    store.close()


def test_a_full_disk_loses_nothing_and_says_that_it_will_pass(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """503 with a time to try again while nothing can be written; what was answered stays, and the rest is taken afterwards."""
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON, with_console=False)
    client, pool = app.test_client(), store.database.writer

    def post(number: int, **headers: str) -> Any:
        raw = seal([bill(number * 100 + line) for line in range(100)], signer, [certificate], NOON)
        return client.post("/batches", data=raw, headers=headers)

    def fill(connection: sqlite3.Connection, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    assert post(1).status_code == 200
    event.listen(pool, "connect", fill)
    pool.dispose()
    for number, way in ((2, {}), (3, {"Prefer": "respond-async"})):
        answers = [post(number * 10 + again, **way) for again in range(5)]  # the pages that are free take the first of them
        full = answers[-1]
        assert full.json is not None
        assert (full.status_code, full.json["code"], full.headers["Retry-After"]) == (503, "CS-4007", "5")
    assert client.get("/windows").status_code == 200
    event.remove(pool, "connect", fill)
    pool.dispose()
    assert post(1).status_code == 200
    assert post(24).status_code == 200
    app.extensions["cardstack"].intake.close()
    report = store.audit(signatures=False)
    assert (report.findings, report.waiting) == ((), 0)
    assert report.entries >= 200
    assert "full" in caplog.text
    store.close()


def test_a_writer_that_was_stopped_does_not_stop_the_others_for_ever(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a turn in vain is told so, as of a database that is away, and is served once there is one."""
    monkeypatch.setattr(engine, "TURN_MS", 200)
    holder, waiting = (open_store(ledger_url, SCHEMES) for _ in range(2))
    with holder.database.writing(), pytest.raises((DBAPIError, psycopg.OperationalError)) as raised:
        waiting.submit([submission(bill(1))], NOON)
    assert passing(raised.value)
    (answers,) = waiting.submit([submission(bill(1))], NOON)
    assert [one.outcome for one in answers] == [Outcome.ACCEPTED]
    for store in (holder, waiting):
        store.close()


def _pair(folder: Path, name: str, issuer: "tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None") -> Path:
    """A certificate and its PKCS#8 key in one file; without an issuer, an authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    path = folder / f"{name}.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(secret)
    return path


def _load(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = serialization.load_pem_private_key(path.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(path.read_bytes()), key


@pytest.mark.slow
def test_mutual_tls_lets_only_known_clients_in(tmp_path: Path) -> None:
    """`cardstack serve --tls-clients`: a client with a certificate of the authority is answered, one without is not."""
    authority = _pair(tmp_path, "authority", None)
    server, client = (_pair(tmp_path, name, _load(authority)) for name in ("server", "client"))
    command = [
        sys.executable,
        "-m",
        "cardstack.cli",
        "serve",
        "--port",
        "0",
        "--json",
        "--database",
        f"sqlite:///{tmp_path}/l.db",
    ]
    command += ["--tls-certificate", str(server), "--tls-key", str(server.with_suffix(".key")), "--tls-clients", str(authority)]
    environment = {"CARDSTACK_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        served = json.loads(process.stdout.readline())
        port = urlsplit(served["address"]).port
        assert port
        assert all(link.startswith(f"https://localhost:{port}/enter/") for link in served["links"].values())
        known = ssl.create_default_context(cafile=str(authority))
        known.load_cert_chain(client, client.with_suffix(".key"))
        assert _health(port, known, tries=1) == "ok"
        stranger = ssl.create_default_context(cafile=str(authority))
        with pytest.raises((OSError, ssl.SSLError)):
            _health(port, stranger, tries=1)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _health(port: int, context: ssl.SSLContext, *, tries: int) -> str:
    for left in range(tries, 0, -1):
        connection = HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        try:
            connection.request("GET", "/health")
            status: str = json.loads(connection.getresponse().read())["status"]
        except OSError:
            if left == 1:
                raise
            time.sleep(0.2)
        else:
            return status
        finally:
            connection.close()
    raise AssertionError("no answer")
