"""`cardstack settle resettle` and `settle deadlines`: what follows when a bill is corrected; the days of a month's clearing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import month_of, text_of
from cardstack.cli.ledgers import Database, Json, open_ledger, table
from cardstack.cli.output import emit, words
from cardstack.errors import Malformed
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.settlement.medical.claim import Claim
    from server.store.queries.years import Year


def resettle(
    message: Annotated[
        str,
        typer.Argument(
            help=words(
                "message id of the settlement; without one, what rests on bills that were taken back",
                "结算报文标识；缺省列出依据已撤销结算的结算",
            )
        ),
    ] = "",
    *,
    claim: Annotated[
        Path | None,
        typer.Option(
            help=words("the corrected claim as JSON; without it the bill is taken back", "更正后的费用明细 JSON；缺省为撤销"),
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """What follows for later bills of the year; nothing is booked.

    The JSON lists the messages to take back, in order, and what to send in their place, in order. Without a message, the
    bills that stand and would be split otherwise today, because one that they rest on was taken back.
    """
    from server.store.queries.years import out_of_place, settled_again

    corrected = None if claim is None else _claim(claim)
    if corrected is not None and not message:
        raise Malformed(Text("message: which bill is corrected", "message：请指明更正哪一笔费用"), field="message")
    with open_ledger(database) as store, store.view() as view:
        year = settled_again(view, message, corrected) if message else out_of_place(view)
    titles = (
        words("bill", "结算"),
        words("day", "日期"),
        words("sender", "发送方"),
        words("funds", "基金"),
        words("person", "个人"),
    )
    emit(_plan(year), as_json=as_json, render=lambda: table(titles, _rows(year)))


def deadlines(
    month: Annotated[str, typer.Argument(help=words("the month that is cleared, YYYY-MM", "被清算的月份 YYYY-MM"))],
    *,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """By when each step of a month's medical clearing is due, by the ledger's figures and calendar."""
    from cardstack.settlement.calendar import known
    from cardstack.settlement.medical import clearing

    with open_ledger(database):
        due = clearing.deadlines(month_of(month, "month"), known())
    data = [
        {"name": one.name, "title": one.title, "day": f"{day}", "standing": one.standing.value, "reference": one.reference}
        for one, day in due.items()
    ]
    rows = [(day, one.name, one.title, one.reference) for one, day in due.items()]
    titles = (words("by", "截止日期"), words("name", "代码"), words("step", "环节"), words("reference", "依据"))
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


def _plan(year: "Year") -> dict[str, Any]:
    """What to take back, what to send in its place, and what changes."""
    from cardstack.settlement.schemes.medical import body_of, scheme_for

    senders = {name: message.sender for name, message in year.messages.items()}
    # The hospital's own number goes on with the bill, so that it is not paid once more under it.
    numbers = {name: {"bill": bill} for name, message in year.messages.items() if (bill := message.body.get("bill"))}
    settle = [
        {
            "instead_of": one.bill.id,
            "sender": senders[one.bill.id],
            "scheme": scheme_for(one.claim, one.bill.day)[0],
            "day": one.bill.day.isoformat(),
            "amount_fen": one.claim.total_fen,
            "body": {**body_of(one.claim, one.split), **numbers.get(one.bill.id, {}), "instead_of": one.bill.id},
        }
        for one in year.again
        if one.claim is not None and one.split is not None
    ]
    changes = [{"id": one.bill.id, "funds_fen": one.funds_fen, "person_fen": one.person_fen} for one in year.again]
    back = [{"id": one.bill.id, "sender": senders[one.bill.id]} for one in reversed(year.again)]
    return {"take_back": back, "settle": settle, "changes": changes}


def _rows(year: "Year") -> list[tuple[str, ...]]:
    from cardstack.values import Fen, yuan

    return [
        (
            one.bill.id,
            one.bill.day.isoformat(),
            yuan(Fen(sum(one.funds_fen.values()))),
            yuan(Fen(one.person_fen)),
        )
        for one in year.again
    ]


def _claim(path: Path) -> "Claim":
    from cardstack.settlement.medical.claim import read_claim

    try:
        body = json.loads(text_of(path, "claim"))
    except (ValueError, RecursionError) as error:
        raise Malformed(Text("claim: JSON in UTF-8", "claim：须为 UTF-8 编码的 JSON"), field="claim") from error
    return read_claim(body.get("claim", body) if isinstance(body, dict) else {})
