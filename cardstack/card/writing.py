"""Writing a card's content over APDUs: the issuing plan of a personalisation, each file under the key its access asks for."""

from dataclasses import dataclass

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.issuing import Personalisation
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form
from cardstack.card.profile import Application
from cardstack.card.proving import KeySource, external_authenticate
from cardstack.card.reading import open_application

BLOCK = 0x80


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the plan: where it is, the key that opens it for writing, and the commands that write it."""

    application: Application
    file: File
    key: Key | None
    commands: tuple[Command, ...]


def plan(order: Personalisation) -> tuple[Part, ...]:
    """Every file that an issuer writes through its update key, in declared order; blank files are left alone."""
    parts = []
    for application in order.profile.applications:
        for file in application.files:
            records = order.records[application.name, file.fid]
            key = _key(application, file)
            writable = key is not None or file.update.allows(frozenset())
            if writable and records != file.blank_records:
                parts.append(Part(application, file, key, tuple(_commands(file, records))))
    return tuple(parts)


def _key(application: Application, file: File) -> Key | None:
    """The one key that is enough to update a file by a proof alone; others seal each command and stay the chip maker's."""
    single = sorted(next(iter(way)) for way in file.update.ways if len(way) == 1)
    return next((key for key in map(application.key_named, single) if key and key.usage is Usage.EXTERNAL), None)


def _commands(file: File, records: tuple[bytes, ...]) -> list[Command]:
    if file.form is Form.CYCLIC:
        return [Command(0x00, 0xE2, 0x00, file.sfi << 3, record) for record in reversed(records)]
    if file.form in (Form.TRANSPARENT, Form.INTERNAL):
        content = b"".join(records)
        blocks = range(0, len(content), BLOCK)
        writes = [Command(0x00, 0xD6, at >> 8, at & 0xFF, content[at : at + BLOCK]) for at in blocks]
        return [commands.select_file(file.fid), *writes]
    return [Command(0x00, 0xDC, number, file.sfi << 3 | 0x04, record) for number, record in enumerate(records, 1)]


def write(order: Personalisation, keys: KeySource) -> Script[int]:
    """Carry out the plan on a card that has its keys and is blank or half written; how many commands wrote.

    Every record is written by its number, so that a plan begun again ends in the same card.
    """
    written, current, proved = 0, "", set[str]()
    for part in plan(order):
        if part.application.name != current:
            yield from open_application(order.profile, part.application.name)
            current, proved = part.application.name, set()
        if part.key is not None and part.key.name not in proved:
            yield from external_authenticate(part.key, order.factors, keys)
            proved.add(part.key.name)
        for command in part.commands:
            (yield from ask(command)).require()
            written += 1
    return written
