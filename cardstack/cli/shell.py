"""`cardstack shell`: walk a card's file system; with --script, without anybody there."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.output import READER_HELP, words

if TYPE_CHECKING:
    from cardstack.cli.navigator import Navigator


def command(
    *,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help=words("Kind of card; else the card is asked.", "卡片规范；缺省由卡片自报。"))
    ] = None,
    psam: Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))] = None,
    script: Annotated[Path | None, typer.Option(help=words("Run these lines and end.", "执行脚本文件后退出。"))] = None,
    trace: Annotated[Path | None, typer.Option(help=words("Write the APDUs to this file.", "把 APDU 记录到文件。"))] = None,
) -> None:
    """Commands, scriptor's lines and plain hexadecimal; `help` lists the commands."""
    from cardstack.cli.navigator import Navigator
    from cardstack.cli.output import language
    from emulator.opening import open_card

    with open_card(reader, psam=psam, trace=trace) as opened:
        kind = opened.kind(profile)
        opened.reader.reset()
        navigator = Navigator(opened, kind, language(), place=kind.root)
        if script is not None or not sys.stdin.isatty():
            lines = script.read_text("utf-8").splitlines() if script else sys.stdin
            transcribe(navigator, lines)
            return
        _interactive(navigator)


def transcribe(navigator: "Navigator", lines: Any) -> None:
    """Every line behind its prompt, and what it says: the form of the transcripts in the tests."""
    for line in lines:
        text = line.rstrip("\n")
        print(navigator.prompt() + text)
        if text.strip() in ("quit", "exit"):
            return
        for said in navigator.do(text):
            print(said)


def _interactive(navigator: "Navigator") -> None:
    """With history and completion where cmd2 is installed, else line by line."""
    try:
        from cardstack.cli.interactive import run
    except ImportError:
        print(
            words("For history and completion install cardstack[shell].", "安装 cardstack[shell] 可获得历史与补全。"),
            file=sys.stderr,
        )
        while (line := _asked(navigator.prompt())) not in (None, "quit", "exit"):
            print(*navigator.do(line or ""), sep="\n")
        return
    run(navigator)


def _asked(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None
