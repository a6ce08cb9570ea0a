"""`cardstack settle figures …`: the dated figures in force, what a new one would change, and asking for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import day_of, text_of
from cardstack.cli.ledgers import Database, Json, open_ledger, table
from cardstack.cli.operating import Checker, Person, Reason, four_eyes, means_of, show
from cardstack.cli.output import emit, language, words
from cardstack.errors import Malformed
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.settlement.proposing import Proposal

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help=words("the text, such as transit/fees or medical/33", "所属文件，如 transit/fees"))]
Kind = Annotated[str, typer.Argument(help=words("the table in it, such as fee or policy", "其中的类别，如 fee、policy"))]
Row = Annotated[
    Path, typer.Argument(help=words("TOML with the one new row", "仅含一条新参数的 TOML 文件"), exists=True, dir_okay=False)
]


@app.command("list", help=words("List the figures in force on a day", "列出某日有效的参数"))
def list_(
    *,
    name: Annotated[str, typer.Option(help=words("only this text", "只列该文件"))] = "",
    day: Annotated[str, typer.Option(help="YYYY-MM-DD")] = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List every row of every table of figures, or those in force on a day."""
    from cardstack.settlement import amending, figures
    from cardstack.settlement.proposing import TABLES

    wanted = day_of(day, "day") if day else None
    with open_ledger(database):
        added = {one.place for one in amending.amendments()}
        found = [
            {"name": text, "table": kind, "key": amending.key_of(kind, row), **amending.plain(row)}
            for text in figures.every()
            for kind in TABLES
            for row in amending.rows(text, kind)
            if text.startswith(name)
        ]
    data = [
        one | {"added": (one["name"], one["table"], one["key"], one["since"]) in added}
        for one in found
        if wanted is None or one["since"] <= wanted.isoformat() <= (one.get("until") or "9999")
    ]
    rows = [
        (one["name"], one["table"], one["key"], one["since"], one.get("standing", "illustrative"), "+" if one["added"] else "")
        for one in data
    ]
    titles = (
        words("text", "文件"),
        words("table", "类别"),
        words("row", "条目"),
        words("since", "生效日期"),
        words("standing", "可信程度"),
        words("added", "新增"),
    )
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


@app.command(help=words("Print a row as TOML, to begin a new one from", "以 TOML 输出条目，供起草新参数"))
def draft(
    name: Name,
    kind: Kind,
    key: Annotated[str, typer.Argument(help=words("which row, as `list` names it", "条目，见 list"))] = "",
    *,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Print the newest row of a key."""
    from cardstack.settlement import amending

    with open_ledger(database):
        found = [row for row in amending.rows(name, kind) if amending.key_of(kind, row) == key]
    if not found:
        raise Malformed(
            Text("key: there is no such row; `settle figures list` names them", "key：没有该条目，见 `settle figures list`"),
            field="key",
        )
    newest = max(found, key=lambda row: str(row["since"]))
    text = amending.written(kind, newest)
    data = {"name": name, "table": kind, "key": key, "row": amending.plain(newest), "toml": text}
    emit(data, as_json=as_json, render=lambda: print(text, end=""))


@app.command("what-if", help=words("Say what a new row would change; nothing is kept", "试算新参数的影响，不保存"))
def what_if(name: Name, kind: Kind, row: Row, *, database: Database = "", as_json: Json = False) -> None:
    """The differences from the row in force, and typical cases before and after."""
    from server.figure_changes import proposal

    with open_ledger(database) as store:
        found = proposal({"name": name, "table": kind, "row": text_of(row, "row")}, means_of(store))
    _show(found, as_json=as_json)


@app.command(help=words("Ask for a new row; others decide it", "申请新增参数，由他人复核"))
def ask(
    name: Name,
    kind: Kind,
    row: Row,
    *,
    actor: Person,
    reason: Reason,
    checker: Checker = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for a new dated row."""
    with open_ledger(database) as store:
        told = {"name": name, "table": kind, "row": text_of(row, "row")}
        made = four_eyes(store, "figures", told, actor=actor, checker=checker, reason=reason)
    show([made], as_json=as_json, one=True)


def _show(found: "Proposal", *, as_json: bool) -> None:
    data: dict[str, Any] = {
        "since": found.since,
        "differences": [one._asdict() for one in found.differences],
        "examples": [
            {"title": one.title._asdict(), "before": _told(one.before), "after": _told(one.after)} for one in found.examples
        ],
    }
    rows = [(one.path, _said(one.before), _said(one.after)) for one in found.differences]
    cases = [
        (
            one.title.of(language()),
            one.before.of(language()) if one.before else "—",
            one.after.of(language()) if one.after else "—",
        )
        for one in found.examples
    ]

    def render() -> None:
        print(words("in force from", "生效日期"), found.since)
        table((words("figure", "参数"), words("before", "原值"), words("after", "新值")), rows)
        if cases:
            table((words("case", "算例"), words("before", "原值"), words("after", "新值")), cases)

    emit(data, as_json=as_json, render=render)


def _told(text: "Text | None") -> dict[str, str] | None:
    return None if text is None else text._asdict()


def _said(value: object) -> str:
    return "—" if value is None else str(value)
