"""What a bank's application says of itself before its records are read (EMV Book 3; PBOC 3.0): no transaction is made here."""

from cardstack.tlv import Tlv
from emulator.card import channel, say
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.state import Card

COMMAND_TEMPLATE = 0x83
"""What the terminal's data objects stand in."""
ANSWER_TEMPLATE = 0x80
"""Application interchange profile and file locator, one after the other."""


@handles(0xA8, 0x80)
def get_processing_options(card: Card, instruction: Instruction) -> Answer:
    """GET PROCESSING OPTIONS: which records there are. No data object is asked for here, and whatever is sent is taken.

    Clients send what another bank's card asked them for; 6985 where no bank's application is selected.
    """
    if instruction.p1 or instruction.p2:
        raise Refusal(0x6A86)
    declared = channel(card, instruction).directory.declared
    if declared is None or not declared.processing:
        raise Refusal(0x6985)
    data = instruction.data
    if len(data) < 2 or data[0] != COMMAND_TEMPLATE or data[1] != len(data) - 2:
        raise Refusal(0x6A80)
    return say(card, instruction, Tlv(ANSWER_TEMPLATE, declared.processing).encode())
