"""接入节点: who may sign messages to this service, and who may not at present."""

from typing import Any

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.text import Text
from server import commands, registrations
from server.console import changes, listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import operator, scope, store
from server.console.states import choices
from server.console.words import PROVINCE_CHOICES
from server.party_changes import RESUME, SUSPEND
from server.permissions import Pages, Permission, Scope
from server.store.values import RegisteredNode

pages = Pages("nodes", __name__, url_prefix="/console/nodes")

ROLES = dict(registrations.ROLES)


def _row(one: RegisteredNode) -> dict[str, Any]:
    return {
        "name": str(one.name),
        "title": one.title,
        "role": ROLES.get(one.role, Text(one.role, one.role)),
        "province": one.name[:2],
        "subject": one.subject,
        "relays": Text("yes", "是") if one.relays else Text("no", "否"),
        "institutions": Text(" ".join(one.institutions), " ".join(one.institutions)) if one.institutions else Text("any", "不限"),
        "state": "active" if one.active else "disabled",
        "since": one.since,
    }


def _visible(one: RegisteredNode, held: Scope) -> bool:
    return held is None or one.name[:2] in held


def _rows(query: Query) -> Slice:
    where = query.where
    found = [
        one
        for one in store().nodes()
        if _visible(one, query.scope)
        and where.get("name", "").lower() in f"{one.name} {one.title.zh} {one.title.en} {one.subject}".lower()
        and where.get("province") in {None, one.name[:2]}
        and where.get("state") in {None, "active" if one.active else "disabled"}
    ]
    return listing.part_of(found, query, key=lambda one: str(one.name), row=_row)


LISTING = Listing(
    name="nodes",
    title=Text("Nodes", "接入节点"),
    about=Text(
        "Who may sign messages to this service. A suspended node's messages are refused within a second.",
        "可向本系统报送签名报文的节点；停用后一秒内即拒收其报文。",
    ),
    empty=Text("No node yet; ask for one to be registered.", "暂无接入节点；请申请登记。"),
    columns=(
        Column("name", Text("Node", "节点"), "id", link=lambda row: url_for("nodes.show", name=row["name"])),
        Column("title", Text("Name", "名称")),
        Column("role", Text("Role", "类别")),
        Column("province", Text("Province", "省份"), "province"),
        Column("subject", Text("Subject of its certificates", "证书主体"), "wide"),
        Column("relays", Text("Relays for others", "可转发"), shown=False),
        Column("institutions", Text("Message ids of", "可用报文机构"), shown=False),
        Column("state", Text("State", "状态"), "state"),
        Column("since", Text("Since", "接入时间"), "day"),
    ),
    filters=(
        Filter("name", Text("Node, name or subject", "节点、名称或证书主体")),
        Filter("province", Text("Province", "省份"), "choice", choices=PROVINCE_CHOICES),
        Filter(
            "state",
            Text("State", "状态"),
            "choice",
            choices=choices("active", "disabled"),
        ),
    ),
    fetch=_rows,
    key="name",
    template="nodes/index.html",
)


@pages.page("/", needs=Permission.PARTICIPANT_READ)
def index() -> ResponseReturnValue:
    """Every node of the operator's provinces."""
    return listing.show(LISTING)


@pages.page("/<name>", needs=Permission.PARTICIPANT_READ)
def show(name: str) -> ResponseReturnValue:
    """One node, and the form to suspend it or let it sign again."""
    one = next((each for each in store().nodes() if each.name == name and _visible(each, scope())), None) or abort(404)
    kind = commands.kind("node")
    values = {"node": name, "act": SUSPEND if one.active else RESUME}
    asks = operator().may(kind.ask, name[:2])
    return render_template("nodes/show.html", node=one, row=_row(one), asks=asks, **changes.drawn(kind, values, hidden=("node",)))
