"""Work of which so much may be under way at once and no more: a few wait their turn, the others come again later."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


class Turns:
    """`places` work at once, `queue` more wait for `wait_s` at most; whoever finds both full waits for `moment_s`.

    >>> turns = Turns(places=1, queue=0, wait_s=0)
    >>> turns.take(), turns.take()
    (True, False)
    >>> turns.give_back()
    >>> turns.take()
    True
    """

    def __init__(self, *, places: int, queue: int, wait_s: float, moment_s: float = 0) -> None:
        self._wait_s, self._moment_s = wait_s, moment_s
        self._places, self._queue = BoundedSemaphore(places), BoundedSemaphore(queue)

    def take(self) -> bool:
        """Whether a place was found in time; whoever has one gives it back."""
        if self._places.acquire(blocking=False):
            return True
        if not self._queue.acquire(blocking=False):
            return self._places.acquire(timeout=self._moment_s)
        try:
            return self._places.acquire(timeout=self._wait_s)
        finally:
            self._queue.release()

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """A place, after however long."""
        self._places.acquire()
        try:
            yield
        finally:
            self.give_back()

    def give_back(self) -> None:
        """Let the next one in."""
        self._places.release()
