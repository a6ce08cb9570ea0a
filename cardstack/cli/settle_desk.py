"""`cardstack settle pay|bank|dispute|prefund …`: what people at the clearing centre do besides the windows."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.inputs import content, day_of
from cardstack.cli.labels import facts
from cardstack.cli.ledgers import Actor, Database, Json, WindowId, now, one_of, open_ledger, table
from cardstack.cli.operating import Checker, Person, Reason, entitled, four_eyes, office_of, show
from cardstack.cli.output import emit, language, words
from cardstack.cli.outputs import ready


def release(
    window: WindowId,
    *,
    actor: Person,
    checker: Checker = "",
    reason: Reason = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Send a window's payments to the bank: asked for by one person and approved by others."""
    from cardstack.settlement.instruction import Payment
    from server.approvals import State

    why = reason or words("release the window's payments", "放行本窗口付款")
    with open_ledger(database) as store:
        after = four_eyes(store, "release", {"window": window}, actor=actor, checker=checker, reason=why)
        asked = [one for one in store.instructions(window) if one.instruction.id in after.payload["instructions"]]
        sent = [one.instruction for one in asked if one.state is Payment.RELEASED]
    if after.state is not State.DONE:
        show([after], as_json=as_json, one=True)
        return
    data = [{"id": one.id, "amount_fen": one.amount_fen} for one in sent]
    emit(data, as_json=as_json, render=lambda: print(words("payments released", "已发送付款指令"), len(data)))


def rest(
    payment: Annotated[str, typer.Argument(help=words("id of the payment that was booked in part", "部分支付的指令编号"))],
    *,
    amount: Annotated[int, typer.Option(min=0, help=words("fen; 0 is all that is left", "金额（分），0 为全部余款"))] = 0,
    actor: Person,
    checker: Checker = "",
    reason: Reason = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Order the rest of a payment that was paid in part: asked for by one person and approved by others."""
    from server.approvals import State

    why = reason or words("order the rest of the payment", "另发部分支付的余款")
    told = {"payment": payment, "amount_fen": amount or None}
    with open_ledger(database) as store:
        after = four_eyes(store, "rest", told, actor=actor, checker=checker, reason=why)
        if after.state is not State.DONE:
            show([after], as_json=as_json, one=True)
            return
        _, (made,) = store.desk.released(after.payload["window"])
    data = {"id": made.id, "first": made.first, "amount_fen": made.amount_fen}
    emit(data, as_json=as_json, render=lambda: print(words("payment of the rest released", "已发送余款付款指令"), made.id))


def order(
    window: WindowId,
    *,
    form: Annotated[str, typer.Option(help="pain.001 | pacs.009 | csv")] = "pain.001",
    out: Annotated[Path, typer.Option(callback=ready, help=words("file to write", "输出文件"))],
    due: Annotated[
        str, typer.Option(help=words("day of execution, YYYY-MM-DD; the next working day", "执行日期，默认下一工作日"))
    ] = "",
    number: Annotated[
        int, typer.Option("--release", min=0, help=words("which release, 0 is the last", "第几次放行，0 为最近一次"))
    ] = 0,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Write what was released of a window for a bank: each payment once, under a message id of its release."""
    from server import ordering

    wanted, day = one_of(ordering.Form, form, "form"), day_of(due, "due") if due else None
    with open_ledger(database) as store:
        made = ordering.write(store, window, wanted, at=now(), due=day, number=number or None)
    out.write_bytes(made.raw)
    data = {
        "file": str(out),
        "form": form,
        "release": made.release,
        "due": made.due,
        "payments": made.payments,
        "amount_fen": made.amount_fen,
    }
    emit(data, as_json=as_json, render=lambda: print(out))


def bank(
    statement: Annotated[
        Path,
        typer.Argument(help=words("camt.053, camt.054 or result CSV", "camt.053、camt.054 或银行结果 CSV"), exists=True),
    ],
    *,
    actor: Actor = "operator",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Take in what a bank booked; what does not match is named."""
    from cardstack.settlement.banking.matching import DIFFERENCES
    from cardstack.settlement.banking.statements import bank_file

    lines = bank_file(content(statement))
    with open_ledger(database) as store:
        who = entitled(store, actor, "reconciliation.work", "*")
        matched = store.desk.take_lines(lines, actor=who, now=now())
    data = {
        "lines": len(lines),
        "mismatches": [one._asdict() | {"difference": one.difference.value} for one in matched.mismatches],
    }
    rows = [(DIFFERENCES[one.difference].of(language()), one.reference) for one in matched.mismatches]
    emit(data, as_json=as_json, render=lambda: table((words("difference", "差异"), words("reference", "业务编号")), rows))


def prefunds(window: WindowId, *, database: Database = "", as_json: Json = False) -> None:
    """How far each prepayment is used by a window, and when it comes to its red warning if that goes on."""
    from cardstack.settlement.prefund import LEVELS
    from cardstack.values import yuan

    with open_ledger(database) as store:
        found, red = store.desk.prefunds(window), store.desk.red_days(window)
    data = [
        {
            "debtor": one.debtor,
            "creditor": one.creditor,
            "held_fen": one.held_fen,
            "used_fen": one.used_fen,
            "level": one.level.value,
            "red_day": red[one.debtor, one.creditor],
        }
        for one in found
    ]
    rows = [
        (one.debtor, one.creditor, yuan(one.held_fen), f"{one.percent}%", LEVELS[one.level].of(language()),
         red[one.debtor, one.creditor] or "")
        for one in found
    ]  # fmt: skip
    titles = (
        words("from", "参保地"), words("to", "就医地"), words("held", "预付金"), words("used", "使用率"), "",
        words("red from (forecast)", "预计达红线日"),
    )  # fmt: skip
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


def lapse(*, database: Database = "", as_json: Json = False) -> None:
    """Let lapse what has run out of time: pending entries, unanswered disputes, approved requests that were interrupted."""
    from server import minding

    with open_ledger(database) as store:
        data = minding.lapse(store, office_of(store).requests, now())
    emit(data, as_json=as_json, render=lambda: facts(data))


def cut_off(*, database: Database = "", as_json: Json = False) -> None:
    """Cut off every window whose moment has come, as a running service does by itself every minute."""
    with open_ledger(database) as store:
        data = {"windows": store.cut_off_due(now())}
    emit(data, as_json=as_json, render=lambda: print(words("cut off", "已截止"), " ".join(data["windows"]) or "-"))


def cases(
    *,
    overdue: Annotated[bool, typer.Option("--overdue", help=words("only those whose day has passed", "只列逾期"))] = False,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Where the cases of pensions and records stand, the longest due first."""
    from cardstack.settlement.calendar import known
    from cardstack.settlement.services.case import Service
    from cardstack.settlement.transaction import SHANGHAI
    from server.store.queries import cases as queries

    with open_ledger(database) as store, store.view() as view:
        found = queries.cases(view, store.schemes, known(), now().astimezone(SHANGHAI).date())
        titles_of = {name: scheme for name, scheme in store.schemes.items() if isinstance(scheme, Service)}
    shown = [one for one in found if one.overdue or not overdue]
    data = [
        {
            "service": one.service,
            "case": one.case,
            "home": one.home,
            "treating": one.treating,
            "state": one.state,
            "since": one.since,
            "due": one.due,
            "overdue": one.overdue._asdict() if one.overdue else None,
        }
        for one in shown
    ]
    rows = [
        (
            titles_of[one.service].title.of(language()),
            one.case,
            f"{one.home}→{one.treating}",
            titles_of[one.service].states[one.state].of(language()),
            one.due or "",
            one.overdue.of(language()) if one.overdue else "",
        )
        for one in shown
    ]
    titles = (
        words("service", "业务"),
        words("case", "事项"),
        words("between", "两地"),
        words("state", "状态"),
        words("due", "期限"),
        words("overdue", "逾期处理"),
    )
    emit(data, as_json=as_json, render=lambda: table(titles, rows))
