"""Secure messaging as PBOC and the ministry's cards use it: a MAC behind the data, and encipherment before it.

The MAC covers header, length and data, with CLA saying so (bit 3), under a key that starts from the card's
challenge. A key of eight bytes makes a single-DES chain, one of sixteen ISO 9797-1 algorithm 3.
"""

from dataclasses import replace
from hmac import compare_digest

from cardstack.apdu.message import Command
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Untrusted
from cardstack.text import Text

SECURE, ENCIPHERED = 0x04, 0x0C
"""Class bits: a MAC, and a MAC over enciphered data. Some commands encipher under 04; they say so in their text."""
MAC_SIZE = 4


def initial_vector(challenge: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The challenge (four bytes, or eight) filled up with zeros to one block.

    >>> initial_vector(bytes.fromhex("72174890")).hex()
    '7217489000000000'
    """
    if len(challenge) > block.size:
        raise Malformed(
            Text(
                f"a challenge of {len(challenge)} bytes does not fit a block of {block.size}",
                f"{len(challenge)} 字节的随机数与 {block.size} 字节的分组不符",
            )
        )
    return challenge.ljust(block.size, b"\0")


def mac(command: Command, key: bytes, iv: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The four bytes that prove a command with its data (already enciphered where it is).

    >>> command = Command(0x84, 0x24, 0, 0, bytes.fromhex("c5d6090efe1729bc"))
    >>> mac(command, bytes(16), bytes.fromhex("7217489000000000")).hex()
    '9bcf688b'
    """
    header = bytes((command.cla, command.ins, command.p1, command.p2, len(command.data) + MAC_SIZE))
    return cryptogram.retail_mac(key, header + command.data, block, iv)[:MAC_SIZE]


def encipher(data: bytes, key: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """Data as PBOC enciphers it: its length before it, padded where it does not fill a block."""
    whole = bytes((len(data),)) + data
    return cryptogram.encrypt(key, whole if len(whole) % block.size == 0 else cryptogram.pad(whole, block.size), block)


def decipher(data: bytes, key: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
    """The inverse of `encipher`.

    >>> decipher(encipher(b"1234567", bytes(16)), bytes(16))
    b'1234567'
    """
    whole = cryptogram.decrypt(key, data, block)
    plain = whole[1 : 1 + whole[0]] if whole else b""
    if not whole or len(plain) != whole[0] or encipher(plain, key, block) != data:
        raise Untrusted(Text("the enciphered data does not have its length and padding", "密文数据的长度或填充不正确"))
    return plain


def protect(
    command: Command,
    key: bytes,
    iv: bytes,
    block: Block = Block.TRIPLE_DES,
    *,
    enciphered: bool = False,
    bits: int | None = None,
) -> Command:
    """A command with its MAC, and its data enciphered where asked for; `bits` overrides what the class says of it."""
    data = encipher(command.data, key, block) if enciphered and command.data else command.data
    said = (ENCIPHERED if enciphered else SECURE) if bits is None else bits
    bare = replace(command, cla=command.cla | said, data=data)
    return replace(bare, data=data + mac(bare, key, iv, block))


def unprotect(command: Command, key: bytes, iv: bytes, block: Block = Block.TRIPLE_DES, *, enciphered: bool = False) -> Command:
    """The command that was protected, or `Untrusted` where its MAC does not prove it.

    >>> plain = Command(0x00, 0xDC, 1, 0x2C, b"data")
    >>> unprotect(protect(plain, bytes(16), bytes(8), enciphered=True), bytes(16), bytes(8), enciphered=True) == plain
    True
    """
    if len(command.data) < MAC_SIZE:
        raise Untrusted(Text("the command ends before its MAC", "命令缺少 MAC"))
    bare = replace(command, data=command.data[:-MAC_SIZE])
    if not compare_digest(mac(bare, key, iv, block), command.data[-MAC_SIZE:]):
        raise Untrusted(Text("the MAC of the command is wrong", "命令的 MAC 不正确"))
    data = decipher(bare.data, key, block) if enciphered and bare.data else bare.data
    return replace(bare, cla=command.cla & ~ENCIPHERED, data=data)
