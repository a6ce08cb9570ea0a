"""Cards behind a TCP port, and a card that dials into a virtual reader."""

import socket
import threading
from collections.abc import Iterator

import pytest

from cardstack.readers import connect
from cardstack.readers.problems import NOBODY, READER_NAME, CardLost, CardMute, ReaderError
from emulator import line
from emulator.tcp import Door
from emulator.vpcd import Seen, Vpcd
from tests.fakes import ATR, CONTENT, RECORD, FakeCard, MuteCard, TornCard


def test_a_card_that_listens_is_read() -> None:
    """Power, answer to reset, a record, and a second reader beside the first."""
    card = FakeCard()
    with (
        Door(card, "127.0.0.1", 0) as door,
        connect(f"tcp:127.0.0.1:{door.port}") as reader,
        connect(f"tcp:127.0.0.1:{door.port}") as second,
    ):
        assert (reader.atr, reader(RECORD), second(RECORD)) == (ATR, CONTENT + b"\x90\x00", CONTENT + b"\x90\x00")
    assert card.resets >= 2


def test_a_torn_and_a_mute_card_end_in_time() -> None:
    """A torn card closes the line; a mute one runs into the deadline."""
    with Door(TornCard(), "127.0.0.1", 0) as door, connect(f"tcp:127.0.0.1:{door.port}") as reader, pytest.raises(CardLost):
        reader(RECORD)
    mute = MuteCard()
    with Door(mute, "127.0.0.1", 0) as door, connect(f"tcp:127.0.0.1:{door.port}", deadline=0.2) as reader:
        with pytest.raises(CardMute):
            reader(RECORD)
        mute.release.set()


def test_nobody_listens_and_no_port() -> None:
    """Both are said with their problem."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, problem in ((f"tcp:127.0.0.1:{port}", NOBODY), ("tcp:127.0.0.1", READER_NAME), ("tcp:x:y", READER_NAME)):
        with pytest.raises(ReaderError) as caught:
            connect(name)
        assert caught.value.problem is problem


class VirtualReader:
    """The reader's side of vpcd, as vpcd 3.3 has it: length and payload in two segments."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.line: socket.socket | None = None

    def take(self) -> None:
        if self.line:
            self.line.close()
        self.listener.settimeout(5)
        self.line, _ = self.listener.accept()
        self.line.settimeout(5)

    def say(self, message: bytes) -> None:
        assert self.line
        self.line.sendall(len(message).to_bytes(2))
        self.line.sendall(message)

    def hear(self) -> bytes | None:
        assert self.line
        return line.receive(self.line)


@pytest.fixture
def virtual_reader() -> Iterator[VirtualReader]:
    reader = VirtualReader()
    yield reader
    reader.listener.close()
    if reader.line:
        reader.line.close()


def test_a_card_dials_into_vpcd(virtual_reader: VirtualReader) -> None:
    """Power off, on and reset are not answered; the answer to reset is, at any time."""
    card, seen = FakeCard(), list[Seen]()
    inserted = Vpcd(card, "127.0.0.1", virtual_reader.port, seen.append).start()
    virtual_reader.take()
    for control in (line.POWER_OFF, line.POWER_ON, line.RESET):
        virtual_reader.say(bytes((control,)))
    virtual_reader.say(bytes((line.GET_ATR,)))
    assert virtual_reader.hear() == ATR
    virtual_reader.say(RECORD)
    assert virtual_reader.hear() == CONTENT + b"\x90\x00"
    virtual_reader.say(bytes((line.GET_ATR,)))
    assert virtual_reader.hear() == ATR
    inserted.stop()
    assert virtual_reader.hear() is None
    assert (card.resets, seen[0]) == (3, Seen.INSERTED)


def test_a_torn_card_leaves_and_comes_back(virtual_reader: VirtualReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty answer, on which vpcd would wait for ever (trap 7); the card stays away a while (traps 5, 15)."""
    monkeypatch.setattr("emulator.vpcd.PAUSE", 0.05)
    inserted = Vpcd(TornCard(), "127.0.0.1", virtual_reader.port).start()
    virtual_reader.take()
    virtual_reader.say(RECORD)
    assert virtual_reader.hear() is None
    virtual_reader.take()
    virtual_reader.say(bytes((line.GET_ATR,)))
    assert virtual_reader.hear() == ATR
    inserted.stop()


def test_an_occupied_reader_is_noticed(virtual_reader: VirtualReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second card on a port connects and hears nothing (trap 11)."""
    monkeypatch.setattr("emulator.vpcd.SILENCE", 0.05)
    noticed = threading.Event()
    inserted = Vpcd(FakeCard(), "127.0.0.1", virtual_reader.port, lambda seen: noticed.set() if seen is Seen.OCCUPIED else None)
    inserted.start()
    assert noticed.wait(5)
    inserted.stop()


def test_too_long_an_answer_is_refused_by_its_status() -> None:
    """Sixteen bits of length cannot say 65,536 bytes (trap 12)."""

    class Talker(FakeCard):
        def __call__(self, _: bytes) -> bytes:
            return bytes(65536) + b"\x90\x00"

    with Door(Talker(), "127.0.0.1", 0) as door, connect(f"tcp:127.0.0.1:{door.port}") as reader:
        assert reader(RECORD) == b"\x67\x00"
