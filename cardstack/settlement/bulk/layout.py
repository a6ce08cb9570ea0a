"""The line of a bulk file, declared once: columns of fixed width in bytes, each with its form.

One regular expression judges a whole line; only a line that fails it is taken apart to say which column and why.
Text is padded with spaces on the right and coded in the file's charset (GB 18030, of which GBK is a part, or UTF-8);
all else is ASCII, so that every column has the same place in every charset.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import Literal, NamedTuple

from cardstack.errors import Malformed
from cardstack.text import Text

Charset = Literal["gb18030", "utf-8"]
_CHARSETS: Mapping[str, Charset] = {"gb18030": "gb18030", "gbk": "gb18030", "utf-8": "utf-8", "utf8": "utf-8"}

_FORMS: Mapping[str, tuple[str, Text]] = {
    "number": (rb"\d{%d}".decode(), Text("digits", "数字")),
    "digits": (rb"(?:\d{%d}| {%d})".decode(), Text("digits, or spaces for none", "数字，空格表示无")),
    "hex": (rb"[0-9A-F]{%d}".decode(), Text("upper-case hexadecimal digits", "大写十六进制数字")),
    "hexes": (
        rb"(?:[0-9A-F]{%d}| {%d})".decode(),
        Text("upper-case hexadecimal digits, or spaces for none", "大写十六进制数字，空格表示无"),
    ),
    "code": (rb"[0-9A-Z]{%d}".decode(), Text("digits and upper-case letters", "数字和大写字母")),
    "moment": (
        r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d",
        Text("a moment YYYYMMDDhhmmss", "时间 YYYYMMDDhhmmss"),
    ),
    "id": (
        r"[A-Z0-9]{12}20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d{4}",
        Text("a message id: 12 letters or digits, a moment, 4 digits", "报文编号：12位机构、14位时间、4位序号"),
    ),
    "choice": ("", Text("one of the declared values", "约定值之一")),
    "pseudonym": (
        r"[a-z0-9](?:(?<! )[a-z0-9-]| ){%r}",
        Text("lower-case letters, digits and hyphens, padded with spaces", "小写字母、数字和连字符，右补空格"),
    ),
    "text": (r"[^\n\0]{%d}", Text("text padded with spaces", "文本，右补空格")),
}


def charset_of(name: str) -> Charset:
    """The charset of that name; GBK is read as GB 18030, of which it is a part.

    >>> charset_of("GBK"), charset_of("UTF-8")
    ('gb18030', 'utf-8')
    """
    found = _CHARSETS.get(name.lower())
    if found is None:
        raise Malformed("charset: gb18030, gbk or utf-8", field="charset")
    return found


_PIECE = 8_192
"""How many lines are looked at together."""
_MISFITS = 10_000
"""How many lines of another length are put in their places at most."""


class Fault(NamedTuple):
    """A line that is not taken: its number in the file from 1, its id where it can be read, why, and in which column."""

    line: int
    id: str
    code: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, width in bytes, form, and where it comes from."""

    name: str
    width: int
    form: Literal["number", "digits", "hex", "hexes", "code", "moment", "id", "choice", "pseudonym", "text"]
    title: Text
    choices: tuple[str, ...] = ()
    source: str = ""

    @property
    def pattern(self) -> str:
        """The form as a regular expression over Latin-1."""
        if self.choices:
            return f"(?:{'|'.join(map(re.escape, self.choices))})"
        template = _FORMS[self.form][0]
        return template.replace("%d", str(self.width)).replace("%r", str(self.width - 1))

    def coded(self, value: object, charset: Charset) -> bytes:
        """A value in the column's width, or `Malformed`."""
        try:
            raw = self._raw(value, charset)
        except ValueError:
            raw = b""
        if not re.fullmatch(self.pattern.encode("latin-1"), raw):
            raise Malformed(f"{self.name}: {_FORMS[self.form][1].en}, {self.width} bytes", field=self.name)
        return raw

    def _raw(self, value: object, charset: Charset) -> bytes:
        """The value as bytes, of whatever width it has; `ValueError` where it has none."""
        if self.form == "text":
            return str(value).encode(charset).ljust(self.width, b" ")
        if self.form == "number":
            return b"%0*d" % (self.width, int(str(value)))
        return str(value).encode("ascii").ljust(self.width, b" ")


@dataclass(frozen=True)
class Layout:
    """A line's columns in their order; every line ends in a line feed."""

    name: str
    title: Text
    columns: tuple[Column, ...]

    @cached_property
    def size(self) -> int:
        """Bytes of a line with its line feed."""
        return sum(column.width for column in self.columns) + 1

    @cached_property
    def struct(self) -> Struct:
        """The line as a tuple of byte strings, the line feed left out."""
        return Struct("".join(f"{column.width}s" for column in self.columns) + "x")

    @cached_property
    def good(self) -> re.Pattern[bytes]:
        """What a whole good line looks like."""
        return re.compile("".join(column.pattern for column in self.columns).encode("latin-1") + rb"\n")

    @cached_property
    def all_good(self) -> re.Pattern[bytes]:
        """Any number of good lines."""
        return re.compile(b"(?:" + self.good.pattern + b")*")

    def line(self, values: Mapping[str, object], charset: Charset = "gb18030") -> bytes:
        """One line; every column must be given."""
        return b"".join(column.coded(values[column.name], charset) for column in self.columns) + b"\n"

    def fault(self, line: bytes) -> Column | None:
        """The first column of a line that is not of its form; None where the line is good."""
        place = 0
        for column in self.columns:
            piece = line[place : place + column.width]
            if not re.fullmatch(column.pattern.encode("latin-1"), piece):
                return column
            place += column.width
        return None

    def columns_of(self, raw: bytes) -> tuple[Sequence[bytes], ...]:
        """Whole lines as columns of byte strings."""
        return tuple(zip(*self.struct.iter_unpack(raw), strict=True)) if raw else tuple(() for _ in self.columns)

    def aligned(self, raw: bytes) -> bytes:
        """The lines with every one in its place: one that is too short or too long is made a line that no column fits.

        So a line that was cut or has a byte too many is its own fault and no other's, and lines keep their numbers.
        What has far more line ends than room for lines is left as it is.
        """
        size = self.size
        count = len(raw) // size
        if len(raw) == count * size == size * raw[size - 1 :: size].count(b"\n") or raw.count(b"\n") > count + _MISFITS:
            return raw
        made, place = [], 0
        while place < len(raw):
            end = place + size
            # A line ends where it should, or the one after it does and this one has lost its line feed.
            if raw[end - 1 : end] != b"\n" != raw[end + size - 1 : end + size]:
                feed = raw.find(b"\n", place)
                end = len(raw) if feed < 0 else feed + 1
                made.append(raw[place : min(end - 1, place + size - 2)].ljust(size - 1, b"\0") + b"\n")
            else:
                made.append(raw[place:end])
            place = end
        return b"".join(made)

    def total(self, raw: bytes, column: str) -> tuple[int, int, bool]:
        """How many lines there are, the sum of a column of numbers over those of their form, and whether all are.

        The lines are `aligned`.
        """
        place = [one.name for one in self.columns].index(column)
        start = sum(one.width for one in self.columns[:place])
        end, size, count, money, whole = start + self.columns[place].width, self.size, 0, 0, True
        for first in range(0, len(raw), size * _PIECE):
            piece = raw[first : first + size * _PIECE]
            count += -(-len(piece) // size)
            good, _, faults = self.sift(piece, 0)
            whole = whole and not faults
            money += sum(int(good[n + start : n + end]) for n in range(0, len(good), size))
        return count, money, whole

    def sift(self, raw: bytes, first: int) -> tuple[bytes, Sequence[int], list[Fault]]:
        """The good lines with their numbers from 1, and a fault for each other: which column is not of its form.

        `first` is the number of the first line, counted from 0; an id, where there is one, is the first column.
        """
        if self.all_good.fullmatch(raw):
            return raw, range(first + 1, first + 1 + len(raw) // self.size), []
        good, numbers, faults = [], [], []
        for place in range(-(-len(raw) // self.size)):
            line = raw[place * self.size : (place + 1) * self.size]
            if self.good.fullmatch(line):
                good.append(line)
                numbers.append(first + place + 1)
                continue
            column, head = self.fault(line), line[: self.columns[0].width]
            identity = head.decode("latin-1") if head.isalnum() else ""
            faults.append(Fault(first + place + 1, identity, "line-malformed", column.name if column else "end of line"))
        return b"".join(good), numbers, faults

    def table(self) -> str:
        """The declaration as a Markdown table, for the reference."""
        rows = [f"| {c.name} | {c.width} | {_FORMS[c.form][1].en} | {c.title.zh} {c.title.en} |" for c in self.columns]
        return "\n".join(["| column | bytes | form | meaning |", "|--|--|--|--|", *rows])
