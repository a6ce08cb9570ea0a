"""Load, unload and overdraft limit: what the bank or operator orders online (PBOC 2.0 part 2; COS manual 6.22-6.28)."""

from hmac import compare_digest

from cardstack.card.keys import Usage
from cardstack.card.profile import PurseKind
from cardstack.crypto.payment import LOAD_PART, Kind, Limit, Load
from cardstack.values import Fen
from emulator.blueprint import Directory, PursePlace
from emulator.card import say
from emulator.handlers import purse as purses
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.state import Card, Payment, commit

CREDIT, UNLOADING, LIMIT = (0x52, 0x00), (0x54, 0x03), (0x58, 0x00)


def _begin(
    card: Card,
    instruction: Instruction,
    directory: Directory,
    place: PursePlace,
    opening_of: tuple[Kind, Usage, tuple[int, int]],
) -> Answer:
    """INIT of a load or unload: balance, online sequence, key version, algorithm, random, MAC1 (16 bytes)."""
    kind, usage, second = opening_of
    index, amount, terminal = purses.asked(instruction)
    purses.holder_agreed(card, instruction, directory)
    key = purses.payment_key(card, directory, usage, index)
    purse = purses.read(card, place)
    if purse.online >= purses.COUNTER_MAX:
        raise Refusal(0x9402)
    if kind == Kind.UNLOAD:
        purse._replace(limit=purse.used).spend(int.from_bytes(amount))
    elif purse.receive(int.from_bytes(amount)).balance > place.limit:
        raise Refusal(0x6985)
    opening, card = purses.opened(card, key, purse.online, LOAD_PART)
    balance = purse.balance.to_bytes(4)
    mac1 = Load(Fen(int.from_bytes(amount)), kind, terminal).mac1(opening.session, purse.balance, key.block)
    payment = Payment(kind, directory, second, opening.session, key.block, amount, terminal, purse.online)
    return purses.begun(card, payment, instruction, balance + purse.online.to_bytes(2) + opening.said + mac1)


def begin_load(card: Card, instruction: Instruction, directory: Directory, place: PursePlace) -> Answer:
    """INITIALIZE FOR LOAD (8050 00)."""
    kind = Kind.LOAD_EP if place.kind is PurseKind.EP else Kind.LOAD_ED
    return _begin(card, instruction, directory, place, (kind, Usage.LOAD, CREDIT))


def begin_unload(card: Card, instruction: Instruction, directory: Directory, place: PursePlace) -> Answer:
    """INITIALIZE FOR UNLOAD (8050 05), of the ED alone."""
    if place.kind is not PurseKind.ED:
        raise Refusal(0x6A86)
    return _begin(card, instruction, directory, place, (Kind.UNLOAD, Usage.UNLOAD, UNLOADING))


def begin_overdraft(card: Card, instruction: Instruction, directory: Directory, place: PursePlace) -> Answer:
    """INITIALIZE FOR UPDATE (8050 04): balance, online sequence, limit, key version, algorithm, random, MAC1 (19 bytes)."""
    if place.kind is not PurseKind.ED:
        raise Refusal(0x6A86)
    if len(instruction.data) != 7:
        raise Refusal(0x6700)
    index, terminal = instruction.data[0], instruction.data[1:]
    purses.holder_agreed(card, instruction, directory)
    key = purses.payment_key(card, directory, Usage.OVERDRAFT, index)
    purse = purses.read(card, place)
    if purse.online >= purses.COUNTER_MAX:
        raise Refusal(0x9402)
    opening, card = purses.opened(card, key, purse.online, LOAD_PART)
    balance, limit = purse.balance.to_bytes(4), purse.limit.to_bytes(3)
    mac1 = Limit(Fen(0), terminal).mac1(opening.session, purse.balance, purse.limit, key.block)
    payment = Payment(Kind.OVERDRAFT, directory, LIMIT, opening.session, key.block, limit, terminal, purse.online)
    return purses.begun(card, payment, instruction, balance + purse.online.to_bytes(2) + limit + opening.said + mac1)


purses.INITS[0x00] = begin_load
purses.INITS[0x04] = begin_overdraft
purses.INITS[0x05] = begin_unload


def _place(payment: Payment) -> PursePlace:
    kind = PurseKind.EP if payment.kind == Kind.LOAD_EP else PurseKind.ED
    return payment.directory.purses[kind]


def _authorised(card: Card, expected: bytes, mac2: bytes) -> None:
    """MAC2 proves that the issuer orders it; wrong is 9302 and ends the payment."""
    if not compare_digest(expected, mac2):
        raise Refusal(0x9302, card)


@handles(0x52, 0x80)
def carry_out(card: Card, instruction: Instruction) -> Answer:
    """CREDIT FOR LOAD (8052 00), DEBIT FOR UNLOAD (8054 03): date, time and MAC2 in; TAC out, or MAC3 over the same."""
    payment, card = purses.under_way(card, instruction, 11)
    moment, mac2 = instruction.data[:7], instruction.data[7:]
    amount = int.from_bytes(payment.amount)
    ordered = Load(Fen(amount), payment.kind, payment.terminal)
    _authorised(card, ordered.mac2(payment.session, moment, payment.block), mac2)
    place = _place(payment)
    purse = purses.read(card, place)
    unloads = payment.kind == Kind.UNLOAD
    # What is unloaded is the holder's own, never the overdraft.
    after = purse._replace(limit=purse.used).spend(amount) if unloads else purse.receive(amount)
    after = after._replace(limit=purse.limit, online=purse.online + 1)
    covered = after.balance, purse.online.to_bytes(2), moment, payment.block
    if unloads:
        proof = ordered.mac3(payment.session, *covered)
    else:
        proof = ordered.tac(purses.tac_key(card, payment.directory, payment.block).value, *covered)
    changes = (
        purses.written(place, after)
        | purses.logged(card, place, purses.entry_of(payment, purse, moment))
        | purses.proof_of(place.cell, payment, mac2, proof)
    )
    return say(commit(card, changes), instruction, proof)


purses.DEBITS[0x03] = carry_out


@handles(0x58, 0x80)
def update_overdraft_limit(card: Card, instruction: Instruction) -> Answer:
    """UPDATE OVERDRAFT LIMIT: new limit, date, time and MAC2 in; TAC out. Below what is used it is refused."""
    payment, card = purses.under_way(card, instruction, 14)
    limit, moment, mac2 = instruction.data[:3], instruction.data[3:10], instruction.data[10:]
    ordered = Limit(Fen(int.from_bytes(limit)), payment.terminal)
    _authorised(card, ordered.mac2(payment.session, moment, payment.block), mac2)
    place = _place(payment)
    purse = purses.read(card, place)
    if int.from_bytes(limit) < purse.used:
        raise Refusal(0x6985, card)
    after = purse._replace(limit=int.from_bytes(limit), online=purse.online + 1)
    key = purses.tac_key(card, payment.directory, payment.block)
    tac = ordered.tac(key.value, after.balance, purse.online.to_bytes(2), moment, payment.block)
    changes = purses.written(place, after) | purses.proof_of(place.cell, payment, mac2, tac)
    return say(commit(card, changes), instruction, tac)
