"""Settlement windows: the stages of one, and which one a transaction falls into.

Windows of a cycle close in order, so a late transaction goes to the earliest that is still open and a closed one
never changes.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from cardstack.errors import faulty
from cardstack.fsm import Machine
from cardstack.settlement.scheme import Cycle
from cardstack.text import Text


class Stage(StrEnum):
    """Where a window is in its life."""

    OPEN = "open"
    CLOSED = "closed"
    IN_RECONCILIATION = "in-reconciliation"
    PENDING = "pending"
    SETTLED = "settled"
    DISPUTED = "disputed"
    ABORTED = "aborted"


class Event(StrEnum):
    """What moves a window on."""

    CUT_OFF = "cut-off"
    RECONCILE = "reconcile"
    AGREE = "agree"
    OBJECT = "object"
    RESOLVE = "resolve"
    SETTLE = "settle"
    ABORT = "abort"
    RETRY = "retry"
    RETURN = "return"


WINDOW: Final = Machine(
    initial=Stage.OPEN,
    moves={
        (Stage.OPEN, Event.CUT_OFF): Stage.CLOSED,
        (Stage.CLOSED, Event.RECONCILE): Stage.IN_RECONCILIATION,
        (Stage.IN_RECONCILIATION, Event.AGREE): Stage.PENDING,
        (Stage.IN_RECONCILIATION, Event.OBJECT): Stage.DISPUTED,
        (Stage.DISPUTED, Event.RESOLVE): Stage.IN_RECONCILIATION,
        (Stage.PENDING, Event.SETTLE): Stage.SETTLED,
        (Stage.PENDING, Event.ABORT): Stage.ABORTED,
        (Stage.IN_RECONCILIATION, Event.ABORT): Stage.ABORTED,
        (Stage.DISPUTED, Event.ABORT): Stage.ABORTED,
        (Stage.ABORTED, Event.RETRY): Stage.IN_RECONCILIATION,
        (Stage.SETTLED, Event.RETURN): Stage.PENDING,
    },
)

STAGES: Final[Mapping[Stage, Text]] = {
    Stage.OPEN: Text("open", "开放"),
    Stage.CLOSED: Text("closed", "已截止"),
    Stage.IN_RECONCILIATION: Text("in reconciliation", "对账中"),
    Stage.PENDING: Text("pending settlement", "待结算"),
    Stage.SETTLED: Text("settled", "已结算"),
    Stage.DISPUTED: Text("disputed", "有争议"),
    Stage.ABORTED: Text("aborted", "已中止"),
}

EVENTS: Final[Mapping[Event, Text]] = {
    Event.CUT_OFF: Text("cut off", "截止"),
    Event.RECONCILE: Text("begin reconciliation", "开始对账"),
    Event.AGREE: Text("agree the totals", "对账一致"),
    Event.OBJECT: Text("object", "提出异议"),
    Event.RESOLVE: Text("resolve the dispute", "异议处理完毕"),
    Event.SETTLE: Text("settle", "完成结算"),
    Event.ABORT: Text("abort", "中止"),
    Event.RETRY: Text("try again", "重新办理"),
    Event.RETURN: Text("a payment came back", "款项退回"),
}


def period(window: str) -> tuple[str, date]:
    """The cycle and the first day of a window's id.

    >>> period("transit-2026-11-22"), period("medical-2026-11")
    (('transit', datetime.date(2026, 11, 22)), ('medical', datetime.date(2026, 11, 1)))
    """
    for days, form in ((10, "%Y-%m-%d"), (7, "%Y-%m")):
        cycle, dash, text = window[: -days - 1], window[-days - 1 : -days], window[-days:]
        if cycle and dash == "-":
            try:
                return cycle, datetime.strptime(text, form).date()  # noqa: DTZ007  # a day of the calendar, no moment
            except ValueError:
                continue
    raise faulty("window", "a cycle, a dash and a day or a month", "应为清算周期、连字符加日期或月份")


def following(window: str) -> str:
    """The window after this one.

    >>> following("transit-2026-12-31"), following("medical-2026-12")
    ('transit-2027-01-01', 'medical-2027-01')
    """
    cycle, first = period(window)
    if len(window) - len(cycle) == 11:
        return f"{cycle}-{(first + timedelta(days=1)).isoformat()}"
    return f"{cycle}-{(first + timedelta(days=31)).isoformat()[:7]}"


def assign(cycle: Cycle, occurred_at: datetime, last_closed: str | None) -> str:
    """The window a transaction falls into: its own period's, or the first one still open if that has closed.

    >>> from cardstack.settlement.scheme import Cycle, Unit
    >>> from cardstack.settlement.transaction import SHANGHAI
    >>> day = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)
    >>> assign(Cycle("transit", Unit.DAY), day, None), assign(Cycle("transit", Unit.DAY), day, "transit-2026-11-21")
    ('transit-2026-11-20', 'transit-2026-11-22')
    """
    own = cycle.window(occurred_at)
    return own if last_closed is None or own > last_closed else following(last_closed)
