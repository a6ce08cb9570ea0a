"""A remote HSM as a partner of scripts: the provincial hosts' messages, answered from keys at addresses.

B0A5 and B0A6 encrypt under the process key of a card and a moment, B080 makes a MAC with it. The HSM holds the
province's keys; a message brings the factors below, city first, and the random number. It answers 41, eight zeros,
a length and the bytes; what it will not do it answers with 45 and one byte that says why (this project's numbers).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cardstack.card.keys import Factors, derive
from cardstack.card.profile import Profile
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block

ENCRYPT: Final = (b"\xb0\xa5", b"\xb0\xa6")
MAC: Final = b"\xb0\x80"
HEXADECIMAL: Final = frozenset(b"0123456789ABCDEFabcdef")
HEAD: Final = 2 + 8 + 1 + 2 + 1
"""Message, eight zeros, 01, address, number of levels."""


class Fault(IntEnum):
    """Why the HSM did not answer with bytes."""

    MESSAGE = 1
    LENGTH = 2
    NO_KEY = 3


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True, repr=False)
class Hsm:
    """Keys by address; called with a message it gives the answer."""

    keys: Mapping[int, tuple[Block, bytes]]

    def __call__(self, message: bytes) -> bytes:
        if message[:2] == b"B0" and not len(message) % 2 and set(message) <= HEXADECIMAL:
            # Some hosts speak in hexadecimal text; they are answered in it.
            return self(bytes.fromhex(message.decode("ascii"))).hex().upper().encode("ascii")
        try:
            result = self._result(message)
        except _Refused as refused:
            return b"E" + bytes(8) + bytes((1, refused.fault))
        return b"A" + bytes(8) + bytes((len(result),)) + result

    def _result(self, message: bytes) -> bytes:
        if message[:2] not in (*ENCRYPT, MAC):
            raise _Refused(Fault.MESSAGE)
        levels = message[HEAD - 1] if len(message) >= HEAD else 0
        rest = message[HEAD:]
        if not 1 <= levels <= 3 or len(rest) < 8 * levels + 1 + 8 or message[10] != 1:
            raise _Refused(Fault.LENGTH)
        found = self.keys.get(int.from_bytes(message[11:13]))
        if found is None:
            raise _Refused(Fault.NO_KEY)
        block, key = found
        factors = [rest[place : place + 8] for place in range(0, 8 * levels, 8)]
        random, body = rest[8 * levels + 1 : 8 * levels + 9], rest[8 * levels + 9 :]
        process = cryptogram.process_key(derive(key, factors, block), random, block)
        return _encrypted(process, block, body) if message[:2] in ENCRYPT else _chained(process, block, body)


def _encrypted(key: bytes, block: Block, body: bytes) -> bytes:
    data = body[1:]
    if not body or body[0] != len(data) or not data or len(data) % block.size:
        raise _Refused(Fault.LENGTH)
    return cryptogram.encrypt(key, data, block)


def _chained(key: bytes, block: Block, body: bytes) -> bytes:
    vector, size, data = body[: block.size], body[block.size : block.size + 2], body[block.size + 2 :]
    if int.from_bytes(size) != len(data) or not data or len(data) % block.size:
        raise _Refused(Fault.LENGTH)
    return cryptogram.chain(key, data, block, vector)


def hsm(profiles: Iterable[Profile], *, master: Callable[[str], bytes], province: str) -> Hsm:
    """The HSM of a province (two digits) with every key that these profiles place at an address."""
    above = Factors(province + "0000", bytes(8)).chain(3)[:1]
    keys = {
        key.hsm + key.version - 1: (key.algorithm, derive(master(key.name), above, key.algorithm))
        for profile in profiles
        for application in profile.applications
        for key in application.keys
        if key.hsm is not None
    }
    return Hsm(keys)
