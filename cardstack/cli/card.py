"""`cardstack card`: read a card, its logs, and care for its PIN."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from cardstack.cli.output import EXIT_PARTIAL, READER_HELP, emit, language, words
from cardstack.cli.outputs import ready

app = typer.Typer(no_args_is_help=True, help=words("Read a card and care for its PIN.", "读卡与密码维护。"))
ReaderName = Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
Psam = Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))]
Trace = Annotated[Path | None, typer.Option(callback=ready, help=words("Write the APDUs to this file.", "把 APDU 记录到文件。"))]
Unmasked = Annotated[bool, typer.Option("--unmasked", help=words("Show personal data in full.", "完整显示个人信息。"))]
ProfileName = Annotated[
    str | None, typer.Option("--profile", help=words("Kind of card; else the card is asked.", "卡片规范；缺省由卡片自报。"))
]
PIN_HELP = words("The holder's PIN; `-` asks for it.", "持卡人密码；填 - 则提示输入。")
PAD_HELP = words(
    "`pad`: typed on the reader's own keys; `pad:6` where it must know how many digits.",
    "pad 表示在读卡器键盘上输入；读卡器须预知位数时写 pad:6。",
)
Pin = Annotated[str | None, typer.Option("--pin", envvar="CARDSTACK_PIN", help=f"{PIN_HELP} {PAD_HELP}")]


@app.command(help=words("Read who issued the card and who holds it.", "读取发卡信息与持卡人信息。"))
def read(
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    pin: Pin = None,
    psam: Psam = None,
    trace: Trace = None,
    unmasked: Unmasked = False,
    photo: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the photograph to this file.", "照片保存到该文件。"))
    ] = None,
    fingerprints: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the fingerprints to this file.", "指纹保存到该文件。"))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=words("Every file that opens.", "读取所有可读文件。"))] = False,
    as_json: AsJson = False,
) -> None:
    """EF05, EF06 and, with --all, every declared file that the proofs at hand open.

    Exit code 5 where one of them could not be read, or not as declared: the output lists it.
    """
    from cardstack.cli.cardreading import read_card
    from emulator.opening import open_card

    with open_card(reader, psam=psam, trace=trace, unmasked=unmasked) as opened:
        saved = {0xEF08: photo, 0xEF07: fingerprints}
        data = read_card(opened, profile, asked(pin), every=every, unmasked=unmasked, saved=saved)
    _told(data, as_json=as_json, render=_render)


@app.command(help=words("Read the logs of medical settlement and of the purses.", "读取医保结算与钱包交易明细。"))
def log(
    *,
    reader: ReaderName = None,
    profile: ProfileName = None,
    pin: Pin = None,
    psam: Psam = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Every cyclic file that the proofs at hand open."""
    from cardstack.cli.cardreading import read_logs
    from emulator.opening import open_card

    with open_card(reader, psam=psam, trace=trace) as opened:
        data = read_logs(opened, profile, asked(pin))
    _told(data, as_json=as_json, render=_render_logs)


@app.command(help=words("Check the PIN.", "校验密码。"))
def verify(*, reader: ReaderName = None, pin: Pin = None, trace: Trace = None, as_json: AsJson = False) -> None:
    """VERIFY in the social security application; with a PIN pad the PIN never enters this process."""
    from cardstack.cli.cardreading import verified
    from emulator.opening import open_card

    with open_card(reader, trace=trace) as opened:
        verified(opened, asked(pin or "-") or "")
    emit({"verified": True}, as_json=as_json, render=lambda: print(words("The PIN is right.", "密码正确。")))


@app.command("change-pin", help=words("Change the PIN.", "修改密码。"))
def change_pin(
    *,
    reader: ReaderName = None,
    pin: Pin = None,
    new: Annotated[
        str | None, typer.Option("--new", help=words("The new PIN; asked for if left out.", "新密码；缺省提示输入。"))
    ] = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """CHANGE PIN by the holder, who knows the old one; at the reader old and new have the same length, six digits unless said."""
    from cardstack.card import proving
    from cardstack.cli.cardreading import opened_social, pad_digits
    from cardstack.readers import pinpad
    from emulator.opening import open_card

    with open_card(reader, trace=trace) as opened:
        opened_social(opened)
        digits = pad_digits(pin)
        if digits is not None:
            pinpad.change(opened.reader, digits or pinpad.DIGITS)
        else:
            opened.run(proving.change_pin(asked(pin or "-") or "", asked(new or "-", again=True) or ""))
    emit({"changed": True}, as_json=as_json, render=lambda: print(words("The PIN is changed.", "密码已修改。")))


@app.command(help=words("Unblock the PIN, or set a new one with --new.", "解锁密码；加 --new 则重置密码。"))
def unblock(
    *,
    reader: ReaderName = None,
    new: Annotated[str | None, typer.Option("--new", help=words("A new PIN.", "新密码。"))] = None,
    profile: ProfileName = None,
    psam: Psam = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """At the issuer's counter: the terminal proves the unblocking key."""
    from cardstack.cli.cardreading import unblock_card
    from emulator.opening import open_card

    with open_card(reader, psam=psam, trace=trace) as opened:
        unblock_card(opened, profile, asked(new))
    emit({"unblocked": True}, as_json=as_json, render=lambda: print(words("The PIN works again.", "密码已可使用。")))


def asked(pin: str | None, *, again: bool = False) -> str | None:
    """The PIN given, or typed where it is `-`: what stands on a command line can be read by others."""
    if pin != "-":
        return pin
    typed: str = typer.prompt(words("New PIN", "新密码") if again else "PIN", hide_input=True, confirmation_prompt=again)
    return typed


def _told(data: dict[str, Any], *, as_json: bool, render: Callable[[dict[str, Any]], None]) -> None:
    """What was read; then, on standard error, what was not, with the exit code for it."""
    emit(data, as_json=as_json, render=lambda: render(data))
    if not data["missing"]:
        return
    if not as_json:
        print(words("Not everything was read:", "以下内容未能完整读取："), file=sys.stderr)
        for one in data["missing"]:
            print(f"  {one['application']} {one['file']} {one['title'][language()]}: {_reason(one)}", file=sys.stderr)
    raise typer.Exit(EXIT_PARTIAL)


def _reason(one: dict[str, Any]) -> str:
    """Why, in the user's language: the error of a file, or how a field differs."""
    error = one.get("error")
    return f"{error['code']} {error['title'][language()]}" if error else f"{one['field']}: {one['differs'][language()]}"


def _render(data: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row(words("kind of card", "卡片规范"), f"{data['profile']}  {data['title'][language()]}")
    table.add_row("ATR", data["atr"])
    for part in data["files"]:
        table.add_row("", "")
        table.add_row(f"[bold]{part['title'][language()]}[/bold]", _reason(part) if part["error"] else "")
        for row in part["fields"]:
            table.add_row(row["title"][language()], " ".join(filter(None, (row["value"], row["meaning"]))))
        for each in part["deviations"]:
            table.add_row(words("differs from its declaration", "与声明不符"), f"{each['field']}: {each[language()]}")
    console.print(table)


def _render_logs(data: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    for part in data["logs"]:
        why = _reason(part) if part["error"] else ""
        title = f"{part['application']} {part['file']} {part['title'][language()]} {why}"
        table = Table(*(part["records"][0] if part["records"] else ()), title=title)
        for record in part["records"]:
            table.add_row(*(str(value) for value in record.values()))
        Console(soft_wrap=True).print(table)
