"""VERIFY, CHANGE PIN, RELOAD PIN and UNBLOCK PIN (ISO/IEC 7816-4 §11.5.6; PBOC 2.0 part 1; the ministry's V2.0)."""

from hmac import compare_digest

from cardstack.card.keys import Usage
from cardstack.crypto import cryptogram
from cardstack.errors import Malformed
from emulator.blueprint import PinPlace
from emulator.card import DONE, channel
from emulator.handlers import pki, secure
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import attempt, disproved, key_at, proved, tries_left
from emulator.state import Card, commit


def _pin(card: Card, instruction: Instruction) -> PinPlace:
    """The PIN that counts in the current directory; 6A88 where there is none."""
    place = channel(card, instruction).directory.holder_pin()
    if place is None:
        raise Refusal(0x6A88)
    return place


def _value(card: Card, place: PinPlace) -> bytes:
    value = card.memory[place.cell]
    assert isinstance(value, bytes)
    return value


def _matching(card: Card, instruction: Instruction, place: PinPlace, given: bytes) -> Card:
    """The card after a try at the PIN; a wrong one takes an earlier proof away."""
    value = _value(card, place)
    without = disproved(card, instruction.channel, place.name)
    return attempt(without, place, lambda: compare_digest(value, given))


@handles(0x20, 0x00)
def verify(card: Card, instruction: Instruction) -> Answer:
    """The holder's PIN; without data the card tells how many tries are left."""
    if instruction.p1 == 0x01:
        return pki.verify_by_challenge(card, instruction)
    if instruction.p1 or instruction.p2 & 0x7F:
        raise Refusal(0x6A86)
    place = _pin(card, instruction)
    left = tries_left(card, place)
    if not instruction.data:
        if place.name in channel(card, instruction).names:
            return card, DONE
        raise Refusal(0x63C0 | min(left, 15))
    if not 2 <= len(instruction.data) <= 8:
        raise Refusal(0x6700)
    card = _matching(card, instruction, place, instruction.data)
    return proved(card, instruction.channel, place.name, place.home), DONE


@handles(0x5E, 0x80)
def change_pin(card: Card, instruction: Instruction) -> Answer:
    """CHANGE PIN (P1 01): the old one, FF, the new one. With P1 00 and a MAC it is PBOC's RELOAD PIN."""
    if instruction.secured:
        return pki.change_enciphered(card, instruction)
    place = _pin(card, instruction)
    if instruction.p2 or instruction.p1 not in (0x00, 0x01):
        raise Refusal(0x6A86)
    if instruction.p1 == 0x00:
        return _reload_in_clear(card, instruction, place)
    old, mark, new = instruction.data.partition(b"\xff")
    if not mark or not old or b"\xff" in new:
        raise Refusal(0x6A80 if instruction.data else 0x6700)
    acceptable(place, new)
    value = _value(card, place)
    card = attempt(disproved(card, instruction.channel, place.name), place, lambda: compare_digest(value, old), {place.cell: new})
    return card, DONE


def acceptable(place: PinPlace, pin: bytes) -> None:
    """A PIN is BCD and of a length that the profile allows."""
    shortest, longest = place.lengths
    if not shortest <= len(pin) <= longest:
        raise Refusal(0x6700)
    if not pin.hex().rstrip("f").isdecimal():
        raise Refusal(0x6A80)


def _reload_in_clear(card: Card, instruction: Instruction, place: PinPlace) -> Answer:
    """RELOAD PIN of PBOC: the new PIN and a MAC over it with the folded reload key (PBOC 2.0 part 1)."""
    pin, mac = instruction.data[:-4], instruction.data[-4:]
    if len(instruction.data) < 6:
        raise Refusal(0x6700)
    key = key_at(card, secure.place_of(channel(card, instruction).directory, Usage.RELOAD))
    if not compare_digest(cryptogram.tac(key.value, pin, key.block), mac):
        raise Refusal(0x6988)
    acceptable(place, pin)
    return commit(card, {place.cell: pin, place.tries_cell: place.tries}), DONE


@handles(0x24, 0x80)
def reload_or_unblock(card: Card, instruction: Instruction) -> Answer:
    """8424: P2 01 sets a new PIN, P2 00 gives the tries back; both under MAC, after the PIN key's proof."""
    place = _pin(card, instruction)
    if instruction.p1 or instruction.p2 not in (0x00, 0x01):
        raise Refusal(0x6A86)
    if not instruction.secured:
        raise Refusal(0x6987)
    if place.unlock and place.unlock not in channel(card, instruction).names:
        raise Refusal(0x6982)
    sealing = secure.sealing(card, channel(card, instruction).directory, Usage.RELOAD)
    body, card = secure.checked(card, instruction, sealing)
    if not body:
        if instruction.p2:
            raise Refusal(0x6700, card)
        return commit(card, {place.tries_cell: place.tries}), DONE
    try:
        pin = cryptogram.pin_of_block(cryptogram.decrypt(sealing.cipher, body, sealing.block))
    except Malformed:
        raise Refusal(0x6A80, card) from None
    acceptable(place, pin)
    if not instruction.p2 and not compare_digest(pin, _value(card, place)):
        raise Refusal(0x6988, card)
    return commit(card, {place.cell: pin, place.tries_cell: place.tries}), DONE
