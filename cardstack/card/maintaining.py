"""What an issuer does to a card in the field, under secure messaging: block and unblock, write a key, write a file.

Each order fetches a challenge and binds itself to it, so that no recording of it is good for a second time. The key is
the card's own; a host that may not know it lets its HSM make the MAC with the same rules (`apdu.secure`).
"""

from dataclasses import dataclass

from cardstack.apdu import secure
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.proving import get_challenge
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.text import Text

USES = tuple(Usage)
"""The use byte of PUT KEY counts them in this order (this project's definition; 00 is external authentication)."""


@dataclass(frozen=True, slots=True, repr=False)
class Control:
    """The key under which orders are given, and its cipher."""

    key: bytes
    block: Block = Block.TRIPLE_DES

    @property
    def challenge(self) -> int:
        """How long a challenge its orders begin from: 4 bytes, with SM4 16."""
        return 4 if self.block is Block.TRIPLE_DES else 16


def ordered(command: Command, control: Control, *, enciphered: bool = False, bits: int | None = None) -> Script[bytes]:
    """One command under a MAC (and enciphered), over a fresh challenge; the card's data, or `StatusError`."""
    challenge = yield from get_challenge(control.challenge)
    vector = secure.initial_vector(challenge, control.block)
    protected = secure.protect(command, control.key, vector, control.block, enciphered=enciphered, bits=bits)
    return (yield from ask(protected)).require()


def block_application(control: Control, *, for_good: bool = False) -> Script[None]:
    """APPLICATION BLOCK of the current application; for good it cannot be undone."""
    yield from ordered(Command(0x80, 0x1E, 0x00, 0x01 if for_good else 0x00), control)


def unblock_application(control: Control) -> Script[None]:
    """APPLICATION UNBLOCK of the current application."""
    yield from ordered(Command(0x80, 0x18), control)


def block_card(control: Control) -> Script[None]:
    """CARD BLOCK: the card answers nothing any more, for good."""
    yield from ordered(Command(0x80, 0x16), control)


def put_key(control: Control, place: Key, value: bytes, *, version: int | None = None) -> Script[None]:
    """PUT KEY (84D4): another value for a declared key, enciphered and under MAC with the control key."""
    if len(value) != 16:
        raise Malformed(Text(f"a key has 16 bytes, got {len(value)}", f"密钥应为 16 字节，实为 {len(value)} 字节"), field="key")
    head = bytes((USES.index(place.usage), place.version if version is None else version, 0x00))
    command = Command(0x80, 0xD4, 0x01, place.kid, head + value)
    yield from ordered(command, control, enciphered=True, bits=secure.SECURE)


def update_record(control: Control, sfi: int, number: int, record: bytes, *, enciphered: bool = False) -> Script[None]:
    """UPDATE RECORD under MAC, whole record; the MAC stands for the proof that the file asks for."""
    yield from ordered(Command(0x00, 0xDC, number, sfi << 3 | 0x04, record), control, enciphered=enciphered)
