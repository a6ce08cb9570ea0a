"""The words in which the two databases differ say the same of both."""

import sqlite3

import psycopg
import pytest

from server.store.store import Store

COLUMNS = "seq, at, kind, subject, data"
BROKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)


def events(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return [subject for (subject,) in store.database.all(connection, "SELECT subject FROM event ORDER BY seq")]


def add(store: Store, few: bool, *numbers: int, error: Exception | None = None) -> None:
    """Events of these numbers, a statement each, and the error at the end."""
    with store.database.writing(few=few) as connection:
        for seq in numbers:
            store.database.insert(connection, "event", COLUMNS, [(seq, 0, "k", str(seq), "{}")])
        if error is not None:
            raise error


@pytest.mark.parametrize("few", [False, True])
def test_what_breaks_a_rule_takes_its_whole_write_along(store: Store, few: bool) -> None:
    """It is raised by the end at the latest, and the next write finds nothing of it."""
    before = events(store)
    with pytest.raises(BROKEN):
        add(store, few, 9001, 9001, 9002)
    assert events(store) == before
    add(store, few, 9001)
    assert events(store) == [*before, "9001"]


@pytest.mark.parametrize("few", [False, True])
def test_a_write_that_is_given_up_leaves_nothing(store: Store, few: bool) -> None:
    """Also where the database had not heard of it yet."""
    before = events(store)
    with pytest.raises(KeyError):
        add(store, few, 9001, error=KeyError())
    assert events(store) == before


@pytest.mark.parametrize("few", [False, True])
def test_questions_are_answered_in_any_order(store: Store, few: bool) -> None:
    """Several may be under way, among statements that ask for nothing; many rows may be written among them."""
    db = store.database
    with db.writing(few=few) as connection:
        first = db.ask(connection, "SELECT COUNT(*) FROM event WHERE seq >= ?", (9000,))
        db.insert(connection, "event", COLUMNS, [(9000 + n, 0, "k", str(n), "{}") for n in range(100)])
        second = db.ask_among(connection, "SELECT subject FROM event WHERE seq IN {these} ORDER BY seq", [9001, 9003])
        nothing = db.ask_among(connection, "SELECT subject FROM event WHERE seq IN {these}", [])
        assert (second(), first(), nothing()) == ([("1",), ("3",)], [(0,)], [])
