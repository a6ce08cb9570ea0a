"""The certificate application of generation 3: SM2 keys that sign and open on the card, PINs proved by challenge.

The commands are those of the recorded middleware (id 46244496087): 80C4 hashes, 0020 01 takes a PIN as a challenge
enciphered under its hash, 804E opens an envelope with the signature key, 804A keeps the SM4 key that was in it, 80C2
brings the encryption key pair, 845E changes a PIN. Signing is ISO/IEC 7816-8's PERFORM SECURITY OPERATION. libcrypto
draws a signature's nonce, so this one answer is not a function of the card alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Final

from cardstack import tlv
from cardstack.card.certifying import ADMINISTRATOR, ENCRYPTION_PAIR, ENCRYPTION_PUBLIC, SIGNATURE_PAIR, USER
from cardstack.card.issuing import public_point
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed
from cardstack.tlv import Tlv
from emulator.blueprint import Directory, PinPlace
from emulator.card import DONE, channel, say
from emulator.handlers import secure
from emulator.instruction import Answer, Instruction, Refusal, handles
from emulator.security import Key, attempt, disproved, proved, take_challenge
from emulator.state import Card, commit, with_session

DATA, FILE, FILE_PUBLIC, POINT, NUMBER = 0xC1, 0xC2, 0xC0, 0xCA, 0xCB
"""The data objects of these commands."""
SM4: Final = 0x04


def public_object(number: bytes) -> bytes:
    """The public half of a private number as cards keep it: CA 40, X and Y."""
    return Tlv(POINT, public_point(number)).encode()


def _application(card: Card, instruction: Instruction) -> Directory:
    directory = channel(card, instruction).directory
    if not directory.pairs:
        raise Refusal(0x6985)
    return directory


def _objects(data: bytes) -> Mapping[int, bytes]:
    """The data objects of a command; 6A80 where they are none."""
    try:
        return {one.tag: one.value for one in tlv.parse(data)}
    except Malformed:
        raise Refusal(0x6A80) from None


def _needs(card: Card, instruction: Instruction, *names: str) -> None:
    if not set(names) & channel(card, instruction).names:
        raise Refusal(0x6982)


def _pin(card: Card, instruction: Instruction) -> PinPlace:
    directory = channel(card, instruction).directory
    if instruction.p2 not in (USER, ADMINISTRATOR):
        raise Refusal(0x6A86)
    place = directory.pin if instruction.p2 == USER else directory.admin
    if place is None:
        raise Refusal(0x6A88)
    return place


def _pin_key(card: Card, place: PinPlace) -> bytes:
    """The key that a PIN makes: the first half of its SM3 hash."""
    value = card.memory[place.cell]
    assert isinstance(value, bytes)
    return digest("sm3", value)[:16]


@handles(0xC4, 0x80)
def hash_data(card: Card, instruction: Instruction) -> Answer:
    """80C4 01 03: the SM3 hash of what stands in C1."""
    _application(card, instruction)
    if (instruction.p1, instruction.p2) != (0x01, 0x03):
        raise Refusal(0x6A86)
    data = _objects(instruction.data).get(DATA)
    if data is None:
        raise Refusal(0x6A80)
    return card, digest("sm3", data) + DONE


def verify_by_challenge(card: Card, instruction: Instruction) -> Answer:
    """0020 01: the last challenge (16 bytes) enciphered under the PIN's key; the PIN itself is not sent."""
    place = _pin(card, instruction)
    if len(instruction.data) != 16:
        raise Refusal(0x6700)
    challenge, _, card = take_challenge(card)
    if len(challenge) != 16:
        raise Refusal(0x6984, card)
    expected = cryptogram.encrypt(_pin_key(card, place), challenge, Block.SM4)
    without = disproved(card, instruction.channel, place.name)
    card = attempt(without, place, lambda: compare_digest(expected, instruction.data))
    return proved(card, instruction.channel, place.name, place.home), DONE


def change_enciphered(card: Card, instruction: Instruction) -> Answer:
    """845E 01: the new PIN enciphered under the old one's key, with a MAC that begins at the challenge."""
    place = _pin(card, instruction)
    if instruction.p1 != 0x01:
        raise Refusal(0x6A86)
    if len(instruction.data) != 20:
        raise Refusal(0x6700)
    by = secure.sealed_by(card, Key(SM4, 0, _pin_key(card, place)))
    body, mac = instruction.data[:-4], instruction.data[-4:]
    expected = by.mac(instruction.header + bytes((len(instruction.data),)) + body)
    card = with_session(card, replace(card.session, challenge=b"", earlier=b""))
    card = attempt(disproved(card, instruction.channel, place.name), place, lambda: compare_digest(expected, mac))
    try:
        pin = cryptogram.pin_of_block(cryptogram.decrypt(by.cipher, body, Block.SM4))
    except Malformed:
        raise Refusal(0x6A80, card) from None
    shortest, longest = place.lengths
    if not shortest <= len(pin) <= longest:
        raise Refusal(0x6700, card)
    return commit(card, {place.cell: pin}), DONE


@handles(0x2A, 0x00)
def sign(card: Card, instruction: Instruction) -> Answer:
    """PERFORM SECURITY OPERATION 9E 9A: the SM2 signature (r and s, 64 bytes) over a message, with the holder's PIN."""
    directory = _application(card, instruction)
    if (instruction.p1, instruction.p2) != (0x9E, 0x9A):
        raise Refusal(0x6A86)
    _needs(card, instruction, "PIN")
    if not instruction.data:
        raise Refusal(0x6700)
    signature = _pair(card, directory, SIGNATURE_PAIR).sign(instruction.data)
    numbers = tlv.parse(tlv.parse(signature)[0].value)
    return say(card, instruction, b"".join(int.from_bytes(one.value).to_bytes(32) for one in numbers))


def _pair(card: Card, directory: Directory, fid: int) -> Sm2Signer:
    number = card.memory.get(f"{directory.pairs}/{fid:04X}")
    if not isinstance(number, bytes):
        raise Refusal(0x6A88)
    return Sm2Signer.from_number(number)


@handles(0x4E, 0x80)
def open_envelope(card: Card, instruction: Instruction) -> Answer:
    """804E 00 01: the SM4 key in an envelope to the signature key (C2 its file, C1 X, Y, hash and ciphertext)."""
    directory = _application(card, instruction)
    if (instruction.p1, instruction.p2) != (0x00, 0x01):
        raise Refusal(0x6A86)
    _needs(card, instruction, "PIN", "MPIN")
    objects = _objects(instruction.data)
    envelope, file = objects.get(DATA, b""), objects.get(FILE, b"")
    if len(file) != 2 or len(envelope) < 97:
        raise Refusal(0x6A80)
    pair = _pair(card, directory, int.from_bytes(file))
    x, y, check, sealed = envelope[:32], envelope[32:64], envelope[64:96], envelope[96:]
    parts = (Tlv(0x02, _positive(x)), Tlv(0x02, _positive(y)), Tlv(0x04, check), Tlv(0x04, sealed))
    try:
        return say(card, instruction, pair.decrypt(Tlv(0x30, tlv.encode(parts)).encode()))
    except Malformed:
        raise Refusal(0x6A80) from None


def _positive(number: bytes) -> bytes:
    """The content of a DER INTEGER."""
    plain = number.lstrip(b"\0") or b"\0"
    return b"\0" + plain if plain[0] & 0x80 else plain


@handles(0x4A, 0x80)
def take_session_key(card: Card, instruction: Instruction) -> Answer:
    """804A 02 10: an SM4 key (C1) for the rest of the session."""
    _application(card, instruction)
    if (instruction.p1, instruction.p2) != (0x02, 0x10):
        raise Refusal(0x6A86)
    _needs(card, instruction, "PIN", "MPIN")
    key = _objects(instruction.data).get(DATA, b"")
    if len(key) != 16:
        raise Refusal(0x6A80)
    return with_session(card, replace(card.session, derived=bytes((SM4,)) + key)), DONE


@handles(0xC2, 0x80)
def take_pair(card: Card, instruction: Instruction) -> Answer:
    """80C2: P1 40 the encryption key's public half (C0 file, CA point), P1 C0 its private number under the session key."""
    directory = _application(card, instruction)
    _needs(card, instruction, "PIN", "MPIN")
    objects = _objects(instruction.data)
    if (instruction.p1, instruction.p2) == (0x40, 0x00):
        point, file = objects.get(POINT, b""), objects.get(FILE_PUBLIC, b"")
        place = directory.files.get(int.from_bytes(file))
        if len(point) != 64 or place is None or place.fid != ENCRYPTION_PUBLIC:
            raise Refusal(0x6A80)
        return commit(card, {place.cell: Tlv(POINT, point).encode()}), DONE
    if (instruction.p1, instruction.p2) != (0xC0, 0x01):
        raise Refusal(0x6A86)
    sealed, key = objects.get(NUMBER, b""), card.session.derived
    if len(sealed) != 32 or int.from_bytes(objects.get(FILE, b"")) != ENCRYPTION_PAIR:
        raise Refusal(0x6A80)
    if not key:
        raise Refusal(0x6985)
    number = cryptogram.decrypt(key[1:], sealed, Block.SM4)
    return commit(card, {f"{directory.pairs}/{ENCRYPTION_PAIR:04X}": number}), DONE
