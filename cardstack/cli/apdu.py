"""`cardstack apdu`: send exactly what was typed, or a script, and say what it means."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cardstack.cli.inputs import text_of
from cardstack.cli.output import READER_HELP, emit, words
from cardstack.cli.outputs import ready


def command(
    apdus: Annotated[list[str] | None, typer.Argument(help="00A4040000 …")] = None,
    *,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    script: Annotated[
        Path | None,
        typer.Option(help=words("A scriptor file, or one with expected answers.", "scriptor 脚本或含期望应答的脚本。")),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the APDUs to this file.", "把 APDU 记录到文件。"))
    ] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help=words("Trace in full.", "记录完整内容。"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))] = False,
) -> None:
    """Send commands to a card; the exit code is 1 where an expected answer did not come."""
    from cardstack.apdu import scripting
    from emulator.opening import open_card

    lines = text_of(script, "script").splitlines() if script else []
    steps = list(scripting.parse([*lines, *(apdus or ())]))
    with open_card(reader, trace=trace, unmasked=unmasked) as opened:
        ran = [_data(one) for one in scripting.run(steps, opened.exchange, opened.reader.reset)]
        data = {"reader": opened.reader.name, "atr": opened.reader.atr.hex().upper(), "exchanges": ran}
    emit(data, as_json=as_json, render=lambda: _render(data))
    if not all(one["good"] for one in ran):
        raise typer.Exit(1)


def _data(ran: Any) -> dict[str, Any]:
    from cardstack.apdu import explain

    if ran.step.command is None:
        return {"line": ran.step.line, "reset": True, "atr": ran.answer.hex().upper(), "good": True}
    said = explain.answer(ran.answer)
    return {
        "line": ran.step.line,
        "command": ran.step.command.hex().upper(),
        "data": ran.answer[:-2].hex().upper(),
        "sw": ran.answer[-2:].hex().upper(),
        "explained": {"command": explain.command(ran.step.command)._asdict(), "answer": said._asdict()},
        "objects": list(explain.tree(ran.answer[:-2])),
        "expected": {"data": ran.step.data, "sw": list(ran.step.sws)} if ran.step.sws or ran.step.data is not None else None,
        "good": ran.good,
    }


def _render(data: dict[str, Any]) -> None:
    from cardstack.cli.output import language

    print(f"ATR {data['atr']}")
    for one in data["exchanges"]:
        if "reset" in one:
            print(f"reset  ATR {one['atr']}")
            continue
        print(f"> {one['command']}  {one['explained']['command'][language()]}")
        print(f"< {one['data']} {one['sw']}  {one['explained']['answer'][language()]}".replace("<  ", "< "))
        if one["objects"] and one["objects"] != [one["data"]]:
            print("\n".join(f"    {line}" for line in one["objects"]))
        if not one["good"]:
            print(words("  ✘ not as expected: ", "  ✘ 与期望不符：") + str(one["expected"]))
