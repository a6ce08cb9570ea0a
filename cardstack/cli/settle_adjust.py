"""`cardstack settle adjust …`: one person asks for a correction, another decides; late interest is asked for alike."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli import settle_changes
from cardstack.cli.inputs import day_of, text_of
from cardstack.cli.ledgers import Database, Json, open_ledger
from cardstack.cli.operating import Person, Reason, four_eyes, show
from cardstack.cli.output import words

app = typer.Typer(no_args_is_help=True, add_completion=False)

KIND = "correction"
Scheme = Annotated[str, typer.Option(help=words("whose window it falls into, such as medical", "所属业务，如 medical"))]
Debtor = Annotated[str, typer.Argument(help=words("who pays", "付款方"))]
Creditor = Annotated[str, typer.Argument(help=words("who is paid", "收款方"))]
Number = Annotated[str, typer.Argument(help=words("the request's number", "申请编号"))]
Day = Annotated[str, typer.Option(help="YYYY-MM-DD")]


@app.command(help=words("Ask for a correction; another person decides it", "申请调账，由他人复核"))
def request(
    debtor: Debtor,
    creditor: Creditor,
    *,
    fen: Annotated[int, typer.Option(help=words("how much, in fen", "金额（分）"))],
    scheme: Scheme,
    reason: Reason,
    kind: Annotated[str, typer.Option(help=words("what the money is", "款项种类"))] = "adjustment",
    actor: Person,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for a correction."""
    told = {"debtor": debtor, "creditor": creditor, "amount_fen": fen, "scheme": scheme, "kind": kind}
    with open_ledger(database) as store:
        made = four_eyes(store, KIND, told, reason=reason, actor=actor, checker="")
    show([made], as_json=as_json, one=True)


@app.command(help=words("Ask for interest on what was paid late, as a correction", "按逾期天数计息，并申请调账"))
def interest(
    debtor: Debtor,
    creditor: Creditor,
    *,
    owed_fen: Annotated[int, typer.Option(min=1, help=words("what was owed, in fen", "欠付金额（分）"))],
    due: Day,
    paid: Day,
    rates: Annotated[
        Path,
        typer.Option(
            help=words(
                "TOML of dated rates: [[daily_rate]] since, reference, millionths", "日利率 TOML：[[daily_rate]]，百万分比"
            ),
            exists=True,
            dir_okay=False,
        ),
    ],
    scheme: Scheme,
    actor: Person,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Compute late interest at the dated rates and ask for it."""
    from cardstack.settlement.banking.interest import DailyRate, late_interest
    from cardstack.settlement.scheme import load
    from cardstack.values import Fen

    dated = load(text_of(rates, "rates"), "daily_rate", DailyRate)
    amount = late_interest(Fen(owed_fen), day_of(due, "due"), day_of(paid, "paid"), dated)
    reason = words(f"late interest on {owed_fen} fen, due {due}, paid {paid}", f"{owed_fen} 分逾期利息，应付 {due}，实付 {paid}")
    told = {"debtor": debtor, "creditor": creditor, "amount_fen": amount, "scheme": scheme, "kind": "interest"}
    with open_ledger(database) as store:
        made = four_eyes(store, KIND, told | {"rule": "late-interest"}, reason=reason, actor=actor, checker="")
    show([made], as_json=as_json, one=True)


@app.command(help=words("Approve a correction that somebody else asked for; it is booked", "复核通过他人的调账申请并入账"))
def approve(number: Number, *, actor: Person, reason: Reason = "", database: Database = "", as_json: Json = False) -> None:
    """Approve; whoever asked for it is refused (CS-4101)."""
    settle_changes.approve(number, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command(help=words("Refuse a correction, saying why", "驳回调账申请并说明理由"))
def refuse(number: Number, *, actor: Person, reason: Reason, database: Database = "", as_json: Json = False) -> None:
    """Refuse."""
    settle_changes.refuse(number, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command("list", help=words("List corrections asked for, the newest first", "列出调账申请，最新在前"))
def list_(
    *,
    state: Annotated[str, typer.Option(help="pending | done | failed | refused | withdrawn | expired")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List corrections."""
    settle_changes.list_(state=state, kind=KIND, limit=limit, database=database, as_json=as_json)
