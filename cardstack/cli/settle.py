"""`cardstack settle …`: windows, nets, payments, transactions and the audit of a ledger; submission to a service."""

from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli import (
    settle_adjust,
    settle_backup,
    settle_changes,
    settle_continuity,
    settle_dated,
    settle_desk,
    settle_disputes,
    settle_figures,
    settle_files,
    settle_increases,
    settle_lists,
    settle_medical,
    settle_register,
)
from cardstack.cli.labels import facts, place
from cardstack.cli.ledgers import Actor, Database, Json, WindowId, now, open_ledger, table
from cardstack.cli.operating import entitled, means_of, office_of
from cardstack.cli.output import choices, emit, language, words
from cardstack.errors import Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from server.store.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False)

TWO_NEEDED = problem(
    "CS-9032",
    Text("Where operators are kept, this step is asked for by one and decided by another", "已设操作员时，此步骤须经申请与复核"),
    Text("Ask for it with the command named here.", "请用所示命令提出申请。"),
)

app.command(help=words("Send a window's payments to the bank", "发送付款指令（须双人复核）"))(settle_desk.release)
app.command(help=words("Order the rest of a payment that was paid in part", "另发部分支付的余款（须双人复核）"))(settle_desk.rest)
app.command(help=words("Write a window's payments as pain.001, pacs.009 or CSV", "输出银行付款文件"))(settle_desk.order)
app.command(help=words("Take in a bank's statement or result file", "导入银行对账单或结果文件"))(settle_desk.bank)
app.command(help=words("How far each prepayment is used", "查看预付金使用率"))(settle_desk.prefunds)
app.command(help=words("Where cases of pensions and records stand, and which are overdue", "养老与档案事项的状态与期限"))(
    settle_desk.cases
)
app.command(help=words("What follows when a medical bill is corrected or taken back", "医疗费用更正或撤销后的重算清单"))(
    settle_medical.resettle
)
app.command(help=words("By when each step of a month's medical clearing is due", "某月医疗费用清算各环节的截止日期"))(
    settle_medical.deadlines
)
app.command("cut-off", help=words("Cut off every window whose moment has come", "截止所有到点的清算窗口"))(settle_desk.cut_off)
app.command(help=words("Let lapse what has run out of time", "处理逾期的待定交易与异议"))(settle_desk.lapse)
app.add_typer(settle_register.party, name="party", help=words("Parties that owe and are owed", "参与方"))
app.add_typer(settle_register.node, name="node", help=words("Nodes that sign", "接入节点"))
app.add_typer(settle_changes.app, name="change", help=words("Changes that take two people", "须双人办理的变更"))
app.add_typer(settle_dated.app, name="figures", help=words("Dated rates, fees and benefits", "费率与待遇参数"))
app.add_typer(settle_lists.app, name="lists", help=words("Black, grey and white lists of cards", "黑、灰、白名单"))
app.add_typer(settle_adjust.app, name="adjust", help=words("Corrections by two people", "双人调账"))
app.add_typer(settle_increases.app, name="increase", help=words("Emergency increases of prepayments", "预付金紧急调增"))
app.add_typer(settle_disputes.app, name="dispute", help=words("Disputes about postings", "分录异议"))


@app.command(
    help=words("How the ledger stands: windows by stage, entries, newest block", "账本概况：各状态清算窗口、交易、最新区块")
)
def status(database: Database = "", as_json: Json = False) -> None:
    """How the ledger stands."""
    with open_ledger(database) as store:
        newest = store.transactions(limit=1)
        stages: dict[str, int] = {}
        for window in store.windows():
            stages[window.stage.value] = stages.get(window.stage.value, 0) + 1
        data = {
            "entries": newest[0].seq if newest else 0,
            "block": newest[0].block if newest else 0,
            "waiting": store.waiting(),
            "windows": stages,
            "parties": len(store.parties()),
            "nodes": len(store.nodes()),
        }
    emit(data, as_json=as_json, render=lambda: facts(data))


@app.command(help=words("List the settlement windows", "列出清算窗口"))
def windows(database: Database = "", as_json: Json = False) -> None:
    """List the settlement windows."""
    from cardstack.settlement.window import STAGES

    with open_ledger(database) as store:
        found = store.windows()
    data = [{"id": one.id, "cycle": one.cycle, "stage": one.stage.value, "opened_at": one.opened_at} for one in found]
    rows = [(one.id, STAGES[one.stage].of(language()), f"{one.opened_at:%Y-%m-%d %H:%M}") for one in found]
    emit(
        data,
        as_json=as_json,
        render=lambda: table((words("window", "清算窗口"), words("stage", "状态"), words("opened", "开放时间")), rows),
    )


@app.command(help=words("Every party's position in a window; the nets sum to zero", "窗口内各方轧差头寸，净额合计为零"))
def nets(window: WindowId, database: Database = "", as_json: Json = False) -> None:
    """Every party's position in a window."""
    from cardstack.values import yuan

    with open_ledger(database) as store:
        _known(store, window)
        found = store.positions(window)
    data = [
        {"party": one.party, "receives_fen": one.receives_fen, "pays_fen": one.pays_fen, "net_fen": one.net_fen} for one in found
    ]
    rows = [(one.party, yuan(one.receives_fen), yuan(one.pays_fen), yuan(one.net_fen)) for one in found]
    titles = (words("party", "参与方"), words("receives", "应收"), words("pays", "应付"), words("net", "净额"))
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


@app.command(
    "close-window", help=words("Cut a window off; what comes later falls into the next", "截止清算窗口，之后的交易进入下一窗口")
)
def close_window(
    window: WindowId, actor: Actor = "operator", reason: str = "", database: Database = "", as_json: Json = False
) -> None:
    """Cut a window off."""
    _move(window, "cut-off", actor=actor, reason=reason, database=database, as_json=as_json)


@app.command(help=words("Move a window on: reconcile, agree, object, resolve, abort, retry", "推进清算窗口状态"))
def move(
    window: WindowId, event: str, *, actor: Actor = "operator", reason: str = "", database: Database = "", as_json: Json = False
) -> None:
    """Move a window on by an event of its state machine."""
    _move(window, event, actor=actor, reason=reason, database=database, as_json=as_json)


def _move(window: str, event: str, *, actor: str, reason: str, database: str, as_json: bool) -> None:
    from cardstack.settlement.window import STAGES, Event

    if event not in list(Event):
        raise Refused(choices("event", Event), event=event)
    if event in (Event.SETTLE, Event.RETURN):
        raise Refused(
            Text("it follows from the bank's file: `settle bank FILE`", "该状态由银行文件得出：`settle bank FILE`"), event=event
        )
    with open_ledger(database) as store:
        who = entitled(store, actor, "window.close", "*")
        if event in (Event.AGREE, Event.ABORT) and office_of(store).people.operators():
            raise Refused(f"`settle change ask {event} window={window}`", TWO_NEEDED, event=event)
        stage = store.move_window(window, Event(event), actor=who, reason=reason, now=now())
    emit({"window": window, "stage": stage.value}, as_json=as_json, render=lambda: print(window, STAGES[stage].of(language())))


@app.command(help=words("Make the payments of a window whose nets are agreed", "为净额已确认的窗口生成付款指令"))
def instruct(window: WindowId, database: Database = "", as_json: Json = False) -> None:
    """Make the payments of a window."""
    from cardstack.values import yuan
    from server.store.late import due_on

    with open_ledger(database) as store:
        store.instruct(window, now=now())
        found = store.instructions(window)
    data = [
        {
            "id": one.instruction.id,
            "debtor": one.instruction.debtor,
            "creditor": one.instruction.creditor,
            "amount_fen": one.instruction.amount_fen,
            "state": one.state.value,
            "paid_fen": one.paid_fen,
            "due": due_on(one),
        }
        for one in found
    ]
    rows = [
        (
            one.instruction.id,
            one.instruction.debtor,
            one.instruction.creditor,
            yuan(one.instruction.amount_fen),
            str(due_on(one) or ""),
        )
        for one in found
    ]
    titles = (
        words("payment", "付款指令"),
        words("from", "付款方"),
        words("to", "收款方"),
        words("yuan", "金额（元）"),
        words("due", "应付日"),
    )
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


@app.command(help=words("Show a transaction with its postings", "查询交易及其分录"))
def transaction(message: str, database: Database = "", as_json: Json = False) -> None:
    """Show a transaction with its postings."""
    from cardstack.values import yuan
    from server.api.routes import posting_data, transaction_data

    with open_ledger(database) as store:
        entry = store.transaction(message)
        if entry is None:
            raise Refused(Text("no transaction of that message id", "没有该报文标识的交易"), id=message)
        postings = store.postings(entry.seq)
    data = transaction_data(entry) | {"postings": [posting_data(one) for one in postings]}
    rows = [(one.posting.debtor, one.posting.creditor, yuan(one.posting.amount_fen), one.posting.kind) for one in postings]
    titles = (words("from", "付款方"), words("to", "收款方"), words("yuan", "金额（元）"), words("kind", "种类"))

    def render() -> None:
        facts({name: value for name, value in data.items() if name != "postings"})
        table(titles, rows)

    emit(data, as_json=as_json, render=render)


@app.command(
    help=words("Refused lines, the newest first: of one message id, or of all", "被拒绝的行，最新在前：按报文标识或全部")
)
def refused(
    message: Annotated[str, typer.Argument(help=words("message id", "报文标识"))] = "",
    *,
    limit: Annotated[int, typer.Option(help=words("at most so many", "最多条数"), min=1, max=1000)] = 50,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Refused lines, which are kept for a while."""
    from cardstack.settlement.answer import OUTCOMES, Outcome

    with open_ledger(database) as store:
        found = store.refusals(message or None, limit=limit)
    data = [
        one._asdict() | {"text": one.text._asdict(), "envelope": one.envelope.hex(), "digest": one.digest.hex()} for one in found
    ]
    rows = [
        (one.id, f"{one.at:%m-%d %H:%M}", OUTCOMES[Outcome(one.outcome)].of(language()), one.text.of(language())) for one in found
    ]
    titles = (words("message", "报文"), words("at", "时间"), words("answer", "结果"), words("why", "原因"))
    emit(data, as_json=as_json, render=lambda: table(titles, rows))


@app.command(help=words("Compute the whole ledger again and name what does not follow", "独立重算整个账本并指出不符之处"))
def audit(
    *,
    signatures: Annotated[bool, typer.Option(help=words("verify kept signatures too", "同时验证留存签名"))] = True,
    contents: Annotated[
        bool,
        typer.Option(help=words("read kept records and files again and compute what they move", "重读留存记录与文件并重算分录")),
    ] = True,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Audit the ledger; exit code 1 where anything is found."""
    from cardstack.settlement.audit import FAULTS

    with open_ledger(database) as store:
        report = store.audit(signatures=signatures, contents=contents)
    found = [{"fault": one.fault.value, "where": one.where, "text": FAULTS[one.fault]._asdict()} for one in report.findings]
    data = {
        "blocks": report.blocks,
        "entries": report.entries,
        "postings": report.postings,
        "waiting": report.waiting,
        "head": report.head.hex(),
        "findings": found,
    }

    def render() -> None:
        facts({name: value for name, value in data.items() if name != "findings"})
        for one in report.findings:
            print(place(one.where), FAULTS[one.fault].of(language()), sep=words(": ", "："))
        print(words("findings", "发现问题"), len(found))

    emit(data, as_json=as_json, render=render)
    if found:
        raise typer.Exit(1)


app.command(help=words("Copy a SQLite ledger while it is in use", "在线备份 SQLite 账本"))(settle_backup.backup)
app.command(help=words("Send messages to a service, signed before or here", "向清算服务发送报文（已签名或现场签名）"))(
    settle_files.submit
)
app.command("pack", help=words("Make a signed bulk file from lines or CSV", "由定长行或 CSV 生成签名批量文件"))(
    settle_files.pack_file
)
app.command(help=words("Send a signed bulk file to a service and fetch its return file", "向清算服务发送批量文件并取回回盘"))(
    settle_files.send
)
app.command(help=words("Breaks in the cards' records: counters, balances", "卡交易连续性检查：计数器与余额"))(
    settle_continuity.continuity
)
app.command(help=words("Split a medical bill and say why, step by step", "试算医疗费用并逐步说明依据"))(settle_figures.split)
app.command(help=words("Check a bulk file and write its return file", "检查批量文件并生成回盘"))(settle_figures.file)


@app.command(
    help=words(
        "Simulate a month between four provinces with every kind of fault seeded, clear and audit it, name every fault",
        "模拟四省一个月的清算：预置各类差错，完成清算与审计，并逐一指出差错",
    )
)
def simulate(
    month: Annotated[str, typer.Option(help=words("YYYY-MM", "年月 YYYY-MM"))] = "2026-10",
    scale: Annotated[
        float, typer.Option(help=words("1 is a million journeys and 50,000 bills", "1 表示一百万次乘车、五万笔医疗结算"))
    ] = 0.01,
    seed: Annotated[str, typer.Option(help=words("another seed is another month", "随机种子"))] = "cardstack",
    database: Annotated[
        str, typer.Option(help=words("keep the ledger here (an empty database)", "账本保存位置（空库），默认用后即弃"))
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Simulate a month; exit code 1 where a fault was missed or something else was found."""
    from tempfile import TemporaryDirectory

    from cardstack.cli.simulated import render, settled
    from cardstack.cli.simulating import Run, bar
    from cardstack.settlement.simulation.plan import Plan
    from server.store import open_store

    plan = Plan.of(month, scale, seed)
    with TemporaryDirectory() as folder, bar(quiet=as_json) as progress:
        store = open_store(database or f"sqlite:///{folder}/ledger.db")
        try:
            result = Run(plan, store, progress).go()
        finally:
            store.close()
    emit(result, as_json=as_json, render=lambda: render(result, table))
    if not settled(result):
        raise typer.Exit(1)


@app.command(
    help=words(
        "Add an invented day of operators, prepayments, disputes and requests to a ledger nobody works on",
        "向无人使用的账本添加虚构的操作员、预付金、异议与申请示例",
    )
)
def sample(database: Database = "", as_json: Json = False) -> None:
    """Add sample data for looking at the console; CS-9033 where operators work on the ledger."""
    from server.sample import furnish

    with open_ledger(database) as store:
        data = {"added": furnish(means_of(store))}
    emit(data, as_json=as_json, render=lambda: print(words("sample data added", "已添加示例数据"), data["added"]))


def _known(store: "Store", window: str) -> None:
    from server.store.windows import NO_WINDOW

    if store.window(window) is None:
        raise Refused(Text("no such window", "没有该清算窗口"), NO_WINDOW, window=window)
