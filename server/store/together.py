"""A commit on PostgreSQL in as few messages as it has turns: what is asked, what is added.

A statement of its own for every table, each with its own way there and back, would take longer than all the rows, and other
threads would come in between every time. Here questions wait until one of their answers is needed, rows until something is asked
again or the commit ends, and all that waits goes out as one message of prepared statements. Rows travel as one JSON text a table.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection

HELD: Final = "held back"
PREPARED: Final = "prepared"
Row: TypeAlias = Sequence[Any]


class Into(NamedTuple):
    """Where rows go: a table, its columns (comma separated), and what is done with a row that is there (`ON CONFLICT …`)."""

    table: str
    columns: str
    known: str


class Together:
    """What the database has not been told yet."""

    def __init__(self, connection: Connection, driver: Any) -> None:
        from psycopg.sql import Literal  # noqa: PLC0415  # a base installation has no PostgreSQL

        self._driver, self._literal = driver, Literal
        self._prepared: dict[str, str] = connection.info.setdefault(PREPARED, {})
        self._script = ["BEGIN"]
        self._places: list[tuple[int, list[Any]]] = []
        self._rows: dict[Into, Sequence[Row]] = {}
        self.copying = ExitStack()
        """Ends the COPY that is under way, or gives it up where it is left by an error."""

    def ask(self, query: str, values: Sequence[Any]) -> Callable[[], list[Any]]:
        """The rows of a query, whose places are written as the driver's, when they are called for."""
        self._add_rows()
        found: list[Any] = []
        self._places.append((len(self._script), found))
        self._script.append(self._call(query, values))

        def answer() -> list[Any]:
            self.send()
            return found

        return answer

    def insert(self, into: Into, rows: Sequence[Row]) -> None:
        """Add rows. A table is written once in a statement, which does not see what it writes itself."""
        if any(one.table == into.table for one in self._rows):
            self._add_rows()
        self._rows[into] = rows

    def copy(self, into: Into, rows: Iterable[Row]) -> None:
        """Add many rows, by COPY: the database goes on with them until it is told the next."""
        self.send()
        copied(self._driver, into, rows, self.copying)

    def run(self, statement: str, rows: Sequence[Row]) -> None:
        """A statement once for each row."""
        self._add_rows()
        self._script += [self._call(statement, row) for row in rows]

    def send(self, last: str | None = None) -> None:
        """Tell the database all that waits, and this at last; what is asked is answered then."""
        self._add_rows()
        if last is not None:
            self._script.append(last)
        script, places = self._script, dict(self._places)
        self._script, self._places = [], []
        self.copying.close()
        if not script:
            return
        cursor = self._driver.execute(";".join(script))
        for place in range(len(script)):
            if place in places:
                places[place].extend(cursor.fetchall())
            cursor.nextset()

    def _add_rows(self) -> None:
        if self._rows:
            texts = [_json(into, rows) for into, rows in self._rows.items()]
            self._script.append(self._call(_insert(tuple(self._rows)), texts))
            self._rows = {}

    def _call(self, statement: str, values: Sequence[Any]) -> str:
        """A statement with its values, prepared when it is met first on this connection."""
        name = self._prepared.get(statement)
        if name is None:
            name = f"together_{len(self._prepared)}"
            self.copying.close()
            self._driver.execute(f"PREPARE {name} AS {_numbered(statement)}", prepare=False)
            self._prepared[statement] = name
        if not values:
            return f"EXECUTE {name}"
        return f"EXECUTE {name}({','.join(self._literal(value).as_string(self._driver) for value in values)})"


def copied(driver: Any, into: Into, rows: Iterable[Row], until: ExitStack) -> None:
    """Add many rows by COPY, which ends with `until`."""
    copy = until.enter_context(driver.cursor().copy(f"COPY {into.table} ({into.columns}) FROM STDIN"))
    for row in rows:
        copy.write_row(row)


@contextmanager
def together(connection: Connection, driver: Any) -> Iterator[None]:
    """Hold back what is asked and added, and commit at the end; a broken rule is raised by then at the latest.

    The connection is one that begins and commits nothing by itself, and is rolled back when it is given back.
    """
    held = connection.info[HELD] = Together(connection, driver)
    try:
        with held.copying:
            yield
            held.send("COMMIT")
    finally:
        del connection.info[HELD]


def held_back(connection: Connection) -> Together | None:
    """What is held back on a connection; None where nothing is."""
    held: Together | None = connection.info.get(HELD)
    return held


@cache
def _numbered(statement: str) -> str:
    numbers = count(1)
    return re.sub("%[s%]", lambda mark: f"${next(numbers)}" if mark[0] == "%s" else "%", statement)


@cache
def _insert(parts: tuple[Into, ...]) -> str:
    return f"WITH {', '.join(map(_part, parts, count()))} SELECT"


def _part(into: Into, place: int) -> str:
    rows = f"SELECT {into.columns} FROM json_populate_recordset(NULL::{into.table}, %s)"  # noqa: S608  # own names
    return f"_{place} AS (INSERT INTO {into.table} ({into.columns}) {rows} {into.known})"


def _json(into: Into, rows: Sequence[Row]) -> str:
    names = _names(into.columns)
    return msgspec.json.encode([dict(zip(names, map(_value, row), strict=True)) for row in rows]).decode()


def _value(value: Any) -> Any:
    return "\\x" + value.hex() if isinstance(value, bytes) else value


@cache
def _names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]
