"""The authority's guide does what it says, in both languages."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from tests.command import CommandLine

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@time_machine.travel(datetime(2026, 11, 22, 8, tzinfo=UTC))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_guide_runs_from_top_to_bottom(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command ends with 0, in an empty folder, with the table of agreements as printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    command = CommandLine(monkeypatch, capsys)
    for kind, text in BLOCK.findall((DOCS / language / "authority.md").read_text("utf-8")):
        if kind == "toml":
            (tmp_path / "ca" / "agreements.toml").write_text(text, "utf-8")
        for line in text.splitlines() if kind == "console" else ():
            words = shlex.split(line.removeprefix("$ "))
            if words[0] == "export":
                for name, _, value in (one.partition("=") for one in words[1:]):
                    monkeypatch.setenv(name, value)
            else:
                ended = command(*words[1:])
                assert ended.code == 0, f"{line}\n{ended.out}{ended.err}"
    said = command("ca", "recognise", "card.pem", "--by", "33", "--json").data
    assert (said["accepted"], said["level"]) == (True, "high")
