"""A card as a value, and the one function that is the card: `answer(card, raw) -> (card, bytes)`.

What the card keeps (files, keys, counters, purses) is its memory, a mapping that is never changed in place; what it
forgets at power-off (what is selected, proved and half said) is its session. A refused command gives back the card it
was given, save for retry counters and for what may be used once only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from cardstack.card.profile import Data, Length
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from emulator.blueprint import Blueprint, Directory, Elementary
from emulator.dice import Dice
from emulator.instruction import Answer, Instruction, Refusal, _parsed, parse

Value: TypeAlias = bytes | int | tuple[bytes, ...]
Memory: TypeAlias = Mapping[str, Value]

DONE: Final = b"\x90\x00"
LOCKED: Final = "life.locked"
"""The cell that says that the whole card is blocked."""
BARRED_MAY: Final = frozenset({0xA4, 0x84, 0xC0, 0x18, 0x70})
"""What a blocked application still answers: SELECT, GET CHALLENGE, GET RESPONSE, APPLICATION UNBLOCK, MANAGE CHANNEL."""
CHAIN_MAX: Final = 32_768
"""How many bytes a chain of commands may bring together."""


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


def answer(card: Card, raw: bytes) -> Answer:
    """What the card says to any bytes, and the card afterwards."""
    try:
        instruction = _parsed.get(raw) or parse(raw)
        if card.quiet and instruction.plain:
            return instruction.handler(card, instruction)
        return _in_between(card, instruction)
    except Refusal as refusal:
        return refusal.card or card, refusal.sw.to_bytes(2)
    except Malformed:
        return card, b"\x67\x00"


def _in_between(card: Card, instruction: Instruction) -> Answer:
    """A command while something is half said or blocked, part of a chain, or under secure messaging."""
    if card.memory.get(LOCKED):
        raise Refusal(0x6A81)
    if card.session.barred and instruction.ins not in BARRED_MAY and barred(card, channel(card, instruction).directory):
        raise Refusal(0x6985)
    if card.session.pending and instruction.ins != 0xC0:
        card = with_session(card, replace(card.session, pending=b""))
    try:
        if instruction.chained or card.session.chain:
            card, whole = _link(card, instruction)
            if whole is None:
                return card, DONE
            instruction = whole
        if instruction.secured:
            return _protected(card, instruction)
        return instruction.handler(card, instruction)
    except Refusal as refusal:
        raise Refusal(refusal.sw, refusal.card or card) from None


def barred(card: Card, directory: Directory) -> bool:
    """Whether an application is blocked, for now or for good."""
    return bool(card.memory.get(directory.blocked_cell, 0))


def _link(card: Card, instruction: Instruction) -> tuple[Card, Instruction | None]:
    """Command chaining (ISO/IEC 7816-4 §5.3.3): data gathers until a command without the chaining bit ends it."""
    if not card.blueprint.chaining:
        raise Refusal(0x6884)
    begun = card.session.chain
    header = bytes((instruction.cla & ~0x10 & 0xFF, *instruction.header[1:]))
    card = with_session(card, replace(card.session, chain=None))
    if begun and begun[0] != header:
        raise Refusal(0x6883, card)
    data = (begun[1] if begun else b"") + instruction.data
    if len(data) > CHAIN_MAX:
        raise Refusal(0x6700, card)
    if instruction.chained:
        return with_session(card, replace(card.session, chain=(header, data))), None
    return card, instruction.with_data(data)


_unwrapping: list[Callable[[Card, Instruction], Answer]] = []


def unwraps(handler: Callable[[Card, Instruction], Answer]) -> Callable[[Card, Instruction], Answer]:
    """Makes the handler of commands with secure messaging known here, as it stands on this module itself."""
    _unwrapping[:] = [handler]
    return handler


def _protected(card: Card, instruction: Instruction) -> Answer:
    """A command with secure messaging: those of PBOC check their own MAC, the others have it taken off first."""
    return _unwrapping[0](card, instruction)


def channel(card: Card, instruction: Instruction) -> Channel:
    """The channel that the command is spoken on; 6881 where it is not open."""
    channels = card.session.channels
    if instruction.channel >= len(channels) or (found := channels[instruction.channel]) is None:
        raise Refusal(0x6881)
    return found


def say(card: Card, instruction: Instruction, data: bytes, *, selecting: bool = False) -> Answer:
    """An answer with data to a command that brought data, in the card's way: at once, or fetched with GET RESPONSE."""
    style = card.blueprint.style
    held = (style.select_le if selecting else Data.DIRECT) if instruction.wanted else style.select if selecting else style.answer
    if held is Data.FETCHED:
        return with_session(card, replace(card.session, pending=data)), bytes((0x61, min(len(data), 256) & 0xFF))
    return give(card, instruction, data)


def give(card: Card, instruction: Instruction, data: bytes) -> Answer:
    """An answer to a command that only asks, by what the card does where Le is not the length of what is there."""
    wanted, size = instruction.wanted, len(data)
    if wanted == size:
        return card, data + DONE
    style = card.blueprint.style
    if wanted in (0, 256, 65536):
        habit = style.zero_le if wanted else style.absent_le
    else:
        habit = style.short_le if wanted < size else style.long_le
    if habit is Length.CORRECTED:
        raise Refusal(0x6C00 | size & 0xFF)
    return card, (data[:wanted] if habit is Length.CUT and wanted else data) + DONE
