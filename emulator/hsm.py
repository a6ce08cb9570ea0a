"""A remote HSM as a partner of scripts: the provincial hosts' messages, answered from keys at addresses.

B0A5 and B0A6 encrypt under the process key of a card and a moment, B080 makes a MAC with it. The HSM holds the
province's keys; a message brings the factors below, city first, and the random number. It answers 41, eight zeros,
a length and the bytes; what it will not do it answers with 45 and one byte that says why (this project's numbers).
B0E0 gives a card's key out under a transport key (this project's message, see `cardstack.card.injecting`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from cardstack.card.injecting import EXPORT, sealed
from cardstack.card.keys import Factors, derive
from cardstack.card.profile import Diversified, Profile
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
    named: Mapping[str, tuple[Block, bytes]] = field(default_factory=dict)
    """What it gives out for injection, by `application key`."""
    transport: bytes = b""
    """The key (SM4, 16 bytes) under which it does; without one it does not."""

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
        if message[:2] == EXPORT:
            return self._given_out(message)
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

    def _given_out(self, message: bytes) -> bytes:
        size = message[11] if len(message) > 11 else 0
        name, rest = message[12 : 12 + size], message[12 + size :]
        if not size or message[10] != 1 or not rest or rest[0] != 2 or len(rest) != 17:
            raise _Refused(Fault.LENGTH)
        found = self.named.get(name.decode("ascii", "replace"))
        if found is None or not self.transport:
            raise _Refused(Fault.NO_KEY)
        block, key = found
        return sealed(self.transport, message, derive(key, (rest[1:9], rest[9:]), block))


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


def hsm(profiles: Iterable[Profile], *, master: Callable[[str], bytes], province: str, transport: bytes = b"") -> Hsm:
    """The HSM of a province (two digits) with every key that these profiles place at an address.

    With a transport key also every key by name, to give out for injection.
    """
    above = Factors(province + "0000", bytes(8)).chain(3)[:1]
    kinds = tuple(profiles)
    keys = {
        key.hsm + key.version - 1: (key.algorithm, derive(master(key.name), above, key.algorithm))
        for profile in kinds
        for application in profile.applications
        for key in application.keys
        if key.hsm is not None
    }
    if not transport:
        return Hsm(keys)
    named = {
        f"{one.name} {key.name}": (
            key.algorithm,
            master(key.name) if one.diversified is Diversified.BY_SERIAL else derive(master(key.name), above, key.algorithm),
        )
        for profile in kinds
        for one in profile.applications
        for key in one.keys
    }
    return Hsm(keys, named, transport)
