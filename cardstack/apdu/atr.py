"""The answer to reset (ISO/IEC 7816-3 §8.2): which protocols, which historical bytes, what the card can do."""

from collections.abc import Iterator
from dataclasses import dataclass

from cardstack.errors import Malformed
from cardstack.text import Text


@dataclass(frozen=True, slots=True)
class Atr:
    """A parsed answer to reset.

    >>> atr = Atr.parse(bytes.fromhex("3B6D000000814E43238697159900BF7C7A"))
    >>> atr.protocols, atr.historical.hex().upper()
    ((0,), '00814E43238697159900BF7C7A')
    >>> Atr.parse(b"")
    Traceback (most recent call last):
    cardstack.errors.Malformed: an answer to reset has 2 to 33 bytes, got 0
    """

    raw: bytes
    protocols: tuple[int, ...]
    historical: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Atr":
        """The parts of an answer to reset, or `Malformed` with the offset."""
        if not 2 <= len(raw) <= 33:
            raise Malformed(
                Text(f"an answer to reset has 2 to 33 bytes, got {len(raw)}", f"复位应答应为 2 至 33 字节，实为 {len(raw)} 字节")
            )
        if raw[0] not in (0x3B, 0x3F):
            raise Malformed(Text("TS is neither 3B nor 3F", "TS 既非 3B 也非 3F"), offset=0)
        offset, protocols = _interface(raw)
        count = raw[1] & 0x0F
        check = 1 if any(protocol != 0 for protocol in protocols) else 0
        left = len(raw) - offset - count
        # A check byte is owed unless T=0 alone is offered; cards that leave it out are read all the same.
        if left not in (0, check):
            raise Malformed(
                Text(
                    f"{count} historical bytes are announced, {len(raw) - offset} bytes are left",
                    f"声明有 {count} 个历史字节，仅余 {len(raw) - offset} 字节",
                ),
                offset=offset,
            )
        return cls(raw, tuple(dict.fromkeys(protocols)) or (0,), raw[offset : offset + count])

    @property
    def protocol(self) -> int:
        """The protocol the card starts with (7816-3 §6.3.1): the first offered."""
        return self.protocols[0]

    @property
    def extended_length(self) -> bool:
        """Whether the historical bytes announce extended Lc and Le (7816-4 §8.1.1.2.7, third software function)."""
        return any(tag == 0x7 and len(value) >= 3 and value[2] & 0x40 for tag, value in self.objects())

    def objects(self) -> Iterator[tuple[int, bytes]]:
        """The compact TLV objects of the historical bytes (7816-4 §8.1.1.2), where their category is 00 or 80."""
        body = self.historical
        if not body or body[0] not in (0x00, 0x80):
            return
        rest = body[1:-3] if body[0] == 0x00 else body[1:]
        while rest:
            size = rest[0] & 0x0F
            if len(rest) < 1 + size:
                return
            yield rest[0] >> 4, rest[1 : 1 + size]
            rest = rest[1 + size :]


def _interface(raw: bytes) -> tuple[int, list[int]]:
    """Where the interface bytes end, and the protocols they name."""
    offset, more, protocols = 2, raw[1] >> 4, list[int]()
    while more:
        offset += (more & 0x7).bit_count()
        if not more & 0x8:
            break
        if offset >= len(raw):
            raise Malformed(
                Text(f"interface bytes are cut off at offset {offset}", f"接口字节在偏移 {offset} 处中断"), offset=offset
            )
        if raw[offset] & 0x0F != 0x0F:  # T=15 qualifies global bytes and is no protocol
            protocols.append(raw[offset] & 0x0F)
        more, offset = raw[offset] >> 4, offset + 1
    if offset > len(raw):
        raise Malformed(
            Text(f"interface bytes are cut off at offset {len(raw)}", f"接口字节在偏移 {len(raw)} 处中断"), offset=len(raw)
        )
    return offset, protocols
