"""Payment orders to a bank: pain.001 (customer credit transfer), pacs.009 (between institutions), and a bank's CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

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
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.transaction import Party
from cardstack.values import Fen

PAIN: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PACS: Final = "urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08"


@dataclass(frozen=True, slots=True)
class Account:
    """A party's account at a bank. `bank` is the bank's code in the national payment system (12 digits)."""

    name: str
    number: str
    bank: str


Accounts = Mapping[Party, Account]

_ACCOUNT = branch("Id", branch("Othr", leaf("Id", TEXT34)))
_AGENT = branch("FinInstnId", branch("ClrSysMmbId", leaf("MmbId", TEXT35)))


def _named(name: str) -> Node:
    return branch(name, leaf("Nm", TEXT140))


def _institution(name: str) -> Node:
    return branch(name, branch("FinInstnId", branch("ClrSysMmbId", leaf("MmbId", TEXT35), least=0), leaf("Nm", TEXT140, least=0)))


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


def _sum(instructions: Sequence[Instruction]) -> str:
    return yuan(Fen(sum(one.amount_fen for one in instructions)))


def _account(account: Account) -> Content:
    return {"Id": {"Othr": {"Id": account.number}}}


def _agent(account: Account) -> Content:
    return {"FinInstnId": {"ClrSysMmbId": {"MmbId": account.bank}}}


def pain_001(
    message: str, instructions: Sequence[Instruction], accounts: Accounts, *, initiator: str, made_at: datetime, due: date
) -> bytes:
    """The payments as one customer credit transfer message, a payment block for each payer. Amounts are in CNY."""
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
        "RmtInf": {"Ustrd": one.window},
    }


def pacs_009(message: str, instructions: Sequence[Instruction], accounts: Accounts, *, made_at: datetime, due: date) -> bytes:
    """The payments as one transfer between financial institutions."""
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
            "RmtInf": {"Ustrd": one.window},
        }
        for one in instructions
    ]
    return write(PACS_009, PACS, {"GrpHdr": header, "CdtTrfTxInf": transfers})


def _party(account: Account) -> Content:
    return {"FinInstnId": {"ClrSysMmbId": {"MmbId": account.bank}, "Nm": account.name}}


CSV_COLUMNS: Final = ("业务编号", "付款人账号", "付款人名称", "收款人账号", "收款人名称", "收款行行号", "金额", "币种", "用途")
"""Reference, payer's account and name, payee's account, name and bank, amount in yuan, currency, purpose."""


def bank_csv(instructions: Sequence[Instruction], accounts: Accounts, charset: str = "gb18030") -> bytes:
    """The payments as a file for a bank's batch transfer page; amounts in yuan with two decimals."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    for one in instructions:
        payer, payee = accounts[one.debtor], accounts[one.creditor]
        amount, purpose = yuan(one.amount_fen), f"清算 {one.window}"
        rows.writerow((one.id, payer.number, payer.name, payee.number, payee.name, payee.bank, amount, "CNY", purpose))
    return text.getvalue().encode(charset)
