"""业务协同: cases of pensions and records between provinces, where each stands, and by which working day it must move."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from cardstack.settlement.calendar import known
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.services.case import Service
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import moment, store
from server.permissions import Pages, Permission
from server.store.queries.cases import Standing, cases

pages = Pages("cases", __name__, url_prefix="/console/cases")

LATE = [("yes", Text("overdue", "逾期")), ("no", Text("not", "未逾期"))]
SERVICES = {name: scheme for name, scheme in SCHEMES.items() if isinstance(scheme, Service)}


def _key(one: Standing) -> str:
    return f"{one.service}.{one.home}.{one.treating}.{one.case}"


def _row(one: Standing) -> dict[str, Any]:
    return {
        "key": _key(one),
        "case": one.case,
        "service": SERVICES[one.service].title,
        "scheme": one.service,
        "home": one.home,
        "treating": one.treating,
        "state": SERVICES[one.service].states[one.state],
        "since": one.since.isoformat(),
        "due": one.due.isoformat() if one.due else "",
        "overdue": one.overdue,
    }


def _rows(query: Query) -> Slice:
    where = query.where
    with store().view() as view:
        found = cases(view, SERVICES, known(), moment().astimezone(SHANGHAI).date())
    asked = [
        one
        for one in found
        if (query.scope is None or {one.home[:2], one.treating[:2]} & set(query.scope))
        and where.get("service") in {None, "", one.service}
        and where.get("case", "").upper() in one.case
        and (not where.get("overdue") or (one.overdue is not None) == (where["overdue"] == "yes"))
    ]
    return listing.part_of(asked, query, key=_key, row=_row)


LISTING = Listing(
    name="cases",
    title=Text("Cases between provinces", "跨省协同事项"),
    about=Text(
        "Certifications, transfers and confirmations, the longest due first; what is overdue is reminded of, no more.",
        "待遇资格认证、关系转移与档案核验，最紧急的在前；逾期只催办，不自动处理。",
    ),
    empty=Text(
        "No case yet; a case begins when a province's node sends its first message.", "暂无事项；由省级节点报送首条报文后建立。"
    ),
    columns=(
        Column("case", Text("Case", "事项编号"), "id", link=lambda row: url_for("transactions.index", scheme=row["scheme"])),
        Column("service", Text("Service", "业务"), "wide"),
        Column("home", Text("Paying or issuing place", "发放/转出/发证地"), "code"),
        Column("treating", Text("Other place", "居住/转入/使用地"), "code"),
        Column("state", Text("State", "状态"), "wide"),
        Column("since", Text("Since", "起始日")),
        Column("due", Text("Due", "期限")),
        Column("overdue", Text("What is overdue", "逾期处理"), "wide"),
    ),
    filters=(
        Filter("case", Text("Case", "事项编号")),
        Filter("service", Text("Service", "业务"), "choice", choices=[(name, one.title) for name, one in SERVICES.items()]),
        Filter("overdue", Text("Overdue", "是否逾期"), "choice", choices=LATE),
    ),
    fetch=_rows,
    key="key",
)


@pages.page("/", needs=Permission.TRANSACTION_READ)
def index() -> ResponseReturnValue:
    """The cases in which the operator's provinces take part."""
    return listing.show(LISTING)
