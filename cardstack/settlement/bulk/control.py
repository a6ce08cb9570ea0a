"""What a file says of itself against what it holds, before a line of it is posted: its lines, its sum, its line ends."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from cardstack.errors import Malformed, Refused, faulty, problem
from cardstack.settlement.bulk import medical_file, return_file, transit_layout
from cardstack.settlement.bulk.layout import Layout, charset_of
from cardstack.settlement.bulk.package import Manifest, Package, describe
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import Party, is_message_id
from cardstack.text import Text

TOTALS: Final = problem(
    "CS-3061",
    Text("The file does not hold the lines or the sum that its manifest says", "文件笔数或金额合计与清单不一致"),
    Text(
        "Make the file again: `lines` counts its lines, `total_fen` sums the amounts of all of them.",
        "请重新生成文件：lines 为总行数，total_fen 为全部行金额合计（分）。",
    ),
)
LINE_ENDS: Final = problem(
    "CS-3062",
    Text("The file has a byte order mark, or lines that end in CR LF", "文件含字节顺序标记（BOM）或以回车换行结尾"),
    Text("Write it without a mark; every line ends in one line feed (0A).", "请去除 BOM，每行仅以换行符（0A）结尾。"),
)

NOT_UNDER: Final = problem(
    "CS-3063",
    Text(
        "A line has the message id of an institution that the signer was not registered with",
        "明细行的报文标识不属于签名节点登记的机构",
    ),
    Text("Send each institution's lines from its own node, or have it declared.", "请由该机构自己的节点报送，或先登记该机构。"),
)
ID_SIZE: Final = 30


class Controlled(NamedTuple):
    """A layout and its column of amounts, which the manifest sums; none where no money is told."""

    layout: Layout
    amounts: str | None


LAYOUTS: Final[Mapping[str, Controlled]] = {
    one.layout.name: one
    for one in (
        *(Controlled(one, "amount_fen") for one in transit_layout.LAYOUTS.values()),
        Controlled(medical_file.LAYOUT, "medfee_sumamt"),
        Controlled(return_file.LAYOUT, None),
    )
}


def described(
    data: bytes, *, name: str, layout: str, charset: str, sender: Party, at: datetime, certificates: Sequence[bytes]
) -> Manifest:
    """The manifest of some data with the lines and the sum that it holds; `Malformed` for a layout that is not exchanged."""
    found = LAYOUTS.get(layout)
    if found is None:
        raise faulty("layout", f"one of {', '.join(LAYOUTS)}", f"可选 {'、'.join(LAYOUTS)}")
    lines, total, _ = _held(found, data, found.layout.room(len(data)))
    return describe(
        data, name=name, layout=layout, charset=charset_of(charset), sender=sender, lines=lines, total_fen=total, at=at,
        certificates=certificates,
    )  # fmt: skip


def _held(found: Controlled, data: bytes | Iterable[bytes], most: int) -> tuple[int, int, bool]:
    """How many lines there are, the sum of their amounts over those of their form, and whether all are; no more than `most`."""
    layout, amounts = found.layout, found.amounts
    count, money, whole, start, end = 0, 0, True, 0, 0
    if amounts is not None:
        start = layout.start(amounts)
        end = start + next(one.width for one in layout.columns if one.name == amounts)
    for piece in layout.pieces(data):
        count += len(piece) // layout.size
        if count > most:
            raise faulty("lines", f"more than {most} are there", f"实有超过 {most} 行", TOTALS)
        if amounts is not None:
            good, _, faults = layout.sift(piece, 0)
            whole = whole and not faults
            money += sum(int(good[n + start : n + end]) for n in range(0, len(good), layout.size))
    return count, money, whole


def check(package: Package) -> None:
    """`Malformed` (CS-3062, CS-3061) where line ends, lines or sum are not what was said; nothing for another layout.

    A line that is not of its form has no amount to add, so a file with such lines may say more than the others sum to.
    """
    found = LAYOUTS.get(package.manifest.layout)
    if found is None:
        return
    told, start = package.manifest, next(package.pieces(), b"")
    if start.startswith(BOM_UTF8) or start[: start.find(b"\n") + 1].endswith(b"\r\n"):
        raise Malformed("data", LINE_ENDS, field="data")
    lines, total, whole = _held(found, package.pieces(), found.layout.room(told.size))
    if lines != told.lines:
        raise faulty(
            "lines", f"{told.lines} told, {lines} are there", f"声明 {told.lines} 行，实有 {lines} 行", TOTALS, lines=lines
        )
    if total != told.total_fen if whole else total > told.total_fen:
        raise faulty(
            "total_fen",
            f"{told.total_fen} told, {total} is there",
            f"声明 {told.total_fen} 分，实为 {total} 分",
            TOTALS,
            total_fen=total,
        )


def held_to_institutions(package: Package, node: Node) -> None:
    """`Refused` (CS-3063) where a line has the message id of an institution that its signer did not declare.

    A node that declared none may use any; a line whose id is none is its own fault, and a return file names others' ids.
    """
    found = LAYOUTS.get(package.manifest.layout)
    if found is None or found.amounts is None or not node.institutions:
        return
    layout, start = found.layout, found.layout.start("id")
    for first, lines in layout.numbered(package.pieces()):
        for number, place in enumerate(range(start, len(lines), layout.size), first):
            told = lines[place : place + ID_SIZE].decode("latin-1")
            if not node.numbers(told) and is_message_id(told):
                raise Refused(Text(f"line {number}: id", f"第 {number} 行：id"), NOT_UNDER, field="id", line=number)
