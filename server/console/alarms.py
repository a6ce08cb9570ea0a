"""What somebody should look at: windows, payments, prepayments, disputes, working days, certificates, requests."""

from datetime import datetime, timedelta
from typing import NamedTuple

from flask import g, url_for

from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError
from cardstack.settlement.calendar import known
from cardstack.settlement.instruction import Payment
from cardstack.settlement.prefund import Level, Prefund
from cardstack.settlement.window import Stage, following, period
from cardstack.text import Text
from server.console import words
from server.console.services import LOCAL, moment, operator, scope, services, store
from server.permissions import Permission
from server.store.queries import disputes, settling
from server.store.values import Window

WARN_DAYS = (30, 7, 1)
CALENDAR_DAYS = (60, 14)
"""How many days before the known working days end they are an alarm, and a grave one: a month's bills are due in the next."""
SOON = timedelta(days=3)
"""How long before its deadline a dispute is an alarm."""


class Alarm(NamedTuple):
    """Something that somebody should look at."""

    grave: bool
    said: Text
    address: str


def alarms() -> list[Alarm]:
    """What somebody should look at, the grave first."""
    found = [
        *_window_alarms(),
        *_payment_alarms(),
        *_prefund_alarms(),
        *_dispute_alarms(),
        *_calendar_alarms(),
        *_certificate_alarms(),
    ]
    waiting = words.waiting()
    if waiting and g.operator.may(Permission.APPROVAL_READ):
        said = Text(f"Requests that wait for a decision: {waiting}", f"{waiting} 项申请待复核")
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
    with store().view() as view:
        states = settling.payment_states(view)
    failed, partly = states.get(Payment.FAILED.value, 0), states.get(Payment.PARTLY_PAID.value, 0)
    told = (
        (True, Payment.FAILED, failed, Text(f"Payments that failed: {failed}", f"{failed} 笔划款失败")),
        (
            False,
            Payment.PARTLY_PAID,
            partly,
            Text(f"Payments whose rest is not ordered: {partly}", f"{partly} 笔部分支付，余款待另发"),
        ),
    )
    return [
        Alarm(grave=grave, said=said, address=url_for("settlements.index", state=state.value))
        for grave, state, count, said in told
        if count
    ]


def prefunds() -> list[tuple[str, Prefund]]:
    """Each prepayment of the operator's provinces with the open month's window that uses it, the most used first."""
    held = scope()
    months = [one.id for one in store().windows(stage=Stage.OPEN.value) if len(one.id[len(one.cycle) + 1 :]) == len("2026-11")]
    found = [
        (window, one)
        for window in months or [""]
        for one in store().desk.prefunds(window)
        if held is None or {one.debtor[:2], one.creditor[:2]} & held
    ]
    return sorted(found, key=lambda pair: -pair[1].percent)


def _prefund_alarms() -> list[Alarm]:
    return [
        Alarm(
            grave=one.level is Level.RED,
            said=Text(
                f"Prepayment of {words.title(one.debtor).en} to {words.title(one.creditor).en}: {one.percent} % used",
                f"预付金 {words.title(one.debtor).zh} → {words.title(one.creditor).zh} 已使用 {one.percent}%",
            ),
            address=url_for("prefunds.index"),
        )
        for _, one in prefunds()
        if one.level is not Level.NORMAL
    ]


def _dispute_alarms() -> list[Alarm]:
    """Disputes whose deadline comes soon or has passed: who does not answer concedes."""
    if not operator().may(Permission.DISPUTE_READ):
        return []
    held, until = scope(), moment() + SOON
    with store().view() as view:
        near = disputes.near(view, until=until, scope=held)
    return [
        Alarm(
            grave=one.deadline is not None and one.deadline <= moment(),
            said=Text(
                f"Dispute {one.seq} has to be answered by {words.clock(one.deadline)}",
                f"争议 {one.seq} 须于 {words.clock(one.deadline)} 前答复",
            ),
            address=url_for("disputes.show", seq=one.seq),
        )
        for one in near
    ]


def _calendar_alarms() -> list[Alarm]:
    """That the working days of the weeks to come are not known: no window would be cut off, no deadline fixed."""
    end = known().end
    days = (end - moment().astimezone(LOCAL).date()).days
    if days > CALENDAR_DAYS[0] or not operator().may(Permission.FIGURE_READ):
        return []
    said = Text(
        f"Working days are known until {end}: add the State Council's next notice",
        f"工作日历仅至 {end}，请录入国务院办公厅下一年度节假日安排通知",
    )
    return [Alarm(grave=days <= CALENDAR_DAYS[1], said=said, address=url_for("figures.index", file="calendar"))]


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


def expiring(most: int = 5) -> list[tuple[Certificate, int]]:
    """The certificates that end first, with the days that each has left."""
    found = sorted(certificates(), key=lambda one: one.valid_until)
    return [(one, (one.valid_until - moment()).days) for one in found[:most]]


def cut_off(window: Window) -> datetime:
    """The moment from which a window can be cut off: the first of the next period, legal time."""
    first = period(following(window.id))[1]
    return datetime(first.year, first.month, first.day, tzinfo=LOCAL)


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
