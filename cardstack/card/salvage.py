"""Content of files that do not keep to their declaration: what can be read of them, and where they differ.

Cards in hand were made by many issuers over twenty years; one field of another length or a stray nibble must not cost
the whole reading. Whoever pays or proves with a card reads strictly (`layout.decode`); whoever shows or examines one
may salvage. A deviation names the field and never its content.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cardstack.card.layout import File, Form, Item, Nested, items, unpack, width
from cardstack.codec import An, Binary, Cn, Digits, Hex, Number
from cardstack.errors import Malformed
from cardstack.text import Text

ELASTIC = (An, Cn, Hex, Digits, Number, Binary)
"""Codings that mean the same at another length."""


class Deviation(NamedTuple):
    """One way in which a file differs from its declaration."""

    field: str
    what: Text


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What a file holds as far as it can be read; `deviations` is empty where it keeps to its declaration."""

    content: Any
    deviations: tuple[Deviation, ...] = ()
    records: tuple[bytes, ...] = ()
    """The bytes as they stand on the card, where it was read record by record."""


def salvage(file: File, records: Sequence[bytes]) -> Salvaged:
    """The content of a file's records, whatever they are; what cannot be read is blank and listed.

    >>> from cardstack.card.profiles.social import HOLDER
    >>> found = salvage(HOLDER, [bytes.fromhex("0A0131"), bytes.fromhex("0904d5c5c8fd")])
    >>> found.content.sex, found.content.name, len(found.deviations)
    ('1', '张三', 6)
    """
    try:
        return Salvaged(file.decode(records), records=tuple(records))
    except Malformed:
        reader = _Reader()
    if file.form is Form.CYCLIC:
        content: Any = tuple(reader.untagged(file.body, one) for one in records[: file.records])
    elif file.form in (Form.TRANSPARENT, Form.INTERNAL):
        content = reader.untagged(file.body, b"".join(records))
    elif file.form is Form.RECORDS:
        content = reader.by_place(file.body, records)
    else:
        content = reader.by_tag(file.body, records)
    return Salvaged(content, tuple(reader.found), tuple(records))


@dataclass(slots=True)
class _Reader:
    """Reads what it can and keeps a list of what was amiss."""

    found: list[Deviation] = field(default_factory=list)

    def say(self, place: str, en: str, zh: str) -> None:
        self.found.append(Deviation(place, Text(en, zh)))

    def untagged(self, body: type, raw: bytes) -> Any:
        """Fields one behind the other; what is too short is filled up with zeros."""
        size = width(body)
        if len(raw) != size:
            self.say(body.__name__, f"{len(raw)} bytes, declared are {size}", f"长度为 {len(raw)}，应为 {size}")
        padded = raw[:size].ljust(size, b"\0")
        try:
            return unpack(body, padded)
        except Malformed:
            return self.by_place(body, list(_pieces(body, padded)))

    def by_place(self, body: type, records: Sequence[bytes]) -> Any:
        """Each field from the record at its place; a repeated field from one record with all of it."""
        values = {}
        for number, (name, item) in enumerate(items(body).items()):
            raw = records[number] if number < len(records) else None
            values[name] = self.value(f"{body.__name__}.{name}", item, raw)
        for number in range(len(values), len(records)):
            self.say(body.__name__, f"record {number + 1} is not declared", f"第 {number + 1} 条记录未声明")
        return body(**{name: value for name, value in values.items() if value is not None})

    def by_tag(self, body: type, records: Sequence[bytes]) -> Any:
        """Each field from the next record with its tag, wherever that stands."""
        left = [(one[:1], one[2 : 2 + int.from_bytes(one[1:2])]) for one in records]
        for (tag, value), one in zip(left, records, strict=True):
            if len(one) > 2 + len(value):
                more, shown = len(one) - 2 - len(value), tag.hex().upper()
                self.say(body.__name__, f"{more} bytes behind the value of tag {shown}", f"标签 {shown} 的值后多出 {more} 字节")
        values = {}
        for name, item in items(body).items():
            place = f"{body.__name__}.{name}"
            held = [self.value(place, item, _taken(left, item.tag)) for _ in range(item.times)]
            known = tuple(one for one in held if one is not None)
            if known:
                values[name] = known if item.times > 1 else known[0]
        for tag, _ in left:
            shown = tag.hex().upper()
            self.say(body.__name__, f"tag {shown} is not declared", f"标签 {shown} 未声明")
        return body(**values)

    def value(self, place: str, item: Item, raw: bytes | None) -> Any:
        """What a field holds; None where it is not there or cannot be read."""
        codec = item.codec
        if raw is None:
            self.say(place, "the item is missing", "缺少该数据项")
            return None
        if isinstance(codec, Nested):
            tagged = all(one.tag is not None for one in items(codec.body).values())
            return self.by_tag(codec.body, list(_cut(raw))) if tagged else self.untagged(codec.body, raw)
        if len(raw) != codec.size:
            self.say(place, f"{len(raw)} bytes, declared are {codec.size}", f"长度为 {len(raw)}，应为 {codec.size}")
            if not isinstance(codec, ELASTIC):
                return None
            codec = replace(codec, size=len(raw))
        try:
            return codec.decode(raw)
        except ValueError:
            self.say(place, f"the content is not {item.codec}", f"内容不符合编码 {item.codec}")
            return None


def _pieces(body: type, raw: bytes) -> Iterator[bytes]:
    """The bytes of each field, repeated ones in one piece."""
    offset = 0
    for item in items(body).values():
        end = offset + item.size * item.times
        yield raw[offset:end]
        offset = end


def _taken(left: list[tuple[bytes, bytes]], tag: int | None) -> bytes | None:
    """The value of the first record with a tag, taken out of the list."""
    wanted = b"" if tag is None else bytes((tag,))
    place = next((number for number, (held, _) in enumerate(left) if held == wanted), None)
    return None if place is None else left.pop(place)[1]


def _cut(raw: bytes) -> Iterator[bytes]:
    """Tag, length and value one after another, as far as they go."""
    while len(raw) >= 2:
        size = 2 + int.from_bytes(raw[1:2])
        yield raw[:size]
        raw = raw[size:]
