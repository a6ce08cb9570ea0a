"""One loop serves everything that the service looks at again and again."""

import time
from threading import Event
from threading import enumerate as threads

import pytest

from cardstack.errors import Refused
from server.looping import Loop

LONG = 3600.0


def test_it_goes_on_until_it_is_closed() -> None:
    """Closed means that nothing is done any more and the thread is gone; closing twice is once."""
    looks: list[int] = []
    thrice = Event()

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            thrice.set()

    loop = Loop("test-looks", look, every_s=0.001)
    loop.start()
    loop.start()
    assert thrice.wait(30)
    loop.close()
    loop.close()
    count = len(looks)
    time.sleep(0.02)
    assert len(looks) == count
    assert [one for one in threads() if one.name == "test-looks"] == []


def test_a_nudge_ends_the_pause() -> None:
    """Whoever put something in does not wait for the next look, and the look that a nudge brings sees it."""
    looked = Event()
    loop = Loop("test-nudge", looked.set, every_s=LONG)
    loop.start()
    try:
        for _ in range(2):
            assert not looked.wait(0.02)
            loop.nudge()
            assert looked.wait(30)
            looked.clear()
    finally:
        loop.close()


def test_closing_waits_for_what_is_being_done() -> None:
    """What was begun is finished."""
    begun, done = Event(), Event()

    def work() -> None:
        begun.set()
        time.sleep(0.05)
        done.set()

    loop = Loop("test-work", work, every_s=0.001)
    loop.start()
    assert begun.wait(30)
    loop.close()
    assert done.is_set()


@pytest.mark.parametrize("error", [Refused("closed"), OSError("the database is away"), KeyError("a slip")])
def test_nothing_that_fails_ends_it(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """The other tasks get their turn, every failure is in the log, and pauses are short again once all is well."""
    outcomes: list[Exception | None] = [error, error, None]
    pauses: list[int] = []
    turns: list[str] = []
    ended = Event()

    def fails() -> None:
        failing = outcomes.pop(0) if outcomes else None
        if failing is not None:
            raise failing

    def other() -> None:
        turns.append("other")
        if len(turns) == 5:
            ended.set()

    class Watched(Loop):
        def pause(self, failures: int) -> float:
            pauses.append(failures)
            return 0.001

    loop = Watched("test-fails", fails, other, every_s=LONG)
    loop.start()
    assert ended.wait(30)
    loop.close()
    assert pauses[:5] == [0, 1, 2, 0, 0]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["test-fails"] * 2


def test_what_was_never_begun_can_be_closed() -> None:
    """A service that has nothing to look at closes it all the same."""
    Loop("test-never", every_s=LONG).close()
