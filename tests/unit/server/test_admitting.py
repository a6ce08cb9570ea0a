"""Bodies on their way: too large is refused whether or not its length was said, and files wait on disk."""

import tracemalloc
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from cardstack.settlement.envelope import SIZE_MAX
from server.admitting import Admission
from server.bodies import WholeRequest, spooled

CHUNKED = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}


class Made:
    """A body that is made as it is read."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int) -> bytes:
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


@pytest.fixture
def app() -> Admission:
    one = Flask("admission")
    one.request_class = WholeRequest
    one.config["MAX_CONTENT_LENGTH"] = 1 << 30

    @one.post("/<path:_path>")
    def sizes(_path: str) -> str:
        with spooled(request.stream) as file:
            return str(sum(map(len, iter(lambda: file.read(1 << 20), b""))))

    return Admission(one)


def post(app: Admission, path: str, size: int, **told: str) -> tuple[int, bytes]:
    environ: Any = (
        EnvironBuilder(path, method="POST").get_environ() | {"wsgi.input": Made(size), "CONTENT_LENGTH": str(size)} | told
    )
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    return int(status.split()[0]), b"".join(body)


@pytest.mark.parametrize("path", ["/batches", "/console/files/"])
def test_a_body_that_goes_on_past_the_limit_is_refused_and_not_cut(app: Admission, path: str) -> None:
    """One that comes in chunks is no smaller for having said nothing of its length, whoever it is for."""
    assert post(app, path, SIZE_MAX, **CHUNKED) == (200, str(SIZE_MAX).encode())
    status, said = post(app, path, SIZE_MAX + 1, **CHUNKED)
    assert (status, b"CS-4002" in said) == (413, True)


@pytest.mark.parametrize("told", [{}, CHUNKED])
def test_files_wait_on_disk(app: Admission, told: dict[str, str]) -> None:
    """They are received and handed on in far less memory than they take."""
    tracemalloc.start()
    try:
        assert post(app, "/files", 64 << 20, **told) == (200, str(64 << 20).encode())
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
