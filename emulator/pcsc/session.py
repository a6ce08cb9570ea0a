"""One client's conversation: read a frame, act, answer. A client that breaks the form is hung up on.

Nothing here holds a lock over a read or a write, so a client that dies or dawdles harms itself alone.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import Any, Protocol

from emulator.pcsc import wire
from emulator.pcsc.pinpad import attribute, control
from emulator.pcsc.reader import Handle, VirtualReader
from emulator.pcsc.wire import Code, Command, Disposition, Share

ANY_PROTOCOL = wire.T0 | wire.T1 | wire.RAW


class HungUp(Exception):
    """The client went away or broke the form of the messages."""


class House(Protocol):
    """What a conversation asks of the service that it is with (`emulator.pcsc.service`)."""

    events: int
    places: int

    def reader(self, name: str) -> VirtualReader | None: ...
    def next_number(self) -> int: ...
    def states(self) -> bytes: ...
    def show(self, session: "Session") -> None: ...
    def watch(self, session: "Session") -> None: ...
    def unwatch(self, session: "Session") -> None: ...
    def cancel(self, context: int) -> Code: ...
    def forget(self, session: "Session") -> None: ...


class Session:
    """The service's side of one connection."""

    def __init__(self, service: House, line: socket.socket) -> None:
        self.service = service
        self.line = line
        self.context = 0
        self.handles: dict[int, Handle] = {}
        self.minor = wire.MINORS[0]
        self.counted: int | None = None
        self.waits = 0
        self.looking = False
        """Whether the client, having begun to wait, is still to look at the readers (4:6)."""

    def serve(self) -> None:
        """Answer until the client goes; then let go of everything it held."""
        try:
            while True:
                size, number = wire.HEADER.unpack(self._read(wire.HEADER.size))
                if number == Command.TRANSMIT:
                    self._transmit(size)
                    continue
                action = ACTIONS.get(number)
                if action is None or size > wire.BUFFER_MAX:
                    return
                action(self, size)
        except (HungUp, OSError):
            return
        finally:
            self.close()

    def close(self) -> None:
        """Release handles and watching; a card that this client had locked is reset for the next."""
        self.service.forget(self)
        self._release()
        with suppress(OSError):
            self.line.close()

    def send(self, raw: bytes) -> None:
        self.line.sendall(raw)

    def _release(self) -> None:
        for handle in list(self.handles.values()):
            locked = handle.reader.owner is handle and not handle.notice
            handle.reader.disconnect(handle, Disposition.RESET if locked else Disposition.LEAVE)
        self.handles.clear()
        self.context = 0

    def _read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        raw = self.line.recv(size, socket.MSG_WAITALL)
        if len(raw) != size:
            raise HungUp
        return raw

    def _body(self, size: int, layout: Struct) -> tuple[Any, ...]:
        if size != layout.size:
            raise HungUp
        return layout.unpack(self._read(size))

    def _handle(self, number: int) -> Handle:
        """One of this client's own handles; whoever tries another's is hung up on, as pcscd does."""
        if number not in self.handles:
            raise HungUp
        return self.handles[number]

    # The functions, in the order of their numbers.

    def establish(self, size: int) -> None:
        scope, _, _ = self._body(size, wire.ESTABLISH)
        code = Code.SUCCESS if scope in (0, 1, 2, 3) else Code.INVALID_VALUE
        if code is Code.SUCCESS:
            self.context = self.service.next_number()
        self.send(wire.ESTABLISH.pack(scope, self.context, code))

    def release_context(self, size: int) -> None:
        context, _ = self._body(size, wire.RELEASE)
        code = Code.SUCCESS if context == self.context and context else Code.INVALID_HANDLE
        if code is Code.SUCCESS:
            self._release()
        self.send(wire.RELEASE.pack(context, code))

    def connect(self, size: int) -> None:
        context, raw_name, share, protocols, _, _, _ = self._body(size, wire.CONNECT)
        code, handle = self._connected(context, raw_name.split(b"\0")[0].decode(errors="replace"), share, protocols)
        number = handle.number if handle else 0
        protocol = handle.reader.protocol if handle else 0
        self.send(wire.CONNECT.pack(context, raw_name, share, protocols, number, protocol, code))

    def _connected(self, context: int, name: str, share: int, protocols: int) -> tuple[Code, Handle | None]:
        if not context or context != self.context:
            return Code.INVALID_HANDLE, None
        if not protocols & ANY_PROTOCOL and share != Share.DIRECT:
            return Code.PROTO_MISMATCH, None
        if share not in tuple(Share):
            return Code.INVALID_VALUE, None
        reader = self.service.reader(name)
        if reader is None:
            return Code.UNKNOWN_READER, None
        code, handle = reader.connect(self.service.next_number(), Share(share), protocols)
        if handle:
            self.handles[handle.number] = handle
        return code, handle

    def reconnect(self, size: int) -> None:
        number, share, protocols, before, _, _ = self._body(size, wire.RECONNECT)
        handle = self._handle(number)
        if share not in tuple(Share) or before not in (0, 1, 2):
            code = Code.INVALID_VALUE
        elif not protocols & ANY_PROTOCOL and share != Share.DIRECT:
            code = Code.PROTO_MISMATCH
        else:
            code = handle.reader.reconnect(handle, Share(share), protocols, Disposition(before))
        self.send(wire.RECONNECT.pack(number, share, protocols, before, handle.reader.protocol, code))

    def disconnect(self, size: int) -> None:
        number, after, _ = self._body(size, wire.DISCONNECT)
        handle = self._handle(number)
        code = Code.INVALID_VALUE
        if after in tuple(Disposition):
            code = handle.reader.disconnect(handle, Disposition(after))
            del self.handles[number]
        self.send(wire.DISCONNECT.pack(number, after, code))

    def begin(self, size: int) -> None:
        number, _ = self._body(size, wire.BEGIN)
        handle = self._handle(number)
        self.send(wire.BEGIN.pack(number, handle.reader.begin(handle)))

    def end(self, size: int) -> None:
        number, after, _ = self._body(size, wire.END)
        handle = self._handle(number)
        known = after in tuple(Disposition)
        code = handle.reader.end(handle, Disposition(after)) if known else Code.INVALID_VALUE
        self.send(wire.END.pack(number, after, code))

    def _transmit(self, size: int) -> None:
        """The one function that is called a thousand times as often as the others, hence its plainness."""
        if size != 32:
            raise HungUp
        number, protocol, length, sent, back, back_length, room, _ = wire.TRANSMIT.unpack(self._read(size))
        if sent > wire.BUFFER_MAX:
            raise HungUp
        command = self._read(sent) if sent else b""
        handle = self.handles.get(number)
        if handle is None:
            raise HungUp
        code, answer = handle.reader.transmit(handle, command, protocol)
        if len(answer) > room:
            code, answer = Code.INSUFFICIENT_BUFFER, b""
        self.line.sendall(wire.TRANSMIT.pack(number, protocol, length, sent, back, back_length, len(answer), code) + answer)

    def control_reader(self, size: int) -> None:
        number, code, sent, room, _, _ = self._body(size, wire.CONTROL)
        if sent > wire.BUFFER_MAX:
            raise HungUp
        data = self._read(sent) if sent else b""
        handle = self._handle(number)
        result, answer = control(handle.reader, handle, code, data)
        if len(answer) > room:
            result, answer = Code.INSUFFICIENT_BUFFER, b""
        self.send(wire.CONTROL.pack(number, code, sent, room, len(answer), result) + answer)

    def status(self, size: int) -> None:
        number, _ = self._body(size, wire.STATUS)
        handle = self._handle(number)
        self.send(wire.STATUS.pack(number, handle.reader.status(handle)))

    def cancel(self, size: int) -> None:
        context, _ = self._body(size, wire.CANCEL)
        self.send(wire.CANCEL.pack(context, self.service.cancel(context)))

    def get_attribute(self, size: int) -> None:
        number, name, _, room, _ = self._body(size, wire.ATTRIBUTE)
        reader = self._handle(number).reader
        value = attribute(reader, name)
        code = Code.UNSUPPORTED_FEATURE if value is None else Code.SUCCESS
        value = value or b""
        if len(value) > min(room, wire.ATTRIBUTE_MAX):
            code = Code.INSUFFICIENT_BUFFER
        self.send(wire.ATTRIBUTE.pack(number, name, value[: wire.ATTRIBUTE_MAX], len(value), code))

    def set_attribute(self, size: int) -> None:
        number, name, value, length, _ = self._body(size, wire.ATTRIBUTE)
        self._handle(number)
        self.send(wire.ATTRIBUTE.pack(number, name, value, length, Code.UNSUPPORTED_FEATURE))

    def version(self, size: int) -> None:
        major, minor, _ = self._body(size, wire.VERSION)
        known = major == 4 and minor in wire.MINORS
        self.minor = minor if known else wire.MINORS[-1]
        self.send(wire.VERSION.pack(4, self.minor, Code.SUCCESS if known else Code.SERVICE_STOPPED))

    def states(self, size: int) -> None:
        self._nothing(size)
        self.send(self.service.states())

    def count(self, size: int) -> None:
        self._nothing(size)
        self.counted = self.service.places
        self.send(wire.COUNT.pack(self.counted))

    def records(self, size: int) -> None:
        self._nothing(size)
        self.service.show(self)

    def wait(self, size: int) -> None:
        self._nothing(size)
        self.service.watch(self)

    def stop_waiting(self, size: int) -> None:
        self._nothing(size)
        self.service.unwatch(self)

    def events(self, size: int) -> None:
        self._nothing(size)
        self.send(wire.EVENTS.pack(self.service.events & 0xFFFFFFFF, Code.SUCCESS))

    def _nothing(self, size: int) -> None:
        """These have no body; what an old client puts there is read and dropped."""
        if size:
            self._read(min(size, wire.BUFFER_MAX))


ACTIONS: dict[int, Callable[[Session, int], None]] = {
    Command.ESTABLISH_CONTEXT: Session.establish,
    Command.RELEASE_CONTEXT: Session.release_context,
    Command.CONNECT: Session.connect,
    Command.RECONNECT: Session.reconnect,
    Command.DISCONNECT: Session.disconnect,
    Command.BEGIN_TRANSACTION: Session.begin,
    Command.END_TRANSACTION: Session.end,
    Command.CONTROL: Session.control_reader,
    Command.STATUS: Session.status,
    Command.CANCEL: Session.cancel,
    Command.GET_ATTRIB: Session.get_attribute,
    Command.SET_ATTRIB: Session.set_attribute,
    Command.VERSION: Session.version,
    Command.GET_READERS_STATE: Session.states,
    Command.WAIT_READER_STATE_CHANGE: Session.wait,
    Command.STOP_WAITING_READER_STATE_CHANGE: Session.stop_waiting,
    Command.GET_READER_EVENTS: Session.events,
    Command.GET_READERS_COUNT: Session.count,
    Command.GET_READERS_RECORDS: Session.records,
}
