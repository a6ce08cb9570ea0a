"""Whatever a line of a batch holds, it gets one result in its place: a verdict or an error, no exception of ours."""

import base64
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from threading import Timer
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cardstack.ca.certificate import Certificate
from cardstack.cli import ca_cases, ca_files
from cardstack.cli.ca import app
from tests.pki_kit import NOW, Bridge, Party, policy

BRIDGE = Bridge.of(2)
CARD = BRIDGE.provinces[0].certify(Party("card"), policies=[policy(0)], names=["card.example"])
FIELDS = {"id", "valid", "policies", "rule", "clause", "certificate", "error"}
ASKED = (
    *("id", "leaf", "anchors", "pool", "crls", "ocsp", "at", "policies", "explicit_policy", "inhibit_mapping"),
    *("inhibit_any", "max_depth", "purpose", "names", "revocation", "more"),
)


def pem(certificate: Certificate) -> str:
    body = base64.encodebytes(certificate.raw).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


CASE: dict[str, Any] = {
    "id": "card",
    "leaf": pem(CARD),
    "anchors": [pem(BRIDGE.roots[1])],
    "pool": ["".join(map(pem, BRIDGE.crosses))],
    "crls": [base64.b64encode(crl.raw).decode() for crl in BRIDGE.crls],
    "at": NOW.isoformat(),
}
# No text of these is a path, but for the empty ones and `home`, the folder of the batch.
texts = st.one_of(
    st.text(alphabet="-BEGIN CRTFA0=\u4e00\ud800\x00{}\n", max_size=80),
    st.sampled_from(["", " ", "serverAuth", "require", "home", "/dev/zero", "1.2.3", "2026-03-01", "99999999999999999999"]),
    st.sampled_from([CASE["leaf"], CASE["leaf"][:-40], "text before\n" + CASE["leaf"] + CASE["pool"][0], *CASE["crls"]]),
    st.binary(max_size=60).map(lambda raw: base64.b64encode(b"\x30" + raw).decode()),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(10**30, 10**31), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["kind", "value", "x"]), inner)),
    max_leaves=6,
)
cases = st.builds(lambda changed: CASE | changed, st.dictionaries(st.sampled_from(ASKED), values, max_size=4))
written = st.one_of(cases.map(json.dumps), texts.map(lambda text: text.replace("\n", " ")), values.map(json.dumps))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Paths lead nowhere but into a folder of two files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "card.der").write_bytes(CARD.raw)
    (tmp_path / "home" / "notes.txt").write_bytes(b"\xff-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
    return tmp_path


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(written, min_size=1, max_size=5))
def test_every_line_has_its_result(home: Path, given_lines: list[str]) -> None:
    """One each, in order, that JSON can say; and a good case between them is judged as ever."""
    good = json.dumps(CASE)
    mixed = [line for one in given_lines for line in (one, good)]
    results = list(ca_cases.run(mixed, home))
    asked = [line for line in mixed if line.strip()]
    assert len(results) == len(asked)
    for line, result in zip(asked, results, strict=True):
        assert set(result) == FIELDS
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert not (result["error"] or "").startswith("internal")
        assert result["valid"] or result["rule"] or result["error"]
        if line == good:
            assert (result["valid"], result["id"]) == (True, "card")


def test_results_come_as_lines_go() -> None:
    """Nothing is read ahead of the answer before."""
    read = 0

    def lines() -> Any:
        nonlocal read
        for _ in range(3):
            read += 1
            yield json.dumps(CASE)

    answers = ca_cases.run(lines(), Path())
    assert [(next(answers)["valid"], read) for _ in range(3)] == [(True, 1), (True, 2), (True, 3)]


def test_a_line_without_end_is_no_case() -> None:
    """It is not held in memory; those after it are."""
    with patch("cardstack.cli.ca_cases.LINE_MAX", 8_000):
        given_lines = list(ca_cases.lines(StringIO("x" * 30_000 + "\n" + json.dumps({"id": 2}) + "\nlast")))
    assert given_lines == ["too long", '{"id": 2}\n', "last"]


def test_files_are_forgotten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of files has an end, and so has a folder."""
    monkeypatch.setattr(ca_files, "HELD_MAX", 4_000)
    monkeypatch.setattr(ca_files, "_held", {})
    for number in range(30):
        (home / f"{number}.bin").write_bytes(bytes(900))
        assert ca_files.content(f"{number}.bin", home) == (bytes(900),)
    held: dict[Path, tuple[bytes, ...]] = ca_files._held
    assert sum(len(raw) for raws in held.values() for raw in raws) <= 4_000
    monkeypatch.setattr(ca_files, "FILES_MAX", 5)
    (result,) = ca_cases.run([json.dumps(CASE | {"pool": [str(home)]})], home)
    assert "at most 5 files" in result["error"]


def test_bytes_that_are_no_text(home: Path) -> None:
    """A byte order mark, bytes that are no UTF-8, and no line end at last; from a file and from standard input."""
    content = b"\xef\xbb\xbf" + json.dumps(CASE).encode() + b'\n{"id": "\xff\xfe"}\n\n' + json.dumps(CASE).encode()
    (home / "cases.jsonl").write_bytes(content)
    for source, given_input in ((str(home / "cases.jsonl"), None), ("-", content)):
        told = CliRunner().invoke(app, ["validate", "--batch", source], input=given_input)
        assert told.exit_code == 0
        assert [json.loads(line)["valid"] for line in told.output.splitlines()] == [True, False, True]


def test_a_program_may_ask_one_by_one(home: Path) -> None:
    """Over pipes, an answer comes before the next question is written."""
    command = [sys.executable, "-m", "cardstack.cli", "ca", "validate", "--batch", "-"]
    where = os.environ | {"PYTHONPATH": str(Path(ca_cases.__file__).parents[2])}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=home, env=where) as asked:
        end = Timer(60, asked.kill)
        end.start()
        assert asked.stdin is not None
        assert asked.stdout is not None
        for number in range(3):
            asked.stdin.write(json.dumps(CASE | {"id": number}) + "\n")
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["id"] == number
        asked.stdin.close()
        assert asked.wait(30) == 0
        end.cancel()
