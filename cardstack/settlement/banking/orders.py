"""Payment orders to a bank: pain.001 (customer credit transfer), pacs.009 (between institutions), and a bank's CSV."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from unicodedata import category

from cardstack.errors import Refused, problem
from cardstack.settlement.banking.xml import (
    AMOUNT,
    COUNT,
    DAY,
    MOMENT,
    TEXT34,
    TEXT35,
    TEXT140,
    Content,
    Node,
    branch,
    leaf,
    write,
    yuan,
)
from cardstack.settlement.calendar import known
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen

NO_ACCOUNT: Final = problem(
    "CS-3066",
    Text("{party} has no bank account here", "参与方 {party} 未登记银行账户"),
    Text("Register its account, then write the order again.", "请先登记其收付款账户，再生成付款文件。"),
)
NOT_WORKED: Final = problem(
    "CS-3067",
    Text("The day of execution is no working day", "执行日期不是工作日"),
    Text("Take {next}.", "请改为 {next}。"),
)
NOT_WRITABLE: Final = problem(
    "CS-3074",
    Text(
        "The name or account number of {party} cannot stand in an order to a bank", "参与方 {party} 的户名或账号不能写入付款文件"
    ),
    Text(
        "Register a name of 1 to 140 characters and a number of up to 34, without control characters.",
        "户名应为 1 至 140 个字符，账号至多 34 个字符，且不含控制字符。",
    ),
)
PAIN: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PACS: Final = "urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08"


_CNAPS, _BIC = r"[0-9]{12}", r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"


@dataclass(frozen=True, slots=True)
class Account:
    """A party's account at a bank. `bank` is its code in the national payment system (12 digits), its BIC, or empty."""

    name: str
    number: str
    bank: str

    @classmethod
    def of(cls, name: str, text: str) -> Self:
        """From an account as it is registered: its number, or the bank's code, a stroke and the number.

        >>> Account.of("示例", "102331000001/330001").bank, Account.of("示例", "330001").bank
        ('102331000001', '')
        """
        bank, stroke, _ = text.partition("/")
        is_bank = stroke and re.fullmatch(f"{_CNAPS}|{_BIC}", bank) is not None
        return cls(name, number_of(text), bank if is_bank else "")


def number_of(text: str) -> str:
    """The number of an account as it is registered, as the bank's files say it.

    >>> number_of("102331000001/330001"), number_of("330001"), number_of("33/0001")
    ('330001', '330001', '33/0001')
    """
    return re.sub(f"^({_CNAPS}|{_BIC})/", "", text)


Accounts = Mapping[Party, Account]

_ACCOUNT = branch("Id", branch("Othr", leaf("Id", TEXT34)))
_BANK = (
    leaf("BICFI", _BIC, least=0),
    branch("ClrSysMmbId", branch("ClrSysId", leaf("Cd", r"CNAPS")), leaf("MmbId", _CNAPS), least=0),
)
_AGENT = branch("FinInstnId", *_BANK, branch("Othr", leaf("Id", TEXT35), least=0))


def _named(name: str) -> Node:
    return branch(name, leaf("Nm", TEXT140))


def _institution(name: str) -> Node:
    return branch(name, branch("FinInstnId", *_BANK, leaf("Nm", TEXT140, least=0)))


_REMITTANCE = branch("RmtInf", leaf("Ustrd", TEXT140), least=0)
PAIN_001: Final = branch(
    "CstmrCdtTrfInitn",
    branch(
        "GrpHdr",
        leaf("MsgId", TEXT35),
        leaf("CreDtTm", MOMENT),
        leaf("NbOfTxs", COUNT),
        leaf("CtrlSum", AMOUNT),
        _named("InitgPty"),
    ),
    branch(
        "PmtInf",
        leaf("PmtInfId", TEXT35),
        leaf("PmtMtd", r"TRF"),
        leaf("NbOfTxs", COUNT),
        leaf("CtrlSum", AMOUNT),
        branch("ReqdExctnDt", leaf("Dt", DAY)),
        _named("Dbtr"),
        branch("DbtrAcct", _ACCOUNT),
        branch("DbtrAgt", _AGENT),
        branch(
            "CdtTrfTxInf",
            branch("PmtId", leaf("InstrId", TEXT35, least=0), leaf("EndToEndId", TEXT35)),
            branch("Amt", leaf("InstdAmt", AMOUNT, currency=True)),
            branch("CdtrAgt", _AGENT),
            _named("Cdtr"),
            branch("CdtrAcct", _ACCOUNT),
            _REMITTANCE,
            most=None,
        ),
        most=None,
    ),
)
PACS_009: Final = branch(
    "FICdtTrf",
    branch(
        "GrpHdr",
        leaf("MsgId", TEXT35),
        leaf("CreDtTm", MOMENT),
        leaf("NbOfTxs", COUNT),
        leaf("CtrlSum", AMOUNT),
        leaf("IntrBkSttlmDt", DAY),
        branch("SttlmInf", leaf("SttlmMtd", r"CLRG|INDA|INGA")),
    ),
    branch(
        "CdtTrfTxInf",
        branch("PmtId", leaf("InstrId", TEXT35), leaf("EndToEndId", TEXT35)),
        leaf("IntrBkSttlmAmt", AMOUNT, currency=True),
        _institution("Dbtr"),
        branch("DbtrAcct", _ACCOUNT),
        _institution("Cdtr"),
        branch("CdtrAcct", _ACCOUNT),
        _REMITTANCE,
        most=None,
    ),
)


def _payable(instructions: Sequence[Instruction], accounts: Accounts, due: date | None = None) -> None:
    """`Refused`: CS-3066 for a party without an account, CS-3074 for one that no order can name, CS-3067 for a day off."""
    parties = {party for one in instructions for party in (one.debtor, one.creditor)}
    for party in sorted(parties):
        if party not in accounts or not accounts[party].number:
            raise Refused(str(party), NO_ACCOUNT, party=str(party))
        named = accounts[party]
        if not (_can_stand(named.name, 140) and _can_stand(named.number, 34)):
            raise Refused(str(party), NOT_WRITABLE, party=str(party))
    if due is not None and not known().is_working(due):
        raise Refused(f"due: {due}", NOT_WORKED, field="due", next=known().on_or_after(due).isoformat())


def _can_stand(text: str, most: int) -> bool:
    """Whether XML may hold it (no control characters, halves of pairs or unassigned ones) and the bank's field its length."""
    return 1 <= len(text) <= most and not any(category(one) in ("Cc", "Cs", "Cn") for one in text)


def _sum(instructions: Sequence[Instruction]) -> str:
    return yuan(Fen(sum(one.amount_fen for one in instructions)))


def _account(account: Account) -> Content:
    return {"Id": {"Othr": {"Id": account.number}}}


def _bank(account: Account) -> dict[str, Content]:
    if re.fullmatch(_CNAPS, account.bank):
        return {"ClrSysMmbId": {"ClrSysId": {"Cd": "CNAPS"}, "MmbId": account.bank}}
    return {"BICFI": account.bank} if account.bank else {}


def _agent(account: Account) -> Content:
    """The bank; where it is not known the order says so, and the bank finds it by the account."""
    return {"FinInstnId": _bank(account) or {"Othr": {"Id": "NOTPROVIDED"}}}


def pain_001(
    message: str, instructions: Sequence[Instruction], accounts: Accounts, *, initiator: str, made_at: datetime, due: date
) -> bytes:
    """The payments as one customer credit transfer message, a payment block for each payer. Amounts are in CNY."""
    _payable(instructions, accounts, due)
    payers = sorted({one.debtor for one in instructions})
    blocks: list[Content] = []
    for number, payer in enumerate(payers, start=1):
        mine, account = [one for one in instructions if one.debtor == payer], accounts[payer]
        blocks.append(
            {
                "PmtInfId": f"{message[:28]}-{number:03d}",
                "PmtMtd": "TRF",
                "NbOfTxs": str(len(mine)),
                "CtrlSum": _sum(mine),
                "ReqdExctnDt": {"Dt": due.isoformat()},
                "Dbtr": {"Nm": account.name},
                "DbtrAcct": _account(account),
                "DbtrAgt": _agent(account),
                "CdtTrfTxInf": [_transfer(one, accounts[one.creditor]) for one in mine],
            }
        )
    header: Content = {
        "MsgId": message,
        "CreDtTm": made_at.isoformat(timespec="seconds"),
        "NbOfTxs": str(len(instructions)),
        "CtrlSum": _sum(instructions),
        "InitgPty": {"Nm": initiator},
    }
    return write(PAIN_001, PAIN, {"GrpHdr": header, "PmtInf": blocks})


def _transfer(one: Instruction, creditor: Account) -> Content:
    return {
        "PmtId": {"InstrId": one.id, "EndToEndId": one.id},
        "Amt": {"InstdAmt": yuan(one.amount_fen)},
        "CdtrAgt": _agent(creditor),
        "Cdtr": {"Nm": creditor.name},
        "CdtrAcct": _account(creditor),
        "RmtInf": {"Ustrd": _purpose(one)},
    }


def pacs_009(message: str, instructions: Sequence[Instruction], accounts: Accounts, *, made_at: datetime, due: date) -> bytes:
    """The payments as one transfer between financial institutions."""
    _payable(instructions, accounts, due)
    header: Content = {
        "MsgId": message,
        "CreDtTm": made_at.isoformat(timespec="seconds"),
        "NbOfTxs": str(len(instructions)),
        "CtrlSum": _sum(instructions),
        "IntrBkSttlmDt": due.isoformat(),
        "SttlmInf": {"SttlmMtd": "CLRG"},
    }
    transfers: list[Content] = [
        {
            "PmtId": {"InstrId": one.id, "EndToEndId": one.id},
            "IntrBkSttlmAmt": yuan(one.amount_fen),
            "Dbtr": _party(accounts[one.debtor]),
            "DbtrAcct": _account(accounts[one.debtor]),
            "Cdtr": _party(accounts[one.creditor]),
            "CdtrAcct": _account(accounts[one.creditor]),
            "RmtInf": {"Ustrd": _purpose(one)},
        }
        for one in instructions
    ]
    return write(PACS_009, PACS, {"GrpHdr": header, "CdtTrfTxInf": transfers})


def _party(account: Account) -> Content:
    return {"FinInstnId": {**_bank(account), "Nm": account.name}}


CSV_COLUMNS: Final = ("业务编号", "付款人账号", "付款人名称", "收款人账号", "收款人名称", "收款行行号", "金额", "币种", "用途")
"""Reference, payer's account and name, payee's account, name and bank, amount in yuan, currency, purpose."""


def bank_csv(instructions: Sequence[Instruction], accounts: Accounts, charset: str = "gb18030") -> bytes:
    """The payments as a file for a bank's batch transfer page; amounts in yuan with two decimals."""
    _payable(instructions, accounts)
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    for one in instructions:
        payer, payee = accounts[one.debtor], accounts[one.creditor]
        amount, purpose = yuan(one.amount_fen), f"清算 {_purpose(one)}"
        rows.writerow((one.id, payer.number, payer.name, payee.number, payee.name, payee.bank, amount, "CNY", purpose))
    return text.getvalue().encode(charset)


def _purpose(one: Instruction) -> str:
    """The window; a payment that orders the rest of another names that one too."""
    return one.window if one.first == one.id else f"{one.window} {one.first}"
