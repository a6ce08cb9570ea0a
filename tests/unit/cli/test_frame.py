"""The command line's own words in the language asked for."""

import os
import subprocess
import sys

import pytest

WRONG = (
    (("--help",), 0),
    (("card",), 2),
    (("card", "read", "--help"), 0),
    (("card", "reed"), 2),
    (("card", "read", "--nope"), 2),
    (("card", "read", "--reader"), 2),
    (("card", "read", "more"), 2),
    (("trace", "show"), 2),
    (("demo", "--port", "x"), 2),
)
ENGLISH = (
    "Usage",
    "Options",
    "Commands",
    "Show this",
    "Try ",
    "Error",
    "No such",
    "Missing",
    "Invalid value",
    "Got ",
    "requires",
)


def said(language: str, *arguments: str) -> tuple[int, str]:
    """How a command ends, and everything it says."""
    environment = {**os.environ, "CARDSTACK_LANG": language, "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "cardstack.cli", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("arguments", "status"), WRONG)
def test_help_and_errors_of_usage_are_chinese_where_chinese_is_asked_for(arguments: tuple[str, ...], status: int) -> None:
    """Nothing of Typer's English is left around our own words."""
    code, text = said("zh", *arguments)
    assert code == status
    assert [word for word in ENGLISH if word in text] == []


def test_english_stays_english() -> None:
    """The same in English, under the name that the command has."""
    code, text = said("en", "card", "reed")
    assert (code, "Usage: cardstack card" in text, "No such command 'reed'" in text) == (2, True, True)
