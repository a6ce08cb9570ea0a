"""The return file: only the lines that were not taken, each with its reason; silence means that a line was taken."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from cardstack.errors import Malformed
from cardstack.settlement.bulk.layout import Charset, Column, Fault, Layout
from cardstack.settlement.scheme import Reason
from cardstack.settlement.schemes.transit import REASONS
from cardstack.text import Text

LAYOUT: Final = Layout(
    "return-1",
    Text("Return file, a refused line a line", "回盘文件，每行一笔拒绝"),
    (
        Column("line", 9, "number", Text("line in the file answered, from 1", "原文件行号")),
        Column("id", 30, "text", Text("message id, empty where it could not be read", "报文编号")),
        Column("code", 24, "text", Text("reason", "原因代码")),
        Column("column", 20, "text", Text("column at fault, where one is", "有误字段")),
        Column("words", 60, "text", Text("the reason in words", "原因说明")),
    ),
)
MALFORMED: Final = Reason("line-malformed", Text("The line is not of its declared layout", "行格式不符合约定"))


def body(faults: Iterable[Fault], reasons: Mapping[str, Reason] = REASONS, charset: Charset = "gb18030") -> bytes:
    """The lines of a return file, in Chinese and in the order of the file answered."""
    lines = []
    for fault in sorted(faults):
        reason = MALFORMED if fault.code == MALFORMED.code else reasons.get(fault.code)
        words = _clipped(reason.text.zh if reason else fault.code, 60, charset)
        values = {"line": fault.line, "id": fault.id, "code": fault.code, "column": fault.column, "words": words}
        lines.append(LAYOUT.line(values, charset))
    return b"".join(lines)


class Body:
    """The lines of a return file that is made while the file answered is judged, held deflated."""

    def __init__(self, reasons: Mapping[str, Reason], charset: Charset) -> None:
        self._reasons, self._charset = reasons, charset
        self._deflating, self._parts = zlib.compressobj(1), list[bytes]()

    def add(self, faults: Iterable[Fault]) -> None:
        """More lines, all of them after those that were added before."""
        self._parts.append(self._deflating.compress(body(faults, self._reasons, self._charset)))

    def __iter__(self) -> Iterator[bytes]:
        """The lines in pieces of any size."""
        inflating = zlib.decompressobj()
        for part in (*self._parts, self._deflating.copy().flush()):
            yield inflating.decompress(part)


def faults(data: bytes | Iterable[bytes], charset: Charset = "gb18030") -> Iterator[Fault]:
    """What a return file says, which may come in pieces; `Malformed` where a line is not of its layout."""
    for first, lines in LAYOUT.numbered(data):
        for number, line in enumerate(LAYOUT.struct.iter_unpack(lines), first + 1):
            place = (number - first - 1) * LAYOUT.size
            if not LAYOUT.good.fullmatch(lines, place, place + LAYOUT.size):
                raise Malformed(Text(f"return file, line {number}", f"回盘文件第 {number} 行"), field="line")
            told, identity, code, column, _ = line
            try:
                text = [value.decode(charset).rstrip(" ") for value in (identity, code, column)]
            except UnicodeDecodeError as error:
                raise Malformed(
                    Text(f"return file, line {number}: not {charset}", f"回盘文件第 {number} 行：不是 {charset} 编码"),
                    field="line",
                ) from error
            yield Fault(int(told), *text)


def _clipped(text: str, width: int, charset: Charset) -> str:
    """A text that fits; no character is cut in two."""
    while len(text.encode(charset)) > width:
        text = text[:-1]
    return text
