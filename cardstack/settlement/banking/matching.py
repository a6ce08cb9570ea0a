"""Payments and bank lines, matched by reference: what was paid, in part, returned, or is in one book only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.settlement.banking.statements import BankLine, Side
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
    """Every payment against the bank's lines with its reference; `accounts` are the account numbers by party, where known.

    Several lines may pay one payment in parts; a returned line takes its amount back. Each bank reference counts once.
    A payment stands in two books, its payer's and its payee's: the payer's is believed where it says anything.
    """
    known = {one.id: one for one in instructions}
    mine: dict[str, list[BankLine]] = {}
    mismatches: list[Mismatch] = []
    seen: set[tuple[str, str]] = set()
    for line in lines:
        one = known.get(line.reference)
        if (line.account, line.bank_reference) in seen:
            mismatches.append(Mismatch(Difference.TWICE, line.bank_reference, Fen(0), line.amount_fen))
        elif one is None:
            mismatches.append(Mismatch(Difference.UNKNOWN_HERE, line.reference or line.bank_reference, Fen(0), line.amount_fen))
        elif _book(one, line, accounts) is None:
            mismatches.append(Mismatch(Difference.OTHER_ACCOUNT, one.id, one.amount_fen, line.amount_fen))
        else:
            mine.setdefault(one.id, []).append(line)
        seen.add((line.account, line.bank_reference))
    effects: list[Effect] = []
    for one in instructions:
        effect, mismatch = _settle(one, _paid(one, mine.get(one.id, ()), accounts))
        effects += [effect] if effect else []
        mismatches += [mismatch] if mismatch else []
    return Matched(tuple(effects), tuple(mismatches))


def paid_on(one: Instruction, lines: Iterable[BankLine], accounts: Mapping[str, str]) -> Counter[date]:
    """What was booked of a payment on which day, by the lines that `match` counts; what came back is below zero."""
    booked: Counter[date] = Counter()
    mine = [line for line in lines if line.reference == one.id and _book(one, line, accounts) is not None]
    for day, amount in _paid(one, mine, accounts):
        booked[day] += amount
    return booked


def _book(one: Instruction, line: BankLine, accounts: Mapping[str, str]) -> Side | None:
    """In whose book of a payment a line stands, by the side on which the money goes there; None in neither's."""
    payer, payee = accounts.get(one.debtor, ""), accounts.get(one.creditor, "")
    if payer and line.account in ("", payer):
        return Side.DEBIT
    if payee and line.account == payee:
        return Side.CREDIT
    if payer:
        return None
    # Whose account it is nobody said: what leaves it is the payer's, and so is what comes back to it.
    return Side.DEBIT if line.side is Side.DEBIT or line.returned else None


def _paid(one: Instruction, lines: Sequence[BankLine], accounts: Mapping[str, str]) -> list[tuple[date, int]]:
    books: dict[Side | None, list[tuple[date, int]]] = {}
    # A line of no money says nothing, unless it is that the payment never went.
    for line in (each for each in lines if each.amount_fen or each.returned):
        book = _book(one, line, accounts)
        back = line.returned or line.side is not book
        books.setdefault(book, []).append((line.booked_on, -line.amount_fen if back else line.amount_fen))
    return books.get(Side.DEBIT) or books.get(Side.CREDIT) or []


def _settle(one: Instruction, booked: Sequence[tuple[date, int]]) -> tuple[Effect | None, Mismatch | None]:
    if not booked:
        return None, Mismatch(Difference.MISSING_AT_BANK, one.id, one.amount_fen, Fen(0))
    paid = Fen(max(0, sum(amount for _, amount in booked)))
    if paid == one.amount_fen:
        return Effect(one.id, Act.CONFIRM, paid), None
    if paid > one.amount_fen:
        return Effect(one.id, Act.CONFIRM, one.amount_fen), Mismatch(Difference.PAID_OVER, one.id, one.amount_fen, paid)
    if paid == 0:
        return Effect(one.id, Act.REJECT, paid), Mismatch(Difference.RETURNED, one.id, one.amount_fen, paid)
    return Effect(one.id, Act.CONFIRM_PART, paid), Mismatch(Difference.PAID_SHORT, one.id, one.amount_fen, paid)
