"""When the one thread that writes judges what waits: not while others come, and without a rest once nobody does."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

from cardstack.settlement.answer import Answer, Outcome
from server import writer
from server.store import open_store
from server.store.store import Store
from server.writer import Work, Writer
from tests.ledgers import NOON, SCHEMES, arrival, bill, enrol, submission


class Waits(SimpleQueue["Work | None"]):
    """A queue that notes for how long it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def get(self, block: bool = True, timeout: float | None = None) -> "Work | None":
        self.asked.append(timeout)
        return super().get(block, timeout)


@pytest.fixture
def ledger(tmp_path: Path) -> Store:
    return enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))


def rests(ledger: Store, monkeypatch: pytest.MonkeyPatch, other: Store | None = None) -> int:
    """How often the writer waited for others after it received its last of six batches, until all were judged one by one."""
    monkeypatch.setattr(writer, "PIECE", 1)
    monkeypatch.setattr(writer, "QUIET", 0.05)
    one, waits = Writer(ledger, lambda: NOON), Waits()
    one._queue = waits
    for number in range(1, 7):
        one.take_in(arrival(bill(number)))
        if other is not None:
            other.take_in([arrival(bill(10 + number))], NOON)
    received = len(waits.asked)
    while ledger.waiting():
        Event().wait(0.01)
    judged = waits.asked[received:]
    one.close()
    return sum(bool(wait) for wait in judged)


def test_what_waits_is_judged_piece_after_piece(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody comes, so that the writer waits for others once, not once a piece."""
    assert rests(ledger, monkeypatch) <= 1


def test_nothing_is_judged_while_a_batch_is_on_its_way(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is decoded: the interpreter and the write lock are left to it."""
    monkeypatch.setattr(writer, "QUIET", 0.005)
    one = Writer(ledger, lambda: NOON)
    with one.expecting():
        one.take_in(arrival(bill(1)))
        Event().wait(0.1)
        assert ledger.waiting() == 1
    while ledger.waiting():
        Event().wait(0.01)
    one.close()


def test_a_writer_knows_its_own_envelopes(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those it booked directly, and those of before its start, are no sign of another process."""
    ledger.submit([submission(bill(30))], NOON)
    ledger.take_in([arrival(bill(31))], NOON)
    one = Writer(ledger, lambda: NOON)
    one.start()
    while ledger.waiting():
        Event().wait(0.01)
    with one.expecting():
        one.take_in(arrival(bill(32)))
        one.submit(submission(bill(33)))
    while ledger.waiting():
        Event().wait(0.01)
    assert one._others < 0
    one.close()


def test_another_process_that_takes_in_gets_its_turn_between_pieces(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite gives the write lock to whoever comes by: a writer that knows of another rests after each piece."""
    other = open_store(str(ledger.database.engine.url), SCHEMES)
    assert rests(ledger, monkeypatch, other) >= 6
    other.close()


def test_a_commit_waits_for_as_many_as_came_last(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that went together go together again; whoever sends alone never waits for company, nor for longer than it is said."""
    monkeypatch.setattr(writer, "COMPANY", 60.0)
    one = Writer(ledger, lambda: NOON)
    together: list[Future[list[Answer]]] = [Future(), Future()]
    for number, future in enumerate(together, start=1):
        one._queue.put((submission(bill(number)), future))
    one.start()
    assert [future.result()[0].outcome for future in together] == [Outcome.ACCEPTED] * 2
    with ThreadPoolExecutor() as pool:
        first = pool.submit(one.submit, submission(bill(3)))
        Event().wait(0.1)
        assert not first.done()
        one.submit(submission(bill(4)))
        assert first.result()[0].outcome is Outcome.ACCEPTED
    monkeypatch.setattr(writer, "COMPANY", 0.01)
    one.submit(submission(bill(5)))
    monkeypatch.setattr(writer, "COMPANY", 60.0)
    one.submit(submission(bill(6)))
    one.close()
    with ledger.view() as view:
        assert [lines for (lines,) in view.all("SELECT entries FROM block ORDER BY seq")] == [2, 2, 1, 1]
