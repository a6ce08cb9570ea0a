"""What the front pages show works: each Python block runs, each command line ends with 0."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# These two are what runs the tests, or what waits for Ctrl-C.
ELSEWHERE = re.compile(r"^\./cardstackw (test|demo$|demo +#|serve)")


def blocks(kind: str) -> list[tuple[str, str]]:
    found = [(page.name, block) for page in PAGES for block in BLOCK.findall(page.read_text("utf-8"))]
    return [(name, text) for name, (language, text) in found if language == kind]


def commands() -> list[str]:
    lines = {line.removeprefix("$ ") for _, text in blocks("console") for line in text.splitlines() if line.startswith("$ ")}
    return sorted(line for line in lines if not ELSEWHERE.match(line))


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block[0])
def test_python_block(block: tuple[str, str], tmp_path: Path) -> None:
    """A reader can paste it and it does what it says."""
    result = subprocess.run(
        [sys.executable, "-c", block[1]], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("line", commands())
def test_command_line(line: str, tmp_path: Path) -> None:
    """A reader can type it, in a fresh place."""
    arguments = shlex.split(line, comments=True)
    assert arguments[0] == "./cardstackw"
    command = [sys.executable, "-m", "cardstack.cli", *arguments[1:]]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "CARDSTACK_HOME": str(home / "home"), "PYTHONUTF8": "1"}
