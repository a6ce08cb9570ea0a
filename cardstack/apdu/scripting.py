"""Scripts of APDUs as people keep them: scriptor's files unchanged, and lines with expected answers.

A line is `reset` (or `RST`), a comment (`#`, `//`, `REM`), or a command in hexadecimal with or without spaces, optionally
after `CMD`, optionally followed by expected data in brackets and expected status words in parentheses; X stands for
any digit: `00B2013420 [091EXX*] (9000, 61XX)`, where `*` ends the data that is compared.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cardstack.apdu.script import Exchange
from cardstack.errors import Malformed, problem
from cardstack.text import Text

SCRIPT = problem(
    "CS-1120",
    Text("The script has a line that is not understood", "脚本中有无法识别的行"),
    Text(
        "Write hexadecimal, reset, or a comment; expectations as [data] (9000, 61XX).",
        "请写十六进制命令、reset 或注释；期望值写作 [数据] (9000, 61XX)。",
    ),
)
_LINE = re.compile(
    r"(?:CMD\s+)?(?P<command>[0-9A-F\s]+?)\s*(?:\[(?P<data>[0-9A-FX\s*]*)\])?\s*(?:\((?P<sw>[0-9A-FX,|\s]+)\))?", re.IGNORECASE
)
_COMMENT = re.compile(r"\s*(#|//|;|REM\b|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One line: a reset (no command), or a command and what is expected of its answer."""

    line: int
    command: bytes | None
    data: str | None = None
    sws: tuple[str, ...] = ()

    def fits(self, answer: bytes) -> bool:
        """Whether an answer is as expected; always, where nothing is."""
        body, sw = answer[:-2].hex().upper(), answer[-2:].hex().upper()
        good_sw = not self.sws or any(matches(one, sw) for one in self.sws)
        return good_sw and (self.data is None or matches(self.data, body))


def matches(pattern: str, text: str) -> bool:
    """X is any digit, a star at the end any rest.

    >>> matches("61XX", "610F"), matches("091E*", "091ED5C5"), matches("9000", "6A82")
    (True, True, False)
    """
    head = pattern.removesuffix("*")
    if len(text) < len(head) or (head == pattern and len(text) != len(head)):
        return False
    return all(wanted in ("X", got) for wanted, got in zip(head, text, strict=False))


def parse(lines: Iterable[str]) -> Iterator[Step]:
    """The steps of a script; `Malformed` names the line.

    >>> [step.command.hex() for step in parse(["# a", "00 a4 04 00 (9000)"]) if step.command]
    ['00a40400']
    """
    for number, line in enumerate(lines, 1):
        if _COMMENT.match(line):
            continue
        text = re.split(r"\s#|//", line)[0].strip()
        if text.lower() in {"reset", "rst"} or re.fullmatch(r"(reset|RST)\b.*", text, re.IGNORECASE):
            yield Step(number, None)
            continue
        yield _step(number, text)


def is_step(line: str) -> bool:
    """Whether a line belongs to a script: a reset, a comment, or bytes.

    >>> is_step("00A40400"), is_step("reset"), is_step("cd SSSE"), is_step("cat EF05")
    (True, True, False, False)
    """
    try:
        list(parse([line]))
    except Malformed:
        return False
    return True


def _step(number: int, text: str) -> Step:
    matched = _LINE.fullmatch(text)
    digits = "".join(matched["command"].split()) if matched else ""
    if matched is None or len(digits) % 2 or len(digits) < 8:
        raise Malformed(Text(f"line {number}", f"第 {number} 行"), SCRIPT, line=number)
    data = None if matched["data"] is None else "".join(matched["data"].split()).upper()
    sws = tuple(re.split(r"[,|\s]+", matched["sw"].strip().upper())) if matched["sw"] else ()
    return Step(number, bytes.fromhex(digits), data, sws)


@dataclass(frozen=True, slots=True)
class Ran:
    """A step and what came of it."""

    step: Step
    answer: bytes
    good: bool


def run(steps: Iterable[Step], exchange: Exchange, reset: Callable[[], bytes]) -> Iterator[Ran]:
    """Send every line exactly as it stands; a line that is not as expected is said, and the next goes on."""
    for step in steps:
        if step.command is None:
            yield Ran(step, reset(), good=True)
            continue
        answer = exchange(step.command)
        yield Ran(step, answer, step.fits(answer))
