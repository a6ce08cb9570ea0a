"""`cardstack serve`: the settlement service, as a hub or as a node that sends to one."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.output import words

if TYPE_CHECKING:
    from server.config import Config
    from server.serving import Served

Json = Annotated[bool, typer.Option("--json", help=words("print a line of JSON once it listens", "就绪后输出一行 JSON"))]


def command(
    *,
    host: Annotated[str | None, typer.Option(help=words("address to listen on [127.0.0.1]", "监听地址 [127.0.0.1]"))] = None,
    port: Annotated[int | None, typer.Option(help=words("port to listen on [8650]", "监听端口 [8650]"))] = None,
    database: Annotated[
        str | None, typer.Option(help=words("sqlite:///path or postgresql://…", "sqlite:///路径 或 postgresql://…"))
    ] = None,
    role: Annotated[str | None, typer.Option(help="[hub] | province | hospital | operator")] = None,
    node: Annotated[str | None, typer.Option(help=words("this node's name [00.hub]", "本节点名称 [00.hub]"))] = None,
    hub: Annotated[str | None, typer.Option(help=words("address of the hub that a node sends to", "节点上送的中心地址"))] = None,
    key: Annotated[
        Path | None, typer.Option(help=words("private key (PKCS#8) to sign receipts and messages", "签名私钥（PKCS#8）"))
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help=words("its certificate and chain, PEM", "对应证书及证书链 PEM"))
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help=words("worker processes of a hub", "中心的工作进程数"))] = 1,
    sandbox: Annotated[
        bool | None, typer.Option("--sandbox/--no-sandbox", help=words("a clock that can be set", "可设置的演练时钟"))
    ] = None,
    signed_reads: Annotated[
        bool | None,
        typer.Option("--signed-reads/--open-reads", help=words("only signed callers may read", "查询也须签名")),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(help=words("folder with anchors/, pool/ and crls/", "含 anchors/、pool/、crls/ 的信任目录"))
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help=words("TLS certificate, PEM", "TLS 证书"))] = None,
    tls_key: Annotated[Path | None, typer.Option(help=words("TLS private key, PKCS#8", "TLS 私钥（PKCS#8）"))] = None,
    tls_clients: Annotated[
        Path | None,
        typer.Option(help=words("authorities of client certificates: mutual TLS", "客户端证书签发机构（启用双向 TLS）")),
    ] = None,
    tls_crl: Annotated[list[Path] | None, typer.Option(help=words("revocation lists for clients", "客户端吊销列表"))] = None,
    as_json: Json = False,
) -> None:
    """Serve the interface and the console until interrupted. What no option says, a variable CARDSTACK_* may say."""
    from server import tls
    from server.config import settings
    from server.serving import serve

    config = settings(
        host=host,
        port=port,
        database=database,
        role=role,
        node=node,
        hub=hub,
        key=key,
        certificate=certificate,
        sandbox=sandbox,
        signed_reads=signed_reads,
        trust=trust,
    )
    options = tls.options(tls_certificate, tls_key, tls_clients, tls_crl or ())
    serve(config, workers=workers, tls=options, listening=partial(_say, config) if as_json else None)


def _say(config: "Config", served: "Served") -> None:
    data = {"address": served.address, "role": config.role, "node": config.node, "links": served.links}
    print(json.dumps(data, ensure_ascii=False), flush=True)
