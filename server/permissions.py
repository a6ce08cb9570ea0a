"""Who may do what, as data: permissions, roles, and the blueprint whose pages each name the permission they need.

A grant is a role in one province (two digits of GB/T 2260) or everywhere (`EVERYWHERE`, the clearing centre). A page
sees only the provinces in which its operator holds its permission.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cardstack.errors import faulty
from cardstack.text import Text

EVERYWHERE = "*"
"""The province of a grant that holds in all of them."""

Scope: TypeAlias = frozenset[str] | None
"""The provinces a page may show; None is every province."""

View: TypeAlias = Callable[..., ResponseReturnValue]


class Permission(StrEnum):
    """One thing that a person may do. Each page and each route names one."""

    OVERVIEW_READ = "overview.read"
    TRANSACTION_READ = "transaction.read"
    PERSON_REVEAL = "person.reveal"
    WINDOW_READ = "window.read"
    WINDOW_CLOSE = "window.close"
    SETTLEMENT_READ = "settlement.read"
    SETTLEMENT_REQUEST = "settlement.request"
    RECONCILIATION_READ = "reconciliation.read"
    RECONCILIATION_WORK = "reconciliation.work"
    ADJUSTMENT_READ = "adjustment.read"
    ADJUSTMENT_REQUEST = "adjustment.request"
    DISPUTE_READ = "dispute.read"
    DISPUTE_WORK = "dispute.work"
    PARTICIPANT_READ = "participant.read"
    PARTICIPANT_REQUEST = "participant.request"
    BLACKLIST_READ = "blacklist.read"
    BLACKLIST_REQUEST = "blacklist.request"
    FIGURE_READ = "figure.read"
    FIGURE_REQUEST = "figure.request"
    TRUST_READ = "trust.read"
    TRUST_REQUEST = "trust.request"
    CARD_READ = "card.read"
    FILE_READ = "file.read"
    FILE_WORK = "file.work"
    REPORT_READ = "report.read"
    EXPORT = "export"
    APPROVAL_READ = "approval.read"
    CHECK = "approval.check"
    APPROVE = "approval.approve"
    AUDIT_READ = "audit.read"
    OPERATOR_READ = "operator.read"
    OPERATOR_REQUEST = "operator.request"
    SYSTEM_READ = "system.read"
    OWN = "own"


class Role(StrEnum):
    """What an operator is in a province."""

    CLERK = "clerk"
    CHECKER = "checker"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    READER = "reader"


ROLE_TITLES: Mapping[Role, Text] = {
    Role.CLERK: Text("Clerk", "经办"),
    Role.CHECKER: Text("Checker", "复核"),
    Role.APPROVER: Text("Approver", "审批"),
    Role.AUDITOR: Text("Auditor", "审计"),
    Role.ADMINISTRATOR: Text("Administrator", "管理"),
    Role.READER: Text("Reader", "只读"),
}

PERMISSION_TITLES: Mapping[Permission, Text] = {
    Permission.OVERVIEW_READ: Text("See the overview", "查看总览"),
    Permission.TRANSACTION_READ: Text("See transactions and cases", "查看交易与协同事项"),
    Permission.PERSON_REVEAL: Text("See people's data in clear", "查看个人信息明文"),
    Permission.WINDOW_READ: Text("See windows", "查看清算窗口"),
    Permission.WINDOW_CLOSE: Text("Take a window's next step", "办理清算窗口"),
    Permission.SETTLEMENT_READ: Text("See nets and payments", "查看净额与划款"),
    Permission.SETTLEMENT_REQUEST: Text("Ask for a release or a rest", "申请放行与另发余款"),
    Permission.RECONCILIATION_READ: Text("See discrepancies", "查看对账差异"),
    Permission.RECONCILIATION_WORK: Text("Take in the bank's files", "导入银行回盘"),
    Permission.ADJUSTMENT_READ: Text("See adjustments and reversals", "查看调账与冲正"),
    Permission.ADJUSTMENT_REQUEST: Text("Ask for a correction or a reversal", "申请调账与冲正"),
    Permission.DISPUTE_READ: Text("See disputes", "查看争议"),
    Permission.DISPUTE_WORK: Text("Open and answer disputes", "提出与办理争议"),
    Permission.PARTICIPANT_READ: Text("See participants and prepayments", "查看参与方与预付金"),
    Permission.PARTICIPANT_REQUEST: Text("Ask for a change of participants", "申请变更参与方与预付金"),
    Permission.BLACKLIST_READ: Text("See card lists", "查看黑名单"),
    Permission.BLACKLIST_REQUEST: Text("Ask for a change of card lists", "申请变更黑名单"),
    Permission.FIGURE_READ: Text("See figures", "查看费率与待遇参数"),
    Permission.FIGURE_REQUEST: Text("Ask for a change of figures", "申请调整费率与待遇参数"),
    Permission.TRUST_READ: Text("See mutual recognition", "查看证书互认"),
    Permission.TRUST_REQUEST: Text("Ask for a change of recognition", "申请变更证书互认"),
    Permission.CARD_READ: Text("See cards and reports", "查看卡片与一致性报告"),
    Permission.FILE_READ: Text("See files", "查看文件"),
    Permission.FILE_WORK: Text("Take in files", "接收文件"),
    Permission.REPORT_READ: Text("See reports", "查看报表"),
    Permission.EXPORT: Text("Export", "导出"),
    Permission.APPROVAL_READ: Text("See requests", "查看申请"),
    Permission.CHECK: Text("Check requests", "复核"),
    Permission.APPROVE: Text("Approve what needs a second decision", "审批（二级）"),
    Permission.AUDIT_READ: Text("See the audit log", "查看审计日志"),
    Permission.OPERATOR_READ: Text("See operators", "查看操作员"),
    Permission.OPERATOR_REQUEST: Text("Ask for a change of operators", "申请变更操作员"),
    Permission.SYSTEM_READ: Text("See the system's state", "查看系统状态"),
    Permission.OWN: Text("One's own account", "本人账户"),
}

_P = Permission
_BUSINESS_READ = frozenset(
    {
        _P.OWN,
        _P.OVERVIEW_READ,
        _P.TRANSACTION_READ,
        _P.WINDOW_READ,
        _P.SETTLEMENT_READ,
        _P.RECONCILIATION_READ,
        _P.ADJUSTMENT_READ,
        _P.DISPUTE_READ,
        _P.PARTICIPANT_READ,
        _P.BLACKLIST_READ,
        _P.FIGURE_READ,
        _P.TRUST_READ,
        _P.CARD_READ,
        _P.FILE_READ,
        _P.REPORT_READ,
        _P.SYSTEM_READ,
    }
)

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.READER: _BUSINESS_READ,
    Role.CLERK: _BUSINESS_READ
    | {
        _P.APPROVAL_READ,
        _P.EXPORT,
        _P.PERSON_REVEAL,
        _P.WINDOW_CLOSE,
        _P.SETTLEMENT_REQUEST,
        _P.RECONCILIATION_WORK,
        _P.ADJUSTMENT_REQUEST,
        _P.DISPUTE_WORK,
        _P.PARTICIPANT_REQUEST,
        _P.BLACKLIST_REQUEST,
        _P.FIGURE_REQUEST,
        _P.TRUST_REQUEST,
        _P.FILE_WORK,
    },
    Role.CHECKER: _BUSINESS_READ | {_P.APPROVAL_READ, _P.CHECK, _P.EXPORT},
    Role.APPROVER: _BUSINESS_READ | {_P.APPROVAL_READ, _P.CHECK, _P.APPROVE, _P.EXPORT},
    Role.AUDITOR: _BUSINESS_READ | {_P.APPROVAL_READ, _P.AUDIT_READ, _P.OPERATOR_READ, _P.EXPORT},
    Role.ADMINISTRATOR: frozenset(
        {
            _P.OWN,
            _P.OVERVIEW_READ,
            _P.SYSTEM_READ,
            _P.OPERATOR_READ,
            _P.OPERATOR_REQUEST,
            _P.APPROVAL_READ,
            _P.AUDIT_READ,
            _P.TRUST_READ,
            _P.PARTICIPANT_READ,
        }
    ),
}
"""The whole matrix. An administrator makes operators but sees no person's data and moves no money."""


class Grant(NamedTuple):
    """One role in one province, or in all of them."""

    role: Role
    province: str

    @classmethod
    def parse(cls, text: str) -> "Grant":
        """The stored form.

        >>> Grant.parse("clerk@33")
        Grant(role=<Role.CLERK: 'clerk'>, province='33')
        """
        role, _, province = text.partition("@")
        if role not in set(Role) or not (province == EVERYWHERE or (province.isascii() and province.isdigit())):
            raise faulty("grant", "role@province expected", "应为 角色@省份")
        return cls(Role(role), province)

    def __str__(self) -> str:
        return f"{self.role}@{self.province}"


def scope(grants: Iterable[Grant], needs: Permission) -> Scope:
    """The provinces in which the grants give a permission; an empty set is nowhere.

    >>> sorted(scope([Grant(Role.CLERK, "33"), Grant(Role.READER, "31")], Permission.TRANSACTION_READ))
    ['31', '33']
    >>> scope([Grant(Role.AUDITOR, EVERYWHERE)], Permission.AUDIT_READ) is None
    True
    """
    provinces = frozenset(grant.province for grant in grants if needs in ROLES[grant.role])
    return None if EVERYWHERE in provinces else provinces


class PageRule(NamedTuple):
    """One page or action, as the route table shows it."""

    endpoint: str
    rule: str
    method: str
    needs: Permission
    fresh: bool
    size_max: int | None = None
    """How many bytes may be sent, where it is more than the service takes elsewhere; asked only of who may use the page."""


class Pages(Blueprint):
    """A blueprint whose pages each name the permission they need; the guard is installed by the console."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.rules: list[PageRule] = []
        self.guard: Callable[[PageRule, View], View] | None = None

    def page(
        self, rule: str, needs: Permission, method: str = "GET", *, fresh: bool = False, size_max: int | None = None
    ) -> Callable[[View], View]:
        """Add a page. `fresh` asks for a proof of presence within the last minutes."""

        def add(view: View) -> View:
            name = view.__name__
            page = PageRule(f"{self.name}.{name}", f"{self.url_prefix or ''}{rule}", method, needs, fresh, size_max)
            self.rules.append(page)

            def guarded(**arguments: Any) -> ResponseReturnValue:
                assert self.guard is not None, "the console installs the guard when it registers its pages"
                return self.guard(page, view)(**arguments)

            self.add_url_rule(rule, name, guarded, methods=[method])
            return view

        return add
