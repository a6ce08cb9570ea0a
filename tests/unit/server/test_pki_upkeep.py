"""A service that runs for months: what it publishes is made anew before it runs out, by the service's own clock."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from cardstack.ca import encoding as der
from cardstack.ca.crl import Crl
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.register import Act
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.vault import files, keys, responding
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server.app import create_app
from server.clock import Sandbox
from server.config import Config
from server.pki import Upkeep
from server.store import open_store
from tests.unit.ca.provinces import AT, agreement
from tests.unit.vault.homes import card, home

PASSWORD, ONLINE = b"secret", b"online"
MOMENT = timedelta(minutes=10)
"""A sandbox's clock runs on while the test does."""


def kept(folder: Path, id_: str = "31") -> AuthorityHome:
    """An authority whose key file is there."""
    one = home(folder, id_)
    keys.keep(one.folder, one.authority.signer, PASSWORD)
    return one


class Running:
    """A service with a sandbox clock, and its authority."""

    def __init__(self, app: Flask, one: AuthorityHome) -> None:
        self.one, self.client = one, app.test_client()
        upkeep: Upkeep = app.extensions["upkeep"]
        self.hashes = upkeep.responders("31")[0].hashes("sha1")

    def at(self, days: float) -> datetime:
        """Let that many days have passed."""
        moment = AT + timedelta(days=days)
        assert self.client.put("/sandbox/clock", json={"moment": moment.isoformat()}).status_code == 200
        return moment

    def crl(self, name: str = "31") -> Crl:
        return Crl.parse(self.client.get(f"/pki/{name}.crl").data)

    def asked(self, serial: int) -> OcspResponse:
        names = [der.octets(part) for part in self.hashes]
        identifier = der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), *names, der.integer(serial))
        body = der.sequence(der.sequence(der.sequence(der.sequence(identifier))))
        return OcspResponse.parse(self.client.post("/pki/31/ocsp", data=body).data)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Opened at the tests' usual moment."""
    one = kept(tmp_path / "ca")
    config = Config(home=tmp_path, sandbox=True, ca_password=SecretStr("secret"), ocsp_password=SecretStr("online"))
    store = open_store(config.database_url)
    Sandbox(store).set(AT)
    app = create_app(config, store=store, with_console=False)
    yield Running(app, one)
    app.extensions["upkeep"].close()


def test_crls_come_on_schedule_while_the_service_runs(running: Running) -> None:
    """Complete, deltas, complete: nobody calls a command, and none is ever served past its next update."""
    made = card(running.one)
    first = running.crl()
    running.one.act(made.serial, Act.REVOKE, at=AT, actor="tester")
    delta_at = running.at(0.3)
    delta = running.crl("31-delta")
    assert (delta.base_number, len(delta), len(first)) == (first.number, 1, 0)
    assert delta_at <= delta.this_update <= delta_at + MOMENT
    for day in range(1, 30):
        moment = running.at(day)
        crl = running.crl()
        assert crl.next_update is not None
        assert crl.this_update <= moment + MOMENT < crl.next_update
    assert (running.crl().number or 0) > (delta.number or 0)


def test_the_status_delegate_is_replaced_before_it_runs_out(running: Running) -> None:
    """The answers of a service that is never restarted are signed by a certificate that is valid then."""
    made, signers = card(running.one), set()
    for day in (0, 30, 82, 84, 120, 200):
        moment = running.at(day)
        answer = running.asked(made.serial)
        (delegate,) = answer.certificates
        assert delegate.valid_from <= moment + MOMENT < delegate.valid_until
        assert [one.status for one in answer.answers] == ["good"]
        signers.add(delegate.fingerprint)
    assert len(signers) == 3


def test_a_key_changed_by_another_process_is_the_services_key_too(running: Running) -> None:
    """The next CRL and the next answer are the new key's; the old key's certificates are still answered for."""
    before = card(running.one)
    running.crl()
    other = AuthorityHome.open(running.one.folder, PASSWORD)
    signer = local.generate(Algorithm.ECDSA_P256_SHA256)
    moment = running.at(1)
    other.rekey(signer, at=moment, actor="tester")
    keys.keep(other.folder, signer, PASSWORD)
    running.at(8)
    crl = running.crl()
    other.certificate.public_key.verify(crl.signature, crl.raw[slice(*crl.tbs)])
    assert [one.status for one in running.asked(before.serial).answers] == ["good"]


def test_a_trust_list_is_followed_by_the_next(tmp_path: Path) -> None:
    """Within a week of its end; where none was ever published, none is made."""
    for id_ in ("31", "33"):
        kept(tmp_path, id_)
    network, moments = Network(tmp_path, PASSWORD), [AT]
    network.agree([agreement("31", "33", via=None)])
    upkeep = Upkeep(network, lambda: moments[-1], online=None, password=PASSWORD)
    upkeep.look()
    assert network.home("31").trust_list() is None
    network.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    for days, sequence in ((1, 1), (20, 1), (24, 2), (48, 3)):
        moments.append(AT + timedelta(days=days))
        upkeep.look()
        held = files.read_json(network.home("31").folder / "trustlist.json")
        assert held["signed"]["sequence"] == sequence
    assert network.home("33").trust_list() is None


def test_what_cannot_be_made_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A damaged trust list of one authority stops neither its CRLs nor the other authority."""
    for id_ in ("31", "33"):
        kept(tmp_path, id_)
    network = Network(tmp_path, PASSWORD)
    (network.home("31").folder / "trustlist.json").write_bytes(b"{}")
    upkeep = Upkeep(network, lambda: AT, online=ONLINE, password=PASSWORD)
    upkeep.look()
    assert {key: error.code for key, error in upkeep.failures.items()} == {("31", "trust-list"): "CS-2270"}
    assert all(one.crl("full") and upkeep.responders(one.id) for one in network.homes.values())


def test_without_the_authoritys_key_the_delegate_serves_to_its_end(tmp_path: Path) -> None:
    """A service with the responder's password alone cannot make another one, and does not stop before."""
    one = kept(tmp_path)
    responding.responder(one, at=AT, actor="tester", password=ONLINE)
    moments = [AT]
    upkeep = Upkeep(Network(tmp_path), lambda: moments[-1], online=ONLINE, password=None)
    found = []
    for days in (0, 80, 89):
        moments.append(AT + timedelta(days=days))
        upkeep.look()
        found += [served.responder.key_identifier for served in upkeep.responders("31")]
    assert (len(found), len(set(found))) == (3, 1)
