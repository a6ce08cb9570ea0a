"""Request bodies come whole where their length was said, and are refused where less or more comes."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from server.bodies import WholeRequest


class Slow(BytesIO):
    """A body that comes in pieces, whatever is asked for; it notes how often."""

    asked = 0

    def read(self, size: int | None = -1) -> bytes:
        self.asked += 1
        return super().read(min(100, size) if size and size > 0 else 100)


def app() -> Flask:
    one = Flask("bodies")
    one.request_class = WholeRequest
    one.config["MAX_CONTENT_LENGTH"] = 1000

    @one.post("/")
    def echo() -> bytes:
        return request.get_data()

    return one


def post(stream: BytesIO, length: int | None, **more: Any) -> tuple[int, bytes]:
    said = {} if length is None else {"CONTENT_LENGTH": str(length)}
    environ = EnvironBuilder("/", method="POST").get_environ() | {"wsgi.input": stream} | said | more
    body, status, _ = run_wsgi_app(app(), environ, buffered=True)
    return int(status.split()[0]), b"".join(body)


def test_a_body_is_read_whole() -> None:
    """At once where it is there, piece after piece where it comes so."""
    assert post(BytesIO(bytes(range(250))), 250) == (200, bytes(range(250)))
    slow = Slow(b"x" * 450)
    assert post(slow, 450) == (200, b"x" * 450)
    assert slow.asked == 5


@pytest.mark.parametrize(("sent", "said", "status"), [(5, 10, 400), (0, 10, 400), (2000, 2000, 413), (10, 0, 200)])
def test_a_body_of_another_length_is_refused(sent: int, said: int, status: int) -> None:
    """One that ends before its time, or is too long; what comes after its end is no part of it."""
    assert post(BytesIO(b"x" * sent), said)[0] == status


def test_a_body_without_a_length_is_bounded() -> None:
    """Chunks that the server puts together: one that goes on past the limit is refused, and not cut."""
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert post(BytesIO(b"x" * 900), None, **chunked) == (200, b"x" * 900)
    assert post(BytesIO(b"x" * 1000), None, **chunked) == (200, b"x" * 1000)
    assert post(BytesIO(b"x" * 1100), None, **chunked)[0] == 413
