"""A running service against those who mean it ill: no server error, nothing that hangs, memory within bounds."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple

import pytest

from cardstack.crypto.local import LocalSigner
from cardstack.settlement.envelope import seal
from server.admitting import THREADS
from server.store import open_store
from tests.hosting import Hosted, hosted
from tests.ledgers import NOON, SCHEMES, bill, enrol, node_trust

pytestmark = pytest.mark.slow
JSON = {"Content-Type": "application/json"}
HEAD = b"POST /batches HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Type: application/json\r\n"


class Service(NamedTuple):
    """A service of its own, and a node that may talk to it."""

    here: Hosted
    signer: LocalSigner
    leaf: bytes


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hosted")
    url = f"sqlite:///{folder}/ledger.db"
    enrol(open_store(url, SCHEMES)).close()
    trust, signer, leaf = node_trust()
    with hosted(folder, url, trust.anchors[0].certificate.raw) as here:
        yield Service(here, signer, leaf)


def ask(here: Hosted, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = here.connect()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_slow_bodies_do_not_end_the_service(service: Service) -> None:
    """Twice as many as there are threads: reading goes on, further bodies are put off, and taken once those have gone."""
    here, raw = service.here, seal([bill(1)], service.signer, [service.leaf], NOON)
    with ExitStack() as open_:
        slow = [open_.enter_context(socket.create_connection(("127.0.0.1", here.port), 20)) for _ in range(2 * THREADS)]
        for one in slow:
            one.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n{")
        assert [ask(here, "GET", "/windows")[0] for _ in range(5)] == [200] * 5
        assert ask(here, "POST", "/batches", raw, **JSON)[0] == 503
        assert {one.recv(12)[9:] for one in select.select(slow, [], [], 0)[0]} == {b"503"}
    answers = (ask(here, "POST", "/batches", raw, **JSON)[0] for _ in range(100))
    assert 200 in answers


def test_slow_files_do_not_keep_messages_out(service: Service) -> None:
    """A file may be large and its sender anybody: few are on their way at a time, and messages are taken meanwhile."""
    here, raw = service.here, seal([bill(1)], service.signer, [service.leaf], NOON)
    with ExitStack() as open_:
        slow = [open_.enter_context(socket.create_connection(("127.0.0.1", here.port), 20)) for _ in range(2 * THREADS)]
        for one in slow:
            one.sendall(HEAD.replace(b"/batches", b"/files") + b"Content-Length: 1000000\r\n\r\nPK")
        assert select.select(slow, [], [], 20)[0]  # one was put off: the places are taken
        assert ask(here, "POST", "/files", b"PK")[0] == 503
        assert [ask(here, "POST", "/batches", raw, **JSON)[0] for _ in range(5)] == [200] * 5
    assert 400 in (ask(here, "POST", "/files", b"PK")[0] for _ in range(100))


ODD = {
    "a body that is declared too long": (HEAD + b"Content-Length: 99999999999\r\n\r\n{}", b"413"),
    "a length that is no number": (HEAD + b"Content-Length: -1\r\n\r\n{}", b"400"),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
    "both a length and pieces": (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    "a piece without a size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", b"4"),
    "deep JSON": (HEAD + b"Content-Length: 2000000\r\n\r\n" + b"[" * 2_000_000, b"400"),
    "deep objects": (HEAD + b"Content-Length: 1000000\r\n\r\n" + b'{"a":' * 200_000, b"400"),
    "a number without end": (HEAD + b"Content-Length: 100000\r\n\r\n" + b"9" * 100_000, b"400"),
    "no text": (HEAD + b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x00", b"400"),
    "another type": (HEAD.replace(b"application/json", b"text/xml") + b"Content-Length: 4\r\n\r\n<a/>", b"4"),
    "headers without number": (HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n", b"431"),
    "a header without end": (HEAD + b"X: " + b"y" * 2_000_000 + b"\r\n\r\n", b"431"),
    "an address without end": (b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", b"414"),
    "an unknown method": (b"BREW /batches HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", b"405"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", b"400"),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_requests_get_an_answer(service: Service, what: str) -> None:
    """Of the four hundreds, and the service goes on."""
    sent, status = ODD[what]
    assert service.here.raw(sent)[9:12].startswith(status)
    assert ask(service.here, "GET", "/health")[0] == 200


def test_a_body_in_pieces_without_end_is_too_large(service: Service) -> None:
    """Read no further than the limit, and not kept."""
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    answer = service.here.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[piece] * 64)
    assert answer[9:12] in (b"413", b"")  # who still sends may see no more than the end of the connection
    assert ask(service.here, "GET", "/health")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/events?after=-1",
        "/events?after=99999999999999999999999",
        "/events?after=x&limit=y",
        "/events?limit=0",
        "/events?limit=1000000000",
        "/events?after=%00",
        "/batches/zz",
        f"/batches/{'00' * 32}",
        "/transactions/%00",
        "/transactions/%F0%9F%98%80",
        "/transactions/..%2f..%2fetc",
        "/windows/toy-0000-00-00",
        "/windows/%FF",
        "/windows?cycle=%00",
        "/windows?stage=exploded",
        "/refusals/' OR 1=1 --".replace(" ", "%20"),
        "/problems/CS-9999999",
        "/lists/nothing?after=-5",
        "/files/zz",
        "/openapi/../../etc/passwd",
    ],
)
def test_odd_cursors_and_names_are_refused(service: Service, path: str) -> None:
    """Never a server error, whatever is asked for."""
    status, body = ask(service.here, "GET", path)
    assert status < 500
    assert len(body) < 1 << 20


def test_memory_stays_within_bounds(service: Service) -> None:
    """After all of that; and many large bodies at once that are all refused."""
    body = b"[" + b"1," * (8 << 20) + b"1]"
    connections = [service.here.connect() for _ in range(6)]
    for one in connections:
        one.request("POST", "/batches", body, {"Content-Type": "application/json"})
    for one in connections:
        with closing(one.getresponse()) as response:
            assert response.status in (400, 503)
        one.close()
    assert service.here.memory_mb() < 1500
