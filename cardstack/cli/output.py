"""What every command prints alike: data as JSON, errors with their code, words in the user's language."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from cardstack.errors import CardstackError, Malformed, Untrusted
from cardstack.text import Language, Text, language_of

EXIT_REFUSED, EXIT_USAGE, EXIT_MALFORMED, EXIT_UNTRUSTED, EXIT_UNAVAILABLE = 1, 2, 65, 3, 69
"""The stable exit codes; 0 is done, 130 is Ctrl-C."""
EXIT_DEFECT, EXIT_SYSTEM = 70, 74
"""A defect of this program; a file, disk or port that the operating system refused."""
EXIT_PARTIAL = 5
"""Some of what was asked for could be read; what could not, and why, is in the output."""


class Unavailable(CardstackError):
    """What the machine does not give: a file, its disk, a port."""


class Defect(CardstackError):
    """What should not happen, whatever was asked for."""


EXITS: tuple[tuple[type[CardstackError], int], ...] = (
    (Untrusted, EXIT_UNTRUSTED),
    (Malformed, EXIT_MALFORMED),
    (Unavailable, EXIT_SYSTEM),
    (Defect, EXIT_DEFECT),
)


def language() -> Language:
    """The language of whoever reads the terminal: CARDSTACK_LANG, then the locale, then Chinese."""
    asked = next((os.environ[name] for name in ("CARDSTACK_LANG", "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if asked.startswith("C") else language_of(asked)


def words(en: str, zh: str) -> str:
    """Help texts and prompts in the user's language."""
    return Text(en, zh).of(language())


def choices(field: str, known: Iterable[str]) -> Text:
    """The detail of an error about a word that is none of those there are.

    >>> choices("act", ["hold", "release"])
    Text(en='act: one of hold, release', zh='act：可选 hold、release')
    """
    listed = tuple(known)
    return Text(f"{field}: one of {', '.join(listed)}", f"{field}：可选 {'、'.join(listed)}")


READER_HELP = words(
    "emu:PROFILE, pcsc:0, pcsc:NAME, tcp:HOST:PORT or replay:FILE; CARDSTACK_READER, else emu:3.00.",
    "emu:规范、pcsc:0、pcsc:名称、tcp:主机:端口 或 replay:文件；缺省取 CARDSTACK_READER，再缺省为 emu:3.00。",
)


def emit(value: Any, *, as_json: bool, render: Callable[[], None]) -> None:
    """The result of a command: one JSON document, or what `render` prints for people."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    else:
        render()


def fail(error: CardstackError, *, as_json: bool) -> int:
    """Say an error on standard error (as data on standard output where JSON was asked for); the exit code."""
    if as_json:
        try:
            print(json.dumps({"error": as_data(error)}, ensure_ascii=False, indent=2, default=str), flush=True)
        except OSError:  # the output itself cannot be written: its disk is full
            as_json = False
    if not as_json:
        print(error.say(language()), file=sys.stderr)
    return exit_code(error)


def as_data(error: CardstackError) -> dict[str, Any]:
    """An error as JSON: code, both languages, detail and facts."""
    return {
        "code": error.code,
        "title": error.title._asdict(),
        "detail": error.detail,
        "remedy": error.remedy._asdict(),
        "facts": error.facts,
    }


def exit_code(error: CardstackError) -> int:
    """Untrusted 3, malformed 65, what the machine refused 74, a defect of ours 70, anything else refused 1."""
    return next((code for kind, code in EXITS if isinstance(error, kind)), EXIT_REFUSED)
