"""Writing a card's content over APDUs: the issuing plan of a personalisation, each file under the key its access asks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.issuing import Personalisation
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form
from cardstack.card.maintaining import Control, ordered
from cardstack.card.profile import Application, Profile
from cardstack.card.proving import KeySource, external_authenticate
from cardstack.card.reading import open_application

BLOCK = 0x80
SELECT = 0xA4


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the plan: where it is, the key that opens it for writing, and the commands that write it."""

    application: Application
    file: File
    key: Key | None
    commands: tuple[Command, ...]

    @property
    def sealed(self) -> bool:
        """Whether each command goes under the MAC of the key instead of after its proof."""
        return self.key is not None and self.key.usage is Usage.MAINTENANCE


def plan(order: Personalisation, *, sealed: bool = False) -> tuple[Part, ...]:
    """Every file that an issuer writes through its update key, in declared order; blank files are left alone.

    With `sealed` also those under the maintenance key, which an issuer writes who has put that key on the card.
    """
    parts = []
    for application in order.profile.applications:
        for file in application.files:
            records = order.records[application.name, file.fid]
            key = _key(application, file, (Usage.EXTERNAL, Usage.MAINTENANCE) if sealed else (Usage.EXTERNAL,))
            writable = key is not None or file.update.allows(frozenset())
            if writable and records != file.blank_records:
                parts.append(Part(application, file, key, tuple(_commands(file, records))))
    return tuple(parts)


def _key(application: Application, file: File, usages: tuple[Usage, ...]) -> Key | None:
    """The one key of these usages that is enough to update a file."""
    single = sorted(next(iter(way)) for way in file.update.ways if len(way) == 1)
    return next((key for key in map(application.key_named, single) if key and key.usage in usages), None)


def _commands(file: File, records: tuple[bytes, ...]) -> list[Command]:
    if file.form is Form.CYCLIC:
        return [Command(0x00, 0xE2, 0x00, file.sfi << 3, record) for record in reversed(records)]
    if file.form in (Form.TRANSPARENT, Form.INTERNAL):
        content = b"".join(records)
        blocks = range(0, len(content), BLOCK)
        writes = [Command(0x00, 0xD6, at >> 8, at & 0xFF, content[at : at + BLOCK]) for at in blocks]
        return [commands.select_file(file.fid), *writes]
    return [Command(0x00, 0xDC, number, file.sfi << 3 | 0x04, record) for number, record in enumerate(records, 1)]


def enter(profile: Profile, name: str) -> Script[None]:
    """Select an application wherever the card is now; the root is the master file."""
    if name == profile.root:
        (yield from ask(commands.select_file(0x3F00))).require()
    yield from open_application(profile, name)


def write(
    order: Personalisation, keys: KeySource, sealing: Mapping[tuple[str, Usage, int], Control] | None = None
) -> Script[int]:
    """Carry out the plan on a card that has its keys and is blank or half written; how many commands wrote.

    Every record is written by its number, so that a plan begun again ends in the same card. `sealing` holds the
    maintenance keys by application, usage and identifier; without it the files under them are taken as delivered.
    """
    written, current, proved = 0, "", set[str]()
    for part in plan(order, sealed=sealing is not None):
        if part.application.name != current:
            yield from enter(order.profile, part.application.name)
            current, proved = part.application.name, set()
        if part.key is not None and not part.sealed and part.key.name not in proved:
            yield from external_authenticate(part.key, order.factors, keys)
            proved.add(part.key.name)
        control = (sealing or {})[part.application.name, part.key.usage, part.key.kid] if part.key and part.sealed else None
        for command in part.commands:
            if control is None or command.ins == SELECT:
                (yield from ask(command)).require()
            else:
                yield from ordered(command, control)
            written += 1
    return written
