"""The differential run as a stateful Hypothesis machine: two cards walk one way, and at each step much is tried on forks.

The grammar is the profile's declaration and the command table (`moves`), and any command built from the table's headers.
Every application is toured first (`scouting`); then Hypothesis draws walks, and shrinks the one that shows a difference,
of which `differential.shrink` drops moves and commands. The same seed draws the same.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test, initialize, precondition, rule

from cardstack.apdu.message import Command
from cardstack.conformance.differential import Difference, Pair, Spent, shrink
from cardstack.conformance.moves import Move, say_once
from cardstack.conformance.scouting import Scout, scout

STEPS: Final = 8
"""How many steps a walk has after an application is open."""
WALKS: Final = 100_000
"""More walks than any run has time for: what ends a run is the number of commands."""
SHRINKING: Final = 20_000
"""How many commands more a card that forks may be sent to make a difference small."""
BYTE: Final = st.integers(0, 255)
Drawn = TypeVar("Drawn")


class Parted(Exception):
    """The two cards mean different things."""


class Walk(RuleBasedStateMachine):
    """One walk of two cards; the class made for a run has its `scout`."""

    scout: Scout

    def __init__(self) -> None:
        super().__init__()
        self.scout.pair.begin()
        self.place = ""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """An application is opened."""
        self.open(data)

    @rule(data=st.data())
    def another(self, data: st.DataObject) -> None:
        """Another one, or the same again."""
        self.open(data)

    @precondition(lambda self: self.scout.ground.acts.get(self.place))
    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Something that proves, spends or writes, and what it changes."""
        move = _one(data, self.scout.ground.acts[self.place])
        self.judge(self.scout.done(self.place, move))
        self.judge(self.scout.look_around(self.place))

    @rule(data=st.data(), p1=BYTE, p2=BYTE, body=st.binary(max_size=24), ne=st.none() | st.integers(1, 256))
    def any_command(self, data: st.DataObject, p1: int, p2: int, body: bytes, ne: int | None) -> None:
        """A command of the table, built freely."""
        cla, ins = _one(data, self.scout.ground.headers)
        self.judge(self.scout.pair.fan([say_once(Command(cla, ins, p1, p2, body, ne))]))

    def open(self, data: st.DataObject) -> None:
        """An application selected, what it lies in first."""
        move = _one(data, self.scout.ground.openings)
        self.place = move.place
        self.judge(self.scout.pair.do(move))
        self.judge(self.scout.look_around(self.place))

    def judge(self, found: Difference | None) -> None:
        """`Parted` where the cards differ."""
        if found is not None:
            self.scout.found.setdefault(found, found)
            raise Parted


def explore(pair: Pair, pool: Sequence[Move], number: int) -> Difference | None:
    """A tour and walks drawn by a seed, until the cards part or nothing more may be said; a difference comes shrunk."""
    leader = scout(pair, pool, number)
    try:
        if leader.tour() is None:
            walk = type("WalkOfTwo", (Walk,), {"scout": leader})
            seed(number)(get_state_machine_test(walk, settings=_settings(pair)))()
    except (Parted, Flaky, Spent):
        pass
    if not leader.found:
        return None
    first = next(iter(leader.found.values()))
    if pair.forks:
        pair.limit = pair.tested.sent + SHRINKING
    least = shrink(pair, min(leader.found.values(), key=lambda one: len(one.commands)))
    return Difference(least.moves, least.commands, least.got, least.expected, first.sent)


def _settings(pair: Pair) -> settings:
    """Quiet, without a clock and without anything kept on disk. A card that cannot fork is not shrunk by walking again."""
    return settings(
        max_examples=WALKS,
        stateful_step_count=STEPS,
        phases=(Phase.generate, Phase.shrink) if pair.forks else (Phase.generate,),
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


def _one(data: st.DataObject, several: Sequence[Drawn]) -> Drawn:
    return several[data.draw(_below(len(several)))]
