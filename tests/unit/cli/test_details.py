"""What an error says about an option or a file is Chinese to the last word where Chinese is asked for, and English as data."""

import re
from pathlib import Path

import pytest

from cardstack.cli.labels import place
from cardstack.cli.personalising import invented
from tests.command import CommandLine

SENTENCE = re.compile(r"[A-Za-z]{3,},? [a-z]{2,}")
WRONG = (
    ("agent serve --consent perhaps", "consent: one of ask, always, no"),
    ("agent serve --consent no --consents kept", "consents are kept only where a person is asked"),
    ("perso plan titles.txt", "the batch has no good line"),
    ("settle move w explode", "event: one of "),
    ("settle move w settle", "it follows from the bank's file: `settle bank FILE`"),
    ("settle transaction m1", "no transaction of that message id"),
    ("settle nets w", "no such window"),
    ("settle figures draft transit/fees fee nowhere", "key: there is no such row"),
    ("settle continuity --since 2026-11-02 --until 2026-11-01", "until: not before since"),
    ("settle dispute decide 1 lapse --actor a", "step: one of accept, "),
    ("settle change ask agree window --actor a --reason r", "fields: field=value, each once"),
    ("ca create a --title T --suite none", "suite: one of "),
    ("ca validate nothing --anchor nothing", "neither PEM text nor a file or folder that exists"),
    ("ca validate empty --anchor empty --at never", "at: a moment in ISO 8601 was expected"),
    ("conformance run --risk none", "risk: one of safe, test, destroy"),
)


@pytest.mark.parametrize(("line", "detail"), WRONG, ids=[line for line, _ in WRONG])
def test_a_detail_is_said_in_the_readers_language(
    line: str, detail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people in their own language alone; for programs the same English whichever language is asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    (tmp_path / "titles.txt").write_text(next(invented(1, "310000")) + "\n", "gbk")
    command = CommandLine(monkeypatch, capsys)
    said = command(*line.split())
    assert re.match(r"CS-\d{4} ", said.err), said.err
    assert SENTENCE.search(re.sub("`[^`]*`", "", said.err)) is None, said.err
    assert detail in command(*line.split(), "--json").data["error"]["detail"]


@pytest.mark.parametrize(
    ("where", "zh"),
    [
        ("window medical-2026-10", "清算窗口 medical-2026-10"),
        ("card list black", "卡名单 black"),
        ("31.hub in reserve", "31.hub in reserve"),
    ],
)
def test_an_audit_says_where_in_the_readers_language(where: str, zh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of thing is put into Chinese, its name is not."""
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    assert place(where) == zh
    monkeypatch.setenv("CARDSTACK_LANG", "en")
    assert place(where) == where
