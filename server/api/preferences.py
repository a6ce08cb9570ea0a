"""What a caller prefers (RFC 7240): to be answered as soon as its batch is durable, and how long it would rather wait."""

from typing import Any, Final

from flask import Response, request

WAIT_MAX: Final = 30.0
"""For how many seconds an answer waits at most, whatever is preferred."""

PREFER: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 200},
            "description": "RFC 7240: `respond-async` for an answer before judgement, `wait=N` beside it for up to N seconds",
            "examples": {"asynchronous": {"value": "respond-async"}, "patient": {"value": "respond-async, wait=10"}},
        }
    ]
}


def preferred_wait() -> float | None:
    """For how many seconds the caller waits for judgement; None where it did not prefer an answer before it.

    Without `respond-async` every line is judged before the answer: a client that knows nothing of receipts needs no
    second question, and its old code stays right.
    """
    wanted: dict[str, str] = {}
    for one in request.headers.get("Prefer", "").split(","):  # WSGI joins several headers by commas
        name, _, value = one.split(";")[0].partition("=")
        wanted.setdefault(name.strip().lower(), value.strip().strip('"'))
    if "respond-async" not in wanted:
        return None
    seconds = wanted.get("wait", "0")
    return min(float(seconds), WAIT_MAX) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 6 else 0.0


def waiting(answer: Response, digest: bytes) -> Response:
    """The answer before judgement: where to ask, and that the preference was followed."""
    answer.headers["Location"] = f"/batches/{digest.hex()}"
    answer.headers["Preference-Applied"] = "respond-async"
    answer.headers["Vary"] = "Prefer"
    return retry_soon(answer)


def retry_soon(answer: Response) -> Response:
    """Say when to ask again."""
    answer.headers["Retry-After"] = "1"
    return answer
