"""What to try from where, led by the good card: what it answers otherwise once something was done is looked at first.

The good card forks, so what it would answer costs the card under test nothing. A tour goes once through every application:
each move from its opening, and after each that proves, spends or writes, what that changes and what it must not open.
"""

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cardstack.card.profiles.command_set import COMMANDS
from cardstack.conformance.case import Risk
from cardstack.conformance.differential import Difference, Pair
from cardstack.conformance.moves import HARMLESS, Move, opening

AT_ONCE: Final = 16
"""How many moves of the open application are tried at one step."""
BESIDE: Final = 4
"""How many commands of the table are tried beside them."""
DEEPER: Final = 1
"""How many moves deep it is followed what a move enables."""
CLOSED: Final = "6982"
Answers = Mapping[Move, tuple[str, ...]]


@dataclass(frozen=True)
class Ground:
    """What may be said where: the moves of each application that only look, and those that act."""

    pool: tuple[Move, ...]
    openings: tuple[Move, ...]

    @cached_property
    def looks(self) -> Mapping[str, tuple[Move, ...]]:
        """Moves that change nothing on a good card, by application."""
        return self._by_place(lambda move: move.risk is Risk.SAFE)

    @cached_property
    def acts(self) -> Mapping[str, tuple[Move, ...]]:
        """Moves that prove, spend or write, by application."""
        return self._by_place(lambda move: move.risk is not Risk.SAFE)

    @cached_property
    def table(self) -> tuple[Move, ...]:
        """What may be said anywhere."""
        return self.here("")

    @cached_property
    def headers(self) -> tuple[tuple[int, int], ...]:
        """Class and instruction of the commands that may be built freely."""
        free = any(move.risk is Risk.DESTROY for move in self.pool)
        return tuple(sorted({(one.cla, one.ins) for one in COMMANDS if one.on == "card" and (free or one.ins in HARMLESS)}))

    def here(self, place: str) -> tuple[Move, ...]:
        """Every move of an application."""
        return (*self.looks.get(place, ()), *self.acts.get(place, ()))

    def _by_place(self, wanted: Callable[[Move], bool]) -> Mapping[str, tuple[Move, ...]]:
        places = {move.place for move in self.pool}
        return {place: tuple(move for move in self.pool if move.place == place and wanted(move)) for place in places}


@dataclass(eq=False)
class Scout:
    """Two cards, what may be said, and what is known: of the good card what it answers, of the other what was tried."""

    pair: Pair
    ground: Ground
    answers: dict[Hashable, Answers] = field(default_factory=dict)
    changes: dict[Hashable, tuple[Move, ...]] = field(default_factory=dict)
    waiting: dict[Hashable, list[Move]] = field(default_factory=dict)
    found: dict[Hashable, Difference] = field(default_factory=dict)
    """The difference shown in a state; who comes there again finds it again."""
    table: int = 0

    def tour(self) -> Difference | None:
        """Every application in turn, some moves at a time, until each was tried once from its opening."""
        left = list(self.ground.openings)
        while left:
            for one in tuple(left):
                self.pair.begin()
                found = self.pair.do(one)
                if found is not None:
                    return self.found.setdefault(one, found)
                opened = one.place, self.pair.reference.state()
                if (found := self.look_around(one.place)) is not None:
                    return found
                if not self.waiting[opened]:
                    left.remove(one)
        return None

    def look_around(self, place: str) -> Difference | None:
        """What was not yet tried in this state, each from here."""
        state = place, self.pair.reference.state()
        known = self.found.get(state)
        if known is None:
            known = next((found for move in self.fresh(place) if (found := self._tried(place, move)) is not None), None)
            if known is not None:
                self.found[state] = known
        return known

    def fresh(self, place: str) -> tuple[Move, ...]:
        """Moves not yet tried in this state, and the next ones of the table."""
        waiting = self.waiting.setdefault((place, self.pair.reference.state()), _each_file_first(self.ground.here(place)))
        several, waiting[:AT_ONCE] = waiting[:AT_ONCE], []
        table = self.ground.table
        beside = [table[(self.table + number) % len(table)] for number in range(BESIDE)]
        self.table += BESIDE
        return (*several, *beside)

    def done(self, place: str, act: Move, deeper: int = DEEPER) -> Difference | None:
        """A move that changes something: what it changes on a good card is looked at before and after.

        So is what it does not open, and the application is opened once more. What it enables is done in its turn.
        """
        changed = self._changed(place, act)
        for move in (*(one for one in changed if one.risk is Risk.SAFE), act):
            found = self.pair.do(move)
            if found is not None:
                return found
        again = [move for move in self.ground.openings if move.place == place]
        several = (*changed, *again, *self._still_closed(place))
        return next((found for move in several if (found := self._tried(place, move, deeper - 1)) is not None), None)

    def _tried(self, place: str, move: Move, deeper: int = DEEPER) -> Difference | None:
        """One move from here, on a fork."""
        with self.pair.aside():
            acts = deeper >= 0 and self.pair.forks and move.place == place and move.risk is not Risk.SAFE
            return self.done(place, move, deeper) if acts else self.pair.do(move)

    def _changed(self, place: str, act: Move) -> tuple[Move, ...]:
        """What a good card answers otherwise once something was done, one move a file first."""
        good = self.pair.reference
        key = place, good.state(), act
        if key not in self.changes:
            before, back = self._answers(place), good.fork()
            good.perform(act)
            after = self._answers(place)
            back()
            several = [move for move in self.ground.here(place) if before[move] != after[move]]
            self.changes[key] = tuple(_each_file_first(several)[:AT_ONCE])
        return self.changes[key]

    def _still_closed(self, place: str) -> tuple[Move, ...]:
        """One look into each file that a good card keeps closed here."""
        answers = self._answers(place)
        shut = [move for move in self.ground.looks.get(place, ()) if answers[move] and answers[move][-1].endswith(CLOSED)]
        return tuple(_by_file(shut).values())

    def _answers(self, place: str) -> Answers:
        good = self.pair.reference
        key = place, good.state()
        if key not in self.answers:
            self.answers[key] = good.listen(self.ground.here(place))
        return self.answers[key]


def scout(pair: Pair, pool: Sequence[Move], number: int) -> Scout:
    """A scout whose order of moves is drawn by a seed."""
    subject = pair.reference.subject
    drawn = list(pool)
    random.Random(number).shuffle(drawn)  # noqa: S311  # a seed that finds something must find it again
    places = [one for one in subject.profile.applications if one.name not in subject.without]
    return Scout(pair, Ground(tuple(drawn), tuple(map(opening, places))))


def _by_file(several: Sequence[Move]) -> dict[str, Move]:
    """One move for each application and file that a name begins with: its first."""
    return {" ".join(move.name.split()[:2]): move for move in reversed(several)}


def _each_file_first(several: Sequence[Move]) -> list[Move]:
    first = set(_by_file(several).values())
    return sorted(several, key=lambda move: move not in first)
