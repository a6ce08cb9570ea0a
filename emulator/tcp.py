"""A card that listens: readers dial in and speak vpcd's messages (see `emulator.line`)."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.line import Card, converse, prepare

PORT_TAKEN = problem(
    "CS-1412",
    Text("The port cannot be used", "端口不可用"),
    Text("Choose another port, or 0 for a free one.", "请换用其他端口，或填 0 自动选择空闲端口。"),
)
LINES_MAX = 64
IDLE_MAX = 3600.0


class _Taken:
    """One card for several lines: one command at a time."""

    def __init__(self, card: Card) -> None:
        self.card, self._lock = card, threading.Lock()

    @property
    def atr(self) -> bytes:
        return self.card.atr

    def reset(self) -> None:
        with self._lock:
            self.card.reset()

    def __call__(self, command: bytes) -> bytes:
        with self._lock:
            return self.card(command)


class Door:
    """A listening card; several readers may dial in, each command has the card to itself."""

    def __init__(self, card: Card, host: str, port: int) -> None:
        self._card: _Taken | None = _Taken(card)
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            raise Refused(f"{host}:{port}: {error.strerror or error}", PORT_TAKEN, port=port) from error
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self._lines: set[socket.socket] = set()
        self._books = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve, name="tcp card", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def serve(self) -> None:
        """Take readers in until `stop`."""
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with self._books:
                card = self._card if len(self._lines) < LINES_MAX else None
                if card:
                    self._lines.add(line)
            if card:
                threading.Thread(target=self._answer, args=(line, card), name="tcp line", daemon=True).start()
            else:
                line.close()

    def stop(self) -> None:
        """Close the door and every line."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.remove()

    @property
    def name(self) -> str:
        """What readers dial."""
        return f"tcp:{self.host}:{self.port}"

    @property
    def card(self) -> Card | None:
        """What is behind the door."""
        return self._card.card if self._card else None

    def insert(self, card: Card) -> None:
        """Another card behind the door; lines to the one before end."""
        self.remove()
        with self._books:
            self._card = _Taken(card)

    def remove(self) -> None:
        """No card: every line ends, and whoever dials is hung up on."""
        with self._books:
            self._card, lines = None, list(self._lines)
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _answer(self, line: socket.socket, card: _Taken) -> None:
        with line, suppress(OSError):
            line.settimeout(IDLE_MAX)
            prepare(line)
            converse(line, card)
        with self._books:
            self._lines.discard(line)
