"""What vpcd and our TCP door have in common: two bytes of length, then a control byte or a command.

A payload of one byte is a control code, of which only "get the answer to reset" is answered; anything longer is a
command. Both doors speak it, so whoever can be a vpcd reader can also dial in.
"""

import socket
from collections.abc import Callable
from typing import Protocol

POWER_OFF, POWER_ON, RESET, GET_ATR = 0x00, 0x01, 0x02, 0x04
ANSWER_MAX = 65535
QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class Card(Protocol):
    """What can be put on a line: an exchange of bytes with an answer to reset."""

    @property
    def atr(self) -> bytes: ...
    def reset(self) -> object: ...
    def __call__(self, command: bytes, /) -> bytes: ...


def prepare(line: socket.socket) -> None:
    """No delay of our own; the other side's is dealt with message by message (see `receive`)."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def receive(line: socket.socket) -> bytes | None:
    """One message, None when the other side has gone.

    vpcd 3.3 sends length and payload as two segments and waits for our acknowledgement between them, which the kernel
    holds back 40 ms: asking for a quick one after every length is what turns 21 commands a second into 20,000.
    """
    size = _exactly(line, 2)
    if size is None:
        return None
    if QUICKACK is not None:
        line.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
    return _exactly(line, int.from_bytes(size))


def send(line: socket.socket, message: bytes) -> None:
    """One message as one segment."""
    line.sendall(len(message).to_bytes(2) + message)


def converse(line: socket.socket, card: Card, heard: Callable[[], None] = lambda: None) -> bool:
    """Answer as the card until the reader goes (True) or the card is lost (False).

    A lost card ends the line and says nothing: vpcd would wait for ever for the rest of an empty answer. Power that goes
    wipes out what was proved, as power that comes back does: a reader may ask for the answer to reset in between.
    """
    while (message := receive(line)) is not None:
        heard()
        if len(message) > 1:
            answer = _answer(card, message)
            if answer is None:
                return False
            send(line, answer)
        elif message == bytes((GET_ATR,)):
            send(line, card.atr)
        elif message and message[0] in (POWER_OFF, POWER_ON, RESET):
            card.reset()
    return True


def _answer(card: Card, command: bytes) -> bytes | None:
    """The card's answer, None where it went silent."""
    try:
        answer = card(command)
    except Exception:  # noqa: BLE001  # whatever a card does, its line ends cleanly
        return None
    if len(answer) < 2:
        return None
    # Sixteen bits of length: what cannot be said whole is refused with the status for a wrong length.
    return answer if len(answer) <= ANSWER_MAX else b"\x67\x00"


def _exactly(line: socket.socket, size: int) -> bytes | None:
    raw = b""
    while len(raw) < size:
        part = line.recv(size - len(raw))
        if not part:
            return None
        raw += part
    return raw
