"""待复核: requests that wait, and their decision by somebody other than their maker."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import CardstackError
from cardstack.text import Text
from server import approvals, commands
from server.approvals import Decision, Request, State
from server.console import changes, listing, recognition, words
from server.console.listing import Action, Column, Filter, Listing, Query, Slice
from server.console.services import audit, language, moment, operator, scope, services, t
from server.console.states import choices, state_of
from server.permissions import Pages, Permission
from server.store.office.tables import to_ms

pages = Pages("approvals", __name__, url_prefix="/console/approvals")


def fetch(query: Query) -> Slice:
    """Requests as rows, newest first."""
    before = None
    if query.after:
        moment_ms, _, request_id = query.after.partition("_")
        after_ms = listing.number(moment_ms)
        before = (after_ms, request_id) if after_ms is not None else None
    found = services().office.requests.page(before=before, size=query.size + 1, scope=query.scope, **query.where)
    now = moment()
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "kind": commands.kind(one.kind).title,
            "subject": one.subject,
            "kind_key": one.kind,
            "amount": one.amount_fen or None,
            "province": one.province,
            "maker": one.maker,
            "reason": one.reason,
            "state": State.EXPIRED if one.state is State.PENDING and one.expires <= now else one.state,
            "created": one.created,
            "expires": one.expires,
        }
        for one in found
    ]
    last = found[query.size - 1] if len(found) > query.size else None
    return Slice(rows[: query.size], f"{to_ms(last.created)}_{last.id}" if last else None)


SUBJECT_PAGES: dict[str, tuple[str, str]] = {
    "operator": ("people.show", "operator_id"),
    "agree": ("windows.show", "window_id"),
    "abort": ("windows.show", "window_id"),
    "release": ("windows.show", "window_id"),
    "rest": ("settlements.instruction", "instruction_id"),
    "reversal": ("transactions.show", "message_id"),
    "dispute": ("disputes.show", "seq"),
    "limit": ("participants.show", "party"),
    "party-account": ("participants.show", "party"),
    "node": ("nodes.show", "name"),
    "node-institutions": ("nodes.show", "name"),
    "prefund": ("prefunds.index", "party"),
    "prefund-thresholds": ("prefunds.index", "party"),
    "increase-pay": ("prefunds.index", "increase"),
    "party-new": ("participants.show", "party"),
    "node-new": ("nodes.show", "name"),
}
"""Where the subject of a request of each kind leads, and the part of the address that it is."""
MADE = frozenset({"party-new", "node-new"})
"""The kinds whose subject has a page only when they were carried out."""


def subject_page(row: Any) -> str:
    """To what a request concerns; a kind without a page of its own leads to every request about the same."""
    endpoint, name = SUBJECT_PAGES.get(row["kind_key"], ("approvals.index", "subject"))
    missing = row["kind_key"] in MADE and row["state"] != State.DONE
    if missing or (name == "seq" and not row["subject"].isdigit()):
        endpoint, name = "approvals.index", "subject"
    return url_for(endpoint, **{name: row["subject"]})


LISTING = Listing(
    name="approvals",
    title=Text("Waiting for a decision", "待复核"),
    about=Text(
        "Every change of money, limits, figures, agreements, operators and keys. Nobody decides their own request.",
        "资金、额度、费率、互认协议、操作员与密钥的一切变更。本人经办的申请不得由本人复核。",
    ),
    columns=(
        Column("id", Text("Request", "申请编号"), "id", link=lambda row: url_for("approvals.show", request_id=row["id"])),
        Column("kind", Text("Kind", "类型")),
        Column("subject", Text("Concerns", "对象"), "id", link=subject_page),
        Column("amount", Text("Amount (yuan)", "金额（元）"), "money"),
        Column("province", Text("Province", "省份"), "province"),
        Column("maker", Text("Maker", "经办人")),
        Column("reason", Text("Reason", "事由"), "wide"),
        Column("state", Text("State", "状态"), "state"),
        Column("created", Text("Requested", "申请时间"), "moment"),
        Column("expires", Text("Lapses", "失效时间"), "moment", shown=False),
    ),
    filters=(
        Filter(
            "state",
            Text("State", "状态"),
            "choice",
            choices=choices(*State),
            normally="pending",
        ),
        Filter("kind", Text("Kind", "类型"), "choice", choices=[(kind.name, kind.title) for kind in commands.kinds()]),
        Filter("maker", Text("Maker", "经办人")),
        Filter("subject", Text("Concerns", "对象")),
    ),
    actions=(Action("approvals.decide_many", Text("Approve selected", "批量通过"), Permission.CHECK),),
    fetch=fetch,
    create=("changes.index", Text("Ask for a change", "提出申请"), Permission.APPROVAL_READ),
)


def waiting_for(subject: str, kind: str) -> str | None:
    """The id of a request of a kind that waits about a thing, wherever it was asked."""
    found = services().office.requests.page(
        before=None, size=20, scope=None, subject=subject, kind=kind, state=State.PENDING.value
    )
    return next((one.id for one in found if one.expires > moment()), None)


@pages.page("/", needs=Permission.APPROVAL_READ)
def index() -> ResponseReturnValue:
    """What waits; other states by the filter."""
    return listing.show(LISTING)


@pages.page("/<request_id>", needs=Permission.APPROVAL_READ)
def show(request_id: str) -> ResponseReturnValue:
    """One request: what would change, who asked, who decided."""
    asked = _load(request_id)
    kind = commands.kind(asked.kind)
    own = asked.maker == operator().id
    decided = any(decision.operator_id == operator().id for decision in asked.decisions)
    entitled = operator().may(approvals.deciding_needs(kind, asked), asked.province)
    open_to_decision = asked.state is State.PENDING and asked.expires > moment()
    return render_template(
        "approvals/show.html",
        asked=asked,
        subject_page=subject_page({"kind_key": asked.kind, "subject": asked.subject, "state": asked.state}),
        kind=kind,
        own=own,
        may_decide=open_to_decision and entitled and not own and not decided,
        open_to_decision=open_to_decision,
        needed=kind.decisions_needed(asked.amount_fen),
        details=changes.details(kind, asked),
        figure=asked.payload if asked.kind == "figures" and "differences" in asked.payload else None,
        plan=recognition.plan_rows(asked.payload["plan"]) if "plan" in asked.payload else None,
        effects=recognition.kept_effects(asked.payload.get("effects", ())),
    )


@pages.page("/<request_id>/decide", needs=Permission.CHECK, method="POST", fresh=True)
def decide(request_id: str) -> ResponseReturnValue:
    """Approve or refuse one request."""
    asked = _load(request_id)
    approve = request.form.get("decision") == "approve"
    after = _decide(asked, approve=approve)
    audit(request_id, asked.province, approve=approve, state=after.state, reason=request.form.get("reason", "")[:500])
    if after.state is State.FAILED:
        flash(t("Approved, but it could not be carried out: ", "已通过，但执行失败：") + after.told.of(language()), "danger")
    else:
        flash(t("Decision recorded: ", "已记录决定：") + state_of(after.state)[1].of(language()), "success")
    return redirect(url_for(".show", request_id=request_id), 303)


@pages.page("/decide", needs=Permission.CHECK, method="POST", fresh=True)
def decide_many() -> ResponseReturnValue:
    """Approve the selected requests, each by its own rule; what cannot be approved is said."""
    done, refused = 0, []
    for request_id in request.form.getlist("id")[: listing.SIZES[-1]]:
        try:
            _decide(_load(request_id), approve=True)
            done += 1
        except CardstackError as error:
            refused.append(f"{request_id}: {error.say(language())}")
    audit("", "", approved=done, refused=len(refused), ids=request.form.getlist("id")[: listing.SIZES[-1]])
    flash(t(f"{done} approved.", f"已通过 {done} 项。"), "success" if done else "danger")
    for said in refused:
        flash(said, "danger")
    return redirect(url_for(".index"), 303)


@pages.page("/<request_id>/withdraw", needs=Permission.APPROVAL_READ, method="POST")
def withdraw(request_id: str) -> ResponseReturnValue:
    """Take one's own request back."""
    asked = _load(request_id)
    approvals.withdraw(services().office.requests, request_id, operator())
    audit(request_id, asked.province)
    flash(t("Withdrawn.", "已撤回。"), "success")
    return redirect(url_for(".show", request_id=request_id), 303)


def _decide(asked: Request, *, approve: bool) -> Request:
    now = moment()
    decision = Decision(operator().id, approve, request.form.get("reason", "").strip()[:500], now)
    means = changes.means()
    return approvals.decide(
        services().office.requests,
        commands.kind(asked.kind),
        asked.id,
        decision,
        by=operator(),
        execute=lambda request: commands.carry_out(request, means),
    )


def _load(request_id: str) -> Request:
    asked = services().office.requests.get(request_id)
    held = scope()
    if asked is None or (held is not None and asked.province not in held):
        abort(404)
    return asked


@pages.page("/live", needs=Permission.APPROVAL_READ)
def live() -> ResponseReturnValue:
    """The count in the side bar; nothing at all while it is unchanged."""
    count = words.waiting()
    if str(count) == request.args.get("count"):
        return "", 204
    return render_template("approvals/live.html", count=count)
