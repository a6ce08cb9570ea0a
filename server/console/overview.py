"""总览: what needs attention today, and how things run."""

from collections import Counter
from datetime import timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from cardstack.settlement.instruction import Payment
from cardstack.settlement.netting import by_province
from cardstack.settlement.window import Stage
from cardstack.values import Fen
from server.console import alarms, transactions, windows, words
from server.console.services import LOCAL, language, moment, scope, services, store, t
from server.console.states import state_of
from server.permissions import Pages, Permission
from server.store.commit import View
from server.store.queries import figures, settling
from server.store.queries import transactions as queries
from server.store.queries.throughput import Day
from server.store.values import Window

pages = Pages("overview", __name__, url_prefix="/console")

DAYS = 30
PATIENCE = 0.1
"""For how many seconds one request counts on where not everything booked in these days was counted yet."""


@pages.page("/", needs=Permission.OVERVIEW_READ)
def show() -> ResponseReturnValue:
    """Windows, nets, prepayments, payments, alarms, certificates, throughput."""
    if services().store is None:
        return render_template("overview/empty.html")
    held = store().windows()
    latest = _latest(held)
    with store().view() as view:
        through = _recent_days(view) if scope() is None else []
        recent = store().transactions(limit=40)
        version = figures.last_number(view)
    visible = [entry for entry in recent if queries.visible(entry, scope())][:8]
    return render_template(
        "overview/show.html",
        open_windows=[one for one in held if one.stage is Stage.OPEN],
        latest=[(one, _seconds_left(one)) for one in latest[:9]],
        nets=_nets(latest),
        prefunds=alarms.prefunds()[:6],
        alarms=alarms.alarms(),
        expiring=alarms.expiring(),
        recent=[transactions.row_of(entry) for entry in visible],
        columns=[column for column in transactions.COLUMNS if column.key in {"id", "occurred", "scheme", "amount", "state"}],
        payments=_payments(),
        today=through[-1] if through else None,
        through=_through(through),
        version=version,
        people_waiting=words.waiting(),
    )


def _seconds_left(one: Window) -> int | None:
    """How long until an open window can be cut off; 0 once it can."""
    if one.stage is not Stage.OPEN:
        return None
    return max(0, int((alarms.cut_off(one) - moment()) / timedelta(seconds=1)))


@pages.page("/live", needs=Permission.OVERVIEW_READ)
def live() -> ResponseReturnValue:
    """Nothing while nothing was booked; a line that says so when something was."""
    with store().view() as view:
        version = figures.last_number(view)
    if str(version) == request.args.get("version"):
        return "", 204
    return render_template("overview/live.html", version=version, changed=True)


def _recent_days(view: View) -> list[Day]:
    """What was booked on each of these days, today last."""
    today = moment().astimezone(LOCAL).date()
    return services().tally.days(view, [today - timedelta(days=back) for back in reversed(range(DAYS))], patience=PATIENCE)


def _latest(held: list[Window]) -> list[Window]:
    """Windows not settled, those that need somebody first, then the newest."""
    urgent = (Stage.DISPUTED, Stage.ABORTED, Stage.OPEN, Stage.CLOSED, Stage.IN_RECONCILIATION, Stage.PENDING)
    chosen = sorted((one for one in held if one.stage in urgent), key=lambda one: one.opened_at, reverse=True)
    return sorted(chosen, key=lambda one: urgent.index(one.stage))


def _nets(latest: list[Window]) -> dict[str, Any]:
    """The nets of the provinces over all windows not settled yet."""
    total: Counter[str] = Counter()
    for one in latest:
        for province, amount in by_province({row.party: row.net_fen for row in windows.positions(one.id)}).items():
            total[province] += amount
    names = sorted(total)
    return {
        "shape": "net",
        "names": [words.province(name) for name in names],
        "values": [total[name] / 100 for name in names],
        "rows": [(words.province(name), Fen(total[name])) for name in names],
    }


def _payments() -> dict[str, Any]:
    """Payment instructions by state."""
    with store().view() as view:
        states = settling.payment_states(view)
    rows = [(state, states[state.value]) for state in Payment if states.get(state.value)]
    return {
        "shape": "pie",
        "decal": True,
        "values": [{"name": state_of(state)[1].of(language()), "value": count} for state, count in rows],
        "rows": [(state_of(state)[1].of(language()), count) for state, count in rows],
    }


def _through(through: list[Day]) -> dict[str, Any]:
    """Bars a day, a part a scheme; what was not counted by scheme yet is a part of its own."""
    busy = [one for one in through if one.number]
    counts = {(one.day, share.scheme): share.number for one in busy for share in one.shares}
    schemes = sorted({scheme for _, scheme in counts})
    series = [
        (transactions.scheme_title(scheme).of(language()), [counts.get((one.day, scheme), 0) for one in busy])
        for scheme in schemes
    ]
    if any(one.uncounted for one in busy):
        series.append((t("being counted", "统计中"), [one.uncounted for one in busy]))
    return {
        "shape": "bar",
        "stack": True,
        "decal": True,
        "names": [f"{one.day:%m-%d}" for one in busy],
        "series": [{"name": name, "values": values} for name, values in series],
        "rows": [(f"{one.day}", *(values[place] for _, values in series)) for place, one in reversed(list(enumerate(busy)))],
    }
