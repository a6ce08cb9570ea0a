"""DER as X.690 has it, read strictly and by offsets: certificates and CRLs are walked without copying them.

Beside `cardstack.tlv`, which reads what cards send (BER-TLV, at most 65,535 bytes), this reads what authorities
sign: lengths up to megabytes, always minimal, never indefinite. Every function raises `Malformed` and nothing else.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cardstack.errors import Malformed, faulty, oversized
from cardstack.text import Text

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
SIZE_MAX = 1 << 28


class Item(NamedTuple):
    """One element: its tag, where it begins, where its content begins and where both end."""

    tag: int
    begin: int
    start: int
    stop: int


_new = tuple.__new__


def item(raw: bytes, at: int, limit: int) -> Item:
    """The element that begins at an offset and ends no later than `limit`.

    >>> item(bytes.fromhex("0201 05"), 0, 3)
    Item(tag=2, begin=0, start=2, stop=3)
    >>> item(bytes.fromhex("02 81 01 05"), 0, 4)
    Traceback (most recent call last):
    cardstack.errors.Malformed: DER: length at offset 1 is not minimal
    """
    if at + 2 > limit:
        raise Malformed(Text(f"DER: an element at offset {at} is cut off", f"DER：偏移 {at} 处的元素不完整"), offset=at)
    tag, length = raw[at], raw[at + 1]
    start = at + 2
    if tag & 0x1F == 0x1F:
        raise Malformed(Text(f"DER: a tag of several bytes at offset {at}", f"DER：偏移 {at} 处为多字节标签"), offset=at)
    if length >= 0x80:
        width = length & 0x7F
        if not 1 <= width <= 4 or start + width > limit:
            raise Malformed(
                Text(
                    f"DER: length at offset {at + 1} is indefinite, too large or cut off",
                    f"DER：偏移 {at + 1} 处的长度为不定长、过大或不完整",
                ),
                offset=at + 1,
            )
        length = int.from_bytes(raw[start : start + width])
        if length < 0x80 or length >> (8 * width - 8) == 0:
            raise Malformed(
                Text(f"DER: length at offset {at + 1} is not minimal", f"DER：偏移 {at + 1} 处的长度不是最短编码"), offset=at + 1
            )
        start += width
    if start + length > limit:
        raise Malformed(
            Text(f"DER: the element at offset {at} promises more than there is", f"DER：偏移 {at} 处的元素长度超出数据"),
            offset=at,
        )
    return _new(Item, (tag, at, start, start + length))


def items(raw: bytes, start: int, stop: int) -> list[Item]:
    """The elements that fill a span exactly."""
    found = []
    while start < stop:
        # Nearly every element has a tag of one byte and a length of one byte; the others, and errors, take the long way.
        if start + 2 <= stop and raw[start] & 0x1F != 0x1F and raw[start + 1] < 0x80:
            body = start + 2
            end = body + raw[start + 1]
            if end <= stop:
                found.append(_new(Item, (raw[start], start, body, end)))
                start = end
                continue
        one = item(raw, start, stop)
        found.append(one)
        start = one[3]
    return found


def whole(raw: bytes, tag: int, what: str) -> Item:
    """The one element that fills `raw`."""
    one = item(raw, 0, len(raw))
    if one.tag != tag or one.stop != len(raw):
        raise faulty(what, f"one element {tag:02X} was expected", f"应为单个元素 {tag:02X}")
    return one


def fields(raw: bytes, what: str, tag: int = SEQUENCE) -> list[Item]:
    """The elements inside the one SEQUENCE that fills `raw`."""
    one = whole(raw, tag, what)
    return items(raw, one.start, one.stop)


def inside(raw: bytes, one: Item, tag: int, what: str) -> list[Item]:
    """The elements inside an element of a given tag."""
    if one[0] != tag:
        raise faulty(
            what,
            f"tag {one[0]:02X} at offset {one[1]}, expected {tag:02X}",
            f"偏移 {one[1]} 处标签为 {one[0]:02X}，应为 {tag:02X}",
            offset=one[1],
        )
    return items(raw, one[2], one[3])


class Fields:
    """Elements in their order, taken one after another; what is optional is asked for by its tag."""

    __slots__ = ("_items", "_place", "raw", "what")

    def __init__(self, raw: bytes, found: list[Item], what: str) -> None:
        self.raw, self.what, self._items, self._place = raw, what, found, 0

    def maybe(self, tag: int) -> Item | None:
        """The next element if it has this tag."""
        if self._place < len(self._items) and self._items[self._place][0] == tag:
            self._place += 1
            return self._items[self._place - 1]
        return None

    def need(self, *tags: int) -> Item:
        """The next element, which has one of these tags."""
        if self._place < len(self._items) and (not tags or self._items[self._place][0] in tags):
            self._place += 1
            return self._items[self._place - 1]
        raise faulty(
            self.what, f"field {self._place + 1} is missing or of another type", f"缺少第 {self._place + 1} 个字段或类型不符"
        )

    def end(self) -> None:
        """There is nothing more."""
        if self._place != len(self._items):
            raise faulty(
                self.what, f"{len(self._items) - self._place} fields too many", f"多出 {len(self._items) - self._place} 个字段"
            )


def value(raw: bytes, one: Item) -> bytes:
    """The content of an element."""
    return raw[one[2] : one[3]]


def encoded(raw: bytes, one: Item) -> bytes:
    """An element with its tag and length."""
    return raw[one[1] : one[3]]


def integer(raw: bytes, one: Item, what: str) -> int:
    """A whole number in as few bytes as it takes."""
    content = raw[one[2] : one[3]]
    if not content or (len(content) > 1 and content[0] in (0x00, 0xFF) and content[0] >> 7 == content[1] >> 7):
        raise faulty(what, "a number that is empty or not minimal", "整数为空或不是最短编码")
    return int.from_bytes(content, signed=True)


def small(raw: bytes, one: Item, what: str) -> int:
    """A number from 0 upwards that counts something; larger than any count is as good as the largest."""
    number = integer(raw, one, what)
    if number < 0:
        raise faulty(what, "a negative number", "负数")
    return min(number, 1 << 30)


def boolean(raw: bytes, one: Item, what: str) -> bool:
    """TRUE is FF and FALSE is 00."""
    content = raw[one[2] : one[3]]
    if content not in (b"\x00", b"\xff"):
        raise faulty(what, "a truth value that is neither 00 nor FF", "布尔值既非 00 也非 FF")
    return content == b"\xff"


def bit_string(raw: bytes, one: Item, what: str) -> bytes:
    """The bytes of a BIT STRING of whole bytes."""
    if one[3] - one[2] < 1 or raw[one[2]] != 0:
        raise faulty(what, "a bit string of whole bytes was expected", "应为整字节的比特串")
    return raw[one[2] + 1 : one[3]]


def flags(raw: bytes, one: Item, what: str) -> frozenset[int]:
    """The numbers of the named bits that are set (X.690 §11.2.2 asks for no trailing zeros; some writers leave them)."""
    content = raw[one[2] : one[3]]
    if not content or content[0] > 7 or (len(content) == 1 and content[0]) or len(content) > 8:
        raise faulty(what, "a malformed bit string", "比特串格式不正确")
    if content[0] and content[-1] & ((1 << content[0]) - 1):
        raise faulty(what, "unused bits that are not zero", "未用位不为零")
    return frozenset(8 * place + bit for place, byte in enumerate(content[1:]) for bit in range(8) if byte & (0x80 >> bit))


def oid(raw: bytes, one: Item) -> str:
    """An object identifier in dotted form."""
    return dotted(raw[one[2] : one[3]])


@lru_cache(maxsize=4096)
def dotted(content: bytes) -> str:
    """The dotted form of an object identifier's content.

    >>> dotted(bytes.fromhex("2a864886f70d010101"))
    '1.2.840.113549.1.1.1'
    """
    if len(content) == 3 and content[0] == 0x55 and content[1] < 0x80 and content[2] < 0x80:
        # 2.5.4.x and 2.5.29.x: the attributes of names and the extensions, nearly all there is in a certificate.
        return f"2.5.{content[1]}.{content[2]}"
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise Malformed(
            Text("an object identifier that is empty, cut off or longer than 64 bytes", "对象标识符为空、不完整或超过 64 字节")
        )
    arcs, arc, fresh = [], 0, True
    for byte in content:
        if fresh and byte == 0x80:
            raise Malformed(Text("an object identifier with a padded arc", "对象标识符的弧不是最短编码"))
        arc = arc << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))


def moment(raw: bytes, one: Item, what: str) -> datetime:
    """UTCTime or GeneralizedTime in the form of RFC 5280 §4.1.2.5: with seconds, in Z, without fractions."""
    return _moment(one[0], raw[one[2] : one[3]], what)


@lru_cache(maxsize=4096)
def _moment(tag: int, content: bytes, what: str) -> datetime:
    digits = {UTC_TIME: 12, GENERALIZED_TIME: 14}.get(tag)
    if digits is None or len(content) != digits + 1 or content[-1:] != b"Z" or not content[:-1].isdigit():
        raise faulty(what, "a time that is not in the form of RFC 5280 §4.1.2.5", "时间不符合 RFC 5280 §4.1.2.5 的格式")
    text = content[:-1].decode("ascii")
    if digits == 12:
        text = ("19" if text >= "5" else "20") + text
    try:
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
        return datetime(year, month, day, int(text[8:10]), int(text[10:12]), int(text[12:]), tzinfo=UTC)
    except ValueError:
        raise faulty(what, "not a moment of the calendar", "时间不存在") from None


def optional_parts(raw: bytes, one: Item, what: str) -> Iterator[tuple[int, Item]]:
    """The context-tagged fields of a SEQUENCE with their numbers, each at most once and in rising order."""
    last = -1
    for part in inside(raw, one, SEQUENCE, what):
        number = part[0] & 0x1F
        if part[0] & 0xC0 != 0x80 or number <= last:
            raise faulty(what, f"a field out of order at offset {part[1]}", f"偏移 {part[1]} 处字段顺序不符", offset=part[1])
        last = number
        yield number, part


def wrap(tag: int, content: bytes) -> bytes:
    r"""An element around a content.

    >>> wrap(SEQUENCE, b"\x05\x00").hex()
    '30020500'
    """
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    width = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + length.to_bytes(width) + content


_ARMOUR = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)


def blocks(raw: bytes, *labels: str) -> tuple[bytes, ...]:
    """The DER values in a file: every PEM block with one of these labels, or the file itself where it is no PEM.

    >>> blocks(bytes.fromhex("3000"), "CERTIFICATE")[0].hex()
    '3000'
    """
    if len(raw) > SIZE_MAX:
        raise oversized("file", SIZE_MAX, len(raw))
    if b"-----BEGIN " not in raw:
        return (raw,)
    found = []
    for label, body in _ARMOUR.findall(raw):
        if label.decode("ascii") in labels:
            try:
                found.append(base64.b64decode(b"".join(body.split()), validate=True))
            except (binascii.Error, ValueError):
                raise Malformed(
                    Text(f"PEM block {len(found) + 1} is not base64", f"第 {len(found) + 1} 个 PEM 块不是 base64")
                ) from None
    if not found:
        raise Malformed(Text(f"no PEM block {' or '.join(labels)}", f"没有 PEM 块 {' 或 '.join(labels)}"))
    return tuple(found)
