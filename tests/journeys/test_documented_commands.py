"""Every command that a page shows exists as it is shown: its words, and each of its options.

The generated page of problems is among them, and so are the next steps of every message.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardstack.cli.nouns import NOUNS, group
from tests.command import CommandLine

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for page in (ROOT / "docs").rglob("*.md") if "decisions" not in page.parts)],
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
ALONE = re.compile(r" (?:\||\|\||>|&)(?: |$)")
"""Where a shell takes over: a pipe, a file, the background."""
NAMES = {noun.name for noun in NOUNS}
PROGRAM = re.compile(r"^(?:[A-Z_]+=\S* )*(?:\$ )?(?:\./cardstackw|cardstack) ")


def shown(text: str) -> Iterator[str]:
    """Lines of blocks and spans of code that call the program, with the program's name or with a noun alone."""
    outside = FENCED.sub("", text)
    lines = [line for kind, block in FENCED.findall(text) if kind in ("console", "sh", "") for line in joined(block)]
    for line in map(str.strip, (*lines, *SPAN.findall(outside))):
        if PROGRAM.match(line):
            yield PROGRAM.sub("", line, count=1)
        elif " " in line and line.split()[0] in NAMES and line in SPAN.findall(outside):
            yield line


def joined(block: str) -> list[str]:
    """Lines, with those that end in a backslash made one."""
    return re.sub(r"\\\n\s*", " ", block).splitlines()


def wrong(line: str) -> str:
    """What of a command does not exist; empty where all does."""
    try:
        words = shlex.split(line.replace("…", ""), comments=True)
    except ValueError:
        return f"not a line of a shell: {line}"
    command: Any = group()
    path: list[str] = []
    if words[:1] in (["test"], ["NOUN"]):  # what the wrapper does itself; the form of a command
        return ""
    while words and not words[0].startswith("-") and hasattr(command, "list_commands"):
        # `suspend|resume` and `run|list` show several words at one place.
        several = [command.get_command(None, one) for one in words[0].split("|")]
        if None in several:
            return f"{' '.join(path)} has no {words[0]}"
        command, path, words = several[0], [*path, words[0]], words[1:]
    known = {name for one in getattr(command, "params", ()) for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    options = [word.partition("=")[0] for word in words[: words.index("--")] if "--" in words] if "--" in words else words
    missing = [
        word for word in options if word.startswith("-") and word not in known and not re.match(r"-?\d", word) and word != "-"
    ]
    return f"{' '.join(path)} has no {' '.join(missing)}" if missing else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_only_commands_that_exist(page: Path) -> None:
    """In blocks and in running text."""
    text = page.read_text("utf-8")
    text = text if page.name != "CHANGELOG.md" else text.partition("\n## [")[0]
    assert [
        f"{line}: {why}"
        for line in shown(text)
        if (why := wrong(line.split(" | ")[0].split(" > ")[0].split(" || ")[0].rstrip(" &")))
    ] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_bill_of_the_guide_is_split(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The claim and the command that the page on schemes shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARDSTACK_LANG", language)
    blocks = FENCED.findall((ROOT / "docs" / language / "schemes.md").read_text("utf-8"))
    (tmp_path / "claim.json").write_text(next(block for kind, block in blocks if kind == "json"), "utf-8")
    line = next(line for kind, block in blocks if kind == "sh" for line in block.splitlines() if "settle split" in line)
    ended = CommandLine(monkeypatch, capsys)(*shlex.split(line)[1:])
    assert ended.code == 0, ended.err
    assert "310000.employee.outpatient.pool" in ended.out
