"""How one field lies on a card: values to bytes of a declared width, and back.

A codec has both directions. `decode(encode(value)) == value` for every value its strategy draws, `encode` gives
exactly `size` bytes or raises `ValueError`, and `decode` of any bytes gives a value or raises `ValueError`.
The caller names the field (`card.layout`), a codec knows only its own content.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from cardstack.errors import Malformed
from cardstack.text import Text


class Codec(Protocol):
    """What a declared field needs: its width in bytes and both directions."""

    @property
    def size(self) -> int: ...
    def encode(self, value: Any) -> bytes: ...
    def decode(self, raw: bytes) -> Any: ...


def _wrong(en: str, zh: str) -> Malformed:
    """Why a value or its bytes do not have the form; whoever knows the field says which it is."""
    return Malformed(Text(en, zh))


@dataclass(frozen=True, slots=True)
class An:
    """Text, right padded with 00 (V2.0 §5.3); Chinese in GB 18030, of which GBK is a part.

    >>> An(6).encode("张三").hex(), An(6).decode(bytes.fromhex("d5c5c8fd0000"))
    ('d5c5c8fd0000', '张三')
    """

    size: int
    charset: str = "gb18030"

    def encode(self, value: str) -> bytes:
        raw = value.encode(self.charset)
        if len(raw) > self.size or raw.endswith(b"\0"):
            raise _wrong(
                f"text takes {len(raw)} bytes, the field has {self.size} and pads with 00",
                f"文本占 {len(raw)} 字节，字段长 {self.size} 字节且以 00 补齐",
            )
        return raw.ljust(self.size, b"\0")

    def decode(self, raw: bytes) -> str:
        # A field never written holds FF throughout, and some personalisers pad with FF; FF ends no character.
        return raw.rstrip(b"\0\xff").decode(self.charset)

    def __str__(self) -> str:
        return f"an{self.size:02X}"


@dataclass(frozen=True, slots=True)
class Cn:
    """Digits as BCD, left aligned, right padded with nibble F (V2.0 §5.3).

    >>> Cn(3).encode("33010").hex(), Cn(3).decode(bytes.fromhex("33010f"))
    ('33010f', '33010')
    """

    size: int

    def encode(self, value: str) -> bytes:
        if len(value) > 2 * self.size or not (value.isascii() and (value.isdigit() or not value)):
            raise _wrong(f"at most {2 * self.size} ASCII digits", f"至多 {2 * self.size} 位半角数字")
        return bytes.fromhex(value.ljust(2 * self.size, "F"))

    def decode(self, raw: bytes) -> str:
        digits = raw.hex().rstrip("f")
        if digits and not digits.isdecimal():
            raise _wrong("a nibble that is no digit", "含非数字的半字节")
        return digits

    def __str__(self) -> str:
        return f"cn{self.size:02X}"


@dataclass(frozen=True, slots=True)
class Digits:
    """A whole number as BCD digits with leading zeros, for amounts in fen and counts.

    >>> Digits(4).encode(1200).hex(), Digits(4).decode(bytes.fromhex("00001200"))
    ('00001200', 1200)
    """

    size: int

    def encode(self, value: int) -> bytes:
        if not 0 <= value < 100**self.size:
            raise _wrong(f"a whole number of at most {2 * self.size} digits", f"应为至多 {2 * self.size} 位的整数")
        return bytes.fromhex(f"{value:0{2 * self.size}d}")

    def decode(self, raw: bytes) -> int:
        # Where it was never written it holds FF; some personalisers align it left and pad with F.
        return int(Cn(self.size).decode(raw) or "0")

    def __str__(self) -> str:
        return f"cn{self.size:02X} number"


@dataclass(frozen=True, slots=True)
class Hex:
    """Digits 0 to F, two a byte, every one of them significant; empty where never written (FF throughout).

    >>> Hex(3).encode("63990D").hex(), Hex(2).decode(bytes.fromhex("bf7c"))
    ('63990d', 'BF7C')
    """

    size: int

    def encode(self, value: str) -> bytes:
        if not value:
            return b"\xff" * self.size
        if len(value) != 2 * self.size or not value.isascii() or not value.isalnum():
            raise _wrong(f"exactly {2 * self.size} hexadecimal digits", f"应为 {2 * self.size} 位十六进制数字")
        return bytes.fromhex(value)

    def decode(self, raw: bytes) -> str:
        return "" if raw == b"\xff" * len(raw) else raw.hex().upper()

    def __str__(self) -> str:
        return f"cn{self.size:02X} hexadecimal"


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes as they are."""

    size: int

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, raw: bytes) -> bytes:
        return raw

    def __str__(self) -> str:
        return f"b{self.size:02X}"


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned whole number, most significant byte first."""

    size: int

    def encode(self, value: int) -> bytes:
        if not 0 <= value < 256**self.size:
            raise _wrong(f"a whole number below {256**self.size}", f"应为小于 {256**self.size} 的整数")
        return value.to_bytes(self.size)

    def decode(self, raw: bytes) -> int:
        return int.from_bytes(raw)

    def __str__(self) -> str:
        return f"b{self.size:02X}"


@dataclass(frozen=True, slots=True)
class Day:
    """A date as eight BCD digits; None where the field was never written (00 or FF throughout).

    `strftime("%Y")` writes year 10 with two digits on some platforms, hence the explicit widths.

    >>> Day().encode(date(2026, 1, 2)).hex(), Day().decode(bytes(4))
    ('20260102', None)
    """

    size: int = 4

    def encode(self, value: date | None) -> bytes:
        if value is None:
            return bytes(4)
        return bytes.fromhex(f"{value.year:04d}{value.month:02d}{value.day:02d}")

    def decode(self, raw: bytes) -> date | None:
        if raw in (bytes(4), b"\xff" * 4):
            return None
        digits = Cn(4).decode(raw)
        if len(digits) != 8:
            raise _wrong("a date is eight digits", "日期应为八位数字")
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))

    def __str__(self) -> str:
        return "cn04 date"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time of day as fourteen BCD digits, in China standard time and without a zone; None if never written."""

    size: int = 7

    def encode(self, value: datetime | None) -> bytes:
        if value is None:
            return bytes(7)
        return Day().encode(value.date()) + bytes.fromhex(f"{value.hour:02d}{value.minute:02d}{value.second:02d}")

    def decode(self, raw: bytes) -> datetime | None:
        if raw in (bytes(7), b"\xff" * 7):
            return None
        day = Day().decode(raw[:4])
        if day is None:
            raise _wrong("a moment has a date", "时间缺少日期")
        clock = Cn(3).decode(raw[4:])
        if len(clock) != 6:
            raise _wrong("a time of day is six digits", "时刻应为六位数字")
        return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[2:4]), int(clock[4:]))  # noqa: DTZ001  # the card writes no zone

    def __str__(self) -> str:
        return "cn07 moment"
