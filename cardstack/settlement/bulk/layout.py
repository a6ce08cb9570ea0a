"""The line of a bulk file, declared once: columns of fixed width in bytes, each with its form.

One regular expression judges a whole line; only a line that fails it is taken apart to say which column and why.
Text is padded with spaces on the right and coded in the file's charset (GB 18030, of which GBK is a part, or UTF-8);
all else is ASCII, so that every column has the same place in every charset.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile
from struct import Struct
from typing import Final, Literal, NamedTuple

from cardstack.errors import faulty
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
        raise faulty("charset", "gb18030, gbk or utf-8", "可选 gb18030、gbk、utf-8")
    return found


_PIECE = 8_192
"""How many lines are looked at together."""
_MISFITS: Final = 10_000
"""How many more lines a file may have than there is room for, because some are too short."""


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
            form = _FORMS[self.form][1]
            raise faulty(self.name, f"{form.en}, {self.width} bytes", f"应为{form.zh}，{self.width} 字节")
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

    def numbered(self, source: bytes | Iterable[bytes], lines: int = _PIECE, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """The lines of some data from number `start` on, so many at a time, with the number of the first, counted from 0."""
        number = 0
        for piece in self.pieces(source, lines):
            first, number = number, number + len(piece) // self.size
            if number > start:
                yield max(first, start), piece[max(0, start - first) * self.size :]

    def pieces(self, source: bytes | Iterable[bytes], lines: int = _PIECE) -> Iterator[bytes]:
        """The lines of some data, so many at a time, with every one in its place; the data may come in pieces of any size.

        A line that is too short or too long is made one that no column fits: so what was cut or has a byte too many is its
        own fault and no other's, and lines keep their numbers.
        """
        size, whole = self.size, self.size * lines
        held, made, cut = b"", list[bytes](), False
        for part in chain((source,) if isinstance(source, bytes) else source, (None,)):
            held += part or b""
            if cut:  # the rest of a line that is far too long
                feed = held.find(b"\n")
                held, cut = held[feed + 1 :] if feed >= 0 else b"", feed < 0
            place = 0
            # There is enough for all of the lines, and each is looked at together with the one after it.
            while place < len(held) and (part is None or len(held) - place >= whole + size):
                if not made and held[place + size - 1 : place + whole : size].count(b"\n") == lines:
                    yield held[place : place + whole]
                    place += whole
                    continue
                line, end = self._line(held, place)
                place, cut = (len(held), part is not None) if end < 0 else (end, False)
                made.append(line)
                if len(made) == lines:
                    yield b"".join(made)
                    made.clear()
            held = held[place:]
        if made:
            yield b"".join(made)

    def _line(self, raw: bytes, place: int) -> tuple[bytes, int]:
        """The line that begins there, and where the next one does; -1 where this one does not end."""
        size, end = self.size, place + self.size
        # A line ends where it should, or the one after it does and this one has lost its line feed.
        if raw[end - 1 : end] == b"\n" or raw[end + size - 1 : end + size] == b"\n":
            return raw[place:end], end
        feed = raw.find(b"\n", place)
        last = feed if feed >= 0 else len(raw)
        return raw[place : min(last, end - 2)].ljust(size - 1, b"\0") + b"\n", feed + 1 or -1

    def start(self, column: str) -> int:
        """The place in the line at which a column begins."""
        return sum(one.width for one in takewhile(lambda one: one.name != column, self.columns))

    def room(self, size: int) -> int:
        """How many lines data of so many bytes may have: some may be too short, but not most of them."""
        return size // self.size + _MISFITS

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
