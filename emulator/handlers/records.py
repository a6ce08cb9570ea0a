"""READ, UPDATE and APPEND RECORD (ISO/IEC 7816-4 §11.4).

A tagged file is read by number and by its tags; a cyclic one by number, the newest first, without any header. It grows
in the two ways terminals use: APPEND RECORD, and UPDATE RECORD of number 1 or of the "previous" record.
"""

from dataclasses import replace

from cardstack.card.layout import Form
from emulator.blueprint import Elementary
from emulator.card import DONE, channel, give
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import allow
from emulator.state import Card, Payment, Value, commit, with_channel, with_session


def _file(card: Card, instruction: Instruction) -> tuple[Card, Elementary]:
    """The file that P2 names, made current, or the current one."""
    state = channel(card, instruction)
    sfi = instruction.p2 >> 3
    if not sfi:
        if state.file is None:
            raise Refusal(0x6986)
        return card, state.file
    file = state.directory.short.get(sfi)
    if file is None:
        raise Refusal(0x6A82)
    if file is not state.file:
        card = with_channel(card, instruction.channel, replace(state, file=file))
    return card, file


def records_of(card: Card, file: Elementary) -> tuple[bytes, ...]:
    """The records of a file; 6981 where it has none to speak of."""
    held = card.memory[file.cell]
    if type(held) is not tuple:
        raise Refusal(0x6981)
    return held


def _numbered(records: tuple[bytes, ...], number: int) -> int:
    """The place of a record number; 6A83 for 0 and what is not there."""
    if not 1 <= number <= len(records):
        raise Refusal(0x6A83)
    return number - 1


def _identified(file: Elementary, records: tuple[bytes, ...], identifier: int) -> int:
    """The place of the first record with an identifier."""
    at = file.identified_at
    for place, record in enumerate(records):
        if len(record) > at and record[at] == identifier:
            return place
    raise Refusal(0x6A83)


@handles(0xB2, 0x00)
def read_record(card: Card, instruction: Instruction) -> Answer:
    """One record by number or by identifier, or all from a number on where the card's kind can."""
    card, file = _file(card, instruction)
    records = records_of(card, file)
    allow(channel(card, instruction), file.read)
    kind = instruction.p2 & 0x07
    if kind == 4:
        return give(card, instruction, records[_numbered(records, instruction.p1)])
    if kind == 0 and card.blueprint.style.record_identifiers and file.form is not Form.CYCLIC:
        return give(card, instruction, records[_identified(file, records, instruction.p1)])
    if kind == 5 and card.blueprint.style.all_records:
        return _read_all(card, instruction, records)
    raise Refusal(0x6A81 if kind in (0, 1, 2, 3, 5) else 0x6A86)


def _read_all(card: Card, instruction: Instruction, records: tuple[bytes, ...]) -> Answer:
    """All records from P1 to the last; what is over 256 bytes with a short Le is fetched."""
    whole = b"".join(records[_numbered(records, instruction.p1) :])
    if len(whole) <= 256 or instruction.wanted > 256:
        return card, whole + DONE
    rest = whole[256:]
    return with_session(card, replace(card.session, pending=rest)), whole[:256] + bytes((0x61, min(len(rest), 256) & 0xFF))


@handles(0xDC, 0x00, 0x80)
def update_record(card: Card, instruction: Instruction) -> Answer:
    """A record written whole, its header included; in the middle of a payment it waits for the payment's commit."""
    card, file = _file(card, instruction)
    records = records_of(card, file)
    if file.journal and card.session.payment is not None:
        return _with_the_payment(card, instruction, file, card.session.payment)
    allow(channel(card, instruction), file.update)
    if not instruction.data:
        raise Refusal(0x6700)
    return commit(card, {file.cell: updated(file, records, instruction)}), DONE


def _with_the_payment(card: Card, instruction: Instruction, file: Elementary, payment: Payment) -> Answer:
    """UPDATE CAPP DATA CACHE: what a purchase writes into trip files is kept back until its DEBIT."""
    held = dict(payment.writes).get(file.cell, card.memory[file.cell])
    assert isinstance(held, tuple)
    write: tuple[str, Value] = (file.cell, updated(file, held, instruction))
    return with_session(card, replace(card.session, payment=replace(payment, writes=(*payment.writes, write)))), DONE


def updated(file: Elementary, records: tuple[bytes, ...], instruction: Instruction) -> tuple[bytes, ...]:
    """The records after an update, or the status word that refuses it."""
    kind, number, data = instruction.p2 & 0x07, instruction.p1, instruction.data
    if file.form is Form.CYCLIC:
        if kind not in (0, 3, 4) or number > 1:
            raise Refusal(0x6A86)
        return appended(file, records, data)
    if kind == 4:
        place = _numbered(records, number)
    elif kind == 0:
        place = _identified(file, records, number)
    elif kind == 3 and number:
        place = _numbered(records, number)
    else:
        raise Refusal(0x6A86)
    _fits(file, records[place], place, data)
    return (*records[:place], data, *records[place + 1 :])


def _fits(file: Elementary, record: bytes, place: int, data: bytes) -> None:
    """Tag and length of a tagged record must agree with its data; no record outgrows the room it was given."""
    room = file.rooms[place] if place < len(file.rooms) else file.size or len(record)
    if len(data) > room:
        raise Refusal(0x6A84)
    if file.form is Form.TAGGED or file.form is Form.FIXED:
        if len(data) < 2 or data[1] != len(data) - 2 or (record and data[0] != record[0]):
            raise Refusal(0x6A80)
    elif len(data) != room:
        raise Refusal(0x6700)


def appended(file: Elementary, records: tuple[bytes, ...], data: bytes) -> tuple[bytes, ...]:
    """A cyclic file with a newest record; the oldest goes when all places are taken."""
    if len(data) != file.size:
        raise Refusal(0x6700)
    return (data, *records[: file.limit - 1])


@handles(0xE2, 0x00)
def append_record(card: Card, instruction: Instruction) -> Answer:
    """A new record: the newest of a cyclic file, the last of another while it has room."""
    if instruction.p1 or instruction.p2 & 0x07:
        raise Refusal(0x6A86)
    card, file = _file(card, instruction)
    records = records_of(card, file)
    allow(channel(card, instruction), file.update)
    if not instruction.data:
        raise Refusal(0x6700)
    if file.form is Form.CYCLIC:
        return commit(card, {file.cell: appended(file, records, instruction.data)}), DONE
    # A tagged file holds the declared items and no more: "tags in SSSE EFs must not be extended" (V2.0 §6).
    raise Refusal(0x6A84)
