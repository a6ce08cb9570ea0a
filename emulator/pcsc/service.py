"""The service: a Unix socket, a list of readers that may grow and shrink, and who watches them."""

import itertools
import os
import socket
import stat
import struct
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.pcsc import wire
from emulator.pcsc.reader import Inserted, VirtualReader
from emulator.pcsc.session import Session
from emulator.pcsc.wire import Code

SOCKET_TAKEN = problem(
    "CS-1410",
    Text("The socket path cannot be used", "套接字路径不可用"),
    Text(
        "Choose a path of at most 100 bytes in a directory of your own, where no other service listens.",
        "请选择自己目录下长度不超过 100 字节、且未被其他服务占用的路径。",
    ),
)
TOO_MANY_READERS = problem(
    "CS-1411",
    Text("No room for another reader", "读卡器数量已达上限"),
    Text("Remove a reader first; there is room for 200.", "请先移除一个读卡器；最多 200 个。"),
)
CLIENTS_MAX = 200
LOOKING = 0.5
"""Seconds a client that has begun to wait may take to look at the readers."""
SEND_PATIENCE = 10
"""Seconds a client may leave its answers unread."""


class Service:
    """PC/SC for this user alone: point PCSCLITE_CSOCK_NAME at `path`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "s") as service:
    ...     service.add("Reader 0").name, service.export
    ('Reader 0', 'export PCSCLITE_CSOCK_NAME=...')
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = 0
        self._readers: dict[str, VirtualReader] = {}
        self.places = wire.TABLE
        """Records that a client of 4:6 is given, those without a reader empty: never fewer than before.

        libpcsclite 2.5.3 answers "unsupported feature" from the first count that is below an earlier one of its process,
        be it another service's; hence as many as the table had, and twice as many when they do not do.
        """
        self._watchers: set[Session] = set()
        self._sessions: set[Session] = set()
        self._books = threading.Lock()
        # Zero is no handle, and two contexts of one number would lock libpcsclite's own tables.
        self._numbers = itertools.count(int.from_bytes(os.urandom(2)) << 12 | 1)
        self._listener: socket.socket | None = None

    @property
    def export(self) -> str:
        """The line to copy."""
        return f"export PCSCLITE_CSOCK_NAME={self.path}"

    # Readers come and go.

    def add(self, name: str, card: Inserted | None = None) -> VirtualReader:
        """A new reader; its name is unique and at most 127 bytes."""
        with self._books:
            if name in self._readers or not 0 < len(name.encode()) <= wire.NAME_MAX:
                raise Refused(
                    Text(
                        f"a reader's name is unique and has 1 to {wire.NAME_MAX} bytes",
                        f"读卡器名称不得重复，长度为 1 至 {wire.NAME_MAX} 字节",
                    ),
                    TOO_MANY_READERS,
                )
            if len(self._readers) >= wire.READERS_MAX:
                raise Refused(
                    Text(f"{wire.READERS_MAX} readers are there", f"已有 {wire.READERS_MAX} 个读卡器"), TOO_MANY_READERS
                )
            reader = self._readers[name] = VirtualReader(name, changed=self.changed, serial=f"{len(self._readers):04d}")
            self.places *= 1 + (len(self._readers) > self.places)
        self.changed()
        if card is not None:
            reader.insert(card)
        return reader

    def remove(self, name: str) -> None:
        """Unplug a reader."""
        with self._books:
            reader = self._readers.pop(name, None)
        if reader is not None:
            reader.unplug()
            self.changed()

    def reader(self, name: str) -> VirtualReader | None:
        return self._readers.get(name)

    @property
    def readers(self) -> tuple[VirtualReader, ...]:
        return tuple(self._readers.values())

    # What sessions ask.

    def next_number(self) -> int:
        return next(self._numbers) & 0x7FFFFFFF or next(self._numbers)

    def states(self, count: int = wire.TABLE) -> bytes:
        """The records of so many readers, zeros where there are fewer."""
        records = (reader.state() for reader in self.readers[:count])
        return b"".join(records).ljust(count * wire.READER_STATE.size, b"\0")

    def changed(self) -> None:
        """Tell every watcher once; a watcher that does not listen is dropped."""
        with self._books:
            self.events += 1
            looking = {session for session in self._watchers if session.looking}
            for session in self._watchers - looking:
                self._signal(session, Code.SUCCESS)
            self._watchers = looking
            overdue = [threading.Timer(LOOKING, self._overdue, (session, session.waits)) for session in looking]
        for timer in overdue:
            timer.daemon = True
            timer.start()

    def _overdue(self, session: Session, wait: int) -> None:
        """A client of 4:6 that waits without looking at the readers is told after all."""
        if session.looking and session.waits == wait:
            self.unwatch(session)

    def watch(self, session: Session) -> None:
        """A word at the next change; before 4:6 the states now, under one lock, so that no change falls between."""
        with self._books:
            self._watchers.add(session)
            session.waits += 1
            session.looking = session.minor >= wire.COUNTED
            if session.looking:
                return
            states = self.states()
            with suppress(BlockingIOError):
                if session.line.send(states, socket.MSG_DONTWAIT) == len(states):
                    return
        session.line.shutdown(socket.SHUT_RDWR)

    def show(self, session: Session) -> None:
        """As many records as were counted: what came or went since must not change how much the client reads.

        libpcsclite 2.5 waits first and counts and reads then, so a word in between would be read for a count. It is
        held back: the records show the change, unless it is one of a reader that was not counted.
        """
        with self._books:
            count = self.places if session.counted is None else session.counted
            session.send(self.states(count))
            session.looking = False
            missed = count < len(self.readers) and session in self._watchers
        if missed:
            self.unwatch(session)

    def unwatch(self, session: Session) -> None:
        """Stop watching; whoever has been told already gets no second answer."""
        with self._books:
            if session in self._watchers:
                self._watchers.discard(session)
                self._signal(session, Code.SUCCESS)

    def cancel(self, context: int) -> Code:
        """End another thread's SCardGetStatusChange."""
        with self._books:
            session = next((one for one in self._sessions if one.context == context), None)
            if session is None or not context:
                return Code.INVALID_HANDLE
            if session in self._watchers:
                self._watchers.discard(session)
                self._signal(session, Code.CANCELLED)
            return Code.SUCCESS

    def forget(self, session: Session) -> None:
        with self._books:
            self._watchers.discard(session)
            self._sessions.discard(session)

    @staticmethod
    def _signal(session: Session, code: Code) -> None:
        try:
            session.line.send(wire.WAIT.pack(0, code), socket.MSG_DONTWAIT)
        except OSError:
            with suppress(OSError):
                session.line.shutdown(socket.SHUT_RDWR)

    # The socket.

    def __enter__(self) -> Self:
        self._listener = _listen(self.path)
        threading.Thread(target=self._accept, args=(self._listener,), name="pcsc", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Close every connection: clients see a service that has stopped."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with suppress(OSError):
            self.path.unlink()
        with self._books:
            sessions = list(self._sessions)
        for session in sessions:
            with suppress(OSError):
                session.line.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_PATIENCE, 0))
            session = Session(self, line)
            with self._books:
                room = len(self._sessions) < CLIENTS_MAX
                if room:
                    self._sessions.add(session)
            if not room:
                line.close()
                continue
            threading.Thread(target=session.serve, name="pcsc client", daemon=True).start()


def _listen(path: Path) -> socket.socket:
    """A listening socket for this user alone; one left behind by a dead service is replaced."""
    if len(os.fsencode(path)) > 100:
        raise Refused(Text("the path is longer than 100 bytes", "路径超过 100 字节"), SOCKET_TAKEN)
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _alive(path):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise Refused(error.strerror or str(error), SOCKET_TAKEN) from error
    return listener


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
