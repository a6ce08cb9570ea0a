"""The commands that explain a bill and check a bulk file."""

from pathlib import Path

import msgspec
import pytest

from cardstack.settlement.bulk.layout import Charset
from cardstack.settlement.bulk.package import describe, pack
from cardstack.settlement.bulk.return_file import faults
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.transaction import Party
from tests.command import CommandLine
from tests.ledgers import NOON, node_trust
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.taps import a_ride, a_tap


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """The command line with a home of its own."""
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    return CommandLine(monkeypatch, capsys)


def test_a_bill_is_split_and_explained(command: CommandLine, tmp_path: Path) -> None:
    """As data with every step, and as text that an auditor can follow."""
    file = tmp_path / "claim.json"
    file.write_bytes(msgspec.json.encode({"claim": a_claim()}))
    ended = command("settle", "split", str(file), "--day", "2026-10-12", "--json")
    assert ended.code == 0
    assert ended.data["setlinfo"]["hifp_pay"] == 35_000
    assert ended.data["setldetail"][0]["setl_proc_info"]
    assert "350.00" in command("settle", "split", str(file), "--day", "2026-10-12").out


@pytest.mark.parametrize(("text", "day"), [("{", "2026-10-12"), ("{}", "2026-10-12"), ("[]", "2026-10-12"), ("{}", "today")])
def test_what_is_no_claim_is_malformed(command: CommandLine, tmp_path: Path, text: str, day: str) -> None:
    """Exit code 65."""
    file = tmp_path / "claim.json"
    file.write_text(text)
    assert command("settle", "split", str(file), "--day", day, "--json").code == 65


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_a_file_is_checked_and_answered(command: CommandLine, tmp_path: Path, charset: Charset) -> None:
    """One good line, one wrong TAC: exit code 1 and a return file of one line."""
    taps = [a_tap(line="7路"), a_tap(counter=8, tac="00000000", line="7路")]
    body = b"".join(line_of(tap, a_ride(tap).id, "310000", "330100", charset) for tap in taps)
    _, signer, leaf = node_trust()
    manifest = describe(
        body,
        name="day",
        layout=LAYOUT.name,
        charset=charset,
        sender=Party("33.transit-operator"),
        lines=2,
        total_fen=364,
        at=NOON,
        certificates=[leaf],
    )
    file, answer = tmp_path / "day.zip", tmp_path / "answer.txt"
    file.write_bytes(pack(body, manifest, signer))
    ended = command("settle", "file", str(file), "--return", str(answer), "--json")
    assert ended.code == 1
    assert (ended.data["lines"], [fault["code"] for fault in ended.data["refused"]]) == (1, ["tac-wrong"])
    assert [fault.line for fault in faults(answer.read_bytes(), charset)] == [2]
    assert "tac-wrong" in command("settle", "file", str(file)).out
    file.write_bytes(b"no archive")
    assert command("settle", "file", str(file), "--json").code == 65
