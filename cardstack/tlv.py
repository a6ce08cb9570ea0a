"""BER-TLV as ISO/IEC 7816-4 §5.2.2 has it: tags of one to three bytes, definite lengths up to 65,535."""

from collections.abc import Iterable
from typing import NamedTuple

from cardstack.errors import Malformed
from cardstack.text import Text

DEPTH_MAX = 16


class Tlv(NamedTuple):
    """One data object.

    >>> Tlv(0x9F0C, b"ab").encode().hex()
    '9f0c026162'
    """

    tag: int
    value: bytes

    @property
    def constructed(self) -> bool:
        """Whether the value is itself a sequence of data objects (bit 6 of the first tag byte)."""
        return bool(self.tag.to_bytes(max(1, (self.tag.bit_length() + 7) // 8))[0] & 0x20)

    def encode(self) -> bytes:
        tag = self.tag.to_bytes(max(1, (self.tag.bit_length() + 7) // 8))
        return tag + _length(len(self.value)) + self.value


def encode(objects: Iterable[Tlv]) -> bytes:
    """The objects one after another."""
    return b"".join(one.encode() for one in objects)


def parse(raw: bytes) -> tuple[Tlv, ...]:
    """The data objects that fill `raw` exactly; `Malformed` names the offset where they do not.

    >>> parse(bytes.fromhex("9f0c0261625000"))
    (Tlv(tag=40716, value=b'ab'), Tlv(tag=80, value=b''))
    >>> parse(bytes.fromhex("4401"))
    Traceback (most recent call last):
    cardstack.errors.Malformed: data object 44 at offset 0 promises 1 bytes, 0 are left
    """
    objects, offset = [], 0
    while offset < len(raw):
        tag, body = _tag(raw, offset)
        length, body = _read_length(raw, body)
        if len(raw) - body < length:
            left = len(raw) - body
            raise Malformed(
                Text(
                    f"data object {tag:X} at offset {offset} promises {length} bytes, {left} are left",
                    f"偏移 {offset} 处的数据对象 {tag:X} 声明 {length} 字节，仅余 {left} 字节",
                ),
                offset=offset,
            )
        objects.append(Tlv(tag, raw[body : body + length]))
        offset = body + length
    return tuple(objects)


def find(raw: bytes, *path: int) -> bytes | None:
    """The value of the first object at a path of tags, None where there is none.

    >>> find(bytes.fromhex("6f068404a0000003"), 0x6F, 0x84).hex()
    'a0000003'
    """
    value: bytes | None = raw
    for tag in path[:DEPTH_MAX]:
        value = next((one.value for one in parse(value or b"") if one.tag == tag), None)
        if value is None:
            return None
    return value


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    if length <= 0xFFFF:
        width = 1 if length <= 0xFF else 2
        return bytes((0x80 | width,)) + length.to_bytes(width)
    raise Malformed(
        Text(f"a data object holds at most 65535 bytes, got {length}", f"数据对象至多 65535 字节，实为 {length} 字节")
    )


def _tag(raw: bytes, offset: int) -> tuple[int, int]:
    """The tag at an offset and where it ends."""
    end = offset + 1
    if raw[offset] & 0x1F == 0x1F:
        while end < len(raw) and raw[end] & 0x80 and end - offset < 3:
            end += 1
        end += 1
    if end > len(raw) or end - offset > 3:
        raise Malformed(
            Text(f"tag at offset {offset} is cut off or longer than three bytes", f"偏移 {offset} 处的标签不完整或超过三字节"),
            offset=offset,
        )
    return int.from_bytes(raw[offset:end]), end


def _read_length(raw: bytes, offset: int) -> tuple[int, int]:
    """The length at an offset and where the value begins."""
    first = raw[offset] if offset < len(raw) else 0xFF
    if first < 0x80:
        return first, offset + 1
    width = first & 0x7F
    if width not in (1, 2) or offset + 1 + width > len(raw):
        raise Malformed(
            Text(
                f"length at offset {offset} is cut off, indefinite or above 65535",
                f"偏移 {offset} 处的长度不完整、为不定长或超过 65535",
            ),
            offset=offset,
        )
    return int.from_bytes(raw[offset + 1 : offset + 1 + width]), offset + 1 + width
