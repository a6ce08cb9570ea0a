"""What time alone brings to a ledger: windows to cut off, and entries, disputes and requests whose time has run out."""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from cardstack.errors import CardstackError
from server import approvals
from server.clock import Clock
from server.store.office.requests import RequestStore
from server.store.store import Store

EVERY_S = 60.0
LOG = logging.getLogger(__name__)


def lapse(store: Store, requests: RequestStore, now: datetime) -> dict[str, int]:
    """Let lapse what has run out of time, at most a thousand of a kind; how many of each kind did."""
    approved = requests.page(before=None, size=1000, scope=None, state=approvals.State.APPROVED.value)
    entries = store.lapse(now)
    given_up = sum(approvals.give_up(requests, one.id, now) for one in approved)
    return {"entries": entries, "disputes": len(store.desk.lapse_disputes(now)), "requests": given_up}


class Minder:
    """A thread that does once a minute what `settle cut-off` and `settle lapse` do when asked.

    Each is idempotent, so any number of workers may mind one ledger.
    """

    def __init__(self, store: Store, requests: RequestStore, clock: Clock, *, every_s: float = EVERY_S) -> None:
        self.every_s, self._ended = every_s, Event()
        self._tasks: tuple[Callable[[], object], ...] = (
            lambda: store.cut_off_due(clock()),
            lambda: lapse(store, requests, clock()),
        )
        self._thread = Thread(target=self._run, name="minder", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self.every_s):
            for task in self._tasks:
                _try(task)


def _try(task: Callable[[], object]) -> None:
    try:
        task()
    except CardstackError as error:
        LOG.warning("%s", error.say("en"))
    except Exception:
        # A database that is away for a moment must not end the thread: the next minute asks again.
        LOG.exception("what the clock asks could not be done")
