"""Recognition over HTTP: a relying party asks whether certificates are accepted, at which level, and why.

It is for registered nodes, each asking for its own province (a hub's own node for any); so many certificates a minute.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Final

import msgspec
from flask import Response, abort, current_app, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from cardstack.ca.certificate import Certificate
from cardstack.ca.purposes import purpose
from cardstack.ca.recognise import Recognised
from cardstack.ca.trust import Revocation
from cardstack.errors import CardstackError, problem
from cardstack.settlement.node import Node
from cardstack.text import Text
from cardstack.vault.recognising import Asked, Recogniser
from server.api import shapes
from server.api.callers import Caller, calls, services
from server.api.problems import JSON, document, language
from server.api.routes import PROBLEM

CALLERS_MAX = 10_000
TOO_MANY: Final = problem(
    "CS-4014",
    Text("This caller has asked for more certificates than it may in a minute", "该调用方一分钟内查询的证书数已超限"),
    Text("Wait as long as Retry-After says; ask for several in one request.", "请按 Retry-After 等待，并合并为批量请求。"),
)
NOT_YOUR_PROVINCE: Final = problem(
    "CS-4015",
    Text("A node asks on behalf of its own province alone", "节点只能代表本省查询"),
    Text("Name the province of the node's own certificate.", "请填写节点证书所属省份。"),
)
NOBODY_HERE: Final = problem(
    "CS-4016",
    Text("No authority is kept on this service", "本服务未部署认证机构"),
    Text("Ask the service of the relying party's own province.", "请向依赖方所在省份的服务查询。"),
)
TAG = Tag(name="recognition", description="is a certificate accepted, at which level, and why")
REFUSALS: dict[Any, Any] = dict.fromkeys(("400", "401", "403", "404", "422", "429"), PROBLEM)
pages = APIBlueprint("api-recognition", __name__, abp_responses={"422": PROBLEM})


class Bucket:
    """So many a minute for each caller, refilled steadily; the callers heard of longest ago are forgotten first."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def wait(self, who: str, many: int, at: datetime) -> int:
        """Take so many; the answer is 0, or how many seconds to wait and nothing is taken.

        >>> from datetime import UTC
        >>> bucket, moment = Bucket(60), datetime(2026, 11, 22, tzinfo=UTC)
        >>> bucket.wait("a", 60, moment), bucket.wait("a", 5, moment), bucket.wait("b", 60, moment)
        (0, 5, 0)
        """
        with self._lock:
            left, since = self._left.pop(who, (float(self.a_minute), at))
            # A sandbox's clock may be set back; then nothing is refilled.
            refilled = max(0.0, (at - since).total_seconds()) * self.a_minute / 60
            left = min(float(self.a_minute), left + refilled)
            short = many - left
            self._left[who] = (left if short > 0 else left - many, at)
            while len(self._left) > CALLERS_MAX:
                del self._left[next(iter(self._left))]
        return 0 if short <= 0 else -int(-short * 60 // self.a_minute)


@pages.post("/recognitions", tags=[TAG], responses={"200": shapes.RecognitionsShape, **REFUSALS})
@calls(Caller.NODE)
def recognise(body: shapes.RecognitionsBody) -> Response:
    """Each certificate's answer, in order; what is no certificate gets an answer too."""
    held: Recogniser | None = current_app.extensions.get("recogniser")
    if held is None:
        return document(NOBODY_HERE, 404)
    here, node = services(), g.get("node")
    if not _may_ask(node, body.by, here.config.node):
        return document(NOT_YOUR_PROVINCE, 403)
    bucket: Bucket = current_app.extensions["recognition-bucket"]
    who = str(node.name) if node is not None else request.remote_addr or ""
    if wait := bucket.wait(who, len(body.certificates), here.clock()):
        refused = document(TOO_MANY, 429)
        refused.headers["Retry-After"] = str(wait)
        return refused
    if body.by not in held.network.homes:
        abort(404)
    asked = Asked(body.by, body.level, purpose(body.purpose) if body.purpose else None, Revocation(body.revocation))
    at = here.clock()
    answers = [_answer(raw, lambda one: held.ask(one, asked, at)) for raw in body.certificates]
    return Response(msgspec.json.encode({"answers": answers}), 200, content_type=JSON)


def _may_ask(node: Node | None, by: str, own: str) -> bool:
    """On a service that knows its callers: for one's own province, or as the service's own node for any."""
    return node is None or node.name.province == by or str(node.name) == own


def _answer(raw: str, ask: Callable[[Certificate], Recognised]) -> Mapping[str, Any]:
    try:
        found = ask(Certificate.parse(raw.encode()))
    except CardstackError as error:
        why = {"code": error.code, "title": error.title.of(language()), "detail": error.told.of(language())}
        return {"accepted": False, "why": why}
    data = found.as_data()
    said = {name: data[name] for name in ("accepted", "fingerprint", "level", "policy", "path", "rule", "clause")}
    return said | {"why": {"code": data["code"], "title": found.why.of(language()), "detail": ""}}
