"""The monthly medical file: a settlement a line, read by columns into books that are reconciled as totals and lines.

What a line must hold by itself is checked here (3202's own sums); what only two books show is `medical.reconciliation`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from cardstack.settlement.bulk.layout import Charset, Column, Fault, Layout
from cardstack.settlement.bulk.seen import Seen
from cardstack.settlement.medical.reconciliation import KINDS, Book, Difference
from cardstack.settlement.scheme import Reason
from cardstack.text import Text

CHUNK: Final = 8_192
LAYOUT: Final = Layout(
    "medical-1",
    Text("monthly medical file, a settlement a line", "医疗费用月度清算文件，每行一笔结算"),
    (
        Column("id", 30, "id", Text("message id of the settlement", "结算报文编号"), source="3202 msgid"),
        Column("psn_no", 32, "pseudonym", Text("the insured place's pseudonym", "人员编号（参保地假名）"), source="3202"),
        Column("mdtrt_id", 30, "text", Text("visit", "就诊标识"), source="3202"),
        Column("setl_id", 30, "text", Text("settlement", "结算标识"), source="3202"),
        Column("insuplc_admdvs", 6, "number", Text("insured place", "参保地区划")),
        Column("mdtrtarea_admvs", 6, "number", Text("treating place", "就医地区划")),
        Column("insutype", 8, "text", Text("insurance", "险种")),
        Column("clr_type", 12, "text", Text("clearing class", "清算类别")),
        Column("setl_time", 14, "moment", Text("settled at", "结算时间")),
        Column("medfee_sumamt", 12, "number", Text("whole charge, fen", "医疗费总额（分）")),
        Column("fund_pay_sumamt", 12, "number", Text("paid by funds, fen", "基金支付总额（分）")),
        Column("acct_pay", 12, "number", Text("paid from accounts, fen", "个人账户支付（分）")),
        Column("cash_payamt", 12, "number", Text("paid in cash, fen", "现金支付（分）")),
        Column("hosp_part_amt", 12, "number", Text("borne by the hospital, fen", "医院负担（分）")),
        Column("refd_setl_flag", 1, "choice", Text("1: a reversal", "退费结算标志"), ("0", "1")),
        Column("fixmedins_name", 60, "text", Text("institution", "定点医药机构名称")),
    ),
)
RESULT: Final = Layout(
    "medical-result-1",
    Text("result of a line reconciliation", "明细对账结果文件"),
    (
        Column("id", 30, "text", Text("message id of the settlement", "结算报文编号"), source="3202 result"),
        Column("stmt_rslt", 14, "text", Text("kind of difference", "对账结果")),
        Column("difference", 14, "text", Text("ours less theirs, fen, with its sign", "本方减对方差额（分）")),
        Column("memo", 60, "text", Text("in words", "说明")),
    ),
)
REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("line-malformed", Text("The line is not of its declared layout", "行格式不符合约定")),
        Reason("text-undecodable", Text("A text is not of the file's charset", "文本不符合文件字符集")),
        Reason("parts-differ", Text("Funds, accounts, cash and hospital do not sum to the charge", "各项支付合计与总额不一致")),
        Reason("repeated-line", Text("The settlement stands in the file before", "同一结算在文件中重复")),
    )
}


class Batch(NamedTuple):
    """Some lines of a file: what they book and which they are, what is wrong with the others, where to go on."""

    books: tuple[Book, ...]
    lines: tuple[int, ...]
    faults: tuple[Fault, ...]
    next_line: int


def batches(
    body: bytes | Iterable[bytes], *, charset: Charset = "gb18030", start: int = 0, chunk: int = CHUNK
) -> Iterator[Batch]:
    """The lines from number `start` on, some at a time; go on from `next_line` after a stop. The file may come in pieces.

    A reader that goes on after a stop starts with a fresh memory of lines seen, so a line repeated across the stop
    is left to reconciliation, which names it as well.
    """
    seen = Seen()
    for first, lines in LAYOUT.numbered(body, chunk, start):
        raw, numbers, faults = LAYOUT.sift(lines, first)
        columns = dict(zip((column.name for column in LAYOUT.columns), LAYOUT.columns_of(raw), strict=True))
        books = _books(columns, numbers, faults, seen, charset)
        yield Batch(tuple(books.values()), tuple(books), tuple(sorted(faults)), first + len(lines) // LAYOUT.size)


def _books(
    columns: Mapping[str, Sequence[bytes]], numbers: Sequence[int], faults: list[Fault], seen: Seen, charset: Charset
) -> dict[int, Book]:
    """The lines by their numbers."""
    amounts = [list(map(int, columns[name])) for name in _AMOUNTS]
    rows = zip(numbers, columns["id"], columns["insutype"], columns["clr_type"], columns["refd_setl_flag"], *amounts, strict=True)
    undecodable, no_days = _undecodable(columns, charset), _no_days(columns["setl_time"])
    groups: dict[tuple[bytes, bytes], tuple[str, str]] = {}
    books = {}
    for place, (number, identity, insurance, kind, refund, whole, funds, accounts, cash, hospital) in enumerate(rows):
        known = identity.decode()
        if columns["setl_time"][place][:8] in no_days:
            faults.append(Fault(number, known, "line-malformed", "setl_time"))
        elif place in undecodable:
            faults.append(Fault(number, known, "text-undecodable", undecodable[place]))
        elif whole != funds + accounts + cash + hospital:
            faults.append(Fault(number, known, "parts-differ"))
        elif not seen.add(identity + refund):
            faults.append(Fault(number, known, "repeated-line"))
        else:
            if (insurance, kind) not in groups:
                groups[insurance, kind] = insurance.decode(charset).rstrip(), kind.decode(charset).rstrip()
            books[number] = Book(known, groups[insurance, kind], whole, funds, accounts, refund == b"1")
    return books


_AMOUNTS: Final = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "cash_payamt", "hosp_part_amt")
_TEXTS: Final = tuple(column.name for column in LAYOUT.columns if column.form == "text")


def _undecodable(columns: Mapping[str, Sequence[bytes]], charset: Charset) -> dict[int, str]:
    """The first column of a line with a text that is not of the charset; each distinct text is decoded once."""
    bad: dict[int, str] = {}
    for name in _TEXTS:
        wrong = {value for value in set(columns[name]) if not _decodes(value, charset)}
        if wrong:
            bad = {place: name for place, value in enumerate(columns[name]) if value in wrong} | bad
    return bad


def _no_days(moments: Sequence[bytes]) -> set[bytes]:
    """Of the days of some moments, those that no month has."""
    wrong = set()
    for day in {moment[:8] for moment in moments}:
        try:
            date(int(day[:4]), int(day[4:6]), int(day[6:]))
        except ValueError:
            wrong.add(day)
    return wrong


def _decodes(value: bytes, charset: Charset) -> bool:
    try:
        value.decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def result_body(differences: Iterable[Difference], charset: Charset = "gb18030") -> bytes:
    """The result file of a line reconciliation, as 9102 hands it out."""
    lines = []
    for one in differences:
        values = {
            "id": one.key,
            "stmt_rslt": one.kind.value,
            "difference": f"{one.difference_fen:+d}",
            "memo": KINDS[one.kind].zh,
        }
        lines.append(RESULT.line(values, charset))
    return b"".join(lines)
