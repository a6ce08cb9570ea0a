"""The shell: its transcripts are tests, its lines run without anybody there, and cmd2 wraps the same lines."""

import io
import json
from pathlib import Path

import pytest

from cardstack.card.profiles import profile
from cardstack.cli.navigator import Navigator
from cardstack.cli.shell import transcribe
from cardstack.text import Language
from emulator.opening import open_card
from tests.command import CommandLine

TRANSCRIPTS = sorted((Path(__file__).resolve().parents[2] / "transcripts").glob("*.txt"))


def navigator(name: str, language: Language = "en") -> Navigator:
    return Navigator(open_card(f"emu:{name}"), profile(name), language)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_says_itself_again(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line behind a prompt, typed again, gives the same session."""
    text = path.read_text("utf-8")
    language: Language = "zh" if ".zh" in path.name else "en"
    monkeypatch.setenv("CARDSTACK_LANG", language)
    name = text.split(":", 1)[0]
    typed = [line.split("> ", 1)[1] for line in text.splitlines() if line.startswith(f"{name}:") and "> " in line]
    transcribe(navigator(name, language), typed)
    assert capsys.readouterr().out == text


def test_a_file_of_scriptors_runs_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resets, comments and spaced bytes; piped in, too."""
    path = tmp_path / "script"
    path.write_text("reset\n# the application\n00 a4 04 00 0f 73 78 31 2e 73 68 2e c9 e7 bb e1 b1 a3 d5 cf 00\n")
    command = CommandLine(monkeypatch, capsys)
    assert "9000" in command("shell", "--reader", "emu:2.00", "--script", str(path)).out
    monkeypatch.setattr("sys.stdin", io.StringIO("ls\nquit\nls\n"))
    assert command("shell", "--reader", "emu:2.00").out.count("SSSE/") == 1


def test_each_line_is_answered_by_a_line_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it was said, what was said to it, and the error that ended it; the next line is answered all the same."""
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    path = tmp_path / "script"
    path.write_text("cd SSSE\ncat EF05\nsing\ncat zz\n0084000004\nquit\nls\n")
    ended = CommandLine(monkeypatch, capsys)("shell", "--reader", "emu:2.00", "--script", str(path), "--json")
    said = [json.loads(line) for line in ended.out.splitlines()]
    assert [one["line"] for one in said] == ["cd SSSE", "cat EF05", "sing", "cat zz", "0084000004"]
    assert [one["place"] for one in said] == ["MF", *["SSSE"] * 4]
    assert [one["error"] and one["error"]["code"] for one in said] == [None, None, "CS-9011", "CS-9012", None]
    assert any("2.00" in line for line in said[1]["said"])
    assert said[4]["said"][1].startswith("< ")


@pytest.mark.parametrize("line", ["cat zz", "explain 6", 'cd "SSSE'])
def test_what_cannot_be_read_is_said_in_the_language_asked_for(line: str) -> None:
    """A code and a next step, and no words of the interpreter's."""
    said = list(navigator("2.00", "zh").do(line))
    assert said == ["CS-9012 无法解析该行命令。字节、标签与文件标识须用十六进制，引号须成对。"]


def test_people_get_the_same_lines_with_history_and_pipes() -> None:
    """cmd2 hands every line on; plain bytes are sent as they stand."""
    from cardstack.cli.interactive import CardShell

    shell = CardShell(navigator("2.00"))
    shell.stdout = io.StringIO()
    for line in ("cd SSSE", "cat EF05", "00B2032C06", "atr"):
        shell.onecmd_plus_hooks(line)
    said = shell.stdout.getvalue()
    assert "specification version: 2.00" in said
    assert "0304322E30309000" in said
    assert shell.prompt == "2.00:SSSE> "


COMPLETED = [
    ("en", "MF", "c", ["cd", "cat"]),
    ("en", "MF", "cd ", ["SSSE"]),
    ("en", "SSSE", "cd ", ["DF01", "DF02", "DF03", "DF04"]),
    ("en", "SSSE", "cat EF0", ["EF05", "EF06", "EF07", "EF08"]),
    ("en", "SSSE", "cat photo", ["EF08"]),
    ("zh", "SSSE", "cat 照片", ["EF08"]),
    ("zh", "SSSE", "edit EF06 姓名", ["09", "4E"]),
    ("en", "SSSE", "edit ef06 4", ["4E"]),
    ("en", "SSSE", "prove UK", ["UKSSSE"]),
    ("zh", "SSSE", "cd ..", [".."]),
    ("en", "SSSE", "edit FFFF 0", []),
    ("en", "SSSE", "verify 1", []),
    ("zh", "MF", "校验", ["verify"]),
]


@pytest.mark.parametrize(("language", "place", "line", "expected"), COMPLETED)
def test_words_are_completed_by_how_they_begin_or_are_called(
    language: Language, place: str, line: str, expected: list[str]
) -> None:
    """Commands, applications, files, items and keys, with their names in the user's language; readline asks the same."""
    from cardstack.cli.completing import candidates
    from cardstack.cli.shell import completer

    one = navigator("2.00", language)
    one.place = place
    found = candidates(one, line)
    assert [each.word for each in found][: len(expected)] == expected
    assert bool(found) == bool(expected)
    assert all(each.about for each in found)
    asked = completer(one, lambda: line)
    assert [asked("", number) for number in range(len(found) + 1)] == [*(each.word for each in found), None]


def test_the_shell_for_people_offers_them() -> None:
    """Tab in cmd2: the word, and beside it what it is called."""
    from cardstack.cli.interactive import CardShell

    shell = CardShell(navigator("2.00", "zh"))
    shell.onecmd_plus_hooks("cd SSSE")
    for line, word in (("cat 照", "EF08"), ("cat EF08", "EF08")):
        text = line.split(" ")[-1]
        offered = shell.complete(text, line, len(line) - len(text), len(line))
        assert [one.text.strip() for one in offered.items] == [word]
        assert "照片" in offered.items[0].display_meta


def test_help_names_every_command() -> None:
    """In both languages, one line each."""
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        assert len(list(navigator("2.00", language).do("help"))) == 11
