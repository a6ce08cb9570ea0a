"""Two cards, the same moves: where they mean different things, and the least that shows it.

Compared are status words and data; random numbers, cryptograms and MACs are looked at by their length and by whether
they come again (`apdu.difference`), and a cryptogram that the tester can check is checked. Where both cards can be put
back to a moment, many moves are tried from it, each on a fork. What is said is drawn in `machine`; here a difference is
shrunk by dropping moves, then commands, while it stays.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import zip_longest
from typing import Final, NamedTuple

from cardstack.apdu.difference import PAYMENTS, PROOFS
from cardstack.apdu.script import Exchange, run
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.meaning import Meaning
from cardstack.conformance.moves import Move, moves
from cardstack.conformance.run import RISK_ORDER
from cardstack.errors import CardstackError
from cardstack.readers.problems import ReaderError

Back = Callable[[], None]
"""Puts a card back to the moment at which it was made."""


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
    mark: Callable[[], Back] | None = None
    """Remembers this moment of the card; None where a card cannot go back."""
    state: Callable[[], Hashable] = lambda: None
    """What a good card that is asked the same from here would answer by; the same everywhere where that cannot be seen."""
    exchange: Exchange = field(init=False)
    meaning: Meaning = field(init=False)
    sent: int = 0

    def begin(self) -> None:
        """From a reset on."""
        self.exchange, self.meaning = self.fresh(), Meaning()

    def fork(self) -> Back:
        """Remember this moment; what is called afterwards goes back to it."""
        assert self.mark is not None
        back, seen = self.mark(), frozenset(self.meaning.seen)

        def restored() -> None:
            back()
            self.meaning.seen = set(seen)

        return restored

    def said(self, command: bytes, answer: bytes) -> Said:
        """An exchange with what it means."""
        self.sent += 1
        told = self.meaning.of(command, answer)
        return Said(command, told if self.exact else Meaning.length(told), answer[-2:].hex().upper())

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

    def listen(self, several: Iterable[Move]) -> dict[Move, tuple[str, ...]]:
        """What each of several moves would mean from here; the card is as it was."""
        back, told = self.fork(), {}
        for move in several:
            told[move] = tuple(one.meaning for one in self.perform(move))
            back()
        return told

    def repeat(self, command: bytes) -> Said:
        """One command as it stands."""
        return self.said(command, self.exchange(command))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two cards part: the moves, every command up to there with the reference's status word, the two meanings."""

    moves: tuple[Move, ...]
    commands: tuple[tuple[bytes, str], ...]
    got: str
    expected: str
    sent: int = 0
    """How many commands the card under test had been sent when it was first seen."""


class Spent(BaseException):  # no error: it ends a run, through whatever drives it
    """The card under test may be sent no more."""


@dataclass(eq=False)
class Pair:
    """The card under test beside the reference, and how much may still be said."""

    tested: Side
    reference: Side
    limit: int
    tried: int = 0
    """How many sequences were said: each move on a fork ends one."""
    path: list[Move] = field(default_factory=list)
    told: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def forks(self) -> bool:
        """Whether both cards can be put back to a moment."""
        return self.tested.mark is not None and self.reference.mark is not None

    def begin(self) -> None:
        """Both from a reset on; `Spent` where the card under test may be sent no more."""
        if self.tested.sent >= self.limit:
            raise Spent
        self.tested.begin()
        self.reference.begin()
        self.path, self.told = [], []
        self.tried += 1

    def do(self, move: Move) -> Difference | None:
        """One move on both, from where they stand."""
        if self.tested.sent >= self.limit:
            raise Spent
        mine, right = self.tested.perform(move), self.reference.perform(move)
        self.path.append(move)
        for one, other in zip_longest(mine, right, fillvalue=NOTHING):
            if other.command:
                self.told.append((other.command, other.sw))
            if one.meaning != other.meaning:
                return Difference(tuple(self.path), tuple(self.told), one.meaning, other.meaning, self.tested.sent)
        return None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is said within is said on a fork, if both cards have one."""
        if not self.forks:
            yield
            return
        backs, path, told = (self.tested.fork(), self.reference.fork()), len(self.path), len(self.told)
        yield
        for back in backs:
            back()
        del self.path[path:], self.told[told:]
        self.tried += 1

    def fan(self, several: Iterable[Move]) -> Difference | None:
        """Each of several moves from this moment."""
        for move in several:
            with self.aside():
                found = self.do(move)
            if found is not None:
                return found
        return None

    def play(self, sequence: Sequence[Move]) -> Difference | None:
        """The moves on both from a reset on, until they part."""
        self.begin()
        return next((found for move in sequence if (found := self.do(move)) is not None), None)

    def say(self, commands: Sequence[bytes]) -> Difference | None:
        """Commands as they stand."""
        self.begin()
        for command in commands:
            one, other = self.tested.repeat(command), self.reference.repeat(command)
            self.told.append((command, other.sw))
            if one.meaning != other.meaning:
                return Difference((), tuple(self.told), one.meaning, other.meaning, self.tested.sent)
        return None


def shrink(pair: Pair, found: Difference) -> Difference:
    """The least that still shows a difference, as far as the card may still be asked."""
    kept, best = list(found.moves), found
    try:
        for size in (len(kept) // 2, len(kept) // 4, 1, 1):
            at = 0
            while size and at < len(kept):
                fewer = kept[:at] + kept[at + size :]
                smaller = pair.play(fewer) if fewer else None
                if smaller is None:
                    at += size
                else:
                    kept, best = list(smaller.moves), smaller
        best = _fewer_commands(pair, best)
    except Spent:
        pass
    return Difference(best.moves, best.commands, best.got, best.expected, found.sent)


def _fewer_commands(pair: Pair, found: Difference) -> Difference:
    """Single commands dropped; what was proved with a cryptogram cannot be said again, and stays whole."""
    said = [command for command, _ in found.commands]
    if _proves(found):
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
    lines = [f"# {profile}, seed {seed}: {' / '.join(one.name for one in found.moves)}", "reset"]
    lines += [f"{command.hex().upper()} ({sw})" for command, sw in found.commands]
    got, expected = Meaning.brief(found.got), Meaning.brief(found.expected)
    place = f", first at byte {_place(found)}" if got == expected else ""
    return "\n".join([*lines, f"# got {got}, expected {expected}{place}", ""])


def _place(found: Difference) -> int:
    """The first byte, from 0, in which two answers of one length differ."""
    pairs = zip(found.got, found.expected, strict=False)
    return next(at for at, (one, other) in enumerate(pairs) if one != other) // 2


def saved(found: Difference, reference: Side) -> str:
    """The difference as a case (`conversation`): its commands, or its moves where something is proved in them.

    Each line carries what the good card means there, so that the case fails where the difference is.
    """
    reference.begin()
    profile = reference.subject.profile.name
    proved = _proves(found)
    steps = []
    for move in found.moves if proved else ():
        told = [one.meaning for one in reference.perform(move)]
        steps.append(f"{{ move = {_quoted(move.name)}, means = [{', '.join(map(_quoted, told))}] }}")
    for command, _ in () if proved else found.commands:
        told = [reference.repeat(command).meaning]
        steps.append(f"{{ send = {_quoted(command.hex().upper())}, exact = true, means = [{_quoted(told[0])}] }}")
    risk = max((move.risk for move in found.moves), key=RISK_ORDER.index, default=Risk.DESTROY)
    needs = sorted({need.value for move in found.moves for need in move.needs}) if proved else []
    title = f"{Meaning.brief(found.got)} ≠ {Meaning.brief(found.expected)}"
    lines = [
        "[[case]]",
        f'id = "DIFF/{profile}/{sha256("".join(steps).encode()).hexdigest()[:8]}"',
        f"title = {{ en = {_quoted(f'as the emulator: {title}')}, zh = {_quoted(f'与模拟器一致：{title}')} }}",
        f"clause = {_quoted(' / '.join(move.name for move in found.moves))}",
        f"profiles = [{_quoted(profile)}]",
        f'risk = "{risk.value}"',
        f"needs = [{', '.join(map(_quoted, needs))}]",
        "steps = [",
        *(f"  {step}," for step in steps),
        "]",
    ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text, ensure_ascii=False)


def _proves(found: Difference) -> bool:
    """Whether cryptograms are in it, which no card takes twice."""
    return any(command[1] in PROOFS | PAYMENTS for command, _ in found.commands)
