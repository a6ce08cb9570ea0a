"""The guide to services between two provinces does what it says, in both languages, against a hub over HTTP."""

import os
import re
import shlex
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from server.app import create_app
from server.config import Config
from server.serving import in_background
from tests.command import CommandLine

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(console|json (\S+))\n(.*?)^```", re.DOTALL | re.MULTILINE)


NETS = {
    "services-2026-10": {"31.pension-fund": -1_200_000, "33.pension-fund": 1_200_000},
    "charging-2026-10-12": {"31.charging-operator": -2_321, "33.charging-station": 2_321},
    "retail-2026-10-12": {"31.card-issuer": -997, "33.merchant-acquirer": 996, "00.clearing-centre": 1},
    "toll-2026-10-12": {"31.card-issuer": -949, "33.road-owner.hangjin": 664, "31.road-owner.hukun": 285},
}
"""What the guide's messages come to: the transfer, the charge, the purchase with its fees, the passage by its sections."""


class Reader:
    """Whoever does what the guide says, in an empty folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, command: CommandLine, stack: ExitStack) -> None:
        self.folder, self.monkeypatch, self.command, self.stack = folder, monkeypatch, command, stack
        self.hub = ""

    def does(self, line: str) -> None:
        """One line of a console."""
        words = shlex.split(os.path.expandvars(line.removeprefix("$ ")))
        if words[0] == "export":
            for name, _, value in (one.partition("=") for one in words[1:]):
                self.monkeypatch.setenv(name, value)
        elif words[0] == "mkdir":
            for name in words[2:]:
                (self.folder / name).mkdir(parents=True)
        elif words[0] == "cp":
            shutil.copy(self.folder / words[1], self.folder / words[2])
        elif words[1:] == ["serve"]:
            app = create_app(Config(), with_console=False)
            self.stack.callback(app.extensions["cardstack"].store.close)
            self.stack.callback(app.extensions["cardstack"].intake.close)
            if (kept := app.extensions["upkeep"]) is not None:  # its thread would go on in the folder of the next test
                self.stack.callback(kept.close)
            self.monkeypatch.setenv("HUB", self.stack.enter_context(in_background(app)))
        else:
            ended = self.command(*words[1:])
            assert ended.code == 0, f"{line}\n{ended.out}{ended.err}"


@pytest.mark.slow
@time_machine.travel(datetime(2026, 11, 22, 8, tzinfo=UTC))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_guide_runs_from_top_to_bottom(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command ends with 0; afterwards every case is done, and every window has its nets to the fen."""
    monkeypatch.chdir(tmp_path)
    command = CommandLine(monkeypatch, capsys)
    with ExitStack() as stack:
        reader = Reader(tmp_path, monkeypatch, command, stack)
        for _, name, text in BLOCK.findall((DOCS / language / "services.md").read_text("utf-8")):
            if name:
                (tmp_path / name).write_text(text, "utf-8")
            for line in () if name else text.splitlines():
                reader.does(line)
        states = {one["service"]: one["state"] for one in command("settle", "cases", "--json").data}
        nets = {
            window: {one["party"]: one["net_fen"] for one in command("settle", "nets", window, "--json").data} for window in NETS
        }
    assert states == {"pension-certification": "closed", "pension-transfer": "done", "portable-record": "answered"}
    assert nets == NETS
