"""The demo: three journeys, end to end, with everything real but the people and the keys."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cardstack.cli.home import home
from cardstack.cli.output import emit, words

RESULT: Final = "result.json"
"""What a run found; it is written last, so that a folder with it is whole."""


def command(
    *,
    serve: Annotated[bool, typer.Option(help=words("serve the console when done", "完成后启动控制台"))] = True,
    reset: Annotated[bool, typer.Option("--reset", help=words("begin afresh", "清空演示数据后重新开始"))] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help=words("port of the console", "控制台端口"))] = 8787,
    as_json: Annotated[
        bool, typer.Option("--json", help=words("print the result as JSON, do not serve", "输出 JSON，不启动服务"))
    ] = False,
) -> None:
    """Run the three journeys: a card read, a certificate recognised, a bill settled; then serve the console."""
    folder = home() / "demo"
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
    from cardstack.cli.demo.screen import Screen

    if as_json:
        emit(_told(folder, lambda _name, _value: None), as_json=True, render=lambda: None)
        return
    screen = Screen()
    _told(folder, screen.tell)
    if serve:
        from cardstack.cli.demo.serving import serve as serve_console

        serve_console(folder, screen, port)


def _told(folder: Path, tell: Callable[[str, Any], None]) -> dict[str, Any]:
    """What an earlier run found, told from its file; else the three journeys, for which everything is imported."""
    kept = folder / RESULT
    if not kept.exists():
        from cardstack.cli.demo import world

        return world.run(folder, tell)
    result: dict[str, Any] = json.loads(kept.read_text("utf-8")) | {"reused": True}
    for name, value in result.items():
        tell(name, value)
    return result
