"""APPLICATION BLOCK and UNBLOCK, CARD BLOCK, and PUT KEY (PBOC 2.0 part 1; key writing at issuing).

An application that is blocked answers its selection with 6283, a permanently blocked one with 9303; a blocked card
answers everything with 6A81.
"""

from cardstack.card.keys import Usage
from emulator.blueprint import Directory, KeyPlace
from emulator.card import DONE, Card, channel, commit
from emulator.handlers import secure
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import Key

BLOCKED, BLOCKED_FOR_GOOD = 1, 2
ISSUED = "life.issued"
LOCKED = "life.locked"


def _ordered(card: Card, instruction: Instruction, usage: Usage, p2: tuple[int, ...]) -> Card:
    """The card after a MAC-only order was checked: no data but the MAC, under the key of a use."""
    if instruction.p1 or instruction.p2 not in p2:
        raise Refusal(0x6A86)
    if not instruction.secured:
        raise Refusal(0x6987)
    if len(instruction.data) != 4:
        raise Refusal(0x6700)
    body, card = secure.checked(card, instruction, secure.sealing(card, channel(card, instruction).directory, usage))
    assert not body
    return card


def _block(card: Card, directory: Directory, state: int) -> Answer:
    return commit(card, {directory.blocked_cell: state}), DONE


@handles(0x1E, 0x80)
def application_block(card: Card, instruction: Instruction) -> Answer:
    """P2 00 can be undone with APPLICATION UNBLOCK, P2 01 cannot."""
    directory = channel(card, instruction).directory
    card = _ordered(card, instruction, Usage.MAINTENANCE, (0x00, 0x01))
    return _block(card, directory, BLOCKED_FOR_GOOD if instruction.p2 else BLOCKED)


@handles(0x18, 0x80)
def application_unblock(card: Card, instruction: Instruction) -> Answer:
    """A temporarily blocked application works again."""
    directory = channel(card, instruction).directory
    if card.memory.get(directory.blocked_cell, 0) != BLOCKED:
        raise Refusal(0x6985)
    card = _ordered(card, instruction, Usage.MAINTENANCE, (0x00,))
    return _block(card, directory, 0)


@handles(0x16, 0x80)
def card_block(card: Card, instruction: Instruction) -> Answer:
    """The whole card stops for good."""
    usage = Usage.LOCK if _has(channel(card, instruction).directory, Usage.LOCK) else Usage.MAINTENANCE
    card = _ordered(card, instruction, usage, (0x00,))
    return commit(card, {LOCKED: 1}), DONE


def _has(directory: Directory | None, usage: Usage) -> bool:
    while directory is not None:
        if any(kind is usage for kind, _ in directory.keys):
            return True
        directory = directory.parent
    return False


@handles(0xD4, 0x80)
def put_key(card: Card, instruction: Instruction) -> Answer:
    """PUT KEY (80D4 use kid): algorithm, version and 16 bytes of key.

    In the clear until the card is issued; then under MAC and encipherment with the maintenance key (84D4).
    """
    directory = channel(card, instruction).directory
    place = _named(directory, instruction)
    data = instruction.data
    if card.memory.get(ISSUED) or instruction.secured:
        if not instruction.secured:
            raise Refusal(0x6982)
        by = secure.sealing(card, directory, Usage.MAINTENANCE)
        body, card = secure.checked(card, instruction, by)
        data = secure.plain_data(by, body)
    if len(data) != 18:
        raise Refusal(0x6700, card)
    if data[0] not in (0x00, 0x01, 0x03, 0x04):
        raise Refusal(0x6A80, card)
    return commit(card, {place.cell: Key(data[0], data[1], data[2:]).pack(), place.tries_cell: place.tries}), DONE


USAGES = tuple(Usage)
"""P1 of PUT KEY is the place of the use in this order, which is this project's definition."""


def _named(directory: Directory, instruction: Instruction) -> KeyPlace:
    if instruction.p1 >= len(USAGES):
        raise Refusal(0x6A86)
    place = directory.keys.get((USAGES[instruction.p1], instruction.p2))
    if place is None:
        raise Refusal(0x6A88)
    return place
