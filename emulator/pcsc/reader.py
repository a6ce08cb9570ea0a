"""One virtual reader: who holds it, who is in a transaction, what its card says. No socket here.

Two locks, never taken in the other order: `gate` guards the books and is never held over a call to the card;
`line` is the wire to the card, held for one exchange, and waited for no longer than `PATIENCE`.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cardstack.apdu.atr import Atr
from cardstack.apdu.lengths import extended
from cardstack.errors import Malformed
from emulator.pcsc import wire
from emulator.pcsc.wire import Code, Disposition, Share

PATIENCE = 30.0
"""Seconds anybody waits for somebody else; then it is a sharing violation."""
TURN = 0.08
"""Seconds one request for a transaction waits here: the client's library asks again by itself."""
IDLE = 0.8
"""Seconds after the last handle until the card loses its power, as pcscd has it."""
HANDLES_MAX = 200
SHORT_COMMAND, OVERHEAD = 261, 9
"""Bytes of the longest command of short length; header and lengths of an extended one."""


class Inserted(Protocol):
    """A card in a reader: an exchange of bytes with an answer to reset.

    An empty answer, or an exception, is a card that went silent: the reader reports it as lost.
    """

    @property
    def atr(self) -> bytes: ...
    def reset(self) -> object: ...
    def __call__(self, command: bytes, /) -> bytes: ...


@dataclass(eq=False, slots=True)
class Handle:
    """One connection of one client to one reader."""

    number: int
    reader: "VirtualReader"
    share: Share
    notice: Code = Code.SUCCESS
    """What the client has not yet been told: RESET_CARD or REMOVED_CARD."""


@dataclass(eq=False)
class VirtualReader:
    """A reader with or without a card; `changed` is called after every change that watchers may see."""

    name: str
    changed: Callable[[], None] = lambda: None
    vendor: str = "cardstack"
    serial: str = "0"
    card: Inserted | None = None
    pin_pad: Callable[[], str | None] | None = None
    """What the holder types on the reader's own keys; None for a reader without keys."""
    data_max: int = 0x10000
    """Bytes of data that it carries in one command; 0 is short lengths alone (Part 10, dwMaxAPDUDataSize)."""
    events: int = 0
    protocol: int = wire.UNDEFINED
    handles: dict[int, Handle] = field(default_factory=dict)
    owner: Handle | None = None
    depth: int = 0
    gone: bool = False
    _left_at: float = 0.0
    gate: threading.Condition = field(default_factory=threading.Condition)
    line: threading.Lock = field(default_factory=threading.Lock)

    # What happens to the card.

    def insert(self, card: Inserted) -> None:
        """Put a card in; one that is still there is taken out first, and everybody is told."""
        self.remove()
        with self.gate:
            self.card, self.events, self.protocol = card, self.events + 1, wire.UNDEFINED
        self.changed()

    def remove(self) -> None:
        """Take the card out; handles learn it at their next call."""
        with self.gate:
            if self.card is None:
                return
            self.card, self.events, self.protocol = None, self.events + 1, wire.UNDEFINED
            self._tell(Code.REMOVED_CARD)
            self.owner, self.depth = None, 0
            self.gate.notify_all()
        self.changed()

    def reset_by_another(self) -> None:
        """Tell every handle at its next call that the card was reset; the card itself is reset by whoever calls."""
        with self.gate:
            self.protocol = wire.UNDEFINED
            self._tell(Code.RESET_CARD)

    def unplug(self) -> None:
        """The reader itself goes away."""
        self.remove()
        with self.gate:
            self.gone = True
            self.gate.notify_all()

    def state(self) -> bytes:
        """The record that clients see."""
        card = self.card
        bits = wire.ABSENT if card is None else wire.PRESENT | wire.POWERED
        if card is not None:
            bits |= wire.NEGOTIABLE if self.protocol == wire.UNDEFINED else wire.SPECIFIC
        atr = b"" if card is None else card.atr[: wire.ATR_MAX]
        sharing = wire.EXCLUSIVE_SHARING if self._exclusive() else len(self.handles)
        name = self.name.encode()[: wire.NAME_MAX]
        return wire.READER_STATE.pack(name, self.events, bits, sharing, atr, len(atr), self.protocol)

    # What clients ask for.

    def connect(self, number: int, share: Share, protocols: int) -> tuple[Code, Handle | None]:
        """A new handle, after any transaction of others has ended."""
        with self.gate:
            if self._exclusive():
                return Code.SHARING_VIOLATION, None
            if not self.gate.wait_for(lambda: self.owner is None or self.gone, PATIENCE):
                return Code.SHARING_VIOLATION, None
            idle = not self.handles and time.monotonic() - self._left_at > IDLE
            if idle:
                self.protocol = wire.UNDEFINED
            refused = self._refuse_connect(share, protocols)
            if refused:
                return refused, None
            handle = self.handles[number] = Handle(number, self, share)
            if share is Share.EXCLUSIVE:
                self.owner, self.depth = handle, 1
        if idle and share is not Share.DIRECT:
            self._power(handle)
            with self.gate:
                self._agree(protocols)
        self.changed()
        return Code.SUCCESS, handle

    def _refuse_connect(self, share: Share, protocols: int) -> Code:
        if self.gone:
            return Code.READER_UNAVAILABLE
        if len(self.handles) >= HANDLES_MAX:
            return Code.NO_MEMORY
        if share is Share.DIRECT:
            return self._agree_direct(protocols)
        if self.card is None:
            return Code.NO_SMARTCARD
        return Code.SHARING_VIOLATION if share is Share.EXCLUSIVE and self.handles else self._agree(protocols)

    def reconnect(self, handle: Handle, share: Share, protocols: int, before: Disposition) -> Code:
        """Change the share mode, reset the card if asked, and clear the notice of a reset by others."""
        with self.gate:
            if self._owned_by_other(handle):
                return Code.SHARING_VIOLATION
            if self.gone:
                return Code.READER_UNAVAILABLE
            if self.card is None:
                return Code.NO_SMARTCARD
            if share is Share.EXCLUSIVE and len(self.handles) > 1:
                return Code.SHARING_VIOLATION
        if before is not Disposition.LEAVE:
            self._power(handle)
        with self.gate:
            agreed = self._agree_direct(protocols) if share is Share.DIRECT else self._agree(protocols)
            if agreed:
                return agreed
            self._take(handle, share)
            handle.notice = Code.SUCCESS
            self.gate.notify_all()
        self.changed()
        return Code.SUCCESS

    def disconnect(self, handle: Handle, after: Disposition) -> Code:
        """Let go; a transaction of this handle ends, the card is reset if asked."""
        with self.gate:
            mine = not self._owned_by_other(handle)
        if after is not Disposition.LEAVE and mine and handle.notice is not Code.REMOVED_CARD:
            self._power(handle)
        with self.gate:
            self.handles.pop(handle.number, None)
            if self.owner is handle:
                self.owner, self.depth = None, 0
            if not self.handles:
                self._left_at = time.monotonic()
            self.gate.notify_all()
        self.changed()
        return Code.SUCCESS

    def begin(self, handle: Handle) -> Code:
        """Start a transaction, or say that another has it after a short turn of waiting."""
        with self.gate:
            refused = self._notice(handle)
            if refused:
                return refused
            if not self.gate.wait_for(lambda: self.owner in (None, handle) or self.gone, TURN):
                return Code.SHARING_VIOLATION
            self.owner, self.depth = handle, self.depth + 1
            return Code.SUCCESS

    def end(self, handle: Handle, after: Disposition) -> Code:
        """End a transaction that this handle began."""
        with self.gate:
            refused = self._notice(handle)
            if refused:
                return refused
            if self.owner is not handle:
                return Code.SHARING_VIOLATION if self.owner else Code.NOT_TRANSACTED
        if after is not Disposition.LEAVE:
            self._power(None)  # pcscd tells even the handle that asked for it
        with self.gate:
            self.depth -= 1
            if self.depth <= 0:
                self.owner, self.depth = None, 0
            self.gate.notify_all()
        return Code.SUCCESS

    def status(self, handle: Handle) -> Code:
        """Whether the handle still means the card it was given for."""
        return self._notice(handle) or (Code.SHARING_VIOLATION if self._owned_by_other(handle) else Code.SUCCESS)

    def transmit(self, handle: Handle, command: bytes, protocol: int = wire.RAW) -> tuple[Code, bytes]:
        """One command; a card that says nothing is lost."""
        owner, card = self.owner, self.card
        if handle.notice or (owner is not None and owner is not handle) or card is None or self.gone:
            return self._why_not(handle), b""
        # vpcd takes one byte for a control code, and a reader may hang on it: refused here, as no card could use it.
        if (unfit := self._unfit(command, protocol)) is not None:
            return unfit, b""
        if not self.line.acquire(timeout=PATIENCE):
            return Code.SHARING_VIOLATION, b""
        try:
            answer = card(command)
        except Exception:  # noqa: BLE001  # whatever a card does, its reader and the other clients live on
            answer = b""
        finally:
            self.line.release()
        if self.card is not card:
            return Code.REMOVED_CARD, b""
        if len(answer) < 2 or len(answer) > wire.BUFFER_MAX:
            self.remove()
            return Code.NOT_TRANSACTED, b""
        return Code.SUCCESS, answer

    def _unfit(self, command: bytes, protocol: int) -> Code | None:
        """Why a command does not go to the card: too short, longer than the reader carries, or not of its protocol."""
        if len(command) < 4:
            return Code.INVALID_PARAMETER
        if len(command) > max(self.data_max + OVERHEAD, SHORT_COMMAND):
            return Code.INSUFFICIENT_BUFFER
        if protocol not in (self.protocol, wire.RAW):
            return Code.PROTO_MISMATCH
        # What the CCID driver says of a command whose length byte is zero and whose data goes on.
        return Code.NOT_TRANSACTED if protocol == wire.T0 and extended(command) else None

    # The books.

    def _why_not(self, handle: Handle) -> Code:
        if self.gone:
            return Code.READER_UNAVAILABLE
        if self._owned_by_other(handle):
            return Code.SHARING_VIOLATION
        return handle.notice or Code.NOT_TRANSACTED

    def _notice(self, handle: Handle) -> Code:
        return Code.READER_UNAVAILABLE if self.gone else handle.notice

    def _exclusive(self) -> bool:
        return any(handle.share is Share.EXCLUSIVE for handle in list(self.handles.values()))

    def _owned_by_other(self, handle: Handle) -> bool:
        return self.owner is not None and self.owner is not handle

    def _take(self, handle: Handle, share: Share) -> None:
        """The share mode after a reconnect, with the lock that exclusive use holds."""
        if share is Share.EXCLUSIVE and handle.share is not Share.EXCLUSIVE:
            self.owner, self.depth = handle, self.depth + 1
        elif share is not Share.EXCLUSIVE and handle.share is Share.EXCLUSIVE:
            self.owner, self.depth = None, 0
        handle.share = share

    def _agree(self, protocols: int) -> Code:
        """Choose the protocol: the one in use, else the first of the card's that the client takes."""
        if protocols & wire.RAW:
            self.protocol = wire.RAW
        elif self.protocol != wire.UNDEFINED:
            return Code.SUCCESS if protocols & self.protocol else Code.PROTO_MISMATCH
        else:
            wanted = next((one for one in self._offered() if protocols & one), None)
            if wanted is None:
                return Code.PROTO_MISMATCH
            self.protocol = wanted
        return Code.SUCCESS

    def _agree_direct(self, protocols: int) -> Code:
        """Direct use negotiates nothing; who asks for raw commands gets them, with a card or without."""
        if protocols & wire.RAW:
            self.protocol = wire.RAW
        return Code.SUCCESS

    def _offered(self) -> tuple[int, ...]:
        try:
            numbers = Atr.parse(self.card.atr).protocols if self.card else ()
        except Malformed:
            numbers = (0,)
        return tuple({0: wire.T0, 1: wire.T1}.get(number, wire.RAW) for number in numbers)

    def _power(self, by: Handle | None) -> None:
        """Reset the card; every other handle is told at its next call."""
        card = self.card
        if card is None or not self.line.acquire(timeout=PATIENCE):
            return
        try:
            card.reset()
        except Exception:  # noqa: BLE001  # a card that does not come up is one that was taken out
            card = None
        finally:
            self.line.release()
        if card is None:
            self.remove()
            return
        with self.gate:
            self.protocol = wire.UNDEFINED
            self._tell(Code.RESET_CARD, by)

    def _tell(self, notice: Code, by: Handle | None = None) -> None:
        for handle in self.handles.values():
            if handle is not by and handle.notice is not Code.REMOVED_CARD:
                handle.notice = notice
