"""`cardstack readers` and `cardstack doctor`."""

import threading

import pytest

from emulator.pcsc.service import Service
from tests.command import CommandLine
from tests.fakes import ATR, FakeCard
from tests.pcsc import need_library, point_here


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


def test_readers_are_listed_with_their_roles(service: Service, command: CommandLine) -> None:
    """As data and as a table."""
    service.add("Emulated 00 00", FakeCard())
    service.add("Emulated 00 01")
    listed = command("readers", "list", "--json")
    assert [(one["role"], one["atr"]) for one in listed.data["readers"]] == [("user", ATR.hex().upper()), ("psam", None)]
    assert "Emulated 00 01" in command("readers", "list").out


def test_events_are_printed(service: Service, command: CommandLine) -> None:
    """The first three after the start."""
    emulated = service.add("Emulated")
    threading.Timer(0.1, lambda: emulated.insert(FakeCard())).start()
    lines = command("readers", "watch", "--count", "3", "--json").out.splitlines()
    assert len(lines) == 3
    assert "card inserted" in lines[-1]


def test_no_service_is_said_with_its_code(command: CommandLine) -> None:
    """As an error of the catalogue, exit code 1."""
    need_library()
    point_here()
    ended = command("readers", "list", "--json")
    assert (ended.code, ended.data["error"]["code"]) == (1, "CS-1302")


def test_the_doctor_stops_at_what_is_missing(service: Service, command: CommandLine) -> None:
    """No reader, no card, then a card that answers."""
    ended = command("doctor", "--json")
    assert (ended.code, ended.data["healthy"], ended.data["steps"][-1]["name"]["en"]) == (69, False, "readers")
    emulated = service.add("Emulated")
    ended = command("doctor", "--json")
    assert (ended.code, ended.data["steps"][-1]["name"]["en"]) == (69, "card")
    emulated.insert(FakeCard())
    ended = command("doctor", "--json")
    assert (ended.code, ended.data["healthy"]) == (0, True), ended.out
    assert "✔" in command("doctor").out


def test_the_doctor_of_a_reader_without_pcsc_looks_at_that_reader(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service is asked for where none is needed; the next step is about what was named, or the environment names."""
    point_here()
    ended = command("doctor", "--reader", "emu:2.00", "--json")
    assert (ended.code, [one["name"]["en"] for one in ended.data["steps"]][1:]) == (
        0,
        ["card", "answer to reset", "social security application", "answers are quick"],
    )
    for name in ("tcp:127.0.0.1:1", "replay:nowhere", "emu:9.99", "nonsense:1"):
        ended = command("doctor", "--reader", name, "--json")
        assert (ended.code, ended.data["healthy"]) == (69, False), ended.out
        assert ended.data["next"]["zh"]
    monkeypatch.setenv("CARDSTACK_READER", "emu:3.00")
    assert command("doctor", "--json").code == 0
