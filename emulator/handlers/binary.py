"""READ and UPDATE BINARY (ISO/IEC 7816-4 §11.3)."""

from dataclasses import replace

from cardstack.card.profile import Length
from emulator.blueprint import Elementary
from emulator.card import DONE, channel
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import allow
from emulator.state import Card, commit, with_channel


def _file(card: Card, instruction: Instruction) -> tuple[Card, Elementary, int]:
    """The file and the offset: P1 with bit 8 is a short identifier, else P1 and P2 are the offset in the current EF."""
    state = channel(card, instruction)
    if not instruction.p1 & 0x80:
        if state.file is None:
            raise Refusal(0x6986)
        return card, state.file, instruction.p1 << 8 | instruction.p2
    if instruction.p1 & 0x60:
        raise Refusal(0x6A86)
    file = state.directory.short.get(instruction.p1 & 0x1F)
    if file is None:
        raise Refusal(0x6A82)
    if file is not state.file:
        card = with_channel(card, instruction.channel, replace(state, file=file))
    return card, file, instruction.p2


def content_of(card: Card, file: Elementary) -> bytes:
    """The bytes of a transparent file; 6981 where it has records."""
    held = card.memory[file.cell]
    if type(held) is not bytes:
        raise Refusal(0x6981)
    return held


@handles(0xB0, 0x00, 0x80)
def read_binary(card: Card, instruction: Instruction) -> Answer:
    """Bytes from an offset on; with Le 00 all there is up to 256."""
    card, file, offset = _file(card, instruction)
    content = content_of(card, file)
    allow(channel(card, instruction), file.read)
    if offset >= len(content):
        raise Refusal(0x6B00)
    left = len(content) - offset
    wanted = instruction.wanted or 256
    if wanted > left and wanted not in (256, 65536) and card.blueprint.style.long_le is Length.CORRECTED:
        raise Refusal(0x6C00 | left & 0xFF)
    return card, content[offset : offset + wanted] + DONE


@handles(0xD6, 0x00, 0x80)
def update_binary(card: Card, instruction: Instruction) -> Answer:
    """Bytes written at an offset, within the file and all or nothing."""
    card, file, offset = _file(card, instruction)
    content = content_of(card, file)
    allow(channel(card, instruction), file.update)
    data = instruction.data
    if not data:
        raise Refusal(0x6700)
    if offset >= len(content):
        raise Refusal(0x6B00)
    if offset + len(data) > len(content):
        raise Refusal(0x6A84)
    return commit(card, {file.cell: content[:offset] + data + content[offset + len(data) :]}), DONE
