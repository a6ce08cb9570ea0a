"""`cardstack sam`: what a PSAM says of itself."""

from typing import Annotated

import typer

from cardstack.cli.labels import facts
from cardstack.cli.output import READER_HELP, emit, words

app = typer.Typer(no_args_is_help=True, help=words("The terminal's PSAM.", "终端 PSAM 卡。"))


@app.callback()
def group() -> None:
    """A group with one verb for now would swallow its name."""


@app.command(help=words("Read the PSAM's public files.", "读取 PSAM 公共信息。"))
def show(
    *,
    reader: Annotated[str, typer.Option("--reader", "-r", help=READER_HELP)] = "emu:psam",
    as_json: Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))] = False,
) -> None:
    """Serial number (file 0015), terminal number (0016), key index (0017)."""
    from cardstack.apdu.commands import select_file
    from cardstack.apdu.message import Command
    from cardstack.apdu.script import Script, ask
    from emulator.opening import open_card

    def public() -> Script[dict[str, str]]:
        yield from ask(select_file(0x3F00))
        held = {}
        for name, sfi, size in (("serial", 0x15, 14), ("terminal", 0x16, 6), ("key_index", 0x17, 1)):
            held[name] = (yield from ask(Command(0x00, 0xB0, 0x80 | sfi, 0x00, ne=size))).require().hex().upper()
        return held

    with open_card(reader) as opened:
        data = {"reader": opened.reader.name, "atr": opened.reader.atr.hex().upper(), **opened.run(public())}
    emit(data, as_json=as_json, render=lambda: facts(data))
