"""A node's own side: its systems hand transactions over here, and the node signs and forwards them to its hub."""

import msgspec
from flask import Response, abort, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from cardstack.errors import Malformed, told
from cardstack.settlement.wire import Content, transaction
from server.api import shapes
from server.api.callers import Caller, calls, services
from server.api.problems import JSON
from server.api.routes import PROBLEM
from server.outbox import Item, Outbox

TAG = Tag(name="outbox", description="a node's transactions on their way to the hub")
pages = APIBlueprint("api-outbox", __name__, url_prefix="/outbox", abp_responses={"422": PROBLEM})
BODY = {
    "requestBody": {
        "required": True,
        "description": "the transactions, unsigned, as they stand in an envelope",
        "content": {JSON: {"schema": {"type": "array", "minItems": 1, "maxItems": 8190, "items": {"type": "object"}}}},
    }
}


class ItemPath(BaseModel):
    """An item's number in a path."""

    seq: int = Field(ge=1, le=2**53 - 1)


@pages.post("", tags=[TAG], openapi_extensions=BODY, responses={"202": shapes.ItemShape, "400": PROBLEM, "401": PROBLEM})
@calls(Caller.NODE)
def put() -> Response:
    """202: durable here, and sent in order as soon as the hub answers."""
    try:
        contents = msgspec.json.decode(request.get_data(), type=list[Content])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(told(error, "transactions"), field="transactions") from error
    outbox = _outbox()
    item = outbox.item(outbox.put([transaction(one) for one in contents]))
    assert item is not None
    if (forwarder := current_app.extensions.get("forwarder")) is not None:
        forwarder.nudge()
    return _answer(item, 202)


@pages.get("/<int:seq>", tags=[TAG], responses={"200": shapes.ItemShape, "401": PROBLEM, "404": PROBLEM})
@calls(Caller.NODE)
def item(path: ItemPath) -> Response:
    """What became of an item: queued, answered line by line, or refused as a whole."""
    return _answer(_outbox().item(path.seq) or abort(404), 200)


def _outbox() -> Outbox:
    here = services()
    return Outbox(here.store, here.clock)


def _answer(item: Item, status: int) -> Response:
    data = {
        "seq": item.seq,
        "state": item.state.value,
        "attempts": item.attempts,
        "due_at": item.due_at.isoformat(),
        "answer": item.answer,
    }
    return Response(msgspec.json.encode(data), status, content_type=JSON)
