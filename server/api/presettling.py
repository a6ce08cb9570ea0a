"""Pre-settlement (2206, 2303): what a bill would come to on the year as the ledger holds it now; nothing is stored.

The answer holds the claim with its totals filled in, and the body to be signed and sent as it is. Where a total moves
before it arrives, the message is answered `stale` and the bill is asked for again.
"""

from datetime import date
from typing import Any, Final

import msgspec
from flask import Response, g
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from cardstack.errors import problem
from cardstack.settlement.intake import NOT_TAKEN_BACK, over, taken_back_on
from cardstack.settlement.medical.claim import Claim, read_claim
from cardstack.settlement.medical.year import on_the_year
from cardstack.settlement.node import Node
from cardstack.settlement.scheme import Reason
from cardstack.settlement.schemes import medical
from cardstack.settlement.services import registration
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text
from server.api import shapes
from server.api.callers import Caller, calls, services
from server.api.problems import JSON, document
from server.api.routes import PROBLEM
from server.store import reads, telling
from server.store.commit import View
from server.store.posting import earlier_entries, last_closed

NOT_YOUR_PERSON: Final = problem(
    "CS-4017",
    Text("A node asks for those insured or treated in its own province", "节点只能查询本省参保或在本省就医人员"),
    Text("Ask as a node of the insured or the treating province.", "请由参保地或就医地节点查询。"),
)
NOT_SETTLED: Final = problem(
    "CS-4018",
    Text("The scheme would refuse such a bill", "该费用按业务规则不予结算"),
    Text("Correct what the reason names.", "请按所示原因更正。"),
)
TAG = Tag(name="medical", description="what a medical bill comes to (2206, 2303)")
REFUSALS: dict[Any, Any] = dict.fromkeys(("400", "401", "403", "409", "422"), PROBLEM)
pages = APIBlueprint("api-medical", __name__, abp_responses={"422": PROBLEM})


@pages.post("/presettlements", tags=[TAG], responses={"200": shapes.PresettlementShape, **REFUSALS})
@calls(Caller.NODE)
def presettle(body: shapes.PresettlementBody) -> Response:
    """The split of a claim by the figures of a day, on the totals of the year as they are now, with its explanation."""
    here, node = services(), g.get("node")
    claim = read_claim(body.claim)
    if not _may_ask(node, claim.insured_place, claim.treating_place, here.config.node):
        return document(NOT_YOUR_PERSON, 403)
    day = body.day or here.clock().astimezone(SHANGHAI).date()
    scheme, reason = medical.scheme_for(claim, day)
    with here.store.view() as view:
        reason = reason or _refused(view, claim, day, body.instead_of)
        if reason is not None:
            return document(NOT_SETTLED, 422, reason.text, {"reason": reason.code})
        claim, split = on_the_year(claim, day, medical.compute, lambda accounts: reads.totals(view, accounts))
    steps = [{**step._asdict(), "what": step.what._asdict()} for step in split.steps]
    answer = {
        "scheme": scheme,
        "day": day.isoformat(),
        "amount_fen": claim.total_fen,
        "body": medical.body_of(claim, split) | ({"instead_of": body.instead_of} if body.instead_of else {}),
        "totals": [{"key": key, "before_fen": was, "add_fen": add, "cap_fen": cap} for key, was, add, cap in split.uses],
        "steps": steps,
    }
    return Response(msgspec.json.encode(answer), 200, content_type=JSON)


def _refused(view: View, claim: Claim, day: date, instead_of: str) -> Reason | None:
    """Why the ledger would refuse the bill now: its last cycle is over, it corrects nothing, or a registration contradicts it."""
    last, closed = medical.last_window(day), last_closed(view).get(medical.MONTHLY.name)
    corrects = _corrects(view, claim, day, instead_of)
    if last is not None and closed is not None and closed >= last and not corrects:
        return over(last)
    if instead_of and not corrects:
        return NOT_TAKEN_BACK
    asked = medical.registration_asked(claim, day)
    if asked is None:
        return None
    return medical.registration_contradicts(claim, day, telling.told(view, {registration.NAME}, {asked}).about(asked))


def _corrects(view: View, claim: Claim, day: date, instead_of: str) -> bool:
    """Whether the bill stands in for one of that day and of its places that was taken back."""
    earlier = earlier_entries(view, [instead_of]).get(instead_of) if instead_of else None
    if earlier is None or not taken_back_on(earlier, day):
        return False
    return claim.insured_place.startswith(earlier.home) and claim.treating_place.startswith(earlier.treating)


def _may_ask(node: Node | None, insured: str, treating: str, own: str) -> bool:
    """On a service that knows its callers: a node of either province, or the service's own."""
    return node is None or node.name.province in (insured[:2], treating[:2]) or str(node.name) == own
