"""APPLICATION BLOCK and UNBLOCK, CARD BLOCK, PUT KEY and ACTIVATE FILE (PBOC 2.0 part 1; ISO/IEC 7816-9; issuing).

An application that is blocked answers its selection with 6283, a permanently blocked one with 9303; a blocked card
answers everything with 6A81.
"""

from collections.abc import Callable
from dataclasses import replace

from cardstack.card.keys import Usage
from emulator.blueprint import Directory, KeyPlace
from emulator.card import DONE, channel
from emulator.handlers import secure
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import Key, key_at
from emulator.state import LOCKED, Card, commit, with_session

BLOCKED, BLOCKED_FOR_GOOD = 1, 2
ISSUED = "life.issued"


def _ordered(card: Card, instruction: Instruction, find: Callable[[Directory], KeyPlace], p2: tuple[int, ...]) -> Card:
    """The card after a MAC-only order was checked: no data but the MAC, under the key that this order takes."""
    if instruction.p1 or instruction.p2 not in p2:
        raise Refusal(0x6A86)
    if not instruction.secured:
        raise Refusal(0x6987)
    if len(instruction.data) != 4:
        raise Refusal(0x6700)
    key = key_at(card, find(channel(card, instruction).directory))
    body, card = secure.checked(card, instruction, secure.sealed_by(card, key))
    assert not body
    return card


def _block(card: Card, directory: Directory, state: int) -> Answer:
    card = commit(card, {directory.blocked_cell: state})
    return with_session(card, replace(card.session, barred=bool(state), payment=None)), DONE


@handles(0x1E, 0x80)
def application_block(card: Card, instruction: Instruction) -> Answer:
    """P2 00 can be undone with APPLICATION UNBLOCK, P2 01 cannot."""
    directory = channel(card, instruction).directory
    card = _ordered(card, instruction, _application_key, (0x00, 0x01))
    return _block(card, directory, BLOCKED_FOR_GOOD if instruction.p2 else BLOCKED)


@handles(0x18, 0x80)
def application_unblock(card: Card, instruction: Instruction) -> Answer:
    """A temporarily blocked application works again."""
    directory = channel(card, instruction).directory
    if card.memory.get(directory.blocked_cell, 0) != BLOCKED:
        raise Refusal(0x6985)
    card = _ordered(card, instruction, _application_key, (0x00,))
    return _block(card, directory, 0)


@handles(0x16, 0x80)
def card_block(card: Card, instruction: Instruction) -> Answer:
    """The whole card stops for good."""
    card = _ordered(card, instruction, _card_key, (0x00,))
    return commit(card, {LOCKED: 1}), DONE


def _application_key(directory: Directory) -> KeyPlace:
    """What blocks an application: its maintenance key (PBOC), or the nearest lock key (the ministry's LK)."""
    return secure.place_of(directory, Usage.MAINTENANCE, Usage.LOCK)


def _card_key(directory: Directory) -> KeyPlace:
    """What blocks the card: the topmost lock key above, so that no application's own will do; else maintenance."""
    above = [directory]
    while (parent := above[0].parent) is not None:
        above.insert(0, parent)
    locks = [place for node in above for (usage, _), place in node.keys.items() if usage is Usage.LOCK]
    return locks[0] if locks else secure.place_of(directory, Usage.MAINTENANCE)


@handles(0xD4, 0x80)
def put_key(card: Card, instruction: Instruction) -> Answer:
    """PUT KEY (80D4 01 kid): use, version, algorithm and 16 bytes of key.

    In the clear until the card is issued; then enciphered and under the MAC of the directory's control key (84D4).
    The use is a key's place in `Usage`; algorithm 00 leaves the one of the key that is replaced, and is 3DES on a blank card.
    """
    directory = channel(card, instruction).directory
    if instruction.p1 != 0x01:
        raise Refusal(0x6A86)
    data = instruction.data
    if instruction.secured:
        by = secure.sealed_by(card, key_at(card, _control(directory)))
        body, card = secure.checked(card, instruction, by)
        data = secure.plain_data(by, body)
    elif card.memory.get(ISSUED):
        raise Refusal(0x6982)
    if len(data) != 19:
        raise Refusal(0x6700, card)
    place = directory.keys.get((USAGES[data[0]], instruction.p2)) if data[0] < len(USAGES) else None
    if place is None:
        raise Refusal(0x6A88, card)
    if data[2] not in (0x00, 0x01, 0x03, 0x04):
        raise Refusal(0x6A80, card)
    algorithm = data[2] or (key_at(card, place).algorithm if place.cell in card.memory else 0)
    return commit(card, {place.cell: Key(algorithm, data[1], data[3:]).pack(), place.tries_cell: place.tries}), DONE


@handles(0x44, 0x00)
def activate(card: Card, instruction: Instruction) -> Answer:
    """ACTIVATE FILE at the master file ends personalisation (this project's choice); 6985 where a key is missing still."""
    if instruction.p1 or instruction.p2 or instruction.data:
        raise Refusal(0x6A86)
    master = card.blueprint.master
    if card.blueprint.terminal or channel(card, instruction).directory is not master:
        raise Refusal(0x6985)
    if any(place.cell not in card.memory for directory in master.every() for place in directory.keys.values()):
        raise Refusal(0x6985)
    return commit(card, {ISSUED: 1}), DONE


USAGES = tuple(Usage)
"""The use byte of PUT KEY counts them in this order; 00 is external authentication, as in the recorded middleware."""


def _control(directory: Directory) -> KeyPlace:
    """The key under which others are written: the maintenance key, or external authentication key 00."""
    if master := directory.keys.get((Usage.EXTERNAL, 0x00)):
        return master
    return secure.place_of(directory, Usage.MAINTENANCE)
