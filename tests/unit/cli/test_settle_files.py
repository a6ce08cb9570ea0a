"""From lines or CSV to a signed file at a service, and unsigned messages signed as they are sent."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardstack.settlement.bulk import return_file
from cardstack.settlement.bulk.package import unpack
from cardstack.settlement.bulk.transit_layout import LAYOUT
from cardstack.settlement.wire import canonical
from server.serving import in_background
from tests.command import CommandLine
from tests.ledgers import NOON
from tests.unit.server.test_files import Hub, a_line
from tests.unit.settlement.taps import a_ride, a_tap


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A service at noon, with the node's key and certificate as files beside it."""
    made = Hub(tmp_path)
    (tmp_path / "node.key").write_bytes(made.signer.to_pkcs8(None))
    (tmp_path / "node.cer").write_bytes(made.leaf)
    monkeypatch.setattr("cardstack.cli.settle_files.now", lambda: NOON)
    yield made
    made.close()


@pytest.fixture
def signed(tmp_path: Path) -> list[str]:
    """The words that name key and certificate."""
    return ["--key", str(tmp_path / "node.key"), "--certificate", str(tmp_path / "node.cer")]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """The command line with a home of its own."""
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    return CommandLine(monkeypatch, capsys)


def as_csv(*lines: bytes) -> str:
    """The lines as CSV with a header; what is padded is trimmed."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in LAYOUT.columns])
    for line in lines:
        writer.writerow([value.decode().strip() for value in LAYOUT.struct.unpack(line)])
    return out.getvalue()


def test_a_day_goes_from_csv_to_the_ledger_and_back(hub: Hub, signed: list[str], command: CommandLine, tmp_path: Path) -> None:
    """Packed, sent, answered: exit code 1 while a line was refused, 0 where all were taken, the return file signed."""
    good, bad = a_line(), a_line(counter=8, tac="00000000")
    (tmp_path / "day.csv").write_text(as_csv(good, bad), "utf-8-sig")
    (tmp_path / "good.txt").write_bytes(good)
    day, answer = str(tmp_path / "day.zip"), tmp_path / "answer.zip"
    with in_background(hub.app) as url:
        packed = command("settle", "pack", str(tmp_path / "day.csv"), day, "--sender", "33.transit-operator", *signed, "--json")
        assert (packed.code, packed.data["lines"], packed.data["total_fen"]) == (0, 2, 364)
        assert unpack(Path(day).read_bytes()).data == good + bad
        sent = command("settle", "send", day, "--url", url, "--return", str(answer), "--json")
        assert (sent.code, sent.data["lines_ok"], sent.data["faults"][0]["code"]) == (1, 1, "tac-wrong")
        assert "tac-wrong" in command("settle", "send", day, "--url", url).out
        assert [one.line for one in return_file.faults(unpack(answer.read_bytes()).data)] == [2]
        again = command("settle", "pack", str(tmp_path / "good.txt"), day, "--sender", "33.transit-operator", *signed)
        assert again.code == 0
        assert command("settle", "send", day, "--url", url).code == 0


@pytest.mark.usefixtures("hub")
def test_what_makes_no_line_is_named(signed: list[str], command: CommandLine, tmp_path: Path) -> None:
    """A column that is not of its form, by line and name; what is no CSV of the layout is taken as lines, and is none."""
    file, day = tmp_path / "day.csv", str(tmp_path / "day.zip")
    spoilt = as_csv(a_line()).replace("310000", "31x000", 1)
    for text, told in (("counter,card\n7,1\n", "第 1 行：id"), (spoilt, "第 2 行：home")):
        file.write_text(text)
        ended = command("settle", "pack", str(file), day, "--sender", "33.transit-operator", *signed)
        assert ended.code == 65
        assert told in ended.err


def test_messages_are_signed_as_they_are_sent(hub: Hub, signed: list[str], command: CommandLine, tmp_path: Path) -> None:
    """One or a list, unsigned; the reason of what is refused is shown, and the exit code tells."""
    tap = a_tap(moment="20261121083000")
    message = json.loads(canonical(a_ride(tap)))
    file = tmp_path / "ride.json"
    with in_background(hub.app) as url:
        for told, code, outcome in (
            (message, 0, "accepted"),
            ([message], 0, "repeated"),
            ({**message, "id": message["id"][:-1] + "9", "amount_fen": 1}, 1, "refused"),
        ):
            file.write_text(json.dumps(told))
            ended = command("settle", "submit", str(file), "--url", url, *signed, "--json")
            assert (ended.code, ended.data[0]["outcome"]) == (code, outcome)
        file.write_text("{")
        assert command("settle", "submit", str(file), "--url", url, *signed).code == 65
        for told, where in (
            ([{**message, "id": 3}], "transactions：应为 `str`，实为 `int`（`$[0].id`）。"),
            ("x", "transactions：应为 `object`，实为 `str`（`$[0]`）。"),
        ):
            file.write_text(json.dumps(told))
            assert where in command("settle", "submit", str(file), "--url", url, *signed).err
        assert command("settle", "submit", str(file), "--url", url, *signed[:2]).code == 65
