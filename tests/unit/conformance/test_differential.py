"""Differential mode: two good cards never differ, a faulty one does, and what shows it is short, replayable and safe."""

from dataclasses import replace
from pathlib import Path

import pytest

from cardstack.apdu import scripting
from cardstack.apdu.script import Exchange
from cardstack.card.issuing import master_for_tests
from cardstack.card.profile import Profile
from cardstack.card.profiles import profile
from cardstack.card.proving import LocalKeys
from cardstack.card.verdict import Verdict
from cardstack.conformance import conversation, forking
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.differential import Difference, Pair, Side, allowed, saved, script
from cardstack.conformance.machine import explore
from cardstack.conformance.moves import moves
from cardstack.conformance.run import Card, run_one
from cardstack.conformance.seeded import CATALOGUE, Seeded
from emulator.samples import ORDER, sample
from emulator.slot import Slot
from tests.command import CommandLine

SECOND = profile("2.00")
NAMED = {one.name: one for one in CATALOGUE}


def side(kind: Profile, seeded: Seeded | None = None, *, seed: bytes = b"cardstack") -> Side:
    """A card that is new in every sequence, and goes back to any moment."""
    card = sample(seeded.change(kind) if seeded else kind, seed=seed)
    subject = Subject(kind, ORDER.city, card.atr[-8:], "123456", LocalKeys(master_for_tests))
    return forking.side(subject, Slot(card), twist=seeded.twist) if seeded else forking.side(subject, Slot(card))


def found(kind: Profile, seeded: Seeded, limit: int = 20_000) -> Difference | None:
    """What a run shows of a faulty card."""
    reference = side(kind)
    return explore(Pair(side(kind, seeded), reference, limit), allowed(reference.subject, Risk.DESTROY), 1)


@pytest.mark.parametrize("name", ["1.00", "2.00", "3.00", "t-union"])
def test_two_good_cards_do_not_differ(name: str) -> None:
    """Their random numbers and cryptograms do; every command allowed is used up."""
    kind = profile(name)
    reference, other = side(kind), side(kind, seed=b"another")
    assert explore(Pair(other, reference, 800), allowed(reference.subject, Risk.DESTROY), 2) is None
    assert other.sent >= 800


@pytest.mark.parametrize(
    ("name", "at_most"), [("DF01-EF05-open", 2), ("A4-6A82-as-9000", 1), ("B2-6A82-as-6A83", 1), ("few-tries", 2)]
)
def test_a_difference_is_shrunk_to_what_shows_it(name: str, at_most: int) -> None:
    """The commands alone, on a card reset, show it again; the good card is as the script says."""
    difference = found(SECOND, NAMED[name])
    assert difference is not None
    assert len(difference.commands) <= at_most
    steps = list(scripting.parse(script(difference, profile="2.00", seed=1).splitlines()))
    good, bad = (side(SECOND, seeded) for seeded in (None, NAMED[name]))
    assert all(one.good for one in scripting.run(steps[1:], good.fresh(), lambda: b""))
    again = Pair(bad, good, 100).say([command for command, _ in difference.commands])
    assert again is not None
    assert (again.got, again.expected) == (difference.got, difference.expected)


@pytest.mark.slow
def test_the_catalogue_is_found_without_being_told() -> None:
    """Every seeded card within 15,000 commands, half of them within 600; the case saved fails on it and passes on a good one."""
    sent = []
    for seeded in CATALOGUE:
        difference = found(SECOND, seeded)
        assert difference is not None, seeded.name
        sent.append(difference.sent)
        (case,) = (one for told in conversation.load(saved(difference, side(SECOND))) for one in told.cases(SECOND))
        verdicts = [run_one(case, card.subject, Card(card.fresh(), str)).verdict for card in (side(SECOND, seeded), side(SECOND))]
        assert verdicts == [Verdict.FAIL, Verdict.PASS], seeded.name
    assert max(sent) <= 15_000
    assert sorted(sent)[len(sent) // 2] <= 600


def test_a_safe_run_only_reads_and_is_refused() -> None:
    """Without leave nothing is proved, spent or written; memory stays even of a card that takes every write."""
    taking = next(one for one in CATALOGUE if one.name == "SSSE-EF05-writable")
    card = Slot(sample(taking.change(SECOND)))
    before = dict(card.card.memory)

    def fresh() -> Exchange:
        card.reset()
        return card

    bare = Subject(SECOND, ORDER.city, card.atr[-8:])
    pool = allowed(bare, Risk.SAFE)
    reference = side(SECOND)
    reference.subject = replace(bare)
    for seed in range(4):
        explore(Pair(Side(bare, fresh), reference, 500), pool, seed)
    assert dict(card.card.memory) == before
    assert not any(move.needs for move in pool)
    assert len(pool) < len(moves(SECOND))


@pytest.fixture
def cardstack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in this process."""
    return CommandLine(monkeypatch, capsys)


def test_the_command_tells_and_saves(cardstack: CommandLine, tmp_path: Path) -> None:
    """No difference ends well; another card than declared ends with code 4 and a script."""
    kept = tmp_path / "found.txt"
    words = ("conformance", "diff", "--profile", "2.00", "--commands", "300", "--json")
    same = cardstack(*words)
    assert (same.code, same.data["script"]) == (0, "")
    other = cardstack(*words, "--reader", "emu:3.00", "--save", str(kept))
    assert other.code == 4
    assert kept.read_text("utf-8") == other.data["script"]
    assert next(scripting.parse(other.data["script"].splitlines())).command is None
    assert "first at byte" in other.data["script"]
    case = tmp_path / "found.toml"
    assert cardstack(*words, "--reader", "emu:3.00", "--save", str(case)).code == 4
    run = ("conformance", "run", "--profile", "2.00", "--cases", str(tmp_path), "--select", "DIFF/*", "--json")
    assert [cardstack(*run, "--reader", reader).code for reader in ("emu:2.00", "emu:3.00")] == [0, 4]
