"""The command line keeps its form: what every command offers alike."""

from collections.abc import Mapping
from typing import Any

from cardstack.cli.nouns import group
from tests.command import commands

WITHOUT_JSON: Mapping[str, str] = {}
"""Commands that print no data, each with the reason why none would help a program."""


def test_every_command_prints_data_where_it_is_asked_for() -> None:
    """`--json` at each of them; who is exempt is named above, and no longer than it lacks the option."""
    without = {" ".join(path) for path, command in commands(group()) if not _takes(command, "--json")}
    assert without == set(WITHOUT_JSON)


def test_a_command_without_data_would_be_found() -> None:
    """The walk comes to commands of nouns, of nouns in nouns, and to nouns that are commands themselves."""
    found = {" ".join(path) for path, _ in commands(group())}
    assert {"card read", "settle figures draft", "conformance timing learn", "shell", "demo"} <= found


def _takes(command: Any, option: str) -> bool:
    return any(option in one.opts for one in command.params)
