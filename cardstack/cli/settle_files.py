"""`cardstack settle submit|pack|send`: what a node sends to a service: signed messages, and signed bulk files."""

import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import content
from cardstack.cli.labels import facts
from cardstack.cli.ledgers import Json, now, table
from cardstack.cli.output import choices, emit, language, words
from cardstack.cli.outputs import ready
from cardstack.errors import Malformed, told
from cardstack.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardstack.settlement.bulk.layout import Charset, Layout
    from server.identity import Identity

SIZE_MAX = 1 << 30
"""Bytes of lines to pack; what is signed is deflated, and no service takes more of it than any file may have."""
Url = Annotated[str, typer.Option(help=words("address of the service", "服务地址"))]
HERE = "http://127.0.0.1:8650"
Key = Annotated[
    Path | None,
    typer.Option(help=words("the node's private key (PKCS#8)", "节点签名私钥（PKCS#8）"), exists=True, dir_okay=False),
]
Certificate = Annotated[
    Path | None, typer.Option(help=words("its certificate and chain", "节点证书及证书链"), exists=True, dir_okay=False)
]
Password = Annotated[
    str, typer.Option(envvar="CARDSTACK_KEY_PASSWORD", help=words("of the private key, where it has one", "私钥口令（如有）"))
]


def submit(
    message: Annotated[
        Path,
        typer.Argument(
            help=words(
                "a signed envelope; or, with a key, a transaction or a list of them as JSON",
                "已签名报文；如提供私钥，可为未签名交易（单笔或数组）JSON",
            ),
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    url: Url = HERE,
    key: Key = None,
    certificate: Certificate = None,
    key_password: Password = "",
    as_json: Json = False,
) -> None:
    """Send messages, signed before or here and now; an answer a line, exit code 1 where one does not stand."""
    from server.client import Client

    raw = content(message)
    identity = _identity(key, certificate, key_password)
    client = Client(url)
    try:
        answers = client.send_batch(raw if identity is None else _sealed(raw, identity))
    finally:
        client.close()

    def why(one: dict[str, Any]) -> str:
        return str(one.get("window") or one.get("reason_text") or one.get("title", ""))

    rows = [(str(one["id"]), str(one["outcome"]), why(one)) for one in answers]
    titles = (words("message", "报文标识"), words("outcome", "结果"), words("window or reason", "窗口或原因"))
    emit(answers, as_json=as_json, render=lambda: table(titles, rows))
    if any(one["outcome"] not in {"accepted", "repeated", "received"} for one in answers):
        raise typer.Exit(1)


def pack_file(
    lines: Annotated[
        Path,
        typer.Argument(
            help=words(
                "lines of the layout, or CSV whose first line names its columns",
                "按布局排列的定长行，或首行为字段名的 CSV",
            ),
            exists=True,
            dir_okay=False,
        ),
    ],
    output: Annotated[Path, typer.Argument(callback=ready, help=words("the signed file", "输出的签名文件包"))],
    *,
    sender: Annotated[str, typer.Option(help=words("such as 33.transit-operator", "发送方，如 33.transit-operator"))],
    key: Key,
    certificate: Certificate,
    layout: Annotated[str, typer.Option(help="transit-1 | transit-2 | medical-1 | return-1")] = "transit-1",
    charset: Annotated[str, typer.Option(help="gb18030 | gbk | utf-8")] = "gb18030",
    name: Annotated[str, typer.Option(help=words("of the file; by default the output's", "文件名，缺省取输出文件名"))] = "",
    key_password: Password = "",
    as_json: Json = False,
) -> None:
    """Make a bulk file: manifest with lines and sum, signature, compressed data."""
    from cardstack.settlement.bulk.control import LAYOUTS, described
    from cardstack.settlement.bulk.layout import charset_of
    from cardstack.settlement.bulk.package import pack
    from cardstack.settlement.transaction import Party

    found = LAYOUTS.get(layout)
    identity = _identity(key, certificate, key_password)
    if found is None or identity is None:
        known = choices("layout", LAYOUTS)
        needed = Text(f"{known.en}, and a key with its certificate", f"{known.zh}，并须给出私钥与证书")
        raise Malformed(needed, field="layout")
    data = _lines(content(lines, SIZE_MAX), found.layout, charset_of(charset))
    told = described(
        data,
        name=name or output.stem,
        layout=layout,
        charset=charset,
        sender=Party(sender),
        at=now().replace(microsecond=0),
        certificates=identity.certificates,
    )
    output.write_bytes(pack(data, told, identity.signer))
    made = {
        "file": str(output),
        "layout": layout,
        "lines": told.lines,
        "total_fen": told.total_fen,
        "bytes": output.stat().st_size,
    }
    emit(made, as_json=as_json, render=lambda: facts(made))


def send(
    file: Annotated[Path, typer.Argument(help=words("a signed bulk file", "已签名的批量文件"), exists=True, dir_okay=False)],
    *,
    url: Url = HERE,
    answer: Annotated[
        Path | None, typer.Option("--return", callback=ready, help=words("write the signed return file here", "回盘文件写入此处"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a bulk file; exit code 1 where a line was not taken. After a lost reply, send the same file again."""
    from server.client import Client

    client = Client(url, timeout=600)
    try:
        told = client.send_file(content(file))
        if answer is not None and told["answered"]:
            answer.write_bytes(client.file_return(told["digest"]))
    finally:
        client.close()

    def render() -> None:
        names = ("kind", "sender", "state", "lines_ok", "lines_failed", "total_fen", "digest")
        facts({name: told[name] for name in names})
        if told["said"]["en"]:
            print(told["said"][language()])
        for one in told["faults"]:
            print(f"{one['line']}\t{one['id']}\t{one['code']}\t{one['text'][language()]}\t{one['column']}")

    emit(told, as_json=as_json, render=render)
    if told["lines_failed"] or told["state"] == "refused":
        raise typer.Exit(1)


def _identity(key: Path | None, certificate: Path | None, password: str) -> "Identity | None":
    from server.identity import Identity

    if (key is None) != (certificate is None):
        raise Malformed(Text("key, certificate: both or none", "key、certificate：须同时给出或都不给"), field="certificate")
    return None if key is None or certificate is None else Identity.load(key, certificate, password)


def _sealed(raw: bytes, identity: "Identity") -> bytes:
    """The envelope of unsigned transactions."""
    import msgspec

    from cardstack.settlement.envelope import seal
    from cardstack.settlement.wire import Content, transaction

    try:
        read = json.loads(raw)
        contents = msgspec.convert(read if isinstance(read, list) else [read], list[Content])
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Malformed(told(error, "transactions"), field="transactions") from error
    many = [transaction(one) for one in contents]
    return seal(many, identity.signer, identity.certificates, now().replace(microsecond=0))


def _lines(raw: bytes, layout: "Layout", charset: "Charset") -> bytes:
    """Lines of the layout: as they are, or made from CSV whose header names columns of it."""
    first = raw[: raw.find(b"\n") + 1].removeprefix(b"\xef\xbb\xbf").decode("ascii", errors="replace").strip().split(",")
    named = set(first) == {column.name for column in layout.columns}
    data = b"".join(_coded(raw, layout, charset)) if named else raw
    for number, piece in layout.numbered(data):
        _, _, faults = layout.sift(piece, number)
        if faults:
            raise Malformed(
                Text(f"line {faults[0].line}: {faults[0].column}", f"第 {faults[0].line} 行：{faults[0].column}"), field="lines"
            )
    return data


def _coded(raw: bytes, layout: "Layout", charset: "Charset") -> "Iterator[bytes]":
    import csv

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Malformed(
                Text("lines: neither UTF-8 nor GB 18030", "lines：既非 UTF-8 也非 GB 18030 编码"), field="lines"
            ) from error
    for number, row in enumerate(csv.DictReader(StringIO(text, newline="")), 2):
        try:
            yield layout.line({name: value or "" for name, value in row.items() if isinstance(name, str)}, charset)
        except (ValueError, KeyError) as error:
            raise Malformed(told(error, Text(f"line {number}", f"第 {number} 行")), field="lines") from error
