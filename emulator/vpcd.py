"""A card for vsmartcard's virtual reader: we dial in, so being connected is being inserted."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Final

from cardstack.text import Text
from emulator.line import Card, converse, prepare

PAUSE = 1.0
"""Seconds out of the reader before the card comes back: pcscd looks every 0.4 s and misses a quicker swap."""
SILENCE = 1.5
"""Seconds without a word after which another card must be in the reader."""
IDLE_MAX = 24 * 3600.0


class Seen(StrEnum):
    """What a vpcd card has to report."""

    INSERTED = "inserted"
    WAITING = "no reader there yet"
    OCCUPIED = "the reader does not speak; another card is in it"
    REMOVED = "the reader has gone"
    LOST = "the card was lost in the middle of a command"


SEEN: Final[Mapping[Seen, Text]] = {
    Seen.INSERTED: Text(Seen.INSERTED.value, "已插卡"),
    Seen.WAITING: Text(Seen.WAITING.value, "尚无读卡器"),
    Seen.OCCUPIED: Text(Seen.OCCUPIED.value, "读卡器无响应，其中已有其他卡"),
    Seen.REMOVED: Text(Seen.REMOVED.value, "读卡器已移除"),
    Seen.LOST: Text(Seen.LOST.value, "命令执行中卡片断开"),
}


class Vpcd:
    """One card that stays in one virtual reader, through restarts of the service, until `stop`."""

    def __init__(self, card: Card, host: str, port: int, report: Callable[[Seen], None] = lambda _: None) -> None:
        self.card, self.address, self.report = card, (host, port), report
        self._stopped = threading.Event()
        self._line: socket.socket | None = None

    def serve(self, *, once: bool = False) -> None:
        """Dial, answer, and dial again after a pause."""
        waiting = False
        while not self._stopped.is_set():
            try:
                line = socket.create_connection(self.address, timeout=5)
            except OSError:
                if not waiting:
                    self.report(Seen.WAITING)
                waiting = True
                self._stopped.wait(0.2)
                continue
            waiting = False
            self.report(self._hold(line))
            if once:
                return
            self._stopped.wait(PAUSE)

    def start(self, after: float = 0.0) -> "Vpcd":
        """The same in a thread, after so many seconds."""

        def later() -> None:
            self._stopped.wait(after)
            self.serve()

        threading.Thread(target=later, name="vpcd card", daemon=True).start()
        return self

    def stop(self) -> None:
        """Take the card out."""
        self._stopped.set()
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _hold(self, line: socket.socket) -> Seen:
        """Answer over one connection until it ends."""
        first = threading.Timer(SILENCE, self.report, [Seen.OCCUPIED])
        first.daemon = True
        first.start()

        def heard() -> None:
            if first.is_alive():
                first.cancel()

        with line:
            self._line = line
            line.settimeout(IDLE_MAX)
            prepare(line)
            self.report(Seen.INSERTED)
            try:
                if self._stopped.is_set():  # while we were dialling
                    return Seen.REMOVED
                return Seen.REMOVED if converse(line, self.card, heard) else Seen.LOST
            except OSError:
                return Seen.REMOVED
            finally:
                first.cancel()
                self._line = None


class VpcdSlot:
    """A slot of vpcd that a card can be put into and taken out of."""

    def __init__(self, host: str, port: int, report: Callable[[Seen], None] = lambda _: None) -> None:
        self.address, self.report = (host, port), report
        self.name = f"vpcd:{host}:{port}"
        self._inserted: Vpcd | None = None
        self._left_at = -PAUSE

    @property
    def card(self) -> Card | None:
        """What is in it."""
        return self._inserted.card if self._inserted else None

    def insert(self, card: Card) -> None:
        """Dial with this card; not before pcscd has seen that the one before was taken out."""
        self.remove()
        after = max(self._left_at + PAUSE - time.monotonic(), 0.0)
        self._inserted = Vpcd(card, *self.address, self.report).start(after)

    def remove(self) -> None:
        """Hang up."""
        if self._inserted:
            self._inserted.stop()
            self._inserted, self._left_at = None, time.monotonic()
