"""The two databases behind one small set of words: connect, write alone, insert rows, find what is known.

SQLite runs in WAL mode with synchronous=FULL, PostgreSQL with its default durability: a commit that returned is on
disk. Writers of the ledger take turns (BEGIN IMMEDIATE, an advisory lock), because each commit is sealed with the
hash of the one before it.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import chain
from time import monotonic
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cardstack.errors import Malformed, problem
from cardstack.text import Text
from server.store.together import Into, copied, held_back, together

LOCK: Final = 0x63617264
"""The advisory lock under which PostgreSQL's ledger is written."""

PATIENCE: Final = {"connect_timeout": 10, "tcp_user_timeout": 30_000}
"""How long PostgreSQL may take to be reached (s), and the network to carry what is sent (ms), unless its address says so."""
TURN_MS: Final = 60_000
"""For how long a writer waits for its turn, on either database: whoever holds it may have been stopped."""
TURN: Final = f"SELECT set_config('lock_timeout', '{TURN_MS}', true), pg_advisory_xact_lock({LOCK})"
"""How PostgreSQL gives a writer its turn, for as long as its transaction lasts."""

LOOK_MS: Final = 1
"""How long SQLite waits between two looks whether a writer's turn has come."""

FEW: Final = 64
"""From how many rows on PostgreSQL takes COPY instead of single statements."""

MARKS_MAX: Final = 999
"""How many values one statement takes on any SQLite."""
MANY: Final = 128
"""How many rows one statement adds at most; beyond, none was quicker."""

BY_KEY: Final = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
"""How PostgreSQL plans for whoever writes: what is asked is asked by its key, while a plan that was made when the tables were
small would go on reading all of them."""

Row = Sequence[Any]

NO_ADDRESS: Final = problem(
    "CS-4041",
    Text("That is no address of a database", "数据库地址不正确"),
    Text(
        "Give sqlite:///PATH for a file, or postgresql://USER@HOST/NAME.",
        "请填写 sqlite:///路径（文件）或 postgresql://用户@主机/库名。",
    ),
)


def connect(url: str, *, alone: bool = False) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; psycopg 3 is PostgreSQL's driver. `Malformed` CS-4041.

    `alone` is one with one connection, whose turns are taken in order: what SQLite has read stays in memory from turn to
    turn, and PostgreSQL's says itself when it begins, commits and prepares.
    """
    parsed = _address(url)
    pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": TURN_MS / 1000} if alone else {}
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed.set(drivername="sqlite"),
            connect_args={"check_same_thread": False},
            **{"pool_size": 16, "max_overflow": 48, "pool_timeout": TURN_MS / 1000} | pool,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        if alone:
            event.listen(engine, "connect", _look_often)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    patience = {name: value for name, value in PATIENCE.items() if name not in parsed.query}
    parsed = parsed.set(drivername="postgresql+psycopg")
    if alone:  # by itself the driver would forget all that is prepared whenever something is given up
        said = patience | {"prepare_threshold": None}
        engine = create_engine(parsed, connect_args=said, isolation_level="AUTOCOMMIT", **pool)
        event.listen(engine, "connect", _plan_by_key)
        return engine
    return create_engine(parsed, connect_args=patience, pool_size=8, max_overflow=24)


def _address(url: str) -> URL:
    """A database in a file or of PostgreSQL: one in memory would hold nothing durable."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise Malformed(problem=NO_ADDRESS, field="database") from None
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and parsed.database in (None, "", ":memory:")):
        raise Malformed(backend, NO_ADDRESS, field="database")
    return parsed


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={TURN_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "wal_autocheckpoint=8192",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """The driver begins nothing by itself."""
    if connection.get_execution_options().get("writes"):
        _take_turn(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _look_often(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={LOOK_MS}")


def _plan_by_key(connection: Any, _record: Any) -> None:
    connection.execute(BY_KEY)
    connection.commit()


def _take_turn(connection: Connection) -> None:
    """A writer takes the write lock at once, so that it cannot fail half-way.

    SQLite's own patience looks ever more seldom, at last every 100 ms: among processes that write all the time most turns
    would go to whoever has just had one.
    """
    until = monotonic() + TURN_MS / 1000
    while monotonic() < until:
        try:
            driver(connection).execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """One database, and the words in which the two differ."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.writer = (connect(url, alone=True) if self.is_sqlite else self.engine).execution_options(writes=True)
        self.alone = None if self.is_sqlite else connect(url, alone=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[Connection]:
        """The only writer of the ledger; everything becomes durable at the end, or nothing.

        With `at_once` PostgreSQL is told together what can be told together: a broken rule is raised by the end at the latest.
        """
        if at_once and self.alone is not None:
            with self.alone.connect() as connection, together(connection, driver(connection)):
                self.ask(connection, TURN)
                yield connection
            return
        with self.writer.connect() as connection, connection.begin():
            if not self.is_sqlite:
                driver(connection).execute(TURN)
            yield connection

    def insert(self, connection: Connection, table: str, columns: str, rows: Sequence[Row], known: str = "") -> None:
        """Add rows given as tuples in the order of `columns` (comma separated); by the driver, not by objects.

        `known` is what is done with a row that is there: `ON CONFLICT …`, one row after another.
        """
        if not rows:
            return
        held, many, into = held_back(connection), len(rows) >= FEW and not known, Into(table, columns, known)
        if self.is_sqlite:
            _insert_many(driver(connection), table, columns, rows, known)
        elif held is not None:
            (held.copy if many else held.insert)(into, rows)
        elif many:
            with ExitStack() as until:
                copied(driver(connection), into, rows, until)
        else:
            marks = ",".join(["%s"] * (columns.count(",") + 1))
            with driver(connection).cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks}) {known}", rows)  # noqa: S608  # own names

    def _ready(self, connection: Connection) -> Any:
        """The driver's connection, once it was told what is held back: a statement sees what was added before."""
        if held := held_back(connection):
            held.send()
        return driver(connection)

    def among(self, connection: Connection, query: str, values: Iterable[Any]) -> list[Any]:
        """The rows of a query in which `{these}` stands for a set of values: `… WHERE id IN {these}`."""
        return self.ask_among(connection, query, values)()

    def ask_among(self, connection: Connection, query: str, values: Iterable[Any]) -> Callable[[], list[Any]]:
        """The same, as `ask`."""
        asked = list(values)
        if not asked:
            return list
        return self._ask(connection, *set_query(query, asked, is_sqlite=self.is_sqlite))

    def ask(self, connection: Connection, query: str, values: Sequence[Any] = ()) -> Callable[[], list[Any]]:
        """A query whose places are written `?`; its rows when they are called for, while others may be asked as well."""
        return self._ask(connection, query if self.is_sqlite else _marked(query), values)

    def _ask(self, connection: Connection, query: str, values: Sequence[Any]) -> Callable[[], list[Any]]:
        if held := held_back(connection):
            return held.ask(query, values)
        found: Callable[[], list[Any]] = driver(connection).execute(query, tuple(values)).fetchall
        return found

    def all(self, connection: Connection, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query whose places are written `?`."""
        return self.ask(connection, query, values)()

    def change(self, connection: Connection, statement: str, first: int, texts: Sequence[str]) -> int:
        """One statement over texts in order; how many rows it made.

        `{numbered}` stands for the texts (`key`, from 0, and `value`), the one `?` before it for the number `first`.
        """
        if self.is_sqlite:
            given = statement.format(numbered="json_each(?)")
            return int(driver(connection).execute(given, (first, msgspec.json.encode(texts).decode())).rowcount)
        numbered = "(SELECT place - 1, value FROM unnest(%s::text[]) WITH ORDINALITY AS _ (value, place)) AS _ (key, value)"
        with self._ready(connection).cursor() as cursor:
            return int(cursor.execute(statement.replace("?", "%s").format(numbered=numbered), (first, list(texts))).rowcount)

    def run(self, connection: Connection, statement: str, rows: Sequence[Row]) -> None:
        """A statement with `?` places, once for each row, after all that was added before."""
        if self.is_sqlite:
            driver(connection).executemany(statement, rows)
        elif held := held_back(connection):
            held.run(_marked(statement), rows)
        elif rows:
            with driver(connection).cursor() as cursor:
                cursor.executemany(_marked(statement), rows)

    def close(self) -> None:
        """Give back every connection."""
        for engine in (self.engine, self.writer, self.alone):
            if engine is not None:
                engine.dispose()


def _marked(statement: str) -> str:
    """A statement whose places are written `?` as PostgreSQL's driver takes it."""
    return statement.replace("%", "%%").replace("?", "%s")


def _insert_many(sqlite: Any, table: str, columns: str, rows: Sequence[Row], known: str) -> None:
    """Many rows a statement: to start and end one costs SQLite as much again as the row."""
    many = min(MANY, MARKS_MAX // (columns.count(",") + 1))
    whole = len(rows) - len(rows) % many
    for start in range(0, whole, many):
        sqlite.execute(_insert_text(table, columns, many, known), tuple(chain.from_iterable(rows[start : start + many])))
    sqlite.executemany(_insert_text(table, columns, 1, known), rows[whole:])


@cache
def _insert_text(table: str, columns: str, rows: int, known: str) -> str:
    marks = f"({','.join('?' * (columns.count(',') + 1))})"
    return f"INSERT INTO {table} ({columns}) VALUES {','.join([marks] * rows)} {known}"  # noqa: S608  # own names


def set_query(query: str, asked: list[Any], *, is_sqlite: bool) -> tuple[str, tuple[Any, ...]]:
    """A query over a set of values as the driver takes it, in one statement whatever their number: they go as one JSON text."""
    values = (msgspec.json.encode(asked, enc_hook=str).decode(),)
    if is_sqlite:
        return query.format(these="(SELECT value FROM json_each(?))"), values
    value = "value::bigint" if isinstance(asked[0], int) else "value"
    return query.format(these=f"(SELECT {value} FROM json_array_elements_text(%s::json))"), values  # noqa: S608  # own words


def driver(connection: Connection) -> Any:
    """The driver's own connection, for work by sets."""
    return connection.connection.driver_connection
