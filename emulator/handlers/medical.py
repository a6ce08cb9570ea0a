"""The medical purchase pair of DF04: INIT FOR PURCHASE (B028) and DEBIT (B02C), notice 2012-38 of the ministry.

Online settlement sends 0 for the account, the total of the bill as self-pay, and what the funds pay as pool; the card
adds up the year, counts and logs, all in one commit.
"""

from hmac import compare_digest
from typing import Final, NamedTuple

from cardstack.card.keys import Usage
from cardstack.crypto import cryptogram
from cardstack.crypto.payment import Kind, MedicalDebit
from cardstack.values import Fen
from emulator.blueprint import Directory
from emulator.card import channel, say
from emulator.handlers import purse as purses
from emulator.handlers.records import appended
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.state import Card, Payment, Value, commit

SECOND: Final = (0x2C, 0x01)
LOG: Final = 0xEF08


class Account(NamedTuple):
    """The internal amounts of the offline mode (V2.0 §5.6): fen, and years as four digits."""

    online: int
    offline: int
    balance: int
    self_pay: int
    pool: int
    pay_year: int
    year_start: int


WIDTHS: Final = (2, 2, 4, 4, 4, 2, 2)


def unpacked(raw: bytes) -> Account:
    """The account of its 20 bytes; years are BCD."""
    values, offset = [], 0
    for size in WIDTHS:
        values.append(int.from_bytes(raw[offset : offset + size]))
        offset += size
    return Account(*values)


def packed(account: Account) -> bytes:
    """The 20 bytes of an account."""
    return b"".join(value.to_bytes(size) for value, size in zip(account, WIDTHS, strict=True))


def _account(card: Card, directory: Directory) -> Account:
    raw = card.memory[directory.medical]
    assert isinstance(raw, bytes)
    return unpacked(raw)


@handles(0x28, 0xB0)
def init(card: Card, instruction: Instruction) -> Answer:
    """Key index, account, self-pay and pool amounts, terminal in; 22 bytes out.

    Balance, year's self-pay and pool totals, pay year, sequence, key version, algorithm, random. The order of the
    first 14 bytes follows the internal file; no public text has it.
    """
    directory = channel(card, instruction).directory
    if not directory.medical:
        raise Refusal(0x6985)
    if instruction.p1 != 0x01 or instruction.p2 != 0x01:
        raise Refusal(0x6A86)
    if len(instruction.data) != 19:
        raise Refusal(0x6700)
    pin = directory.holder_pin()
    if pin is not None and pin.name not in channel(card, instruction).names:
        raise Refusal(0x6982)
    index, amounts, terminal = instruction.data[0], instruction.data[1:13], instruction.data[13:]
    key = purses.payment_key(card, directory, Usage.PURCHASE, index)
    account = _account(card, directory)
    if account.online >= purses.COUNTER_MAX:
        raise Refusal(0x9402)
    if int.from_bytes(amounts[:4]) > account.balance:
        raise Refusal(0x9401)
    opening, card = purses.opened(card, key, account.online)
    payment = Payment(Kind.MEDICAL, directory, SECOND, key.value + opening.random, key.block, amounts, terminal, account.online)
    totals = (account.balance, account.self_pay, account.pool)
    said = b"".join(value.to_bytes(4) for value in totals) + account.pay_year.to_bytes(2) + account.online.to_bytes(2)
    return purses.begun(card, payment, instruction, said + opening.said)


@handles(0x2C, 0xB0)
def debit(card: Card, instruction: Instruction) -> Answer:
    """Terminal sequence, moment and MAC1 in; TAC and MAC2 out. Wrong MAC1 is 9302 and ends the settlement."""
    payment, card = purses.under_way(card, instruction, 15)
    sequence, moment, mac1 = instruction.data[:4], instruction.data[4:11], instruction.data[11:]
    key, random = payment.session[:-4], payment.session[-4:]
    session = cryptogram.session_key(key, random, payment.sequence.to_bytes(2), sequence[2:], payment.block)
    own, self_paid, pooled = (Fen(int.from_bytes(payment.amount[place : place + 4])) for place in (0, 4, 8))
    agreed = MedicalDebit(own, self_paid, pooled, payment.terminal, sequence, moment)
    if not compare_digest(agreed.mac1(session, payment.block), mac1):
        raise Refusal(0x9302, card)
    directory = payment.directory
    mac2 = agreed.mac2(session, payment.block)
    tac = agreed.tac(purses.tac_key(card, directory, payment.block).value, payment.block)
    account = settled(_account(card, directory), agreed, int.from_bytes(moment[:2]))
    kind = bytes((payment.kind,))
    entry = payment.sequence.to_bytes(2) + kind + payment.terminal + moment + payment.amount
    changes: dict[str, Value] = {
        directory.medical: packed(account),
        f"{directory.medical}.proof": kind + payment.sequence.to_bytes(2) + mac2 + tac,
    }
    if log := directory.files.get(LOG):
        held = card.memory[log.cell]
        assert isinstance(held, tuple)
        changes[log.cell] = appended(log, held, entry)
    return say(commit(card, changes), instruction, tac + mac2)


def settled(account: Account, agreed: MedicalDebit, year: int) -> Account:
    """The account after a settlement; the totals begin again with the first one of a later year."""
    if year > account.pay_year:
        account = account._replace(self_pay=0, pool=0, pay_year=year)
    return account._replace(
        online=account.online + 1,
        balance=account.balance - agreed.account_fen,
        self_pay=min(account.self_pay + agreed.self_paid_fen, 0xFFFFFFFF),
        pool=min(account.pool + agreed.pooled_fen, 0xFFFFFFFF),
    )
