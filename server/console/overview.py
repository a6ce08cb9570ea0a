"""总览: what needs attention today, and how things run."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError
from cardstack.settlement.instruction import Payment
from cardstack.settlement.netting import by_province
from cardstack.settlement.window import Stage, following
from cardstack.text import Text
from cardstack.values import Fen
from server.console import transactions, windows, words
from server.console.services import language, moment, operator, scope, services, store, t
from server.permissions import Pages, Permission
from server.store.commit import View
from server.store.queries import figures
from server.store.queries import transactions as queries
from server.store.values import Window

pages = Pages("overview", __name__, url_prefix="/console")

WARN_DAYS = (30, 7, 1)
MOST = 100_000
"""How many of the newest transactions the overview counts; beyond that it says "at least"."""

_counted: dict[object, tuple[datetime, list[figures.Throughput]]] = {}
DAYS = 30


class Alarm(NamedTuple):
    """Something that somebody should look at."""

    grave: bool
    said: Text
    address: str


@pages.page("/", needs=Permission.OVERVIEW_READ)
def show() -> ResponseReturnValue:
    """Windows, nets, payments, alarms, certificates, throughput."""
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
        latest=latest[:9],
        nets=_nets(latest),
        alarms=alarms(),
        recent=[transactions.row_of(entry) for entry in visible],
        columns=[column for column in transactions.COLUMNS if column.key in {"id", "occurred", "scheme", "amount", "state"}],
        payments=_payments(),
        today=_today(through),
        at_least=sum(one.number for one in through) >= MOST,
        through=_through(through),
        version=version,
        people_waiting=words.waiting(),
    )


@pages.page("/live", needs=Permission.OVERVIEW_READ)
def live() -> ResponseReturnValue:
    """Nothing while nothing was booked; a line that says so when something was."""
    with store().view() as view:
        version = figures.last_number(view)
    if str(version) == request.args.get("version"):
        return "", 204
    return render_template("overview/live.html", version=version, changed=True)


def _recent_days(view: View) -> list[figures.Throughput]:
    """Transactions by day and scheme; counted anew at most once a minute, because every open overview asks for it."""
    now, kept = moment(), _counted.get(services().office.engine.url)
    if kept is not None and timedelta(0) <= now - kept[0] < timedelta(minutes=1):
        return kept[1]
    through = figures.throughput(view, int((now - timedelta(days=DAYS)).timestamp()), most=MOST)
    if sum(one.number for one in through) >= MOST and len({one.day for one in through}) > 1:
        # The oldest day was cut short by the bound: a bar that says too little is worse than none.
        through = [one for one in through if one.day > min(each.day for each in through)]
    _counted[services().office.engine.url] = (now, through)
    return through


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
        "names": [words.province(name) if name != "00" else t("centre", "清算中心") for name in names],
        "values": [total[name] / 100 for name in names],
        "rows": [(name, Fen(total[name])) for name in names],
    }


def _payments() -> dict[str, Any]:
    """Payment instructions by state."""
    states = Counter(one.state for one in store().instructions())
    rows = [(state, states[state]) for state in Payment if states[state]]
    return {
        "shape": "pie",
        "decal": True,
        "values": [{"name": words.STATES[state.value][1].of(language()), "value": count} for state, count in rows],
        "rows": [(state.value, count) for state, count in rows],
    }


def _today(through: list[figures.Throughput]) -> tuple[int, Fen]:
    today = words.day(moment())
    rows = [one for one in through if one.day == today]
    return sum(one.number for one in rows), Fen(sum(one.amount_fen for one in rows))


def _through(through: list[figures.Throughput]) -> dict[str, Any]:
    days = sorted({one.day for one in through})
    counts = {(one.day, one.scheme): one.number for one in through}
    schemes = sorted({one.scheme for one in through})
    return {
        "shape": "bar",
        "stack": True,
        "decal": True,
        "names": [day[5:] for day in days],
        "series": [
            {"name": transactions.scheme_title(scheme).of(language()), "values": [counts.get((day, scheme), 0) for day in days]}
            for scheme in schemes
        ],
    }


def alarms() -> list[Alarm]:
    """What somebody should look at, the grave first."""
    found = [*_window_alarms(), *_payment_alarms(), *_certificate_alarms()]
    waiting = words.waiting()
    if waiting and g.operator.may(Permission.APPROVAL_READ):
        said = Text(f"{waiting} requests wait for a decision", f"{waiting} 项申请待复核")
        found.append(Alarm(grave=False, said=said, address=url_for("approvals.index")))
    return sorted(found, key=lambda one: not one.grave)


def _window_alarms() -> list[Alarm]:
    late = [
        one
        for one in store().windows(stage=Stage.OPEN.value)
        if following(one.id) <= _present(one) and operator().may(Permission.WINDOW_READ)
    ]
    disputed = store().windows(stage=Stage.DISPUTED.value)
    return [
        *(
            Alarm(
                grave=False,
                said=Text(f"Window {one.id} can be cut off", f"清算窗口 {one.id} 已到期，可截止"),
                address=url_for("windows.show", window_id=one.id),
            )
            for one in late
        ),
        *(
            Alarm(
                grave=True,
                said=Text(f"Window {one.id} is disputed", f"清算窗口 {one.id} 存在异议"),
                address=url_for("windows.show", window_id=one.id),
            )
            for one in disputed
        ),
    ]


def _present(one: Window) -> str:
    """The id that a window of the same cycle would have now; ids of a cycle sort by time."""
    now = words.day(moment())
    tail = len(one.id) - len(one.cycle) - 1
    return f"{one.cycle}-{now[:tail]}"


def _payment_alarms() -> list[Alarm]:
    failed = [one for one in store().instructions() if one.state is Payment.FAILED]
    said = Text(f"{len(failed)} payments failed", f"{len(failed)} 笔划款失败")
    return [Alarm(grave=True, said=said, address=url_for("settlements.index", state="failed"))] if failed else []


def _certificate_alarms() -> list[Alarm]:
    """Certificates of the trust folder that end within thirty days, or have ended."""
    found = []
    for one in certificates():
        days = (one.valid_until - moment()).days
        if days <= WARN_DAYS[0]:
            grave = days <= WARN_DAYS[1]
            said = (
                Text(f"Certificate {one.subject} ends in {days} days", f"证书 {one.subject} 将于 {days} 天后到期")
                if days >= 0
                else Text(f"Certificate {one.subject} has expired", f"证书 {one.subject} 已过期")
            )
            found.append(Alarm(grave=grave, said=said, address=url_for("system.show")))
    return found


def certificates() -> list[Certificate]:
    """The certificates that this installation trusts or knows."""
    folder = services().trust_folder
    found: list[Certificate] = []
    for path in sorted(folder.glob("*/*")) if folder and folder.is_dir() else []:
        if path.parent.name in {"anchors", "pool"} and path.is_file():
            try:
                found += Certificate.parse_all(path.read_bytes())
            except CardstackError:
                continue
    return found
