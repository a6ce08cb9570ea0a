"""Files and addresses that are not what a command asked for: a code and the field, whatever the command."""

import sys
from pathlib import Path

import pytest

from cardstack import cli

READING = (
    "agent verify-log FILE",
    "apdu --script FILE",
    "shell --script FILE",
    "conformance compare FILE FILE",
    "conformance run --limits FILE",
    "conformance run --keys FILE",
    "conformance run --capabilities FILE",
    "conformance run --cases FOLDER",
    "emulator serve --pcsc SOCKET --control FILE --for 1",
    "emulator serve --pcsc SOCKET --timing-model FILE --for 1",
    "settle split FILE --day 2026-11-22",
    "settle figures what-if transit/fees fee FILE",
    "settle lists publish black --add FILE --actor one --reason why",
)


def told(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """How a command ends in this process, and the code that it says first."""
    words = [word.replace("FOLDER", str(tmp_path)) for word in arguments.split()]
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["cardstack", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err[:7]


@pytest.mark.parametrize("arguments", READING)
def test_a_file_in_another_coding_is_refused_by_name(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an editor saved as UTF-16 or GBK ends no command with a traceback."""
    (tmp_path / "file.toml").write_bytes("\ufeff中文".encode("utf-16-le"))
    words = arguments.replace("FILE", "FOLDER/file.toml").replace("SOCKET", "FOLDER/socket")
    code, said = told(words, tmp_path, monkeypatch, capsys)
    assert (code, said in {"CS-9008", "CS-1000"}) == (65, True)
