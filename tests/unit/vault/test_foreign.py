"""A province whose keys are elsewhere: two machines that know each other by certificates and publications alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cardstack.ca.agreement import Level
from cardstack.ca.officers import Officer, approve
from cardstack.ca.register import Act, Reason
from cardstack.ca.trustlist import accept
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.errors import CardstackError
from cardstack.vault import files, keys
from cardstack.vault.foreign import Foreign, Stranger
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from cardstack.vault.recognising import Asked, Recogniser
from server.pki import Upkeep
from tests.unit.ca.provinces import AT, agreement
from tests.unit.vault.homes import card, declared, home

PASSWORD = b"test password"


@contextmanager
def fails(code: str) -> Iterator[None]:
    """What is inside ends with this code."""
    with pytest.raises(CardstackError) as caught:
        yield
    assert caught.value.code == code


def machine(folder: Path, own: str, other: AuthorityHome | None, urls: tuple[str, ...] = ()) -> Network:
    """One province with its key, and the other by its certificate."""
    made = home(folder, own)
    keys.keep(made.folder, made.authority.signer, PASSWORD)
    made.publish(at=AT - timedelta(minutes=2), actor="tester")
    if other is not None:
        enter(folder, other, urls)
    return Network(folder, PASSWORD)


def enter(folder: Path, other: AuthorityHome, urls: tuple[str, ...] = ()) -> Foreign:
    said = declared(other.id)
    stranger = Stranger(other.id, said.title, said.policies, said.namespace, said.domains, urls)
    return Foreign.enter(folder / other.id, stranger, other.certificate)


def applied(network: Network) -> None:
    officers = {name: local.generate(Algorithm.ECDSA_P256_SHA256) for name in "ab"}
    for name, key in officers.items():
        network.appoint(Officer(name, name, key.public.spki), at=AT)
    what = network.plan(AT).content()
    network.apply(what, [approve(what, officer=name, signer=key, at=AT) for name, key in officers.items()], at=AT)


@pytest.fixture
def both(tmp_path: Path) -> tuple[Network, Network]:
    """Zhejiang's machine, which knows Shanghai's certificate, and Shanghai's."""
    there = machine(tmp_path / "there", "31", None)
    here = machine(tmp_path / "here", "33", there.home("31"))
    enter(tmp_path / "there", here.home("33"))
    there = Network(tmp_path / "there", PASSWORD)
    both_ways = [agreement("33", "31", via=None), agreement("31", "33", via=None)]
    here.agree(both_ways)
    there.agree(both_ways)
    return here, there


def test_recognition_needs_no_key_of_the_other(both: tuple[Network, Network]) -> None:
    """Each issues its own direction; a card of the other is recognised, and after its revocation is not."""
    here, there = both
    assert [(one.issuer, one.subject) for one in here.plan(AT).changes] == [("33", "31")]
    applied(here)
    applied(there)
    assert here.plan(AT).changes == ()
    made = card(there.home("31"))
    stranger = here.stranger("31")
    ask = Recogniser(here)
    for one in here.homes.values():
        one.publish(at=AT, actor="tester", force="full")
    assert not ask.ask(made, Asked("33"), AT).accepted
    there.home("31").publish(at=AT, actor="tester", force="full")
    stranger.take(there.home("31").crl("full") or b"", AT)
    answer = ask.ask(made, Asked("33"), AT)
    assert (answer.accepted, answer.level) == (True, Level.HIGH)
    there.home("31").act(made.serial, Act.REVOKE, at=AT, actor="tester", reason=Reason.KEY_COMPROMISE)
    there.home("31").publish(at=AT + timedelta(minutes=1), actor="tester", force="full")
    later = AT + timedelta(minutes=2)
    stranger.take(there.home("31").crl("full") or b"", later)
    assert not ask.ask(made, Asked("33"), later).accepted


def test_the_graph_and_the_list_have_the_other(both: tuple[Network, Network]) -> None:
    """Our direction from our register, theirs from the certificate that was brought; revoked by their CRL."""
    here, there = both
    applied(here)
    applied(there)
    assert {(one.by, one.of) for one in here.graph(AT).recognitions(AT)} == {("33", "31")}
    ((theirs, _),) = there.home("31").crosses(AT)
    stranger = here.stranger("31")
    stranger.take_cross(theirs.raw)
    assert {(one.by, one.of) for one in here.graph(AT).recognitions(AT)} == {("33", "31"), ("31", "33")}
    assert here.cross("31", theirs.fingerprint, AT) == theirs
    there.home("31").act(theirs.serial, Act.REVOKE, at=AT, actor="tester")
    there.home("31").publish(at=AT, actor="tester", force="full")
    stranger.take(there.home("31").crl("full") or b"", AT)
    assert {(one.by, one.of) for one in here.graph(AT).recognitions(AT)} == {("33", "31")}
    here.publish_list("33", at=AT, actor="tester", password=PASSWORD)
    listed, _ = accept(here.home("33").trust_list() or b"", anchors=[here.home("33").certificate], at=AT)
    assert [one.fingerprint for one in listed.anchors] == [there.home("31").certificate.fingerprint]


def test_what_is_not_theirs_is_not_kept(both: tuple[Network, Network], tmp_path: Path) -> None:
    """Another's CRL, a delta, an older one, a changed one; another's cross certificate; a second entry; a leaf."""
    here, there = both
    stranger, theirs = here.stranger("31"), there.home("31")
    first = theirs.crl("full") or b""
    stranger.take(first, AT)
    theirs.publish(at=AT, actor="tester", force="full")
    newer = theirs.crl("full") or b""
    stranger.take(newer, AT)
    theirs.publish(at=AT, actor="tester", force="delta")
    for raw, code in (
        (here.home("33").crl("full") or b"", "CS-2351"),
        (theirs.crl("delta") or b"", "CS-2351"),
        (first, "CS-2352"),
        (newer[:-1] + bytes((newer[-1] ^ 1,)), "CS-2351"),
    ):
        with fails(code):
            stranger.take(raw, AT)
    with fails("CS-2351"):
        stranger.take(newer, AT - timedelta(days=1))
    with fails("CS-2351"):
        stranger.take_cross(card(theirs).raw)
    with fails("CS-2351"):
        stranger.take_cross(theirs.certificate.raw)
    with fails("CS-2350"):
        enter(tmp_path / "here", theirs)
    with fails("CS-2350"):
        enter(tmp_path / "there", theirs)
    with fails("CS-2351"):
        Foreign.enter(tmp_path / "here" / "35", stranger.declared, card(theirs))
    with fails("CS-2321"):
        here.stranger("99")
    assert stranger.crl is not None
    assert stranger.crl.raw == newer


def test_their_crl_is_fetched_when_it_is_due(tmp_path: Path) -> None:
    """From the first address that gives a good one; an hour later again; a failure is kept and said."""
    there = machine(tmp_path / "there", "31", None)
    served = tmp_path / "www"
    served.mkdir()
    with _http(served) as address:
        here = machine(tmp_path / "here", "33", there.home("31"), (f"{address}/none.crl", f"{address}/31.crl"))
        moments = [AT]
        upkeep = Upkeep(here, lambda: moments[-1], online=None, password=None)
        upkeep.fetch()
        assert upkeep.failures["31", "crl"].code == "CS-2353"
        files.write(served / "31.crl", there.home("31").crl("full") or b"")
        upkeep.fetch()
        crl = here.stranger("31").crl
        assert (upkeep.failures, crl is not None) == ({}, True)
        assert not here.stranger("31").due(AT)
        moments.append(AT + timedelta(days=9))
        there.home("31").publish(at=moments[-1], actor="tester", force="full")
        files.write(served / "31.crl", there.home("31").crl("full") or b"")
        upkeep.fetch()
        newer = here.stranger("31").crl
        assert newer is not None
        assert newer.this_update == moments[-1]
    with fails("CS-2353"):
        Foreign.enter(
            tmp_path / "x", Stranger("x", declared("31").title, {}, crl=("file:///etc/passwd",)), there.home("31").certificate
        ).fetch(AT)


@contextmanager
def _http(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]  # as the server calls it

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
