"""`cardstack ca audit`: the hash-chained log of an authority."""

from typing import Annotated

import typer

from cardstack.cli.ca_homes import AsJson, Id, authority, folder
from cardstack.cli.labels import facts
from cardstack.cli.output import emit, words

app = typer.Typer(no_args_is_help=True, add_completion=False, help=words("The hash-chained audit log.", "哈希链审计日志。"))


@app.command(
    help=words("Walk the chain and its signatures; the first broken line is named.", "逐行核验哈希链与签名，指出首个断裂行。")
)
def verify(
    id_: Id,
    *,
    head: Annotated[
        str, typer.Option(help=words("A head noted earlier that must still be there.", "此前记录、必须仍在链上的哈希。"))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Walk the chain; the signed checkpoints are checked with the authority's certificate, which is read without the log."""
    from cardstack.ca import audit
    from cardstack.ca.certificate import Certificate
    from cardstack.vault import files

    place = folder() / id_
    owns = [place / "ca.pem", *sorted((place / "retired").glob("*.pem"))]
    keys = [Certificate.parse(files.read(path)).public_key for path in owns]
    text = files.read(place / "audit.jsonl").decode("utf-8", errors="replace")
    verdict = audit.verify(text.splitlines(), keys, head=head or None)
    data = {
        "lines": verdict.lines,
        "head": verdict.head,
        "checkpoints": verdict.checkpoints,
        "signed_until": verdict.signed_until,
    }
    emit(data, as_json=as_json, render=lambda: facts(data))


@app.command(help=words("The log's lines, newest last.", "日志内容，最新在后。"))
def show(
    id_: Id,
    *,
    last: Annotated[int, typer.Option(min=1, help=words("So many lines.", "行数。"))] = 20,
    as_json: AsJson = False,
) -> None:
    """Who did what when."""
    import json

    home = authority(id_)
    lines = [json.loads(line) for line in home.journal.path.read_text("utf-8").splitlines()[-last:]]

    def table() -> None:
        for line in lines:
            print(f"{line['number']:5}  {line['at'][:19]}  {line['actor']:16}  {line['action']:10}  {line['facts']}")

    emit({"lines": lines}, as_json=as_json, render=table)
