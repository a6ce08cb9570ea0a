"""参与方·额度·预付金: who can owe and be owed, how much at most, and how much of that is used."""

from typing import Any

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.text import Text
from cardstack.values import Fen
from server import commands
from server.console import changes, listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import operator, scope, store
from server.console.words import PROVINCE_CHOICES
from server.permissions import Pages, Permission
from server.store.queries import settling
from server.store.values import Participant

pages = Pages("participants", __name__, url_prefix="/console/participants")


NEWEST = 60
"""How many windows a participant's page shows; the others stand in the list of windows."""


def _owing() -> dict[str, int]:
    """What each party owes net in windows not settled."""
    with store().view() as view:
        return settling.owing(view)


def _row(one: Participant, owing: dict[str, int]) -> dict[str, Any]:
    owes = owing.get(one.name, 0)
    used = min(999, owes * 100 // one.limit_fen) if one.limit_fen else None
    return {
        "name": str(one.name),
        "title": one.title,
        "province": one.name[:2],
        "account": one.account,
        "limit": one.limit_fen,
        "owes": Fen(owes),
        "used": used,
        "since": one.since,
    }


def _rows(query: Query) -> Slice:
    owing = _owing()
    where = query.where
    found = [
        one
        for one in store().parties()
        if (query.scope is None or one.name[:2] in query.scope)
        and where.get("province") in {None, one.name[:2]}
        and where.get("name", "").lower() in f"{one.name} {one.title.zh} {one.title.en}".lower()
    ]
    return listing.part_of(found, query, key=lambda one: str(one.name), row=lambda one: _row(one, owing))


def to_party(row: Any) -> str:
    """To the party's page."""
    return url_for("participants.show", party=row["name"])


LISTING = Listing(
    name="participants",
    title=Text("Participants and limits", "参与方·额度"),
    empty=Text("No participant yet; ask for one to be registered.", "暂无参与方；请申请登记。"),
    columns=(
        Column("name", Text("Party", "参与方"), "id", link=to_party),
        Column("title", Text("Name", "名称")),
        Column("province", Text("Province", "省份"), "province"),
        Column("account", Text("Account", "账户"), "code", shown=False),
        Column("owes", Text("Owes, not settled (yuan)", "未结清应付（元）"), "money"),
        Column("limit", Text("Limit (yuan)", "额度（元）"), "money"),
        Column("used", Text("Limit used", "额度使用率"), "percent"),
        Column("since", Text("Since", "加入时间"), "day"),
    ),
    filters=(
        Filter("name", Text("Party or its name", "参与方编号或名称")),
        Filter("province", Text("Province", "省份"), "choice", choices=PROVINCE_CHOICES),
    ),
    fetch=_rows,
    key="name",
    template="participants/index.html",
)


@pages.page("/", needs=Permission.PARTICIPANT_READ)
def index() -> ResponseReturnValue:
    """Every participant of the operator's provinces."""
    return listing.show(LISTING)


@pages.page("/<party>", needs=Permission.PARTICIPANT_READ)
def show(party: str) -> ResponseReturnValue:
    """One participant, its nets in its newest windows, and the form for another limit."""
    one = _load(party)
    with store().view() as view:
        nets = settling.nets_of(view, party, NEWEST)
    kind = commands.kind("limit")
    return render_template(
        "participants/show.html",
        participant=one,
        row=_row(one, _owing()),
        nets=nets,
        asks=operator().may(kind.ask, party[:2]),
        **changes.drawn(kind, {"party": party}, hidden=("party",)),
    )


def _load(party: str) -> Participant:
    held = scope()
    found = next((one for one in store().parties() if one.name == party), None)
    if found is None or (held is not None and party[:2] not in held):
        abort(404)
    return found
