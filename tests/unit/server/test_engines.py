"""One declared expression, several engines, the same rows as the plain functions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import Refused
from cardstack.settlement import reconcile
from cardstack.settlement.reconcile import Difference, Entry
from cardstack.settlement.relations import LINES, NETTING, TOTALS, TWICE, Engine, text
from cardstack.values import Fen
from server.engines import Duck, export_postings, in_ledger, same
from server.store.commit import View
from server.store.store import Store
from tests.ledgers import NOON, bill, message_id, submission


def test_netting_is_the_same_in_every_engine(store: Store, tmp_path: Path) -> None:
    """The ledger's database and DuckDB over a file of its postings give the nets of the balances."""
    store.submit([submission(*(bill(serial, 100 + serial) for serial in range(30)))], NOON)
    store.submit([submission(bill(40, reverses=message_id(3)), bill(41, pending=True))], NOON)
    store.close_window("toy-2026-11-22", actor="clerk", now=NOON)
    store.submit([submission(bill(42, 777))], NOON)
    duck = Duck()
    with store.view() as view:
        assert export_postings(view, tmp_path / "posting.parquet") == 33
        duck.table("posting", tmp_path / "posting.parquet")
        rows = same([in_ledger(view, NETTING), duck.run(NETTING)])
    duck.close()
    windows = ("toy-2026-11-22", "toy-2026-11-23")
    kept = [(w, str(one.party), one.receives_fen, one.pays_fen, one.net_fen) for w in windows for one in store.positions(w)]
    assert rows == sorted(kept)


ENTRIES = st.lists(
    st.builds(
        Entry,
        group=st.sampled_from("ab"),
        id=st.sampled_from("123456"),
        amount_fen=st.sampled_from((Fen(1), Fen(2))),
        reversed=st.booleans(),
    ),
    unique_by=lambda one: one.id,
    max_size=6,
)


DUCK = Duck(threads=1)
BOOK = {"grp": "VARCHAR", "id": "VARCHAR", "amount_fen": "BIGINT", "reversed": "BOOLEAN"}


@settings(deadline=None, max_examples=25)
@given(ENTRIES, ENTRIES, st.lists(st.integers(0, 5), max_size=3))
def test_reconciliation_is_the_same_as_the_plain_function(ours: list[Entry], theirs: list[Entry], again: list[int]) -> None:
    """Totals, lines and what they have twice, of DuckDB against those of `reconcile`."""
    duck = DUCK
    once = len(theirs)
    theirs = theirs + [theirs[place] for place in again if place < once]
    duck.rows("ours", BOOK, ours)
    duck.rows("theirs", BOOK, theirs)
    assert sorted(duck.run(TOTALS)) == [tuple(one) for one in reconcile.totals(ours, theirs) if not one.equal]
    named = [(one.id, one.our_fen, one.their_fen, one.difference) for one in reconcile.lines(ours, theirs)]
    twice = sorted((id_, fen) for id_, _, fen, difference in named if difference is Difference.TWICE)
    expected = {(*one[:3], one[3].value) for one in named if one[3] is not Difference.TWICE}
    assert sorted(duck.run(TWICE)) == twice
    assert set(duck.run(LINES)) == expected


def test_lines_are_looked_at_only_where_totals_differ() -> None:
    """Each kind of difference is named; a group with equal totals is not looked into."""
    ours = [Entry("a", "1", Fen(5)), Entry("a", "2", Fen(6)), Entry("a", "3", Fen(1)), Entry("b", "9", Fen(1))]
    theirs = [Entry("a", "1", Fen(7)), Entry("a", "3", Fen(1), reversed=True), Entry("a", "4", Fen(2)), Entry("b", "8", Fen(1))]
    found = [(one.id, one.difference) for one in reconcile.reconcile(ours, [*theirs, theirs[2]])]
    assert found == [
        ("1", Difference.AMOUNT),
        ("2", Difference.MISSING_THERE),
        ("3", Difference.STATE),
        ("4", Difference.MISSING_HERE),
        ("4", Difference.TWICE),
    ]


@pytest.mark.parametrize("engine", Engine)
def test_every_expression_is_written_in_every_dialect(engine: Engine) -> None:
    """Including that of a cluster."""
    for expression in (NETTING, TOTALS, LINES, TWICE):
        assert text(expression, engine).startswith(("WITH", "SELECT"))


def test_engines_that_disagree_are_refused() -> None:
    """Better no net than two."""
    with pytest.raises(Refused):
        same([[("a", 1)], [("a", 2)]])


COLUMNS = {"window_id": "VARCHAR", "debtor": "VARCHAR", "creditor": "VARCHAR", "amount_fen": "BIGINT", "phase": "VARCHAR"}
MOST = 2**63 - 1


@contextmanager
def everywhere(
    store: Store, rows: list[tuple[str, str, str, int, str]]
) -> Iterator[Callable[[object], list[list[tuple[object, ...]]]]]:
    """The same postings in the ledger's database, past its guards, and in DuckDB; an expression's rows from both."""
    DUCK.rows("posting", COLUMNS, rows)
    with store.database.engine.connect() as connection:
        held = "window_id TEXT, debtor TEXT, creditor TEXT, amount_fen BIGINT, phase TEXT"
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE posting ({held})")
        store.database.insert(connection, "posting", ", ".join(COLUMNS), rows)
        view = View(store.database, connection)
        yield lambda expression: [in_ledger(view, expression), DUCK.run(expression)]
        connection.rollback()


def test_nets_are_the_same_at_the_edges(store: Store) -> None:
    """Nothing posted, only reserved, set off to nothing, both sides of one party, and sums up to the last of 64 bits."""
    edges: list[tuple[list[tuple[str, str, str, int, str]], list[tuple[str, str, int, int, int]]]] = [
        ([], []),
        ([("w", "a", "b", 5, "reserved"), ("w", "a", "b", 5, "released")], []),
        ([("w", "a", "b", 5, "posted"), ("w", "b", "a", 5, "posted")], [("w", "a", 5, 5, 0), ("w", "b", 5, 5, 0)]),
        ([("w", "a", "a", 5, "posted")], [("w", "a", 5, 5, 0)]),
        (
            [("w", "a", "b", MOST - 1, "posted"), ("w", "a", "b", 1, "posted")],
            [("w", "a", 0, MOST, -MOST), ("w", "b", MOST, 0, MOST)],
        ),
        (
            [("w", "a", "b", MOST, "posted"), ("v", "a", "b", MOST, "posted"), ("v", "b", "c", MOST, "posted")],
            [
                ("v", "a", 0, MOST, -MOST),
                ("v", "b", MOST, MOST, 0),
                ("v", "c", MOST, 0, MOST),
                ("w", "a", 0, MOST, -MOST),
                ("w", "b", MOST, 0, MOST),
            ],
        ),
    ]
    for rows, expected in edges:
        with everywhere(store, rows) as ask:
            assert same(ask(NETTING)) == expected


@pytest.mark.parametrize(
    "rows",
    [
        [("w", "a", "b", MOST, "posted"), ("w", "a", "b", 1, "posted")],
        [("w", "a", "b", MOST, "posted"), ("w", "c", "b", 1, "posted")],
    ],
    ids=["between two", "to one"],
)
def test_a_sum_past_64_bits_is_refused_by_every_engine(store: Store, rows: list[tuple[str, str, str, int, str]]) -> None:
    """No engine wraps around, rounds, or lets its own error out."""
    with everywhere(store, rows) as ask, pytest.raises(Refused) as in_the_ledger:
        ask(NETTING)
    with pytest.raises(Refused) as in_duckdb:
        DUCK.run(NETTING)
    assert in_the_ledger.value.code == in_duckdb.value.code == "CS-3068"


Rows = list[tuple[object, ...]]


def test_totals_and_lines_are_the_same_in_the_ledgers_database(store: Store) -> None:
    """Nothing on either side or on one, every kind of difference, and what is reversed in one book, in both, or alone."""
    one, gone = ("a", "1", 5, False), ("a", "1", 5, True)
    cases: list[tuple[Rows, Rows, Rows, Rows]] = [
        ([], [], [], []),
        ([one], [], [("a", 1, 5, 0, 0)], [("1", 5, None, "missing-there")]),
        ([], [one], [("a", 0, 0, 1, 5)], [("1", None, 5, "missing-here")]),
        ([one], [("a", "1", 6, False)], [("a", 1, 5, 1, 6)], [("1", 5, 6, "amount")]),
        ([one], [gone], [("a", 1, 5, 0, 0)], [("1", 5, 5, "state")]),
        ([gone], [("a", "1", 6, False)], [("a", 0, 0, 1, 6)], [("1", 5, 6, "state")]),
        ([gone], [gone], [], []),
        ([gone], [], [], []),
        ([], [gone], [], []),
    ]
    for ours, theirs, totals, lines in cases:
        DUCK.rows("ours", BOOK, ours)
        DUCK.rows("theirs", BOOK, theirs)
        with store.database.engine.connect() as connection:
            for name, rows in (("ours", ours), ("theirs", theirs)):
                held = "grp TEXT, id TEXT, amount_fen BIGINT, reversed BOOLEAN"
                connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} ({held})")
                store.database.insert(connection, name, ", ".join(BOOK), rows)
            view = View(store.database, connection)
            assert same([in_ledger(view, TOTALS), DUCK.run(TOTALS)]) == totals
            assert same([in_ledger(view, LINES), DUCK.run(LINES)]) == lines
            connection.rollback()
