"""A thread that looks at something again and again: the outbox, the ledger's deadlines, what authorities publish."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from cardstack.errors import CardstackError

SLOWEST_S: Final = 60.0
"""The longest pause after failures, where the usual one is shorter."""
LOG = logging.getLogger(__name__)


class Loop:
    """Does its tasks one after the other, every so many seconds, from the first pause on until it is closed.

    A task that fails is said in the log and ends neither the thread nor the other tasks' turn. While something fails, the
    pauses double, up to a minute.
    """

    def __init__(self, name: str, *tasks: Callable[[], object], every_s: float) -> None:
        self.name, self.tasks, self.every_s = name, tasks, every_s
        self._wake, self._ended = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def nudge(self) -> None:
        """Do not wait out the present pause."""
        self._wake.set()

    def close(self) -> None:
        """Finish what is being done and stop."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def pause(self, failures: int) -> float:
        """For how many seconds to wait after so many failures in a row.

        >>> [Loop("outbox", every_s=1).pause(failures) for failures in (0, 1, 5, 6, 10_000)]
        [1.0, 2.0, 32.0, 60.0, 60.0]
        """
        return min(self.every_s * 2.0 ** min(failures, 60), max(self.every_s, SLOWEST_S))

    def _run(self) -> None:
        failures = 0
        while True:
            self._wake.wait(self.pause(failures))
            self._wake.clear()
            if self._ended.is_set():
                return
            done = [self._try(task) for task in self.tasks]
            failures = 0 if all(done) else failures + 1

    def _try(self, task: Callable[[], object]) -> bool:
        try:
            task()
        except CardstackError as error:
            LOG.warning("%s: %s", self.name, error.say("en"))
        except Exception:
            # A database that is away for a moment must not end the thread: the next look asks again.
            LOG.exception("%s: could not be done", self.name)
        else:
            return True
        return False
