"""Whether two conversations mean the same: random numbers, cryptograms and MACs may differ, everything else may not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cardstack.apdu.trace import Exchanged

CHALLENGE, PROOFS, INITIAL, PAYMENTS = 0x84, frozenset({0x82, 0x88}), frozenset({0x50, 0x28}), frozenset({0x52, 0x54, 0x2C, 0x72})

LOADING, ORDERED = 0x50, frozenset({"00", "04", "05"})
"""INITIALIZE, and its P1 for what the issuer orders: load, limit, unload."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two conversations part: by their numbers from 1, 0 where one has nothing there."""

    left: int
    right: int
    field: str
    was: str
    now: str


def meaningful(record: Exchanged) -> tuple[str, str]:
    """A record without what is fresh in every conversation, which becomes dots.

    >>> meaningful(Exchanged("", "", 0, "0084000008", "11223344556677889000"))
    ('0084000008', '................9000')
    """
    command, answer = record.command.upper(), record.answer.upper()
    ins = int(command[2:4], 16) if len(command) >= 4 and "*" not in command[:4] else -1
    secured = bool(command) and command[0] != "*" and int(command[1], 16) & 0x4 != 0 and len(command) > 18
    if ins == CHALLENGE:
        answer = _dots(answer, 0, len(answer) - 4)
    elif ins in PROOFS:
        command = _dots(command, 10, len(command))
        answer = _dots(answer, 0, len(answer) - 4)
    elif ins in INITIAL and len(answer) > 12:
        # A load's INIT ends in the card's MAC1, which follows the random number.
        fresh = 20 if ins == LOADING and command[4:6] in ORDERED else 12
        answer = _dots(answer, len(answer) - fresh, len(answer) - 4)
    elif ins in PAYMENTS:
        command = _dots(command, 10, len(command))
        answer = _dots(answer, 0, len(answer) - 4)
    elif secured:
        command = _dots(command, len(command) - 8, len(command))
    return command, answer


def _dots(text: str, start: int, end: int) -> str:
    return text[:start] + "." * max(0, end - start) + text[max(start, end) :]


def differences(left: Iterable[Exchanged], right: Iterable[Exchanged]) -> tuple[Difference, ...]:
    """Where two conversations part, aligned by their commands."""
    mine, yours = ([meaningful(one) for one in side if one.command] for side in (left, right))
    matcher = SequenceMatcher(None, [one[0] for one in mine], [one[0] for one in yours], autojunk=False)
    found: list[Difference] = []
    for kind, start, end, other, stop in matcher.get_opcodes():
        if kind == "equal":
            found += _answers(mine, yours, start, end, other)
        else:
            found += [Difference(at + 1, 0, "command", mine[at][0], "") for at in range(start, end)]
            found += [Difference(0, at + 1, "command", "", yours[at][0]) for at in range(other, stop)]
    return tuple(found)


def _answers(
    mine: Sequence[tuple[str, str]], yours: Sequence[tuple[str, str]], start: int, end: int, other: int
) -> list[Difference]:
    """Answers that differ under commands that do not."""
    pairs = ((at, at - start + other) for at in range(start, end))
    return [
        Difference(at + 1, there + 1, "answer", mine[at][1], yours[there][1])
        for at, there in pairs
        if mine[at][1] != yours[there][1]
    ]
