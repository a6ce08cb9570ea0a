"""What a terminal's PSAM does: derive (BFDE, 801A), encrypt and MAC (80FA), purchase (8070, 8072).

Its keys are found by usage byte and identifier; the upper three bits of the usage byte say how many levels below the
PSAM's key a card's key lies. Factors come card first; the derivation goes the other way.
"""

from dataclasses import replace
from functools import reduce
from hmac import compare_digest
from typing import Final, NamedTuple

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from emulator.card import DONE, channel, say
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import Key
from emulator.state import Card, Payment, Value, commit, with_session

SEQUENCE: Final = "sam/sequence"
CITY: Final = "sam/city"
"""The factor of the PSAM's own city, for terminals that send the card's alone."""
MEDICAL, TRANSIT = "medical", "transit"
CREDIT: Final = (0x72, 0x00)


def key_cell(usage: int, identifier: int) -> str:
    """Where a PSAM keeps the key of a usage byte and identifier."""
    return f"sam/{usage:02X}/{identifier:02X}"


def purchase_cell(domain: str, version: int, block: Block) -> str:
    """Where a PSAM keeps a purchase key, by what it buys, key version and cipher."""
    return f"sam/{domain}/{version:02X}/{block}"


def _key(card: Card, cell: str, missing: int = 0x6A88) -> Key:
    raw = card.memory.get(cell)
    if not isinstance(raw, bytes):
        raise Refusal(missing)
    return Key(raw[0], raw[1], raw[2:])


def _terminal(card: Card) -> None:
    if not card.blueprint.terminal:
        raise Refusal(0x6D00)


def _derived(key: Key, factors: bytes) -> bytes:
    parts = [factors[place : place + 8] for place in range(0, len(factors), 8)]
    return reduce(lambda value, factor: cryptogram.diversify(value, factor, key.block), reversed(parts), key.value)


def _keep(card: Card, algorithm: int, value: bytes) -> Answer:
    return with_session(card, replace(card.session, derived=bytes((algorithm,)) + value)), DONE


@handles(0xDE, 0xB0)
def derive_session(card: Card, instruction: Instruction) -> Answer:
    """BFDE usage id: factors and a challenge in; the process key of that card and moment waits for 80FA."""
    _terminal(card)
    levels, data = instruction.p1 >> 5, instruction.data
    key = _key(card, key_cell(instruction.p1, instruction.p2))
    if len(data) != 8 * (levels + 1):
        raise Refusal(0x6700)
    own = _derived(key, data[:-8])
    return _keep(card, key.algorithm, cryptogram.process_key(own, data[-8:], key.block))


@handles(0x1A, 0x80)
def derive(card: Card, instruction: Instruction) -> Answer:
    """801A usage id (CJ/T): factors in; the card's own key waits for 80FA."""
    _terminal(card)
    levels, data = instruction.p1 >> 5, instruction.data
    key = _key(card, key_cell(instruction.p1, instruction.p2))
    if len(data) != 8 * levels:
        raise Refusal(0x6700)
    return _keep(card, key.algorithm, _derived(key, data))


@handles(0xFA, 0x80)
def compute(card: Card, instruction: Instruction) -> Answer:
    """80FA: P1 00 encrypts whole blocks; P1 05 takes an initial vector and whole blocks, and gives the chain's last."""
    _terminal(card)
    held = card.session.derived
    if not held:
        raise Refusal(0x6985)
    key = Key(held[0], 0, held[1:])
    size, data = key.block.size, instruction.data
    if instruction.p2 or instruction.p1 not in (0x00, 0x05):
        raise Refusal(0x6A86)
    if size == 16 and len(data) == 8 and not instruction.p1:
        # Source data of EXTERNAL AUTHENTICATE as 3DES terminals send it; the card compares the first eight bytes.
        return say(card, instruction, cryptogram.encrypt(key.value, data + cryptogram.complement(data), key.block)[:8])
    if not data or len(data) % size or (instruction.p1 and len(data) < 2 * size):
        raise Refusal(0x6700)
    if instruction.p1:
        return say(card, instruction, cryptogram.chain(key.value, data[size:], key.block, data[:size]))
    return say(card, instruction, cryptogram.encrypt(key.value, data, key.block))


class Order(NamedTuple):
    """What a terminal asks its PSAM to authorise (8070)."""

    random: bytes
    sequence: bytes
    amounts: bytes
    kind: bytes
    moment: bytes
    version: int
    algorithm: int
    factors: bytes
    terminal_sequence: bytes


@handles(0x70, 0x80)
def init_purchase(card: Card, instruction: Instruction) -> Answer:
    """8070: the card's INIT answer and the bill in; terminal sequence and MAC1 out. A sequence is given once."""
    _terminal(card)
    asked = order(instruction)
    domain = MEDICAL if instruction.p1 else TRANSIT
    block = Block.SM4 if asked.algorithm in (0x03, 0x04) else Block.TRIPLE_DES
    key = _key(card, purchase_cell(domain, asked.version, block), missing=0x9403)
    counter = card.memory[SEQUENCE]
    assert isinstance(counter, int)
    sequence = asked.terminal_sequence or counter.to_bytes(4)
    factors = asked.factors
    if domain == MEDICAL and len(factors) == 8:
        factors += _city(card)
    session = cryptogram.session_key(_derived(key, factors), asked.random, asked.sequence, sequence[2:], block)
    terminal = card.memory["MF/0016"]
    assert isinstance(terminal, bytes)
    mac1 = cryptogram.mac(session, asked.amounts + asked.kind + terminal + asked.moment, block)
    payment = Payment(asked.kind[0], channel(card, instruction).directory, CREDIT, session, block, asked.amounts, terminal, 0)
    after = (counter + 1) & 0xFFFFFFFF
    changes: dict[str, Value] = {SEQUENCE: after, **dict.fromkeys(sequence_cells(card), after.to_bytes(4))}
    card = commit(with_session(card, replace(card.session, payment=payment)), changes)
    return say(card, instruction, sequence + mac1)


def order(instruction: Instruction) -> Order:
    """The fields of 8070, cut one after another; 6700 where they do not fill the data."""
    if instruction.p1 > 1 or instruction.p2 > 1:
        raise Refusal(0x6A86)
    sizes = (4, 2, 12 if instruction.p1 else 4, 1, 7, 1, 1)
    data = instruction.data
    tail = 4 if instruction.p2 else 0
    factors = len(data) - sum(sizes) - tail
    if factors not in (8, 16, 24):
        raise Refusal(0x6700)
    parts, offset = [], 0
    for size in (*sizes, factors, tail):
        parts.append(data[offset : offset + size])
        offset += size
    random, sequence, amounts, kind, moment, version, algorithm, own, terminal = parts
    return Order(random, sequence, amounts, kind, moment, version[0], algorithm[0], own, terminal)


def _city(card: Card) -> bytes:
    held = card.memory[CITY]
    assert isinstance(held, bytes)
    return held


def sequence_cells(card: Card) -> list[str]:
    """The files 0019 in which terminals read the sequence."""
    return [cell for cell in card.memory if cell.endswith("/0019")]


@handles(0x72, 0x80)
def credit(card: Card, instruction: Instruction) -> Answer:
    """8072: the card's MAC2 in; 9302 where it is wrong. It is asked once a purchase."""
    _terminal(card)
    payment = card.session.payment
    if payment is None or payment.second != CREDIT:
        raise Refusal(0x6901)
    if instruction.p1 or instruction.p2:
        raise Refusal(0x6A86)
    if len(instruction.data) != 4:
        raise Refusal(0x6700)
    card = with_session(card, replace(card.session, payment=None))
    if not compare_digest(cryptogram.mac(payment.session, payment.amount, payment.block), instruction.data):
        raise Refusal(0x9302, card)
    return card, DONE
