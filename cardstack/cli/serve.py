"""`cardstack serve`: the settlement service."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.output import words


def command(
    *,
    host: Annotated[str, typer.Option(help=words("address to listen on", "监听地址"))] = "127.0.0.1",
    port: Annotated[int, typer.Option(help=words("port to listen on", "监听端口"))] = 8650,
    database: Annotated[
        str, typer.Option(help=words("sqlite:///path or postgresql://…", "sqlite:///路径 或 postgresql://…"))
    ] = "",
    role: Annotated[str, typer.Option(help="hub | province | hospital | operator")] = "hub",
    node: Annotated[str, typer.Option(help=words("this node's name", "本节点名称"))] = "00.hub",
    workers: Annotated[int, typer.Option(min=1, max=64, help=words("worker processes", "工作进程数"))] = 1,
    sandbox: Annotated[bool, typer.Option(help=words("a clock that can be set", "可设置的演练时钟"))] = False,
    trust: Annotated[
        Path | None, typer.Option(help=words("folder with anchors/, pool/ and crls/", "含 anchors/、pool/、crls/ 的信任目录"))
    ] = None,
) -> None:
    """Serve the interface and the console until interrupted."""
    from server.config import Config, Role
    from server.serving import serve

    serve(
        Config(host=host, port=port, database=database, role=Role(role), node=node, sandbox=sandbox, trust=trust), workers=workers
    )
