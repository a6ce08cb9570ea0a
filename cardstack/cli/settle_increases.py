"""`cardstack settle increase …`: an emergency increase of a prepayment, from red usage to the money that two people book."""

from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.ledgers import Actor, Database, Json, WindowId, now, one_of, open_ledger, table
from cardstack.cli.operating import Checker, Person, entitled, four_eyes, show
from cardstack.cli.output import emit, language, words

if TYPE_CHECKING:
    from cardstack.settlement.prefund import IncreaseStep
    from server.store.increasing import Asked

app = typer.Typer(no_args_is_help=True, add_completion=False)

Number = Annotated[int, typer.Argument(help=words("the increase's number", "调增编号"))]
Said = Annotated[str, typer.Option(help=words("why", "事由"))]


@app.command(
    help=words("Ask for an increase of a prepayment that a window uses to 90 % or more", "预付金使用率达 90% 时申请紧急调增")
)
def ask(
    window: WindowId,
    debtor: Annotated[str, typer.Argument(help=words("who pays ahead", "预付方（参保地）"))],
    creditor: Annotated[str, typer.Argument(help=words("who holds the prepayment", "持有方（就医地）"))],
    *,
    fen: Annotated[int, typer.Option(help=words("by how much, in fen", "调增金额（分）"))],
    reason: Said,
    actor: Actor = "operator",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for an emergency increase."""
    from cardstack.settlement.transaction import Party
    from cardstack.values import Fen

    two = Party(debtor), Party(creditor)
    with open_ledger(database) as store:
        actor = entitled(store, actor, "participant.request", two[1].province)
        made = store.desk.ask_increase(window, *two, Fen(fen), actor=actor, reason=reason, now=now())
    _show([made], as_json=as_json, one=True)


@app.command(help=words("Tell the one who pays", "向预付方发出调增通知"))
def notice(number: Number, *, actor: Actor = "operator", database: Database = "", as_json: Json = False) -> None:
    """Note that the notice was given."""
    from cardstack.settlement.prefund import IncreaseStep

    _step(number, IncreaseStep.NOTICE, actor=actor, database=database, as_json=as_json)


@app.command(help=words("Book that it was paid: two people", "确认调增资金到账（双人复核）"))
def pay(
    number: Number,
    *,
    actor: Person,
    checker: Checker = "",
    reason: Said = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Book the money; CS-3040 where one person checks himself."""
    from server.approvals import State

    why = reason or words("the money has come in", "资金已到账")
    with open_ledger(database) as store:
        asked = four_eyes(store, "increase-pay", {"increase": number}, actor=actor, checker=checker, reason=why)
        found = next(one for one in store.desk.increases() if one.number == number)
    if asked.state is State.DONE:
        _show([found], as_json=as_json, one=True)
    else:
        show([asked], as_json=as_json, one=True)


@app.command(help=words("Refuse it, saying why", "拒绝调增并说明理由"))
def refuse(number: Number, *, reason: Said, actor: Actor = "operator", database: Database = "", as_json: Json = False) -> None:
    """Refuse."""
    from cardstack.settlement.prefund import IncreaseStep

    _step(number, IncreaseStep.REFUSE, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command("list", help=words("List emergency increases, the newest first", "列出紧急调增，最新在前"))
def list_(
    *,
    stage: Annotated[str, typer.Option(help="asked | noticed | paid | refused")] = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List emergency increases."""
    from cardstack.settlement.prefund import Increase

    wanted = one_of(Increase, stage, "stage") if stage else None
    with open_ledger(database) as store:
        found = store.desk.increases(stage=wanted)
    _show(found, as_json=as_json)


def _step(number: int, step: "IncreaseStep", *, actor: str, database: str, as_json: bool, reason: str = "") -> None:
    with open_ledger(database) as store:
        one = next((each for each in store.desk.increases() if each.number == number), None)
        who = entitled(store, actor, "participant.request", one.debtor.province if one else "*")
        after = store.desk.step_increase(number, step, actor=who, reason=reason, now=now())
    _show([after], as_json=as_json, one=True)


def _show(found: "list[Asked]", *, as_json: bool, one: bool = False) -> None:
    from cardstack.settlement.prefund import INCREASES
    from cardstack.values import yuan

    data = [
        {
            "increase": each.number,
            "debtor": each.debtor,
            "creditor": each.creditor,
            "amount_fen": each.amount_fen,
            "stage": each.stage.value,
            "actor": each.actor,
            "reason": each.reason,
            "at": each.at,
        }
        for each in found
    ]
    rows = [
        (each.number, each.debtor, each.creditor, yuan(each.amount_fen), INCREASES[each.stage].of(language()), each.reason)
        for each in found
    ]
    titles = (
        words("increase", "调增"),
        words("from", "预付方"),
        words("to", "持有方"),
        words("yuan", "金额（元）"),
        words("stage", "状态"),
        words("reason", "事由"),
    )
    emit(data[0] if one else data, as_json=as_json, render=lambda: table(titles, rows))
