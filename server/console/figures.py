"""费率与待遇政策: every dated figure with its reference and standing, and a calculator that explains each fen."""

import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import CardstackError, faulty
from cardstack.settlement import amending, figures
from cardstack.settlement.medical.claim import read_claim
from cardstack.settlement.medical.names import CARE, FUND_NAMES, REGISTRATIONS
from cardstack.settlement.proposing import TABLES
from cardstack.settlement.scheme import STANDINGS, Standing
from cardstack.settlement.schemes import medical
from cardstack.text import Text
from server.console import figure_words, forms, listing, words
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import language, moment, operator, services, store
from server.permissions import Pages, Permission
from server.store import figuring

pages = Pages("figures", __name__, url_prefix="/console/figures")

for name, told in (("figure_title", figure_words.titled), ("reference", figure_words.reference)):
    pages.add_app_template_filter(told, name)
pages.add_app_template_global(figure_words.valued, "figure_value")

FOLDERS = ("medical", "transit", "catalogue")


@pages.before_request
def _as_kept() -> None:
    """Show the figures as they are kept now: another worker, or a command, may have added some."""
    ledger = services().store
    if ledger is not None:
        ledger.settle_by_own_figures()


@amending.remembered
def rows() -> tuple[dict[str, Any], ...]:
    """Every dated row of the texts of figures."""
    return tuple(_every())


def _every() -> Iterator[dict[str, Any]]:
    singles = ("charging", "small_value", "toll")
    named = [name for folder in FOLDERS for name in figures.names(folder)] + list(singles)
    for name in named:
        for table, entries in tomllib.loads(figures.text(name)).items():
            for place, one in enumerate(entries if isinstance(entries, list) else []):
                if isinstance(one, dict) and "since" in one:
                    yield _row(name, table, str(place), one)
    for number, added in enumerate(amending.amendments()):
        yield _row(added.name, added.table, f"a{number}", {**added.row, "since": date.fromisoformat(str(added.row["since"]))})


def _row(name: str, table: str, place: str, one: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in one.items() if key not in {"since", "until", "standing", "reference"}}
    values = figure_words.told(told)
    standing = Standing(one.get("standing", "illustrative"))
    return {
        "id": f"{name}:{table}:{place}",
        "row": one,
        "by": Text("operators", "操作员") if place.startswith("a") else Text("package", "随系统发布"),
        "file": name,
        "table": table,
        "title": figure_words.table(table),
        "what": Text(
            "; ".join(f"{value.title.en} {value.value.en}" for value in values[:8]),
            "；".join(f"{value.title.zh} {value.value.zh}" for value in values[:8]),
        ),
        "all": " ".join(word for value in values for word in (value.path, *value.title, *value.value)),
        "since": one["since"],
        "until": one.get("until"),
        "standing": STANDINGS[standing],
        "standing_key": standing.value,
        "reference": figure_words.reference(str(one.get("reference", ""))),
    }


def _fetch(query: Query) -> Slice:
    where = query.where
    day = date.fromisoformat(where["day"]) if _is_day(where.get("day")) else None
    found = [
        one
        for one in rows()
        if where.get("file", "") in one["file"]
        and where.get("standing") in {None, one["standing_key"]}
        and where.get("word", "") in " ".join((one["all"], *one["reference"]))
        and (day is None or one["since"] <= day <= (one["until"] or date.max))
    ]
    return listing.part_of(found, query, key=lambda one: str(one["id"]), row=dict)


def _is_day(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text) is not None
    except ValueError as error:
        raise faulty("day", "YYYY-MM-DD expected", "应为 YYYY-MM-DD") from error


LISTING = Listing(
    name="figures",
    title=Text("Rates and benefits", "费率与待遇政策"),
    about=Text(
        "Dated figures with their reference and how far each can be relied on.",
        "按生效日期列示的参数、依据及可信程度。",
    ),
    columns=(
        Column("file", Text("Where", "所属文件"), "id", link=lambda row: url_for("figures.index", file=row["file"])),
        Column("title", Text("Kind", "类别")),
        Column("since", Text("Since", "生效日期"), "day", link=lambda row: url_for("figures.show", figure=row["id"])),
        Column("until", Text("Until", "失效日期"), "day"),
        Column("what", Text("Figures", "参数"), "wide"),
        Column("standing", Text("Standing", "可信程度")),
        Column("reference", Text("Reference", "依据"), "wide"),
        Column("by", Text("Brought by", "来源"), shown=False),
    ),
    filters=(
        Filter("file", Text("Where", "所属文件"), hint=Text("e.g. medical/31", "如 medical/31")),
        Filter("word", Text("Word", "关键词")),
        Filter("day", Text("In force on", "生效于"), "day"),
        Filter("standing", Text("Standing", "可信程度"), "choice", choices=[(one.value, STANDINGS[one]) for one in Standing]),
    ),
    fetch=_fetch,
    template="figures/index.html",
)


@pages.page("/", needs=Permission.FIGURE_READ)
def index() -> ResponseReturnValue:
    """Every dated figure."""
    return listing.show(LISTING)


@pages.page("/row/<path:figure>", needs=Permission.FIGURE_READ)
def show(figure: str) -> ResponseReturnValue:
    """One dated figure with everything in it, its neighbours over time, and the way to propose the next."""
    one = next((each for each in rows() if each["id"] == figure), None) or abort(404)
    key = amending.key_of(one["table"], one["row"])
    same = [
        each
        for each in rows()
        if (each["file"], each["table"]) == (one["file"], one["table"]) and amending.key_of(each["table"], each["row"]) == key
    ]
    return render_template(
        "figures/show.html",
        figure=one,
        values=figure_words.told(one["row"]),
        same=sorted(same, key=lambda each: each["since"], reverse=True),
        may_ask=one["table"] in TABLES and operator().may(Permission.FIGURE_REQUEST),
    )


def proposing(figure: str) -> dict[str, str]:
    """The form's values for the row that would follow a figure: the same, begun on the first day that is possible."""
    one = next((each for each in rows() if each["id"] == figure), None)
    if one is None or one["table"] not in TABLES:
        return {}
    with store().view() as view:
        first = figuring.earliest(view, one["table"], moment())
    kept = {name: value for name, value in one["row"].items() if name != "until"}
    return {"name": one["file"], "table": one["table"], "row": amending.written(one["table"], {**kept, "since": first})}


@pages.page("/what-if", needs=Permission.FIGURE_READ)
def what_if() -> ResponseReturnValue:
    """Compute a bill by the figures of any day, every step explained; nothing is booked."""
    asked = {name: request.args.get(name, usual).strip() for name, usual in _usual().items()}
    problem, split = None, None
    if request.args:
        try:
            split = _compute(asked)
        except CardstackError as error:
            problem = error.say(language())
    return render_template(
        "figures/what_if.html",
        asked=asked,
        problem=problem,
        split=split,
        fund_names=FUND_NAMES,
        places=sorted({policy.place for policy in medical.policies()}),
        treating=[f"{code}0000" for code in words.PROVINCES if code != "*"],
        insurances=figure_words.INSURANCES.items(),
        categories=figure_words.CATEGORIES.items(),
        levels=figure_words.LEVELS.items(),
        care=[(key, CARE[key]) for key in CARE],
        registrations=[(key, REGISTRATIONS[key]) for key in REGISTRATIONS],
        items=_items(),
    )


def _items() -> list[tuple[str, str]]:
    """Codes and names of every catalogue."""
    provinces = (code for code in words.PROVINCES if code != "*")
    return sorted({(code, entries[0].name) for place in provinces for code, entries in medical.catalogue(place).items()})


def _usual() -> dict[str, str]:
    return {
        "insured_place": "310000",
        "treating_place": "330000",
        "insurance": "employee",
        "category": "employed",
        "care": "outpatient",
        "level": "3",
        "registration": "waived",
        "age": "45",
        "code": "0101",
        "amount": "1000",
        "day": words.day(moment()),
    }


def _compute(asked: dict[str, str]) -> Any:
    amount = forms.fen_of(asked["amount"])
    line = {"code": asked["code"], "amount_fen": amount, "price_fen": amount}
    if not asked["age"].isascii() or not asked["age"].isdigit():
        raise faulty("age", "whole years", "应为周岁整数")
    claim = read_claim(
        {
            "person": "what-if",
            "insurance": asked["insurance"],
            "category": asked["category"],
            "care": asked["care"],
            "insured_place": asked["insured_place"],
            "treating_place": asked["treating_place"],
            "hospital": "what-if",
            "level": asked["level"],
            "registration": asked["registration"],
            "age": int(asked["age"]),
            "lines": [line],
        }
    )
    _is_day(asked["day"])
    return medical.compute(claim, date.fromisoformat(asked["day"]))
