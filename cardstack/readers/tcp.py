"""A card behind a TCP port that speaks vpcd's messages: two bytes of length, then a control byte or a command."""

import socket
import time

from cardstack.readers.problems import NOBODY, READER_NAME, CardLost, CardMute, ReaderError
from cardstack.readers.reader import DEADLINE, Reader
from cardstack.text import Text

POWER_OFF, POWER_ON, RESET, GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"


class _Line:
    """One connection; every answer has the deadline to itself."""

    def __init__(self, line: socket.socket, name: str, deadline: float) -> None:
        self.line, self.name, self.deadline = line, name, deadline

    def say(self, message: bytes) -> None:
        try:
            self.line.settimeout(self.deadline)
            self.line.sendall(len(message).to_bytes(2) + message)
        except TimeoutError:
            raise CardMute(self.name) from None
        except OSError:
            raise CardLost(self.name) from None

    def hear(self) -> bytes:
        until = time.monotonic() + self.deadline
        return self._exactly(int.from_bytes(self._exactly(2, until)), until)

    def exchange(self, command: bytes) -> bytes:
        if len(command) > 65535:
            raise CardLost(
                Text(
                    f"{self.name}: a command of {len(command)} bytes does not fit its line",
                    f"{self.name}：{len(command)} 字节的命令超出线路上限",
                )
            )
        self.say(command)
        return self.hear()

    def close(self) -> None:
        try:
            self.say(POWER_OFF)
        except ReaderError:
            pass
        finally:
            self.line.close()

    def _exactly(self, size: int, until: float) -> bytes:
        raw = b""
        while len(raw) < size:
            left = until - time.monotonic()
            try:
                self.line.settimeout(max(left, 0.001))
                part = self.line.recv(size - len(raw))
            except TimeoutError:
                raise CardMute(self.name) from None
            except OSError:
                raise CardLost(self.name) from None
            if not part:
                raise CardLost(Text(f"{self.name}: the line was closed", f"{self.name}：连接已断开"), reader=self.name)
            raw += part
        return raw


def connect(address: str, deadline: float = DEADLINE) -> Reader:
    """Dial `HOST:PORT`, power the card and read its answer to reset."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ReaderError(f"tcp:{address}", READER_NAME)
    try:
        sock = socket.create_connection((host.strip("[]"), int(port)), timeout=min(deadline, 5.0))
    except OSError as error:
        raise ReaderError(f"tcp:{address}", NOBODY, reader=f"tcp:{address}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = _Line(sock, f"tcp:{address}", deadline)
    try:
        line.say(POWER_ON)
        line.say(GET_ATR)
        atr = line.hear()
    except ReaderError:
        sock.close()
        raise

    def reset() -> bytes:
        line.say(RESET)
        line.say(GET_ATR)
        return line.hear()

    return Reader(line.name, atr, line.exchange, line.close, on_reset=reset)
