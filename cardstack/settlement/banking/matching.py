"""Payments and bank lines, matched by reference: what was paid, in part, returned, or is in one book only."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.settlement.banking.statements import BankLine
from cardstack.settlement.instruction import Act, Instruction
from cardstack.text import Text
from cardstack.values import Fen


class Difference(StrEnum):
    """What can differ between our payments and the bank's lines."""

    MISSING_AT_BANK = "missing-at-bank"
    UNKNOWN_HERE = "unknown-here"
    PAID_SHORT = "paid-short"
    PAID_OVER = "paid-over"
    TWICE = "twice"
    RETURNED = "returned"
    OTHER_ACCOUNT = "other-account"


DIFFERENCES: Final[Mapping[Difference, Text]] = {
    Difference.MISSING_AT_BANK: Text("released here, not booked by the bank", "我方已发送，银行无记录"),
    Difference.UNKNOWN_HERE: Text("booked by the bank, unknown here", "银行有记录，我方无此指令"),
    Difference.PAID_SHORT: Text("booked for less", "银行入账金额少于指令"),
    Difference.PAID_OVER: Text("booked for more", "银行入账金额多于指令"),
    Difference.TWICE: Text("one bank reference twice", "银行流水号重复"),
    Difference.RETURNED: Text("returned or refused by the bank", "银行退回或处理失败"),
    Difference.OTHER_ACCOUNT: Text("booked on another account", "入账账户与指令不符"),
}


class Mismatch(NamedTuple):
    """One difference: which payment or bank reference, and by how much."""

    difference: Difference
    reference: str
    expected_fen: Fen
    booked_fen: Fen


class Effect(NamedTuple):
    """What the bank's lines do to a payment: the act of its state machine, and what is paid of it now."""

    instruction: str
    act: Act
    paid_fen: Fen


class Matched(NamedTuple):
    """The outcome of a matching."""

    effects: tuple[Effect, ...]
    mismatches: tuple[Mismatch, ...]


def match(instructions: Sequence[Instruction], lines: Iterable[BankLine], accounts: Mapping[str, str]) -> Matched:
    """Every payment against the bank's lines with its reference; `accounts` are the payers' account numbers by party.

    Several lines may pay one payment in parts; a returned line takes its amount back. Each bank reference counts once.
    """
    known = {one.id: one for one in instructions}
    mine: dict[str, list[BankLine]] = {}
    mismatches: list[Mismatch] = []
    seen: set[tuple[str, str]] = set()
    for line in lines:
        if (line.account, line.bank_reference) in seen:
            mismatches.append(Mismatch(Difference.TWICE, line.bank_reference, Fen(0), line.amount_fen))
        elif line.reference not in known:
            mismatches.append(Mismatch(Difference.UNKNOWN_HERE, line.reference or line.bank_reference, Fen(0), line.amount_fen))
        elif line.account not in ("", accounts.get(known[line.reference].debtor, line.account)):
            mismatches.append(
                Mismatch(Difference.OTHER_ACCOUNT, line.reference, known[line.reference].amount_fen, line.amount_fen)
            )
        else:
            mine.setdefault(line.reference, []).append(line)
        seen.add((line.account, line.bank_reference))
    effects: list[Effect] = []
    for one in instructions:
        effect, mismatch = _settle(one, mine.get(one.id, ()))
        effects += [effect] if effect else []
        mismatches += [mismatch] if mismatch else []
    return Matched(tuple(effects), tuple(mismatches))


def _settle(one: Instruction, lines: Sequence[BankLine]) -> tuple[Effect | None, Mismatch | None]:
    if not lines:
        return None, Mismatch(Difference.MISSING_AT_BANK, one.id, one.amount_fen, Fen(0))
    booked = sum(-line.amount_fen if line.returned else line.amount_fen for line in lines)
    paid = Fen(max(0, booked))
    if paid == one.amount_fen:
        return Effect(one.id, Act.CONFIRM, paid), None
    if paid > one.amount_fen:
        return Effect(one.id, Act.CONFIRM, one.amount_fen), Mismatch(Difference.PAID_OVER, one.id, one.amount_fen, paid)
    if paid == 0:
        return Effect(one.id, Act.REJECT, paid), Mismatch(Difference.RETURNED, one.id, one.amount_fen, paid)
    return Effect(one.id, Act.CONFIRM_PART, paid), Mismatch(Difference.PAID_SHORT, one.id, one.amount_fen, paid)
