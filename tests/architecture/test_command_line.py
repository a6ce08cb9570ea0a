"""The command line keeps its form: what every command offers alike, and that it speaks the reader's language."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from cardstack.cli.nouns import group
from tests.command import commands

ROOT = Path(__file__).resolve().parents[2]
ERRORS = {"Malformed", "Refused", "Untrusted", "Unavailable", "Defect", "ValueError", "Busy", "Differs", "Lost", "Unready"}
ERRORS |= {"CardLost", "CardMute", "NoService", "ReaderError"}
SENTENCE = re.compile(r"(?<![\w.-])[a-z]{2,}(?= )|(?<= )[a-z]{2,}")
"""A word of small letters beside another or beside a value; names alone, and forms such as YYYY-MM-DD, are no sentence."""

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


def test_an_error_is_a_sentence_in_both_languages() -> None:
    """Its detail is a `Text`, unless it is a name, a form, or a command to type, which stands in `backticks`."""
    assert [
        f"{path}:{call.lineno}: {detail}"
        for room in ("cardstack", "server", "emulator")
        for path in sorted((ROOT / room).rglob("*.py"))
        for call, detail in _details(ast.parse(path.read_text("utf-8")))
        if SENTENCE.search(re.sub("`[^`]*`", "", detail))
    ] == []


def test_an_error_takes_what_another_says_along_in_both_languages() -> None:
    """By `told`: the text of the error that was caught is English alone."""
    assert [
        f"{path}:{call.lineno}"
        for room in ("cardstack", "server", "emulator")
        for path in sorted((ROOT / room).rglob("*.py"))
        for handler in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(handler, ast.ExceptHandler) and handler.name
        for call in ast.walk(handler)
        if _is_error(call) and set(_named(call.args[0])) & {f"{{{handler.name}}}", f"{handler.name}.detail"}
    ] == []


def _is_error(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ERRORS and bool(node.args)


def _named(node: ast.AST) -> Iterator[str]:
    """What stands in an expression as itself or in a text, without what a call takes."""
    if isinstance(node, ast.FormattedValue | ast.Attribute):
        yield f"{{{ast.unparse(node.value)}}}" if isinstance(node, ast.FormattedValue) else ast.unparse(node)
    if not isinstance(node, ast.Call):
        for part in ast.iter_child_nodes(node):
            yield from _named(part)


def _details(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Each error made, and rule told as broken, with a detail in one language: its fixed parts, of each of several."""
    for call in ast.walk(tree):
        if _is_error(call):
            yield call, "{}".join(_fixed(call.args[0]))
        elif isinstance(call, ast.Tuple) and len(call.elts) == 2 and ast.unparse(call.elts[0]).startswith("tables."):
            yield call, "{}".join(_fixed(call.elts[1]))


def _fixed(node: ast.AST) -> Iterator[str]:
    """The texts that stand in an expression, without those that a call takes: `Text(en, zh)` is one."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif not isinstance(node, ast.Call):
        for part in ast.iter_child_nodes(node):
            yield from _fixed(part)
