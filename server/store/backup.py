"""A copy of a ledger while it is in use."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cardstack.errors import Refused, problem
from cardstack.text import Text
from server.store.engine import Database, driver

PAGES: Final = 4096
"""How many pages are copied between two words about the progress."""

NOT_IN_A_FILE: Final = problem(
    "CS-4092",
    Text("This ledger is in PostgreSQL and not in a file", "账本在 PostgreSQL 中，不是文件"),
    Text(
        "Use the database's own tools: pg_dump, or pg_basebackup with archived WAL.",
        "请使用数据库自带工具：pg_dump，或 pg_basebackup 并归档 WAL。",
    ),
)
THERE_ALREADY: Final = problem(
    "CS-4093",
    Text("There is a file of that name already", "已有同名文件"),
    Text("Give another name: a copy never takes the place of an earlier one.", "请另取文件名：备份不会覆盖已有文件。"),
)
NOT_COPIED: Final = problem(
    "CS-4094",
    Text("The copy could not be written, or is not whole", "备份未能写入或不完整"),
    Text("Look at the space and the rights of that folder, then copy again.", "请检查目录空间与权限后重试。"),
)


def back_up(database: Database, to: Path, told: Callable[[int, int], None]) -> int:
    """Copy a SQLite ledger as it is at this moment while others go on writing; the bytes of the copy.

    `told` hears how many pages are done and how many there are. The copy appears under its name when it is whole and on disk.
    `Refused`: CS-4092 where the ledger is in PostgreSQL, CS-4093 where the name is taken, CS-4094 where it cannot be written.
    """
    if not database.is_sqlite:
        raise Refused("database", NOT_IN_A_FILE, field="database")
    if to.exists():
        raise Refused(str(to), THERE_ALREADY, field="file")
    part = to.with_name(f"{to.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        _copy(database, part, told)
        part.rename(to)
    except (sqlite3.Error, OSError) as error:
        # The words of the system stay as they are.
        raise Refused(Text(f"{to}: {error}", f"{to}：{error}"), NOT_COPIED, field="file") from error
    finally:
        part.unlink(missing_ok=True)
    return to.stat().st_size


def _copy(database: Database, part: Path, told: Callable[[int, int], None]) -> None:
    """Page after page of one moment: what others write meanwhile is not seen by a transaction that has read."""
    copy = sqlite3.connect(part)
    try:
        with database.reading() as connection:
            ledger = driver(connection)
            ledger.execute("SELECT 1 FROM block LIMIT 1").fetchall()
            ledger.backup(copy, pages=PAGES, progress=lambda _status, left, all_: told(all_ - left, all_))
        copy.execute("PRAGMA journal_mode=DELETE")
        ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    finally:
        copy.close()
    with part.open("rb") as whole:
        os.fsync(whole.fileno())
