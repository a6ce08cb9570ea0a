"""`cardstack settle lists …`: the versions of the card lists, publishing a next one, and pulling them from a service."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.inputs import text_of
from cardstack.cli.labels import facts
from cardstack.cli.ledgers import Database, Json, now, one_of, open_ledger, table
from cardstack.cli.operating import Checker, Person, Reason, four_eyes, show
from cardstack.cli.output import emit, words

app = typer.Typer(no_args_is_help=True, add_completion=False)

List = Annotated[str, typer.Argument(help="black | grey | white")]
Cards = Annotated[
    Path | None,
    typer.Option(
        help=words("a file: issuer, a dot, card or prefix with *, a line each", "文件，每行一项：发卡机构.卡号或号段*"),
        exists=True,
        dir_okay=False,
    ),
]


@app.command("show", help=words("The newest version of each list and how many cards it names", "各名单的最新版本与条数"))
def show_lists(*, database: Database = "", as_json: Json = False) -> None:
    """The newest version of each list."""
    from cardstack.settlement.transit.lists import Kind

    with open_ledger(database) as store:
        found = [(kind, store.desk.card_list(kind)) for kind in Kind]
    data = [
        {"kind": kind.value, "version": one.version, "since": one.versions[-1][1], "cards": len(one.cards)}
        for kind, one in found
        if one.version
    ]
    rows = [(one["kind"], one["version"], f"{one['since']:%Y-%m-%d %H:%M}", one["cards"]) for one in data]
    titles = (words("list", "名单"), words("version", "版本"), words("since", "生效时间"), words("cards", "条数"))
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


@app.command(help=words("Ask for the next version: cards added and removed, or an earlier version restored", "申请发布下一版本"))
def publish(
    kind: List,
    *,
    add: Cards = None,
    remove: Cards = None,
    restore: Annotated[int | None, typer.Option(min=1, help=words("go back to this version", "恢复到该版本"))] = None,
    actor: Person,
    reason: Reason,
    checker: Checker = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for the next version of a list."""
    told = {"kind": kind, "add": add and text_of(add, "add"), "remove": remove and text_of(remove, "remove"), "restore": restore}
    with open_ledger(database) as store:
        made = four_eyes(store, "card-list", told, actor=actor, checker=checker, reason=reason)
    show([made], as_json=as_json, one=True)


@app.command(help=words("Pull a list from a service into a folder: the whole, then what changed", "从服务拉取名单：先全量后增量"))
def pull(
    kind: List,
    *,
    url: Annotated[str, typer.Option(help=words("address of the service", "服务地址"))] = "http://127.0.0.1:8650",
    folder: Annotated[Path, typer.Option(help=words("where the files are kept", "名单文件保存目录"), file_okay=False)],
    trust: Annotated[
        Path,
        typer.Option(help=words("anchors/, pool/ and crls/ to verify with", "信任目录（anchors、pool、crls）"), file_okay=False),
    ],
    as_json: Json = False,
) -> None:
    """Verify and keep the files of a list; what is missing is asked for by version."""
    from cardstack.settlement.transit.lists import Kind
    from server.client import Client
    from server.pulling import Pulled
    from server.trusting import Trust

    wanted = one_of(Kind, kind, "kind")
    client = Client(url)
    try:
        pulled = Pulled(folder, Trust.load(trust).vouch)
        here, new = pulled.pull(client, wanted)
    finally:
        client.close()
    data = {"kind": wanted.value, "version": here.version, "cards": len(here.cards), "new": new, "at": now()}
    emit(data, as_json=as_json, render=lambda: facts(data))
