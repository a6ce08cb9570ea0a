"""`cardstack settle change …`: every change of money, limits, accounts and nodes, asked for by one and decided by another."""

from typing import Annotated

import typer

from cardstack.cli.labels import facts
from cardstack.cli.ledgers import Database, Json, now, one_of, open_ledger, table
from cardstack.cli.operating import Checker, Person, Reason, data, decided, found, four_eyes, office_of, person, show
from cardstack.cli.output import emit, language, words
from cardstack.errors import Malformed, Refused
from cardstack.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False)

Number = Annotated[str, typer.Argument(help=words("the request's number", "申请编号"))]


@app.command(help=words("List the kinds of change and what each asks for", "列出变更类型及其填报项"))
def kinds(*, as_json: Json = False) -> None:
    """List the kinds of change with their fields."""
    from server import commands

    asked_for = [kind for kind in commands.kinds() if kind.fields]
    told = [
        {
            "kind": kind.name,
            "title": kind.title._asdict(),
            "asks": kind.ask.value,
            "second_from_fen": kind.second_from_fen,
            "fields": [
                {
                    "name": field.name,
                    "title": field.title._asdict(),
                    "shape": field.shape.value,
                    "choices": [name for name, _ in field.choices],
                    "optional": field.optional,
                }
                for field in kind.fields
            ],
        }
        for kind in asked_for
    ]
    rows = [
        (kind.name, kind.title.of(language()), ", ".join(f"{one.name}{'?' if one.optional else ''}" for one in kind.fields))
        for kind in asked_for
    ]
    titles = (words("kind", "类型"), words("what", "内容"), words("fields (? may be left out)", "填报项（? 可缺省）"))
    emit(told, as_json=as_json, render=lambda: table(titles, rows))


@app.command(help=words("Ask for a change: KIND field=value …", "提出变更申请：类型 字段=值 …"))
def ask(
    kind: Annotated[str, typer.Argument(help=words("see `settle change kinds`", "见 settle change kinds"))],
    fields: Annotated[list[str], typer.Argument(help="field=value …")],
    *,
    actor: Person,
    reason: Reason,
    checker: Checker = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for a change; with a checker it is decided at once."""
    told = {}
    for one in fields:
        name, equals, value = one.partition("=")
        if not equals or name in told:
            raise Malformed(Text("fields: field=value, each once", "fields：写作 字段=值，各一次"), field="fields")
        told[name] = value
    with open_ledger(database) as store:
        made = four_eyes(store, kind, told, actor=actor, checker=checker, reason=reason)
    show([made], as_json=as_json, one=True)


@app.command(help=words("Approve what somebody else asked for; it is carried out", "复核通过他人的申请并执行"))
def approve(number: Number, *, actor: Person, reason: Reason = "", database: Database = "", as_json: Json = False) -> None:
    """Approve; whoever asked for it is refused (CS-4101)."""
    _decide(number, approve=True, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command(help=words("Refuse it, saying why", "驳回申请并说明理由"))
def refuse(number: Number, *, actor: Person, reason: Reason, database: Database = "", as_json: Json = False) -> None:
    """Refuse."""
    _decide(number, approve=False, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command(help=words("Take back one's own request", "撤回本人的申请"))
def withdraw(number: Number, *, actor: Person, database: Database = "", as_json: Json = False) -> None:
    """Withdraw."""
    from server import approvals

    with open_ledger(database) as store:
        office = office_of(store)
        who = person(office, actor)
        approvals.withdraw(office.requests, number, who)
        after = found(store, number)
        office.audit.append(now(), who.id, after.province, "change.withdraw", subject=number, detail={})
    show([after], as_json=as_json, one=True)


@app.command("show", help=words("Show a request, its decisions and what came of it", "查看申请、复核记录与结果"))
def show_one(number: Number, *, database: Database = "", as_json: Json = False) -> None:
    """Show one request."""
    with open_ledger(database) as store:
        one = found(store, number)
    emit(data(one), as_json=as_json, render=lambda: facts(data(one)))


@app.command("list", help=words("List requests, the newest first", "列出申请，最新在前"))
def list_(
    *,
    state: Annotated[str, typer.Option(help="pending | done | failed | refused | withdrawn | expired")] = "",
    kind: Annotated[str, typer.Option(help=words("only this kind", "只列该类型"))] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List requests."""
    from server.approvals import State

    wanted = one_of(State, state, "state").value if state else ""
    with open_ledger(database) as store:
        these = office_of(store).requests.page(before=None, size=limit, scope=None, kind=kind, state=wanted)
    show(these, as_json=as_json)


def _decide(number: str, *, approve: bool, actor: str, reason: str, database: str, as_json: bool) -> None:
    from server import commands

    with open_ledger(database) as store:
        one = found(store, number)
        if not commands.kind(one.kind).fields:
            raise Refused("", commands.FORMLESS, kind=one.kind)
        after = decided(store, number, approve=approve, actor=actor, reason=reason)
    show([after], as_json=as_json, one=True)
