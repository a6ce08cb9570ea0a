"""What the commands about a ledger share: opening it, the hour, tables, and their common options."""

from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import typer

from cardstack.cli.output import choices, words
from cardstack.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from server.store.store import Store

Database: TypeAlias = Annotated[
    str,
    typer.Option(
        help=words(
            "sqlite:///path or postgresql://…; by default the ledger under CARDSTACK_HOME",
            "数据库地址，默认为 CARDSTACK_HOME 下的账本",
        )
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help=words("print JSON", "输出 JSON"))]
WindowId: TypeAlias = Annotated[str, typer.Argument(help=words("such as transit-2026-11-22", "如 transit-2026-11-22"))]
Actor: TypeAlias = Annotated[str, typer.Option(help=words("who does it", "操作人"))]

Word = TypeVar("Word", bound=StrEnum)


def one_of(kind: type[Word], told: str, field: str) -> Word:
    """The member of a declared list that was typed; `Malformed` names those there are."""
    try:
        return kind(told)
    except ValueError:
        raise Malformed(choices(field, kind), field=field) from None


@contextmanager
def open_ledger(database: str) -> "Iterator[Store]":
    """The ledger that a command works on."""
    from server.config import settings
    from server.store import open_store

    config = settings(database=database or None)
    config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(config.database_url)
    try:
        yield store
    finally:
        store.close()


def now() -> datetime:
    """The machine's clock."""
    from server.clock import system

    return system()


def table(titles: tuple[str, ...], rows: "Sequence[tuple[Any, ...]]") -> None:
    """Rows for people."""
    from rich.console import Console
    from rich.table import Table

    made = Table(*titles, box=None)
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    Console().print(made)
