"""`cardstack settle backup`: a copy of the ledger while it is in use."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.labels import facts
from cardstack.cli.ledgers import Database, Json, open_ledger
from cardstack.cli.output import emit, words
from cardstack.cli.outputs import ready


def backup(
    file: Annotated[Path, typer.Argument(callback=ready, help=words("the copy, a new file", "备份文件（新文件）"))],
    *,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Copy a SQLite ledger as it is at this moment, while the service goes on; the copy is a ledger like any other."""
    from rich.console import Console
    from rich.progress import Progress

    from server.store.backup import back_up

    with open_ledger(database) as store, Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task(words("copying", "正在备份"), total=None)
        size = back_up(store.database, file, lambda done, total: bar.update(task, completed=done, total=total))
    data = {"file": str(file), "bytes": size}
    emit(data, as_json=as_json, render=lambda: facts(data))
