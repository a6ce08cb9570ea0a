"""SELECT and GET RESPONSE (ISO/IEC 7816-4 §11.2.2, §11.8.1)."""

from dataclasses import replace

from emulator.blueprint import Directory, Elementary
from emulator.card import DONE, channel, say
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import entered
from emulator.state import Card, Channel, barred, with_channel, with_session


@handles(0xA4, 0x00)
def select(card: Card, instruction: Instruction) -> Answer:
    """By name, by identifier from anywhere near, as a child DF, as an EF of the current DF, or the parent."""
    state = channel(card, instruction)
    p1, data = instruction.p1, instruction.data
    if instruction.p2 & ~0x0F or (p1 != 0x04 and instruction.p2 & 0x01):
        raise Refusal(0x6A86)
    if p1 == 0x04:
        return _enter(card, instruction, state, _named(card, instruction, state.directory))
    if p1 not in (0x00, 0x01, 0x02, 0x03):
        raise Refusal(0x6A86)
    if p1 == 0x03:
        return _enter(card, instruction, state, state.directory.parent or card.blueprint.master)
    if not data and p1 == 0x00:
        return _enter(card, instruction, state, card.blueprint.master)
    if len(data) != 2:
        raise Refusal(0x6700)
    found = _identified(card, state.directory, p1, int.from_bytes(data))
    if isinstance(found, Elementary):
        return _open(card, instruction, state, found)
    return _enter(card, instruction, state, found)


def _named(card: Card, instruction: Instruction, current: Directory) -> Directory:
    """The application of a name. P2 asks for the first (00) or last (01) that it begins, the next (02) or the previous (03).

    The ministry's RID begins the names of several applications; who goes through them stops at 6A82.
    """
    if not 1 <= len(instruction.data) <= 16:
        raise Refusal(0x6700)
    found = card.blueprint.applications(instruction.data)
    which = instruction.p2 & 0x03
    if which & 0x02 and current in found:
        at = found.index(current) + (1 if which == 0x02 else -1)
        found = found[at : at + 1] if at >= 0 else ()
    if not found:
        raise Refusal(0x6A82)
    return found[-1 if which & 0x01 else 0]


def _identified(card: Card, current: Directory, p1: int, fid: int) -> Directory | Elementary:
    """What an identifier means here: EFs of the current DF, its child DFs, and with P1 00 also parent and siblings.

    P1 01 asks for a child DF and P1 02 for an EF; a terminal asks its PSAM for a DF with 02, and gets it.
    """
    if p1 != 0x01 and (file := current.files.get(fid)):
        return file
    if child := current.children.get(fid):
        return child
    if p1 == 0x00:
        if fid == 0x3F00:
            return card.blueprint.master
        if fid == current.fid:
            return current
        above = current.parent
        if above is not None and above.fid == fid:
            return above
        if above is not None and (sibling := above.children.get(fid)):
            return sibling
    raise Refusal(0x6A82)


def _open(card: Card, instruction: Instruction, state: Channel, file: Elementary) -> Answer:
    if state.file is not file:
        card = with_channel(card, instruction.channel, replace(state, file=file))
    if not card.blueprint.style.ef_fci or instruction.p2 & 0x0C == 0x0C:
        return card, DONE
    size = file.size.to_bytes(2)
    return say(card, instruction, b"\x62\x08\x83\x02" + file.fid.to_bytes(2) + b"\x80\x02" + size, selecting=True)


def _enter(card: Card, instruction: Instruction, state: Channel, directory: Directory) -> Answer:
    blocked = card.memory.get(directory.blocked_cell, 0)
    if blocked and blocked != 1:
        raise Refusal(0x9303)
    # A purchase begun in an application does not outlive its selection, nor does a challenge.
    session = card.session
    number = instruction.channel
    channels = (*session.channels[:number], entered(directory, state), *session.channels[number + 1 :])
    after = replace(
        session,
        channels=channels,
        barred=any(each is not None and barred(card, each.directory) for each in channels),
        payment=None,
        challenge=b"",
        earlier=b"",
    )
    card = with_session(card, after)
    if blocked:
        raise Refusal(0x6283, card)
    if instruction.p2 & 0x0C == 0x0C:
        return card, DONE
    return say(card, instruction, fci(card, directory), selecting=True)


def fci(card: Card, directory: Directory) -> bytes:
    """The file control information: as declared, with the content of the file it carries, if it carries one."""
    declared = directory.declared
    if declared is None or declared.issuer_file is None:
        return directory.fci
    content = card.memory[directory.files[declared.issuer_file].cell]
    assert isinstance(content, bytes)
    return declared.fci(content)


@handles(0xC0, 0x00, 0x80, 0xB0)
def get_response(card: Card, instruction: Instruction) -> Answer:
    """What the last command left to be fetched; 6Cxx where Le asks for more than there is."""
    pending = card.session.pending
    if not pending:
        raise Refusal(0x6985)
    wanted = instruction.wanted or 256
    if wanted > len(pending) and instruction.wanted not in (0, 256, 65536):
        raise Refusal(0x6C00 | len(pending) & 0xFF)
    piece, rest = pending[:wanted], pending[wanted:]
    card = with_session(card, replace(card.session, pending=rest))
    return card, piece + (bytes((0x61, min(len(rest), 256) & 0xFF)) if rest else DONE)
