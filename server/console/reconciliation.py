"""对账差异: what was released against what the bank booked; the bank's file is taken in and every difference named."""

from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from cardstack.settlement.banking.matching import DIFFERENCES, Difference, Mismatch
from cardstack.text import Text
from server.console import files, listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import operator, store
from server.permissions import EVERYWHERE, Pages, Permission, Scope
from server.store.queries import settling

pages = Pages("reconciling", __name__, url_prefix="/console/reconciliation")


def _visible(reference: str, held: Scope) -> bool:
    """A payment concerns the provinces of its two sides; a stranger in the bank's file is for the centre alone."""
    if held is None:
        return True
    with store().view() as view:
        found = settling.instruction(view, reference)
    return found is not None and bool({found.instruction.debtor[:2], found.instruction.creditor[:2]} & held)


def row_of(one: Mismatch) -> dict[str, Any]:
    """A difference as a line of a list."""
    window = one.reference.rpartition(".")[0]
    return {
        "reference": one.reference,
        "window": window if window and store().window(window) else None,
        "difference": DIFFERENCES[one.difference],
        "expected": one.expected_fen,
        "booked": one.booked_fen,
        "by": one.booked_fen - one.expected_fen,
    }


def _rows(query: Query) -> Slice:
    where = query.where
    found = [
        one
        for one in store().desk.open_payments()
        if where.get("difference") in {None, one.difference.value}
        and one.reference.startswith(where.get("window", ""))
        and _visible(one.reference, query.scope)
    ]
    return listing.part_of(found, query, key=lambda one: one.reference, row=row_of)


def _payment(row: Any) -> str | None:
    return url_for("settlements.instruction", instruction_id=row["reference"]) if row["window"] else None


def _window(row: Any) -> str | None:
    return url_for("windows.show", window_id=row["window"]) if row["window"] else None


COLUMNS = (
    Column("reference", Text("Payment", "划款指令"), "id", link=_payment),
    Column("window", Text("Window", "清算窗口"), "id", link=_window),
    Column("difference", Text("Difference", "差异类型")),
    Column("expected", Text("Ours (yuan)", "我方金额（元）"), "money"),
    Column("booked", Text("Bank (yuan)", "银行金额（元）"), "money"),
    Column("by", Text("Difference (yuan)", "差额（元）"), "money"),
)

LISTING = Listing(
    name="reconciliation",
    title=Text("Discrepancies", "对账差异"),
    about=Text(
        "Payments that were released and that the bank has not booked as they were sent, or gave back.",
        "已放行而银行尚未按指令入账或已退回的划款；导入银行回盘后自动核对。",
    ),
    empty=Text(
        "Nothing is open with the bank; payments are released on the page of their window.",
        "无待核对划款；请在清算窗口页申请放行。",
    ),
    columns=COLUMNS,
    filters=(
        Filter("window", Text("Window", "清算窗口")),
        Filter(
            "difference",
            Text("Difference", "差异类型"),
            "choice",
            choices=[(one.value, DIFFERENCES[one]) for one in Difference],
        ),
    ),
    fetch=_rows,
    key="reference",
    template="reconciliation/index.html",
)


@pages.page("/", needs=Permission.RECONCILIATION_READ)
def index() -> ResponseReturnValue:
    """What is not agreed with the bank."""
    return listing.show(LISTING, may_upload=operator().may(Permission.RECONCILIATION_WORK, EVERYWHERE))


@pages.page("/bank-file", needs=Permission.RECONCILIATION_WORK, method="POST", fresh=True)
def upload() -> ResponseReturnValue:
    """Take in a bank's file: camt.053, or the result CSV. Each line counts once, however often it is sent."""
    made = files.take_in(operator(), Permission.RECONCILIATION_WORK)
    if made is None:
        return redirect(url_for("files.index"), 303)
    return redirect(url_for("files.show", file_id=made.id) if made.lines_failed else url_for(".index"), 303)
