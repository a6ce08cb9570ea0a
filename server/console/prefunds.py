"""预付金: what one party has paid ahead to another, how far it is used, its warnings, and emergency increases."""

from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed
from cardstack.settlement.prefund import INCREASE, INCREASES, Increase, IncreaseStep, Level, Prefund, red_day
from cardstack.settlement.window import following, period
from cardstack.text import Text
from cardstack.values import Fen
from server.console import alarms, forms, listing, words
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import LOCAL, audit, moment, operator, scope, store, t
from server.console.states import choices
from server.permissions import Pages, Permission, Scope
from server.store.increasing import Asked

pages = Pages("prefunds", __name__, url_prefix="/console/prefunds")

COLOURS = {Increase.ASKED: "yellow", Increase.NOTICED: "blue", Increase.PAID: "green", Increase.REFUSED: "red"}
STEPS: dict[IncreaseStep, Text] = {
    IncreaseStep.NOTICE: Text("Notice who pays", "通知预付方"),
    IncreaseStep.REFUSE: Text("Refuse", "拒绝"),
}
"""What one person does; that it was paid is a request, decided by another."""


def _row(window: str, one: Prefund) -> dict[str, Any]:
    return {
        "id": f"{one.debtor}~{one.creditor}~{window}",
        "debtor": str(one.debtor),
        "creditor": str(one.creditor),
        "window": window or None,
        "held": one.held_fen,
        "used": one.used_fen,
        "left": one.held_fen - one.used_fen,
        "percent": one.percent,
        "level": one.level.value,
        "red_day": _red_day(window, one),
        "yellow": one.thresholds.yellow,
        "red": one.thresholds.red,
    }


def _red_day(window: str, one: Prefund) -> date | None:
    """When it comes to its red warning if the month's use goes on evenly; None where it is there, or will not within the month.

    From the window's sums alone, whatever its size: `settle prefunds` takes the days on which something was booked instead.
    """
    if not window or one.level is Level.RED:
        return None
    began, today = period(window)[1], moment().astimezone(LOCAL).date()
    expected = red_day(one.held_fen, [(began, Fen(0)), (max(began, today), one.used_fen)], one.thresholds.red)
    return expected if expected and expected < period(following(window))[1] else None


def _rows(query: Query) -> Slice:
    where = query.where
    found = [
        _row(window, one)
        for window, one in alarms.prefunds()
        if where.get("level") in {None, one.level.value} and where.get("party", "") in f"{one.debtor} {one.creditor}"
    ]
    return listing.part_of(found, query, key=lambda one: str(one["id"]), row=dict)


def _net(row: Any) -> str | None:
    return url_for("settlements.net", window_id=row["window"], party=row["debtor"]) if row["window"] else None


LISTING = Listing(
    name="prefunds",
    title=Text("Prepayments", "预付金"),
    about=Text(
        "What one side holds of another's money, and how far the open month uses it; the most used first.",
        "一方预存于另一方的资金及开放月份的使用率，按使用率由高到低排列。",
    ),
    empty=Text("No prepayment is held; ask for a change to top one up.", "尚无预付金；可提出申请拨付。"),
    columns=(
        Column("debtor", Text("Paid by", "预付方"), "party", link=lambda row: url_for("participants.show", party=row["debtor"])),
        Column(
            "creditor", Text("Held by", "持有方"), "party", link=lambda row: url_for("participants.show", party=row["creditor"])
        ),
        Column("window", Text("Window", "清算窗口"), "id", link=_net),
        Column("held", Text("Held (yuan)", "余额（元）"), "money"),
        Column("used", Text("Used (yuan)", "已使用（元）"), "money"),
        Column("left", Text("Left (yuan)", "剩余（元）"), "money", shown=False),
        Column("percent", Text("Use", "使用率"), "percent"),
        Column("level", Text("Warning", "预警"), "level"),
        Column("red_day", Text("Red expected on", "预计红色预警日"), "day"),
        Column("yellow", Text("Yellow from %", "黄色预警线 %"), "count", shown=False),
        Column("red", Text("Red from %", "红色预警线 %"), "count", shown=False),
    ),
    filters=(
        Filter("party", Text("Party", "参与方")),
        Filter(
            "level",
            Text("Warning", "预警"),
            "choice",
            choices=choices(*Level, of="level"),
        ),
    ),
    fetch=_rows,
    template="prefunds/index.html",
    create=("changes.index", Text("Ask for a change", "提出申请"), Permission.PARTICIPANT_REQUEST),
)


@pages.page("/", needs=Permission.PARTICIPANT_READ)
def index() -> ResponseReturnValue:
    """Every prepayment with its warning, and the emergency increases."""
    held = scope()
    found = [one for one in store().desk.increases() if _concerns(one.debtor, one.creditor, held)]
    red = [(window, one) for window, one in alarms.prefunds() if one.level is Level.RED and window]
    return listing.show(
        LISTING,
        increases=[(one, _steps(one)) for one in found],
        stages={one: (COLOURS[one], title) for one, title in INCREASES.items()},
        step_titles=STEPS,
        red=[(f"{window}~{one.debtor}~{one.creditor}", _pair(one)) for window, one in red if _asks(str(one.creditor))],
        may_pay={one.number for one in found if INCREASE.moves.get((one.stage, IncreaseStep.PAY)) and _asks(str(one.debtor))},
    )


@pages.page("/increases", needs=Permission.PARTICIPANT_REQUEST, method="POST", fresh=True)
def ask() -> ResponseReturnValue:
    """Ask for an emergency increase, for the side that holds the prepayment."""
    red = [(window, one) for window, one in alarms.prefunds() if one.level is Level.RED and window and _asks(str(one.creditor))]
    chosen = forms.choice("prefund", [f"{window}~{one.debtor}~{one.creditor}" for window, one in red])
    window, one = next(pair for pair in red if f"{pair[0]}~{pair[1].debtor}~{pair[1].creditor}" == chosen)
    amount = forms.money("amount")
    if amount <= 0:
        raise Malformed("", forms.NOT_AMOUNT, field="amount")
    made = store().desk.ask_increase(
        window, one.debtor, one.creditor, amount, actor=operator().id, reason=forms.reason(), now=moment()
    )
    audit(str(made.number), made.creditor[:2], debtor=made.debtor, creditor=made.creditor, amount_fen=made.amount_fen)
    flash(t("The increase is asked for; who pays is to be noticed.", "已申请紧急调增，请通知预付方。"), "success")
    return redirect(url_for(".index"), 303)


@pages.page("/increases/<int:number>", needs=Permission.PARTICIPANT_REQUEST, method="POST", fresh=True)
def step(number: int) -> ResponseReturnValue:
    """Notice who pays, or refuse."""
    one = next((each for each in store().desk.increases() if each.number == number), None) or abort(404)
    if not _concerns(one.debtor, one.creditor, scope()):
        abort(404)
    wanted = IncreaseStep(forms.choice("step", [each.value for each in _steps(one)]))
    store().desk.step_increase(number, wanted, actor=operator().id, reason=forms.reason(), now=moment())
    audit(str(number), one.debtor[:2], step=wanted.value, reason=request.form.get("reason", "")[:500])
    return redirect(url_for(".index"), 303)


def _concerns(debtor: str, creditor: str, held: Scope) -> bool:
    return held is None or bool({debtor[:2], creditor[:2]} & held)


def _asks(party: str) -> bool:
    return operator().may(Permission.PARTICIPANT_REQUEST, party[:2])


def _pair(one: Prefund) -> str:
    return f"{words.party(str(one.debtor), short=True).striptags()} → {words.party(str(one.creditor), short=True).striptags()}"


def _steps(one: Asked) -> list[IncreaseStep]:
    """What the operator may do: the holder's side notices, the paying side refuses."""
    sides = {IncreaseStep.NOTICE: one.creditor, IncreaseStep.REFUSE: one.debtor}
    return [each for each in INCREASE.events(one.stage) if each in sides and _asks(str(sides[each]))]
