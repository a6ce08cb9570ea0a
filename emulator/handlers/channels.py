"""MANAGE CHANNEL (ISO/IEC 7816-4 §11.1.2)."""

from emulator.card import DONE, channel
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.state import Card, Channel, with_channel


@handles(0x70, 0x00)
def manage_channel(card: Card, instruction: Instruction) -> Answer:
    """Open the next free channel or a given one, or close one; the basic channel cannot be closed."""
    channels = card.session.channels
    state = channel(card, instruction)
    if instruction.data:
        raise Refusal(0x6700)
    if instruction.p1 == 0x80:
        number = instruction.p2 or instruction.channel
        if not 0 < number < len(channels):
            raise Refusal(0x6A86)
        if channels[number] is None:
            raise Refusal(0x6985)
        return with_channel(card, number, None), DONE
    if instruction.p1:
        raise Refusal(0x6A86)
    free = [place for place in range(1, len(channels)) if channels[place] is None]
    number = instruction.p2 or (free[0] if free else 0)
    if not number:
        raise Refusal(0x6A81)
    if number >= len(channels):
        raise Refusal(0x6A86)
    if channels[number] is not None:
        raise Refusal(0x6985)
    # A channel opened from another starts where that one is, without its proofs (§5.4.2).
    begun = Channel(card.blueprint.initial if not instruction.channel else state.directory)
    said = b"" if instruction.p2 else bytes((number,))
    return with_channel(card, number, begun), said + DONE
