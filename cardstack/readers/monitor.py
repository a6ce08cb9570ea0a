"""Who comes and who goes: readers and cards, through a restart of the service, without polling."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cardstack.readers.ports import MUTE, PNP, PRESENT, UNAWARE, Api, State
from cardstack.readers.problems import NO_READER, ReaderError

ROUND_MS = 1000
"""How long one wait may last before the list of readers is looked at again."""
RETRY = 0.2


class Kind(StrEnum):
    """What happened."""

    SERVICE_STARTED = "service started"
    SERVICE_STOPPED = "service stopped"
    READER_ADDED = "reader added"
    READER_REMOVED = "reader removed"
    CARD_INSERTED = "card inserted"
    CARD_REMOVED = "card removed"


class Event(NamedTuple):
    """One thing that happened, at a moment of the monotonic clock."""

    kind: Kind
    reader: str = ""
    atr: bytes = b""


@dataclass
class Monitor:
    """An endless source of events; a service that stops takes its cards and readers with it, as events.

    pyscard's own monitor thread ends without a word when the service restarts; this one starts over.
    """

    library: Api
    known: dict[str, int] = field(default_factory=dict)
    running: bool = False
    _stopped: threading.Event = field(default_factory=threading.Event)
    _context: int | None = None

    def events(self) -> Iterator[Event]:
        """Every event from now on, beginning with what is there; ends after `stop`."""
        while not self._stopped.is_set():
            try:
                self._context = self.library.establish()
                try:
                    yield from self._started()
                    while not self._stopped.is_set():
                        yield from self._round(self._context)
                finally:
                    self._release()
            except ReaderError:
                yield from self._ended()
                self._stopped.wait(RETRY)

    def stop(self) -> None:
        """End `events` from another thread."""
        self._stopped.set()
        context = self._context
        if context is not None:
            try:
                self.library.cancel(context)
            except ReaderError:
                return

    def _release(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            try:
                self.library.release(context)
            except ReaderError:
                return

    def _started(self) -> Iterator[Event]:
        if not self.running:
            self.running = True
            yield Event(Kind.SERVICE_STARTED)

    def _ended(self) -> Iterator[Event]:
        for name in list(self.known):
            yield from self._gone(name)
        if self.running:
            self.running = False
            yield Event(Kind.SERVICE_STOPPED)

    def _round(self, context: int) -> Iterator[Event]:
        """One look at the list, one wait for a change."""
        there = self.library.readers(context)
        for name in [name for name in self.known if name not in there]:
            yield from self._gone(name)
        fresh = [name for name in there if name not in self.known]
        for name in fresh:
            self.known[name] = UNAWARE
            yield Event(Kind.READER_ADDED, name)
        timeout = 0 if fresh else ROUND_MS
        try:
            states = self.library.changes(context, {**self.known, PNP: UNAWARE}, timeout)
        except ReaderError as error:
            if error.problem is NO_READER:  # unplugged since the list was taken: the next round says so
                return
            raise
        for state in states:
            if state.name in self.known:
                yield from self._compared(state)

    def _compared(self, state: State) -> Iterator[Event]:
        """What one reader's new state says over its old one; the upper half counts insertions and removals."""
        before, now = self.known[state.name], state.bits & ~0x2
        self.known[state.name] = now
        was, there = bool(before & PRESENT), bool(now & PRESENT)
        moved = before >> 16 != now >> 16
        if was and (not there or moved):
            yield Event(Kind.CARD_REMOVED, state.name)
        if there and (not was or moved) and not now & MUTE:
            yield Event(Kind.CARD_INSERTED, state.name, state.atr)

    def _gone(self, name: str) -> Iterator[Event]:
        if self.known.pop(name) & PRESENT:
            yield Event(Kind.CARD_REMOVED, name)
        yield Event(Kind.READER_REMOVED, name)


def snapshot(library: Api) -> list[State]:
    """Every reader as it is now; none where the service has none."""
    context = library.establish()
    try:
        names = library.readers(context)
        return list(library.changes(context, dict.fromkeys(names, UNAWARE), 0)) if names else []
    finally:
        library.release(context)


def wait_for_card(library: Api, wanted: str, seconds: float) -> Event | None:
    """The next card in a reader with a part of this name, None when the time is up or no service is there."""
    monitor = Monitor(library)
    timer = threading.Timer(seconds, monitor.stop)
    timer.daemon = True
    timer.start()
    wanted = wanted.lower()
    try:
        arrivals = (event for event in monitor.events() if event.kind is Kind.CARD_INSERTED and wanted in event.reader.lower())
        return next(arrivals, None)
    finally:
        timer.cancel()
        monitor.stop()
