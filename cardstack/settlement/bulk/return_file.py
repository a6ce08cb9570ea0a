"""The return file: only the lines that were not taken, each with its reason; silence means that a line was taken."""

from collections.abc import Iterable, Mapping
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


def faults(raw: bytes, charset: Charset = "gb18030") -> tuple[Fault, ...]:
    """What a return file says; `Malformed` where a line is not of its layout."""
    if len(raw) % LAYOUT.size:
        raise Malformed("return file: not whole lines", field="data")
    found = []
    for number, line in enumerate(LAYOUT.struct.iter_unpack(raw), 1):
        if not LAYOUT.good.fullmatch(raw, (number - 1) * LAYOUT.size, number * LAYOUT.size):
            raise Malformed(f"return file, line {number}", field="line")
        place, identity, code, column, _ = line
        try:
            text = [value.decode(charset).rstrip(" ") for value in (identity, code, column)]
        except UnicodeDecodeError as error:
            raise Malformed(f"return file, line {number}: not {charset}", field="line") from error
        found.append(Fault(int(place), *text))
    return tuple(found)


def _clipped(text: str, width: int, charset: Charset) -> str:
    """A text that fits; no character is cut in two."""
    while len(text.encode(charset)) > width:
        text = text[:-1]
    return text
