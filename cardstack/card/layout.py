"""The layout engine: a file of the card is a dataclass whose fields say how they lie on it.

Reader, personaliser, emulator, conformance kit, tests and the reference manual all read the one declaration.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

from cardstack.card.access import FREE, Access
from cardstack.codec import Codec
from cardstack.errors import Malformed, problem, told
from cardstack.text import Text

LAYOUT = problem(
    "CS-1201",
    Text("The content of the card does not fit its declared layout", "卡内数据与声明的结构不符"),
    Text(
        "Check that the profile fits the card's version (record 03 of EF05).",
        "请核对所用卡片规范与卡的版本（EF05 的 03 项）是否一致。",
    ),
)


class Item(NamedTuple):
    """How one field lies on the card: its tag, its coding, its name for people, where that is written.

    A field without a tag is a part of an untagged record or of a transparent file. One that `times` says several
    of is a tuple of as many values, each in a record of its own under the one tag.
    """

    tag: int | None
    codec: Codec
    name: Text
    spec: str
    personal: bool = False
    times: int = 1
    codes: Mapping[str, Text] | None = None
    """What its values mean, where a table says so."""

    @property
    def size(self) -> int:
        """Bytes of one whole record, tag and length included where there are any."""
        return self.codec.size + (0 if self.tag is None else 2)


def part(codec: Codec, name: Text, spec: str, *, personal: bool = False, codes: Mapping[str, Text] | None = None) -> Item:
    """A field without a tag."""
    return Item(None, codec, name, spec, personal, codes=codes)


class Form(StrEnum):
    """How the bytes of a file are organised (ISO/IEC 7816-4 §7.4)."""

    TAGGED = "variable records, each tag, length and value"
    FIXED = "records of one size, each tag, length and value"
    CYCLIC = "records of one size, the newest first, without tags"
    RECORDS = "records each of its own structure, without tags"
    TRANSPARENT = "bytes at offsets"
    INTERNAL = "known to the card's system alone"


@dataclass(frozen=True, slots=True)
class File:
    """One elementary file: identifier, form, content and who may do what with it.

    The body declares all records of a tagged file, one record of a cyclic one, all bytes of a transparent one.
    """

    fid: int
    name: Text
    body: type
    spec: str
    form: Form = Form.TAGGED
    read: Access = FREE
    update: Access = FREE
    records: int = 1
    """How many records a cyclic file holds at least."""
    identified_by: int = 0
    """Where in a record its identifier stands, which READ RECORD by identifier compares; tags stand at 0."""

    @property
    def sfi(self) -> int:
        """The short identifier: the last five bits of the file identifier (V2.0 §5.2)."""
        return self.fid & 0x1F

    @property
    def size(self) -> int:
        """Bytes of a transparent or internal file, or of one record of a cyclic file."""
        return width(self.body)

    def encode(self, content: Any) -> tuple[bytes, ...]:
        """The records that hold this content; a transparent file is one, a cyclic one is given as a sequence."""
        if self.form is Form.CYCLIC:
            if len(content) > self.records:
                en = f"{self.fid:04X} holds {self.records} records, got {len(content)}"
                raise Malformed(Text(en, f"{self.fid:04X} 至多 {self.records} 条记录，给出 {len(content)} 条"), LAYOUT)
            return tuple(pack(one) for one in content)
        return (pack(content),) if self.form in (Form.TRANSPARENT, Form.INTERNAL) else encode(content)

    def decode(self, records: Sequence[bytes]) -> Any:
        """The content that these records hold, as `encode` takes it; `Malformed` names the field."""
        if self.form is Form.CYCLIC:
            return tuple(unpack(self.body, one) for one in records)
        if self.form in (Form.TRANSPARENT, Form.INTERNAL):
            return unpack(self.body, b"".join(records))
        return decode(self.body, records)

    def blank(self) -> Any:
        """The content before anything is written."""
        return () if self.form is Form.CYCLIC else self.decode(self.encode(self.body()))

    @property
    def blank_records(self) -> tuple[bytes, ...]:
        """The records before anything is written; computed once, as every card of a batch asks for them."""
        hashable: Any = self
        return _blank_records(hashable)


@cache
def _blank_records(file: Any) -> tuple[bytes, ...]:
    records: tuple[bytes, ...] = file.encode(file.blank())
    return records


Record = TypeVar("Record")


def items(body: type) -> Mapping[str, Item]:
    """The declared fields of a file, in record order."""
    hashable: Any = body  # typeshed takes a class for unhashable
    return _items(hashable)


@cache
def _items(body: Any) -> Mapping[str, Item]:
    if not isinstance(body, type) or not is_dataclass(body):
        raise TypeError(f"{body} is no declared file")
    hints = get_type_hints(body, include_extras=True)
    return {field.name: get_args(hints[field.name])[1] for field in fields(body)}


@contextmanager
def naming(body: type, field: str) -> Iterator[None]:
    """Whatever a codec complains of, say in which field."""
    try:
        yield
    except ValueError as error:
        raise Malformed(told(error, f"{body.__name__}.{field}"), LAYOUT, file=body.__name__, field=field) from error


def encode(value: object) -> tuple[bytes, ...]:
    """The records of a file: tag, length, value each; a repeated field is filled up with blank ones."""
    return tuple(_record(type(value), field, item, one) for field, item, one in _each(value))


def pack(value: object) -> bytes:
    """The fields of an untagged record or a transparent file, one behind the other."""
    return b"".join(encode(value))


def width(body: type) -> int:
    """Bytes of all fields together."""
    return sum(item.size * item.times for item in items(body).values())


def _each(value: object) -> Iterator[tuple[str, Item, Any]]:
    """Every occurrence of every field with its value, in record order."""
    for field, item in items(type(value)).items():
        held = getattr(value, field)
        if item.times == 1:
            yield field, item, held
            continue
        with naming(type(value), field):
            if len(held) > item.times:
                said = Text(f"{len(held)} occurrences, the file has {item.times}", f"出现 {len(held)} 次，文件仅 {item.times} 处")
                raise Malformed(said, LAYOUT)
        for number in range(item.times):
            yield field, item, held[number] if number < len(held) else _blank(item)


def _blank(item: Item) -> Any:
    """What an occurrence never written holds."""
    return item.codec.body() if isinstance(item.codec, Nested) else item.codec.decode(bytes(item.codec.size))


def _record(body: type, field: str, item: Item, value: Any) -> bytes:
    with naming(body, field):
        raw = item.codec.encode(value)
        if len(raw) != item.codec.size:
            said = Text(
                f"coded as {len(raw)} bytes, the field has {item.codec.size}",
                f"编码为 {len(raw)} 字节，字段长 {item.codec.size} 字节",
            )
            raise Malformed(said, LAYOUT)
    return raw if item.tag is None else bytes((item.tag, len(raw))) + raw


def decode(body: type[Record], records: Sequence[bytes]) -> Record:
    """The declared value of a file's records, or `Malformed` with the field's name."""
    declared = items(body)
    expected = sum(item.times for item in declared.values())
    if len(records) != expected:
        raise _other_size(body, expected, len(records), Text("records", "条记录"))
    values: dict[str, Any] = {}
    following = iter(records)
    for field, item in declared.items():
        with naming(body, field):
            held = tuple(_value(item, next(following)) for _ in range(item.times))
        values[field] = held if item.times > 1 else held[0]
    return body(**values)


def _other_size(body: type, expected: int, got: int, of: Text) -> Malformed:
    """Records or bytes of a file that are not as many as declared."""
    name = body.__name__
    said = Text(f"{name} has {expected} {of.en}, got {got}", f"{name} 应有 {expected} {of.zh}，实有 {got} {of.zh}")
    return Malformed(said, LAYOUT, file=name)


def _value(item: Item, record: bytes) -> Any:
    """What one record holds, its tag and length checked."""
    if item.tag is None:
        if len(record) != item.size:
            raise Malformed(
                Text(f"expected {item.size} bytes, not {len(record)}", f"应为 {item.size} 字节，实为 {len(record)} 字节"), LAYOUT
            )
        return item.codec.decode(record)
    if record[:2] != bytes((item.tag, item.codec.size)) or len(record) != item.size:
        there = record[:2].hex().upper()
        en = f"expected tag {item.tag:02X} with {item.codec.size} bytes, not {there}"
        raise Malformed(Text(en, f"应为标签 {item.tag:02X}、{item.codec.size} 字节，实为 {there}"), LAYOUT)
    return item.codec.decode(record[2:])


def unpack(body: type[Record], raw: bytes) -> Record:
    """The declared value of fields that lie one behind the other."""
    if len(raw) != width(body):
        raise _other_size(body, width(body), len(raw), Text("bytes", "字节"))
    parts, offset = [], 0
    for item in items(body).values():
        for _ in range(item.times):
            parts.append(raw[offset : offset + item.size])
            offset += item.size
    return decode(body, parts)


@dataclass(frozen=True, slots=True)
class Nested:
    """A field that is itself a declared body: the inner data objects of a B-TLV, or the parts of a group."""

    body: Any

    @property
    def size(self) -> int:
        return width(self.body)

    def encode(self, value: Any) -> bytes:
        return pack(value)

    def decode(self, raw: bytes) -> Any:
        return unpack(self.body, raw)

    def __str__(self) -> str:
        return f"{self.body.__name__} {self.size:02X}"
