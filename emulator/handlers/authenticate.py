"""GET CHALLENGE, INTERNAL and EXTERNAL AUTHENTICATE (ISO/IEC 7816-4 §11.5; key use of the ministry's V2.0)."""

from dataclasses import replace
from hmac import compare_digest

from cardstack.card.keys import Usage
from cardstack.crypto import cryptogram
from emulator.card import DONE, channel, give, say
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import Key, attempt, disproved, key_for, proved, take_challenge
from emulator.state import Card, throw, with_session

SERIAL = "serial"
"""The cell of what GET DATA gives."""


@handles(0x84, 0x00)
def get_challenge(card: Card, instruction: Instruction) -> Answer:
    """4, 8 or 16 random bytes (8 where Le is 00 or absent); good for one authentication, the last one counts."""
    if instruction.p1 or instruction.p2:
        raise Refusal(0x6A86)
    size = 8 if instruction.wanted in (0, 256) else instruction.wanted
    if instruction.data or size not in (4, 8, 16):
        raise Refusal(0x6700)
    number, card = throw(card, size)
    card = with_session(card, replace(card.session, challenge=number, earlier=card.session.challenge))
    return card, number + DONE


@handles(0x88, 0x00)
def internal_authenticate(card: Card, instruction: Instruction) -> Answer:
    """The card proves its key over process factor and source data of the terminal's choice."""
    process, source, version = _parts(instruction)
    _place, key = key_for(card, channel(card, instruction).directory, Usage.INTERNAL, instruction.p2)
    _right(instruction, key, version)
    result = cryptogram.authentication(key.value, process, source, key.block)
    return say(card, instruction, result)


@handles(0x82, 0x00)
def external_authenticate(card: Card, instruction: Instruction) -> Answer:
    """The terminal proves a key over the last challenge; each failure costs a try of that key."""
    data = instruction.data
    if len(data) not in (8, 16, 17, 24, 25):
        raise Refusal(0x6700)
    place, key = key_for(card, channel(card, instruction).directory, Usage.EXTERNAL, instruction.p2)
    _right(instruction, key, data[-1:] if len(data) % 8 else b"")
    challenge, earlier, card = take_challenge(card)
    if place.tries:
        without = disproved(card, instruction.channel, place.name)
        card = attempt(without, place, lambda: _proves(key, data, challenge, earlier))
    elif not _proves(key, data, challenge, earlier):
        raise Refusal(0x6300, disproved(card, instruction.channel, place.name))
    return proved(card, instruction.channel, place.name, place.home), DONE


def _parts(instruction: Instruction) -> tuple[bytes, bytes, bytes]:
    """Process factor, source data, and the key's version where it is sent."""
    data = instruction.data
    if len(data) not in (16, 17):
        raise Refusal(0x6700)
    return data[:8], data[8:16], data[16:]


def _right(instruction: Instruction, key: Key, version: bytes) -> None:
    if instruction.p1:
        raise Refusal(0x6A86)
    if version and version[0] != key.version:
        raise Refusal(0x6A88)


def _proves(key: Key, data: bytes, challenge: bytes, earlier: bytes) -> bool:
    """Whether a cryptogram is this key's over the last challenge.

    Terminals in the field agree on the key and on binding the last challenge, not on what they append: the source
    data, the process factor, or (transit and certificate terminals) nothing. A card cannot ask which; each form is
    checked, and none is weaker than another.
    """
    block = key.block
    size = len(data) & ~7
    if size == len(challenge) == 16 == block.size:
        return compare_digest(cryptogram.encrypt(key.value, challenge, block), data[:16])
    challenge = challenge.ljust(8, b"\0")[:8]
    if size == 8:
        return compare_digest(cryptogram.encrypt(key.value, challenge.ljust(block.size, b"\0"), block)[:8], data[:8])
    cipher, tail = data[: size - 8], data[size - 8 : size]
    forms = [(challenge, tail), (tail, challenge)]
    if tail == challenge and len(earlier) == 8:
        forms.append((challenge, earlier))
    made = [cryptogram.authentication(key.value, process, source, block)[: len(cipher)] for process, source in forms]
    return any(compare_digest(each, cipher) for each in made)


@handles(0x84, 0x80)
def get_challenge_proprietary(card: Card, instruction: Instruction) -> Answer:
    """The same in the class of PBOC, which some hosts send."""
    return get_challenge(card, instruction)


@handles(0xCA, 0x80, 0x00)
def get_data(card: Card, instruction: Instruction) -> Answer:
    """GET DATA: a data object of the application by its tag, or the serial number of a transit card's chip (80CA0000)."""
    declared = channel(card, instruction).directory.declared
    tag = instruction.p1 << 8 | instruction.p2
    held = next((one for one in declared.objects if one.tag == tag), None) if declared else None
    if held is not None:
        return give(card, instruction, held.encode())
    serial = card.memory.get(SERIAL)
    if instruction.p1 or instruction.p2 or not isinstance(serial, bytes):
        raise Refusal(0x6A88)
    return give(card, instruction, b"\x90" + serial)
