"""Changes of dated figures: fees, rates, fares, benefits and calendars, added as data by people who each hold a permission."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cardstack.errors import Malformed, Refused
from cardstack.settlement import figures
from cardstack.settlement.amending import Amendment
from cardstack.settlement.proposing import TABLES, TOO_EARLY, Proposal, propose
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.forms import FIELD, Field, Shape
from server.means import Change, Draft, Means, two
from server.permissions import EVERYWHERE, Permission
from server.store import figuring


def proposal(told: Mapping[str, Any], means: Means) -> Proposal:
    """The proposed row held against its declaration, the row in force and the windows; nothing is changed."""
    today = means.at.astimezone(SHANGHAI).date()
    means.ledger.settle_by_own_figures()
    found = propose(told["name"], told["table"], told["row"], today)
    with means.ledger.view() as view:
        first = figuring.earliest(view, told["table"], means.at)
    if found.since < first:
        raise Refused(
            Text(f"since: not before {first}", f"since：不得早于 {first}"), TOO_EARLY, field="since", first=first.isoformat()
        )
    return found


def _draft(told: Mapping[str, Any], means: Means) -> Draft:
    found = proposal(told, means)
    payload = {
        "name": told["name"],
        "table": told["table"],
        "since": found.since.isoformat(),
        "row": found.amendment.row,
        "before": found.before,
        "differences": [one._asdict() for one in found.differences],
        "examples": [
            {
                "title": one.title._asdict(),
                "before": one.before._asdict() if one.before else None,
                "after": one.after._asdict() if one.after else None,
            }
            for one in found.examples
        ],
    }
    return Draft("figures", _province(found.amendment), f"{told['name']} {told['table']}", payload)


def _figures(request: Request, means: Means) -> str:
    """Add the row, in force from its day on."""
    told = request.payload
    if date.fromisoformat(told["since"]) <= means.at.astimezone(SHANGHAI).date():
        raise Refused(Text("since: its day has come before it was decided", "since：复核前已到生效日"), TOO_EARLY, field="since")
    if told["table"] not in TABLES:
        raise Malformed("table", FIELD, field="table")
    amendment = Amendment(told["name"], told["table"], told["row"])
    return str(means.ledger.desk.add_figure(amendment, two(request), now=means.at))


def _province(told: Amendment) -> str:
    """Whose figure it is: a text of a province's own, or a row that names one; otherwise everybody's."""
    last = told.name.rpartition("/")[2]
    named = last if last.isdigit() else str(told.row.get("province", told.row.get("city", "")))[:2]
    return named if named.isdigit() and named != "00" else EVERYWHERE


CHANGES: Final = (
    Change(
        Kind(
            "figures",
            Text("Dated figures", "费率与待遇参数"),
            Permission.FIGURE_REQUEST,
            Fen(0),
            fields=(
                Field(
                    "name", Text("Text", "所属文件"), Shape.CHOICE, tuple((name, Text(name, name)) for name in figures.every())
                ),
                Field("table", Text("Table", "类别"), Shape.CHOICE, tuple((name, one.title) for name, one in TABLES.items())),
                Field(
                    "row",
                    Text("The new row, TOML", "新参数条目（TOML）"),
                    Shape.LONG,
                    hint=Text(
                        "one table with since, standing and reference", "须含生效日期 since、可信程度 standing 与依据 reference"
                    ),
                ),
            ),
        ),
        _figures,
        _draft,
    ),
)
