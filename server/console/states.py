"""What the console shows of a state: its colour, and its word, which is the declaration's wherever there is one."""

from typing import Final

from cardstack.settlement.instruction import PAYMENTS, Payment
from cardstack.settlement.ledger import STATES as ENTRIES
from cardstack.settlement.ledger import State as Entry
from cardstack.settlement.window import STAGES, Stage
from cardstack.text import Text
from server.approvals import STATES as REQUESTS
from server.approvals import State as Request

STATES: Final[dict[str, tuple[str, Text]]] = {
    "pending": ("yellow", REQUESTS[Request.PENDING]),
    "approved": ("blue", REQUESTS[Request.APPROVED]),
    "done": ("green", REQUESTS[Request.DONE]),
    "failed": ("red", REQUESTS[Request.FAILED]),
    "refused": ("red", REQUESTS[Request.REFUSED]),
    "withdrawn": ("secondary", REQUESTS[Request.WITHDRAWN]),
    "expired": ("secondary", REQUESTS[Request.EXPIRED]),
    "open": ("blue", STAGES[Stage.OPEN]),
    "closed": ("secondary", STAGES[Stage.CLOSED]),
    "in-reconciliation": ("cyan", STAGES[Stage.IN_RECONCILIATION]),
    "stage pending": ("yellow", STAGES[Stage.PENDING]),
    "settled": ("green", STAGES[Stage.SETTLED]),
    "disputed": ("orange", STAGES[Stage.DISPUTED]),
    "aborted": ("red", STAGES[Stage.ABORTED]),
    "entry pending": ("yellow", ENTRIES[Entry.PENDING]),
    "posted": ("green", ENTRIES[Entry.POSTED]),
    "voided": ("secondary", ENTRIES[Entry.VOIDED]),
    "lapsed": ("secondary", ENTRIES[Entry.LAPSED]),
    "reversed": ("red", ENTRIES[Entry.REVERSED]),
    "prepared": ("yellow", PAYMENTS[Payment.PREPARED]),
    "released": ("purple", PAYMENTS[Payment.RELEASED]),
    "paid": ("green", PAYMENTS[Payment.PAID]),
    "partly-paid": ("orange", PAYMENTS[Payment.PARTLY_PAID]),
    "continued": ("purple", PAYMENTS[Payment.CONTINUED]),
    "cancelled": ("secondary", PAYMENTS[Payment.CANCELLED]),
    "returned": ("red", Text("returned", "已退回")),
    # Shorter than the declaration's words, which say who is waited for and what was done.
    "dispute opened": ("orange", Text("opened", "待对方答复")),
    "dispute answered": ("yellow", Text("answered", "待提出方确认")),
    "dispute in-arbitration": ("purple", Text("in arbitration", "仲裁中")),
    "dispute upheld": ("green", Text("upheld", "异议成立")),
    "dispute rejected": ("secondary", Text("rejected", "异议不成立")),
    "level normal": ("green", Text("normal", "正常")),
    "level yellow": ("yellow", Text("yellow warning", "黄色预警")),
    "level red": ("red", Text("red warning", "红色预警")),
    "card ready": ("green", Text("ready", "可用")),
    "card expired": ("red", Text("expired", "已过期")),
    "card blocked": ("orange", Text("PIN blocked", "PIN 已锁定")),
    "card unreadable": ("secondary", Text("unreadable", "无法读取")),
    "file taken": ("green", Text("taken", "已接收")),
    "file partly": ("orange", Text("some lines refused", "部分行拒绝")),
    "file refused": ("red", Text("refused", "已拒绝")),
    "certificate good": ("green", Text("valid", "有效")),
    "certificate suspended": ("orange", Text("suspended", "已挂起")),
    "certificate revoked": ("red", Text("revoked", "已吊销")),
    "valid": ("green", Text("valid", "有效")),
    "revoked": ("red", Text("revoked", "已吊销")),
    "active": ("green", Text("active", "启用")),
    "disabled": ("secondary", Text("disabled", "停用")),
    "running": ("blue", Text("running", "进行中")),
    "ok": ("green", Text("ok", "正常")),
    "warning": ("yellow", Text("warning", "预警")),
    "stale": ("red", Text("run out", "已失效")),
}
"""State, colour and word; the word stands beside the colour, which is never the only sign."""


def state_of(name: str, of: str = "state") -> tuple[str, Text]:
    """Colour and word of a state; where one word means different things, `of` says of what: stage (a window's) or entry."""
    return STATES.get(f"{of} {name}") or STATES.get(name) or ("secondary", Text(name, name))


def choices(*names: str, of: str = "state") -> list[tuple[str, Text]]:
    """States to choose from in a query form."""
    return [(name, state_of(name, of)[1]) for name in names]
