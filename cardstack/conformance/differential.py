"""Two cards, the same moves: where they mean different things, and the least that shows it.

Compared are status words and data; random numbers, cryptograms and MACs are looked at by their length and by whether
they come again (`apdu.difference`), and a cryptogram that the tester can check is checked. A difference is shrunk by
dropping moves, then commands, while it stays.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, NamedTuple

from cardstack.apdu.difference import CHALLENGE, PAYMENTS, PROOFS, meaningful
from cardstack.apdu.script import Exchange, run
from cardstack.apdu.trace import Exchanged
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.moves import Move, moves, opening
from cardstack.conformance.run import RISK_ORDER
from cardstack.errors import CardstackError
from cardstack.readers.problems import ReaderError

LENGTHS: Final = (2, 12)
"""How many moves a sequence has after the application is open."""
AT_HOME: Final = 0.75
"""How many of them are of that application."""


class Said(NamedTuple):
    """One exchange: what was sent, and what the answer means."""

    command: bytes
    meaning: str
    sw: str


NOTHING: Final = Said(b"", "0 bytes", "")
"""Where one conversation is over and the other goes on."""


@dataclass(eq=False)
class Side:
    """One of two cards. `fresh` resets it and gives its exchange; where it can, the card is as new again."""

    subject: Subject
    fresh: Callable[[], Exchange]
    partners: dict[str, Exchange] = field(default_factory=dict)
    exact: bool = True
    """Whether data is compared; else its length, as two holders' cards hold different things."""
    exchange: Exchange = field(init=False)
    seen: set[bytes] = field(init=False)
    sent: int = 0

    def begin(self) -> None:
        """From a reset on."""
        self.exchange, self.seen = self.fresh(), set()

    def said(self, command: bytes, answer: bytes) -> Said:
        """An exchange with what it means."""
        self.sent += 1
        told = meaningful(Exchanged("", "", 0, command.hex(), answer.hex()))[1]
        if command[1] == CHALLENGE and len(answer) > 2:
            told += " again" if answer in self.seen else ""
            self.seen.add(answer)
        sw = answer[-2:].hex().upper()
        return Said(command, told if self.exact else f"{len(answer) - 2} bytes {sw}", sw)

    def perform(self, move: Move) -> list[Said]:
        """A move and how it ended."""
        heard: list[Said] = []

        def exchange(command: bytes) -> bytes:
            answer = self.exchange(command)
            heard.append(self.said(command, answer))
            return answer

        try:
            run(move.talk(self.subject), exchange, **self.partners)
        except ReaderError:
            raise
        except CardstackError as error:
            heard.append(Said(b"", error.code, error.code))
        return heard

    def repeat(self, command: bytes) -> Said:
        """One command as it stands."""
        return self.said(command, self.exchange(command))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two cards part: the moves, every command up to there with the reference's status word, the two meanings."""

    moves: tuple[str, ...]
    commands: tuple[tuple[bytes, str], ...]
    got: str
    expected: str
    sent: int = 0
    """How many commands the card under test had been sent when it was first seen."""


class Spent(Exception):
    """The card under test may be sent no more."""


@dataclass(eq=False)
class Pair:
    """The card under test beside the reference, and how much may still be said."""

    tested: Side
    reference: Side
    limit: int

    def play(self, sequence: Sequence[Move]) -> Difference | None:
        """The moves on both from a reset on, until they part."""
        self._begin()
        told: list[tuple[bytes, str]] = []
        for done, move in enumerate(sequence, start=1):
            mine, right = self.tested.perform(move), self.reference.perform(move)
            for one, other in zip_longest(mine, right, fillvalue=NOTHING):
                told += [(other.command, other.sw)] if other.command else []
                if one.meaning != other.meaning:
                    return self._found([each.name for each in sequence[:done]], told, one, other)
        return None

    def say(self, commands: Sequence[bytes]) -> Difference | None:
        """Commands as they stand."""
        self._begin()
        told: list[tuple[bytes, str]] = []
        for command in commands:
            one, other = self.tested.repeat(command), self.reference.repeat(command)
            told.append((command, other.sw))
            if one.meaning != other.meaning:
                return self._found([], told, one, other)
        return None

    def _begin(self) -> None:
        if self.tested.sent >= self.limit:
            raise Spent
        self.tested.begin()
        self.reference.begin()

    def _found(self, names: Sequence[str], told: Sequence[tuple[bytes, str]], one: Said, other: Said) -> Difference:
        return Difference(tuple(names), tuple(told), one.meaning, other.meaning, self.tested.sent)


def explore(pair: Pair, pool: Sequence[Move], seed: int) -> Difference | None:
    """Sequences drawn by a seed until the cards part or nothing more may be said; a difference comes shrunk."""
    dice = random.Random(seed)  # noqa: S311  # a seed that finds something must find it again
    try:
        while True:
            drawn = draw(pair.reference.subject, pool, dice)
            found = pair.play(drawn)
            if found is not None:
                return shrink(pair, drawn[: len(found.moves)], found)
    except Spent:
        return None


def draw(subject: Subject, pool: Sequence[Move], dice: random.Random) -> list[Move]:
    """One sequence: an application is opened, then moves most of which are its own."""
    application = dice.choice(subject.profile.applications)
    home = [move for move in pool if move.place == application.name]
    sequence = [opening(application)]
    count = dice.randint(*LENGTHS)
    return sequence + [dice.choice(home if home and dice.random() < AT_HOME else pool) for _ in range(count)]


def shrink(pair: Pair, sequence: Sequence[Move], found: Difference) -> Difference:
    """The least that still shows a difference, as far as the card may still be asked."""
    kept = list(sequence)
    best = found
    try:
        for size in (len(kept) // 2, len(kept) // 4, 1, 1):
            at = 0
            while size and at < len(kept):
                fewer = kept[:at] + kept[at + size :]
                smaller = pair.play(fewer) if fewer else None
                if smaller is None:
                    at += size
                else:
                    kept, best = fewer[: len(smaller.moves)], smaller
        best = _fewer_commands(pair, best)
    except Spent:
        pass
    return Difference(best.moves, best.commands, best.got, best.expected, found.sent)


def _fewer_commands(pair: Pair, found: Difference) -> Difference:
    """Single commands dropped; what was proved with a cryptogram cannot be said again, and stays whole."""
    said = [command for command, _ in found.commands]
    if any(command[1] in PROOFS | PAYMENTS for command in said):
        return found
    best = found
    for at in range(len(said) - 1, -1, -1):
        fewer = said[:at] + said[at + 1 :]
        smaller = pair.say(fewer) if fewer else None
        if smaller is not None:
            said = [command for command, _ in smaller.commands]
            best = Difference(found.moves, smaller.commands, smaller.got, smaller.expected)
    return best


def allowed(subject: Subject, risk: Risk) -> tuple[Move, ...]:
    """The moves that the tester can make and the card's owner allows."""
    return tuple(
        move
        for move in moves(subject.profile)
        if RISK_ORDER.index(move.risk) <= RISK_ORDER.index(risk)
        and all(subject.has(need) for need in move.needs)
        and move.place not in subject.without
    )


def script(found: Difference, *, profile: str, seed: int) -> str:
    """The difference as a script of the card shell: each command with the status word that the reference gives."""
    lines = [f"# {profile}, seed {seed}: {' / '.join(found.moves)}", "reset"]
    lines += [f"{command.hex().upper()} ({sw})" for command, sw in found.commands]
    got, expected = _brief(found.got), _brief(found.expected)
    place = f", first at byte {_place(found)}" if got == expected else ""
    return "\n".join([*lines, f"# got {got}, expected {expected}{place}", ""])


def _place(found: Difference) -> int:
    """The first byte, from 0, in which two answers of one length differ."""
    pairs = zip(found.got, found.expected, strict=False)
    return next(at for at, (one, other) in enumerate(pairs) if one != other) // 2


def _brief(meaning: str) -> str:
    """A meaning without content, which may be somebody's life.

    >>> _brief("080c31319000"), _brief("........9000 again"), _brief("CS-1212")
    ('4 bytes 9000', '4 bytes 9000 again', 'CS-1212')
    """
    first, _, more = meaning.partition(" ")
    if "bytes" in meaning or first.startswith("CS-"):
        return meaning
    return f"{len(first) // 2 - 2} bytes {first[-4:].upper()} {more}".strip()
