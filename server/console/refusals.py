"""被拒报文: lines of signed messages that were refused, why, and who sent them; they are kept for a while."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from cardstack.settlement.answer import OUTCOMES
from cardstack.text import Text
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import store
from server.permissions import Pages, Permission
from server.store.queries.refusals import Numbered, refused
from server.store.refusals import KEPT_FOR

pages = Pages("refusals", __name__, url_prefix="/console/refusals")

WORDS = {outcome.value: text for outcome, text in OUTCOMES.items()}


def _row(one: Numbered) -> dict[str, Any]:
    it = one.refusal
    return {
        "seq": one.seq,
        "id": it.id,
        "outcome": WORDS.get(it.outcome, Text(it.outcome, it.outcome)),
        "reason": it.text if it.reason else None,
        "code": it.reason or it.outcome,
        "node": it.node,
        "line": it.line + 1,
        "at": it.at,
        "envelope": it.envelope.hex(),
        "digest": it.digest.hex(),
    }


def _rows(query: Query) -> Slice:
    where: dict[str, Any] = {key: value for key, value in query.where.items() if key not in {"since", "until"}}
    if "id" in where:
        where["id"] = where["id"].upper()
    for key, end in (("since", False), ("until", True)):
        if query.where.get(key):
            where[key] = listing.day_ms(query.where[key], end=end, name=key) // 1000
    before = int(query.after) if query.after and query.after.isascii() and query.after.isdigit() else None
    with store().view() as view:
        found = refused(view, where, scope=query.scope, before=before, size=query.size + 1)
    rows = [_row(one) for one in found[: query.size]]
    return Slice(rows, str(found[query.size - 1].seq) if len(found) > query.size else None)


LISTING = Listing(
    name="refusals",
    title=Text("Refused lines", "被拒报文"),
    about=Text(
        f"Lines that were not booked, with the reason their sender was given. Kept for {KEPT_FOR.days} days.",
        f"未入账的报文行及其答复原因，保留 {KEPT_FOR.days} 天。",
    ),
    empty=Text("Nothing was refused.", "暂无被拒报文。"),
    columns=(
        Column("id", Text("Message id", "报文编号"), "id", link=lambda row: url_for("transactions.index", id=row["id"])),
        Column("at", Text("Moment", "时间"), "moment"),
        Column("node", Text("Node", "节点"), "id", link=lambda row: url_for("nodes.index", name=row["node"])),
        Column("outcome", Text("Answer", "答复"), "wide"),
        Column("reason", Text("Reason", "原因"), "wide"),
        Column("code", Text("Code", "代码"), "code"),
        Column("line", Text("Line", "行号"), "count"),
        Column("envelope", Text("Digest of the envelope", "报文摘要"), "code", shown=False),
        Column("digest", Text("Digest of the line", "行摘要"), "code", shown=False),
    ),
    filters=(
        Filter("id", Text("Message id", "报文编号"), hint=Text("its beginning", "完整编号或前缀")),
        Filter("node", Text("Node", "节点")),
        Filter("outcome", Text("Answer", "答复"), "choice", choices=[(one.value, text) for one, text in OUTCOMES.items()]),
        Filter("since", Text("From", "起始日期"), "day"),
        Filter("until", Text("To", "截止日期"), "day"),
    ),
    fetch=_rows,
    key="seq",
)


@pages.page("/", needs=Permission.TRANSACTION_READ)
def index() -> ResponseReturnValue:
    """The refused lines of the operator's provinces' nodes."""
    return listing.show(LISTING)
