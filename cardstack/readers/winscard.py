"""PC/SC through the system's own library and ctypes: no compiler, no extra.

On Linux the numbers are as wide as a machine word (pcsc-lite), on Windows and macOS 32 bits (PC/SC Part 5).
"""

import ctypes
import ctypes.util
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cardstack.readers.ports import CANCELLED, TIMEOUT, State
from cardstack.readers.problems import NO_LIBRARY, ReaderError, raise_for
from cardstack.text import Text

Word: Any = ctypes.c_ulong if sys.platform.startswith("linux") else ctypes.c_uint32
Handle: Any = (
    ctypes.c_void_p if sys.platform == "win32" else (ctypes.c_long if sys.platform.startswith("linux") else ctypes.c_int32)
)
LIBRARIES = {"win32": "winscard.dll", "darwin": "/System/Library/Frameworks/PCSC.framework/PCSC"}
ANSWER_MAX = 65548
ATTRIBUTE_MAX = 264
NO_READERS = 0x8010002E


class IoRequest(ctypes.Structure):
    """SCARD_IO_REQUEST."""

    _fields_ = (("protocol", Word), ("length", Word))


class ReaderState(ctypes.Structure):
    """SCARD_READERSTATE; packed on macOS."""

    _pack_ = 1 if sys.platform == "darwin" else 0
    _fields_ = (
        ("reader", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
        ("current", Word),
        ("event", Word),
        ("size", Word),
        ("atr", ctypes.c_ubyte * (36 if sys.platform == "win32" else 33)),
    )


@cache
def library() -> Any:
    """The PC/SC library, or the problem that says how to get it."""
    name = LIBRARIES.get(sys.platform) or ctypes.util.find_library("pcsclite") or "libpcsclite.so.1"
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise ReaderError(Text(f"{name} cannot be loaded", f"无法加载 {name}"), NO_LIBRARY) from error


class System:
    """`cardstack.readers.api.Api` on the system's library."""

    name = "system"

    def __init__(self) -> None:
        self._library = library()
        self._suffix = "A" if sys.platform == "win32" else ""

    def _call(self, function: str, *arguments: Any) -> None:
        raise_for(self._code(function, *arguments))

    def _code(self, function: str, *arguments: Any) -> int:
        return int(getattr(self._library, function)(*arguments)) & 0xFFFFFFFF

    def establish(self) -> int:
        context = Handle()
        self._call("SCardEstablishContext", Word(2), None, None, ctypes.byref(context))
        return int(context.value or 0)

    def release(self, context: int) -> None:
        self._call("SCardReleaseContext", Handle(context))

    def cancel(self, context: int) -> None:
        self._call("SCardCancel", Handle(context))

    def readers(self, context: int) -> tuple[str, ...]:
        size = Word(0)
        function = "SCardListReaders" + self._suffix
        code = self._code(function, Handle(context), None, None, ctypes.byref(size))
        if code == NO_READERS:
            return ()
        raise_for(code)
        names = ctypes.create_string_buffer(int(size.value))
        code = self._code(function, Handle(context), None, names, ctypes.byref(size))
        if code == NO_READERS:
            return ()
        raise_for(code)
        return tuple(name.decode(errors="replace") for name in names.raw[: size.value].split(b"\0") if name)

    def connect(self, context: int, reader: str, share: int, protocols: int) -> tuple[int, int]:
        card, protocol = Handle(), Word()
        function = "SCardConnect" + self._suffix
        name = reader.encode()
        self._call(function, Handle(context), name, Word(share), Word(protocols), ctypes.byref(card), ctypes.byref(protocol))
        return int(card.value or 0), int(protocol.value)

    def reconnect(self, card: int, share: int, protocols: int, before: int) -> int:
        protocol = Word()
        arguments = (Handle(card), Word(share), Word(protocols), Word(before), ctypes.byref(protocol))
        self._call("SCardReconnect", *arguments)
        return int(protocol.value)

    def disconnect(self, card: int, after: int) -> None:
        self._call("SCardDisconnect", Handle(card), Word(after))

    def begin(self, card: int) -> None:
        self._call("SCardBeginTransaction", Handle(card))

    def end(self, card: int, after: int) -> None:
        self._call("SCardEndTransaction", Handle(card), Word(after))

    def transmit(self, card: int, protocol: int, command: bytes) -> bytes:
        answer, size = ctypes.create_string_buffer(ANSWER_MAX), Word(ANSWER_MAX)
        request = IoRequest(protocol, ctypes.sizeof(IoRequest))
        code = self._library.SCardTransmit(
            Handle(card), ctypes.byref(request), command, Word(len(command)), None, answer, ctypes.byref(size)
        )
        if code:
            raise_for(int(code))
        return answer.raw[: size.value]

    def atr(self, card: int) -> bytes:
        atr, size = ctypes.create_string_buffer(36), Word(33)
        state, protocol, room = Word(), Word(), Word(0)
        function = "SCardStatus" + self._suffix
        numbers = (ctypes.byref(state), ctypes.byref(protocol))
        self._call(function, Handle(card), None, ctypes.byref(room), *numbers, atr, ctypes.byref(size))
        return atr.raw[: size.value]

    def control(self, card: int, code: int, data: bytes) -> bytes:
        answer, size = ctypes.create_string_buffer(ANSWER_MAX), Word(0)
        arguments = (Handle(card), Word(code), data, Word(len(data)), answer, Word(ANSWER_MAX), ctypes.byref(size))
        self._call("SCardControl", *arguments)
        return answer.raw[: size.value]

    def attribute(self, card: int, number: int) -> bytes:
        value, size = ctypes.create_string_buffer(ATTRIBUTE_MAX), Word(ATTRIBUTE_MAX)
        self._call("SCardGetAttrib", Handle(card), Word(number), value, ctypes.byref(size))
        return value.raw[: size.value]

    def changes(self, context: int, known: Mapping[str, int], timeout_ms: int) -> Sequence[State]:
        states = (ReaderState * len(known))()
        for state, (name, bits) in zip(states, known.items(), strict=True):
            state.reader, state.current = name.encode(), bits
        function = "SCardGetStatusChange" + self._suffix
        code = self._code(function, Handle(context), Word(timeout_ms), states, Word(len(known)))
        if code in (TIMEOUT, CANCELLED):
            return ()
        raise_for(code)
        return [State(one.reader.decode(), int(one.event), bytes(one.atr[: one.size])) for one in states]
