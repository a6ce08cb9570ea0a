"""`cardstack readers`: which readers are there, what is in them, and what comes and goes."""

from typing import Annotated, Any

import typer

from cardstack.cli.output import emit, words

app = typer.Typer(no_args_is_help=True, help=words("Readers and what is in them.", "读卡器及其中的卡。"))
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]


@app.command("list", help=words("List the PC/SC readers and the cards in them.", "列出 PC/SC 读卡器及其中的卡。"))
def show(*, as_json: AsJson = False) -> None:
    """Name, role and answer to reset of every reader."""
    from cardstack.readers.api import api
    from cardstack.readers.monitor import snapshot
    from cardstack.readers.roles import assign

    library = api()
    states = snapshot(library)
    roles = {name: role for role, name in assign([state.name for state in states]).items()}
    data = [
        {
            "reader": f"pcsc:{state.name}",
            "number": number,
            "role": roles.get(state.name),
            "card": state.present,
            "atr": state.atr.hex().upper() or None,
        }
        for number, state in enumerate(states)
    ]
    emit({"library": library.name, "readers": data}, as_json=as_json, render=lambda: _table(data))


@app.command(help=words("Print what comes and goes until Ctrl-C.", "持续显示读卡器与卡的插拔，按 Ctrl-C 结束。"))
def watch(
    *,
    count: Annotated[int, typer.Option(help=words("End after so many events; 0 never.", "若干事件后结束；0 为不限。"))] = 0,
    as_json: AsJson = False,
) -> None:
    """One line an event."""
    import json

    from cardstack.readers.api import api
    from cardstack.readers.monitor import Monitor

    for number, event in enumerate(Monitor(api()).events(), 1):
        data = {"event": event.kind, "reader": event.reader or None, "atr": event.atr.hex().upper() or None}
        line = json.dumps(data, ensure_ascii=False) if as_json else f"{event.kind:16} {event.reader} {data['atr'] or ''}"
        print(line.rstrip(), flush=True)
        if number == count:
            return


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print(words("No reader is connected.", "没有连接读卡器。"))
        return
    titles = (words("no.", "序号"), words("reader", "读卡器"), words("role", "用途"), "ATR")
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        atr = row["atr"] or words("no card", "无卡")
        table.add_row(str(row["number"]), row["reader"], row["role"] or "", atr)
    Console(soft_wrap=True).print(table)
