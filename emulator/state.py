"""A card as a value: what it keeps, what it forgets when its power goes, and the cards that follow from it.

What the card keeps (files, keys, counters, purses) is its memory, a mapping that is never changed in place; what it
forgets at power-off (what is selected, proved and half said) is its session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from cardstack.crypto.cryptogram import Block
from emulator.blueprint import Blueprint, Directory, Elementary
from emulator.dice import Dice

Value: TypeAlias = bytes | int | tuple[bytes, ...]
Memory: TypeAlias = Mapping[str, Value]

LOCKED: Final = "life.locked"
"""The cell that says that the whole card is blocked."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What one logical channel has selected and proved.

    `proofs` maps the name of each proof to the directory it was given in: it lapses when that is left.
    """

    directory: Directory
    file: Elementary | None = None
    proofs: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class Payment:
    """A payment between its INIT and its second command: what was agreed, under which session key.

    `kind` is the transaction type of PBOC part 2; `writes` are trip records that wait for the commit.
    """

    kind: int
    directory: Directory
    second: tuple[int, int]
    """Instruction and P1 of the command that may follow."""
    session: bytes
    block: Block
    amount: bytes
    terminal: bytes
    sequence: int
    writes: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """What the card forgets when its power goes."""

    channels: tuple[Channel | None, ...]
    challenge: bytes = b""
    earlier: bytes = b""
    """The challenge before the last: terminals that take source and process factor from the card send both."""
    pending: bytes = b""
    chain: tuple[bytes, bytes] | None = None
    payment: Payment | None = None
    derived: bytes = b""
    """In a PSAM: the algorithm byte and the key that BFDE or 801A made, under which 80FA works."""

    barred: bool = False
    """Whether some channel stands in a blocked application."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Card:
    """One card: its kind, its memory, its session, its dice.

    `commits` are the memories that the last writing command left one after another, for whoever tears it.
    """

    blueprint: Blueprint
    memory: Memory
    session: Session
    dice: Dice
    quiet: bool = True
    """Whether nothing is half said and nothing blocked: most commands then go straight to their handler."""
    commits: tuple[Memory, ...] = ()

    @property
    def atr(self) -> bytes:
        """What the card says at reset."""
        return self.blueprint.atr

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Card)
            and self.blueprint is other.blueprint
            and self.memory == other.memory
            and self.session == other.session
        )

    def __hash__(self) -> int:
        return hash((self.blueprint.profile, len(self.memory)))

    def __repr__(self) -> str:
        """What kind of card it is and where it stands; what it keeps is nobody's to see in a log."""
        places = [one.directory.name for one in self.session.channels if one is not None]
        return f"Card({self.blueprint.profile}, {', '.join(places)})"


def manufactured(blueprint: Blueprint, memory: Memory, dice: Dice) -> Card:
    """A card of a kind with this memory, powered up."""
    session = power_up(blueprint)
    return Card(blueprint, memory, session, dice, _quiet(memory, session))


def power_up(blueprint: Blueprint) -> Session:
    """The session after a reset: one channel, the first application selected, nothing proved."""
    channels = (Channel(blueprint.initial), *(None,) * (blueprint.channels - 1))
    return Session(channels)


def reset(card: Card) -> Card:
    """The card after its power went and came back: what was not kept is gone."""
    return manufactured(card.blueprint, card.memory, card.dice)


def _quiet(memory: Memory, session: Session) -> bool:
    return not (session.pending or session.chain or session.barred or memory.get(LOCKED))


def with_session(card: Card, session: Session) -> Card:
    """The card with another session."""
    return Card(card.blueprint, card.memory, session, card.dice, _quiet(card.memory, session), card.commits)


def with_channel(card: Card, number: int, channel: Channel | None) -> Card:
    """The card with another state on one channel."""
    channels = card.session.channels
    return with_session(card, replace(card.session, channels=(*channels[:number], channel, *channels[number + 1 :])))


def throw(card: Card, size: int) -> tuple[bytes, Card]:
    """A random number and the card that has given it."""
    number, dice = card.dice.throw(size)
    return number, Card(card.blueprint, card.memory, card.session, dice, card.quiet, card.commits)


def commit(card: Card, *changes: Mapping[str, Value]) -> Card:
    """The card after one or more commits, each all or nothing (see `emulator.faults`)."""
    memories, memory = [], card.memory
    for change in changes:
        memory = {**memory, **change}
        memories.append(memory)
    return Card(card.blueprint, memory, card.session, card.dice, _quiet(memory, card.session), tuple(memories))


def barred(card: Card, directory: Directory) -> bool:
    """Whether an application is blocked, for now or for good."""
    return bool(card.memory.get(directory.blocked_cell, 0))
