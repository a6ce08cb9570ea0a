"""The tutorials' commands, run as they stand; every other line of a block must be in what was printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pcsc import need_library

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted([*(ROOT / "docs").glob("*/tutorials/*.md"), *(ROOT / "docs").glob("*/conformance.md")])
TUTORIALS = [path for path in TUTORIALS if "reference" not in path.parts]
# The kit's guide is the longest; its Chinese page has the same commands (see below) and is looked at by its words alone.
RUN = [path for path in TUTORIALS if (path.stem, path.parts[-2]) != ("conformance", "zh")]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def language_of(path: Path) -> str:
    """The language that a page is in: its folder under docs."""
    return path.relative_to(ROOT / "docs").parts[0]


def lines_of(path: Path) -> tuple[list[str], list[str]]:
    """Commands, and what must be seen."""
    lines = [line for block in BLOCK.findall(path.read_text("utf-8")) for line in block.splitlines() if line.strip()]
    return [line[2:] for line in lines if line.startswith("$ ")], [line for line in lines if not line.startswith("$ ")]


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN, ids=lambda path: f"{language_of(path)}-{path.stem}")
def test_a_tutorial_runs_as_it_stands(path: Path, tmp_path: Path) -> None:
    """In an empty folder, with nothing but the commands, in the page's language."""
    commands, seen = lines_of(path)
    if any("curl" in command for command in commands) and not shutil.which("curl"):
        pytest.skip("apt-get install curl")
    if any("--pcsc" in command for command in commands):
        need_library()
    program = tmp_path / "bin" / "cardstack"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cardstack.cli "$@"\n')
    program.chmod(0o755)
    script = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *commands]
    places = {"PYTHONPATH": str(ROOT), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    environment = {**os.environ, **places, "CARDSTACK_LANG": language_of(path), "COLUMNS": "200"}
    environment.pop("PCSCLITE_CSOCK_NAME", None)
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in seen if line not in done.stdout] == [], done.stdout


def test_both_languages_have_the_same_tutorials_and_commands() -> None:
    """A command changed in one language is changed in the other."""
    of: dict[str, dict[str, list[str]]] = {"en": {}, "zh": {}}
    for path in TUTORIALS:
        of[language_of(path)][path.stem] = lines_of(path)[0]
    assert of["en"] == of["zh"]
    assert set(of["en"]) >= {"first-read", "own-reader", "hospital-page", "batch", "conformance"}
