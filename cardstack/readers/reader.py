"""What every reader is to its caller, and the deadline that none of them outlives."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from cardstack.apdu.atr import Atr
from cardstack.apdu.script import Exchange
from cardstack.errors import Malformed
from cardstack.readers.problems import CardLost, CardMute, NoService
from cardstack.text import Text

LOST, CLOSED = Text("lost", "已断开"), Text("closed", "已关闭")
SHORT = 256
"""The most data that goes into a command or an answer of short length."""
DEADLINE = 20.0
"""Seconds a card may take for one answer; the slowest honest command, key generation, takes half of it."""


@dataclass(eq=False)
class Reader:
    """An open card: call it with a command, get its answer. Once lost it stays lost.

    >>> reader = Reader("demo", bytes.fromhex("3B00"), lambda command: bytes.fromhex("9000"))
    >>> reader(bytes.fromhex("00A40000")).hex()
    '9000'
    >>> reader.close(); reader(bytes.fromhex("00A40000"))
    Traceback (most recent call last):
    cardstack.readers.problems.CardLost: demo is closed
    """

    name: str
    atr: bytes
    exchange: Exchange
    on_close: Callable[[], None] = lambda: None
    control: Callable[[int, bytes], bytes] | None = None
    """SCardControl, where the reader has it: features, and a PIN typed on its own keys."""
    vendor: str = ""
    """Who made the reader, where the reader says so."""
    test_card: bool = False
    """Whether the reader vouches that its card has the published test keys; only our own service does."""
    data_max: Callable[[], int | None] = lambda: None
    """How many bytes of data the reader carries in one command; None where it does not say."""
    on_reset: Callable[[], bytes] | None = None
    """A reset that gives the answer to reset again."""
    _over: Text | None = field(default=None, init=False)

    def __call__(self, command: bytes) -> bytes:
        if self._over:
            raise CardLost(Text(f"{self.name} is {self._over.en}", f"{self.name} {self._over.zh}"), reader=self.name)
        if len(command) < 4:
            # A virtual reader takes one byte for "power off", and then waits for ever.
            raise Malformed(
                Text(f"a command has at least 4 bytes, got {len(command)}", f"命令至少 4 字节，实为 {len(command)} 字节")
            )
        try:
            answer = self.exchange(command)
        except (CardLost, CardMute, NoService):
            self._over = LOST
            raise
        if len(answer) < 2:
            self._over = LOST
            raise CardLost(Text(f"{self.name}: the answer was empty", f"{self.name}：应答为空"), reader=self.name)
        return answer

    @property
    def extended_length(self) -> bool:
        """Whether the card announces extended Lc and Le in its answer to reset, and the reader carries them."""
        try:
            if not Atr.parse(self.atr).extended_length:
                return False
        except Malformed:
            return False
        most = self.data_max()
        return most is None or most > SHORT

    def reset(self) -> bytes:
        """Power off and on; the answer to reset. A recording has nothing to reset."""
        if self.on_reset is not None and not self._over:
            self.atr = self.on_reset()
        return self.atr

    def close(self) -> None:
        """Let go of the card; a second time does nothing."""
        if self._over != CLOSED:
            self._over = CLOSED
            self.on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Patient:
    """Calls that cannot be interrupted, made in a thread of their own and waited for no longer than a deadline.

    A call that does not come back leaves its thread behind, a daemon that ends with the process; PC/SC offers no way
    to take it back.
    """

    def __init__(self, seconds: float, name: str) -> None:
        self.seconds = seconds
        self._name = name
        self._asked: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[object, Exception | None]] = queue.SimpleQueue()
        self._stuck = False
        threading.Thread(target=self._work, name=f"reader {name}", daemon=True).start()

    def __call__(self, action: Callable[[], object]) -> object:
        """The result of `action`, its exception, or `CardMute`."""
        if self._stuck:
            raise CardMute(self._name, reader=self._name)
        self._asked.put(action)
        try:
            result, error = self._answers.get(timeout=self.seconds)
        except queue.Empty:
            self._stuck = True
            self._asked.put(None)
            raise CardMute(
                Text(f"{self._name}: nothing within {self.seconds:g} s", f"{self._name}：{self.seconds:g} 秒内无应答"),
                reader=self._name,
            ) from None
        if error is not None:
            raise error
        return result

    def stop(self) -> None:
        """End the thread once it is idle."""
        self._stuck = True
        self._asked.put(None)

    def _work(self) -> None:
        while (action := self._asked.get()) is not None:
            try:
                self._answers.put((action(), None))
            except Exception as error:  # noqa: BLE001  # it is raised again in the caller's thread
                self._answers.put((None, error))
