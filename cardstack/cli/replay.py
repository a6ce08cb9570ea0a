"""`cardstack replay`: a recording as a host towards a card, or as a card towards other programs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.output import READER_HELP, emit, words


def command(
    file: Annotated[Path, typer.Argument(help=words("A trace in any form.", "任意格式的记录文件。"))],
    *,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    tcp: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help=words("Be the card: listen here.", "作为卡片：监听该地址。"))
    ] = None,
    pcsc: Annotated[
        Path | None, typer.Option(help=words("Be the card: PC/SC service here.", "作为卡片：在此套接字提供 PC/SC。"))
    ] = None,
    seconds: Annotated[
        float, typer.Option("--for", help=words("End after so many seconds; 0 never.", "若干秒后结束；0 为不限。"))
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))] = False,
) -> None:
    """Without --tcp and --pcsc: send the recorded commands to a card and compare by meaning (exit code 1 where it differs)."""
    from cardstack.cli.trace import load

    records = load(file)
    if tcp or pcsc:
        _be_card(records, tcp, pcsc, seconds)
        return
    from dataclasses import asdict, replace

    from cardstack.apdu.difference import differences
    from emulator.opening import open_card

    with open_card(reader) as opened:
        again = [replace(one, answer=opened.exchange(bytes.fromhex(one.command)).hex().upper()) for one in records if one.command]
    found = [asdict(one) for one in differences(records, again)]
    data = {"sent": len(again), "differences": found}
    emit(
        data,
        as_json=as_json,
        render=lambda: print(words("commands sent:", "已发送命令："), len(again), words("differences:", "差异："), len(found)),
    )
    if found:
        raise typer.Exit(1)


def _be_card(records: list, tcp: str | None, pcsc: Path | None, seconds: float) -> None:  # type: ignore[type-arg]  # records of a trace
    from cardstack.cli.serving import address, ended_by_signals
    from emulator.pcsc.service import Service
    from emulator.recorded import Recorded
    from emulator.tcp import Door

    card = Recorded(records)
    with ended_by_signals(seconds) as ended:
        if pcsc:
            with Service(pcsc) as service:
                service.add("cardstack Replay 00 00", card)
                print(json.dumps({"pcsc": str(pcsc), "export": service.export}), flush=True)
                ended.wait()
        else:
            with Door(card, *address(tcp or "")) as door:
                print(json.dumps({"tcp": f"{door.host}:{door.port}", "reader": f"tcp:{door.host}:{door.port}"}), flush=True)
                ended.wait()
