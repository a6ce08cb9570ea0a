"""The kit: a good card passes in every profile, each seeded fault is caught by the case meant for it, reports say so."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cardstack.card.issuing import master_for_tests
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.proving import LocalKeys
from cardstack.card.verdict import Verdict
from cardstack.conformance import conversation
from cardstack.conformance.case import Case, Risk, Subject
from cardstack.conformance.cases import derive
from cardstack.conformance.junit import junit
from cardstack.conformance.page import page
from cardstack.conformance.report import Head, as_data, difference, load, timing
from cardstack.conformance.run import Card, Result, run_all
from cardstack.conformance.seeded import CATALOGUE, Seeded, caught_by
from cardstack.errors import Malformed
from emulator.samples import ORDER, sample
from emulator.slot import Slot

HEAD = Head("emu", "3B00", "2.00", "2.00", "00000135", "cardstack", datetime(2026, 1, 2, tzinfo=UTC), 1.0, "test")
SECOND = profile("2.00")


def judged(kind: Profile, cases: tuple[Case, ...], seeded: Seeded | None = None) -> tuple[Result, ...]:
    slot = Slot(sample(seeded.change(kind) if seeded else kind))
    subject = Subject(kind, ORDER.city, slot.atr[-8:], "123456", LocalKeys(master_for_tests))
    return run_all(cases, subject, Card(seeded.twist(slot) if seeded else slot, slot.reset), risk=Risk.TEST)


@pytest.mark.parametrize("name", PROFILES)
def test_the_emulator_passes_its_own_kit(name: str) -> None:
    """Nothing fails on a good card; only what cannot be judged without a certificate is left open."""
    results = judged(PROFILES[name], derive(PROFILES[name]))
    assert [one.case.id for one in results if one.verdict is Verdict.FAIL] == []
    assert {one.case.group for one in results if one.verdict is Verdict.INCONCLUSIVE} <= {"CHECK_CERT"}
    assert any(one.verdict is Verdict.PASS for one in results)


def test_the_catalogue_is_large_and_unambiguous() -> None:
    """At least sixty faulty cards, each under a name of its own."""
    assert len(CATALOGUE) >= 60
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("seeded", CATALOGUE, ids=lambda one: one.name)
def test_each_fault_is_caught_by_the_case_meant_for_it(seeded: Seeded) -> None:
    """The case that names the clause fails; it passes on the good card."""
    meant = tuple(case for case in derive(SECOND) if fnmatchcase(case.id, seeded.caught))
    failed = tuple(one.case.id for one in judged(SECOND, meant, seeded) if one.verdict is Verdict.FAIL)
    assert meant
    assert caught_by(seeded, failed)


@pytest.mark.parametrize(("name", "least"), [("3.00", 71), ("1.00", 52), ("t-union", 22), ("shenzhen-transit", 12)])
def test_the_catalogue_holds_on_other_generations(name: str, least: int) -> None:
    """Every fault that a profile can have is caught there too, by the same case; the rest does not apply."""
    kind = PROFILES[name]
    cases, caught = derive(kind), 0
    for seeded in CATALOGUE:
        meant = tuple(case for case in cases if fnmatchcase(case.id, seeded.caught))
        if meant:
            failed = tuple(one.case.id for one in judged(kind, meant, seeded) if one.verdict is Verdict.FAIL)
            assert caught_by(seeded, failed), seeded.name
            caught += 1
    assert caught >= least


@pytest.mark.parametrize("raw", ["", "case = 1", "[[case]]\nid = 1", "[[case]]\nid='A'\nclause=''\nsteps=[{send='XY'}]"])
def test_a_file_of_cases_that_is_none_is_malformed(raw: str) -> None:
    """Nothing else escapes, and the case is named."""
    with pytest.raises(Malformed):
        conversation.load(raw)


def test_a_conversation_keeps_computes_and_compares() -> None:
    """What it keeps is used again; a formula that does not hold fails it by its step, a missing name leaves it open."""
    steps = ["{ send='0084000008', sw='9000', length=8, keep={ r8='0:8' } }", "{ differ={ r8='0000000000000000' } }"]

    def verdict(*more: str) -> tuple[str, str]:
        text = f"[[case]]\nid='MINE/1'\nclause='ours'\nsteps=[{','.join((*steps, *more))}]"
        (one,) = judged(SECOND, tuple(case for told in conversation.load(text) for case in told.cases(SECOND)))
        return one.verdict.value, one.reason.en

    assert verdict()[0] == "pass"
    assert verdict("{ same={ r8='flip(r8)' } }") == ("fail", "step 3: r8 is not flip(r8)")
    assert verdict("{ send='00A40000{nobody}' }")[0] == "inconclusive"


def test_a_safe_run_writes_nothing() -> None:
    """What an issued card would mind is not run, and the card is as it was."""
    slot = Slot(sample(SECOND))
    before = slot.card.memory
    subject = Subject(SECOND, ORDER.city, slot.atr[-8:], "123456", LocalKeys(master_for_tests))
    results = run_all(derive(SECOND), subject, Card(slot, slot.reset))
    assert dict(slot.card.memory) == dict(before)
    assert {one.verdict for one in results if one.case.risk is not Risk.SAFE} == {Verdict.NOT_RUN}


def test_a_wrong_pin_or_key_of_the_tester_blocks_nothing() -> None:
    """What the card refused once is not tried again: one try is spent, whatever the number of cases."""
    slot = Slot(sample(SECOND))
    subject = Subject(SECOND, ORDER.city, slot.atr[-8:], "999999", LocalKeys(lambda _: bytes(range(16))))
    results = run_all(derive(SECOND), subject, Card(slot, slot.reset), risk=Risk.TEST)
    assert "PIN" in subject.refused
    assert {"UKSSSE", "RK1DF01"} <= subject.refused.keys()
    good = Subject(SECOND, ORDER.city, slot.atr[-8:], "123456", LocalKeys(master_for_tests))
    again = run_all(derive(SECOND), good, Card(slot, slot.reset), risk=Risk.SAFE)
    assert [one.case.id for one in again if one.verdict is Verdict.FAIL] == []
    assert sum(one.verdict is Verdict.FAIL for one in results) > 0


def declared_otherwise() -> tuple[Slot, Subject]:
    """A card of the third generation said to be one of the second: its keys are others, and many cases end early."""
    slot = Slot(sample(profile("3.00")))
    return slot, Subject(SECOND, ORDER.city, slot.atr[-8:], "123456", LocalKeys(master_for_tests))


def test_a_verdict_does_not_hang_on_the_cases_before() -> None:
    """On a card that refuses keys, forwards, backwards and each case by itself come to the same verdicts."""
    cases = derive(SECOND)

    def verdicts(several: tuple[Case, ...]) -> dict[str, Verdict]:
        slot, subject = declared_otherwise()
        card = Card(slot, slot.reset)
        return {one.case.id: one.verdict for one in run_all(several, subject, card, risk=Risk.TEST)}

    together = verdicts(cases)
    assert Verdict.FAIL in together.values()
    assert verdicts(cases[::-1]) == together
    assert {case.id: verdicts((case,))[case.id] for case in cases} == together


def test_no_key_of_the_tester_is_tried_twice() -> None:
    """A key that the card refused is not said again by any case, so that each loses one try and no more."""
    slot, subject = declared_otherwise()
    results = run_all(derive(SECOND), subject, Card(slot, slot.reset), risk=Risk.TEST)
    lines = [line for one in results for line in one.script if line.startswith("0082")]
    refused = [line[:8] for line in lines if line.endswith("63C2")]
    assert refused
    assert not [line for line in lines if line.endswith(("63C1", "63C0", "6983"))]


def test_a_run_is_the_same_whatever_the_interpreter_hashes() -> None:
    """Two processes with other hash seeds write one report, apart from the times."""
    order = ["conformance", "run", "--reader", "emu:3.00", "--profile", "2.00", "--test-card", "--json"]

    def told(seed: str) -> dict[str, Any]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "cardstack.cli", *order]
        run = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
        data: dict[str, Any] = json.loads(run.stdout)
        timed = (data["head"], *data["cases"])
        return {**data, "timing": [], "head": {}, "cases": [{**one, "seconds": 0} for one in timed[1:]]}

    assert told("1") == told("2")


def test_what_the_tester_lacks_is_said() -> None:
    """Without PIN and keys the cases that need them are not run, and say what they need."""
    slot = Slot(sample(SECOND))
    results = run_all(derive(SECOND), Subject(SECOND), Card(slot, slot.reset))
    assert {one.verdict for one in results if one.case.needs} == {Verdict.NOT_RUN}
    assert [one.case.id for one in results if one.verdict is Verdict.FAIL] == []


def test_reports_agree() -> None:
    """JUnit, JSON and the page tell the same failures, and nothing personal; a comparison names what changed."""
    good = judged(SECOND, derive(SECOND))
    bad = judged(SECOND, derive(SECOND), next(one for one in CATALOGUE if one.name == "wrong-tag"))
    failed = {one.case.id for one in bad if one.verdict is Verdict.FAIL}
    xml = ET.fromstring(junit(HEAD, bad))
    assert {case.get("name") for case in xml.iter("testcase") if case.find("failure") is not None} == failed
    data = load(json.dumps(as_data(HEAD, bad), ensure_ascii=False))
    assert {case["id"] for case in data["cases"] if case["verdict"] == "fail"} == failed
    text = page(HEAD, bad)
    assert all(one in text for one in failed)
    assert re.search(r"(src|href)=\"http", text) is None
    assert {one["id"] for one in difference(as_data(HEAD, good), data)} >= failed


def test_a_report_tells_how_long_commands_took() -> None:
    """Of every command that was sent, by class and instruction: count, median, and the slowest but five in a hundred."""
    case = derive(SECOND)[0]
    slow = Result(case, Verdict.PASS, timing=tuple(("00B2", number / 1000) for number in range(1, 101)))
    told = timing((slow, Result(case, Verdict.PASS, timing=(("0084", 0.5),))))
    assert told["00B2"] == {"count": 100, "median_ms": 50.5, "p95_ms": 95.0}
    assert told["0084"] == {"count": 1, "median_ms": 500.0, "p95_ms": 500.0}
    found = as_data(HEAD, judged(SECOND, derive(SECOND)))["timing"]
    assert {"00A4", "00B2", "0084"} <= set(found)
