"""The busiest route, answered ahead of the framework: one signed transaction whose answer is that it stands.

What a framework does around a view costs as much as opening the envelope and its share of the commit. Whatever is out
of the ordinary, and every other answer, is left to the route itself, which finds what has been found.
"""

from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

import msgspec

from server.api.problems import JSON, OUTCOME_STATUS
from server.api.routes import FOUND, answer_data
from server.bodies import taken
from server.intake import LARGE, Intake
from server.terminator import Application

DIGITS_MAX: Final = len(str(LARGE))


class Direct:
    """A WSGI application in front of the framework's."""

    def __init__(self, inner: Application, intake: Intake) -> None:
        self.inner, self.intake = inner, intake

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer it, or hand it on."""
        length = _length(environ)
        if length is None:
            return self.inner(environ, start)
        body = taken(environ["wsgi.input"], length)
        environ["wsgi.input"] = BytesIO(body)
        if len(body) < length:
            return self.inner(environ, start)
        try:
            found = environ[FOUND] = self.intake.receive(body)
        except Exception as error:  # noqa: BLE001  # raised again where the framework answers errors
            environ[FOUND] = error
            return self.inner(environ, start)
        if not found.stands:
            return self.inner(environ, start)
        content, status = msgspec.json.encode(answer_data(found)), HTTPStatus(OUTCOME_STATUS[found.outcome])
        start(f"{status} {status.phrase.upper()}", [("Content-Type", JSON), ("Content-Length", str(len(content)))])
        return [content]


def _length(environ: dict[str, Any]) -> int | None:
    """How long the body of such a request is; None where it is another request, or one that the route should look at."""
    if environ["PATH_INFO"] != "/transactions" or environ["REQUEST_METHOD"] != "POST" or "HTTP_PREFER" in environ:
        return None
    said = environ.get("CONTENT_LENGTH") or ""
    if len(said) > DIGITS_MAX or not (said.isascii() and said.isdigit()) or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return int(said) if int(said) < LARGE else None
