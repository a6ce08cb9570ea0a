"""One thread writes the ledger and commits for many: it answers first, and judges what was received when nobody waits."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, Final, TypeAlias

from cardstack.errors import CardstackError, Refused, problem
from cardstack.settlement.answer import Answer
from cardstack.text import Text
from server.clock import Clock
from server.store.posting import Sign, Submission
from server.store.receiving import NOT_BOOKED as NOT_BOOKED_REASON
from server.store.receiving import Arrival, Ask, Received, passing
from server.store.store import Store

GROUP_MAX: Final = 16_384
"""How many lines one commit takes at most."""
PIECE: Final = 2_048
"""About how many waiting lines are judged in one commit: whoever comes meanwhile waits that long."""
QUIET: Final = 0.03
"""For how many seconds nobody has come when judging begins, unless somebody waits for it: a sender's next batch is on its way."""
LAG: Final = 5.0
"""For how many seconds received lines may wait while more keep coming; then both take turns."""
BACKLOG_MAX: Final = 262_144
"""How many received lines may wait; above, they are judged before more are taken in."""
HELD_MAX: Final = 65_536
"""How many waiting lines are held in memory as they were decoded; more are decoded again in their turn."""
COMPANY: Final = 0.004
"""For how many seconds a commit waits for as many as the last one took and left waiting: they are likely to come again."""
PAUSE: Final = 1.0
"""For how many seconds judging rests after it failed."""

LOG = logging.getLogger(__name__)
Work: TypeAlias = "tuple[Submission | Arrival, Future[Any]]"
NUDGE: Final[Any] = ()
"""Not work: somebody waits for what was received to be judged."""


NOT_BOOKED: Final = problem("CS-4013", NOT_BOOKED_REASON.text, Text("Send it in parts.", "请拆分后发送。"))


def _not_booked(error: Exception) -> Refused:
    LOG.error("a submission could not be booked", exc_info=error)
    return Refused(type(error).__name__, NOT_BOOKED)


@dataclass
class Writer:
    """The one thread that writes: whoever waits while it commits is in its next commit."""

    store: Store
    clock: Clock
    sign: Sign | None = None
    held: dict[int, Arrival] = field(default_factory=dict)
    _queue: "SimpleQueue[Work | None]" = field(default_factory=SimpleQueue)
    _thread: Thread | None = None
    _lock: Lock = field(default_factory=Lock)
    _judged: Condition = field(default_factory=Condition)
    _upto: int = 0
    _lines: int = 0
    _since: float | None = None
    _came: float = 0.0
    _newest: int = 0
    _others: float = -LAG
    _asked: int = 0
    _coming: int = 0
    _taken: int = 0

    def submit(self, submission: Submission) -> list[Answer]:
        """The answers, once they are durable."""
        answers: list[Answer] = self._ask(submission)
        return answers

    def take_in(self, arrival: Arrival) -> Received:
        """What can be said at once, once it is durable; the lines are judged in their turn."""
        received: Received = self._ask(arrival)
        return received

    def await_posted(self, envelope: int, seconds: float) -> bool:
        """Wait until the lines of an envelope were judged by this process; whether they were in time."""
        with self._judged:
            self._asked += 1
            self._queue.put(NUDGE)
            try:
                return self._judged.wait_for(lambda: self._upto >= envelope, seconds)
            finally:
                self._asked -= 1

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Something is about to be handed over: it is not the moment to begin judging."""
        with self._judged:
            self._coming += 1
        try:
            yield
        finally:
            with self._judged:
                self._coming -= 1

    def start(self) -> None:
        """Begin with what was received and not judged before."""
        self._newest = self.store.newest_envelope()
        self._since = monotonic()
        self._ready()

    def close(self) -> None:
        """Finish what is waiting and stop."""
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _ask(self, what: Submission | Arrival) -> Any:
        future: Future[Any] = Future()
        self._ready()
        self._queue.put((what, future))
        return future.result()

    def _ready(self) -> None:
        """The thread begins with the first submission: a server forks before that, and threads do not survive it."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = Thread(target=self._run, name="ledger-writer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._group()
            if group:
                self._commit(group)
            if self._since is not None and (self._asked or monotonic() - self._since > LAG or self._quiet(group)):
                self._judge()
            while self._lines > BACKLOG_MAX and self._judge():
                pass
        while self._since is not None and self._judge():
            pass

    def _group(self) -> tuple[list[Work], bool]:
        """Who waits for a commit, and whether the end was asked for; waits itself while there is nothing to judge."""
        group: list[Work] = []
        lines, company = 0, self._taken + self._queue.qsize()
        until: float | None = None
        while lines < GROUP_MAX:
            patience = self._patience()
            if group and self._queue.empty():
                until = until or monotonic() + COMPANY
                patience = until - monotonic()
                if len(group) >= company or patience <= 0:
                    break
            try:
                work = self._queue.get(timeout=patience)
            except Empty:
                break
            if work is None:
                return group, True
            if work is not NUDGE:
                self._came = monotonic()
                group.append(work)
                what = work[0]
                lines += len(what.contents if isinstance(what, Arrival) else what.lines)
            elif not group:
                break
        self._taken = len(group)
        return group, False

    def _patience(self) -> float | None:
        """For how many seconds to wait for work: without end where there is nothing to judge, not at all where it is awaited."""
        if self._since is None:
            return None
        if self._asked:
            return 0.0
        return QUIET if self._coming else max(0.0, self._came + QUIET - monotonic())

    def _quiet(self, group: Sequence[Work]) -> bool:
        """Whether nobody comes, here or to another process: then it is the moment to hold the interpreter and the write lock."""
        if group or self._coming:
            return False
        newest = self.store.newest_envelope()
        if newest == self._newest:
            return True
        self._newest = newest
        self._came = self._others = monotonic()
        return False

    def _commit(self, group: Sequence[Work]) -> None:
        arrivals = [work for work in group if isinstance(work[0], Arrival)]
        submissions = [work for work in group if isinstance(work[0], Submission)]
        for works, write in ((arrivals, self._take_in), (submissions, self._submit)):
            if works:
                self._try(works, write)

    def _try(self, works: Sequence[Work], write: Any) -> None:
        try:
            answers = write([what for what, _ in works])
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, and the writer must go on
            if len(works) == 1:
                known = isinstance(error, CardstackError) or passing(error)
                works[0][1].set_exception(error if known else _not_booked(error))
                return
            for one in works:
                self._try([one], write)
            return
        for (_, future), answer in zip(works, answers, strict=True):
            future.set_result(answer)

    def _submit(self, submissions: Sequence[Submission]) -> list[list[Answer]]:
        answers = self.store.submit(submissions, self.clock())
        if self._since is not None:  # these envelopes are our own, and nobody else's
            self._newest = self.store.newest_envelope()
        return answers

    def _take_in(self, arrivals: Sequence[Arrival]) -> list[Received]:
        taken = self.store.take_in(arrivals, self.clock(), sign=self.sign)
        for arrival, received in zip(arrivals, taken, strict=True):
            if received.envelope is not None:
                if self._lines < HELD_MAX:
                    self.held[received.envelope] = arrival
                if received.envelope > self._newest + 1 > 1:
                    self._others = monotonic()
                self._newest = max(self._newest, received.envelope)
                self._lines += len(arrival.contents)
                self._since = self._since or monotonic()
        return taken

    def _judge(self) -> bool:
        """Judge the oldest of what waits; whether there was something, and it could be done."""
        try:
            upto, lines = self.store.post_waiting(self.clock(), Ask(PIECE, None, self.held, self.sign))
        except Exception:
            LOG.exception("what was received could not be judged; it waits")
            with self._judged:
                self._judged.wait(PAUSE)
            return False
        if not lines:  # all is done, some of it perhaps by another process
            upto = max(self.held, default=0)
        for envelope in [one for one in self.held if one <= upto]:
            del self.held[envelope]
        self._lines = max(0, self._lines - lines) if lines else 0
        self._since = monotonic() if lines else None
        if monotonic() - self._others < LAG:  # its turn at the write lock, which SQLite gives to whoever comes by
            self._came = monotonic()
        with self._judged:
            self._upto = max(self._upto, upto)
            self._judged.notify_all()
        return lines > 0
