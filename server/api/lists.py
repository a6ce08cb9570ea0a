"""Card lists that operators pull: signed files, the whole list or what changed since a version."""

from secrets import token_hex
from typing import Any, Final

import msgspec
from flask import Response, abort, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from cardstack.errors import problem
from cardstack.settlement.bulk.list_file import LAYOUT, body_of, name_of
from cardstack.settlement.bulk.package import describe, pack
from cardstack.settlement.transaction import Party
from cardstack.settlement.transit.lists import CardList, Kind
from cardstack.text import Text
from server.api.callers import Caller, calls, services
from server.api.problems import JSON, document
from server.api.routes import PROBLEM
from server.api.shapes import Shape
from server.store import listing
from server.store.values import moment

ZIP: Final = "application/zip"
TAG = Tag(name="lists", description="black, grey and white lists of cards, with versions")
NO_KEY = problem(
    "CS-4060",
    Text("This service has no key to sign lists with", "本服务未配置签名密钥，无法提供名单"),
    Text("Ask the service of the centre, or give this one its key.", "请向清算中心获取，或为本服务配置密钥。"),
)
PULLED: dict[Any, Any] = {
    "200": {"description": "a signed file of layout list-1 (format cardstack-file/1)", "content": {ZIP: {}}},
    "304": {"description": "nothing newer"},
    "401": PROBLEM,
    "404": PROBLEM,
    "503": PROBLEM,
}
pages = APIBlueprint("api-lists", __name__, url_prefix="/lists", abp_responses={"422": PROBLEM})


class ListPath(BaseModel):
    """Which list."""

    kind: Kind


class ListQuery(BaseModel):
    """The version that is there already; without it the whole list is sent."""

    after: int = Field(0, ge=0, le=999_999_999)


class ListShape(Shape):
    """A list's newest version."""

    kind: str
    version: int
    since: str


class ListsShape(Shape):
    """The newest version of every list."""

    lists: list[ListShape]


@pages.get("", tags=[TAG], responses={"200": ListsShape, "401": PROBLEM})
@calls(Caller.NODE)
def card_lists() -> Response:
    """The newest version of every list there is."""
    with services().store.view() as view:
        newest = listing.versions(view)
    data = [{"kind": kind, "version": version, "since": moment(since).isoformat()} for kind, (version, since) in newest.items()]
    return Response(msgspec.json.encode({"lists": data}), 200, content_type=JSON)


@pages.get("/<kind>", tags=[TAG], responses=PULLED)
@calls(Caller.NODE)
def pull(path: ListPath, query: ListQuery) -> Response:
    """A list as a signed file: what changed since version `after`, or the whole of it where that is unknown or shorter.

    304 where nothing is newer than `after`, or than the `ETag` that was sent back.
    """
    with services().store.view() as view:
        here = listing.card_list(view, path.kind)
    if not here.version:
        abort(404)
    tag = f"{path.kind}-{here.version}"
    if query.after == here.version or tag in request.if_none_match:
        answer = Response(status=304)
        answer.content_type = None  # type: ignore[assignment]  # nothing is sent, of no type
    else:
        answer = _file(here, query.after)
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _file(here: CardList, after: int) -> Response:
    config, identity = services().config, services().intake.identity
    if identity is None:
        return document(NO_KEY, 503)
    update = here.delta(after)
    body = body_of(update)
    manifest = describe(
        body,
        name=name_of(update),
        layout=LAYOUT.name,
        charset="ascii",
        sender=Party(config.node),
        lines=len(update.add) + len(update.remove),
        total_fen=0,
        at=services().clock().replace(microsecond=0),
        certificates=identity.certificates,
    )
    raw = pack(body, manifest, identity.signer)
    _note(raw, manifest.name, manifest.lines)
    return Response(raw, 200, content_type=ZIP)


def _note(raw: bytes, name: str, lines: int) -> None:
    """Keep who was handed which version when, for the operators."""
    from server.filing import Kind as FileKind  # noqa: PLC0415  # a service that hands out no list starts without the office
    from server.filing import hand_out  # noqa: PLC0415  # as above
    from server.store.office.filing import FileStore  # noqa: PLC0415  # as above

    node, now = g.get("node"), services().clock()
    to = str(node.name) if node is not None else "unknown"
    number = f"{now:%Y%m%d}-{token_hex(4)}"
    files = FileStore(services().store.database.engine)
    hand_out(files, raw, kind=FileKind.CARD_LIST, name=name, to=to, at=now, number=number, lines=lines)
