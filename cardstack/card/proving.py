"""Who proves what to whom: the holder by PIN, the terminal and the card by keys.

A terminal has no key itself; it asks a key source: its PSAM, a remote HSM, or (for tests) master keys at hand.
Commands and message forms follow V2.0 and the recorded clients; the order of diversification factors is card,
city, province towards a PSAM, and city, card towards an HSM.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol

from cardstack import tlv
from cardstack.apdu import commands
from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import Script, To, ask
from cardstack.card.keys import Factors, Key, derive
from cardstack.crypto import cryptogram, suite
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, Untrusted, problem
from cardstack.text import Text
from cardstack.tlv import Tlv

if TYPE_CHECKING:
    from cardstack.ca.trust import Trusted

PIN_WRONG = problem(
    "CS-1210",
    Text("The PIN is wrong, {left} tries are left", "密码错误，还可尝试 {left} 次"),
    Text("Ask the holder to enter it again.", "请持卡人重新输入密码。"),
)
PIN_BLOCKED = problem(
    "CS-1211",
    Text("The PIN is blocked", "密码已锁定"),
    Text("Unblock it or set a new one at a service counter of the issuer.", "请到发卡机构服务网点解锁或重置密码。"),
)
KEY_WRONG = problem(
    "CS-1212",
    Text("The card refused the terminal's key {key}", "卡片拒绝终端密钥 {key}"),
    Text("Check that the key source holds the issuing province's keys.", "请确认密钥来源包含发卡地的密钥。"),
)
CARD_UNPROVEN = problem(
    "CS-1213",
    Text("The card could not prove itself", "卡片内部认证失败"),
    Text("Do not rely on the card; it may be a copy.", "请勿采信该卡，可能为伪卡。"),
)
NOT_HELD = problem(
    "CS-1214",
    Text("The key source does not hold {key}", "密钥来源中没有 {key}"),
    Text("Use a PSAM or HSM that holds it.", "请使用含有该密钥的 PSAM 卡或加密机。"),
)

SOURCE_DATA = bytes.fromhex("0102030405060708")
"""What clients encrypt in EXTERNAL AUTHENTICATE; any eight bytes will do."""
PSAM_AID = bytes.fromhex("D15600000590")


class KeySource(Protocol):
    """Where diversified keys work. Both methods use the process key that `challenge` makes of the card's key."""

    def cipher(self, key: Key, factors: Factors, challenge: bytes, blocks: bytes) -> Script[bytes]:
        """Whole blocks encrypted under the process key."""
        ...

    def mac(self, key: Key, factors: Factors, challenge: bytes, data: bytes) -> Script[bytes]:
        """The four-byte MAC of data under the process key, initial vector zero."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class LocalKeys:
    """Master keys at hand, by name. For tests and for hosts that keep keys themselves."""

    master: Callable[[str], bytes]

    def of_card(self, key: Key, factors: Factors) -> bytes:
        """The card's own key: the master diversified by province, city and card."""
        return derive(self.master(key.name), factors.chain(3), key.algorithm)

    def cipher(self, key: Key, factors: Factors, challenge: bytes, blocks: bytes) -> Script[bytes]:
        yield from ()
        return cryptogram.encrypt(self._process(key, factors, challenge), blocks, key.algorithm)

    def mac(self, key: Key, factors: Factors, challenge: bytes, data: bytes) -> Script[bytes]:
        yield from ()
        return cryptogram.mac(self._process(key, factors, challenge), data, key.algorithm)

    def _process(self, key: Key, factors: Factors, challenge: bytes) -> bytes:
        return cryptogram.process_key(self.of_card(key, factors), challenge, key.algorithm)


@dataclass(frozen=True, slots=True)
class PsamKeys:
    """The terminal's PSAM: BFDE derives, 80FA encrypts or makes a MAC."""

    partner: str = "psam"

    def cipher(self, key: Key, factors: Factors, challenge: bytes, blocks: bytes) -> Script[bytes]:
        yield from self._derive(key, factors, challenge)
        return (yield from ask(Command(0x80, 0xFA, 0, 0, blocks), self.partner)).require()

    def mac(self, key: Key, factors: Factors, challenge: bytes, data: bytes) -> Script[bytes]:
        yield from self._derive(key, factors, challenge)
        size = key.algorithm.size
        chain = Command(0x80, 0xFA, 5, 0, bytes(size) + cryptogram.pad(data, size))
        return (yield from ask(chain, self.partner)).require()[:4]

    def _derive(self, key: Key, factors: Factors, challenge: bytes) -> Script[None]:
        if key.psam is None:
            raise Refused(problem=NOT_HELD, key=key.name)
        usage, identifier = key.psam
        # The three upper bits of the usage byte say how many levels below the PSAM's key the card's lies.
        chain = b"".join(reversed(factors.chain(usage >> 5)))
        (yield from ask(commands.select_aid(PSAM_AID), self.partner)).require()
        (yield from ask(Command(0xBF, 0xDE, usage, identifier, chain + challenge), self.partner)).require()


@dataclass(frozen=True, slots=True)
class HsmKeys:
    """A remote HSM with the message forms of the provincial hosts: B0A5 encrypts, B080 makes a MAC."""

    partner: str = "hsm"

    def cipher(self, key: Key, factors: Factors, challenge: bytes, blocks: bytes) -> Script[bytes]:
        head = self._head(0xB0A5, key, factors, challenge)
        return (yield from self.say(head + bytes((len(blocks),)) + blocks))

    def mac(self, key: Key, factors: Factors, challenge: bytes, data: bytes) -> Script[bytes]:
        size = key.algorithm.size
        padded = cryptogram.pad(data, size)
        head = self._head(0xB080, key, factors, challenge)
        return (yield from self.say(head + bytes(size) + len(padded).to_bytes(2) + padded))[:4]

    def _head(self, message: int, key: Key, factors: Factors, challenge: bytes) -> bytes:
        if key.hsm is None:
            raise Refused(problem=NOT_HELD, key=key.name)
        chain = factors.chain(2)
        address = key.hsm + key.version - 1
        return (
            message.to_bytes(2)
            + bytes(8)
            + b"\x01"
            + address.to_bytes(2)
            + bytes((len(chain),))
            + b"".join(chain)
            + b"\0"
            + challenge
        )

    def say(self, message: bytes) -> Script[bytes]:
        """The bytes of the HSM's answer to a message."""
        answer = (yield To(self.partner, message)).data
        size = int.from_bytes(answer[9:10])
        if answer[:1] != b"A" or len(answer) != 10 + size:
            raise Untrusted(
                Text(
                    "the HSM refused, or its answer is not 41, eight zeros, length and bytes",
                    "加密机拒绝，或其应答不是 41、八个零、长度和数据",
                ),
                NOT_HELD,
                key="the key",
            )
        return answer[10:]


def pin_bytes(pin: str) -> bytes:
    """A PIN as the card takes it: BCD, an odd last digit padded with F.

    >>> pin_bytes("123456").hex(), pin_bytes("12345").hex()
    ('123456', '12345f')
    """
    if not 4 <= len(pin) <= 16 or not (pin.isascii() and pin.isdigit()):
        raise Malformed(Text("a PIN has 4 to 16 digits", "PIN 应为 4 至 16 位数字"), field="PIN")
    return bytes.fromhex(pin + "F" * (len(pin) % 2))


def verify_pin(pin: str) -> Script[None]:
    """VERIFY; a wrong PIN is `Refused` with the tries that are left."""
    accepted((yield from ask(commands.verify(pin_bytes(pin)))))


def verify_at_pad(shortest: int, longest: int) -> Script[None]:
    """VERIFY with a PIN typed on the reader's own keys: the partner `pad` is told how many digits and answers as the card did."""
    said = yield To("pad", bytes((shortest, longest)))
    accepted(Response.parse(said.data))


def verify_pin_by_challenge(pin: str, reference: int = 0x81) -> Script[None]:
    """The PIN of the certificate application without sending it: a challenge under the first half of its SM3 hash.

    `reference` is 81 for the holder's PIN and 00 for the administrator's.
    """
    challenge = yield from get_challenge(16)
    key = suite.digest("sm3", pin_bytes(pin))[:16]
    answer = cryptogram.encrypt(key, challenge, Block.SM4)
    accepted((yield from ask(Command(0x00, 0x20, 0x01, reference, answer))))


def change_pin(old: str, new: str) -> Script[None]:
    """CHANGE PIN by the holder (805E)."""
    accepted((yield from ask(Command(0x80, 0x5E, 0x01, 0x00, pin_bytes(old) + b"\xff" + pin_bytes(new)))))


def accepted(answer: Response) -> None:
    """Nothing for a PIN that was right; a wrong one is `Refused` with the tries that are left."""
    left = answer.attempts_remaining
    if left is None:
        answer.require()
    else:
        raise Refused(problem=PIN_WRONG if left else PIN_BLOCKED, left=left, sw=f"{answer.sw:04X}")


def get_challenge(size: int = 8) -> Script[bytes]:
    """A fresh random number of the card."""
    challenge = (yield from ask(commands.get_challenge(size))).require()
    if len(challenge) != size:
        raise Malformed(
            Text(
                f"a challenge of {size} bytes was asked for, got {len(challenge)}",
                f"请求 {size} 字节随机数，实得 {len(challenge)} 字节",
            ),
            field="challenge",
        )
    return challenge


def external_authenticate(key: Key, factors: Factors, keys: KeySource) -> Script[None]:
    """The terminal proves that it may use a key."""
    challenge = yield from get_challenge()
    cipher = yield from keys.cipher(key, factors, challenge, source_blocks(SOURCE_DATA, key.algorithm))
    answer = yield from ask(commands.external_authenticate(key.kid, cipher[:8] + SOURCE_DATA))
    if answer.attempts_remaining is not None:
        raise Refused(problem=KEY_WRONG, key=key.name, sw=f"{answer.sw:04X}", left=answer.attempts_remaining)
    answer.require()


def internal_authenticate(key: Key, factors: Factors, keys: KeySource, nonce: bytes) -> Script[None]:
    """The card proves that it holds its key: `nonce` is sixteen fresh bytes, process factor and source data."""
    if len(nonce) != 16:
        raise Malformed(
            Text(
                f"internal authentication takes a nonce of 16 bytes, got {len(nonce)}",
                f"内部认证随机数应为 16 字节，实为 {len(nonce)} 字节",
            ),
            field="nonce",
        )
    process, source = nonce[:8], nonce[8:]
    answer = (yield from ask(commands.internal_authenticate(key.kid, nonce, key.algorithm.size))).require()
    expected = yield from keys.cipher(key, factors, process, source_blocks(source, key.algorithm))
    if len(answer) < 8 or not compare_digest(answer[:8], expected[:8]):
        raise Untrusted(problem=CARD_UNPROVEN)


def source_blocks(source: bytes, block: Block) -> bytes:
    """Eight bytes of source data as what is encrypted: with SM4 followed by their complement (this project's definition)."""
    return source if block is Block.TRIPLE_DES else source + cryptogram.complement(source)


def reload_pin(puk: Key, stk: Key, factors: Factors, keys: KeySource, new: str) -> Script[None]:
    """A new PIN, also for a blocked one: prove the PUK, then send it enciphered and with a MAC (8424 0001)."""
    yield from external_authenticate(puk, factors, keys)
    challenge = yield from get_challenge()
    block = cryptogram.pin_block(pin_bytes(new), stk.algorithm.size)
    enciphered = yield from keys.cipher(stk, factors, challenge, block)
    header = bytes((0x84, 0x24, 0x00, 0x01, len(enciphered) + 4))
    proof = yield from keys.mac(stk, factors, challenge, header + enciphered)
    (yield from ask(Command(0x84, 0x24, 0x00, 0x01, enciphered + proof))).require()


def unblock_pin(puk: Key, stk: Key, factors: Factors, keys: KeySource) -> Script[None]:
    """The blocked PIN works again, unchanged (8424 0000)."""
    yield from external_authenticate(puk, factors, keys)
    challenge = yield from get_challenge()
    proof = yield from keys.mac(stk, factors, challenge, bytes.fromhex("8424000004"))
    (yield from ask(Command(0x84, 0x24, 0x00, 0x00, proof))).require()


PROOF = b"cardstack card proof 1\0"
"""What stands before the nonce in a card's signature, so that it is good for nothing else."""


def prove_by_certificate(trusted: "Trusted", nonce: bytes) -> Script[None]:
    """The card signs a fresh nonce with the key of a certificate that a path has vouched for.

    The PKI application is current and the holder's PIN was given. `Untrusted` where the signature is not the key's.
    """
    if len(nonce) < 16:
        raise Malformed(
            Text(f"a nonce has at least 16 bytes, got {len(nonce)}", f"随机数至少 16 字节，实为 {len(nonce)} 字节"), field="nonce"
        )
    message = PROOF + nonce
    answer = (yield from ask(Command(0x00, 0x2A, 0x9E, 0x9A, message, 64))).require()
    if len(answer) != 64:
        raise Untrusted(Text("the signature is not r and s of 32 bytes each", "签名不是各 32 字节的 r 和 s"), CARD_UNPROVEN)
    try:
        trusted.certificate.public_key.verify(signature_der(answer), message)
    except Untrusted as error:
        raise Untrusted(problem=CARD_UNPROVEN) from error


def signature_der(signature: bytes) -> bytes:
    """R and s as the DER SEQUENCE that verifiers take."""
    numbers = (int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    parts = [Tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1)) for number in numbers]
    return Tlv(0x30, tlv.encode(parts)).encode()
