"""The traps of pcscd, vpcd and pyscard that no other test here names; the number is that of the project's list of traps."""

import socket
from pathlib import Path

import pytest

from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import ask, run
from cardstack.cli import doctoring
from cardstack.errors import Malformed, Refused
from cardstack.readers.api import api
from cardstack.readers.ports import LEAVE, SHARED, T0
from cardstack.readers.problems import NO_LIBRARY, ReaderError
from emulator.pcsc import reader as rules
from emulator.pcsc.service import SOCKET_TAKEN, TOO_MANY_READERS, Service
from tests.fakes import RECORD, FakeCard

SELECT = bytes.fromhex("00A40400023F00")


def test_state_survives_only_inside_a_connection(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap 10: a card that nobody holds loses its power after a while, and what was proved with it."""
    card, library = FakeCard(), api("system")
    service.add("Emulated", card)
    context = library.establish()
    handle, _ = library.connect(context, "Emulated", SHARED, T0)
    library.transmit(handle, T0, SELECT)
    library.disconnect(handle, LEAVE)
    handle, _ = library.connect(context, "Emulated", SHARED, T0)
    kept = card.selected
    library.disconnect(handle, LEAVE)
    monkeypatch.setattr(rules, "IDLE", 0.0)
    library.connect(context, "Emulated", SHARED, T0)
    assert (kept, card.selected) == (True, False)
    library.release(context)


def test_readers_come_and_go_at_run_time(service: Service) -> None:
    """Trap 13: sixteen for every client, each name once; a handle on one that was unplugged says so."""
    library = api("system")
    readers = [service.add(f"Emulated {number:02d}", FakeCard()) for number in range(16)]
    context = library.establish()
    assert len(library.readers(context)) == 16
    for name in ("Emulated 00", "x" * 128, ""):
        with pytest.raises(Refused) as caught:
            service.add(name)
        assert caught.value.problem is TOO_MANY_READERS
    handle, _ = library.connect(context, readers[3].name, SHARED, T0)
    service.remove(readers[3].name)
    with pytest.raises(ReaderError):
        library.transmit(handle, T0, RECORD)
    assert len(library.readers(context)) == 15
    library.release(context)


def test_a_socket_left_behind_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    """Trap 14: a killed service leaves its file; two services never share one."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with Service(path):
        with pytest.raises(Refused) as caught, Service(path):
            pass
        assert caught.value.problem is SOCKET_TAKEN
    with pytest.raises(Refused), Service(tmp_path / ("x" * 120)):
        pass


def test_contexts_and_handles_never_share_a_number(service: Service) -> None:
    """Trap 19: libpcsclite locks up on two contexts of one number."""
    library = api("system")
    contexts = [library.establish() for _ in range(50)]
    assert len(set(contexts)) == 50
    for context in contexts:
        library.release(context)


def test_the_doctor_knows_aliased_stanzas_and_stale_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traps 3b and 14: two stanzas on one driver file, and a pid that no longer runs."""
    stanza = "FRIENDLYNAME A\nLIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\n"
    (tmp_path / "vpcd").write_text(stanza + stanza)
    (tmp_path / "comm").touch()
    (tmp_path / "pid").write_text("999999999\n")
    monkeypatch.setattr(doctoring, "CONFIGURATION", tmp_path)
    monkeypatch.setattr(doctoring, "PCSCD_SOCKET", tmp_path / "comm")
    monkeypatch.setattr(doctoring, "PCSCD_PID", tmp_path / "pid")
    stale, aliased, _ = doctoring.trap_steps()
    assert (stale.good, aliased.good) == (False, False)


def test_the_doctor_knows_a_port_open_to_everybody() -> None:
    """Trap 2: vpcd listens on every address."""
    with socket.create_server(("0.0.0.0", 0)) as everybody, socket.create_server(("127.0.0.1", 0)) as loopback:
        assert doctoring._listens_everywhere(everybody.getsockname()[1])
        assert not doctoring._listens_everywhere(loopback.getsockname()[1])


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    from cardstack.readers import winscard

    monkeypatch.setattr("ctypes.CDLL", lambda _: (_ for _ in ()).throw(OSError()))
    winscard.library.cache_clear()
    with pytest.raises(ReaderError) as caught:
        winscard.library()
    winscard.library.cache_clear()
    assert caught.value.problem is NO_LIBRARY


def test_answers_in_parts_and_a_wrong_le_are_followed() -> None:
    """T=0 cards say 61xx and 6Cxx, which pyscard leaves to its callers; a card that never ends is malformed."""
    said = iter([b"\x6c\x04", b"ab\x61\x02", b"cd\x90\x00"])
    assert run(ask(Command(0, 0xB0, ne=1)), lambda _: next(said)) == Response(b"abcd", 0x9000)
    with pytest.raises(Malformed):
        run(ask(Command(0, 0xB0, ne=1)), lambda _: b"\x61\x01")
