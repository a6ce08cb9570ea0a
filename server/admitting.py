"""Request bodies come in before anything works on them, and those who send theirs slowly do not hold up everybody else.

Granian (2.8.7) waits for headers at most half a minute but for a body without end, and a thread waits with it; a read that has
begun cannot be given up (its end takes the body's lock, and with it the interpreter's). So at most `PLACES` of the threads wait
for bodies at a time and `FILE_PLACES` for files, which are kept on disk, whoever sends them: what has no body is always answered,
and who finds no place is told to come again. A proxy in front that takes in whole requests before it passes them on keeps slow
senders away altogether.
"""

from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, Final

from flask import Flask

from cardstack.errors import Problem, problem
from cardstack.settlement.envelope import SIZE_MAX
from cardstack.text import Text
from server.api.filing import FILE_MAX
from server.api.problems import TOO_LARGE, document
from server.bodies import PIECE
from server.turns import Turns

THREADS: Final = 16
"""What granian is started with."""
PLACES, FILE_PLACES, QUEUE = 9, 3, 2
"""How many threads may wait for bodies, how many more for those of files, which take longest, and how many for such a place."""
MOMENT_S: Final = 0.1
"""As long as it may take a thread whose body is there to get its turn."""
CUT: Final = problem(
    "CS-4046",
    Text("The body of the request is shorter than it was said to be", "请求正文短于所声明的长度"),
    Text("Send it again whole; a message id makes that safe.", "请完整重发；报文标识可防止重复入账。"),
)
BUSY: Final = problem(
    "CS-4047",
    Text("Too many bodies are under way", "同时上送的请求过多"),
    Text("Send it again a little later; a message id makes that safe.", "请稍后重发；报文标识可防止重复入账。"),
)

Environ = dict[str, Any]


class Admission:
    """Reads bodies for an application; `wait_s` is how long a request waits for its place."""

    def __init__(self, app: Flask, *, wait_s: float = 2) -> None:
        self.app, self.inner = app, app.wsgi_app
        self._messages = Turns(places=PLACES, queue=QUEUE, wait_s=wait_s, moment_s=MOMENT_S)
        self._files = Turns(places=FILE_PLACES, queue=QUEUE, wait_s=wait_s, moment_s=MOMENT_S)

    def __call__(self, environ: Environ, start: Any) -> Iterable[bytes]:
        """Answer 503 where too many wait already, 400 for a body that ends early; else the application has it whole."""
        declared = environ.get("CONTENT_LENGTH") or ""
        has_body = declared not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
        length = int(declared) if declared.isascii() and declared.isdigit() else None
        is_file = environ.get("PATH_INFO") == "/files"
        turns, most = (self._files, FILE_MAX) if is_file else (self._messages, SIZE_MAX)
        if not has_body or (length is not None and length > most):
            return self.inner(environ, start)  # too much is refused by its length alone, but for an operator's upload
        with TemporaryFile() if is_file else BytesIO() as body:
            if not turns.take():
                return self._say(BUSY, 503, environ, start)
            try:
                size = _carry(environ["wsgi.input"], body, most + 1 if length is None else length)
            finally:
                turns.give_back()
            if length is not None and size < length:
                return self._say(CUT, 400, environ, start)
            if size > most:
                return self._say(TOO_LARGE, 413, environ, start)
            body.seek(0)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            return self.inner(environ, start)

    def _say(self, what: Problem, status: int, environ: Environ, start: Any) -> Iterable[bytes]:
        with self.app.request_context(environ):
            answer = document(what, status)
        answer.headers["Connection"] = "close"
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            answer.headers["Retry-After"] = "1"
        return answer(environ, start)


def _carry(source: Any, body: IO[bytes], most: int) -> int:
    """Carry over at most so many bytes, or those that came before the sender went away; how many that were."""
    left = most
    with suppress(OSError):
        while left > 0 and (piece := source.read(min(PIECE, left))):
            left -= len(piece)
            body.write(piece)
    return most - left
