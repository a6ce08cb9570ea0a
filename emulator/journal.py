"""How a card's memory is written down: a snapshot, and after it one line a commit that counts whole or not at all.

A line that is cut off, or whose check sum does not fit, never happened; so power may go at any byte. Image files
(`emulator.store`) and torn cards (`emulator.faults`) are both made of this.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from cardstack.errors import Malformed, problem
from cardstack.text import Text
from emulator.state import Memory, Value

IMAGE = problem(
    "CS-1401",
    Text("The card image is damaged", "卡映像文件已损坏"),
    Text("Restore it from a snapshot, or personalise the card again.", "请用快照恢复，或重新个人化该卡。"),
)
LINE_MAX: Final = 4_000_000
"""The longest line that is read; a whole card with its photograph takes some twenty thousand bytes."""


def to_json(memory: Mapping[str, Value]) -> dict[str, Any]:
    r"""Cells as JSON: bytes and records in hexadecimal, counters as numbers.

    >>> to_json({"a": b"\x01", "b": 2, "c": (b"\x03",)})
    {'a': '01', 'b': 2, 'c': ['03']}
    """
    return {cell: _said(value) for cell, value in memory.items()}


def _said(value: Value) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [each.hex() for each in value] if isinstance(value, tuple) else value


def from_json(cells: Any) -> dict[str, Value]:
    """The cells that `to_json` wrote; `Malformed` names the cell that is none."""
    if not isinstance(cells, dict):
        raise Malformed(Text("cells are an object of name and value", "单元应为名称和值的对象"), IMAGE)
    memory: dict[str, Value] = {}
    for cell, value in cells.items():
        try:
            memory[cell] = _meant(value)
        except (ValueError, TypeError):
            raise Malformed(
                Text(
                    f"cell {cell[:40]!r} holds neither bytes, records nor a number",
                    f"单元 {cell[:40]!r} 既非字节、记录，也非数字",
                ),
                IMAGE,
                cell=cell[:40],
            ) from None
    return memory


def _meant(value: Any) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return bytes.fromhex(value) if isinstance(value, str) else tuple(bytes.fromhex(each) for each in value)


def entry(before: Memory, after: Memory) -> bytes:
    """One commit as a line: what changed, and its check sum."""
    changed = {cell: value for cell, value in after.items() if before.get(cell) != value}
    body = json.dumps(to_json(changed), separators=(",", ":"))
    return f"{body} {crc32(body.encode()):08x}\n".encode()


def replayed(memory: Memory, tail: bytes) -> Memory:
    """The memory after the commits of a journal; the first line that is not whole ends it.

    >>> before, after = {"a": 1, "b": b"x"}, {"a": 2, "b": b"x"}
    >>> replayed(before, entry(before, after)) == after, replayed(before, entry(before, after)[:-1]) == before
    (True, True)
    """
    now = dict(memory)
    while tail:
        line, end, tail = tail.partition(b"\n")
        changes = _whole(line) if end else None
        if changes is None:
            return now
        now |= changes
    return now


def _whole(line: bytes) -> dict[str, Value] | None:
    """The changes of a line whose check sum fits."""
    body, _, check = line.rpartition(b" ")
    if check != f"{crc32(body):08x}".encode():
        return None
    try:
        return from_json(json.loads(body))
    except (ValueError, RecursionError):
        return None
