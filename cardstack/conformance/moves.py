"""What a differential run may say to a card: moves drawn from a profile's declaration and from the command table.

A move is a short conversation in the application that is open. It demands nothing: two cards have it, and what they
answered is compared (`differential`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, items
from cardstack.card.paying import LocalSam, transit_purchase
from cardstack.card.profile import Application, Diversified, Profile
from cardstack.card.profiles.command_set import COMMANDS
from cardstack.card.profiles.transit import Public
from cardstack.card.proving import SOURCE_DATA, external_authenticate, get_challenge, internal_authenticate, source_blocks
from cardstack.card.reading import open_application
from cardstack.conformance.case import Need, Risk, Subject, Talk, insist, needs_of, provable, prove
from cardstack.conformance.cases.keys import source
from cardstack.conformance.cases.pins import right_pin, wrong_pin
from cardstack.conformance.cases.purses import MOMENT, MOMENT_BYTES, TERMINAL, own_key
from cardstack.conformance.cases.safety import peek, write
from cardstack.text import Text
from cardstack.values import Fen

KEYS, PIN = frozenset({Need.KEYS}), frozenset({Need.PIN})
NONCE = bytes(range(16))
HARMLESS = frozenset({0xA4, 0xB0, 0xB2, 0x84, 0xC0, 0xCA, 0x5C, 0xA8})
"""Instructions that only read."""
PARAMETERS = ((0x00, 0x00), (0x01, 0x00), (0x00, 0x7D), (0x55, 0x00), (0xFF, 0xFF))
BODIES: tuple[tuple[bytes, int | None], ...] = ((b"", 8), (b"", None), (bytes(3), None), (bytes(16), 8))
RECORDS_MAX = 24
"""How many records of one file are asked for; a longer log answers no differently."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to say. `place` is the application in which it is said; empty: anywhere."""

    name: str
    talk: Talk
    risk: Risk = Risk.SAFE
    needs: frozenset[Need] = frozenset()
    place: str = ""


def moves(profile: Profile) -> tuple[Move, ...]:
    """Every move of a profile."""
    found = [*_table(), Move("anywhere GET CHALLENGE 8", _said(commands.get_challenge(8)))]
    for application in profile.applications:
        found += _application(application)
    return tuple(found)


def opening(application: Application) -> Move:
    """The application selected, what it lies in first."""

    def talk(subject: Subject) -> Script[None]:
        yield from open_application(subject.profile, application.name)

    return Move(f"{application.name} open", talk, place=application.name)


def say_once(command: Command) -> Move:
    """Any command as a move."""
    return Move(f"anywhere {bytes(command).hex().upper()}", _said(command), Risk.DESTROY)


def _said(command: Command) -> Talk:
    """One command as it stands, following nothing."""

    def talk(subject: Subject) -> Script[None]:
        del subject
        yield command

    return talk


def _asked(command: Command) -> Talk:
    """One command over 61xx and 6Cxx."""

    def talk(subject: Subject) -> Script[None]:
        del subject
        yield from ask(command)

    return talk


def _table() -> Iterator[Move]:
    """Each command of the table with careless parameters and bodies, and two that no table has."""
    headers = sorted({(entry.cla, entry.ins) for entry in COMMANDS if entry.on == "card"})
    for cla, ins in (*headers, (0x00, 0x02), (0xF0, 0xB2)):
        risk = Risk.SAFE if ins in (*HARMLESS, 0x02) else Risk.DESTROY
        for p1, p2 in PARAMETERS:
            for data, ne in BODIES:
                command = Command(cla, ins, p1, p2, data, ne)
                yield Move(f"anywhere {bytes(command).hex().upper()}", _said(command), risk)
    for aid in (b"\xf0NO-SUCH", b"\xa0"):
        yield Move(f"anywhere SELECT {aid.hex().upper()}", _said(commands.select_aid(aid)))
    for fid in (0xEFFE, 0x3F00):
        yield Move(f"anywhere SELECT {fid:04X}", _said(commands.select_file(fid)))


def _application(application: Application) -> Iterator[Move]:
    place = application.name
    yield opening(application)
    for file in application.files:
        if file.form is not Form.INTERNAL:
            yield from _reads(place, file)
            yield from _writes(place, file)
    ways = {way for file in application.files for access in (file.read, file.update) for way in access.ways}
    for way in sorted((one for one in ways if one and provable(application, one)), key=sorted):
        yield Move(f"{place} prove {'+'.join(sorted(way))}", _proof(application, way), Risk.TEST, needs_of(way), place)
    if application.pin is not None:
        yield Move(f"{place} PIN", _pin(wrong=False), Risk.TEST, PIN, place)
        yield Move(f"{place} wrong PIN", _pin(wrong=True), Risk.DESTROY, PIN, place)
    if application.diversified is Diversified.BY_CARD:
        for key in application.keys:
            yield from _keys(place, key)
    if application.purses:
        yield from _purse(application)
    if application.medical:
        amounts = bytes(4) + (1).to_bytes(4) + bytes(4)
        init = Command(0xB0, 0x28, 0x01, 0x01, b"\x01" + amounts + TERMINAL, 22)
        yield Move(f"{place} INIT medical", _asked(init), Risk.TEST, place=place)
        debit = Command(0xB0, 0x2C, 0x01, 0x00, bytes(3) + b"\x01" + MOMENT_BYTES + bytes(4), 8)
        yield Move(f"{place} DEBIT medical forged", _asked(debit), Risk.DESTROY, place=place)


def _reads(place: str, file: File) -> Iterator[Move]:
    name = f"{place} EF{file.fid & 0xFF:02X}"
    if file.form is Form.TRANSPARENT:
        for offset, size in ((0, 256), (0, 1), (max(file.size - 1, 0), 1), (file.size, 1)):
            yield Move(f"{name} bytes {offset}+{size}", _bytes(file, offset, size), place=place)
        return
    declared = items(file.body)
    count = file.records if file.form is Form.CYCLIC else sum(item.times for item in declared.values())
    for number in (*range(1, min(count, RECORDS_MAX) + 1), count + 1):
        if number < 255:
            yield Move(f"{name} record {number}", _asked(commands.read_record(file.sfi, number)), place=place)
    yield Move(f"{name} record 1, one byte", _said(commands.read_record(file.sfi, 1, 1)), place=place)
    if file.form is Form.TAGGED:
        for item in declared.values():
            if item.tag is not None:
                yield Move(f"{name} tag {item.tag:02X}", _asked(commands.read_tag(file.sfi, item.tag)), place=place)


def _bytes(file: File, offset: int, size: int) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        del subject
        yield from ask(commands.select_file(file.fid))
        yield from ask(commands.read_binary(offset, size))

    return talk


def _writes(place: str, file: File) -> Iterator[Move]:
    """What was read is written back, so that a card which should refuse and does not is as it was; or a blank record."""
    name = f"{place} EF{file.fid & 0xFF:02X}"
    refused = frozenset() not in file.update.ways and file.form is not Form.CYCLIC
    yield Move(f"{name} write back", _written(file, back=True), Risk.SAFE if refused else Risk.TEST, place=place)
    yield Move(f"{name} write blank", _written(file, back=False), Risk.DESTROY, place=place)


def _written(file: File, *, back: bool) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        del subject
        held = yield from peek(file)
        if back and held.sw != 0x9000:
            return
        blank = bytes(file.size) if file.form in (Form.CYCLIC, Form.TRANSPARENT) else file.blank_records[0]
        yield from ask(write(file, held.data if back else blank))

    return talk


def _proof(application: Application, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from prove(subject, application, way)

    return talk


def _pin(*, wrong: bool) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ask(commands.verify(wrong_pin(subject) if wrong else right_pin(subject)))

    return talk


def _keys(place: str, key: Key) -> Iterator[Move]:
    if key.usage is Usage.INTERNAL:
        yield Move(f"{place} {key.name} internal", _internal(key), Risk.TEST, KEYS, place)
    elif key.usage is Usage.EXTERNAL and key.psam is not None:
        yield Move(f"{place} {key.name} external", _external(key, times=1, flip=0), Risk.TEST, KEYS, place)
        yield Move(f"{place} {key.name} external twice", _external(key, times=2, flip=0), Risk.DESTROY, KEYS, place)
        yield Move(f"{place} {key.name} wrong", _external(key, times=1, flip=1), Risk.DESTROY, KEYS, place)
        unasked = commands.external_authenticate(key.kid, bytes(8) + SOURCE_DATA)
        yield Move(f"{place} {key.name} unasked", _asked(unasked), Risk.DESTROY, place=place)


def _internal(key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from internal_authenticate(key, subject.factors, source(subject), NONCE)

    return talk


def _external(key: Key, *, times: int, flip: int) -> Talk:
    """A proof of a fresh challenge, said so many times over, with a bit of it turned."""

    def talk(subject: Subject) -> Script[None]:
        if times == 1 and not flip:
            yield from external_authenticate(key, subject.factors, source(subject))
            return
        challenge = yield from get_challenge()
        blocks = source_blocks(SOURCE_DATA, key.algorithm)
        cipher = yield from source(subject).cipher(key, subject.factors, challenge, blocks)
        proof = bytes((cipher[0] ^ flip,)) + cipher[1:8] + SOURCE_DATA
        for _ in range(times):
            yield from ask(commands.external_authenticate(key.kid, proof))

    return talk


def _purse(application: Application) -> Iterator[Move]:
    place = application.name
    debit = Command(0x80, 0x54, 0x01, 0x00, bytes(3) + b"\x01" + MOMENT_BYTES + bytes(4), 8)
    yield Move(f"{place} balance", _asked(Command(0x80, 0x5C, 0x00, 0x02, ne=4)), place=place)
    for amount in (1, 0xFFFFFF):
        init = Command(0x80, 0x50, 0x01, 0x02, b"\x01" + amount.to_bytes(4) + TERMINAL, 15)
        yield Move(f"{place} INIT {amount}", _asked(init), Risk.TEST, place=place)
    yield Move(f"{place} DEBIT forged", _asked(debit), Risk.DESTROY, place=place)
    load = Command(0x80, 0x50, 0x00, 0x02, b"\x01" + bytes(3) + b"\x01" + TERMINAL, 16)
    yield Move(f"{place} INIT load", _asked(load), Risk.TEST, place=place)
    credit = Command(0x80, 0x52, 0x00, 0x00, MOMENT_BYTES + bytes(4), 4)
    yield Move(f"{place} CREDIT forged", _asked(credit), Risk.DESTROY, place=place)
    key, public = application.key(1, Usage.PURCHASE), application.file(0x0015)
    if key is not None and public is not None and issubclass(public.body, Public):
        yield Move(f"{place} purchase", _purchase(application, key), Risk.DESTROY, KEYS, place)


def _purchase(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[Any]:
        sam = LocalSam((yield from own_key(subject, application, key)), TERMINAL, 1)
        receipt = yield from transit_purchase(subject.profile, sam, Fen(1), MOMENT, application=application.name)
        tac = application.key(0, Usage.TAC)
        if tac is not None and tac.algorithm is receipt.opening.block:
            own = yield from own_key(subject, application, tac)
            insist(receipt.debit.tac(own, tac.algorithm) == receipt.tac, Text("the TAC of the purchase", "消费交易认证码"))

    return talk
