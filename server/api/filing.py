"""Bulk files over HTTP: sent by the node that signed them, asked for by their digest, answered by a signed return file."""

from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Response, abort, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from cardstack.settlement.bulk.package import head
from server.api.callers import Caller, calls, check_sender, services
from server.api.problems import JSON, document
from server.api.routes import PROBLEM
from server.api.shapes import Shape
from server.bodies import spooled
from server.turns import Turns

if TYPE_CHECKING:
    from server.filing import Means
    from server.store.office.filing import KeptFile

ZIP: Final = "application/zip"
FILE_MAX: Final = 128 << 20
"""Bytes of a file on its way, compressed: a few million lines."""
AT_ONCE, WAITING, WAIT_S = 2, 2, 20
"""How many files a process judges at once, holding their compressed bytes in memory; how many more wait on disk, and how long."""
AGAIN_S: Final = 10
"""After how long whoever found no turn is asked to come again."""
TAG = Tag(name="files", description="signed bulk files: T+1 transit, monthly medical, return files")
pages = APIBlueprint("api-files", __name__, url_prefix="/files", abp_responses={"422": PROBLEM})
BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "a signed file (format cardstack-file/1) of layout transit-1, medical-1 or return-1",
        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class FilePath(BaseModel):
    """A file by the SHA-256 of its bytes."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class FaultShape(Shape):
    """A line that was not taken: its number from 1, its message id where it can be read, why, and in which column."""

    line: int
    id: str
    code: str
    text: dict[str, str]
    column: str


class FileShape(Shape):
    """What became of a file. `faults` are the first 500; all of them stand in the return file."""

    digest: str
    id: str
    kind: str
    name: str
    sender: str
    state: str = Field(description="taken, partly or refused")
    lines_ok: int
    lines_failed: int
    total_fen: int
    said: dict[str, str] = Field(description="why the file as a whole was refused, in English and Chinese")
    faults: list[FaultShape]
    answered: bool = Field(description="whether there is a return file")


FILE_RESPONSES: dict[Any, Any] = {"400": PROBLEM, "403": PROBLEM, "409": PROBLEM, "413": PROBLEM, "503": PROBLEM}
RETURN_RESPONSES: dict[Any, Any] = {
    "200": {"description": "a signed file of layout return-1", "content": {ZIP: {}}},
    "401": PROBLEM,
    "404": PROBLEM,
}


@pages.post("", tags=[TAG], openapi_extensions=BODY, responses={"200": FileShape, "201": FileShape, **FILE_RESPONSES})
@calls(Caller.SIGNER)
def send() -> Response:
    """201: every line that holds is in the ledger, every other is named. 200: these bytes came before, with the same answer.

    The file's own signature says who sends it. After a lost reply send the same bytes again, and after 503 (too many files
    are being judged) once the seconds of Retry-After are over.
    """
    from server import filing  # noqa: PLC0415  # a service that takes no file starts without the office

    request.max_content_length = FILE_MAX
    means, now = _means(), services().clock()
    number = f"{now:%Y%m%d}-{token_hex(4)}"
    with spooled(request.stream) as file:
        sender = head(file).manifest.sender if filing.is_package(file) else ""
        try:
            made = filing.from_node(filing.Waiting(file, f"{number}.zip", sender, now, number), means)
        except filing.Busy as busy:
            put_off = document(busy.problem, 503)
            put_off.headers["Retry-After"] = str(AGAIN_S)
            return put_off
    return _answer(made, means, 201 if made.id == number else 200)


@pages.get("/<digest>", tags=[TAG], responses={"200": FileShape, "401": PROBLEM, "403": PROBLEM, "404": PROBLEM})
@calls(Caller.NODE)
def file(path: FilePath) -> Response:
    """What became of a file."""
    means = _means()
    return _answer(_load(path, means), means, 200)


@pages.get("/<digest>/return", tags=[TAG], responses=RETURN_RESPONSES)
@calls(Caller.NODE)
def answer(path: FilePath) -> Response:
    """The return file with every line that was not taken; 404 where all were."""
    means = _means()
    found = means.files.answer_to(_load(path, means).id) or abort(404)
    kind = ZIP if found.name.endswith(".zip") else "application/octet-stream"
    return Response(means.files.pieces(found.id), 200, {"Content-Length": str(found.size)}, content_type=kind)


def file_turns() -> Turns:
    """The turns of all that judge files in this process, nodes' and operators'."""
    made: Turns = current_app.extensions.setdefault("file-turns", Turns(places=AT_ONCE, queue=WAITING, wait_s=WAIT_S))
    return made


def _load(path: FilePath, means: "Means") -> "KeptFile":
    found = means.files.of_digest(path.digest) or abort(404)
    check_sender(found.sender)
    return found


def _means() -> "Means":
    from server.filing import Means  # noqa: PLC0415  # as above
    from server.store.office.filing import FileStore  # noqa: PLC0415  # as above

    here = services()
    files = FileStore(here.store.database.engine)
    intake = here.intake
    return Means(files, here.store, intake.trust.vouch, intake.node, intake.identity, here.config.node, turns=file_turns())


def _answer(made: "KeptFile", means: "Means", status: int) -> Response:
    data = {
        "digest": made.sha256,
        "id": made.id,
        "kind": str(made.kind),
        "name": made.name,
        "sender": str(made.sender),
        "state": made.state,
        "lines_ok": made.lines_ok,
        "lines_failed": made.lines_failed,
        "total_fen": made.total_fen,
        "said": made.said._asdict(),
        "faults": [
            {"line": one.line, "id": one.id, "code": one.code, "text": one.text._asdict(), "column": one.column}
            for one in made.faults[:500]
        ],
        "answered": means.files.answer_to(made.id) is not None,
    }
    return Response(msgspec.json.encode(data), status, content_type=JSON)
