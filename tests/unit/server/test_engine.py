"""The words in which the two databases differ say the same of both."""

import sqlite3

import psycopg
import pytest

from server.store.engine import driver, set_query
from server.store.store import Store

COLUMNS = "seq, at, kind, subject, data"
EACH_WAY = [(False, 1), (False, 100), (True, 1), (True, 100)]
BROKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)


def events(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return [subject for (subject,) in store.database.all(connection, "SELECT subject FROM event ORDER BY seq")]


def add(store: Store, at_once: bool, many: int, *numbers: int, error: Exception | None = None) -> None:
    """So many events of each of these numbers, a statement each number, and the error at the end."""
    with store.database.writing(at_once=at_once) as connection:
        for number in numbers:
            rows = [(number * 1000 + n, 0, "k", str(number), "{}") for n in range(many)]
            store.database.insert(connection, "event", COLUMNS, rows)
        if error is not None:
            raise error


@pytest.mark.parametrize(("at_once", "many"), EACH_WAY)
def test_what_breaks_a_rule_takes_its_whole_write_along(store: Store, at_once: bool, many: int) -> None:
    """It is raised by the end at the latest, and the next write finds nothing of it."""
    before = events(store)
    with pytest.raises(BROKEN):
        add(store, at_once, many, 9001, 9001, 9002)
    assert events(store) == before
    add(store, at_once, many, 9001)
    assert events(store) == [*before, *["9001"] * many]


@pytest.mark.parametrize(("at_once", "many"), EACH_WAY)
def test_a_write_that_is_given_up_leaves_nothing(
    store: Store, at_once: bool, many: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the database had not heard of it yet, or had not heard its end; the next one is as ever."""
    before = events(store)
    with pytest.raises(KeyError):
        add(store, at_once, many, 9001, error=KeyError())
    assert events(store) == before
    assert not caplog.records
    add(store, at_once, many, 9001)
    assert events(store) == [*before, *["9001"] * many]


@pytest.mark.parametrize("at_once", [False, True])
def test_questions_are_answered_in_any_order(store: Store, at_once: bool) -> None:
    """Several may be under way, among statements that ask for nothing; many rows may be written among them."""
    db = store.database
    with db.writing(at_once=at_once) as connection:
        first = db.ask(connection, "SELECT COUNT(*) FROM event WHERE seq >= ?", (9000,))
        db.insert(connection, "event", COLUMNS, [(9000 + n, 0, "k", str(n), "{}") for n in range(100)])
        second = db.ask_among(connection, "SELECT subject FROM event WHERE seq IN {these} ORDER BY seq", [9001, 9003])
        nothing = db.ask_among(connection, "SELECT subject FROM event WHERE seq IN {these}", [])
        assert (second(), first(), nothing()) == ([("1",), ("3",)], [(0,)], [])


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_connection_that_broke_is_replaced(store: Store) -> None:
    """Whoever was writing hears of it; the next one writes, and finds nothing of it."""
    add(store, True, 1, 9001)
    with pytest.raises(psycopg.OperationalError):
        _break(store)
    add(store, True, 1, 9003)
    assert events(store)[-2:] == ["9001", "9003"]


def _break(store: Store) -> None:
    """A write whose connection is ended from outside."""
    db = store.database
    with db.writing(at_once=True) as connection:
        db.insert(connection, "event", COLUMNS, [(9002, 0, "k", "9002", "{}")])
        ((mine,),) = db.all(connection, "SELECT pg_backend_pid()")
        with db.reading() as other:
            db.all(other, "SELECT pg_terminate_backend(?)", (mine,))
        db.all(connection, "SELECT 1")


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_writer_asks_by_key_however_small_the_tables_were(store: Store) -> None:
    """What is prepared in an empty ledger is not planned anew while it grows."""
    query, values = set_query("EXPLAIN SELECT id FROM entry WHERE id IN {these}", ["one"], is_sqlite=False)
    with store.database.writing(at_once=True) as connection:
        store.database.all(connection, "SELECT 1")
        plan = "\n".join(line for (line,) in driver(connection).execute(query, values).fetchall())
    assert "Seq Scan" not in plan
    assert "entry_id_key" in plan
