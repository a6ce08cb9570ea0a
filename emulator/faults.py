"""What goes wrong between card and terminal, on purpose and repeatable: power lost at any byte, and a bad line.

A command that writes does so in one or more commits, each one line of the card's journal. `points` says at how many
bytes the power can go, `torn` gives the card that comes up afterwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from emulator.card import answer
from emulator.journal import entry, replayed
from emulator.slot import Slot
from emulator.state import Card, Memory, manufactured


def journal_of(card: Card, raw: bytes) -> bytes:
    """What a command would write: nothing, or the lines of its commits."""
    after, _ = answer(card, raw)
    if after.memory is card.memory:
        return b""
    lines, memory = b"", card.memory
    for commit in after.commits:
        lines += entry(memory, commit)
        memory = commit
    return lines


def points(card: Card, raw: bytes) -> int:
    """At how many places power can go while this command writes; the first is before any byte, the last after all."""
    return len(journal_of(card, raw)) + 1


def torn(card: Card, raw: bytes, after: int) -> Card:
    """The card powered up again after losing power when `after` bytes of this command were written."""
    return _up(card, replayed(card.memory, journal_of(card, raw)[:after]))


def every_tear(card: Card, raw: bytes) -> Iterator[Card]:
    """The card after a tear at each point, in order."""
    journal = journal_of(card, raw)
    for after in range(len(journal) + 1):
        yield _up(card, replayed(card.memory, journal[:after]))


def _up(card: Card, memory: Memory) -> Card:
    _, dice = card.dice.throw(32)
    return manufactured(card.blueprint, memory, dice)


class Trouble(StrEnum):
    """What a line can do to an answer."""

    MUTE = "no answer: the card is lost"
    CUT = "the answer ends early"
    SHORT = "the last byte of the answer's data is missing"
    LONG = "the answer has 256 bytes of data too many"
    FLIPPED = "one bit of the answer is wrong"
    REFUSED = "6F00 in place of the answer; the command was carried out"
    AGAIN = "the previous answer once more"
    TORN = "power is lost while the card writes; no answer"


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble: at which command of the conversation (from 0), and where in its bytes."""

    at: int
    trouble: Trouble
    place: int = 0


class Faulty:
    """An exchange that goes wrong as it was told to; everything else is the slot behind it."""

    def __init__(self, slot: Slot, *faults: Fault) -> None:
        self.slot = slot
        self.has_test_keys = slot.has_test_keys
        self.faults = {fault.at: fault for fault in faults}
        self.count = 0
        self.last = b""

    @property
    def atr(self) -> bytes:
        """The answer to reset of the card behind."""
        return self.slot.atr

    def reset(self) -> bytes:
        """A reset of the card behind."""
        return self.slot.reset()

    def __call__(self, raw: bytes) -> bytes:
        fault = self.faults.get(self.count)
        self.count += 1
        if fault is None:
            self.last = self.slot(raw)
            return self.last
        if fault.trouble is Trouble.TORN:
            self.slot.card = torn(self.slot.card, raw, fault.place)
            return b""
        said = self.slot(raw)
        before, self.last = self.last, said
        return TROUBLES[fault.trouble](said, before, fault.place)


def _flipped(said: bytes, place: int) -> bytes:
    at = place % (8 * len(said))
    return bytes(byte ^ (1 << at % 8) if number == at // 8 else byte for number, byte in enumerate(said))


TROUBLES: dict[Trouble, Callable[[bytes, bytes, int], bytes]] = {
    Trouble.MUTE: lambda _said, _before, _place: b"",
    Trouble.CUT: lambda said, _before, place: said[:place],
    Trouble.SHORT: lambda said, _before, _place: said[:-3] + said[-2:],
    Trouble.LONG: lambda said, _before, _place: said[:-2] + bytes(256) + said[-2:],
    Trouble.FLIPPED: lambda said, _before, place: _flipped(said, place),
    Trouble.REFUSED: lambda _said, _before, _place: b"\x6f\x00",
    Trouble.AGAIN: lambda _said, before, _place: before,
}
