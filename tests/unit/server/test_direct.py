"""What is answered ahead of the framework is answered as the route would."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from cardstack.settlement.envelope import seal, seal_lines
from server.api.callers import ROUTES, Caller
from server.api.direct import Direct
from server.app import create_app
from server.config import Config
from server.intake import LARGE
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, bill, enrol, node_trust

TRUST, SIGNER, CERTIFICATE = node_trust()
_, STRANGER, UNKNOWN = node_trust()


class Said(NamedTuple):
    """What came back."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Service(NamedTuple):
    """A service, and whether requests meet `Direct` first."""

    app: Flask
    direct: bool

    def ask(self, body: bytes, path: str = "/transactions", **environ: Any) -> Said:
        made = EnvironBuilder(path, method="POST", data=body, content_type="application/json").get_environ() | environ
        wsgi: Any = self.app.wsgi_app
        assert isinstance(wsgi, Direct)
        parts, status, headers = run_wsgi_app(wsgi if self.direct else wsgi.inner, made, buffered=True)
        return Said(status, sorted(headers), b"".join(parts))


@pytest.fixture
def both(tmp_path: Path) -> Iterator[list[Service]]:
    """Two services of one content, one without what stands in front."""
    made = []
    for direct in (True, False):
        store = enrol(open_store(f"sqlite:///{tmp_path}/{direct}.db", SCHEMES))
        made.append(Service(create_app(Config(home=tmp_path), store=store, trust=TRUST, clock=lambda: NOON), direct))
    yield made
    for one in made:
        here = one.app.extensions["cardstack"]
        here.intake.close()
        here.store.close()


def envelope(*amounts: int, **how: Any) -> bytes:
    lines = [bill(number, amount) for number, amount in enumerate(amounts, 1)]
    return seal(lines, how.get("signer", SIGNER), [how.get("certificate", CERTIFICATE)], how.get("at", NOON))


ONE = envelope(100)
REQUESTS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "accepted": (ONE, {}),
    "repeated": (ONE, {}),
    "conflicting": (envelope(101), {}),
    "conflicting, in English": (envelope(101), {"HTTP_ACCEPT_LANGUAGE": "en"}),
    "two transactions": (envelope(1, 2), {}),
    "nothing": (b"", {}),
    "no JSON": (b"{", {}),
    "no transaction": (seal_lines([b'{"amount_fen":1}'], SIGNER, [CERTIFICATE], NOON), {}),
    "unknown authority": (envelope(1, signer=STRANGER, certificate=UNKNOWN), {}),
    "another's key": (envelope(1, signer=STRANGER), {}),
    "signed tomorrow": (envelope(1, at=NOON + timedelta(days=1)), {}),
    "shorter than it was said": (ONE, {"CONTENT_LENGTH": str(len(ONE) + 1)}),
    "longer than it was said": (ONE + b" ", {"CONTENT_LENGTH": str(len(ONE))}),
    "no length": (ONE, {"CONTENT_LENGTH": ""}),
    "no number": (ONE, {"CONTENT_LENGTH": "²"}),
    "large": (ONE + b" " * LARGE, {}),
    "by parts": (ONE, {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}),
    "answered before it is judged": (envelope(7, 8)[:-1], {"HTTP_PREFER": "respond-async"}),
    "asked for": (b"", {"REQUEST_METHOD": "GET"}),
    "another address": (ONE, {"PATH_INFO": "/transactions/"}),
}


def test_every_request_is_answered_alike(both: list[Service]) -> None:
    """Status, headers and body, one after another on two ledgers of one content."""
    for name, (body, environ) in REQUESTS.items():
        first, second = (one.ask(body, **environ) for one in both)
        assert first == second, name
    statuses = [both[0].ask(body, **environ).status.split()[0] for body, environ in REQUESTS.values()]
    assert {"200", "400", "403", "404", "405", "409"} <= set(statuses)


def test_what_stands_does_not_meet_the_framework(both: list[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted and repeated are answered in front of it, everything else by it."""
    direct = both[0].app.wsgi_app
    assert isinstance(direct, Direct)
    monkeypatch.setattr(direct, "inner", None)
    assert [both[0].ask(ONE).status for _ in range(2)] == ["201 CREATED", "200 OK"]
    with pytest.raises(TypeError):
        both[0].ask(b"{")


def test_the_route_asks_for_no_caller_but_the_signer() -> None:
    """What stands in front of it looks at no other proof."""
    assert ROUTES["submit"] is Caller.SIGNER


def test_a_body_that_comes_by_parts_is_read_whole(both: list[Service]) -> None:
    """The server may give less than is asked for."""

    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(100, size or 100))

    slowly: dict[str, Any] = {"wsgi.input": Slow(ONE)}
    assert both[0].ask(ONE, **slowly).status == "201 CREATED"


def test_an_unexpected_error_is_the_frameworks(both: list[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged and answered 500 as any other, or 503 where it may pass."""
    for error, status in ((RuntimeError("unexpected"), "500"), (MemoryError(), "503")):
        for one in both:

            def fails(raw: bytes, error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(one.app.extensions["cardstack"].intake, "receive", fails)
        first, second = (one.ask(ONE) for one in both)
        assert first == second
        assert first.status.startswith(status)
