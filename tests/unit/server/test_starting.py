"""A service that cannot start says why before it begins: no server without TLS that was asked for it, no traceback."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cardstack.cli import serve as cli
from cardstack.errors import CardstackError
from server import serving, tls
from server.config import Config, Role, settings
from server.store import open_store


class Files(NamedTuple):
    """A self-signed certificate, its key, the key under a password, another key, and no PEM at all."""

    certificate: Path
    key: Path
    locked: Path
    other: Path
    noise: Path


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("pem")
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    files = Files(*(folder / one for one in Files._fields))
    files.certificate.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    for path, of, lock in (
        (files.key, key, NoEncryption()),
        (files.locked, key, BestAvailableEncryption(b"test")),
        (files.other, other, NoEncryption()),
    ):
        path.write_bytes(of.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    files.noise.write_bytes(b"\0noise")
    return files


def test_tls_is_whole_or_not_at_all(pem: Files) -> None:
    """What granian is told, and nothing where nothing was asked for."""
    assert tls.options(None, None) == {}
    assert tls.options(pem.certificate, pem.key) == {"ssl_cert": pem.certificate, "ssl_key": pem.key}
    mutual = tls.options(pem.certificate, pem.key, pem.certificate)
    assert (mutual["ssl_ca"], mutual["ssl_client_verify"], mutual["ssl_crl"]) == (pem.certificate, True, [])


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        (("certificate", None), "CS-4044", "tls-key"),
        ((None, "key"), "CS-4044", "tls-certificate"),
        ((None, None, "certificate"), "CS-4044", "tls-certificate"),
        ((None, None, None, ["certificate"]), "CS-4044", "tls-certificate"),
        (("certificate", "key", None, ["certificate"]), "CS-4044", "tls-clients"),
        (("certificate", "other"), "CS-4045", "tls-certificate"),
        (("certificate", "locked"), "CS-4045", "tls-certificate"),
        (("noise", "key"), "CS-4045", "tls-certificate"),
        (("certificate", "noise"), "CS-4045", "tls-certificate"),
        (("certificate", "key", "noise"), "CS-4045", "tls-clients"),
        (("certificate", "key", "certificate", ["noise"]), "CS-4045", "tls-crl"),
    ],
)
def test_half_of_tls_is_refused(pem: Files, given: tuple[Any, ...], code: str, field: str) -> None:
    """An option too few, or a file that is not what its option says: never a server in clear instead."""

    def path(name: str | None) -> Path | None:
        return None if name is None else pem[Files._fields.index(name)]

    certificate, key, clients, crl = (*given, None, None)[:4]
    with pytest.raises(CardstackError) as refused:
        tls.options(path(certificate), path(key), path(clients), [pem[Files._fields.index(one)] for one in crl or ()])
    assert (refused.value.code, refused.value.facts["field"]) == (code, field)


def test_a_missing_file_is_named(pem: Files, tmp_path: Path) -> None:
    """Whether it is one of TLS or one of the node."""
    for certificate, key in ((tmp_path / "gone.pem", pem.key), (pem.certificate, tmp_path / "gone.pem")):
        for start in (
            partial(tls.options, certificate, key),
            partial(serving.serve, Config(home=tmp_path, port=0, certificate=certificate, key=key)),
        ):
            with pytest.raises(CardstackError) as refused:
                start()
            assert (refused.value.code, refused.value.facts["file"]) == ("CS-2301", "gone.pem")


@pytest.mark.parametrize(("certificate", "key", "code"), [("certificate", "other", "CS-4043"), ("certificate", None, "CS-4040")])
def test_a_node_has_a_pair(pem: Files, tmp_path: Path, certificate: str, key: str | None, code: str) -> None:
    """Receipts under a key that no certificate vouches for would convince nobody."""
    named = None if key is None else pem[Files._fields.index(key)]
    with pytest.raises(CardstackError) as refused:
        serving.serve(Config(home=tmp_path, port=0, certificate=getattr(pem, certificate), key=named))
    assert refused.value.code == code


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_and_a_folder_that_is_none_are_found_out(tmp_path: Path, taken: int) -> None:
    """Before a worker tries and tries again."""
    with pytest.raises(OSError, match="in use"):
        serving.serve(Config(home=tmp_path, port=taken))
    with pytest.raises(NotADirectoryError):
        serving.serve(Config(home=tmp_path, port=0, trust=tmp_path / "gone"))


def test_a_free_port_is_said_once_it_is_listened_at(tmp_path: Path) -> None:
    """One line of JSON on standard output, with links that open the console."""
    command = [sys.executable, "-m", "cardstack.cli", "serve", "--port", "0", "--json"]
    environment = os.environ | {"CARDSTACK_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            served = json.loads(process.stdout.readline())
            assert (served["role"], served["node"], set(served["links"])) == ("hub", "00.hub", {"admin", "chief"})
            where = urlsplit(served["address"])
            assert where.port
            for link in served["links"].values():
                assert urlsplit(link).netloc == f"localhost:{where.port}"
                with closing(HTTPConnection("127.0.0.1", where.port, timeout=20)) as connection:
                    connection.request("GET", urlsplit(link).path)
                    assert connection.getresponse().status == 303
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=30)
    assert rest == ""


def test_links_are_said_for_people_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the port that was taken and the protocol that is spoken."""
    told: dict[str, Any] = {}

    def granian(_: str, **options: Any) -> SimpleNamespace:
        told.update(options)
        return SimpleNamespace(serve=lambda: None)

    monkeypatch.setattr("granian.Granian", granian)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    serving.serve(Config(home=tmp_path, port=0), tls={"ssl_cert": "c"})
    said = capsys.readouterr()
    assert (said.out, said.err.count(f"https://localhost:{told['port']}/enter/")) == ("", 2)
    assert told["port"] > 0
    assert os.environ["CARDSTACK_PORT"] == str(told["port"])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"role": "centre"}, "role"),
    ({"port": 70000}, "port"),
    ({"terminator_secret": "short"}, "terminator_secret"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], field: str) -> None:
    """The field, and no content of it."""
    with pytest.raises(CardstackError) as refused:
        settings(**wrong)
    assert (refused.value.code, refused.value.facts["field"]) == ("CS-4040", field)
    assert str(next(iter(wrong.values()))) not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "", "://"])
def test_an_address_of_no_database_is_refused(url: str) -> None:
    """A ledger in memory would promise what it does not keep."""
    with pytest.raises(CardstackError) as refused:
        open_store(url)
    assert (refused.value.code, refused.value.facts) == ("CS-4041", {"field": "database"})


def test_a_variable_is_heard_where_no_option_says_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options come first, then CARDSTACK_*, then the defaults."""
    heard: list[Config] = []
    monkeypatch.setattr(serving, "serve", lambda config, **_: heard.append(config))
    monkeypatch.setenv("CARDSTACK_DATABASE", "sqlite:///elsewhere.db")
    monkeypatch.setenv("CARDSTACK_ROLE", "province")
    monkeypatch.setenv("CARDSTACK_SANDBOX", "true")
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    cli.command(role="hospital")
    (found,) = heard
    assert (found.database, found.role, found.sandbox, found.port) == ("sqlite:///elsewhere.db", Role.HOSPITAL, True, 8650)


@contextmanager
def started(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """A service of two workers that is on its way up."""
    command = [sys.executable, "-m", "cardstack.cli", "serve", "--workers", "2", "--port", "0", "--json"]
    environment = os.environ | {"CARDSTACK_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.parametrize("after", [0.0, 0.4])
def test_a_service_told_to_stop_while_it_starts_stops(tmp_path: Path, after: float) -> None:
    """Its workers hear of it before their application stands, and nobody waits until they are killed."""
    with started(tmp_path) as process:
        assert process.stderr
        while "Spawning worker-2" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(after)
        process.terminate()
        _, said = process.communicate(timeout=serving.STOPPING - 5)
    assert (process.returncode, "Killing" in said) == (0, False)


def test_a_request_under_way_is_answered_before_a_worker_stops(tmp_path: Path) -> None:
    """A body that is still on its way when the service is told to stop gets its answer."""
    with started(tmp_path) as process:
        assert process.stdout
        port = urlsplit(json.loads(process.stdout.readline())["address"]).port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(b"POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{")
            time.sleep(0.5)
            process.terminate()
            time.sleep(0.5)
            line.sendall(b"}\n")
            assert line.recv(12).startswith(b"HTTP/1.1 4")
        _, said = process.communicate(timeout=serving.STOPPING - 5)
    assert (process.returncode, "Killing" in said) == (0, False)
