"""Request bodies come in before anything works on them, and those who send theirs slowly do not hold up everybody else.

Granian (2.8.7) waits for headers at most half a minute but for a body without end, and a thread waits with it; a read that has
begun cannot be given up (its end takes the body's lock, and with it the interpreter's). So at most `PLACES` of the threads wait
for bodies at a time and `FILE_PLACES` for files, up to `FILE_MAX` in memory each, whoever sends them: what has no body is always
answered, and who finds no place is told to come again. A proxy in front that takes in whole requests before it passes them on
keeps slow senders away altogether.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

from flask import Flask

from cardstack.errors import Problem, problem
from cardstack.settlement.envelope import SIZE_MAX
from cardstack.text import Text
from server.api.filing import FILE_MAX
from server.api.problems import document
from server.turns import Turns

THREADS: Final = 16
"""What granian is started with."""
PLACES, FILE_PLACES, QUEUE = 9, 3, 2
"""How many threads may wait for bodies, how many more for those of files, which take longest, and how many for such a place."""
PIECE: Final = 1 << 20
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
        turns, most = (self._files, FILE_MAX) if environ.get("PATH_INFO") == "/files" else (self._messages, SIZE_MAX)
        if not has_body or (length is not None and length > most):
            return self.inner(environ, start)  # too much is refused by its length alone, but for an operator's upload
        if not turns.take():
            return self._say(BUSY, 503, environ, start)
        try:
            body = _whole(environ["wsgi.input"], most + 1 if length is None else length)
        finally:
            turns.give_back()
        if length is not None and len(body) < length:
            return self._say(CUT, 400, environ, start)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self.inner(environ, start)

    def _say(self, what: Problem, status: int, environ: Environ, start: Any) -> Iterable[bytes]:
        with self.app.request_context(environ):
            answer = document(what, status)
        answer.headers["Connection"] = "close"
        answer.headers["Retry-After"] = "1"
        return answer(environ, start)


def _whole(source: Any, most: int) -> bytes:
    """At most so many bytes, or those that came before the sender went away."""
    pieces: list[bytes] = []
    try:
        while most > 0 and (piece := source.read(min(PIECE, most))):
            most -= len(piece)
            pieces.append(piece)
    except OSError:
        pass
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
