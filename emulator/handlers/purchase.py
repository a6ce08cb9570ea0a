"""Purchase, compound purchase (CAPP) and cash withdrawal: INIT (8050 01, 03, 02) and DEBIT (8054 01)."""

from hmac import compare_digest

from cardstack.card.keys import Usage
from cardstack.card.profile import PurseKind
from cardstack.crypto import cryptogram
from cardstack.crypto.payment import Debit, Kind
from cardstack.values import Fen
from emulator.blueprint import Directory, PursePlace
from emulator.card import say
from emulator.handlers import purse as purses
from emulator.instruction import Answer, Instruction, Refusal
from emulator.state import Card, Payment, commit

DEBIT = (0x54, 0x01)


def _kind(p1: int, purse: PurseKind) -> int:
    """The transaction type (PBOC 2.0 part 2): what the MAC, the log and the proof carry."""
    if p1 == 0x03:
        return Kind.CAPP
    if p1 == 0x02:
        return Kind.CASH
    return Kind.PURCHASE_EP if purse is PurseKind.EP else Kind.PURCHASE_ED


def begin(card: Card, instruction: Instruction, directory: Directory, place: PursePlace) -> Answer:
    """INIT FOR PURCHASE: balance, offline sequence, overdraft limit, key version, algorithm, random (15 bytes)."""
    index, amount, terminal = purses.asked(instruction)
    kind = _kind(instruction.p1, place.kind)
    if kind == Kind.CASH and place.kind is not PurseKind.ED:
        raise Refusal(0x6A86)
    if place.kind is PurseKind.ED:
        purses.holder_agreed(card, instruction, directory)
    key = purses.payment_key(card, directory, Usage.PURCHASE, index)
    purse = purses.read(card, place)
    if purse.offline >= purses.COUNTER_MAX:
        raise Refusal(0x9402)
    purse.spend(int.from_bytes(amount))
    opening, card = purses.opened(card, key, purse.offline)
    # The session key needs the terminal's sequence, which comes with DEBIT; until then the card key and the random wait.
    payment = Payment(kind, directory, DEBIT, key.value + opening.random, key.block, amount, terminal, purse.offline)
    said = purse.balance.to_bytes(4) + purse.offline.to_bytes(2) + purse.limit.to_bytes(3) + opening.said
    return purses.begun(card, payment, instruction, said)


for _p1 in (0x01, 0x02, 0x03):
    purses.INITS[_p1] = begin


def debit(card: Card, instruction: Instruction) -> Answer:
    """DEBIT: terminal sequence, date, time and MAC1 in; TAC and MAC2 out. Wrong MAC1 is 9302 and ends the purchase."""
    payment, card = purses.under_way(card, instruction, 15)
    sequence, moment, mac1 = instruction.data[:4], instruction.data[4:11], instruction.data[11:]
    place = purse_of(payment)
    key, random = payment.session[:-4], payment.session[-4:]
    session = cryptogram.session_key(key, random, payment.sequence.to_bytes(2), sequence[2:], payment.block)
    agreed = Debit(Fen(int.from_bytes(payment.amount)), payment.kind, payment.terminal, sequence, moment)
    if not compare_digest(agreed.mac1(session, payment.block), mac1):
        raise Refusal(0x9302, card)
    purse = purses.read(card, place)
    after = purse.spend(agreed.amount_fen)._replace(offline=purse.offline + 1)
    mac2 = agreed.mac2(session, payment.block)
    tac = agreed.tac(purses.tac_key(card, payment.directory, payment.block).value, payment.block)
    changes = (
        dict(payment.writes)
        | purses.written(place, after)
        | purses.logged(card, place, purses.entry_of(payment, purse, moment))
        | purses.proof_of(place.cell, payment, mac2, tac)
    )
    return say(commit(card, changes), instruction, tac + mac2)


def purse_of(payment: Payment) -> PursePlace:
    """The purse that a payment works on; a type names its purse, or else the application has one."""
    places = payment.directory.purses
    if payment.kind in (Kind.PURCHASE_ED, Kind.CASH) and PurseKind.ED in places:
        return places[PurseKind.ED]
    return places.get(PurseKind.EP) or places[PurseKind.ED]


purses.DEBITS[0x01] = debit
