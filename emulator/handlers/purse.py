"""The purses of PBOC 2.0 part 2: GET BALANCE, the INIT of every payment, GET TRANSACTION PROVE, and what they share.

A purse keeps money, an overdraft limit and what of it is used, two counters that only go up (online for loads and
unloads, offline for purchases), and the proof of its last transaction. Every payment is one commit: money, counter,
log, trip records and proof together.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from cardstack.card.keys import Usage
from cardstack.card.profile import PurseKind
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from emulator.blueprint import Directory, PursePlace
from emulator.card import channel, give, say
from emulator.handlers.records import appended
from emulator.instruction import Answer, Handler, Instruction, Refusal, handles
from emulator.security import Key, key_at, key_for
from emulator.state import Card, Payment, Value, throw, with_session

COUNTER_MAX: Final = 0xFFFF
KINDS: Final = {0x01: PurseKind.ED, 0x02: PurseKind.EP}
"""P2 of the payment commands."""


class Purse(NamedTuple):
    """What a purse holds, in fen."""

    balance: int
    used: int
    limit: int
    offline: int
    online: int

    def spend(self, amount: int) -> "Purse":
        """After a purchase: money first, then the overdraft; 9401 where both together do not reach."""
        if amount > self.balance + self.limit - self.used:
            raise Refusal(0x9401)
        own = min(amount, self.balance)
        return self._replace(balance=self.balance - own, used=self.used + amount - own)

    def receive(self, amount: int) -> "Purse":
        """After a load: what was overdrawn is paid back first."""
        back = min(amount, self.used)
        return self._replace(balance=self.balance + amount - back, used=self.used - back)


def read(card: Card, place: PursePlace) -> Purse:
    """The purse as it stands in memory."""
    return Purse(*(int.from_bytes(_bytes(card.memory[f"{place.cell}.{name}"])) for name in Purse._fields))


def _bytes(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value


def written(place: PursePlace, purse: Purse) -> dict[str, Value]:
    """The cells of a purse."""
    return {f"{place.cell}.{name}": value.to_bytes(4) for name, value in zip(Purse._fields, purse, strict=True)}


def place_of(card: Card, instruction: Instruction) -> tuple[Directory, PursePlace]:
    """The purse that P2 names in the current application; 6A86 for a P2 that names none, 6A81 where it is not kept."""
    directory = channel(card, instruction).directory
    if instruction.p2 not in KINDS:
        raise Refusal(0x6A86)
    place = directory.purses.get(KINDS[instruction.p2])
    if place is None:
        raise Refusal(0x6A81)
    return directory, place


def holder_agreed(card: Card, instruction: Instruction, directory: Directory) -> None:
    """All but purchases from the EP need the holder's PIN, where the application has one."""
    if directory.pin is not None and directory.pin.name not in channel(card, instruction).names:
        raise Refusal(0x6982)


@handles(0x5C, 0x80)
def get_balance(card: Card, instruction: Instruction) -> Answer:
    """GET BALANCE. P1 00 the money, 01 and 02 what of the overdraft is used (T-Union's negative purse), 03 the net sum."""
    directory, place = place_of(card, instruction)
    if instruction.p1 > 3:
        raise Refusal(0x6A86)
    if place.kind is PurseKind.ED:
        holder_agreed(card, instruction, directory)
    purse = read(card, place)
    sums = (purse.balance, purse.used, purse.used, purse.balance - purse.used)
    return give(card, instruction, (sums[instruction.p1] & 0xFFFFFFFF).to_bytes(4))


Init = Callable[[Card, Instruction, Directory, PursePlace], Answer]
INITS: dict[int, Init] = {}
"""What INIT does for each P1; the modules of the payments put themselves in."""


@handles(0x50, 0x80)
def init(card: Card, instruction: Instruction) -> Answer:
    """INITIALIZE FOR LOAD, PURCHASE, CASH WITHDRAWAL, CAPP, OVERDRAFT, UNLOAD: P1 says which."""
    begin = INITS.get(instruction.p1)
    if begin is None:
        raise Refusal(0x6A86)
    directory, place = place_of(card, instruction)
    return begin(card, instruction, directory, place)


DEBITS: dict[int, Handler] = {}
"""What DEBIT does for each P1; filled in like INITS."""


@handles(0x54, 0x80)
def debit(card: Card, instruction: Instruction) -> Answer:
    """DEBIT FOR PURCHASE, CASH WITHDRAWAL (P1 01) or UNLOAD (03)."""
    finish = DEBITS.get(instruction.p1)
    if finish is None:
        raise Refusal(0x6A86)
    return finish(card, instruction)


def asked(instruction: Instruction) -> tuple[int, bytes, bytes]:
    """Key index, amount and terminal of an INIT; 6700 unless they are its 11 bytes."""
    data = instruction.data
    if len(data) != 11:
        raise Refusal(0x6700)
    return data[0], data[1:5], data[5:]


def payment_key(card: Card, directory: Directory, usage: Usage, index: int) -> Key:
    """The payment key of an index; 9403 where the application has none."""
    try:
        return key_for(card, directory, usage, index)[1]
    except Refusal:
        raise Refusal(0x9403) from None


def tac_key(card: Card, directory: Directory, block: Block) -> Key:
    """The TAC key that goes with the cipher of the payment; 9403 where there is none."""
    for (usage, _), place in directory.keys.items():
        if usage is Usage.TAC and (key := key_at(card, place)).block is block:
            return key
    raise Refusal(0x9403)


class Opening(NamedTuple):
    """What an INIT settles: the card's random, the key in use, the session key."""

    random: bytes
    key: Key
    session: bytes

    def __repr__(self) -> str:
        return f"Opening({self.key!r})"

    @property
    def said(self) -> bytes:
        """Key version, algorithm and random, as every INIT answers."""
        return bytes((self.key.version, self.key.algorithm)) + self.random


def opened(card: Card, key: Key, sequence: int, tail: bytes = b"") -> tuple[Opening, Card]:
    """A random number and, where its last part is known already (8000 in a load), the session key."""
    random, card = throw(card, 4)
    session = cryptogram.session_key(key.value, random, sequence.to_bytes(2), tail, key.block) if tail else b""
    return Opening(random, key, session), card


def begun(card: Card, payment: Payment, instruction: Instruction, said: bytes) -> Answer:
    """The card with a payment under way, and the answer to its INIT."""
    return say(with_session(card, replace(card.session, payment=payment)), instruction, said)


def under_way(card: Card, instruction: Instruction, size: int) -> tuple[Payment, Card]:
    """The payment that this second command ends, taken out of the session: it can be tried once; 6901 without INIT."""
    payment = card.session.payment
    if payment is None or payment.second != (instruction.ins, instruction.p1):
        raise Refusal(0x6901)
    if payment.directory is not channel(card, instruction).directory:
        raise Refusal(0x6901)
    if instruction.p2:
        raise Refusal(0x6A86)
    if len(instruction.data) != size:
        raise Refusal(0x6700)
    return payment, with_session(card, replace(card.session, payment=None))


def logged(card: Card, place: PursePlace, entry: bytes) -> dict[str, Value]:
    """The purse's log with one more entry, where it keeps one."""
    if place.log is None:
        return {}
    held = card.memory[place.log.cell]
    assert isinstance(held, tuple)
    return {place.log.cell: appended(place.log, held, entry)}


def entry_of(payment: Payment, purse: Purse, moment: bytes) -> bytes:
    """A record of the log: sequence, overdraft limit, amount, type, terminal, date and time (23 bytes)."""
    return (
        payment.sequence.to_bytes(2)
        + purse.limit.to_bytes(3)
        + payment.amount
        + bytes((payment.kind,))
        + payment.terminal
        + moment
    )


def proof_of(place_cell: str, payment: Payment, mac: bytes, tac: bytes) -> dict[str, Value]:
    """What GET TRANSACTION PROVE gives for this payment afterwards."""
    return {f"{place_cell}.proof": bytes((payment.kind,)) + payment.sequence.to_bytes(2) + mac + tac}


@handles(0x5A, 0x80)
def get_transaction_prove(card: Card, instruction: Instruction) -> Answer:
    """MAC and TAC of the last payment of a type, so that one torn between card and terminal can be settled; else 9406."""
    directory = channel(card, instruction).directory
    if instruction.p1:
        raise Refusal(0x6A86)
    if len(instruction.data) != 2:
        raise Refusal(0x6700)
    wanted = bytes((instruction.p2,)) + instruction.data
    cells = [place.cell for place in directory.purses.values()]
    for cell in [*cells, directory.medical]:
        proof = _bytes(card.memory.get(f"{cell}.proof", b""))
        if proof[:3] == wanted:
            return say(card, instruction, proof[3:])
    raise Refusal(0x9406)
