"""Secure messaging: PBOC's (four bytes of MAC at the end, the data enciphered or not) and what it is keyed with.

Two ways of binding a command to its moment are in use. With a challenge of 8 bytes the key of the command is derived
from it and the chain begins at 0 (social security cards); with one of 4 or 16 bytes the key stays and the challenge is
the initial vector (PBOC and transit cards, SM4 certificates). The length of the challenge tells which.
"""

from dataclasses import replace
from hmac import compare_digest
from typing import NamedTuple

from cardstack.card.keys import Usage
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from emulator.blueprint import Directory, KeyPlace
from emulator.card import channel, unwraps
from emulator.instruction import Answer, Instruction, Refusal
from emulator.security import Key, disproved, key_at, proved
from emulator.state import Card, with_session

OWN_MAC = {(0x80, 0x24), (0x80, 0x1E), (0x80, 0x16), (0x80, 0x18), (0x80, 0xD4), (0x80, 0x5E)}
"""Commands that know their own key and check their own MAC."""
GENERAL = (Usage.MAINTENANCE, Usage.RELOAD)
"""Whose keys protect all other commands."""


class Sealing(NamedTuple):
    """What one protected command is MACed and enciphered with."""

    value: bytes
    cipher: bytes
    iv: bytes
    block: Block

    def __repr__(self) -> str:
        return f"Sealing({self.block})"

    def mac(self, data: bytes) -> bytes:
        """The four bytes that end the command."""
        if (self.value == self.cipher and len(self.value) == 8) or self.block is Block.SM4:
            return cryptogram.mac(self.value, data, self.block, self.iv)
        return cryptogram.retail_mac(self.value, data, self.block, self.iv)[:4]


def place_of(directory: Directory, *usages: Usage) -> KeyPlace:
    """The first key of a use in the directory or above, the first use that has one; 6A88 where none has."""
    for usage in usages:
        node: Directory | None = directory
        while node is not None:
            for (kind, _), place in node.keys.items():
                if kind is usage:
                    return place
            node = node.parent
    raise Refusal(0x6A88)


def sealing(card: Card, directory: Directory, *usages: Usage) -> Sealing:
    """How commands are protected under the key of a use and the last challenge; 6984 without one."""
    return sealed_by(card, key_at(card, place_of(directory, *usages)))


def sealed_by(card: Card, key: Key) -> Sealing:
    """How commands are protected under a key and the last challenge; 6984 without one."""
    challenge = card.session.challenge
    if not challenge:
        raise Refusal(0x6984)
    if len(challenge) != 8:
        return Sealing(key.value, key.value, challenge.ljust(key.block.size, b"\0")[: key.block.size], key.block)
    derived = cryptogram.process_key(key.value, challenge[:8], key.block)
    return Sealing(derived, derived, bytes(key.block.size), key.block)


def checked(card: Card, instruction: Instruction, by: Sealing) -> tuple[bytes, Card]:
    """The data without its MAC, and the card with its challenge used; 6988 where the MAC is wrong."""
    body, mac = instruction.data[:-4], instruction.data[-4:]
    if len(mac) < 4:
        raise Refusal(0x6987)
    card = with_session(card, replace(card.session, challenge=b"", earlier=b""))
    if not compare_digest(by.mac(instruction.header + bytes((len(instruction.data),)) + body), mac):
        raise Refusal(0x6988, card)
    return body, card


def plain_data(by: Sealing, body: bytes) -> bytes:
    """Enciphered data in the clear: length, data, padding (PBOC 2.0 part 1 §7.3)."""
    try:
        clear = cryptogram.decrypt(by.cipher, body, by.block)
    except Malformed:
        raise Refusal(0x6988) from None
    if not clear or clear[0] >= len(clear):
        raise Refusal(0x6988)
    return clear[1 : 1 + clear[0]]


@unwraps
def unwrap(card: Card, instruction: Instruction) -> Answer:
    """A protected command: its MAC is taken off and checked, then it runs as if it had come in the clear.

    Class bits 4-3: 01 is a MAC, 10 and 11 a MAC over enciphered data. For this one command the maintenance key counts
    as proved; a directory that has none is served with the key that protects its PIN.
    """
    if (instruction.family, instruction.ins) in OWN_MAC:
        return instruction.handler(card, instruction)
    place = place_of(channel(card, instruction).directory, *GENERAL)
    by = sealing(card, place.home, *GENERAL)
    body, card = checked(card, instruction, by)
    data = plain_data(by, body) if instruction.cla & 0x08 else body
    inner = instruction.with_data(data)
    after, said = inner.handler(proved(card, instruction.channel, place.name, place.home), inner)
    return (after if place.name in channel(card, instruction).names else disproved(after, instruction.channel, place.name)), said
