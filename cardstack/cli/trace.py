"""`cardstack trace`: show, convert and compare recorded conversations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.inputs import content
from cardstack.cli.output import emit, words
from cardstack.cli.outputs import ready

if TYPE_CHECKING:
    from cardstack.apdu.trace import Exchanged

app = typer.Typer(no_args_is_help=True, help=words("Recorded conversations with cards.", "卡片通信记录。"))
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
Source = Annotated[
    Path,
    typer.Argument(
        help=words("A trace: jsonl, pyscard, gp, pcscd log or pcap.", "记录文件：jsonl、pyscard、gp、pcscd 日志或 pcap。")
    ),
]
Form = Annotated[str, typer.Option("--from", help=words("Form of the file; else guessed.", "文件格式；缺省自动识别。"))]


def load(path: Path, form: str = "") -> "list[Exchanged]":
    """The records of a file in any form that can be read."""
    from cardstack.apdu.formats import FOREIGN, READERS, guessed
    from cardstack.errors import Malformed

    raw = content(path)
    name = form or guessed(raw)
    if name not in READERS:
        raise Malformed(problem=FOREIGN, form=name)
    return list(READERS[name](raw))


@app.command(help=words("Show a trace in words.", "以文字显示记录。"))
def show(file: Source, *, form: Form = "", as_json: AsJson = False) -> None:
    """Every command and answer with what it means."""
    from cardstack.apdu import explain
    from cardstack.cli.output import language

    rows = []
    for number, one in enumerate(load(file, form), 1):
        asked = explain.command(bytes.fromhex(one.command.replace("*", "0"))) if one.command else None
        rows.append({"number": number, "command": one.command, "answer": one.answer, "asked": asked, "meaning": one.meaning})
    data = [{**row, "asked": row["asked"] and row["asked"]._asdict(), "meaning": row["meaning"]._asdict()} for row in rows]  # type: ignore[attr-defined]  # texts

    def render() -> None:
        for row in data:
            asked = row["asked"][language()] if row["asked"] else "ATR"
            print(f"{row['number']:4} > {row['command']}  {asked}\n     < {row['answer']}  {row['meaning'][language()]}")

    emit(data, as_json=as_json, render=render)


@app.command(help=words("Write a trace in another form.", "把记录转换为其他格式。"))
def convert(
    file: Source,
    target: Annotated[Path, typer.Argument(callback=ready, help=words("The file to write.", "目标文件。"))],
    *,
    to: Annotated[str, typer.Option(help="jsonl, pyscard, gp, gsmtap")] = "jsonl",
    form: Form = "",
    as_json: AsJson = False,
) -> None:
    """pyscard, GlobalPlatformPro, GSMTAP in pcap, or our own JSON lines."""
    from cardstack.apdu.formats import FOREIGN, WRITERS
    from cardstack.errors import Malformed

    if to not in WRITERS:
        raise Malformed(problem=FOREIGN, form=to)
    records = load(file, form)
    target.write_bytes(WRITERS[to](records))
    data = {"file": str(target), "form": to, "records": len(records)}
    emit(data, as_json=as_json, render=lambda: print(target, len(records)))


@app.command(help=words("Compare two traces by what they mean.", "按语义比较两份记录。"))
def diff(left: Source, right: Source, *, as_json: AsJson = False) -> None:
    """Random numbers, cryptograms and MACs may differ; exit code 1 where anything else does."""
    from dataclasses import asdict

    from cardstack.apdu.difference import differences

    found = [asdict(one) for one in differences(load(left), load(right))]

    def render() -> None:
        for one in found:
            print(f"{one['left']:4} {one['right']:4} {one['field']}\n  - {one['was']}\n  + {one['now']}")
        print(words(f"{len(found)} differences", f"{len(found)} 处差异"))

    emit({"differences": found}, as_json=as_json, render=render)
    if found:
        raise typer.Exit(1)
