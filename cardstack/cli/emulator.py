"""`cardstack emulator`: which cards there are, and a card offered to other programs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cardstack.cli.output import emit, words

app = typer.Typer(no_args_is_help=True, help=words("Cards in software.", "软件模拟卡。"))
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
HOST_PORT = "HOST:PORT"


@app.command(help=words("List the kinds of card and what they hold.", "列出各类卡片规范及其内容。"))
def profiles(*, as_json: AsJson = False) -> None:
    """Name, title, version, applications and files of every profile."""
    from cardstack.card.profiles import PROFILES

    data = [
        {
            "name": one.name,
            "title": one.title._asdict(),
            "version": one.version,
            "based_on": one.based_on or None,
            "algorithm": one.algorithm.name,
            "applications": [
                {"name": part.name, "title": part.label._asdict(), "aid": part.aid.hex().upper(), "files": len(part.files)}
                for part in one.applications
            ],
        }
        for one in PROFILES.values()
    ]
    emit(data, as_json=as_json, render=lambda: _render(data))


@app.command(help=words("Offer a card to other programs until Ctrl-C.", "向其他程序提供模拟卡，按 Ctrl-C 结束。"))
def serve(  # noqa: PLR0917  # one parameter an option
    profile: Annotated[str, typer.Option(help=words("Kind of card; `psam` is a PSAM.", "卡片规范；psam 为 PSAM 卡。"))] = "3.00",
    pcsc: Annotated[
        Path | None, typer.Option(help=words("PC/SC service on this socket.", "在该套接字上提供 PC/SC 服务。"))
    ] = None,
    vpcd: Annotated[
        str | None, typer.Option(metavar=HOST_PORT, help=words("Dial a virtual reader (vpcd).", "连接 vpcd 虚拟读卡器。"))
    ] = None,
    tcp: Annotated[
        str | None, typer.Option(metavar=HOST_PORT, help=words("Listen; port 0 is a free one.", "监听端口；0 为自动选择。"))
    ] = None,
    image: Annotated[Path | None, typer.Option(help=words("Keep the card in this file.", "卡片保存于该文件。"))] = None,
    readers: Annotated[int, typer.Option(min=1, max=199, help=words("Readers of the service.", "读卡器数量。"))] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help="torn@3:17, mute@2, cut@1:4, short@1, long@1, flipped@1:9, again@2")
    ] = None,
    timing: Annotated[float, typer.Option(help=words("Milliseconds before every answer.", "每次应答的延时（毫秒）。"))] = 0.0,
    timing_model: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=words("Take the times of a real card, as learned from traces.", "按从报文记录学得的真卡用时应答。"),
        ),
    ] = None,
    seed: Annotated[str, typer.Option(help=words("Seed of the card's random numbers.", "卡片随机数种子。"))] = "cardstack",
    pin_pad: Annotated[
        str | None, typer.Option(help=words("Digits typed on the reader's own keys.", "读卡器密码键盘上输入的数字。"))
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=words(
                "Script of control lines, `@2.5 remove 0`; else standard input.", "控制脚本，如 `@2.5 remove 0`；缺省为标准输入。"
            ),
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--for", help=words("End after so many seconds; 0 never.", "若干秒后结束；0 为不限。"))
    ] = 0.0,
    *,
    psam: Annotated[bool, typer.Option("--psam", help=words("A PSAM in the second slot.", "第二卡槽放 PSAM。"))] = False,
    as_json: AsJson = False,
) -> None:
    """Exactly one way in; the line to copy is printed first."""
    from cardstack.cli.serving import Order, pace_of, script, serve_card

    lines, faults, pace = script(control), tuple(fault or ()), pace_of(timing_model)
    order = Order(profile, image, faults, timing / 1000, seed.encode(), pin_pad, readers, lines, seconds, psam=psam, pace=pace)
    serve_card(order, pcsc=pcsc, vpcd=vpcd, tcp=tcp, as_json=as_json)


def _render(data: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from cardstack.cli.output import language

    titles = (words("name", "名称"), words("kind of card", "卡片规范"), words("version", "版本"), words("applications", "应用"))
    table = Table(*titles, box=None, pad_edge=False)
    for row in data:
        table.add_row(row["name"], row["title"][language()], row["version"], " ".join(one["name"] for one in row["applications"]))
    Console(soft_wrap=True).print(table)
