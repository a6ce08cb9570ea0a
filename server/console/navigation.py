"""The side bar as data: what is where, and the permission that shows it."""

from typing import NamedTuple

from cardstack.text import Text
from server.permissions import Permission


class Entry(NamedTuple):
    """One page of the side bar; `endpoint` is shown only where it is registered and permitted."""

    endpoint: str
    title: Text
    icon: str
    needs: Permission


class Group(NamedTuple):
    """A few entries under one heading."""

    title: Text
    entries: tuple[Entry, ...]


_P = Permission
GROUPS: tuple[Group, ...] = (
    Group(
        Text("Settlement", "清算业务"),
        (
            Entry("overview.show", Text("Overview", "总览"), "layout-dashboard", _P.OVERVIEW_READ),
            Entry("transactions.index", Text("Transactions", "交易查询"), "list-search", _P.TRANSACTION_READ),
            Entry("refusals.index", Text("Refused lines", "被拒报文"), "circle-x", _P.TRANSACTION_READ),
            Entry("cases.index", Text("Cases between provinces", "跨省协同事项"), "hourglass", _P.TRANSACTION_READ),
            Entry("windows.index", Text("Windows", "清算窗口"), "clock-hour-4", _P.WINDOW_READ),
            Entry("settlements.index", Text("Batches and nets", "清算批次与净额"), "arrows-exchange", _P.SETTLEMENT_READ),
            Entry("reconciling.index", Text("Discrepancies", "对账差异"), "git-compare", _P.RECONCILIATION_READ),
            Entry("adjustments.index", Text("Adjustments and reversals", "调账与冲正"), "receipt-refund", _P.ADJUSTMENT_READ),
            Entry("disputes.index", Text("Disputes", "争议"), "gavel", _P.DISPUTE_READ),
        ),
    ),
    Group(
        Text("Control", "管理控制"),
        (
            Entry("approvals.index", Text("Waiting for a decision", "待复核"), "checks", _P.APPROVAL_READ),
            Entry(
                "participants.index",
                Text("Participants and limits", "参与方·额度"),
                "building-bank",
                _P.PARTICIPANT_READ,
            ),
            Entry("prefunds.index", Text("Prepayments", "预付金"), "hourglass", _P.PARTICIPANT_READ),
            Entry("nodes.index", Text("Nodes", "接入节点"), "topology-star-3", _P.PARTICIPANT_READ),
            Entry("blacklist.index", Text("Blacklist", "黑名单"), "ban", _P.BLACKLIST_READ),
            Entry("figures.index", Text("Rates and benefits", "费率与待遇政策"), "percentage", _P.FIGURE_READ),
        ),
    ),
    Group(
        Text("Trust and cards", "互认与卡片"),
        (
            Entry("trust.index", Text("Mutual recognition", "证书互认"), "certificate", _P.TRUST_READ),
            Entry("cards.index", Text("Cards and terminals", "卡片与终端"), "credit-card", _P.CARD_READ),
        ),
    ),
    Group(
        Text("Documents", "文件报表"),
        (
            Entry("files.index", Text("Files in and out", "文件收发"), "file-import", _P.FILE_READ),
            Entry("reports.index", Text("Reports", "报表"), "report", _P.REPORT_READ),
        ),
    ),
    Group(
        Text("System", "系统"),
        (
            Entry("audit.index", Text("Audit log", "审计日志"), "shield-lock", _P.AUDIT_READ),
            Entry("people.index", Text("Operators and roles", "操作员与角色"), "users", _P.OPERATOR_READ),
            Entry("system.show", Text("System state", "系统状态"), "activity", _P.SYSTEM_READ),
            Entry("help.show", Text("Help", "帮助"), "help", _P.OWN),
        ),
    ),
)
