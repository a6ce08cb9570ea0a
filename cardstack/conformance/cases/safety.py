"""Access conditions: what is closed stays closed, what a proof opens opens, and a proof lasts no longer than it should."""

from collections.abc import Iterator
from dataclasses import replace

from cardstack.apdu import commands
from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import Script, ask
from cardstack.card.access import Access
from cardstack.card.layout import File, Form
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application
from cardstack.conformance.capabilities import file_name
from cardstack.conformance.case import (
    Case,
    Risk,
    Subject,
    Talk,
    checked,
    demand,
    needs_of,
    provable,
    prove,
    ready,
)
from cardstack.conformance.cases.files import cheapest
from cardstack.text import Text

CLOSED = ("6982", "6985", "6986")
FREE_WAY: frozenset[str] = frozenset()


def derive(profile: Profile) -> Iterator[Case]:
    """For each file: closed without proofs, open by each way, closed again after a new selection."""
    for application in profile.applications:
        for file in application.files:
            if file.form is not Form.INTERNAL:
                uses = frozenset({file_name(application.name, file.fid)})
                for case in (*_reading(application, file), *_writing(application, file)):
                    yield replace(case, feature=application.name, uses=uses)


def _reading(application: Application, file: File) -> Iterator[Case]:
    name = f"{application.name}_SAFETY/EF{file.fid & 0xFF:02X}/read"
    if file.read.allows(FREE_WAY):
        return
    title = Text(f"{file.name.en}: closed without {file.read}", f"{file.name.zh}：未满足条件（{file.read}）不可读")
    yield Case(f"{name}/closed", title, file.spec, _closed(application, file))
    for way in _ways(application, file.read):
        proofs = "+".join(sorted(way))
        opens = Text(f"{file.name.en}: opened by {proofs}", f"{file.name.zh}：满足 {proofs} 后可读")
        talk = _opened(application, file, way)
        yield Case(f"{name}/{proofs}", opens, file.spec, talk, needs=needs_of(way))
        over = Text(f"{file.name.en}: {proofs} ends with the selection", f"{file.name.zh}：重新选择应用后 {proofs} 失效")
        again = _closed_again(application, file, way)
        yield Case(f"{name}/{proofs}/reselect", over, "V2.0 §7", again, needs=needs_of(way))
        for part in sorted(way) if len(way) > 1 else ():
            alone = Text(f"{file.name.en}: {part} alone does not open it", f"{file.name.zh}：仅 {part} 不可读")
            half = _half(application, file, frozenset({part}))
            needs = needs_of(frozenset({part}))
            yield Case(f"{name}/{proofs}/only-{part}", alone, file.spec, half, needs=needs)


def _writing(application: Application, file: File) -> Iterator[Case]:
    name = f"{application.name}_SAFETY/EF{file.fid & 0xFF:02X}/update"
    if not file.update.allows(FREE_WAY):
        title = Text(f"{file.name.en}: not writable without {file.update}", f"{file.name.zh}：未满足条件（{file.update}）不可写")
        talk = _not_written(application, file, FREE_WAY)
        yield Case(f"{name}/closed", title, file.spec, talk, risk=Risk.TEST)
    if not file.update.ways:
        for way in _ways(application, file.read):
            never = Text(f"{file.name.en}: never writable", f"{file.name.zh}：任何情况下不可写")
            talk, needs = _not_written(application, file, way), needs_of(way)
            proofs = "+".join(sorted(way)) or "free"
            yield Case(f"{name}/never/{proofs}", never, file.spec, talk, risk=Risk.TEST, needs=needs)
    read = cheapest(application, file)
    for way in _ways(application, file.update) if read is not None else ():
        proofs = "+".join(sorted(way)) or "free"
        writes = Text(f"{file.name.en}: written with {proofs}", f"{file.name.zh}：满足 {proofs} 后可写")
        talk = _written(application, file, read or FREE_WAY, way)
        needs = needs_of((read or FREE_WAY) | way)
        yield Case(f"{name}/{proofs}", writes, file.spec, talk, risk=Risk.TEST, needs=needs)


def _ways(application: Application, access: Access) -> list[frozenset[str]]:
    """The ways that can be gone with a PIN and declared keys, in a stable order."""
    return sorted((way for way in access.ways if provable(application, way)), key=sorted)


def peek(file: File) -> Script[Response]:
    """The first record or byte of a file."""
    if file.form is Form.TRANSPARENT:
        (yield from ask(commands.select_file(file.fid))).require()
        return (yield from ask(commands.read_binary(0, 1)))
    return (yield from ask(commands.read_record(file.sfi, 1, 256)))


def _closed(application: Application, file: File) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        checked((yield from peek(file)), *CLOSED)

    return talk


def _opened(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(prove(subject, application, way))
        # A log that holds nothing yet is open too.
        checked((yield from peek(file)), "9000", *(("6A83",) if file.form is Form.CYCLIC else ()))

    return talk


def _closed_again(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(prove(subject, application, way))
        yield from demand(Command(0x00, 0xA4, 0x00, 0x00, b"\x3f\x00"), "9000", "61XX", "6A82")
        yield from ready(open_application(subject.profile, application.name))
        checked((yield from peek(file)), *CLOSED)

    return talk


def _half(application: Application, file: File, part: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(prove(subject, application, part))
        checked((yield from peek(file)), *CLOSED)

    return talk


def write(file: File, content: bytes) -> Command:
    """The command that writes the first record, or the first bytes."""
    if file.form is Form.TRANSPARENT:
        return Command(0x00, 0xD6, 0x00, 0x00, content)
    if file.form is Form.CYCLIC:
        return Command(0x00, 0xE2, 0x00, file.sfi << 3, content)
    return Command(0x00, 0xDC, 0x01, file.sfi << 3 | 4, content)


def _not_written(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(prove(subject, application, way))
        blank = file.blank_records
        content = blank[0][:1] if file.form is Form.TRANSPARENT else bytes(file.size) if file.form is Form.CYCLIC else blank[0]
        if file.form is Form.TRANSPARENT:
            (yield from ask(commands.select_file(file.fid))).require()
        checked((yield from ask(write(file, content))), *CLOSED, "6981", "6901", "6D00")

    return talk


def _written(application: Application, file: File, read: frozenset[str], way: frozenset[str]) -> Talk:
    """What was read is written back, so that the card is as it was; of a log, its newest record."""

    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(prove(subject, application, read | way))
        held = yield from peek(file)
        content = held.require(0x6A83) or bytes(file.size if file.form is Form.CYCLIC else 1)
        checked((yield from ask(write(file, content))), "9000")
        again = (yield from peek(file)).require()
        checked(Response(b"", 0x9000 if again == content else 0x6F00), "9000")

    return talk
