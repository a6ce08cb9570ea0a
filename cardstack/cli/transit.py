"""`cardstack transit`: the purse of a card: balance, records, a ride paid, money loaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.labels import facts
from cardstack.cli.output import READER_HELP, emit, words
from cardstack.cli.outputs import ready

if TYPE_CHECKING:
    from cardstack.apdu.script import Script
    from cardstack.card.paying import Receipt
    from cardstack.card.profile import Profile
    from cardstack.card.profiles.transit import Public

app = typer.Typer(no_args_is_help=True, help=words("The transit purse.", "交通钱包。"))
ReaderName = Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)]
ProfileName = Annotated[
    str | None, typer.Option("--profile", help=words("Kind of card; else the card is asked.", "卡片规范；缺省由卡片自报。"))
]
Psam = Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))]
Application = Annotated[str, typer.Option(help="T-UNION, CITY-UNION, EP-ED …")]
Trace = Annotated[Path | None, typer.Option(callback=ready, help=words("Write the APDUs to this file.", "把 APDU 记录到文件。"))]
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
T_UNION = "T-UNION"


@app.command(help=words("What is in the purse.", "钱包余额。"))
def balance(
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    application: Application = T_UNION,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """In fen, and in yuan for people."""
    from cardstack.card.paying import transit_balance
    from cardstack.values import yuan
    from emulator.opening import open_card

    with open_card(reader, trace=trace) as opened:
        fen = opened.run(transit_balance(opened.kind(profile), application))
    emit({"balance_fen": fen}, as_json=as_json, render=lambda: print(yuan(fen)))


@app.command(help=words("The logs of the purse and of the rides.", "钱包与乘车明细。"))
def records(
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    application: Application = T_UNION,
    pin: Annotated[str | None, typer.Option("--pin", envvar="CARDSTACK_PIN", help="PIN")] = None,
    as_json: AsJson = False,
) -> None:
    """Every cyclic file of the application."""
    from cardstack.card.gathering import gather, logs
    from cardstack.card.view import as_data
    from emulator.opening import open_card

    with open_card(reader) as opened:
        kind = opened.kind(profile)
        wanted = gather(kind, lambda one, file: one.name == application and logs(one, file), pin=pin, terminal=opened.terminal)
        gathered = opened.run(wanted)
    data = [
        {"file": f"{one.file.fid:04X}", "title": one.file.name._asdict(), "records": as_data(one.content or ())}
        for one in gathered
    ]
    emit({"logs": data}, as_json=as_json, render=lambda: _render(data))


@app.command(help=words("Pay a ride.", "支付一次乘车。"))
def pay(
    fen: Annotated[int, typer.Argument(min=1, help=words("Amount in fen.", "金额（分）。"))],
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    application: Application = T_UNION,
    psam: Psam = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """With the terminal's PSAM; an emulated card brings its own. `record` is what a message of a settlement scheme carries."""
    from datetime import datetime

    from cardstack.card.paying import PsamSam, transit_purchase
    from cardstack.values import Fen
    from emulator.opening import open_card, with_psam

    with open_card(reader, psam=psam, trace=trace) as opened:
        kind = opened.kind(profile)
        with_psam(opened, kind)
        public = opened.run(_public(kind, application))
        receipt = opened.run(transit_purchase(kind, PsamSam(0x8011), Fen(fen), datetime.now(), application=application))  # noqa: DTZ005  # the card writes local time
    data = {
        "paid_fen": fen,
        "balance_fen": receipt.balance_fen,
        "tac": receipt.tac.hex().upper(),
        "sequence": receipt.opening.sequence.hex().upper(),
        "record": _record(public, receipt),
    }
    emit(data, as_json=as_json, render=lambda: facts({name: value for name, value in data.items() if name != "record"}))


def _public(kind: "Profile", application: str) -> "Script[Public]":
    """File 15 of the application: issuer, card number, validity."""
    from cardstack.card.reading import open_application, read_file

    yield from open_application(kind, application)
    found: Public = yield from read_file(kind.file(application, 0x0015))
    return found


def _record(public: "Public", receipt: "Receipt") -> dict[str, Any]:
    """The purchase as the settlement schemes' records say it; what a scheme asks for besides is the terminal's own."""
    debit, opening = receipt.debit, receipt.opening
    return {
        "issuer": public.issuer.hex().upper(),
        "card": public.serial.hex(),
        "counter": int.from_bytes(opening.sequence),
        "balance_fen": opening.balance_fen,
        "amount_fen": debit.amount_fen,
        "kind": debit.kind,
        "terminal": debit.terminal.hex().upper(),
        "terminal_serial": int.from_bytes(debit.sequence),
        "moment": debit.moment.hex(),
        "tac": receipt.tac.hex().upper(),
        "algorithm": opening.block.value,
        "key_version": opening.key_version,
        "expires": f"{public.valid_until:%Y%m%d}" if public.valid_until else "",
    }


@app.command(help=words("Load money into the purse of a test card.", "为测试卡钱包圈存。"))
def load(
    fen: Annotated[int, typer.Argument(min=1, help=words("Amount in fen.", "金额（分）。"))],
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    application: Application = T_UNION,
    pin: Annotated[str, typer.Option("--pin", envvar="CARDSTACK_PIN", help="PIN")] = "123456",
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """The issuer's host is ours here: it holds the test load key, so only test cards can be loaded."""
    from datetime import datetime

    from cardstack.card.loading import transit_load
    from cardstack.values import Fen
    from emulator.opening import load_host, open_card

    with open_card(reader, trace=trace) as opened:
        kind = opened.kind(profile)
        host = load_host(opened, kind, application)
        script = transit_load(kind, host, Fen(fen), datetime.now(), terminal=bytes(6), pin=pin, application=application)  # noqa: DTZ005  # the card writes local time
        receipt = opened.run(script)
    data = {"loaded_fen": fen, "balance_fen": receipt.opening.balance_fen + fen, "tac": receipt.tac.hex().upper()}
    emit(data, as_json=as_json, render=lambda: facts(data))


def _render(data: list[dict[str, Any]]) -> None:
    from cardstack.cli.output import language

    for log in data:
        print(f"{log['file']} {log['title'][language()]}")
        for record in log["records"]:
            print("  " + " ".join(f"{name}={value}" for name, value in record.items()))
