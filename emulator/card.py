"""The one function that is the card: `answer(card, raw) -> (card, bytes)`.

A refused command gives back the card it was given, save for retry counters and for what may be used once only.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cardstack.card.profile import Data, Length
from cardstack.errors import Malformed
from emulator.instruction import Answer, Instruction, Refusal, _parsed, parse
from emulator.state import LOCKED, Card, Channel, barred, with_session

DONE: Final = b"\x90\x00"
BARRED_MAY: Final = frozenset({0xA4, 0x84, 0xC0, 0x18, 0x70})
"""What a blocked application still answers: SELECT, GET CHALLENGE, GET RESPONSE, APPLICATION UNBLOCK, MANAGE CHANNEL."""
CHAIN_MAX: Final = 32_768
"""How many bytes a chain of commands may bring together."""


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


def _link(card: Card, instruction: Instruction) -> tuple[Card, Instruction | None]:
    """Command chaining (ISO/IEC 7816-4 §5.3.3): data gathers until a command without the chaining bit ends it."""
    if not card.blueprint.chaining:
        raise Refusal(0x6884)
    begun = card.session.chain
    if instruction.chained and not instruction.data:
        # A link without data carries nothing on; 905C000204 is a card of another kind asked for its balance.
        raise Refusal(0x6884)
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
