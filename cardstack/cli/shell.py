"""`cardstack shell`: walk a card's file system; with --script, without anybody there."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import text_of
from cardstack.cli.output import READER_HELP, as_data, words
from cardstack.cli.outputs import ready
from cardstack.errors import CardstackError

if TYPE_CHECKING:
    from cardstack.cli.navigator import Navigator

QUITS = ("quit", "exit")


def command(
    *,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help=words("Kind of card; else the card is asked.", "卡片规范；缺省由卡片自报。"))
    ] = None,
    psam: Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))] = None,
    script: Annotated[Path | None, typer.Option(help=words("Run these lines and end.", "执行脚本文件后退出。"))] = None,
    trace: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Write the APDUs to this file.", "把 APDU 记录到文件。"))
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=words("Answer each line with a line of JSON.", "每行命令以一行 JSON 应答。"))
    ] = False,
) -> None:
    """Commands, scriptor's lines and plain hexadecimal; `help` lists the commands."""
    from cardstack.cli.navigator import Navigator
    from cardstack.cli.output import language
    from emulator.opening import open_card

    with open_card(reader, psam=psam, trace=trace) as opened:
        kind = opened.kind(profile)
        opened.reader.reset()
        navigator = Navigator(opened, kind, language(), place=kind.root)
        if as_json or script is not None or not sys.stdin.isatty():
            lines = text_of(script, "script").splitlines() if script else sys.stdin
            (answer if as_json else transcribe)(navigator, lines)
            return
        _interactive(navigator)


def transcribe(navigator: "Navigator", lines: Any) -> None:
    """Every line behind its prompt, and what it says: the form of the transcripts in the tests."""
    for line in lines:
        text = line.rstrip("\n")
        print(navigator.prompt() + text)
        if text.strip() in QUITS:
            return
        for said in navigator.do(text):
            print(said)


def answer(navigator: "Navigator", lines: Any) -> None:
    """Every line answered by one of JSON: where it was said, what it was, what was said to it, and the error that ended it."""
    for line in lines:
        text = line.rstrip("\n")
        if text.strip() in QUITS:
            return
        place, said, error = navigator.place, list[str](), None
        try:
            said.extend(navigator.carry_out(text))
        except CardstackError as refused:
            error = as_data(refused)
        data = {"profile": navigator.profile.name, "place": place, "line": text, "said": said, "error": error}
        print(json.dumps(data, ensure_ascii=False, default=str), flush=True)


def _interactive(navigator: "Navigator") -> None:
    """With history, completion and pipes where cmd2 is installed, else line by line with the system's readline."""
    try:
        from cardstack.cli.interactive import run
    except ImportError:
        print(
            words(
                "For history, pipes and a menu install cardstack[shell].", "安装 cardstack[shell] 可获得历史、管道与菜单补全。"
            ),
            file=sys.stderr,
        )
        _completing(navigator)
        while (line := _asked(navigator.prompt())) not in (None, *QUITS):
            print(*navigator.do(line or ""), sep="\n")
        return
    run(navigator)


def _completing(navigator: "Navigator") -> None:
    """The Tab key, where the interpreter has readline."""
    try:
        import readline
    except ImportError:
        return

    readline.set_completer_delims(" ")
    readline.set_completer(completer(navigator, readline.get_line_buffer))
    readline.parse_and_bind("tab: complete")


def completer(navigator: "Navigator", line: Callable[[], str]) -> Callable[[str, int], str | None]:
    """What readline asks: the candidates of the line so far, one after another, then None."""
    from cardstack.cli.completing import candidates

    def nth(_text: str, number: int) -> str | None:
        found = candidates(navigator, line())
        return found[number].word if number < len(found) else None

    return nth


def _asked(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None
