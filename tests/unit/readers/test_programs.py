"""Programs of others against our service, two services side by side, as an ordinary user; and clients that misbehave."""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from emulator.pcsc import wire
from emulator.pcsc.service import Service
from tests.fakes import FakeCard
from tests.serving import ROOT, serving

SCRIPT = """reset
# the application, then a record that is free to read
00 A4 04 00 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF 00
00 B2 03 2C 06
"""

AS_NOBODY = """
import os, subprocess, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from emulator.pcsc.service import Service
from tests.fakes import FakeCard
folder = tempfile.mkdtemp()
os.chown(folder, 65534, 65534)
os.setgid(65534)
os.setuid(65534)
with Service(Path(folder) / "one") as one, Service(Path(folder) / "two") as two:
    one.add("One", FakeCard())
    two.add("Two", FakeCard())
    for service in (one, two):
        environment = {"PCSCLITE_CSOCK_NAME": str(service.path), "PATH": os.environ["PATH"], "HOME": folder}
        said = subprocess.run(["opensc-tool", "-l"], env=environment, capture_output=True, text=True)
        print(os.getuid(), said.stdout)
"""


@pytest.fixture(scope="module")
def socket_path() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, serving("--profile", "2.00", "--pcsc", f"{folder}/a") as running:
        yield running.said["pcsc"]


def said(socket_path: str, *words: str, **more: str) -> str:
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is not installed")
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": socket_path, **more}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=30, check=False, input=SCRIPT, errors="replace"
    )
    return done.stdout + done.stderr


def test_scriptor_runs_its_file(socket_path: str) -> None:
    """`reset`, comments and hex lines; the record says which specification the card follows."""
    heard = said(socket_path, "scriptor", "-r", "cardstack Emulated Reader 00 00")
    assert re.search(r"03 04 32 2E 30 30 90 00", heard), heard


def test_opensc_explorer_and_pkcs11_tool_look_around(socket_path: str, tmp_path: Path) -> None:
    """Neither knows this card; both reach it, ask it, and go on."""
    script = tmp_path / "explore"
    script.write_text("apdu 00A4040000\nquit\n")
    assert "00 A4 04 00" in said(socket_path, "opensc-explorer", "--reader", "0", "--card-driver", "default", str(script))
    module = next(Path("/usr/lib").glob("*/opensc-pkcs11.so"), None)
    if module is None:
        pytest.skip("apt-get install opensc-pkcs11")
    assert "cardstack Emulated Reader" in said(socket_path, "pkcs11-tool", "--module", str(module), "--list-slots")


def test_pcsc_scan_sees_the_card(socket_path: str) -> None:
    """Its answer to reset, explained by the program's own table."""
    assert "3B 6D 00 00 00 81 54 4C 92" in said(socket_path, "timeout", "2", "pcsc_scan", "-c", "-t", "1")


def test_two_services_side_by_side_as_an_ordinary_user() -> None:
    """No root, no daemon, no port; each user's service is his own."""
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    if not shutil.which("opensc-tool"):
        pytest.skip("apt-get install opensc")
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(ROOT)], capture_output=True, text=True, timeout=30, check=False, cwd=ROOT
    )
    assert "One" in done.stdout, done.stderr
    assert "Two" in done.stdout
    assert "65534" in done.stdout


@pytest.fixture
def raw() -> Iterator[tuple[Service, socket.socket]]:
    """A service, and a client that writes its own messages."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "s") as service:
        service.add("Emulated", FakeCard())
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(service.path))
            line.settimeout(5)
            yield service, line


def ask(line: socket.socket, command: wire.Command, body: bytes, answer: struct.Struct) -> tuple[Any, ...]:
    line.sendall(wire.HEADER.pack(len(body), command) + body)
    return answer.unpack(line.recv(answer.size, socket.MSG_WAITALL))


@pytest.mark.parametrize(
    ("asked", "answered", "code"),
    [(3, 6, 0x8010001E), (4, 4, 0), (5, 5, 0), (6, 6, 0), (7, 6, 0x8010001E), (99, 6, 0x8010001E)],
)
def test_protocol_versions(raw: tuple[Service, socket.socket], asked: int, answered: int, code: int) -> None:
    """4:4 to 4:6 as asked; whoever is older or newer is refused with 4:6, and may ask again with that (as pcscd 2.5.3)."""
    version = ask(raw[1], wire.Command.VERSION, wire.VERSION.pack(4, asked, 0), wire.VERSION)
    assert version == (4, answered, code)
    again = ask(raw[1], wire.Command.VERSION, wire.VERSION.pack(4, answered, 0), wire.VERSION)
    assert again == (4, answered, 0)


def test_the_command_that_came_with_4_5(raw: tuple[Service, socket.socket]) -> None:
    """How many events there have been: it grows with every change."""
    service, line = raw
    before, _ = ask(line, wire.Command.GET_READER_EVENTS, b"", wire.EVENTS)
    service.readers[0].remove()
    after, _ = ask(line, wire.Command.GET_READER_EVENTS, b"", wire.EVENTS)
    assert after > before


def test_readers_beyond_the_table_came_with_4_6(raw: tuple[Service, socket.socket]) -> None:
    """A count, then so many records; the table of older clients still has sixteen, as pcscd 2.5.3 gives it."""
    service, line = raw
    for number in range(1, 20):
        service.add(f"Emulated {number}")
    assert ask(line, wire.Command.VERSION, wire.VERSION.pack(4, 6, 0), wire.VERSION) == (4, 6, 0)
    (count,) = ask(line, wire.Command.GET_READERS_COUNT, b"", wire.COUNT)
    records = struct.Struct(f"{count * wire.READER_STATE.size}s")
    (states,) = ask(line, wire.Command.GET_READERS_RECORDS, b"", records)
    (table,) = ask(line, wire.Command.GET_READERS_STATE, b"", struct.Struct(f"{16 * wire.READER_STATE.size}s"))
    assert count == 32
    assert b"Emulated 19\0" in states
    assert states.startswith(table)


@pytest.mark.parametrize("minor", [4, 5, 6])
def test_a_wait_ends_with_one_word(raw: tuple[Service, socket.socket], minor: int) -> None:
    """Up to 4:5 a wait is answered with the table first, from 4:6 with its end alone."""
    service, line = raw
    ask(line, wire.Command.VERSION, wire.VERSION.pack(4, minor, 0), wire.VERSION)
    line.sendall(wire.HEADER.pack(0, wire.Command.WAIT_READER_STATE_CHANGE))
    if minor < wire.COUNTED:
        assert len(line.recv(16 * wire.READER_STATE.size, socket.MSG_WAITALL)) == 16 * wire.READER_STATE.size
    else:
        (count,) = ask(line, wire.Command.GET_READERS_COUNT, b"", wire.COUNT)
        ask(line, wire.Command.GET_READERS_RECORDS, b"", struct.Struct(f"{count * wire.READER_STATE.size}s"))
    service.readers[0].remove()
    assert line.recv(wire.WAIT.size, socket.MSG_WAITALL) == wire.WAIT.pack(0, 0)


def test_no_word_falls_between_the_count_and_the_records(raw: tuple[Service, socket.socket]) -> None:
    """A client of 4:6 waits, counts and reads: what comes in between is in the records, or said after them."""
    service, line = raw
    ask(line, wire.Command.VERSION, wire.VERSION.pack(4, 6, 0), wire.VERSION)
    line.sendall(wire.HEADER.pack(0, wire.Command.WAIT_READER_STATE_CHANGE))
    (count,) = ask(line, wire.Command.GET_READERS_COUNT, b"", wire.COUNT)
    for number in range(16):
        service.add(f"Another {number}")
    service.readers[0].remove()
    ask(line, wire.Command.GET_READERS_RECORDS, b"", struct.Struct(f"{count * wire.READER_STATE.size}s"))
    assert line.recv(wire.WAIT.size, socket.MSG_WAITALL) == wire.WAIT.pack(0, 0)
    line.settimeout(0.1)
    with pytest.raises(TimeoutError):
        line.recv(1)


def test_a_reader_that_goes_leaves_its_place(raw: tuple[Service, socket.socket]) -> None:
    """A count never shrinks, which libpcsclite 2.5.3 takes for a failure; an empty name is an empty place."""
    service, line = raw
    ask(line, wire.Command.VERSION, wire.VERSION.pack(4, 6, 0), wire.VERSION)
    service.remove("Emulated")
    assert ask(line, wire.Command.GET_READERS_COUNT, b"", wire.COUNT) == (16,)
    assert ask(line, wire.Command.GET_READERS_RECORDS, b"", struct.Struct("2944s")) == (bytes(2944),)


def test_a_client_that_waits_without_looking_is_told_all_the_same(raw: tuple[Service, socket.socket]) -> None:
    """Its word is held back for a moment only."""
    service, line = raw
    ask(line, wire.Command.VERSION, wire.VERSION.pack(4, 6, 0), wire.VERSION)
    line.sendall(wire.HEADER.pack(0, wire.Command.WAIT_READER_STATE_CHANGE))
    ask(line, wire.Command.GET_READER_EVENTS, b"", wire.EVENTS)
    service.readers[0].remove()
    assert line.recv(wire.WAIT.size, socket.MSG_WAITALL) == wire.WAIT.pack(0, 0)


@pytest.mark.parametrize(
    "message",
    [
        b"\xff" * 8,
        wire.HEADER.pack(4, wire.Command.CONNECT) + b"\0" * 4,
        wire.HEADER.pack(2**31, wire.Command.CONNECT),
        wire.HEADER.pack(wire.TRANSMIT.size, wire.Command.TRANSMIT) + wire.TRANSMIT.pack(1, 1, 16, 2**31, 1, 16, 9, 0),
        wire.HEADER.pack(wire.TRANSMIT.size, wire.Command.TRANSMIT) + wire.TRANSMIT.pack(77, 1, 16, 4, 1, 16, 9, 0) + b"abcd",
        wire.HEADER.pack(wire.STATUS.size, wire.Command.STATUS) + wire.STATUS.pack(12345, 0),
    ],
    ids=["nonsense", "short body", "huge body", "huge command", "another's handle", "another's status"],
)
def test_a_client_that_breaks_the_form_is_hung_up_on(raw: tuple[Service, socket.socket], message: bytes) -> None:
    """And nobody else notices."""
    service, line = raw
    with suppress(ConnectionError):
        line.sendall(message)
        assert line.recv(1) == b""
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(str(service.path))
        assert ask(other, wire.Command.VERSION, wire.VERSION.pack(4, 4, 0), wire.VERSION) == (4, 4, 0)


def test_a_watcher_that_does_not_read_is_dropped(raw: tuple[Service, socket.socket]) -> None:
    """Its full socket holds nobody up."""
    service, line = raw
    with suppress(ConnectionError):
        for _ in range(400):
            line.sendall(wire.HEADER.pack(0, wire.Command.WAIT_READER_STATE_CHANGE))
    for _ in range(50):
        service.readers[0].insert(FakeCard())
    assert service.readers[0].card is not None


def test_a_pin_typed_on_the_reader_never_leaves_it(raw: tuple[Service, socket.socket]) -> None:
    """VERIFY and CHANGE with the digits put where Part 10 says; cancelled and short entries are said with its codes."""
    from cardstack.readers import pinpad as pads
    from emulator.pcsc import pinpad

    service, _ = raw
    reader = service.readers[0]
    card = reader.card
    assert isinstance(card, FakeCard)
    _, handle = reader.connect(5, wire.Share.SHARED, 3)
    assert handle
    template = bytes.fromhex("0020000003FFFFFF")
    verify = pads.VERIFY.pack(30, 30, 0x81, 0x03, 0, 0x0406, 2, 1, 0x0804, 0, bytes(3), len(template)) + template
    typed: list[str | None] = ["123456", "123", None]
    reader.pin_pad = lambda: typed.pop(0)
    code = pinpad.FEATURE | pads.VERIFY_PIN
    assert pinpad.control(reader, handle, code, verify) == (0, b"\x90\x00")
    assert card.commands[-1] == bytes.fromhex("0020000003123456")
    assert pinpad.control(reader, handle, code, verify) == (0, b"\x64\x03")
    assert pinpad.control(reader, handle, code, verify) == (0, b"\x64\x01")
    assert pinpad.control(reader, handle, code, verify[:10]) == (wire.Code.INVALID_PARAMETER, b"")
    template = bytes.fromhex("805E010007FFFFFFFFFFFFFF")
    typed += ["123456", "654321", "654321", "123456", "654321", "123456"]
    modify = pads.MODIFY.pack(30, 30, 0x81, 0x03, 0, 0, 4, 0x0406, 3, 2, 3, 0x0804, 0, 1, 2, bytes(3), len(template)) + template
    pinpad.control(reader, handle, pinpad.FEATURE | pads.MODIFY_PIN, modify)
    assert card.commands[-1] == bytes.fromhex("805E010007123456FF654321")
    assert pinpad.control(reader, handle, pinpad.FEATURE | pads.MODIFY_PIN, modify) == (0, b"\x64\x02")
