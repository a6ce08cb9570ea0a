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
from cardstack.errors import Malformed, problem
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
    """How one field lies on the card: its tag, its coding, its name for people, where that is written."""

    tag: int
    codec: Codec
    name: Text
    spec: str
    personal: bool = False

    @property
    def size(self) -> int:
        """Bytes of the whole record, tag and length included."""
        return 2 + self.codec.size


class Form(StrEnum):
    """How the bytes of a file are organised (ISO/IEC 7816-4 §7.4)."""

    TAGGED = "variable records, each tag, length and value"
    FIXED = "records of one size"
    CYCLIC = "records of one size, the newest first, without tags"
    TRANSPARENT = "bytes at offsets"
    INTERNAL = "known to the card's system alone"


@dataclass(frozen=True, slots=True)
class File:
    """One elementary file: identifier, form, content and who may do what with it."""

    fid: int
    name: Text
    body: type
    spec: str
    form: Form = Form.TAGGED
    read: Access = FREE
    update: Access = FREE
    records: int = 1
    """How many records a cyclic file holds at least."""

    @property
    def sfi(self) -> int:
        """The short identifier: the last five bits of the file identifier (V2.0 §5.2)."""
        return self.fid & 0x1F


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
        raise Malformed(f"{body.__name__}.{field}: {error}", LAYOUT, file=body.__name__, field=field) from error


def encode(value: object) -> tuple[bytes, ...]:
    """The records of a file: tag, length, value each."""
    return tuple(_record(type(value), field, item, getattr(value, field)) for field, item in items(type(value)).items())


def _record(body: type, field: str, item: Item, value: Any) -> bytes:
    with naming(body, field):
        raw = item.codec.encode(value)
        if len(raw) != item.codec.size:
            raise ValueError(f"coded as {len(raw)} bytes, the field has {item.codec.size}")
    return bytes((item.tag, len(raw))) + raw


def decode(body: type[Record], records: Sequence[bytes]) -> Record:
    """The declared value of a file's records, or `Malformed` with the field's name."""
    declared = items(body)
    if len(records) != len(declared):
        raise Malformed(f"{body.__name__} has {len(declared)} records, got {len(records)}", LAYOUT, file=body.__name__)
    values = {}
    for (field, item), record in zip(declared.items(), records, strict=True):
        with naming(body, field):
            if record[:2] != bytes((item.tag, item.codec.size)) or len(record) != item.size:
                raise ValueError(f"expected tag {item.tag:02X} with {item.codec.size} bytes, not {record[:2].hex().upper()}")
            values[field] = item.codec.decode(record[2:])
    return body(**values)
