"""PC/SC through pyscard: the one module that imports it, and only when it is asked for.

pyscard resets the card when a connection is dropped and knows no empty answer; its low level, used here, does neither.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from cardstack.readers.ports import CANCELLED, TIMEOUT, State
from cardstack.readers.problems import raise_for

NO_READERS = 0x8010002E


def available() -> bool:
    """Whether pyscard can be imported; its library must be on the system too."""
    if find_spec("smartcard") is None:
        return False
    try:
        _scard()
    except (ImportError, OSError):
        return False
    return True


@cache
def _scard() -> Any:
    return import_module("smartcard.scard")


class Pyscard:
    """`cardstack.readers.api.Api` on pyscard's low level."""

    name = "pyscard"

    def __init__(self) -> None:
        self._scard = _scard()

    def establish(self) -> int:
        code, context = self._scard.SCardEstablishContext(2)
        raise_for(code)
        return int(context)

    def release(self, context: int) -> None:
        raise_for(self._scard.SCardReleaseContext(context))

    def cancel(self, context: int) -> None:
        raise_for(self._scard.SCardCancel(context))

    def readers(self, context: int) -> tuple[str, ...]:
        code, names = self._scard.SCardListReaders(context, [])
        if code & 0xFFFFFFFF == NO_READERS:
            return ()
        raise_for(code)
        return tuple(names)

    def connect(self, context: int, reader: str, share: int, protocols: int) -> tuple[int, int]:
        code, card, protocol = self._scard.SCardConnect(context, reader, share, protocols)
        raise_for(code)
        return int(card), int(protocol)

    def reconnect(self, card: int, share: int, protocols: int, before: int) -> int:
        code, protocol = self._scard.SCardReconnect(card, share, protocols, before)
        raise_for(code)
        return int(protocol)

    def disconnect(self, card: int, after: int) -> None:
        raise_for(self._scard.SCardDisconnect(card, after))

    def begin(self, card: int) -> None:
        raise_for(self._scard.SCardBeginTransaction(card))

    def end(self, card: int, after: int) -> None:
        raise_for(self._scard.SCardEndTransaction(card, after))

    def transmit(self, card: int, protocol: int, command: bytes) -> bytes:
        code, answer = self._scard.SCardTransmit(card, protocol, list(command))
        raise_for(code)
        return bytes(answer)

    def atr(self, card: int) -> bytes:
        code, _, _, _, atr = self._scard.SCardStatus(card)
        raise_for(code)
        return bytes(atr)

    def control(self, card: int, code: int, data: bytes) -> bytes:
        result, answer = self._scard.SCardControl(card, code, list(data))
        raise_for(result)
        return bytes(answer)

    def attribute(self, card: int, number: int) -> bytes:
        code, value = self._scard.SCardGetAttrib(card, number)
        raise_for(code)
        return bytes(value)

    def changes(self, context: int, known: Mapping[str, int], timeout_ms: int) -> Sequence[State]:
        code, states = self._scard.SCardGetStatusChange(context, timeout_ms, list(known.items()))
        if code & 0xFFFFFFFF in (TIMEOUT, CANCELLED):
            return ()
        raise_for(code)
        return [State(name, int(bits), bytes(atr)) for name, bits, atr in states]
