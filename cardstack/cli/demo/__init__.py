"""The demo: three journeys, end to end, with everything real but the people and the keys."""

import shutil
from typing import Annotated

import typer

from cardstack.cli.home import home
from cardstack.cli.output import emit, words


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
    # Here and not above: what the help needs is quick to import, what the demo needs is everything.
    from cardstack.cli.demo import world
    from cardstack.cli.demo.screen import Screen

    if as_json:
        result = world.run(folder, lambda _name, _value: None)
        emit(result, as_json=True, render=lambda: None)
        return
    screen = Screen()
    world.run(folder, screen.tell)
    if serve:
        from cardstack.cli.demo.serving import serve as serve_console

        serve_console(folder, screen, port)
