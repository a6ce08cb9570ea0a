"""TACs of many records at once: one keyed context a card, the chains of all its records side by side.

Equal to `Tap.tac_under` record by record; a property test holds them equal.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block

TAC_SIZE: Final = 4


def card_keys(issuer_key: bytes, serials: Sequence[bytes], block: Block) -> list[bytes]:
    """The TAC keys of cards by the last eight bytes of their serial numbers: all in one pass of the issuer's key."""
    raw = b"".join(serials)
    other = (int.from_bytes(raw) ^ (1 << 8 * len(raw)) - 1).to_bytes(len(raw)) if raw else b""
    pieces = [raw[n : n + 8] + other[n : n + 8] for n in range(0, len(raw), 8)]
    keys = cryptogram.encrypt(issuer_key, b"".join(pieces), block)
    return [keys[n : n + 16] for n in range(0, len(keys), 16)]


def tacs(issuer_key: bytes, serials: Sequence[bytes], messages: Sequence[bytes], block: Block) -> list[bytes]:
    """The TACs of records by one issuer's cards: the serial's last eight bytes and the 22 bytes covered, each."""
    cards: dict[bytes, list[int]] = defaultdict(list)
    for place, serial in enumerate(serials):
        cards[serial].append(place)
    answer: list[bytes] = [b""] * len(messages)
    for key, places in zip(card_keys(issuer_key, list(cards), block), cards.values(), strict=True):
        for place, tac in zip(places, _chains(key, [messages[place] for place in places], block), strict=True):
            answer[place] = tac
    return answer


def _chains(key: bytes, messages: Sequence[bytes], block: Block) -> list[bytes]:
    """CBC-MACs of equally long messages under one card's TAC key: each step of all the chains in one call."""
    size = block.size
    update = Cipher(_folded(key, block), modes.ECB()).encryptor().update  # noqa: S305  # the chain is made here, a step a call
    padded = [cryptogram.pad(message, size) for message in messages]
    if len(padded) == 1:
        return [_single(update, padded[0], size)]
    state = bytes(size * len(padded))
    for start in range(0, len(padded[0]), size):
        step = b"".join(message[start : start + size] for message in padded)
        state = update((int.from_bytes(state) ^ int.from_bytes(step)).to_bytes(len(step)))
    return [state[n : n + TAC_SIZE] for n in range(0, len(state), size)]


def _single(update: Callable[[bytes], bytes], padded: bytes, size: int) -> bytes:
    state = 0
    out = b""
    for start in range(0, len(padded), size):
        out = update((state ^ int.from_bytes(padded[start : start + size])).to_bytes(size))
        state = int.from_bytes(out)
    return out[:TAC_SIZE]


def _folded(key: bytes, block: Block) -> TripleDES | SM4:
    """The key of the chain: with 3DES the halves of the TAC key, one xored on the other, as single DES."""
    if block is Block.SM4:
        return SM4(key)
    return TripleDES((int.from_bytes(key[:8]) ^ int.from_bytes(key[8:16])).to_bytes(8) * 3)
