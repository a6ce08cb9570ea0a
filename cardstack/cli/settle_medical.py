"""`cardstack settle resettle`: what follows for later bills when a medical bill is corrected or taken back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import text_of
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


def _plan(year: "Year") -> dict[str, Any]:
    """What to take back, what to send in its place, and what changes."""
    from cardstack.settlement.schemes.medical import body_of, scheme_for

    senders = {name: message.sender for name, message in year.messages.items()}
    settle = [
        {
            "instead_of": one.bill.id,
            "sender": senders[one.bill.id],
            "scheme": scheme_for(one.claim)[0],
            "day": one.bill.day.isoformat(),
            "amount_fen": one.claim.total_fen,
            "body": body_of(one.claim, one.split),
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
