"""The functions of PC/SC that we use, whoever brings them: pyscard where it is installed, else the system's library."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from cardstack.readers.problems import NO_EXTRA, ReaderError

SHARED, EXCLUSIVE, DIRECT = 2, 1, 3
LEAVE, RESET, UNPOWER = 0, 1, 2
T0, T1, RAW = 1, 2, 4
PNP = "\\\\?PnP?\\Notification"
"""The pseudo reader whose state is the number of readers."""
UNAWARE, CHANGED, UNKNOWN, EMPTY, PRESENT, EXCLUSIVELY, IN_USE, MUTE = 0x0, 0x2, 0x4, 0x10, 0x20, 0x80, 0x100, 0x200
"""Bits of SCardGetStatusChange (the high half counts events)."""
INFINITE = 0xFFFFFFFF
CANCELLED, TIMEOUT = 0x80100002, 0x8010000A


class State(NamedTuple):
    """One reader as the service sees it."""

    name: str
    bits: int
    atr: bytes

    @property
    def present(self) -> bool:
        return bool(self.bits & PRESENT)


class Api(Protocol):
    """PC/SC in bytes and numbers; every failure is raised as a `ReaderError` (see `problems.raise_for`)."""

    @property
    def name(self) -> str: ...
    def establish(self) -> int: ...
    def release(self, context: int) -> None: ...
    def cancel(self, context: int) -> None: ...
    def readers(self, context: int) -> tuple[str, ...]: ...
    def connect(self, context: int, reader: str, share: int, protocols: int) -> tuple[int, int]: ...
    def reconnect(self, card: int, share: int, protocols: int, before: int) -> int: ...
    def disconnect(self, card: int, after: int) -> None: ...
    def begin(self, card: int) -> None: ...
    def end(self, card: int, after: int) -> None: ...
    def transmit(self, card: int, protocol: int, command: bytes) -> bytes: ...
    def atr(self, card: int) -> bytes: ...
    def control(self, card: int, code: int, data: bytes) -> bytes: ...
    def attribute(self, card: int, number: int) -> bytes: ...
    def changes(self, context: int, known: Mapping[str, int], timeout_ms: int) -> Sequence[State]: ...


def api(choice: str = "auto") -> Api:
    """`pyscard`, `system`, or by itself whichever is there, pyscard first."""
    if choice in ("auto", "pyscard"):
        from cardstack.readers import pcsc  # noqa: PLC0415  # pyscard is looked for when asked

        if pcsc.available():
            return pcsc.Pyscard()
        if choice == "pyscard":
            raise ReaderError(problem=NO_EXTRA)
    from cardstack.readers.winscard import System  # noqa: PLC0415  # loads a system library

    return System()
