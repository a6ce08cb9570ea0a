"""`cardstack perso`: make the cards of a batch, and the return file."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.inputs import content
from cardstack.cli.labels import facts
from cardstack.cli.output import emit, language, words
from cardstack.cli.outputs import ready, ready_folder
from cardstack.text import Text

app = typer.Typer(no_args_is_help=True, help=words("Personalise cards from a batch file.", "批量制卡。"))
Batch = Annotated[Path, typer.Argument(help=words("Pipe file (GBK) or CSV.", "批量文件：竖线分隔（GBK）或 CSV。"))]
ProfileName = Annotated[str, typer.Option("--profile", help=words("Kind of card.", "卡片规范。"))]
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]


@app.command(help=words("Make every card that is not in the return file yet.", "制作回盘文件中尚未完成的全部卡片。"))
def run(
    batch: Batch,
    returned: Annotated[Path, typer.Argument(callback=ready, help=words("The return file (回盘).", "回盘文件。"))],
    *,
    profile: ProfileName = "3.00",
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader",
            "-r",
            help=words("Write the cards put into this reader; else emulated ones.", "写入该读卡器中的卡；缺省制作模拟卡。"),
        ),
    ] = None,
    psam: Annotated[
        str | None, typer.Option("--psam", help=words("Reader with the operator's PSAM.", "装有 PSAM 的读卡器。"))
    ] = None,
    images: Annotated[
        Path | None, typer.Option(callback=ready_folder, help=words("Keep emulated cards in this folder.", "模拟卡映像目录。"))
    ] = None,
    pin: Annotated[str, typer.Option("--pin", help=words("The initial PIN.", "初始密码。"))] = "123456",
    mpin: Annotated[
        str,
        typer.Option(
            "--mpin",
            help=words(
                "The administrator's PIN of certificate applications; empty: 12345678.", "证书应用管理员密码；缺省 12345678。"
            ),
        ),
    ] = "",
    direct: Annotated[
        bool, typer.Option("--direct", help=words("Make emulated cards whole, without APDUs.", "直接生成模拟卡，不经 APDU。"))
    ] = False,
    keys: Annotated[
        str | None,
        typer.Option(
            "--keys",
            help=words(
                "Who puts the keys on: test (PUT KEY on a blank card), hsm (an emulated HSM's), delivered (on the card already).",
                "密钥来源：test（向空白卡写入测试密钥）、hsm（模拟加密机导出）、delivered（卡中已预置）。",
            ),
        ),
    ] = None,
    stop_after: Annotated[int, typer.Option(hidden=True)] = 0,
    as_json: AsJson = False,
) -> None:
    """Stopped at any moment and started again, it loses no card and repeats none."""
    from cardstack.cli.personalising import Keys, Order, make

    try:
        chosen = Keys(keys) if keys else None
    except ValueError:
        raise typer.BadParameter(" | ".join(Keys), param_hint="--keys") from None
    order = Order(batch, returned, profile, reader, psam, images, pin, stop_after, direct=direct, mpin=mpin, keys=chosen)
    data = make(order, quiet=as_json)
    emit(data, as_json=as_json, render=lambda: facts(data))
    if data["failed"]:
        raise typer.Exit(1)


@app.command(help=words("Check a batch file without making cards.", "仅校验批量文件。"))
def check(batch: Batch, *, as_json: AsJson = False) -> None:
    """How many lines are good, and what is wrong with the others."""
    from cardstack.card.batch import Bad, decoded, parse

    rows = list(parse(decoded(content(batch))))
    bad = [one for one in rows if isinstance(one, Bad)]
    data = {
        "good": len(rows) - len(bad),
        "bad": [{"line": one.line, "code": one.error.code, "detail": one.error.detail} for one in bad],
    }
    emit(data, as_json=as_json, render=lambda: print(data["good"], *(one.error.told.of(language()) for one in bad), sep="\n"))
    if bad:
        raise typer.Exit(1)


@app.command(help=words("Write a batch of invented people for trials.", "生成虚构人员的试验批量文件。"))
def sample(
    target: Annotated[Path, typer.Argument(callback=ready, help=words("The file to write (GBK).", "目标文件（GBK）。"))],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help=words("How many cards.", "卡片数量。"))] = 100,
    city: Annotated[str, typer.Option(help=words("City code.", "城市代码。"))] = "330100",
    *,
    as_json: AsJson = False,
) -> None:
    """Nobody in it exists; the numbers have right check characters."""
    from cardstack.cli.personalising import invented

    with target.open("w", encoding="gbk", newline="\n") as file:
        file.writelines(line + "\n" for line in invented(count, city))
    data = {"file": str(target), "cards": count, "city": city}
    emit(data, as_json=as_json, render=lambda: print(target))


@app.command(help=words("Show the commands that one card takes.", "显示一张卡的制卡指令。"))
def plan(batch: Batch, *, profile: ProfileName = "3.00", as_json: AsJson = False) -> None:
    """The plan of the first good line: files, keys, how many commands; the content stays out of it."""
    from cardstack.card.batch import Row, decoded, parse, personalisation
    from cardstack.card.issuing import master_for_tests
    from cardstack.card.profiles import profile as profile_named
    from cardstack.card.writing import plan as planned
    from cardstack.errors import Malformed

    row = next((one for one in parse(decoded(content(batch))) if isinstance(one, Row)), None)
    if row is None:
        raise Malformed(Text("the batch has no good line", "批量文件中没有正确的行"))
    made = personalisation(profile_named(profile), row, pin="123456", master=master_for_tests)
    # Keys first, as `issue` writes them; `--keys delivered` leaves out them and the files under the maintenance key.
    injected = [
        {"application": one.name, "file": "PUT KEY", "key": None, "commands": len(one.keys)}
        for one in made.profile.applications
        if one.keys
    ]
    data = injected + [
        {
            "application": one.application.name,
            "file": f"{one.file.fid:04X}",
            "key": one.key.name if one.key else None,
            "commands": len(one.commands),
        }
        for one in planned(made, sealed=True)
    ]
    data += [
        {"application": one.name, "file": what, "key": None, "commands": 1 + 4 * (what == "SM2")}
        for one in made.profile.applications
        if one.admin is not None
        for what in ("MPIN", *("SM2",) * one.signing)
    ]
    emit(data, as_json=as_json, render=lambda: print(*(" ".join(map(str, one.values())) for one in data), sep="\n"))
