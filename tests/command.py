"""The command line in this process: what it prints and how it ends."""

import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from cardstack.cli import main


class Ended(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below one, with the words that call it. Typer keeps the types of its commands private, hence `Any`."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    for name in command.list_commands(None):
        yield from commands(command.get_command(None, name), (*path, name))


class CommandLine:
    """Call it with the words of a command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["cardstack", *words])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        said = self._capsys.readouterr()
        return Ended(code, said.out, said.err)
