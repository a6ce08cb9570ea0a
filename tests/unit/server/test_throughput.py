"""What was booked on each day: exact in number at once, by scheme as far as it has been counted."""

from datetime import date, timedelta

import pytest

from cardstack.settlement.transaction import SHANGHAI
from server.store.queries import throughput
from server.store.queries.throughput import Share, Tally
from server.store.store import Store
from tests.ledgers import NOON, bill, submission

TODAY = NOON.astimezone(SHANGHAI).date()
DAYS = [TODAY + timedelta(days=ahead) for ahead in range(-1, 3)]


@pytest.fixture
def booked(store: Store) -> Store:
    """Three bills of 1.00 on the first day, one in a commit; none on the next; two at once just after midnight of the third."""
    for serial in (1, 2, 3):
        store.submit([submission(bill(serial, 100))], NOON)
    midnight = (NOON + timedelta(days=2)).astimezone(SHANGHAI).replace(hour=0, minute=0, second=0)
    store.submit([submission(bill(4, 700), bill(5, 50))], midnight)
    return store


def told(store: Store, tally: Tally, days: list[date] = DAYS, patience: float = 9.0) -> list[tuple[int, tuple[Share, ...]]]:
    with store.view() as view:
        return [(one.number, one.shares) for one in tally.days(view, days, patience=patience)]


def test_a_day_is_when_it_was_booked(booked: Store) -> None:
    """Whenever it happened; days without anything are there too."""
    three, two = (3, (Share("toy", 3, 300),)), (2, (Share("toy", 2, 750),))
    assert told(booked, Tally()) == [(0, ()), three, (0, ()), two]
    assert told(booked, Tally(), DAYS[2:]) == [(0, ()), two]


def test_numbers_are_exact_before_anything_is_counted(booked: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest day is counted first, a piece at a time, and what was counted is not counted again."""
    monkeypatch.setattr(throughput, "PIECE", 2)
    tally = Tally()
    assert told(booked, tally, patience=0.0) == [(0, ()), (3, ()), (0, ()), (2, ())]
    moments = iter([0.0, 0.0, 9.0, 9.0, 9.0, 9.0])
    with monkeypatch.context() as patched:
        patched.setattr("server.store.queries.throughput.time.monotonic", lambda: next(moments))
        assert [shares for _, shares in told(booked, tally, patience=1.0)] == [(), (), (), (Share("toy", 2, 750),)]
    assert [sum(one.number for one in shares) for _, shares in told(booked, tally)] == [0, 3, 0, 2]


def test_what_is_booked_later_is_added(booked: Store) -> None:
    """To its own day, of which the rest was counted before."""
    tally = Tally()
    told(booked, tally)
    booked.submit([submission(bill(6, 1))], NOON + timedelta(days=2))
    assert told(booked, tally)[-1] == (3, (Share("toy", 3, 751),))


def test_a_ledger_that_was_put_back_is_counted_anew(booked: Store) -> None:
    """Where it holds less than was counted, what was remembered is of another."""
    tally = Tally()
    told(booked, tally)
    for one in tally._ranges.values():
        one.counted += 100
    assert [number for number, _ in told(booked, tally)] == [0, 3, 0, 2]
