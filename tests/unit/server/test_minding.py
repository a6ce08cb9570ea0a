"""What a running service does by its clock."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from cardstack.settlement.amending import Amendment, amend, amendments
from cardstack.settlement.transaction import SHANGHAI
from server.minding import lapse, minder
from server.store.adjusting import Two
from server.store.office import Office
from server.store.store import Store
from tests.ledgers import NOON, bill, submission

DAY, NEXT = "toy-2026-11-22", "toy-2026-11-23"
DUE = datetime(2026, 11, 23, 18, tzinfo=SHANGHAI)


def wait_until(done: Callable[[], bool]) -> bool:
    """Whether something came to be within half a minute."""
    end = time.monotonic() + 30
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    return done()


def test_two_workers_mind_one_ledger(store: Store) -> None:
    """The window of the day is cut off once, and the next when its own moment comes."""
    store.submit([submission(bill(1, 100))], NOON)
    later = NOON + timedelta(days=1)
    store.submit([submission(bill(2, 100, at=later))], later)
    now = [DUE - timedelta(seconds=1)]
    requests = Office(store.database.engine).requests
    minders = [minder(store, requests, lambda: now[0], every_s=0.005) for _ in range(2)]
    for one in minders:
        one.start()
    try:
        time.sleep(0.05)
        assert store.windows(stage="closed") == []
        now[0] = DUE
        assert wait_until(lambda: bool(store.windows(stage="closed")))
        time.sleep(0.05)
    finally:
        for one in minders:
            one.close()
    assert [(one.id, len(store.moves(one.id))) for one in store.windows(stage="closed")] == [(DAY, 1)]
    assert [one.id for one in store.windows(stage="open")] == [NEXT]


def test_a_worker_hears_of_the_figures_that_another_added(store: Store) -> None:
    """Within a round, without a message that would have it look."""
    row = {"province": "00", "industry": ["01"], "since": "2026-12-01", "rate_ppm": 1, "issuer_permille": 1, "reference": "x"}
    store.desk.add_figure(Amendment("transit/fees", "fee", row), Two("lin", "chen"), now=NOON)
    amend(())
    one = minder(store, Office(store.database.engine).requests, lambda: NOON, every_s=0.005)
    one.start()
    try:
        assert wait_until(lambda: len(amendments()) == 1)
    finally:
        one.close()
        amend(())


def test_what_is_pending_too_long_lapses_once(store: Store) -> None:
    """Asked again, nothing is left."""
    requests = Office(store.database.engine).requests
    store.submit([submission(bill(1, 100, pending=True))], NOON)
    late = NOON + timedelta(days=1, seconds=1)
    assert [lapse(store, requests, at)["entries"] for at in (NOON, late, late)] == [0, 1, 0]
