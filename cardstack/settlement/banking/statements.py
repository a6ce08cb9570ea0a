"""What a bank says was booked: camt.053 statements, camt.054 notifications and result files in CSV, as the same lines."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from xml.etree.ElementTree import Element  # only the type

from cardstack.errors import Malformed, faulty
from cardstack.settlement.banking.xml import (
    AMOUNT,
    BAD_MESSAGE,
    DAY,
    MOMENT,
    TEXT34,
    TEXT35,
    Content,
    branch,
    fen,
    leaf,
    one_of,
    read,
    text_of,
    write,
    yuan,
)
from cardstack.text import Text
from cardstack.values import Fen

CAMT: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ADVICE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
CAMTS: Final = tuple(f"{CAMT[:-2]}{version:02d}" for version in range(2, 14))
ADVICES: Final = tuple(f"{ADVICE[:-2]}{version:02d}" for version in range(2, 14))
"""What is read here is the same in these versions, but for the status: a word until 07, a choice from 08 on."""
STATUS: Final = r"BOOK|PDNG|INFO|FUTR"
_ACCOUNT: Final = branch("Acct", branch("Id", branch("Othr", leaf("Id", TEXT34))))
_DETAILS: Final = branch(
    "TxDtls",
    branch("Refs", leaf("AcctSvcrRef", TEXT35, least=0), leaf("EndToEndId", TEXT35, least=0), least=0),
    leaf("Amt", AMOUNT, least=0, currency=True),
    branch("AmtDtls", branch("TxAmt", leaf("Amt", AMOUNT, currency=True), least=0), least=0),
    branch("RtrInf", branch("Rsn", leaf("Cd", r"[A-Z0-9]{1,4}", least=0), least=0), least=0),
    least=0,
    most=None,
)
_ENTRY: Final = branch(
    "Ntry",
    leaf("NtryRef", TEXT35, least=0),
    leaf("Amt", AMOUNT, currency=True),
    leaf("CdtDbtInd", r"CRDT|DBIT"),
    leaf("RvslInd", r"true|false|1|0", least=0),
    one_of("Sts", STATUS, leaf("Cd", STATUS)),
    branch("BookgDt", leaf("Dt", DAY, least=0), leaf("DtTm", MOMENT, least=0), least=0),
    leaf("AcctSvcrRef", TEXT35, least=0),
    branch("NtryDtls", _DETAILS, least=0, most=None),
    least=0,
    most=None,
)
CAMT_053: Final = branch(
    "BkToCstmrStmt",
    branch("GrpHdr", leaf("MsgId", TEXT35), leaf("CreDtTm", MOMENT)),
    branch(
        "Stmt",
        leaf("Id", TEXT35),
        leaf("CreDtTm", MOMENT, least=0),
        _ACCOUNT,
        branch(
            "Bal",
            branch("Tp", branch("CdOrPrtry", leaf("Cd", r"[A-Z]{4}", least=0))),
            leaf("Amt", AMOUNT, currency=True),
            leaf("CdtDbtInd", r"CRDT|DBIT"),
            branch("Dt", leaf("Dt", DAY, least=0)),
            least=0,
            most=None,
        ),
        _ENTRY,
        most=None,
    ),
)
CAMT_054: Final = branch(
    "BkToCstmrDbtCdtNtfctn",
    branch("GrpHdr", leaf("MsgId", TEXT35), leaf("CreDtTm", MOMENT)),
    branch("Ntfctn", leaf("Id", TEXT35), leaf("CreDtTm", MOMENT, least=0), _ACCOUNT, _ENTRY, most=None),
)


class Side(StrEnum):
    """Whether a line takes from the account or adds to it."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booked line, with our payment's reference and the bank's own.

    `returned` gives the money back, or with no amount says that it never went.
    """

    account: str
    reference: str
    bank_reference: str
    amount_fen: Fen
    side: Side
    booked_on: date
    returned: bool = False
    reason: str = ""


def camt_053(raw: bytes) -> tuple[BankLine, ...]:
    """The booked lines of a statement; what is only pending is left out. `Malformed` (CS-3060) names the element.

    An entry without a reference of the bank's own is told by the statement's id and its place there.
    """
    message = read(CAMT_053, CAMTS, raw)
    lines: list[BankLine] = []
    for statement in message.findall("Stmt"):
        account, balance = text_of(statement, "Acct/Id/Othr/Id"), _balances(statement)
        where, booked = text_of(statement, "Id"), []
        for number, entry in enumerate(statement.findall("Ntry"), start=1):
            booked += _lines(account, entry, number, f"{where}#{text_of(entry, 'NtryRef') or number}")
        moved = sum(one.amount_fen if one.side is Side.CREDIT else -one.amount_fen for one in booked)
        if balance is not None and balance[0] + moved != balance[1]:
            raise faulty(
                "Stmt/Bal",
                "opening balance and entries do not make the closing balance",
                "期初余额加发生额与期末余额不符",
                BAD_MESSAGE,
            )
        lines += booked
    return tuple(lines)


def camt_054(raw: bytes) -> tuple[BankLine, ...]:
    """The booked lines of a notification during the day; the statement has them again under the same bank references.

    A return (pacs.004) is an order between banks and books nothing here: it comes as a line of one of these.
    """
    message = read(CAMT_054, ADVICES, raw)
    lines: list[BankLine] = []
    for notification in message.findall("Ntfctn"):
        account = text_of(notification, "Acct/Id/Othr/Id")
        for number, entry in enumerate(notification.findall("Ntry"), start=1):
            mine = _lines(account, entry, number, "")
            if any(not line.bank_reference for line in mine):
                raise faulty("Ntry/AcctSvcrRef", "the statement would count it twice", "对账单中重复", BAD_MESSAGE)
            lines += mine
    return tuple(lines)


def bank_file(raw: bytes) -> tuple[BankLine, ...]:
    """What a bank's file says, by what is in it: XML, or a result file in CSV, in UTF-8 or GB 18030."""
    if raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return bank_lines(raw)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return result_csv(raw)
    return result_csv(raw, "utf-8")


def bank_lines(raw: bytes) -> tuple[BankLine, ...]:
    """What a bank's XML says was booked: a statement (camt.053) or a notification (camt.054)."""
    return camt_054(raw) if ADVICE[:-2].encode() in raw[:4096] else camt_053(raw)


def _balances(statement: Element) -> tuple[int, int] | None:
    """The opening and closing booked balance, where both are given; a statement in pages opens with an interim one."""
    found: dict[str, int] = {}
    for balance in statement.findall("Bal"):
        amount = fen(text_of(balance, "Amt"))
        found[text_of(balance, "Tp/CdOrPrtry/Cd")] = amount if text_of(balance, "CdtDbtInd") == "CRDT" else -amount
    return (found["OPBD"], found["CLBD"]) if {"OPBD", "CLBD"} <= found.keys() else None


def _lines(account: str, entry: Element, number: int, otherwise: str) -> list[BankLine]:
    """The lines of a booked entry: one, or one for each transaction where the bank booked several together."""
    if (text_of(entry, "Sts/Cd") or text_of(entry, "Sts")) != "BOOK":
        return []
    whole, told = fen(text_of(entry, "Amt")), entry.findall("NtryDtls/TxDtls")
    side = Side.CREDIT if text_of(entry, "CdtDbtInd") == "CRDT" else Side.DEBIT
    place = f"Ntry[{number}]/BookgDt"
    day = _day(text_of(entry, "BookgDt/Dt") or text_of(entry, "BookgDt/DtTm")[:10], place)
    reference, reversal = _reference(entry, told) or otherwise, text_of(entry, "RvslInd") in ("true", "1")
    # A debit that is a reversal takes a return back: the money left after all.
    base, undone = BankLine(account, "", reference, whole, side, day, reversal), reversal and side is Side.DEBIT
    if len(told) < 2:
        return [_line(base, told[0] if told else entry, undone)]
    parts = [text_of(one, "Amt") or text_of(one, "AmtDtls/TxAmt/Amt") for one in told]
    if not all(parts) or sum(map(fen, parts)) != whole:
        raise faulty(
            f"Ntry[{number}]/NtryDtls",
            "the amounts of its transactions do not make the entry's",
            "明细金额合计与该笔入账金额不符",
            BAD_MESSAGE,
        )
    return [
        _line(replace(base, bank_reference=name, amount_fen=fen(part)), one, undone)
        for one, part, name in zip(told, parts, _parts(told, reference), strict=True)
    ]


def _reference(entry: Element, told: Sequence[Element]) -> str:
    """The bank's reference of an entry; some banks say it with its one transaction only."""
    return text_of(entry, "AcctSvcrRef") or (text_of(told[0], "Refs/AcctSvcrRef") if len(told) == 1 else "")


def _parts(told: Iterable[Element], reference: str) -> Iterator[str]:
    """A name for each transaction that was booked together: the bank's own; where it says one for several, with its place."""
    seen = set[str]()
    for at, one in enumerate(told, start=1):
        own = text_of(one, "Refs/AcctSvcrRef")
        yield own if own and own not in seen else (own or reference) and f"{own or reference}/{at}"
        seen.add(own)


def _line(base: BankLine, told: Element, undone: bool) -> BankLine:
    returned = not undone and (base.returned or told.find("RtrInf") is not None)
    return replace(base, reference=text_of(told, "Refs/EndToEndId"), returned=returned, reason=text_of(told, "RtrInf/Rsn/Cd"))


def notification(account: str, lines: Sequence[BankLine], *, id_: str, made_at: datetime) -> bytes:
    """The camt.054 of some lines, for rehearsals and tests of those who read it."""
    content: Content = {
        "GrpHdr": {"MsgId": id_, "CreDtTm": made_at.isoformat(timespec="seconds")},
        "Ntfctn": {"Id": id_, "Acct": {"Id": {"Othr": {"Id": account}}}, "Ntry": [_entry(one) for one in lines]},
    }
    return write(CAMT_054, ADVICE, content)


def statement(account: str, lines: Sequence[BankLine], *, id_: str, opening_fen: Fen, made_at: datetime) -> bytes:
    """The camt.053 of an account's day, for rehearsals and tests of those who read it."""
    closing = opening_fen + sum(one.amount_fen if one.side is Side.CREDIT else -one.amount_fen for one in lines)
    day = made_at.date().isoformat()
    content: Content = {
        "GrpHdr": {"MsgId": id_, "CreDtTm": made_at.isoformat(timespec="seconds")},
        "Stmt": {
            "Id": id_,
            "Acct": {"Id": {"Othr": {"Id": account}}},
            "Bal": [_balance("OPBD", opening_fen, day), _balance("CLBD", Fen(closing), day)],
            "Ntry": [_entry(one) for one in lines],
        },
    }
    return write(CAMT_053, CAMT, content)


def _balance(code: str, amount: Fen, day: str) -> Content:
    sign = "CRDT" if amount >= 0 else "DBIT"
    return {"Tp": {"CdOrPrtry": {"Cd": code}}, "Amt": yuan(Fen(abs(amount))), "CdtDbtInd": sign, "Dt": {"Dt": day}}


def _entry(one: BankLine) -> Content:
    details: dict[str, Content] = {"Refs": {"EndToEndId": one.reference}} if one.reference else {}
    if one.returned:
        details["RtrInf"] = {"Rsn": {"Cd": one.reason or "NARR"}}
    return {
        "Amt": yuan(one.amount_fen),
        "CdtDbtInd": "CRDT" if one.side is Side.CREDIT else "DBIT",
        "Sts": {"Cd": "BOOK"},
        "BookgDt": {"Dt": one.booked_on.isoformat()},
        "AcctSvcrRef": one.bank_reference,
        "NtryDtls": {"TxDtls": details},
    }


RESULT_COLUMNS: Final = ("业务编号", "银行流水号", "付款人账号", "金额", "处理结果", "失败原因", "记账日期")
"""Reference, bank's reference, payer's account, amount in yuan, result, reason, day booked."""
CELL_MAX: Final = 140
_RESULTS: Final = {"成功": False, "失败": True, "退回": True}


def result_csv(raw: bytes, charset: str = "gb18030") -> tuple[BankLine, ...]:
    """A bank's result file: a line for each payment it booked, returned or refused; `Malformed` names row and column."""
    try:
        rows = list(csv.reader(io.StringIO(raw.decode(charset).removeprefix("\ufeff"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(
            Text("result file: not text in its charset", "回盘结果文件：与其字符集不符"), BAD_MESSAGE, field="file"
        ) from error
    content = sha256("\n".join(map(repr, rows)).encode()).hexdigest()[:16]
    if not rows or tuple(rows[0]) != RESULT_COLUMNS:
        raise Malformed(Text("result file: row 1: other columns", "回盘结果文件第 1 行：列名不符"), BAD_MESSAGE, field="row 1")
    return tuple(_result(row, number, content) for number, row in enumerate(rows[1:], start=2) if row)


def _result(row: Sequence[str], number: int, content: str) -> BankLine:
    """One row. What failed has often no number of the bank's: it is told by its payment and day, and its place in that file."""
    if len(row) != len(RESULT_COLUMNS):
        raise _bad_cell(number, "", f"has {len(row)} columns, should have {len(RESULT_COLUMNS)}", f"共 {len(row)} 列，列数不符")
    cells = [cell.strip() for cell in row]  # banks' exports put a tab beside a number, so that it is shown as it is
    for column, cell in zip(RESULT_COLUMNS, cells, strict=True):
        if len(cell) > CELL_MAX or "\0" in cell:
            raise _bad_cell(number, column, f"more than {CELL_MAX} characters, or a NUL", f"超过 {CELL_MAX} 个字符或含空字符")
    payment, bank, account, booked, outcome, reason, on = cells
    failed = outcome == "失败"
    if outcome not in _RESULTS:
        raise _bad_cell(number, RESULT_COLUMNS[4], "is none of 成功, 失败, 退回", "应为“成功”“失败”或“退回”")
    if not bank and not failed:
        raise _bad_cell(number, RESULT_COLUMNS[1], "the bank's number is missing", "缺少银行流水号")
    if not failed and re.fullmatch(AMOUNT, booked, re.ASCII) is None:
        raise _bad_cell(number, RESULT_COLUMNS[3], "not an amount with at most two decimals", "不是至多两位小数的金额")
    day = _day(on, f"row {number}")
    amount = fen(booked) if not failed else Fen(0)  # what failed was never booked
    reference = bank or f"{_unnumbered(payment, day)} {content}#{number}"
    return BankLine(account, payment, reference, amount, Side.DEBIT, day, _RESULTS[outcome], reason)


def _bad_cell(number: int, column: str, en: str, zh: str) -> Malformed:
    place = f", {column}" if column else ""
    said = Text(f"result file: row {number}{place}: {en}", f"回盘结果文件第 {number} 行{column and f'“{column}”'}：{zh}")
    return Malformed(said, BAD_MESSAGE, field=f"row {number}")


def _unnumbered(reference: str, day: date) -> str:
    return f"{reference} {day.isoformat()}"


def unnumbered(line: BankLine) -> str:
    """The payment and day of a failure to which the bank gave no number, by which alone such lines were told before version 0.2.

    Empty for any other line.
    """
    told = _unnumbered(line.reference, line.booked_on)
    return told if line.bank_reference == told or line.bank_reference.startswith(f"{told} ") else ""


def results(lines: Iterable[BankLine], charset: str = "gb18030") -> bytes:
    """The result file that `result_csv` reads."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(RESULT_COLUMNS)
    for one in lines:
        word = ("退回" if one.amount_fen else "失败") if one.returned else "成功"
        day = one.booked_on.isoformat()
        rows.writerow((one.reference, one.bank_reference, one.account, yuan(one.amount_fen), word, one.reason, day))
    return text.getvalue().encode(charset)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise faulty(where, "not a day", "日期不正确", BAD_MESSAGE) from error
