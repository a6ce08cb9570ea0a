"""Symmetric cryptograms of cards: diversified keys, session keys, MAC, TAC, authentication and PIN blocks.

Pure functions: keys, moments, counters and random numbers are arguments, so every published vector is a test.
3DES follows PBOC 2.0 part 1 and the ministry's V2.0. For SM4 no public text was found; what stands here is
*this project's definition* (docs/reference/definitions), each in one function, to be replaced by the standard's.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from threading import Lock
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from cardstack.errors import Malformed
from cardstack.text import Text

CONTEXTS_MAX: Final = 512
"""How many keyed contexts are kept; making one costs ten times what using it does."""


class Block(StrEnum):
    """The block cipher under a symmetric key of the card."""

    TRIPLE_DES = "3des"
    SM4 = "sm4"

    @property
    def size(self) -> int:
        """Bytes of a block: 8 or 16."""
        return 8 if self is Block.TRIPLE_DES else 16

    # Every look-up of a kept context hashes the cipher; the string's own hash is remembered, the enumeration's is not.
    __hash__ = str.__hash__


@lru_cache(maxsize=CONTEXTS_MAX)
def _ecb(key: bytes, block: Block, *, decrypt: bool = False) -> Callable[[bytes], bytes]:
    """A kept context; whole blocks leave no state behind in ECB, so it may be used again and again."""
    cipher: Cipher[modes.ECB] = Cipher(_algorithm(key, block), modes.ECB())  # noqa: S305  # the standards' own mode, one block each
    return (cipher.decryptor() if decrypt else cipher.encryptor()).update


def _algorithm(key: bytes, block: Block) -> BlockCipherAlgorithm:
    """A 3DES key of 16 bytes uses its first half twice; one of 8 bytes is single DES."""
    if len(key) not in ((8, 16, 24) if block is Block.TRIPLE_DES else (16,)):
        raise Malformed(Text(f"a {block} key does not have {len(key)} bytes", f"{block} 密钥长度不能为 {len(key)} 字节"))
    return SM4(key) if block is Block.SM4 else TripleDES((3 * key)[:24])


class _Chain:
    """CBC with one kept context: what the chain still holds is taken out of the next first block."""

    def __init__(self, key: bytes, block: Block) -> None:
        self.size, self.lock, self.last = block.size, Lock(), bytes(block.size)
        self.update = Cipher(_algorithm(key, block), modes.CBC(bytes(block.size))).encryptor().update

    def __call__(self, data: bytes, iv: bytes) -> bytes:
        """The last block of the chain over whole blocks, from an initial vector."""
        size = self.size
        with self.lock:
            first = int.from_bytes(data[:size]) ^ int.from_bytes(iv) ^ int.from_bytes(self.last)
            self.last = self.update(first.to_bytes(size) + data[size:])[-size:]
            return self.last


_chain = lru_cache(maxsize=CONTEXTS_MAX)(_Chain)


def encrypt(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """Whole blocks in ECB mode.

    >>> sample = bytes.fromhex("0123456789abcdeffedcba9876543210")  # GB/T 32907 example 1
    >>> encrypt(sample, sample, Block.SM4).hex()
    '681edf34d206965e86b3e94f536e4246'
    """
    return _ecb(key, block)(_whole(data, block))


def decrypt(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The inverse of `encrypt`."""
    return _ecb(key, block, decrypt=True)(_whole(data, block))


def _whole(data: bytes, block: Block) -> bytes:
    if len(data) % block.size:
        raise Malformed(
            Text(f"{len(data)} bytes are no whole blocks of {block.size}", f"{len(data)} 字节不是 {block.size} 字节分组的整数倍")
        )
    return data


def pad(data: bytes, size: int = 8) -> bytes:
    """80 and as many 00 as fill the block (ISO/IEC 9797-1 padding method 2).

    >>> pad(b"1234567").hex(), pad(bytes(8)).hex()
    ('3132333435363780', '00000000000000008000000000000000')
    """
    return data + b"\x80" + bytes(-(len(data) + 1) % size)


def complement(data: bytes) -> bytes:
    """Every bit inverted."""
    return (~int.from_bytes(data) & (1 << 8 * len(data)) - 1).to_bytes(len(data))


def diversify(key: bytes, factor: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The key one level down: the factor and its complement encrypted (PBOC 2.0 part 1; SM4 by this project).

    >>> diversify(bytes(16), bytes(8)).hex()
    '8ca64de9c1b123a7355550b2150e2451'
    """
    if len(factor) != 8:
        raise Malformed(
            Text(f"a diversification factor has 8 bytes, got {len(factor)}", f"分散因子应为 8 字节，实为 {len(factor)} 字节")
        )
    return encrypt(key, factor + complement(factor), block)


def process_key(key: bytes, challenge: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The key of one authentication, from the process factor (a challenge of 8 bytes).

    SM4 by this project: the challenge and its complement encrypted, so that the process key has 16 bytes.
    """
    if len(challenge) != 8:
        raise Malformed(
            Text(f"a process factor has 8 bytes, got {len(challenge)}", f"过程因子应为 8 字节，实为 {len(challenge)} 字节")
        )
    return encrypt(key, challenge if block is Block.TRIPLE_DES else challenge + complement(challenge), block)


def authentication(key: bytes, challenge: bytes, source: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """What proves the key in INTERNAL and EXTERNAL AUTHENTICATE: the source data under the process key.

    8 bytes with 3DES. With SM4 16 bytes, the source and its complement encrypted (this project's definition);
    EXTERNAL AUTHENTICATE carries the first 8 of them.

    >>> authentication(bytes(16), bytes(8), bytes.fromhex("0102030405060708")).hex()
    '8a4eaaf58e3be36c'
    """
    if len(source) != 8:
        raise Malformed(Text(f"source data has 8 bytes, got {len(source)}", f"源数据应为 8 字节，实为 {len(source)} 字节"))
    process = process_key(key, challenge, block)
    return encrypt(process, source if block is Block.TRIPLE_DES else source + complement(source), block)


def session_key(key: bytes, random: bytes, sequence: bytes, terminal: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The key of one payment: random of the card, its sequence, last two bytes of the terminal's (or 8000 in a load).

    SM4 by this project: the same eight bytes padded with 80 00… to one block.

    >>> key = bytes.fromhex("11223344556677888877665544332211")
    >>> session_key(key, bytes.fromhex("E398ED60"), bytes(2), bytes.fromhex("0001")).hex()
    'e6874578af758168'
    >>> session_key(key, bytes.fromhex("72D5A089"), bytes(2), bytes.fromhex("8000")).hex()
    'c40123a4297d7dba'
    """
    data = random + sequence + terminal
    if len(data) != 8:
        raise Malformed(
            Text(
                f"random, sequence and terminal part have 8 bytes together, got {len(data)}",
                f"随机数、序号和终端部分合计应为 8 字节，实为 {len(data)} 字节",
            )
        )
    return encrypt(key, data if block is Block.TRIPLE_DES else pad(data, 16), block)


def chain(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES, iv: bytes | None = None) -> bytes:
    """The last block of a CBC chain over data that is whole blocks already, as a PSAM makes it (80FA with P1 05)."""
    return _chain(key, block)(_whole(data, block), iv or bytes(block.size))


def mac(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES, iv: bytes | None = None) -> bytes:
    """The first four bytes of a CBC chain over data padded with 80 00…; a 3DES session key (8 bytes) is single DES.

    >>> amount, kind, terminal, moment = "00000010", "05", "000000000001", "20010910130222"
    >>> mac(bytes.fromhex("e6874578af758168"), bytes.fromhex(amount + kind + terminal + moment)).hex()
    'c7d12550'
    """
    return _chain(key, block)(pad(data, block.size), iv or bytes(block.size))[:4]


def tac(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES, iv: bytes | None = None) -> bytes:
    """The transaction authentication code: a MAC under the halves of the TAC key, one xored on the other.

    SM4 by this project: a MAC under the whole TAC key.

    >>> data = "000010000000000010000200112233445520180620214822"
    >>> tac(bytes.fromhex("0dcae673ef6dfc0f") + bytes(8), bytes.fromhex(data), iv=bytes.fromhex(8 * "11")).hex()
    '96436186'
    """
    if block is Block.SM4:
        return mac(key, data, block, iv)
    folded = (int.from_bytes(key[:8]) ^ int.from_bytes(key[8:16])).to_bytes(8)
    return mac(folded, data, block, iv)


def retail_mac(key: bytes, data: bytes, block: Block = Block.TRIPLE_DES, iv: bytes | None = None) -> bytes:
    """The full last block of ISO/IEC 9797-1 MAC algorithm 3: single DES along the chain, 3DES at its end.

    With SM4 the plain CBC-MAC (algorithm 1). Secure messaging sends the first four bytes.

    >>> key, data = "7962d9ece03d1acd4c76089dce131543", "72c29c2371cc9bdb65b779b8e8d37b29ecc154aa56a8799fae2f498f76ed92f2"
    >>> retail_mac(bytes.fromhex(key), bytes.fromhex(data)).hex()  # ICAO 9303-11 appendix D.3
    '5f1448eea8ad90a7'
    """
    iv = iv or bytes(block.size)
    padded = pad(data, block.size)
    if block is Block.SM4:
        return _chain(key, block)(padded, iv)
    carry = _chain(key[:8], block)(padded[:-8], iv) if len(padded) > 8 else iv
    last = int.from_bytes(carry) ^ int.from_bytes(padded[-8:])
    return _ecb(key, block)(last.to_bytes(8))


def pin_block(pin: bytes, size: int = 8) -> bytes:
    """A PIN ready to be encrypted: its length, its bytes, 80 and 00 to a whole block.

    >>> pin_block(bytes.fromhex("123456")).hex()
    '0312345680000000'
    """
    return pad(bytes((len(pin),)) + pin, size)


def pin_of_block(block: bytes) -> bytes:
    """The PIN inside a PIN block.

    >>> pin_of_block(bytes.fromhex("0312345680000000")).hex()
    '123456'
    """
    pin = block[1 : 1 + block[0]] if block else b""
    if not pin or pin_block(pin, len(block)) != block:
        raise Malformed(Text("the PIN block is not length, PIN and padding", "PIN 块应为长度、PIN 和填充"))
    return pin
