"""The engines that run the relational expressions: DuckDB embedded over files, PostgreSQL over the ledger's tables."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from cardstack.errors import Refused, problem
from cardstack.settlement.relations import Engine, text
from cardstack.text import Text
from server.store.commit import View

TOO_LARGE = problem(
    "CS-3068",
    Text("A sum is too large to be money here", "合计金额超出可处理范围"),
    Text(
        "Look for the line whose amount cannot be: sums hold 92 quadrillion yuan.", "请检查金额异常的明细；合计上限约九亿亿元。"
    ),
)
POSTING_COLUMNS = "window_id, debtor, creditor, amount_fen, phase"


class Duck:
    """An embedded DuckDB over Parquet files: nothing is loaded from outside, memory and threads are bounded."""

    def __init__(self, *, threads: int = 2, memory: str = "2GB") -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": str(threads), "memory_limit": memory})

    def table(self, name: str, path: Path) -> None:
        """Let a Parquet or CSV file be a table."""
        place = str(path).replace("'", "''")
        reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
        self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {reader}('{place}')")  # noqa: S608  # own names

    def rows(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Let rows be a table; for small sets."""
        declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({declared})")
        if rows:
            marks = ", ".join("?" * len(columns))
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608  # own names

    def run(self, expression: Any) -> list[tuple[Any, ...]]:
        """The rows of an expression; `Refused` (CS-3068) where a sum passes 64 bits."""
        with _within_64_bits():
            return list(self.connection.execute(text(expression, Engine.DUCKDB)).fetchall())

    def write(self, query: str, path: Path) -> None:
        """The rows of a query as a Parquet file."""
        place = str(path).replace("'", "''")
        self.connection.execute(f"COPY ({query}) TO '{place}' (FORMAT parquet)")

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()


def in_ledger(view: View, expression: Any) -> list[tuple[Any, ...]]:
    """An expression over the ledger's own tables, in whichever database holds them; `Refused` (CS-3068) past 64 bits."""
    engine = Engine.SQLITE if view.database.is_sqlite else Engine.POSTGRES
    with _within_64_bits():
        return [tuple(row) for row in view.all(text(expression, engine))]


@contextmanager
def _within_64_bits() -> Iterator[None]:
    """Say in so many words what an engine says in its own when a sum does not fit."""
    try:
        yield
    except Exception as error:
        in_sqlite = isinstance(error, sqlite3.OperationalError) and "overflow" in str(error)
        in_postgres = getattr(error, "sqlstate", "") == "22003"
        if not (in_sqlite or in_postgres or isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException)):
            raise
        raise Refused(Text("a sum past 64 bits", "合计超出 64 位整数"), TOO_LARGE) from error


def export_postings(view: View, path: Path, *, piece: int = 50_000) -> int:
    """The ledger's postings as a Parquet file, piece by piece; how many there were."""
    duck, count, after = Duck(), 0, 0
    kinds = dict.fromkeys(("window_id", "debtor", "creditor"), "VARCHAR") | {"amount_fen": "BIGINT", "phase": "VARCHAR"}
    declared = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    duck.connection.execute(f"CREATE TABLE posting ({declared})")
    csv = path.with_suffix(".csv.part")
    while rows := view.all(f"SELECT seq, {POSTING_COLUMNS} FROM posting WHERE seq > ? ORDER BY seq LIMIT ?", (after, piece)):  # noqa: S608  # own names
        with csv.open("w", encoding="utf-8") as part:
            part.writelines(f"{row[1]},{row[2]},{row[3]},{row[4]},{row[5]}\n" for row in rows)
        duck.connection.execute(f"COPY posting FROM '{str(csv).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER false)")
        count, after = count + len(rows), rows[-1][0]
    csv.unlink(missing_ok=True)
    duck.write("SELECT * FROM posting", path)
    duck.close()
    return count


def same(results: Iterable[Iterable[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """The rows on which several engines agree, sorted; `Refused` where they do not."""
    answers = [sorted(rows) for rows in results]
    if any(answer != answers[0] for answer in answers[1:]):
        raise Refused(Text("two engines disagree about one expression", "两个计算引擎对同一表达式的结果不一致"))
    return answers[0]
