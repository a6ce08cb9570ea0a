"""Issuing a blank card: its keys in the clear, its files, its PINs and key pair, and the end of personalisation.

The keys come from a port. Masters at hand are one (for tests, and for hosts that keep keys themselves), the issuer's HSM
another. A PSAM is none: its commands (BFDE, 801A, 80FA) derive a key and use it, and none gives one out. The messages of the
provincial HSMs that are public do not either, so B0E0 below is this project's own: an HSM in use needs its maker's equivalent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Protocol

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.certifying import certify
from cardstack.card.issuing import Personalisation
from cardstack.card.keys import Key, Usage, derive
from cardstack.card.maintaining import USES, Control
from cardstack.card.profile import Application
from cardstack.card.proving import NOT_HELD, PIN_WRONG, HsmKeys, KeySource, change_pin, reload_pin, verify_pin
from cardstack.card.writing import enter, write
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, Untrusted
from cardstack.text import Text

EXPORT: Final = bytes.fromhex("B0E0")
"""The message that asks an HSM for a card's key (this project's definition)."""
TRANSPORT_PIN: Final = "000000"
"""The PIN with which a chip maker delivers an application whose PIN no key reloads (this project's choice)."""
ALGORITHMS: Final = {Block.TRIPLE_DES: 0x00, Block.SM4: 0x04}
"""The algorithm byte of a key on the card: 00 for 3DES, 04 for SM4 (transit card library TYCPUCard)."""
ENCIPHER, SEAL = b"encipher", b"sealing "
"""What a transport key is diversified by for its two uses."""

Place = tuple[str, Usage, int]
"""An application's name, a key's usage and its identifier."""


class KeyPort(Protocol):
    """Where the values of a card's keys come from when they are written."""

    def value(self, order: Personalisation, application: Application, key: Key) -> Script[bytes]:
        """The 16 bytes of one key of the card."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Masters:
    """Master keys at hand, by name."""

    master: Callable[[str], bytes]

    def value(self, order: Personalisation, application: Application, key: Key) -> Script[bytes]:
        """The master taken down by what the application says."""
        yield from ()
        return derive(self.master(key.name), order.chain(application), key.algorithm)


@dataclass(frozen=True, slots=True, repr=False)
class HsmPort:
    """The issuer's HSM gives a key out under the transport key that it shares with the issuing station (16 bytes, SM4)."""

    transport: bytes
    partner: str = "hsm"

    def value(self, order: Personalisation, application: Application, key: Key) -> Script[bytes]:
        """B0E0: key by name and factors in; the key enciphered and sealed for exactly this message out."""
        message = export_message(order, application, key)
        answer = yield from HsmKeys(self.partner).say(message)
        return unsealed(self.transport, message, answer)


def export_message(order: Personalisation, application: Application, key: Key) -> bytes:
    """B0E0, eight zeros, 01, length and name (`application key`), number of levels, factors from the HSM's key downwards.

    The HSM holds the province's keys of social security applications, and the masters of those that go by file 15.
    """
    name = f"{application.name} {key.name}".encode("ascii")
    chain = order.chain(application)[-2:]
    return EXPORT + bytes(8) + b"\x01" + bytes((len(name),)) + name + bytes((len(chain),)) + b"".join(chain)


def sealed(transport: bytes, message: bytes, value: bytes) -> bytes:
    """A key as an HSM gives it out: enciphered, then four bytes of MAC over the message and it."""
    enciphered = cryptogram.encrypt(cryptogram.diversify(transport, ENCIPHER, Block.SM4), value, Block.SM4)
    return enciphered + _seal(transport, message + enciphered)


def unsealed(transport: bytes, message: bytes, answer: bytes) -> bytes:
    """The key of an HSM's answer; `Untrusted` where it is not one to this message."""
    enciphered, mac = answer[:16], answer[16:]
    if len(answer) != 20 or not compare_digest(_seal(transport, message + enciphered), mac):
        raise Untrusted(
            Text("the HSM's key is not sealed under the transport key", "加密机密钥未用传输密钥保护"), NOT_HELD, key="the key"
        )
    return cryptogram.decrypt(cryptogram.diversify(transport, ENCIPHER, Block.SM4), enciphered, Block.SM4)


def _seal(transport: bytes, data: bytes) -> bytes:
    return cryptogram.mac(cryptogram.diversify(transport, SEAL, Block.SM4), data, Block.SM4)


def issue(order: Personalisation, port: KeyPort, keys: KeySource) -> Script[int]:
    """A blank card becomes the card of an order; how many keys and contents were written.

    Begun again after a stop it ends in the same card, until `activate` has ended personalisation.
    """
    values = yield from inject(order, port)
    sealing = {place: Control(value, block) for place, (block, value) in values.items() if place[1] is Usage.MAINTENANCE}
    written = yield from write(order, keys, sealing)
    yield from set_pins(order, keys)
    for application in order.profile.applications:
        if application.admin is not None:
            yield from enter(order.profile, application.name)
            written += yield from certify(order, application)
    yield from activate()
    return len(values) + written


def is_issued(order: Personalisation) -> Script[bool]:
    """Whether personalisation has ended: PUT KEY without data is then refused (6982), and before that only too short."""
    for application in order.profile.applications:
        if application.keys:
            yield from enter(order.profile, application.name)
            return (yield from ask(Command(0x80, 0xD4, 0x01, application.keys[0].kid))).sw == 0x6982
    return False


def inject(order: Personalisation, port: KeyPort) -> Script[Mapping[Place, tuple[Block, bytes]]]:
    """PUT KEY (80D4) in the clear for every declared key of a card that is not issued; what was written."""
    values: dict[Place, tuple[Block, bytes]] = {}
    for application in order.profile.applications:
        if application.keys:
            yield from enter(order.profile, application.name)
        for key in application.keys:
            value = yield from port.value(order, application, key)
            if len(value) != 16:
                raise Malformed(
                    Text(f"a key has 16 bytes, got {len(value)}", f"密钥应为 16 字节，实为 {len(value)} 字节"), field=key.name
                )
            head = bytes((USES.index(key.usage), key.version, ALGORITHMS[key.algorithm]))
            (yield from ask(Command(0x80, 0xD4, 0x01, key.kid, head + value))).require()
            values[application.name, key.usage, key.kid] = key.algorithm, value
    return values


def set_pins(order: Personalisation, keys: KeySource) -> Script[None]:
    """The initial PIN of every application: reloaded under PUK and STK where it has them, else changed from the transport PIN."""
    for application in order.profile.applications:
        if application.pin is None:
            continue
        yield from enter(order.profile, application.name)
        puk = application.key_named("PUK")
        stk = next((key for key in application.keys if key.usage is Usage.RELOAD), None)
        pin = order.pin or application.pin.initial
        if puk is not None and stk is not None:
            yield from reload_pin(puk, stk, order.factors, keys, pin)
        else:
            yield from _change_once(pin)


def _change_once(pin: str) -> Script[None]:
    """The transport PIN becomes this one; one that was changed before a stop only has its tries given back."""
    try:
        yield from change_pin(TRANSPORT_PIN, pin)
    except Refused as refused:
        if refused.problem is not PIN_WRONG:
            raise
        yield from verify_pin(pin)


def activate() -> Script[None]:
    """ACTIVATE FILE at the master file (ISO/IEC 7816-9 §11.3.9): from now on keys are written under MAC alone.

    That this command ends personalisation is this project's choice; card makers have their own.
    """
    yield from ask(commands.select_file(0x3F00))
    (yield from ask(Command(0x00, 0x44))).require()
