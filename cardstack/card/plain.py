"""Values of the card as plain text and back, for pipe files, form fields, vendor interfaces and JSON."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from cardstack.card.generation import Either, Rewritten
from cardstack.card.layout import Item, Nested, items
from cardstack.codec import An, Binary, Cn, Codec, Day, Digits, Hex, Moment, Number
from cardstack.errors import Malformed
from cardstack.text import Text
from cardstack.values import mask_name, mask_number

INNER = ","
"""Between the parts of a nested data object or of a cyclic record."""


def to_text(codec: Codec, value: Any) -> str:
    """A value as the field's integrators write it: dates as YYYYMMDD, bytes as hexadecimal, parts with commas.

    >>> to_text(Day(), date(2026, 1, 2)), to_text(Binary(2), bytes.fromhex("0aff")), to_text(Number(2), 7)
    ('20260102', '0AFF', '7')
    """
    if isinstance(codec, Either):
        rewritten = isinstance(value, Rewritten)
        return to_text(codec.new if rewritten else codec.old, value.value if rewritten else value)
    if isinstance(codec, Nested):
        return INNER.join(parts_of(value))
    if isinstance(value, date):
        # `strftime("%Y")` writes the year 10 with two digits on some platforms.
        return f"{value.year:04d}{value:%m%d%H%M%S}" if isinstance(value, datetime) else f"{value.year:04d}{value:%m%d}"
    if isinstance(value, bytes):
        return value.hex().upper()
    return "" if value is None else str(value)


def parts_of(value: Any) -> list[str]:
    """Every field of a body as text, in the order of its declaration."""
    return [to_text(item.codec, getattr(value, name)) for name, item in items(type(value)).items()]


def from_text(codec: Codec, text: str) -> Any:
    """The value that a text stands for; a `ValueError` says what the field takes.

    >>> from_text(Day(), "20260102"), from_text(Cn(3), "330106"), from_text(Day(), "")
    (datetime.date(2026, 1, 2), '330106', None)
    """
    if isinstance(codec, Nested):
        return _body(codec, text)
    reader = _READERS.get(type(codec))
    if reader is None:
        raise Malformed(Text(f"a field coded {codec} has no plain text", f"编码为 {codec} 的字段没有文本形式"))
    return reader(codec, text)


def _body(codec: Nested, text: str) -> Any:
    declared = items(codec.body)
    parts = text.split(INNER) if text else [""] * len(declared)
    if len(parts) != len(declared):
        raise Malformed(
            Text(
                f"{len(declared)} parts with commas between them, got {len(parts)}",
                f"应为 {len(declared)} 个以逗号分隔的部分，实为 {len(parts)} 个",
            )
        )
    given = zip(declared.items(), parts, strict=True)
    return codec.body(**{name: from_text(item.codec, part) for (name, item), part in given})


def _digits(text: str, what: Text, *lengths: int) -> str:
    if len(text) not in lengths or not (text.isascii() and text.isdigit()):
        raise Malformed(what)
    return text


def _day(_: Any, text: str) -> date | None:
    if not text:
        return None
    digits = _digits(text, Text("a date is eight digits, YYYYMMDD", "日期应为八位数字 YYYYMMDD"), 8)
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _moment(_: Any, text: str) -> datetime | None:
    if not text:
        return None
    digits = _digits(text, Text("a moment is fourteen digits, YYYYMMDDhhmmss", "时间应为十四位数字 YYYYMMDDhhmmss"), 14)
    day = _day(None, digits[:8])
    assert day is not None
    return datetime(day.year, day.month, day.day, int(digits[8:10]), int(digits[10:12]), int(digits[12:]))  # noqa: DTZ001  # the card writes no zone


def _whole(_: Any, text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise Malformed(Text("a whole number in digits", "应为数字表示的整数"))
    return int(text or "0")


def _octets(codec: Binary, text: str) -> bytes:
    return bytes.fromhex(text).ljust(codec.size, b"\0")


_READERS: dict[type, Callable[[Any, str], Any]] = {
    An: lambda _, text: text,
    Cn: lambda _, text: text,
    Hex: lambda _, text: text.upper(),
    Digits: _whole,
    Number: _whole,
    Binary: _octets,
    Day: _day,
    Moment: _moment,
    Either: lambda codec, text: from_text(codec.old, text),
}


def meaning(item: Item, value: Any) -> str:
    """What a coded value means, in both languages; empty where no table says so."""
    found = (item.codes or {}).get(str(value))
    return str(found) if found else ""


def masked(text: str) -> str:
    """A personal value with its middle hidden.

    >>> masked("11010519491231002X"), masked("张小三"), masked("1234"), masked("")
    ('1101**********002X', '张*三', '****', '')
    """
    if text.isascii():
        return mask_number(text)
    return mask_name(text) if len(text) <= 5 else text[:3] + "*" * (len(text) - 3)


@cache
def schema(body: Any) -> dict[str, Any]:
    """The JSON Schema of a body as `view.as_data` writes it."""
    fields = {}
    for name, item in items(body).items():
        one = schema(item.codec.body) if isinstance(item.codec, Nested) else {"type": "string"}
        described = {"title": str(item.name), "description": f"{item.codec}; {item.spec}"} | one
        fields[name] = {"type": "array", "items": described, "maxItems": item.times} if item.times > 1 else described
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
