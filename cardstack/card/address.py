"""Data items by the addresses of the vendor interfaces: `SSSEEF05|07|$DF01EF15|2A|40:01|$DF02EF07:01$`.

`$` ends a file, `|` an item in it; a number after a colon is a record of a cyclic file, or the occurrence of a tag.
`MF` and `SSSE` both stand for the social security application. Answers use the same separators, with commas inside
a nested data object and inside a cyclic record (LD/T 33-2015 family; SiCard.h of Jiangsu).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.layout import File, Form, Item, items, pack, unpack
from cardstack.card.plain import from_text, parts_of, to_text
from cardstack.card.profile import NOT_DECLARED, Application, Profile
from cardstack.card.reading import CHUNK, open_application
from cardstack.errors import Malformed, Refused, problem, told
from cardstack.text import Text

ADDRESS = problem(
    "CS-1240",
    Text("The file address is not of the form DF01EF15|2A|40:01|$", "文件地址格式不正确，应如 DF01EF15|2A|40:01|$"),
    Text("Correct the part named here.", "请按提示更正。"),
)
ITEMS_MAX = 512
"""Items one request may ask for."""

_FILE = re.compile(r"(MF|SSSE|DF[0-9A-F]{2})EF([0-9A-F]{2})(?::([0-9A-F]{2}))?", re.ASCII)
_ITEM = re.compile(r"([0-9A-F]{2})(?::([0-9]{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """One thing that can be read or written by itself: an item, a cyclic record, or a whole transparent file."""

    application: str
    file: File
    item: Item | None
    number: int
    """The record's number in the file, from 1; the newest of a cyclic file is 1."""

    @property
    def size(self) -> int:
        """Bytes of the whole record, or of the transparent file."""
        return self.file.size if self.item is None else self.item.size


def parse(profile: Profile, text: str) -> tuple[tuple[Address, ...], ...]:
    """The addresses of a request, file by file; `Malformed` or `Refused` names the part that is wrong."""
    files = [one for one in text.strip().upper().split("$") if one]
    found = tuple(tuple(_file(profile, one)) for one in files)
    if not found or sum(map(len, found)) > ITEMS_MAX:
        raise Malformed(Text(f"between 1 and {ITEMS_MAX} items", f"数据元应为 1 至 {ITEMS_MAX} 个"), ADDRESS)
    return found


def _file(profile: Profile, text: str) -> Iterator[Address]:
    head, *rest = text.split("|")
    matched = _FILE.fullmatch(head)
    if matched is None:
        raise Malformed(Text(f"{head[:16]!r} names no file", f"{head[:16]!r} 未指明文件"), ADDRESS)
    name = "SSSE" if matched[1] == "MF" else matched[1]
    file = profile.file(name, 0xEF00 | int(matched[2], 16))
    asked = [one for one in rest if one]
    if file.form is Form.CYCLIC:
        yield Address(name, file, None, int(matched[3] or "01"))
    elif file.form in (Form.TRANSPARENT, Form.INTERNAL):
        yield Address(name, file, None, 1)
    elif asked:
        for one in asked:
            yield _item(profile, name, file, one)
    else:
        yield from _all(name, file)


def _item(profile: Profile, name: str, file: File, text: str) -> Address:
    matched = _ITEM.fullmatch(text)
    if matched is None:
        raise Malformed(Text(f"{text[:8]!r} is no tag", f"{text[:8]!r} 不是标签"), ADDRESS)
    tag, occurrence = int(matched[1], 16), int(matched[2] or "1")
    same = [one for one in _all(name, file) if one.item is not None and one.item.tag == tag]
    if not 1 <= occurrence <= len(same):
        raise Refused(problem=NOT_DECLARED, profile=profile.name, what=f"{name} {file.fid:04X} {text}")
    return same[occurrence - 1]


def _all(name: str, file: File) -> Iterator[Address]:
    repeated = chain.from_iterable([item] * item.times for item in items(file.body).values())
    return (Address(name, file, item, number) for number, item in enumerate(repeated, start=1))


Unlock = Callable[[Application], Script[None]]
"""What opens an application once it is selected: a PIN, or keys."""


def read(profile: Profile, addresses: str, unlock: Unlock | None = None) -> Script[str]:
    """What is asked for, in the interface's own separators."""
    answer, current = "", ""
    for file in parse(profile, addresses):
        if file[0].application != current:
            current = file[0].application
            yield from open_application(profile, current)
            if unlock is not None:
                yield from unlock(profile.application(current))
        for one in file:
            answer += (yield from _read(one)) + "|"
        answer += "$"
    return answer


def _read(address: Address) -> Script[str]:
    file, item = address.file, address.item
    if item is not None:
        record = (yield from ask(commands.read_record(file.sfi, address.number, item.size))).require()
        return to_text(item.codec, _content(address, record))
    if file.form is Form.CYCLIC:
        record = (yield from ask(commands.read_record(file.sfi, address.number, file.size))).require()
        return ",".join(parts_of(unpack(file.body, record)))
    (yield from ask(commands.select_file(file.fid))).require()
    content = b""
    for offset in range(0, file.size, CHUNK):
        content += (yield from ask(commands.read_binary(offset, min(CHUNK, file.size - offset)))).require()
    return content.hex().upper()


def _content(address: Address, record: bytes) -> object:
    """The value in a record, its tag and length checked by the declaration."""
    item = address.item
    assert item is not None
    assert item.tag is not None
    if len(record) != item.size or record[:2] != bytes((item.tag, item.codec.size)):
        place, number, tag = f"{address.application} {address.file.fid:04X}", address.number, f"{item.tag:02X}"
        raise Malformed(
            Text(f"{place}: record {number} is not item {tag}", f"{place}：第 {number} 条记录不是数据元 {tag}"), ADDRESS
        )
    try:
        return item.codec.decode(record[2:])
    except ValueError as error:
        place = f"{address.application} {address.file.fid:04X}"
        raise Malformed(told(error, Text(f"{place} item {item.tag:02X}", f"{place} 数据元 {item.tag:02X}")), ADDRESS) from error


def updates(profile: Profile, addresses: str, data: str) -> list[tuple[str, Command]]:
    """The commands that write data to addresses, each with its application; nothing is sent.

    The data has the form of an answer to `read`. A record is written whole, tag and length included; a cyclic file
    is appended to; a transparent file is written in blocks of 128 bytes.
    """
    files = parse(profile, addresses)
    given = [one.removesuffix("|").split("|") for _, one in zip(files, data.split("$"), strict=False)]
    if [len(file) for file in files] != [len(one) for one in given]:
        raise Malformed(Text("data and addresses do not have the same number of items", "数据与地址的项数不一致"), ADDRESS)
    pairs = [(address, text) for file, texts in zip(files, given, strict=True) for address, text in zip(file, texts, strict=True)]
    return [(address.application, command) for address, text in pairs for command in _update(address, text)]


BLOCK = 0x80


def _update(address: Address, text: str) -> Iterator[Command]:
    file, item = address.file, address.item
    place = f"{address.application} {file.fid:04X}"
    try:
        if item is not None:
            raw = item.codec.encode(from_text(item.codec, text))
            head = bytes((item.tag, len(raw))) if item.tag is not None else b""
            yield Command(0x00, 0xDC, address.number, file.sfi << 3 | 0x04, head + raw)
        elif file.form is Form.CYCLIC:
            names = items(file.body)
            parts = zip(names.items(), text.split(","), strict=True)
            record = pack(file.body(**{name: from_text(one.codec, part) for (name, one), part in parts}))
            yield Command(0x00, 0xE2, 0x00, file.sfi << 3, record)
        else:
            content = bytes.fromhex(text).ljust(file.size, b"\0")
            yield commands.select_file(file.fid)
            for offset in range(0, len(content), BLOCK):
                yield Command(0x00, 0xD6, offset >> 8, offset & 0xFF, content[offset : offset + BLOCK])
    except ValueError as error:
        raise Malformed(told(error, place), ADDRESS) from error
