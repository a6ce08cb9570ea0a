"""Reconciliation with a sender: totals first, lines where totals differ; how an unknown outcome becomes known."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from flask import Response, abort
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from cardstack.errors import faulty
from cardstack.settlement import reconcile
from cardstack.settlement.reconcile import DIFFERENCES, Entry, Total
from cardstack.values import Fen
from server.api import shapes
from server.api.callers import Caller, calls, check_sender, services
from server.api.problems import JSON, language
from server.api.routes import PROBLEM

DAYS_MAX = timedelta(days=400)
TAG = Tag(name="reconciliation", description="total first (3201), then line by line (3202)")
REFUSALS: dict[Any, Any] = {"400": PROBLEM, "401": PROBLEM, "403": PROBLEM, "422": PROBLEM}
pages = APIBlueprint("api-reconciliation", __name__, url_prefix="/reconciliation", abp_responses={"422": PROBLEM})


@pages.post("/totals", tags=[TAG], responses={"200": shapes.TotalsShape, **REFUSALS})
@calls(Caller.NODE)
def totals(body: shapes.TotalsBody) -> Response:
    """A sender's totals by day beside the ledger's; several of one day, such as one a clearing class, are taken together."""
    theirs: dict[str, tuple[int, int]] = {}
    for one in body.totals:
        count, amount = theirs.get(one.day.isoformat(), (0, 0))
        theirs[one.day.isoformat()] = count + one.count, amount + one.amount_fen
    days = {one.group: one for one in reconcile.totals(_book(body, [one.day for one in body.totals]), ())}
    found = list[dict[str, Any]]()
    for day in sorted(days.keys() | theirs.keys()):
        ours, (count, amount) = days.get(day), theirs.get(day, (0, 0))
        total = Total(day, ours.our_count if ours else 0, ours.our_fen if ours else Fen(0), count, Fen(amount))
        found.append({"day": day, **dict(list(total._asdict().items())[1:]), "equal": total.equal})
    return _json({"equal": all(one["equal"] for one in found), "days": found})


@pages.post("/lines", tags=[TAG], responses={"200": shapes.MismatchesShape, **REFUSALS})
@calls(Caller.NODE)
def lines(body: shapes.LinesBody) -> Response:
    """A sender's lines beside the ledger's: each that differs, and how."""
    theirs = [Entry(one.day.isoformat(), one.id, Fen(one.amount_fen), one.reversed) for one in body.lines]
    found = reconcile.lines(_book(body, [one.day for one in body.lines]), theirs)
    data = [
        {
            "difference": one.difference.value,
            "text": DIFFERENCES[one.difference].of(language()),
            "day": one.group,
            "id": one.id,
            "our_fen": one.our_fen,
            "their_fen": one.their_fen,
        }
        for one in found
    ]
    return _json({"mismatches": data})


def _book(body: shapes.BookRange, days: Iterable[date]) -> Sequence[Entry]:
    if not timedelta(0) <= body.end - body.begin <= DAYS_MAX:
        abort(400)
    check_sender(body.sender)
    outside = next((day for day in days if not body.begin <= day <= body.end), None)
    if outside is not None:
        raise faulty("day", f"{outside} is not between begin and end", f"{outside} 不在起止日期之内")
    return services().store.book(body.sender, body.scheme, body.begin, body.end)


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), 200, content_type=JSON)
