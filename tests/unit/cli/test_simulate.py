"""A small simulated month through the command: every seeded fault is found and named, nothing else is."""

from pathlib import Path

import pytest

from cardstack.cli.simulating import FILE_FAULTS, settled
from cardstack.settlement.simulation.bills import FAULTS
from cardstack.settlement.simulation.plan import BANK_FAULTS, Plan
from cardstack.settlement.simulation.spoilt import KINDS
from tests.command import CommandLine


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """The command line with a home of its own."""
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    return CommandLine(monkeypatch, capsys)


def test_a_month_is_cleared_and_every_fault_is_named(command: CommandLine) -> None:
    """Signed files and envelopes, four provinces, thirty-one windows, the bank's file, an audit without findings."""
    ended = command("settle", "simulate", "--month", "2026-10", "--scale", "0.001", "--json")
    result = ended.data
    assert ended.code == 0
    assert result["every_fault_found_and_nothing_else"]
    files, books = {*FILE_FAULTS.values(), "file-signature"}, {"amount", "missing-here", "missing-there", "twice"}
    assert set(result["seeded"]) == {*KINDS, *FAULTS, *BANK_FAULTS, *files, *books}
    assert result["seeded"] == result["found"]
    assert result["accepted"]["transit"] >= 1_000
    assert sum(result["nets"].values()) == 0
    assert result["audit"]["findings"] == 0


def test_another_seed_is_another_month_with_the_same_faults(command: CommandLine) -> None:
    """The result for people names every fault."""
    ended = command("settle", "simulate", "--month", "2026-02", "--scale", "0.0005", "--seed", "other")
    assert ended.code == 0
    assert "tac-wrong" in ended.out


@pytest.mark.parametrize(("month", "scale"), [("2026-13", "1"), ("26-1", "1"), ("2026-10", "0"), ("2026-1x", "1")])
def test_what_is_no_month_is_refused(command: CommandLine, month: str, scale: str) -> None:
    """Malformed, with the field."""
    assert command("settle", "simulate", "--month", month, "--scale", scale, "--json").code == 65


def test_a_month_that_missed_something_did_not_hold() -> None:
    """Nets must be zero and the audit clean as well."""
    good = {"every_fault_found_and_nothing_else": True, "nets": {"a": 1, "b": -1}, "audit": {"findings": 0}}
    assert settled(good)
    assert not settled({**good, "nets": {"a": 1}})
    assert Plan.of("2026-10").each == 25
