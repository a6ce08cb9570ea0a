"""What would let a recorded client go on: the change of the card, by what it answered and what the client accepts.

A row (`data/fixes.toml`) is what differs; the first that fits is taken. Words in braces are filled from the step: the
command, the file, the record, what was answered and what a card as declared answers.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from cardstack.text import Text


class Stop(NamedTuple):
    """Where a client stopped: what it sent, heard and accepts, and what the declared card says there."""

    command: bytes
    answer: bytes
    accept: str
    begins: str
    declared: bytes
    current: str = ""
    """The file that the client selected last, in hexadecimal."""


class Fix(NamedTuple):
    """One row: instructions (none: any), P1 of them, the status word, what the client accepts, and the change."""

    kind: str
    ins: frozenset[int]
    p1: str
    sw: str
    accept: str
    change: Text


@cache
def fixes() -> tuple[Fix, ...]:
    """The rows of `data/fixes.toml`, in their order."""
    rows = tomllib.loads((files(__package__) / "data" / "fixes.toml").read_text("utf-8"))["fix"]
    return tuple(_row(one) for one in rows)


def _row(one: Mapping[str, Any]) -> Fix:
    p1, sw, accept = (str(one.get(name, ".*")) for name in ("p1", "sw", "accept"))
    return Fix(one["kind"], frozenset(int(ins, 16) for ins in one.get("ins", ())), p1, sw, accept, Text(one["en"], one["zh"]))


def fix_of(stop: Stop) -> tuple[str, Text]:
    """What differs, and the change that would let the client go on.

    >>> select = bytes.fromhex("00A4000002EF15")
    >>> kind, change = fix_of(Stop(select, bytes.fromhex("6A82"), "9000", "", bytes.fromhex("9000")))
    >>> kind, change.en
    ('missing file', 'Add the file or DF EF15, selectable by its identifier')
    """
    said = stop.answer[-2:].hex().upper()
    row = next(one for one in fixes() if _fits(one, stop, said))
    facts = _facts(stop, said)
    return row.kind, Text(row.change.en.format(**facts), row.change.zh.format(**facts))


def _fits(row: Fix, stop: Stop, said: str) -> bool:
    p1 = stop.command[2:3].hex().upper()
    same = (re.fullmatch(pattern, text) for pattern, text in ((row.p1, p1), (row.sw, said), (row.accept, stop.accept)))
    return (not row.ins or stop.command[1:2] in {bytes((ins,)) for ins in row.ins}) and all(same)


def _facts(stop: Stop, said: str) -> Mapping[str, str]:
    command, header = stop.command, stop.command[:2].hex().upper()
    body = command[5 : 5 + command[4]] if len(command) > 5 else b""
    p1, p2 = command[2:3].hex().upper(), command[3:4].hex().upper()
    accepts = stop.accept.removeprefix("exactly ").removeprefix("contains ")
    binary = header[2:] in ("B0", "D6")
    by_sfi = int(p1, 16) & 0x1F if binary else int(p2, 16) >> 3
    return {
        "header": header,
        "p1": p1,
        "p2": p2,
        "sw": said,
        "accepts": accepts,
        "wanted": str(int(accepts[2:4], 16)) if re.fullmatch("61[0-9A-F]{2}", accepts) else accepts,
        "name": body.hex().upper(),
        "fid": body.hex().upper() or "3F00",
        "file": f"{by_sfi:02X}" if by_sfi else stop.current or "00",
        "record": str(int(p1, 16)),
        "le": command[-1:].hex().upper(),
        "begins": stop.begins or "with data / 有数据",
        "got": stop.answer[:-2][: max(len(stop.begins) // 2, 2)].hex().upper() or "with nothing / 无数据",
        "declared": stop.declared[-2:].hex().upper() or "9000",
    }
