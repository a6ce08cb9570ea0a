"""The certificate application at issue: the administrator's PIN, and the encryption key pair that the key centre made.

The holder's signature key pair is drawn in the chip and never leaves it; the encryption pair is made outside, so that a lost
card loses no documents, and comes in under an envelope to the signature key. The commands are those of the recorded issuing
middleware (id 46244496087).
"""

from typing import Final

from cardstack import tlv
from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.issuing import Personalisation, public_point
from cardstack.card.profile import Application
from cardstack.card.proving import accepted, get_challenge, pin_bytes
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.sm2 import Sm2Public
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.text import Text
from cardstack.tlv import Tlv

TRANSPORT_PIN: Final = "00000000"
"""The administrator's PIN with which a chip maker delivers the application (this project's choice)."""
USER, ADMINISTRATOR = 0x81, 0x00
"""P2 of a PIN proved by challenge."""
SIGNATURE_PUBLIC, SIGNATURE_PAIR, ENCRYPTION_PUBLIC, ENCRYPTION_PAIR = 0x0012, 0x0013, 0x0014, 0x0015
NOT_OPENED = problem(
    "CS-1506",
    Text("The card opened the envelope and found another key in it", "卡片解开信封后得到的密钥不一致"),
    Text(
        "Put the card aside: its signature key is not the one of file 0012.",
        "请将该卡作废处理：其签名私钥与 0012 文件中的公钥不符。",
    ),
)


def certify(order: Personalisation, application: Application) -> Script[int]:
    """The administrator's PIN and, where the order brings one, the encryption pair; how many commands wrote.

    The application is selected. Begun again after a stop it ends in the same card.
    """
    if application.admin is None:
        return 0
    pin = order.admin or application.admin.initial
    yield from set_administrator(pin)
    if order.pairs is None or not application.signing:
        return 1
    number = order.pairs(order, application)
    yield from prove_pin(pin, ADMINISTRATOR)
    yield from bring_pair(number)
    return 3


def prove_pin(pin: str, reference: int) -> Script[None]:
    """0020 01: the challenge enciphered under the PIN's hash; the PIN is not sent."""
    challenge = yield from get_challenge(16)
    proof = cryptogram.encrypt(_pin_key(pin), challenge, Block.SM4)
    accepted((yield from ask(Command(0x00, 0x20, 0x01, reference, proof))))


def set_administrator(pin: str) -> Script[None]:
    """845E 01 00: the transport PIN becomes this one; a card that has it already only has its tries given back."""
    challenge = yield from get_challenge(16)
    key = _pin_key(TRANSPORT_PIN)
    body = cryptogram.encrypt(key, cryptogram.pin_block(pin_bytes(pin), 16), Block.SM4)
    header = bytes((0x84, 0x5E, 0x01, ADMINISTRATOR, len(body) + 4))
    seal = cryptogram.mac(key, header + body, Block.SM4, iv=challenge)
    answer = yield from ask(Command(0x84, 0x5E, 0x01, ADMINISTRATOR, body + seal))
    if answer.attempts_remaining:
        yield from prove_pin(pin, ADMINISTRATOR)
    else:
        accepted(answer)


def bring_pair(number: bytes) -> Script[None]:
    """A key pair by its private number: 804E opens the session key's envelope, 804A keeps it, 80C2 brings both halves."""
    (yield from ask(commands.select_file(SIGNATURE_PUBLIC))).require()
    public = Sm2Public.from_point(b"\x04" + _point((yield from ask(commands.read_binary(0, 66))).require()))
    session = digest("sm3", b"session" + number)[:16]
    envelope = [one.value for one in tlv.parse(tlv.parse(public.encrypt(session))[0].value)]
    halves = b"".join(int.from_bytes(half).to_bytes(32) for half in envelope[:2])
    file = Tlv(0xC2, SIGNATURE_PAIR.to_bytes(2)).encode()
    content = halves + envelope[2] + envelope[3]
    # The length takes three bytes here as recorded (C1 82 hi lo), whatever it is.
    sealed = Command(0x80, 0x4E, 0x00, 0x01, file + b"\xc1\x82" + len(content).to_bytes(2) + content, ne=256)
    if (yield from ask(sealed)).require() != session:
        raise Untrusted(Text("the answer is not the session key", "应答不是会话密钥"), NOT_OPENED)
    (yield from ask(Command(0x80, 0x4A, 0x02, 0x10, Tlv(0xC1, session).encode()))).require()
    halves = Tlv(0xC0, ENCRYPTION_PUBLIC.to_bytes(2)).encode() + Tlv(0xCA, public_point(number)).encode()
    (yield from ask(Command(0x80, 0xC2, 0x40, 0x00, halves))).require()
    secret = Tlv(0xCB, cryptogram.encrypt(session, number, Block.SM4)).encode()
    (yield from ask(Command(0x80, 0xC2, 0xC0, 0x01, Tlv(0xC2, ENCRYPTION_PAIR.to_bytes(2)).encode() + secret))).require()


def _pin_key(pin: str) -> bytes:
    return digest("sm3", pin_bytes(pin))[:16]


def _point(content: bytes) -> bytes:
    """X and Y of a public key file: CA 40, X, Y."""
    if content[:2] != b"\xca\x40" or len(content) != 66:
        raise Malformed(Text("the signature public key is CA 40, X and Y", "签名公钥应为 CA 40、X 和 Y"), field="file 0012")
    return content[2:]
