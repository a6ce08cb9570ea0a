"""What the database was asked while pages were made, and how it went about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event

from server.store import engine
from server.store.engine import driver
from server.store.store import Store


class Watch:
    """Every statement of a page, with the values of its last time."""

    def __init__(self, store: Store) -> None:
        self.store, self.page = store, ""
        self.asked: dict[str, dict[str, tuple[Any, ...]]] = {}
        event.listen(store.database.engine, "before_cursor_execute", self._by_orm)
        self._all = store.database.all
        self._among = store.database.among
        store.database.all = self._by_driver  # type: ignore[method-assign]  # a bench may look over a shoulder
        store.database.among = self._by_set  # type: ignore[method-assign]  # as above

    def _note(self, statement: str, values: Sequence[Any] | dict[str, Any]) -> None:
        if self.page and statement.lstrip()[:6].upper() in {"SELECT", "WITH"}:
            kept = values if isinstance(values, dict) else tuple(values)
            self.asked.setdefault(self.page, {})[statement] = kept  # type: ignore[assignment]  # psycopg takes both

    def _by_orm(
        self, _connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool
    ) -> None:  # SQLAlchemy's signature
        self._note(statement, values)

    def _by_driver(self, connection: Any, query: str, values: Sequence[Any] = ()) -> list[Any]:
        self._note(query if self.store.database.is_sqlite else query.replace("%", "%%").replace("?", "%s"), values)
        return self._all(connection, query, values)

    def _by_set(self, connection: Any, query: str, values: Any) -> list[Any]:
        asked = list(values)
        if asked:
            self._note(*engine.set_query(query, asked, is_sqlite=self.store.database.is_sqlite))
        return self._among(connection, query, asked)

    def write(self, path: Path) -> None:
        """The plan of each statement, by page; the same statement is explained once."""
        path.parent.mkdir(parents=True, exist_ok=True)
        explain = "EXPLAIN QUERY PLAN" if self.store.database.is_sqlite else "EXPLAIN (ANALYZE, BUFFERS)"
        told: set[str] = set()
        with path.open("w", encoding="utf-8") as file, self.store.database.reading() as connection:
            for page, statements in self.asked.items():
                file.write(f"== {page}\n")
                for statement, values in statements.items():
                    file.write(f"-- {' '.join(statement.split())}\n")
                    if statement not in told:
                        told.add(statement)
                        rows = driver(connection).execute(f"{explain} {statement}", values).fetchall()
                        file.writelines(f"   {row[-1]}\n" for row in rows)
                file.write("\n")
