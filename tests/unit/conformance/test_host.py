"""A terminal's program served faulty cards: a careful one is passed, a careless, crashing or hanging one is told apart."""

import sys
from pathlib import Path

import pytest

from cardstack.conformance.host import TRIALS, Host, judge_host
from cardstack.conformance.run import Result
from tests.command import CommandLine
from tests.pcsc import need_library

CAREFUL = """
import os, sys, time
from cardstack.apdu.script import run
from cardstack.card.profiles import profile
from cardstack.card.reading import open_application, read_issuer
from cardstack.errors import CardstackError
from cardstack.readers.open import connect

kind = profile("2.00")
try:
    with connect("pcsc:0") as reader:
        run(open_application(kind, "SSSE"), reader)
        print(run(read_issuer(kind), reader))
except CardstackError as error:
    {otherwise}
"""


def told(folder: Path, otherwise: str, *faults: str, deadline: float = 30.0) -> dict[str, Result]:
    """What is judged of a program that does this where the card goes wrong."""
    need_library()
    program = folder / "program.py"
    program.write_text(CAREFUL.format(otherwise=otherwise), "utf-8")
    host = Host((sys.executable, str(program)), "2.00", deadline=deadline, slow=0.2, mute=0.3)
    return {one.case.id.removeprefix("HOST/"): one for one in judge_host(host, faults)}


@pytest.mark.slow
def test_a_careful_program_passes_every_fault(tmp_path: Path) -> None:
    """It ends badly on every bad card, well on a slow one, and the report has a case a fault."""
    results = told(tmp_path, "sys.exit(1)")
    assert {name: one.verdict.value for name, one in results.items()} == dict.fromkeys([one.name for one in TRIALS], "pass")
    assert all(one.trace for one in results.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("otherwise", "reason"),
    [
        ("print('all is well')", "it claims success"),
        ("os.abort()", "it was ended by a signal"),
        ("time.sleep(600)", "it did not end within the deadline"),
    ],
)
def test_what_a_program_does_wrong_is_named(tmp_path: Path, otherwise: str, reason: str) -> None:
    """Success claimed on a torn card, a crash and a hang fail, each for its own reason."""
    results = told(tmp_path, otherwise, "torn", deadline=5.0)
    assert results["good"].verdict.value == "pass"
    assert (results["torn"].verdict.value, results["torn"].reason.en) == ("fail", reason)


def test_nothing_is_said_of_a_program_that_cannot_do_it_at_all(tmp_path: Path) -> None:
    """A program that ends badly with a good card has not shown anything with a bad one."""
    host = Host((sys.executable, "-c", "raise SystemExit(3)"))
    assert [one.verdict.value for one in judge_host(host, ["torn"])] == ["fail", "not-run"]


def test_a_fault_where_nothing_is_sent_is_inconclusive(tmp_path: Path) -> None:
    """A fault at a command that the program never sends did not come about."""
    need_library()
    program = tmp_path / "program.py"
    program.write_text(CAREFUL.format(otherwise="sys.exit(1)"), "utf-8")
    results = judge_host(Host((sys.executable, str(program)), "2.00"), ["torn"], at=900)
    assert results[1].verdict.value == "inconclusive"


def test_the_command_ends_by_the_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit code 4 where the program failed; three reports; a program that is not there and a fault that is none are refused."""
    cardstack = CommandLine(monkeypatch, capsys)
    ended = cardstack("conformance", "host", "--fault", "torn", "--report", str(tmp_path / "r"), "--json", "--", "/bin/false")
    assert ended.code == 4
    assert {one["id"]: one["verdict"] for one in ended.data["cases"]} == {"HOST/good": "fail", "HOST/torn": "not-run"}
    assert {one.name for one in (tmp_path / "r").iterdir()} >= {"report.html", "report.json", "junit.xml"}
    assert "CS-5040" in cardstack("conformance", "host", "--", "/nowhere/at-all").err
    assert cardstack("conformance", "host", "--fault", "rain", "--", "/bin/true").code == 65
