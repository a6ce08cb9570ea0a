"""`cardstack settle split` and `settle file`: what a bill comes to and why; what a bulk file says, line by line."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cardstack.cli.inputs import content, day_of, text_of
from cardstack.cli.output import choices, emit, language, words
from cardstack.cli.outputs import ready
from cardstack.errors import Malformed
from cardstack.text import Text

Json = Annotated[bool, typer.Option("--json", help=words("print JSON", "输出 JSON"))]


def split(
    claim: Annotated[
        Path, typer.Argument(help=words("a claim as JSON (the member `claim` of a message)", "费用明细 JSON 文件"), exists=True)
    ],
    day: Annotated[str, typer.Option(help=words("day whose figures apply, YYYY-MM-DD", "适用政策日期 YYYY-MM-DD"))],
    *,
    as_json: Json = False,
) -> None:
    """Split a medical bill and say why, step by step."""
    import msgspec

    from cardstack.settlement.medical.claim import read_claim
    from cardstack.settlement.schemes.medical import compute

    when = day_of(day, "day")
    try:
        body = json.loads(text_of(claim, "claim"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(Text("claim: not JSON", "claim：不是 JSON"), field="claim") from error
    result = compute(read_claim(body.get("claim", body) if isinstance(body, dict) else {}), when)
    steps = [{**step._asdict(), "what": step.what._asdict()} for step in result.steps]
    data = {"setlinfo": msgspec.to_builtins(result.info), "setldetail": result.detail(), "steps": steps}

    def render() -> None:
        for step in result.steps:
            print(f"{step.what.of(language())}  [{step.rule}]")

    emit(data, as_json=as_json, render=render)


def file(
    path: Annotated[Path, typer.Argument(help=words("a bulk file (archive)", "批量文件（压缩包）"), exists=True, dir_okay=False)],
    answer: Annotated[
        Path | None,
        typer.Option("--return", callback=ready, help=words("write the return file's lines here", "回盘明细写入该文件")),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check a bulk file against its layout and rules with the test keys; the signature is checked where it is posted."""
    from cardstack.settlement.bulk import control
    from cardstack.settlement.bulk.layout import charset_of
    from cardstack.settlement.bulk.package import unpack

    package = unpack(content(path))
    control.check(package)
    lines, faults = _read(package)
    if answer is not None:
        from cardstack.settlement.bulk import medical_file, return_file
        from cardstack.settlement.schemes.transit import REASONS

        known = {**REASONS, **medical_file.REASONS}
        answer.write_bytes(return_file.body(faults, known, charset_of(package.manifest.charset)))
    manifest = package.manifest
    data = {
        "name": manifest.name,
        "layout": manifest.layout,
        "sender": manifest.sender,
        "made_at": manifest.made_at.isoformat(),
        "lines": lines,
        "refused": [fault._asdict() for fault in faults],
    }

    def render() -> None:
        print(f"{manifest.name} {manifest.layout} {manifest.sender}: {lines}")
        for fault in faults:
            print(f"{fault.line}\t{fault.id}\t{fault.code}\t{fault.column}")

    emit(data, as_json=as_json, render=render)
    if faults:
        raise typer.Exit(1)


def _read(package: Any) -> tuple[int, list[Any]]:
    """The number of lines taken, and the faults of the others."""
    from cardstack.settlement.bulk import medical_file, transit_file, transit_layout
    from cardstack.settlement.bulk.layout import charset_of
    from cardstack.settlement.schemes.transit import TRANSIT

    charset, layout = charset_of(package.manifest.charset), package.manifest.layout
    taken = 0
    faults: list[Any] = []
    if layout in transit_layout.LAYOUTS:
        for batch in transit_file.of_package(package, TRANSIT):
            taken += len(batch.columns.ids)
            faults += batch.faults
    elif layout == medical_file.LAYOUT.name:
        for books in medical_file.batches(package.pieces(), charset=charset):
            taken += len(books.books)
            faults += books.faults
    else:
        raise Malformed(choices("layout", (*transit_layout.LAYOUTS, medical_file.LAYOUT.name)), field="layout")
    return taken, faults
