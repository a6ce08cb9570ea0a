"""审计日志: who did what, and whether the chain of it still holds."""

import json
from collections.abc import Mapping
from typing import Final

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
            "did": ACTIONS.get(event.action, Text(event.action, event.action)),
            "subject": event.subject,
            "detail": json.dumps(dict(event.detail), ensure_ascii=False),
            "digest": event.digest,
            "digest_short": event.digest[:12],
        }
        for event in events
    ]
    return Slice(rows[: query.size], str(rows[query.size - 1]["seq"]) if len(rows) > query.size else None)


ACTIONS: Final[Mapping[str, Text]] = {
    "sign-in": Text("signed in", "登录"),
    "sign-in.failed": Text("sign-in failed", "登录失败"),
    "sign-out": Text("signed out", "退出登录"),
    "change.ask": Text("asked for a change", "提出申请"),
    "change.decide": Text("decided a request", "复核申请"),
    "transactions.reveal": Text("saw people's data in clear", "查看个人信息明文"),
    "windows.move": Text("took a window's step", "办理清算窗口"),
    "settlements.release": Text("asked for a release", "申请放行"),
    "settlements.order": Text("took the order for a bank", "下载付款文件"),
    "reconciling.upload": Text("took in a bank's file", "导入银行回盘"),
    "adjustments.submit": Text("asked for a reversal", "申请冲正"),
    "disputes.submit": Text("opened a dispute", "提出异议"),
    "disputes.step": Text("took a dispute's step", "办理争议"),
    "approvals.decide": Text("decided a request", "复核申请"),
    "approvals.decide_many": Text("approved selected requests", "批量通过"),
    "approvals.withdraw": Text("withdrew a request", "撤回申请"),
    "changes.submit": Text("asked for a change", "提出申请"),
    "prefunds.ask": Text("asked for an increase", "申请紧急调增"),
    "prefunds.step": Text("took an increase's step", "办理紧急调增"),
    "trust.ask_plan": Text("asked for a plan", "申请执行互认计划"),
    "trust.revoke": Text("asked for a revocation", "申请吊销"),
    "cards.explain": Text("had a trace explained", "解析报文"),
    "files.upload": Text("took in a file", "接收文件"),
    "files.download": Text("downloaded a file", "下载文件"),
    "blacklist.download": Text("downloaded a card list", "下载名单"),
    "files.retry": Text("took in a file again", "重新接收文件"),
    "reports.export": Text("exported", "导出"),
    "reports.export_selected": Text("exported selected rows", "导出所选"),
    "people.submit": Text("asked for a change of operators", "申请变更操作员"),
    "account.extend": Text("stayed signed in", "延长登录"),
    "account.again": Text("confirmed presence", "再次确认身份"),
    "account.password": Text("changed the password", "修改密码"),
    "account.totp": Text("set up codes from a phone", "启用动态验证码"),
    "account.recovery": Text("made recovery codes", "生成恢复码"),
    "account.passkey_options": Text("began a passkey", "申请通行密钥"),
    "account.passkey": Text("added a passkey", "添加通行密钥"),
    "account.remove_passkey": Text("removed a passkey", "移除通行密钥"),
    "account.certificate": Text("bound a certificate", "绑定证书"),
    "account.remove_certificate": Text("removed a certificate", "移除证书"),
    "account.end_session": Text("ended a session", "结束登录"),
}
"""What an event says that somebody did, by the action that the log keeps."""


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
        Column("did", Text("What", "事项")),
        Column("action", Text("Action", "动作"), "code", link=lambda row: url_for("audit.index", action=row["action"])),
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
                "did": ACTIONS.get(event.action, Text(event.action, event.action)),
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
