"""The shell for people: cmd2 around the navigator, with history, completion, pipes and scripts."""

from typing import Any

import cmd2
from cmd2.completion import CompletionItem, Completions

from cardstack.cli.completing import candidates
from cardstack.cli.navigator import COMMANDS, Navigator


class CardShell(cmd2.Cmd):
    """Every line goes to the navigator; cmd2 brings history, completion, redirection and `run_script`."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(allow_cli_args=False)
        self.navigator = navigator
        self.prompt = navigator.prompt()
        self.self_in_py = False

    def default(self, statement: Any) -> bool | None:
        """A line that is no command of cmd2's own."""
        self._say(str(statement.raw).strip())
        return None

    def _say(self, line: str) -> None:
        for said in self.navigator.do(line):
            self.poutput(said)
        self.prompt = self.navigator.prompt()


def _added(name: str) -> Any:
    def do(self: CardShell, arguments: Any) -> None:
        self._say(f"{name} {arguments}".strip())  # a method of the class, made here

    do.__doc__ = COMMANDS[name].__doc__
    return do


def _completed(self: CardShell, _text: str, line: str, _begin: int, end: int) -> Completions:
    """What may stand at the cursor, with its name beside it."""
    found = candidates(self.navigator, line[:end])
    return Completions(items=[CompletionItem(one.word, display_meta=one.about) for one in found], is_sorted=True)


for _name in COMMANDS:
    if _name != "help":
        setattr(CardShell, f"do_{_name}", _added(_name))
        setattr(CardShell, f"complete_{_name}", _completed)


def run(navigator: Navigator) -> None:
    """Until `quit`."""
    CardShell(navigator).cmdloop()
