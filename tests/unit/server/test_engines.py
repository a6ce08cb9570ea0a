"""One declared expression, several engines, the same rows as the plain functions."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import Refused
from cardstack.settlement import reconcile
from cardstack.settlement.reconcile import Difference, Entry
from cardstack.settlement.relations import LINES, NETTING, TOTALS, Engine, text
from cardstack.values import Fen
from server.engines import Duck, export_postings, in_ledger, same
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
        reversed=st.just(False),
    ),
    unique_by=lambda one: one.id,
    max_size=6,
)


DUCK = Duck(threads=1)


@settings(deadline=None, max_examples=25)
@given(ENTRIES, ENTRIES)
def test_reconciliation_is_the_same_as_the_plain_function(ours: list[Entry], theirs: list[Entry]) -> None:
    """Totals and lines of DuckDB against those of `reconcile`."""
    duck = DUCK
    columns = {"grp": "VARCHAR", "id": "VARCHAR", "amount_fen": "BIGINT"}
    duck.rows("ours", columns, [one[:3] for one in ours])
    duck.rows("theirs", columns, [one[:3] for one in theirs])
    assert sorted(duck.run(TOTALS)) == [tuple(one) for one in reconcile.totals(ours, theirs) if not one.equal]
    expected = [(one.id, one.our_fen, one.their_fen, one.difference.value) for one in reconcile.lines(ours, theirs)]
    assert sorted(duck.run(LINES), key=str) == sorted(expected, key=str)


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
    for expression in (NETTING, TOTALS, LINES):
        assert text(expression, engine).startswith(("WITH", "SELECT"))


def test_engines_that_disagree_are_refused() -> None:
    """Better no net than two."""
    with pytest.raises(Refused):
        same([[("a", 1)], [("a", 2)]])
