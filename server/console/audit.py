"""审计日志: who did what, and whether the chain of it still holds."""

import json

from flask import Response, abort, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from cardstack.crypto.chain import BEGINNING
from cardstack.text import Text
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import moment, scope, services
from server.permissions import Pages, Permission
from server.store.office.auditing import Checked

pages = Pages("audit", __name__, url_prefix="/console/audit")


PATIENCE = 0.1
"""For how many seconds one request checks the chain before the page asks for the next stretch."""


def _rows(query: Query) -> Slice:
    where = dict(query.where)
    for key, end in (("since", False), ("until", True)):
        if where.get(key):
            where[key] = str(listing.day_ms(where[key], end=end, name=key))
    before = listing.number(query.after)
    events = services().office.audit.page(before=before, size=query.size + 1, scope=query.scope, **where)
    rows = [
        {
            "seq": event.seq,
            "at": event.at,
            "actor": event.actor,
            "province": event.province,
            "action": event.action,
            "subject": event.subject,
            "detail": json.dumps(dict(event.detail), ensure_ascii=False),
            "digest": event.digest,
            "digest_short": event.digest[:12],
        }
        for event in events
    ]
    return Slice(rows[: query.size], str(rows[query.size - 1]["seq"]) if len(rows) > query.size else None)


LISTING = Listing(
    name="audit",
    title=Text("Audit log", "审计日志"),
    about=Text(
        "Every change, sign-in and reveal. Each line carries the SHA-256 of the one before it.",
        "记录全部变更、登录与明文查看；每条记录含前一条的 SHA-256 摘要。",
    ),
    columns=(
        Column("seq", Text("No.", "序列号"), "count"),
        Column("at", Text("Moment", "时间"), "moment"),
        Column("actor", Text("Operator", "操作员"), link=lambda row: url_for("audit.index", actor=row["actor"])),
        Column("province", Text("Province", "省份"), "province"),
        Column("action", Text("Action", "动作"), link=lambda row: url_for("audit.index", action=row["action"])),
        Column(
            "subject",
            Text("Subject", "对象"),
            link=lambda row: url_for("audit.index", subject=row["subject"]) if row["subject"] else None,
        ),
        Column("detail", Text("Detail", "详情"), "wide"),
        Column("digest_short", Text("Digest", "摘要"), "code"),
        Column("digest", Text("Whole digest", "完整摘要"), "code", shown=False),
    ),
    filters=(
        Filter("actor", Text("Operator", "操作员")),
        Filter("action", Text("Action", "动作"), hint=Text("begins with", "前缀匹配")),
        Filter("subject", Text("Subject", "对象")),
        Filter("since", Text("From", "起始日期"), "day"),
        Filter("until", Text("To", "截止日期"), "day"),
    ),
    fetch=_rows,
    key="seq",
    template="audit/index.html",
)


@pages.page("/", needs=Permission.AUDIT_READ)
def index() -> ResponseReturnValue:
    """The log, newest first."""
    return listing.show(LISTING)


@pages.page("/verify", needs=Permission.AUDIT_READ)
def verify() -> ResponseReturnValue:
    """Compute the whole chain again, a stretch at a time; how far it has come stands in the signed cookie."""
    log, part = services().office.audit, request.headers.get("HX-Target", "").endswith("chain")
    known = Checked(*session.get("chain", (0, BEGINNING))) if part else Checked(0, BEGINNING)
    checked = log.verify_on(known, PATIENCE)
    count, seal = log.tip()
    session["chain"] = tuple(checked)
    template = "audit/chain.html" if part else "audit/verify.html"
    return render_template(template, checked=checked, count=count, seal=seal, at=moment())


@pages.page("/export.jsonl", needs=Permission.AUDIT_READ)
def export() -> ResponseReturnValue:
    """The whole chain as JSON lines, to be verified elsewhere; only who may read every province's."""
    if scope() is not None:
        abort(403)
    lines = (
        json.dumps(
            {
                "seq": event.seq,
                "at": event.at.isoformat(timespec="milliseconds"),
                "actor": event.actor,
                "province": event.province,
                "action": event.action,
                "subject": event.subject,
                "detail": event.detail,
                "previous": event.previous,
                "digest": event.digest,
            },
            ensure_ascii=False,
        )
        + "\n"
        for event in services().office.audit.all()
    )
    return Response(lines, mimetype="application/jsonl", headers={"Content-Disposition": "attachment; filename=audit.jsonl"})
