"""清算批次与净额: nets of every window, the batches and transactions they came from, and the payments that settle them."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from flask import Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Refused
from cardstack.settlement.banking import interest
from cardstack.settlement.instruction import Payment
from cardstack.settlement.scheme import Step
from cardstack.settlement.window import Stage, period
from cardstack.text import Text
from cardstack.values import Fen
from server import ordering
from server.console import approvals, evidence, forms, listing, requesting, transactions, windows
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit, moment, operator, scope, store, t
from server.console.states import choices
from server.permissions import EVERYWHERE, Pages, Permission
from server.store import late, paying, resting
from server.store.queries import figures, payments, settling
from server.store.queries import transactions as queries
from server.store.values import PreparedInstruction

pages = Pages("settlements", __name__, url_prefix="/console/settlements")


def _visible(one: PreparedInstruction) -> bool:
    held = scope()
    return held is None or bool({one.instruction.debtor[:2], one.instruction.creditor[:2]} & held)


def _instruction_row(one: PreparedInstruction) -> dict[str, Any]:
    return {
        "id": one.instruction.id,
        "window": one.instruction.window,
        "debtor": str(one.instruction.debtor),
        "creditor": str(one.instruction.creditor),
        "amount": one.instruction.amount_fen,
        "paid": one.paid_fen,
        "state": one.state.value,
        "prepared": one.prepared_at,
    }


def _instructions(query: Query) -> Slice:
    with store().view() as view:
        found = settling.instructions(view, before=query.after, size=query.size + 1, scope=query.scope, **query.where)
    rows = [_instruction_row(one) for one in found[: query.size]]
    return Slice(rows, rows[-1]["id"] if len(found) > query.size else None)


def window_link(row: Any) -> str | None:
    """To the row's window."""
    return url_for("windows.show", window_id=row["window"])


def instruction_link(row: Any) -> str | None:
    """To the row's payment instruction."""
    return url_for("settlements.instruction", instruction_id=row["id"])


def net_link(party: str) -> Any:
    """To the net of one of the row's parties in its window; what only passes money on has none."""

    def link(row: Any) -> str:
        if row[party].startswith("00."):
            return url_for("participants.show", party=row[party])
        return url_for("settlements.net", window_id=row["window"], party=row[party])

    return link


LISTING = Listing(
    name="settlements",
    title=Text("Batches and nets", "清算批次与净额"),
    about=Text(
        "The payments that settle each window. A party's name leads to the net behind it.",
        "各清算窗口的划款指令；点击参与方可查看净额构成。",
    ),
    empty=Text("No payments yet; they are made when a window's nets are agreed.", "暂无划款指令；清算窗口确认净额后生成。"),
    columns=(
        Column("id", Text("Instruction", "划款指令"), "id", link=instruction_link),
        Column("window", Text("Window", "清算窗口"), "id", link=window_link),
        Column("debtor", Text("Payer", "付款方"), "party", link=net_link("debtor")),
        Column("creditor", Text("Payee", "收款方"), "party", link=net_link("creditor")),
        Column("amount", Text("Amount (yuan)", "金额（元）"), "money"),
        Column("paid", Text("Paid (yuan)", "已支付（元）"), "money", shown=False),
        Column("state", Text("State", "状态"), "state"),
        Column("prepared", Text("Prepared", "生成时间"), "moment"),
    ),
    filters=(
        Filter("window", Text("Window", "清算窗口")),
        Filter("state", Text("State", "状态"), "choice", choices=choices(*Payment)),
    ),
    fetch=_instructions,
)


@pages.page("/", needs=Permission.SETTLEMENT_READ)
def index() -> ResponseReturnValue:
    """Payment instructions."""
    return listing.show(LISTING)


@pages.page("/instructions/<instruction_id>", needs=Permission.SETTLEMENT_READ)
def instruction(instruction_id: str) -> ResponseReturnValue:
    """One payment: who pays whom for which window, and what the bank booked of it."""
    with store().view() as view:
        one = settling.instruction(view, instruction_id)
        if one is None or not _visible(one):
            abort(404)
        debt = resting.debt(view, instruction_id)
        lines, paid = payments.booked(view, instruction_id), paying.booked(view, debt)
    accounts = {str(party.name): party.account for party in store().parties()}
    due, steps = _late(debt.first, paid)
    shown = {"one": one, "debt": debt, "lines": lines, "accounts": accounts, "due": due, "steps": steps}
    asked = approvals.waiting_for(debt.first.instruction.id, "rest") if debt.left_fen else None
    window = store().window(one.instruction.window)
    pending = window is not None and window.stage is Stage.PENDING
    left = debt.left_fen if pending and asked is None else Fen(0)
    following = _following(one, asked) if pending else None
    return render_template("settlements/instruction.html", **shown, left_fen=left, following=following)


def _following(one: PreparedInstruction, asked: str | None) -> tuple[str, Text] | None:
    """Where a payment's next step is taken, and what it is; None where nothing, or the button beside, is."""
    if asked is not None:
        said = Text("The order of its rest waits for a decision.", "另发余款的申请待复核。")
        return url_for("approvals.show", request_id=asked), said
    if one.state in (Payment.PREPARED, Payment.FAILED):
        said = Text("Ask for its release on the page of its window.", "请在所属清算窗口页申请放行。")
        return url_for("windows.show", window_id=one.instruction.window, _anchor="pay-title"), said
    if one.state is Payment.RELEASED:
        said = Text("It is with the bank: take in the bank's file under Discrepancies.", "已放行：请在“对账差异”页导入回盘文件。")
        return url_for("reconciling.index", window=one.instruction.window), said
    return None


def _late(one: PreparedInstruction, booked: Mapping[date, int]) -> tuple[date | None, tuple[Step, ...]]:
    """The last day in time, and how the interest on what the bank booked later comes about."""
    due = late.due_on(one)
    if due is None:
        return None, ()
    cycle = period(one.instruction.window)[0]
    try:
        found = interest.spans(one.instruction.amount_fen, due, booked, interest.terms_of(cycle, due)) if booked else ()
    except Refused:  # no rate is in force for this cycle
        return due, ()
    return due, interest.explain(one.instruction.id, due, found) if interest.total(found) else ()


@pages.page("/<window_id>/release", needs=Permission.SETTLEMENT_REQUEST, method="POST", fresh=True)
def release(window_id: str) -> ResponseReturnValue:
    """Ask for the release of a window's payments."""
    waiting = [one for debt in resting.debts(store().instructions(window_id)) for one in debt.waiting] or abort(404)
    amount = Fen(sum(one.instruction.amount_fen for one in waiting if one.instruction.debtor[:2] != "00"))
    asked = requesting.ask(
        "release",
        province=EVERYWHERE,
        subject=window_id,
        payload={"window": window_id, "instructions": [one.instruction.id for one in waiting]},
        amount_fen=amount,
    )
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=asked), 303)


@pages.page("/<window_id>/order", needs=Permission.SETTLEMENT_REQUEST, method="POST", fresh=True)
def order(window_id: str) -> ResponseReturnValue:
    """What was released of a window, as a file for its bank."""
    _ = store().window(window_id) or abort(404)
    if not operator().may(Permission.SETTLEMENT_REQUEST, EVERYWHERE):
        abort(403)
    form = ordering.Form(forms.choice("form", list(ordering.Form)))
    due = forms.day("due") if forms.text("due", most=10, required=False) else None
    number = forms.number("release", 1, 10_000)
    made = ordering.write(store(), window_id, form, at=moment(), due=due, number=number)
    digest = sha256(made.raw).hexdigest()
    audit(window_id, EVERYWHERE, form=form.value, release=made.release, due=made.due.isoformat(), sha256=digest)
    ending = "csv" if form is ordering.Form.CSV else "xml"
    headers = {"Content-Disposition": f'attachment; filename="{window_id}.{made.release}-{form.value}.{ending}"'}
    return Response(made.raw, mimetype="text/csv" if ending == "csv" else "application/xml", headers=headers)


@pages.page("/<window_id>/net/<party>", needs=Permission.SETTLEMENT_READ)
def net(window_id: str, party: str) -> ResponseReturnValue:
    """What made one party's net of a window: whom it owes, who owes it, and every transaction."""
    one = store().window(window_id) or abort(404)
    held = scope()
    position = next((row for row in windows.positions(window_id) if row.party == party), None)
    if position is None or (held is not None and party[:2] not in held):
        abort(404)
    with store().view() as view:
        owed = figures.owed_of(view, window_id, party)
    return listing.show(NET, window=one, whose=party, position=position, owed=owed, chart=_flows(owed))


def _net_rows(query: Query) -> Slice:
    where = dict(query.where)
    window, party = where.get("window_id", ""), where.get("party", "")
    if query.scope is not None and party[:2] not in query.scope:
        return Slice((), None)
    asked = transactions.criteria({key: value for key, value in where.items() if key != "window_id"}) | {"window": window}
    with store().view() as view:
        found = queries.search(view, asked, scope=query.scope, after=query.after, size=query.size)
    shares: dict[int, int] = {}
    for one in store().postings(*(entry.seq for entry in found.entries)):
        if one.window == window:
            sign = (one.posting.creditor == party) - (one.posting.debtor == party)
            shares[one.entry] = shares.get(one.entry, 0) + one.posting.amount_fen * sign
    rows = [{**transactions.row_of(entry), "share": Fen(shares.get(entry.seq, 0))} for entry in found.entries]
    return Slice(rows, found.next, found.cut)


_NET_COLUMNS = [column._replace(shown=column.shown and column.key != "window") for column in transactions.COLUMNS]
NET = Listing(
    name="net",
    title=Text("Net", "净额构成"),
    columns=[*_NET_COLUMNS[:8], Column("share", Text("In this net (yuan)", "计入净额（元）"), "money"), *_NET_COLUMNS[8:]],
    filters=[
        Filter("window_id", Text("Window", "清算窗口"), "fixed"),
        Filter("party", Text("Party", "参与方"), "fixed"),
        *(one for one in transactions.FILTERS if one.key in {"id", "scheme", "least", "most"}),
    ],
    fetch=_net_rows,
    template="settlements/net.html",
    needs=Permission.SETTLEMENT_READ,
)
LISTINGS = (LISTING, NET)


@pages.page("/batches/<int:seq>", needs=Permission.TRANSACTION_READ)
def batch(seq: int) -> ResponseReturnValue:
    """A signed batch: who signed it, over which path, and its transactions."""
    kept = store().envelope(seq) or abort(404)
    with store().view() as view:
        booked = figures.envelope_entries(view, seq)
    entries = [entry for entry in booked if queries.visible(entry, scope())]
    if not entries:
        abort(404)
    return render_template(
        "settlements/batch.html",
        kept=kept,
        signature=evidence.signature_of(kept),
        rows=[transactions.row_of(entry) for entry in entries],
        columns=[column for column in transactions.COLUMNS if column.shown],
    )


def _flows(owed: list[Any]) -> dict[str, Any]:
    """Debtors on the left, creditors on the right: a party that is both stands on both sides."""
    left = sorted({str(one.debtor) for one in owed})
    right = sorted({str(one.creditor) for one in owed})
    pays, gets = t("pays", "付"), t("gets", "收")
    return {
        "shape": "sankey",
        "nodes": [{"name": f"{pays} {one}"} for one in left] + [{"name": f"{gets} {one}"} for one in right],
        "links": [
            {"source": f"{pays} {one.debtor}", "target": f"{gets} {one.creditor}", "value": one.amount_fen / 100} for one in owed
        ],
    }
