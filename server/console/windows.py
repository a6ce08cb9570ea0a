"""清算窗口: what is open, what was cut off, who gets and who pays, and the next step of each window."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, Refused
from cardstack.settlement import window as windows
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.netting import Position
from cardstack.settlement.window import EVENTS, STAGES, WINDOW, Event, Stage
from cardstack.text import Text
from cardstack.values import Fen
from server import ordering
from server.approvals import REASON_MISSING
from server.console import approvals, forms, kinds, listing, requesting
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit, language, moment, operator, scope, store, t
from server.permissions import EVERYWHERE, Pages, Permission
from server.store.resting import Debt, debts
from server.store.values import Window
from server.store.windows import said

pages = Pages("windows", __name__, url_prefix="/console/windows")

ASKED_FOR: dict[Event, str] = {Event.AGREE: "agree", Event.ABORT: "abort"}
"""Steps that are money: requested by one operator, decided by another."""

REASONED = frozenset({Event.OBJECT, Event.RESOLVE, Event.ABORT})
BY_THE_BANK = frozenset({Event.SETTLE, Event.RETURN})
"""Steps that follow from the bank's file and are nobody's to press."""

EFFECTS: dict[Event, Text] = {
    Event.CUT_OFF: Text(
        "closes it: what comes later falls into the next window.", "关闭本窗口：此后到达的交易计入下一窗口，不可撤回。"
    ),
    Event.RECONCILE: Text("holds its totals against the provinces'.", "与各省核对总额与明细。"),
    Event.AGREE: Text(
        "fixes the nets and makes the payments, once another operator agrees.", "经他人复核后确定净额并生成划款指令。"
    ),
    Event.OBJECT: Text("stops it until what differs is resolved.", "暂停结算，待差异处理完毕。"),
    Event.RESOLVE: Text("takes it back to reconciliation.", "返回对账阶段。"),
    Event.ABORT: Text("stops its settlement, once another operator agrees.", "经他人复核后中止本窗口结算。"),
    Event.RETRY: Text("takes it back to reconciliation.", "返回对账阶段。"),
}
"""What a step does, said beside its button."""

ORDER = (Stage.OPEN, Stage.CLOSED, Stage.IN_RECONCILIATION, Stage.PENDING, Stage.SETTLED)


def positions(window: str) -> list[Position]:
    """The positions of a window that this operator may see."""
    held = scope()
    return [one for one in store().positions(window) if held is None or one.party.province in held]


def _rows(query: Query) -> Slice:
    found = store().windows(cycle=query.where.get("cycle"), stage=query.where.get("stage"))
    found.sort(key=lambda one: (windows.period(one.id)[1], one.id), reverse=True)
    return listing.part_of(found, query, key=lambda one: one.id, row=_row)


def _row(one: Window) -> dict[str, Any]:
    held = positions(one.id)
    receives = Fen(sum(position.net_fen for position in held if position.net_fen > 0))
    return {
        "id": one.id,
        "cycle": kinds.cycle(one.cycle),
        "stage": one.stage.value,
        "opened": one.opened_at,
        "parties": len(held),
        "gross": Fen(sum(position.receives_fen for position in held)),
        "net": receives,
    }


LISTING = Listing(
    name="windows",
    title=Text("Settlement windows", "清算窗口"),
    empty=Text("No window yet; the first transaction of a cycle opens one.", "暂无窗口；首笔交易入账时自动开放。"),
    columns=(
        Column("id", Text("Window", "清算窗口"), "id", link=lambda row: url_for("windows.show", window_id=row["id"])),
        Column("cycle", Text("Cycle", "清算周期")),
        Column("stage", Text("Stage", "阶段"), "stage"),
        Column("opened", Text("Opened", "开放时间"), "moment"),
        Column("parties", Text("Parties", "参与方数"), "count"),
        Column("gross", Text("Receivable (yuan)", "应收合计（元）"), "money"),
        Column("net", Text("Net received (yuan)", "净应收（元）"), "money"),
    ),
    filters=(
        Filter("cycle", Text("Cycle", "清算周期"), "choice", choices=list(kinds.CYCLES.items())),
        Filter("stage", Text("Stage", "阶段"), "choice", choices=[(stage.value, name) for stage, name in STAGES.items()]),
    ),
    fetch=_rows,
)


@pages.page("/", needs=Permission.WINDOW_READ)
def index() -> ResponseReturnValue:
    """Every window, the newest first."""
    return listing.show(LISTING)


@pages.page("/<window_id>", needs=Permission.WINDOW_READ)
def show(window_id: str) -> ResponseReturnValue:
    """One window: its stage, its nets, what happened, and what can happen next."""
    one = store().window(window_id) or abort(404)
    held = positions(window_id)
    moves = [(one, said(one.reason)) for one in store().moves(window_id)]
    steps = [event for event in WINDOW.events(one.stage) if event not in BY_THE_BANK]
    payments = store().instructions(window_id)
    held_debts = list(debts(payments))
    releasing = approvals.waiting_for(window_id, "release") if one.stage is Stage.PENDING else None
    return render_template(
        "windows/show.html",
        window=one,
        stages=STAGES,
        order=ORDER,
        reached=ORDER.index(one.stage) if one.stage in ORDER else ORDER.index(Stage.IN_RECONCILIATION),
        moves=moves,
        events=EVENTS,
        steps=steps if operator().may(Permission.WINDOW_CLOSE, EVERYWHERE) else [],
        reasoned=REASONED,
        asked_for=ASKED_FOR,
        effects=EFFECTS,
        releasing=releasing,
        following=_following(window_id, releasing, held_debts) if one.stage is Stage.PENDING else None,
        positions=held,
        instructions=[one for one in payments if _concerns(one.instruction)],
        released=_released(window_id),
        order_forms=list(ordering.FORMS.items()),
        releasable=any(debt.waiting for debt in held_debts),
        chart=_chart(held),
    )


@pages.page("/<window_id>/move", needs=Permission.WINDOW_CLOSE, method="POST", fresh=True)
def move(window_id: str) -> ResponseReturnValue:
    """Take the next step, or ask for it where it is money."""
    one = store().window(window_id) or abort(404)
    if not operator().may(Permission.WINDOW_CLOSE, EVERYWHERE):
        abort(403)
    event, reason = Event(forms.choice("event", [one.value for one in Event])), forms.text("reason", most=500, required=False)
    if event in BY_THE_BANK:
        abort(403)
    if event in REASONED and not reason:
        raise Malformed("", problem=REASON_MISSING, field="reason")
    WINDOW.after(one.stage, event)
    if event in ASKED_FOR:
        amount = Fen(sum(position.net_fen for position in store().positions(window_id) if position.net_fen > 0))
        asked = requesting.ask(
            ASKED_FOR[event],
            province=EVERYWHERE,
            subject=window_id,
            payload={"window": window_id, "event": event.value},
            amount_fen=amount,
            reason=reason or EVENTS[event].of(language()),
        )
        flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
        return redirect(url_for("approvals.show", request_id=asked), 303)
    after = store().move_window(window_id, event, actor=operator().id, now=moment(), reason=reason)
    audit(window_id, EVERYWHERE, event=event.value, stage=after.value, reason=reason)
    flash(t("Now: ", "当前阶段：") + STAGES[after].of(language()), "success")
    return redirect(url_for(".show", window_id=window_id), 303)


def _released(window: str) -> int:
    """How often payments of a window were released, where this operator may order them; 0 where there is nothing to order."""
    if not operator().may(Permission.SETTLEMENT_REQUEST, EVERYWHERE):
        return 0
    try:
        return store().desk.released(window)[0]
    except Refused:
        return 0


def _following(window: str, releasing: str | None, owed: list[Debt]) -> tuple[str, Text] | None:
    """Where the next step of a pending window is taken, and what it is."""
    if releasing is not None:
        return url_for("approvals.show", request_id=releasing), Text("The release waits for a decision.", "放行申请待复核。")
    if any(debt.waiting for debt in owed):
        return "#pay-title", Text("Ask for the release of its payments below.", "请在下方“划款指令”申请放行。")
    rest = next((debt.first.instruction.id for debt in owed if debt.left_fen), None)
    if rest is not None:
        said = Text(f"Of payment {rest} only a part was paid: order the rest.", f"划款指令 {rest} 仅部分支付：请另发余款。")
        return url_for("settlements.instruction", instruction_id=rest), said
    said = Text(
        "Its payments are released: give the bank the order (below) and take in the bank's file; all booked, it is settled.",
        "划款指令已放行：请将付款文件（见下方）交银行并导入回盘文件，全部入账后本窗口自动结清。",
    )
    return url_for("reconciling.index", window=window), said


def _concerns(one: Instruction) -> bool:
    held = scope()
    return held is None or bool({one.debtor[:2], one.creditor[:2]} & held)


def _chart(held: list[Position]) -> dict[str, Any]:
    most = sorted((one for one in held if one.net_fen), key=lambda one: -abs(one.net_fen))[:14]
    return {"shape": "net", "names": [str(one.party) for one in most], "values": [one.net_fen / 100 for one in most]}
