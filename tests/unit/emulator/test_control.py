"""Hands at a virtual reader: lines of control with times, and a card that takes as long as a real one."""

import json
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cardstack.apdu.pace import Model, Pace
from cardstack.errors import Malformed, Refused
from cardstack.readers import connect
from cardstack.readers.problems import ReaderError
from cardstack.text import Text
from emulator.control import CONTROL, Desk, Place, Said, checked
from emulator.desk import Handled, handled, slot
from emulator.pcsc.service import Service
from emulator.tcp import Door
from emulator.vpcd import VpcdSlot
from tests.command import CommandLine
from tests.fakes import FakeCard

CHALLENGE = bytes.fromhex("0084000008")


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


def desk(places: Sequence[Place], clock: Clock, service: Service | None = None) -> Desk:
    made: Callable[[str], Handled] = lambda name: Handled(slot(name or "2.00"))  # noqa: E731  # a card by name
    return Desk(lambda: places, made, service, clock.sleep, lambda: clock.now)


def test_a_script_keeps_its_times(tmp_path: Path) -> None:
    """Moments count from the first line, pauses from the line before; a line that fails does not end the script."""
    clock = Clock()
    with Service(tmp_path / "s") as service:
        service.add("First")
        hands = Desk(lambda: service.readers, lambda name: Handled(slot(name or "3.00")), service, clock.sleep, lambda: clock.now)
        script = [
            "# one card, then another",
            "insert 0",
            "@1.5 swap 0 2.00",
            "wait 0.25",
            "@2 remove 0",
            "tear 0",
            "@1 add Second",
        ]
        said = list(hands.run(checked([*script, "list", "quit", "remove 0"])))
        assert clock.slept == [1.5, 0.25, 0.25, 0.0]
        assert [one.done for one in said] == [True, True, True, True, False, True, True]
        inserted = Said("insert 0", Text("First: inserted", "First：已插卡"), done=True)
        assert (said[0], said[-1].text.en) == (inserted, "First: -\nSecond: -")
        assert hands.do("unplug Second") == "Second: unplugged"
        assert [reader.name for reader in service.readers] == ["First"]


@pytest.mark.parametrize("line", ["fly 0", "@x remove 0", "@1", "@-1 list", "@1e9 list", "@ list"])
def test_a_script_is_understood_before_it_begins(line: str) -> None:
    """The number of the line that is not."""
    with pytest.raises(Malformed) as caught:
        checked(["list", line])
    assert (caught.value.problem, caught.value.facts["line"]) == (CONTROL, 2)


@pytest.mark.parametrize("line", ["insert", "insert 1", "remove ²", "mute 0 x", "mute 0 601", "wait", "insert 0 9.99", "tear 0"])
def test_a_line_that_cannot_be_carried_out_is_said(line: str, tmp_path: Path) -> None:
    """Nothing else escapes, whatever was typed."""
    with Service(tmp_path / "s") as service:
        service.add("First")
        with pytest.raises((Malformed, Refused)):
            desk(service.readers, Clock(), service).do(line)


def test_a_listening_card_is_taken_out_and_put_in() -> None:
    """Lines end, nobody is let in while there is no card, and the next card is another one."""
    with Door(Handled(slot("3.00")), "127.0.0.1", 0) as door:
        hands = desk([door], Clock())
        with connect(door.name) as reader:
            atr = reader.atr
            assert hands.do("remove 0") == f"{door.name}: removed"
            with pytest.raises(ReaderError):
                reader(CHALLENGE)
        with pytest.raises(ReaderError):
            connect(door.name, deadline=2)
        hands.do("swap 0 1.00")
        with connect(door.name) as reader:
            assert reader.atr != atr
            hands.do("tear 0")
            with pytest.raises(ReaderError):
                reader(CHALLENGE)
        with pytest.raises(Refused):
            hands.do("add Another")


def test_a_vpcd_slot_is_dialled_and_hung_up() -> None:
    """Inserted is connected, removed is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        place = VpcdSlot("127.0.0.1", listener.getsockname()[1])
        hands = desk([place], Clock())
        assert hands.do("list").endswith(": -")
        hands.do("insert 0 2.00")
        line, _ = listener.accept()
        with line:
            line.settimeout(5)
            assert place.card is not None
            hands.do("remove 0")
            assert line.recv(1) == b""
        assert place.card is None


def test_a_card_takes_as_long_as_its_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the answers at the median, the late ones up to the 95th percentile, a byte costs its part."""
    clock = Clock()
    monkeypatch.setattr("emulator.desk.time.sleep", clock.sleep)
    monkeypatch.setattr("emulator.desk.time.monotonic", lambda: 0.0)
    model = Model({"GET CHALLENGE": Pace(10.0, 30.0, 50)}, per_byte_us=1000.0)
    card = Handled(FakeCard(), pace=model)
    for _ in range(200):
        size = len(card(CHALLENGE)) + len(CHALLENGE)
    taken = sorted(clock.slept)
    assert taken[0] == taken[95] == round(0.010 + size / 1000, 3)
    assert 0.028 + size / 1000 < taken[190] <= taken[-1] <= round(0.030 + size / 1000, 3)


def test_the_command_serves_with_a_script_and_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What became of each line is said; a script or a model that is not understood ends the command before it serves."""
    cardstack = CommandLine(monkeypatch, capsys)
    script, model = tmp_path / "script", tmp_path / "model"
    script.write_text("insert 0 2.00\n@0.1 remove 0\nquit\n", "utf-8")
    model.write_text(Model({"SELECT": Pace(1.0, 2.0, 1)}).text(), "utf-8")
    serve = ("emulator", "serve", "--tcp", "127.0.0.1:0", "--for", "20", "--json")
    ended = cardstack(*serve, "--control", str(script), "--timing-model", str(model))
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, [line["done"] for line in lines[1:]]) == (0, [True, True])
    script.write_text("insert 0\nfly\n", "utf-8")
    assert cardstack(*serve, "--control", str(script)).code == 65
    model.write_text("{}", "utf-8")
    assert cardstack(*serve, "--timing-model", str(model)).code == 65


def test_delay_and_model_add_up() -> None:
    """Both may be given; neither costs nothing."""
    assert handled(slot("2.00"), delay_s=0.001, pace=Model({}))(CHALLENGE)[-2:] == b"\x90\x00"
