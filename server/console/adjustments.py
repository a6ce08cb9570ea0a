"""调账与冲正: what was booked is never edited; its opposite takes it back, asked for by one and decided by another."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, Refused, problem
from cardstack.settlement.ledger import State
from cardstack.text import Text
from server import commands
from server.console import approvals, forms, listing, requesting, transactions
from server.console.listing import Filter, Listing, Query, Slice
from server.console.services import operator, store, t
from server.console.words import PROVINCES
from server.permissions import Pages, Permission
from server.store.values import Entry

pages = Pages("adjustments", __name__, url_prefix="/console/adjustments")

ASKED_BEFORE = problem(
    "CS-4130",
    Text("A reversal of this transaction is already waiting", "该交易已有待复核的冲正申请"),
    Text("Decide or withdraw that request first.", "请先办结或撤回原申请。"),
)
NOT_REVERSIBLE = problem(
    "CS-4131",
    Text("Only a transaction that is posted and about no other can be reversed", "仅已入账且非关联交易可以冲正"),
    Text("Look at its state and history.", "请查看其状态与关联交易。"),
)


KINDS = ("reversal", "correction", "interest")


def _rows(query: Query) -> Slice:
    return approvals.fetch(query._replace(where={**query.where, "kind": query.where.get("kind") or " ".join(KINDS)}))


LISTING = Listing(
    name="adjustments",
    title=Text("Adjustments and reversals", "调账与冲正"),
    about=Text(
        "Nothing that was booked is edited. A reversal books the opposite, a correction or interest what is owed besides, in the "
        "window that is open when it is decided.",
        "已入账数据不得修改；冲正以相反分录、调账与逾期利息以补充分录，计入批准时开放的清算窗口。",
    ),
    empty=Text(
        "Nothing was asked for yet; ask for a reversal above or on a transaction's page.", "暂无申请；可在上方或交易页申请冲正。"
    ),
    columns=approvals.LISTING.columns,
    filters=(
        *(one._replace(normally="") for one in approvals.LISTING.filters if one.key in {"state", "maker", "subject"}),
        Filter("kind", Text("Kind", "类型"), "choice", choices=[(name, commands.kind(name).title) for name in KINDS]),
    ),
    fetch=_rows,
    template="adjustments/index.html",
    create=("adjustments.form", Text("Ask for a reversal", "申请冲正"), Permission.ADJUSTMENT_REQUEST),
)


@pages.page("/", needs=Permission.ADJUSTMENT_READ)
def index() -> ResponseReturnValue:
    """Every reversal, correction and interest asked for, with its state."""
    return listing.show(LISTING)


@pages.page("/new", needs=Permission.ADJUSTMENT_REQUEST)
def form() -> ResponseReturnValue:
    """The form, for a transaction or to type one."""
    asked = request.args.get("message", "").strip().upper()
    entry = transactions.load(asked) if asked else None
    return render_template(
        "adjustments/form.html",
        entry=entry,
        row=transactions.row_of(entry) if entry else None,
        postings=store().postings(entry.seq) if entry else [],
        asked=asked,
        provinces=[code for code in PROVINCES if operator().may(Permission.ADJUSTMENT_REQUEST, code)],
    )


@pages.page("/", needs=Permission.ADJUSTMENT_REQUEST, method="POST", fresh=True)
def submit() -> ResponseReturnValue:
    """Ask for a reversal."""
    entry = transactions.find(forms.text("message", most=30).upper())
    if entry is None:
        raise Malformed("", forms.NOT_KNOWN, field="message")
    if entry.state is not State.POSTED or entry.refers is not None:
        raise Refused("", problem=NOT_REVERSIBLE, field="message")
    asked_before = approvals.waiting_for(str(entry.id), "reversal")
    if asked_before is not None:
        raise Refused(asked_before, problem=ASKED_BEFORE, field="message")
    asked = requesting.ask(
        "reversal",
        province=_province(entry),
        subject=str(entry.id),
        payload={"message": str(entry.id), "scheme": entry.scheme, "home": entry.home, "treating": entry.treating},
        amount_fen=entry.amount_fen,
    )
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=asked), 303)


def _province(entry: Entry) -> str:
    """Whose request it is: the home province's where the operator may ask there, else the treating one's."""
    sides = (entry.home[:2], entry.treating[:2])
    return next((one for one in sides if operator().may(Permission.ADJUSTMENT_REQUEST, one)), sides[0])
