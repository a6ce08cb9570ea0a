"""Many clients of the PC/SC service at once: every answer is what a model of sharing and transactions says, nothing is left over.

The clients write libpcsclite's messages themselves, so that one of them can be killed, or talk nonsense, at any moment.
"""

import random
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from emulator.pcsc import reader as readers
from emulator.pcsc import wire
from emulator.pcsc.service import Service
from emulator.pcsc.wire import Code, Command, Disposition, Share
from tests.fakes import CONTENT, RECORD, FakeCard

NAMES = ("One", "Two")
ANY = wire.T0 | wire.T1 | wire.RAW
"""Every protocol: which one is agreed on is not the question here."""
PATIENCE = 5.0
"""Seconds within which every answer must be there."""


class Client:
    """A client that speaks the service's own messages."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(PATIENCE)
        self.line.connect(str(path))
        self.handles: list[Any] = []
        _, self.context, _ = self.ask(Command.ESTABLISH_CONTEXT, wire.ESTABLISH, 2, 0, 0)

    def ask(self, command: Command, layout: Struct, *fields: Any) -> tuple[Any, ...]:
        """One message and its answer."""
        self.say(command, layout.pack(*fields))
        return layout.unpack(self.hear(layout.size))

    def say(self, command: Command, body: bytes = b"") -> None:
        self.line.sendall(wire.HEADER.pack(len(body), command) + body)

    def hear(self, size: int) -> bytes:
        raw = self.line.recv(size, socket.MSG_WAITALL)
        assert len(raw) == size, "hung up on"
        return raw

    def connect(self, name: str, share: Share) -> tuple[int, int]:
        """The handle's number and the code."""
        fields = (self.context, name.encode(), share, ANY, 0, 0, 0)
        *_, number, _, code = self.ask(Command.CONNECT, wire.CONNECT, *fields)
        return number, code

    def transmit(self, number: int) -> tuple[int, bytes]:
        """The code and the answer to one command, under whatever protocol there is."""
        head = wire.TRANSMIT.pack(number, wire.RAW, 16, len(RECORD), wire.RAW, 16, 300, 0)
        self.say(Command.TRANSMIT, head)
        self.line.sendall(RECORD)
        *_, size, code = wire.TRANSMIT.unpack(self.hear(wire.TRANSMIT.size))
        return code, self.hear(size) if size else b""


@dataclass(eq=False)
class Handle:
    """What the model knows of a connection."""

    client: Client
    number: int
    place: "Place"
    share: Share
    notice: Code = Code.SUCCESS


@dataclass(eq=False)
class Place:
    """What the model knows of a reader."""

    name: str
    card: bool = False
    gone: bool = False
    handles: list[Handle] = field(default_factory=list)
    owner: Handle | None = None
    depth: int = 0

    def tell(self, notice: Code, but: Handle | None = None) -> None:
        for handle in self.handles:
            if handle is not but and handle.notice is not Code.REMOVED_CARD:
                handle.notice = notice

    def removed(self) -> None:
        if self.card:
            self.card = False
            self.tell(Code.REMOVED_CARD)
            self.owner, self.depth = None, 0

    def freed(self, handle: Handle, *, reset: bool) -> None:
        """A handle lets go."""
        mine = self.owner in (None, handle)
        if reset and mine and handle.notice is not Code.REMOVED_CARD and self.card:
            self.tell(Code.RESET_CARD, handle)
        self.handles.remove(handle)
        if self.owner is handle:
            self.owner, self.depth = None, 0

    def refusal(self, handle: Handle) -> Code:
        """Why a handle cannot begin or end a transaction."""
        return Code.READER_UNAVAILABLE if self.gone else handle.notice


class Machine(RuleBasedStateMachine):
    """The service and its model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.places: dict[str, Place] = {}
        self.clients: list[Client] = []

    def teardown(self) -> None:
        if self.folder is None:
            return
        for client in self.clients:
            client.line.close()
        self.service.stop()
        until(lambda: not self.service._sessions)  # what is left over is the point
        try:
            until(lambda: threads() <= self.before[0])
            until(lambda: descriptors() <= self.before[1])
        finally:
            self.folder.cleanup()

    @initialize()
    def begins(self) -> None:
        """Two readers with a card, two clients that share both."""
        self.folder = tempfile.TemporaryDirectory(prefix="cs")
        self.before = threads(), descriptors()
        self.service = Service(Path(self.folder.name) / "s")
        self.service.__enter__()
        for name in NAMES:
            self.service.add(name, FakeCard())
            self.places[name] = Place(name, card=True)
        for _ in range(2):
            self.arrive()
            for name in NAMES:
                self.connected(self.clients[-1], name, Share.SHARED)

    # Readers and cards.

    @rule(name=st.sampled_from(NAMES), card=st.booleans())
    def plug(self, name: str, card: bool) -> None:
        if name not in self.places:
            self.service.add(name, FakeCard() if card else None)
            self.places[name] = Place(name, card)

    @precondition(lambda self: self.places)
    @rule(data=st.data())
    def unplug(self, data: st.DataObject) -> None:
        place = self.places.pop(data.draw(st.sampled_from(sorted(self.places))))
        self.service.remove(place.name)
        place.removed()
        place.gone = True

    @precondition(lambda self: self.places)
    @rule(data=st.data(), card=st.booleans())
    def card_moves(self, data: st.DataObject, card: bool) -> None:
        place = self.places[data.draw(st.sampled_from(sorted(self.places)))]
        reader = self.service.reader(place.name)
        assert reader
        place.removed()
        if card:
            reader.insert(FakeCard())
        else:
            reader.remove()
        place.card = card

    # Clients.

    @precondition(lambda self: len(self.clients) < 4)
    @rule()
    def arrive(self) -> None:
        self.clients.append(Client(self.service.path))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """Without a word; whoever had the card to itself leaves it reset."""
        client = self.clients.pop(data.draw(st.integers(0, len(self.clients) - 1)))
        client.line.close()
        until(lambda: len(self.service._sessions) == len(self.clients))  # seen through its books
        for handle in client.handles:
            handle.place.freed(handle, reset=handle.place.owner is handle and not handle.notice)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), name=st.sampled_from((*NAMES, "Nobody")), share=st.sampled_from((Share.SHARED, *Share)))
    def connect(self, data: st.DataObject, name: str, share: Share) -> None:
        self.connected(data.draw(st.sampled_from(self.clients)), name, share)

    def connected(self, client: Client, name: str, share: Share) -> None:
        place = self.places.get(name)
        number, code = client.connect(name, share)
        assert code == self.may_connect(place, share)
        if place and not code:
            handle = Handle(client, number, place, share)
            client.handles.append(handle)
            place.handles.append(handle)
            if share is Share.EXCLUSIVE:
                place.owner, place.depth = handle, 1

    @staticmethod
    def may_connect(place: Place | None, share: Share) -> Code:
        if place is None:
            return Code.UNKNOWN_READER
        if place.owner or any(one.share is Share.EXCLUSIVE for one in place.handles):
            return Code.SHARING_VIOLATION
        if share is Share.DIRECT:
            return Code.SUCCESS
        if not place.card:
            return Code.NO_SMARTCARD
        return Code.SHARING_VIOLATION if share is Share.EXCLUSIVE and place.handles else Code.SUCCESS

    def handle(self, data: st.DataObject) -> Handle:
        one: Handle = data.draw(st.sampled_from([one for client in self.clients for one in client.handles]))
        return one

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data())
    def transmit(self, data: st.DataObject) -> None:
        one = self.handle(data)
        place = one.place
        code, answer = one.client.transmit(one.number)
        if place.gone:
            assert code == Code.READER_UNAVAILABLE
        elif place.owner not in (None, one):
            assert code == Code.SHARING_VIOLATION
        elif one.notice or not place.card:
            assert code == (one.notice or Code.NOT_TRANSACTED)
        else:
            assert (code, answer) == (Code.SUCCESS, CONTENT + b"\x90\x00")

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data())
    def status(self, data: st.DataObject) -> None:
        one = self.handle(data)
        _, code = one.client.ask(Command.STATUS, wire.STATUS, one.number, 0)
        taken = Code.SHARING_VIOLATION if one.place.owner not in (None, one) else Code.SUCCESS
        assert code == (one.place.refusal(one) or taken)

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        one = self.handle(data)
        place = one.place
        _, code = one.client.ask(Command.BEGIN_TRANSACTION, wire.BEGIN, one.number, 0)
        expected = place.refusal(one) or (Code.SHARING_VIOLATION if place.owner not in (None, one) else Code.SUCCESS)
        assert code == expected
        if not code:
            place.owner, place.depth = one, place.depth + 1

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data(), after=st.sampled_from((Disposition.LEAVE, Disposition.RESET)))
    def end(self, data: st.DataObject, after: Disposition) -> None:
        one = self.handle(data)
        place = one.place
        *_, code = one.client.ask(Command.END_TRANSACTION, wire.END, one.number, after, 0)
        nobodys = Code.SHARING_VIOLATION if place.owner else Code.NOT_TRANSACTED
        assert code == (place.refusal(one) or (Code.SUCCESS if place.owner is one else nobodys))
        if not code:
            if after and place.card:
                place.tell(Code.RESET_CARD)
            place.depth -= 1
            place.owner = one if place.depth else None

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data(), after=st.sampled_from((Disposition.LEAVE, Disposition.RESET)))
    def disconnect(self, data: st.DataObject, after: Disposition) -> None:
        one = self.handle(data)
        *_, code = one.client.ask(Command.DISCONNECT, wire.DISCONNECT, one.number, after, 0)
        assert code == Code.SUCCESS
        one.client.handles.remove(one)
        one.place.freed(one, reset=bool(after))

    @precondition(lambda self: any(client.handles for client in self.clients))
    @rule(data=st.data(), before=st.sampled_from((Disposition.LEAVE, Disposition.RESET)), share=st.sampled_from(Share))
    def reconnect(self, data: st.DataObject, before: Disposition, share: Share) -> None:
        """The way out of a notice, and from one kind of sharing to another."""
        one = self.handle(data)
        place = one.place
        fields = (one.number, share, ANY, before, 0, 0)
        *_, code = one.client.ask(Command.RECONNECT, wire.RECONNECT, *fields)
        assert code == self.may_reconnect(one, share)
        if code:
            return
        if before:
            place.tell(Code.RESET_CARD, one)
        if share is Share.EXCLUSIVE and one.share is not Share.EXCLUSIVE:
            place.owner, place.depth = one, place.depth + 1
        elif share is not Share.EXCLUSIVE and one.share is Share.EXCLUSIVE:
            place.owner, place.depth = None, 0
        one.share, one.notice = share, Code.SUCCESS

    @staticmethod
    def may_reconnect(one: Handle, share: Share) -> Code:
        place = one.place
        if place.owner not in (None, one):
            return Code.SHARING_VIOLATION
        if place.gone:
            return Code.READER_UNAVAILABLE
        if not place.card:
            return Code.NO_SMARTCARD
        return Code.SHARING_VIOLATION if share is Share.EXCLUSIVE and len(place.handles) > 1 else Code.SUCCESS

    @precondition(lambda self: len(self.clients) > 1)
    @rule(data=st.data(), minor=st.sampled_from(wire.MINORS))
    def wait_and_cancel(self, data: st.DataObject, minor: int) -> None:
        """A wait ends with one word: cancelled from another connection, or stopped by itself."""
        first, second = data.draw(st.permutations(self.clients))[:2]
        first.ask(Command.VERSION, wire.VERSION, 4, minor, 0)
        first.say(Command.WAIT_READER_STATE_CHANGE)
        if minor < wire.COUNTED:
            first.hear(wire.TABLE * wire.READER_STATE.size)
        if data.draw(st.booleans()):
            until(lambda: any(one.context == first.context for one in self.service._watchers))  # as above
            _, code = second.ask(Command.CANCEL, wire.CANCEL, first.context, 0)
            assert (code, first.hear(8)) == (Code.SUCCESS, wire.WAIT.pack(0, Code.CANCELLED))
        else:
            first.say(Command.STOP_WAITING_READER_STATE_CHANGE)
            assert first.hear(8) == wire.WAIT.pack(0, Code.SUCCESS)

    @rule(raw=st.binary(max_size=80))
    def nonsense(self, raw: bytes) -> None:
        """A connection that says anything ends, and harms nobody."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            line.connect(str(self.service.path))
            spoken(line, raw)
        until(lambda: len(self.service._sessions) == len(self.clients))  # as above

    @invariant()
    def the_books_agree(self) -> None:
        for name, place in self.places.items():
            reader = self.service.reader(name)
            assert reader
            assert (bool(reader.card), len(reader.handles), reader.depth) == (place.card, len(place.handles), place.depth)
            assert (reader.owner.number if reader.owner else 0) == (place.owner.number if place.owner else 0)


def spoken(line: socket.socket, raw: bytes) -> None:
    """Say it all and hear the other side out; being hung up on is an answer, silence is none."""
    with suppress(BrokenPipeError, ConnectionResetError):
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):
            pass


def threads() -> int:
    """Threads of the service and its clients."""
    return sum(one.name.startswith("pcsc") for one in threading.enumerate())


def descriptors() -> int:
    """Open files of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def until(so: Any) -> None:
    """Wait for something that is to be so at once."""
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for another's transaction here."""
    monkeypatch.setattr(readers, "PATIENCE", 0.01)
    monkeypatch.setattr(readers, "TURN", 0.005)


def test_clients_readers_and_cards_in_any_order() -> None:
    """Every code and every book agrees with the model; threads and descriptors are given back."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=checks)
    )


FRAMES = st.builds(
    lambda command, size, body: wire.HEADER.pack(size if size is not None else len(body), command) + body,
    st.sampled_from(Command) | st.integers(0, 2**32 - 1),
    st.none() | st.integers(0, 300) | st.integers(0, 2**32 - 1),
    st.binary(max_size=300),
)


@settings(max_examples=150, deadline=None)
@given(frames=st.lists(FRAMES, max_size=6), cut=st.integers(0, 50))
def test_frames_of_any_kind_end_in_an_answer_or_a_hang_up(frames: list[bytes], cut: int) -> None:
    """Whatever a client writes: its connection ends when it does, the service goes on, nothing waits."""
    with tempfile.TemporaryDirectory(prefix="cs") as folder, Service(Path(folder) / "s") as service:
        service.add("One", FakeCard())
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            line.connect(str(service.path))
            raw = b"".join(frames)
            spoken(line, raw[: max(len(raw) - cut, 0)])
        until(lambda: not service._sessions)  # what is left over is the point
        other = Client(service.path)
        number, code = other.connect("One", Share.SHARED)
        assert (code, other.transmit(number)) == (0, (0, CONTENT + b"\x90\x00"))
        other.line.close()


@pytest.mark.slow
def test_clients_that_all_do_something_at_once_leave_nothing_behind() -> None:
    """Eight threads of clients for three seconds, killed at random; readers and cards come and go; no hang, no leak."""
    with tempfile.TemporaryDirectory(prefix="cs") as folder, Service(Path(folder) / "s") as service:
        for name in NAMES:
            service.add(name, FakeCard())
        before, failed = descriptors(), list[BaseException]()
        end = time.monotonic() + 3

        def live(seed: int) -> None:
            dice = random.Random(seed)
            try:
                while time.monotonic() < end:
                    with_luck(Client(service.path), dice)
            except BaseException as error:  # noqa: BLE001  # it is the test's to report
                failed.append(error)

        crowd = [threading.Thread(target=live, args=(seed,)) for seed in range(8)]
        for one in crowd:
            one.start()
        hand = random.Random(0)
        while time.monotonic() < end:
            reader = service.reader(hand.choice(NAMES))
            if reader is None:
                service.add(next(name for name in NAMES if service.reader(name) is None))
            elif hand.random() < 0.2:
                service.remove(reader.name)
            else:
                reader.insert(FakeCard())
            time.sleep(0.002)
        for one in crowd:
            one.join(20)
        assert not failed
        assert not any(one.is_alive() for one in crowd)
        until(lambda: not service._sessions)  # what is left over is the point
        assert [len(reader.handles) for reader in service.readers] == [0] * len(service.readers)
        assert [reader.owner for reader in service.readers] == [None] * len(service.readers)
        until(lambda: descriptors() <= before)


def with_luck(client: Client, dice: random.Random) -> None:
    """A short life: some calls, of which any may be refused, and an end in the middle of one."""
    number, code = client.connect(dice.choice(NAMES), dice.choice(tuple(Share)))
    for _ in range(dice.randrange(12)) if not code else ():
        what = dice.randrange(4)
        if what == 0:
            client.transmit(number)
        elif what == 1:
            client.ask(Command.BEGIN_TRANSACTION, wire.BEGIN, number, 0)
        elif what == 2:
            client.ask(Command.END_TRANSACTION, wire.END, number, dice.choice((0, 1)), 0)
        else:
            client.ask(Command.STATUS, wire.STATUS, number, 0)
    if dice.random() < 0.3:
        client.say(dice.choice(tuple(Command)), b"")
    client.line.close()
