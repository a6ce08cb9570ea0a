"""Records and contents: every declared file is there, with its items in order, of their length, readable as declared."""

from collections.abc import Iterator
from dataclasses import replace

from cardstack.apdu import commands
from cardstack.apdu.script import Script
from cardstack.card.layout import File, Form, items
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application
from cardstack.conformance.capabilities import file_name
from cardstack.conformance.case import (
    Case,
    Need,
    Subject,
    Talk,
    demand,
    insist,
    needs_of,
    provable,
    prove,
    ready,
)
from cardstack.errors import Malformed
from cardstack.text import Text

NOT_THERE = ("6A82", "6A83", "6A88", "6986")
PART = 0xF0


def derive(profile: Profile) -> Iterator[Case]:
    """One case a file for its content, and one for what lies beyond it."""
    for application in profile.applications:
        for file in application.files:
            way = cheapest(application, file)
            if way is None or file.form is Form.INTERNAL:
                continue
            for case in _of_file(application, file, way):
                yield replace(case, feature=application.name, uses=case.uses | {file_name(application.name, file.fid)})


def _of_file(application: Application, file: File, way: frozenset[str]) -> Iterator[Case]:
    name, needs = f"{application.name}_RECORD/{_ef(file)}", needs_of(way)
    title = Text(f"{file.name.en}: every item as declared", f"{file.name.zh}：各数据项符合声明")
    yield Case(name, title, file.spec, _content(application, file, way), needs=needs)
    beyond = Text(f"{file.name.en}: nothing beyond its end", f"{file.name.zh}：越界读取被拒绝")
    yield Case(f"{name}/beyond", beyond, file.spec, _beyond(application, file, way), needs=needs)
    if file.form is Form.TAGGED:
        by_tag = Text(f"{file.name.en}: read by identifier", f"{file.name.zh}：按标识读记录")
        talk = _by_identifier(application, file, way)
        yield Case(f"{name}/identifier", by_tag, file.spec, talk, needs=needs, uses=frozenset({"record identifiers"}))


def cheapest(application: Application, file: File) -> frozenset[str] | None:
    """The way into a file with the fewest proofs that can be given at all."""
    ways = [way for way in file.read.ways if provable(application, way)]
    return min(ways, key=lambda way: (len(way), Need.KEYS in needs_of(way), sorted(way)), default=None)


def opened(subject: Subject, application: Application, way: frozenset[str]) -> Script[None]:
    """The application selected and the way into the file gone."""
    yield from ready(open_application(subject.profile, application.name))
    yield from ready(prove(subject, application, way))


def _ef(file: File) -> str:
    return f"EF{file.fid & 0xFF:02X}" if file.fid >> 8 == 0xEF else f"{file.fid:04X}"


def _content(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from opened(subject, application, way)
        if file.form is Form.TRANSPARENT:
            yield from _bytes(file)
        elif file.form is Form.CYCLIC:
            yield from _log(file)
        else:
            yield from _records(file)

    return talk


def _records(file: File) -> Script[None]:
    records: list[bytes] = []
    for item in items(file.body).values():
        for _ in range(item.times):
            number = len(records) + 1
            data = (yield from demand(commands.read_record(file.sfi, number, 256), "9000")).data
            _sized(number, len(data), item.size)
            records.append(data)
    _decodes(file, records)


def _sized(number: int, got: int, declared: int) -> None:
    what = Text(f"record {number} has {declared} bytes", f"第 {number} 条记录为 {declared} 字节")
    insist(got == declared, what, f"{got} bytes", f"{declared} bytes")


def _log(file: File) -> Script[None]:
    records: list[bytes] = []
    for number in range(1, file.records + 1):
        answer = yield from demand(commands.read_record(file.sfi, number, 256), "9000", "6A83")
        if answer.sw != 0x9000:
            break
        _sized(number, len(answer.data), file.size)
        records.append(answer.data)


def _bytes(file: File) -> Script[None]:
    yield from demand(commands.select_file(file.fid), "9000", "61XX")
    content = b""
    for offset in range(0, file.size, PART):
        size = min(PART, file.size - offset)
        part = (yield from demand(commands.read_binary(offset, size), "9000")).data
        there = Text(f"{size} bytes at offset {offset}", f"偏移 {offset} 处 {size} 字节")
        insist(len(part) == size, there, f"{len(part)} bytes", f"{size} bytes")
        content += part
    _decodes(file, [content])


def _decodes(file: File, records: list[bytes]) -> None:
    try:
        file.decode(records)
    except Malformed as error:
        insist(condition=False, what=error.told, got="content", allowed="content as declared")


def _beyond(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from opened(subject, application, way)
        if file.form is Form.TRANSPARENT:
            yield from demand(commands.select_file(file.fid), "9000", "61XX")
            yield from demand(commands.read_binary(file.size, 1), "6B00", "6282", "6A86")
            return
        number = file.records if file.form is Form.CYCLIC else sum(item.times for item in items(file.body).values())
        # A log may hold more records than it must; the last number of all is beyond any.
        yield from demand(commands.read_record(file.sfi, 0xFE if file.form is Form.CYCLIC else number + 1, 256), *NOT_THERE)

    return talk


def _by_identifier(application: Application, file: File, way: frozenset[str]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from opened(subject, application, way)
        for item in items(file.body).values():
            if item.tag is None:
                continue
            data = (yield from demand(commands.read_tag(file.sfi, item.tag, 256), "9000")).data
            tagged = Text(f"a record with tag {item.tag:02X}", f"标识为 {item.tag:02X} 的记录")
            insist(data[:1] == bytes((item.tag,)), tagged, data[:1].hex(), f"{item.tag:02X}")

    return talk
