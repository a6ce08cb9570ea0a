"""The routes of the interface. Each says who may call it; a view only loads, asks and answers."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec
from flask import Response, abort, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from cardstack.errors import Problem, catalogue
from cardstack.settlement.answer import OUTCOMES, Answer, Outcome
from cardstack.settlement.receiving import WAITING, AllReceived
from cardstack.text import Text
from server import trustlists
from server.api import shapes
from server.api.callers import Caller, calls, services
from server.api.metrics import exposition
from server.api.preferences import PREFER, preferred_wait, retry_soon, waiting
from server.api.problems import JSON, OUTCOME_PROBLEMS, OUTCOME_STATUS, PROBLEM_JSON, document, language
from server.clock import Sandbox
from server.store.refusals import Refusal
from server.store.values import BookedPosting, Entry, Window

PROBLEM = {"description": "problem", "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}}
REFUSALS: dict[Any, Any] = {"400": PROBLEM, "401": PROBLEM, "403": PROBLEM, "409": PROBLEM, "413": PROBLEM, "422": PROBLEM}
ENVELOPE = {
    "requestBody": {
        "required": True,
        "description": "a signed envelope, format cardstack-envelope/1",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Envelope"}}},
    }
}
INTAKE, READING, SERVICE = (
    Tag(name="intake", description="signed transactions in"),
    Tag(name="reading", description="what the ledger says"),
    Tag(name="service", description="the service itself"),
)
POSTED: Final = "posted"
"""The state of a batch whose every line was judged."""
FOUND: Final = "cardstack.found"
"""Under which name of the environ the route finds what was found before it: an answer, or an error."""
pages = APIBlueprint("api", __name__, abp_responses={"422": PROBLEM})


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, content_type=JSON)


@pages.post(
    "/transactions",
    tags=[INTAKE],
    summary="Submit one signed transaction",
    openapi_extensions=ENVELOPE,
    responses={"201": shapes.AnswerShape, "200": shapes.AnswerShape, "202": shapes.AnswerShape, **REFUSALS},
)
@calls(Caller.SIGNER)
def submit() -> Response:
    """201 when it was accepted and is durable, 200 when the same content was accepted before; 202 as for a batch."""
    wait, intake = preferred_wait(), services().intake
    if wait is None:
        return _single(_found() or intake.receive(request.get_data()))
    reply = intake.receive_batch(request.get_data(), wait=wait, most=1)
    (answer,) = reply.answers
    return waiting(_json(answer_data(answer), 202), reply.digest) if reply.waits else _single(answer)


def _found() -> Answer | None:
    found: Answer | Exception | None = request.environ.get(FOUND)
    if isinstance(found, Exception):
        raise found
    return found


def _single(answer: Answer) -> Response:
    if answer.stands:
        return _json(answer_data(answer), OUTCOME_STATUS[answer.outcome])
    facts, detail = {"id": str(answer.id), "outcome": answer.outcome.value}, Text("", "")
    if answer.reason is not None:
        detail = answer.reason.text
        facts |= {"reason": answer.reason.code, "reason_text": answer.reason.text.of(language())}
    return document(OUTCOME_PROBLEMS[answer.outcome], OUTCOME_STATUS.get(answer.outcome, 422), detail, facts)


@pages.post(
    "/batches",
    tags=[INTAKE],
    summary="Submit 1 to 8,190 signed transactions",
    openapi_extensions=ENVELOPE | PREFER,
    responses={"200": shapes.AnswersShape, "202": shapes.AnswersShape, **REFUSALS},
)
@calls(Caller.SIGNER)
def submit_batch() -> Response:
    """An answer a line, in order; what was accepted or received is durable.

    With `Prefer: respond-async` the answer is 202 as soon as the batch is durable: its new lines are `received`, and
    are judged in their turn; ask for the batch at `Location`, or follow the events. `wait=N` beside it lets the answer
    wait up to N seconds for that.
    """
    wait = preferred_wait()
    reply = services().intake.receive_batch(request.get_data(), wait=wait)
    signed = {} if reply.receipt is None else {"receipt": b64encode(reply.receipt).decode()}
    named = {"batch": reply.digest.hex(), "state": WAITING if reply.waits else POSTED}
    answer = _json(named | {"answers": answers_data(reply.answers)} | signed, 202 if reply.waits else 200)
    return waiting(answer, reply.digest) if reply.waits else answer


@pages.get("/batches/<batch>", tags=[READING], responses={"200": shapes.BatchShape, "401": PROBLEM, "404": PROBLEM})
@calls(Caller.NODE)
def batch(path: shapes.BatchPath) -> Response:
    """A batch by the SHA-256 of its envelope: what became of each line, and the receipt for it."""
    found = services().store.batch(bytes.fromhex(path.batch)) or abort(404)
    data = {
        "batch": path.batch,
        "state": WAITING if found.posted_at is None else POSTED,
        "node": str(found.node),
        "received_at": found.received_at.isoformat(),
        "posted_at": found.posted_at and found.posted_at.isoformat(),
        "answers": [answer_data(one) for one in found.answers],
        "receipt": found.receipt and b64encode(found.receipt).decode(),
    }
    return _json(data)


@pages.get(
    "/transactions/<message>",
    tags=[READING],
    responses={"200": shapes.TransactionShape, "202": shapes.AnswerShape, "401": PROBLEM, "404": PROBLEM},
)
@calls(Caller.NODE)
def transaction(path: shapes.MessagePath) -> Response:
    """A transaction by its message id: how a sender whose answer was lost learns what became of it.

    202 while it is received and not judged; a refused one is not here, but among the refusals.
    """
    store = services().store
    entry = store.transaction(path.message)
    if entry is None and store.waiting(path.message):
        return retry_soon(_json(answer_data(Answer(path.message, Outcome.RECEIVED)), 202))
    entry = entry or store.transaction(path.message) or abort(404)
    return _json(transaction_data(entry) | {"postings": [posting_data(one) for one in store.postings(entry.seq)]})


@pages.get("/refusals/<message>", tags=[READING], responses={"200": shapes.RefusalsShape, "401": PROBLEM})
@calls(Caller.NODE)
def refused(path: shapes.MessagePath) -> Response:
    """Why lines under that message id were refused, the newest first; kept for a while (90 days, 100,000 lines)."""
    return _json({"refusals": [refusal_data(one) for one in services().store.refusals(path.message)]})


@pages.get("/windows", tags=[READING], responses={"200": shapes.WindowsShape, "401": PROBLEM})
@calls(Caller.NODE)
def windows(query: shapes.WindowsQuery) -> Response:
    """The settlement windows."""
    found = services().store.windows(cycle=query.cycle, stage=query.stage and query.stage.value)
    return _json({"windows": [_window_data(one) for one in found]})


@pages.get("/windows/<window>", tags=[READING], responses={"200": shapes.WindowDetailShape, "401": PROBLEM, "404": PROBLEM})
@calls(Caller.NODE)
def window(path: shapes.WindowPath) -> Response:
    """One window with every party's position."""
    store = services().store
    found = store.window(path.window) or abort(404)
    positions = [one._asdict() | {"party": str(one.party), "net_fen": one.net_fen} for one in store.positions(found.id)]
    return _json(_window_data(found) | {"positions": positions})


@pages.get("/events", tags=[READING], responses={"200": shapes.EventsShape, "401": PROBLEM})
@calls(Caller.NODE)
def events(query: shapes.EventsQuery) -> Response:
    """What happened after a cursor, in order; ask again with `next`."""
    found = services().store.events(after=query.after, limit=query.limit)
    data = [one._asdict() | {"at": one.at.isoformat()} for one in found]
    return _json({"events": data, "next": found[-1].seq if found else query.after})


@pages.put("/sandbox/clock", tags=[SERVICE], responses={"200": shapes.StatusShape, "404": PROBLEM})
@calls(Caller.NODE)
def set_clock(body: shapes.ClockBody) -> Response:
    """Set a sandbox's clock; a service that is no sandbox does not know this address."""
    clock = services().clock
    if not isinstance(clock, Sandbox):
        abort(404)
    clock.set(body.moment)
    return _json(_status("ok"))


@pages.get("/metrics", tags=[SERVICE], responses={"200": {"description": "text for Prometheus", "content": {"text/plain": {}}}})
@calls(Caller.ANYONE)
def metrics() -> Response:
    """What there is to count, for Prometheus."""
    return Response(exposition(services().store), content_type="text/plain; version=0.0.4; charset=utf-8")


@pages.get("/problems/<code>", tags=[SERVICE], responses={"200": shapes.ProblemShape, "404": PROBLEM})
@calls(Caller.ANYONE)
def problem_page(path: shapes.CodePath) -> Response:
    """What a problem's code means and what to do."""
    answer = document(catalogue().get(path.code) or abort(404), 200)
    answer.content_type = JSON
    return answer


@pages.get("/health", tags=[SERVICE], responses={"200": shapes.StatusShape})
@calls(Caller.ANYONE)
def health() -> Response:
    """The process answers."""
    return _json(_status("ok"))


@pages.get("/ready", tags=[SERVICE], responses={"200": shapes.StatusShape, "503": PROBLEM})
@calls(Caller.ANYONE)
def ready() -> Response:
    """The store answers too, and every trust list in use is fresh, signed, not rolled back and recognises somebody."""
    here = services()
    here.store.events(after=0, limit=1)
    error = trustlists.trouble(here.config.trust_folder, here.clock())
    if error is not None:
        return document(Problem(error.code, error.title, error.remedy), 503, error.told, error.facts)
    return _json(_status("ready"))


def _status(word: str) -> dict[str, str]:
    here = services()
    return {
        "status": word,
        "version": version("cardstack"),
        "role": here.config.role.value,
        "node": here.config.node,
        "time": here.clock().isoformat(),
    }


RECEIVED, ACCEPTED = Outcome.RECEIVED, Outcome.ACCEPTED
WORDS: Final = {outcome: outcome.value for outcome in Outcome}


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer as the interface gives it; what is not there is left out."""
    id_, outcome, entry, state, window, _ = answer
    if outcome is RECEIVED:
        return {"id": id_, "outcome": "received", "state": WAITING}
    data: dict[str, Any] = {"id": id_, "outcome": WORDS[outcome]}
    if answer.stands:
        data |= {"entry": entry, "state": state, "window": window}
        return data
    data |= {"code": OUTCOME_PROBLEMS[answer.outcome].code, "title": OUTCOMES[answer.outcome].of(language())}
    if answer.reason is not None:
        data |= {"reason": answer.reason.code, "reason_text": answer.reason.text.of(language())}
    return data


def answers_data(answers: Sequence[Answer]) -> object:
    """The answers of a batch."""
    if isinstance(answers, AllReceived):
        return answers.as_json()
    return [answer_data(one) for one in answers]


def refusal_data(one: Refusal) -> dict[str, Any]:
    """A refused line as the interface gives it."""
    return {
        "id": one.id,
        "outcome": one.outcome,
        "title": OUTCOMES[Outcome(one.outcome)].of(language()),
        "reason": one.reason,
        "reason_text": one.text.of(language()),
        "node": one.node,
        "envelope": one.envelope.hex(),
        "line": one.line,
        "digest": one.digest.hex(),
        "at": one.at.isoformat(),
    }


def transaction_data(entry: Entry) -> dict[str, Any]:
    """An entry as the interface gives it."""
    return {
        "seq": entry.seq,
        "id": str(entry.id),
        "scheme": entry.scheme,
        "kind": entry.kind,
        "sender": str(entry.sender),
        "home": entry.home,
        "treating": entry.treating,
        "occurred_at": entry.occurred_at.isoformat(),
        "amount_fen": entry.amount_fen,
        "state": entry.state.value,
        "window": entry.window,
        "refers": entry.refers and str(entry.refers),
        "digest": entry.digest.hex(),
        "envelope": entry.envelope,
        "line": entry.line,
        "block": entry.block,
    }


def posting_data(booked: BookedPosting) -> dict[str, Any]:
    """A posting as the interface gives it."""
    one = booked.posting
    return {
        "seq": booked.seq,
        "debtor": str(one.debtor),
        "creditor": str(one.creditor),
        "amount_fen": one.amount_fen,
        "kind": one.kind,
        "rule": one.rule,
        "phase": booked.phase.value,
    }


def _window_data(found: Window) -> dict[str, Any]:
    return {"id": found.id, "cycle": found.cycle, "stage": found.stage.value, "opened_at": found.opened_at.isoformat()}
