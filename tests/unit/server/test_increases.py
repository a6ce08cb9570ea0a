"""Emergency increases of prepayments: asked for at red usage, paid once and by two people, on both databases."""

import pytest
from sqlalchemy.exc import DatabaseError

from cardstack.errors import Refused
from cardstack.settlement.prefund import Change, Increase, IncreaseStep, Kind, Level
from cardstack.values import Fen
from server.store.adjusting import Two
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NOON, bill, submission

DAY, TWO = "toy-2026-11-22", Two("lin", "chen")


def ask(store: Store) -> int:
    return store.desk.ask_increase(DAY, FUND, HOSPITAL, Fen(500), actor="lin", reason="invented", now=NOON).number


def use(store: Store, serial: int, amount: int) -> None:
    store.submit([submission(bill(serial, amount))], NOON)


def test_an_increase_is_paid_once_and_by_two_people(store: Store) -> None:
    """Not below 90 %, one at a time, noticed before paid; the prepayment grows in the same commit."""
    with pytest.raises(Refused) as nothing_held:
        ask(store)
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(1000), Kind.ALLOTTED, "invented"), TWO, now=NOON)
    use(store, 1, 1100)
    with pytest.raises(Refused) as yellow:
        ask(store)
    assert nothing_held.value.code == yellow.value.code == "CS-3048"
    use(store, 2, 100)
    number = ask(store)
    with pytest.raises(Refused):
        ask(store)
    with pytest.raises(Refused):
        store.desk.step_increase(number, IncreaseStep.PAY, actor="lin", checker="chen", now=NOON)
    store.desk.step_increase(number, IncreaseStep.NOTICE, actor="lin", now=NOON)
    with pytest.raises(Refused) as alone:
        store.desk.step_increase(number, IncreaseStep.PAY, actor="lin", checker="lin", now=NOON)
    assert alone.value.code == "CS-3040"
    assert [one.held_fen for one in store.desk.prefunds(DAY)] == [1000]
    paid = store.desk.step_increase(number, IncreaseStep.PAY, actor="lin", checker="chen", now=NOON)
    assert (paid.stage, store.desk.increases()) == (Increase.PAID, [paid])
    assert [(one.held_fen, one.level) for one in store.desk.prefunds(DAY)] == [(1500, Level.NORMAL)]
    with pytest.raises(Refused):
        store.desk.step_increase(number, IncreaseStep.PAY, actor="lin", checker="chen", now=NOON)
    with pytest.raises(Refused) as unknown:
        store.desk.step_increase(9, IncreaseStep.NOTICE, actor="lin", now=NOON)
    assert unknown.value.code == "CS-3049"


def test_after_a_refusal_it_may_be_asked_for_again(store: Store) -> None:
    """A refused one is at its end; what was written about it is only added to."""
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(100), Kind.ALLOTTED, "invented"), TWO, now=NOON)
    use(store, 1, 120)
    first = ask(store)
    store.desk.step_increase(first, IncreaseStep.REFUSE, actor="chen", reason="invented", now=NOON)
    second = ask(store)
    assert [one.number for one in store.desk.increases()] == [second, first]
    assert [one.number for one in store.desk.increases(stage=Increase.REFUSED)] == [first]
    with pytest.raises(Refused):
        store.desk.ask_increase(DAY, FUND, HOSPITAL, Fen(0), actor="lin", reason="invented", now=NOON)
    with pytest.raises(DatabaseError), store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE prefund_increase SET amount_fen = 1")
