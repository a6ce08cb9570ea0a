"""A small simulated month through the command: every seeded fault is found and named, nothing else is."""

import re
from pathlib import Path

import pytest

from cardstack.cli.simulated import FILE_FAULTS, TITLES, render, settled
from cardstack.settlement.simulation.bills import FAULTS
from cardstack.settlement.simulation.plan import BANK_FAULTS, Plan
from cardstack.settlement.simulation.spoilt import KINDS
from tests.command import CommandLine

FILES, BOOKS = {*FILE_FAULTS.values(), "file-signature"}, {"amount", "missing-here", "missing-there", "twice"}
SEEDED = {*KINDS, *FAULTS, *BANK_FAULTS, *FILES, *BOOKS}


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
    assert set(result["seeded"]) == SEEDED
    assert result["seeded"] == result["found"]
    assert result["accepted"]["transit"] >= 1_000
    assert sum(result["nets"].values()) == 0
    assert result["audit"]["findings"] == 0


def test_another_seed_is_another_month_with_the_same_faults(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result for people says every fault in their words, beside its name; so it does with the parts of the month."""
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    monkeypatch.setenv("COLUMNS", "200")
    ended = command("settle", "simulate", "--month", "2026-02", "--scale", "0.0005", "--seed", "other")
    assert ended.code == 0
    for kind in SEEDED:
        assert re.search(rf"{re.escape(TITLES[kind].zh)} +{kind} ", ended.out), kind
    assert re.search(r"^已受理 公共交通 \d+, 医疗费用 \d+$", ended.out, re.MULTILINE)
    assert re.search(r"^清算窗口 已结算 \d+", ended.out, re.MULTILINE)
    assert re.search(r"^用时（秒） 登记参与方 ", ended.out, re.MULTILINE)


def test_what_was_missed_is_said_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what an outside scheme refuses by a reason of its own keeps its name."""
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    result = {
        **{name: {} for name in ("seeded", "found", "nets", "accepted", "windows", "seconds")},
        "missed": [{"kind": "file-signature", "reference": "f1"}],
        "unexpected": [{"kind": "unlucky", "reference": "m1"}],
        "every_fault_found_and_nothing_else": False,
    }
    render(result, lambda _titles, _rows: None)
    assert {"漏查 文件签名无效 file-signature f1", "误报 unlucky m1"} <= set(capsys.readouterr().out.splitlines())


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
