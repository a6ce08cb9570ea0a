"""What a payment's MAC1, MAC2 and TAC are made over, byte for byte; card, terminal and settlement share it.

PBOC 2.0 part 2 for the purses, the ministry's letter 2012/38 for the medical account. Amounts are fen in four
bytes, moments are seven BCD bytes (YYYYMMDDhhmmss), terminals six bytes.
"""

from dataclasses import dataclass
from enum import IntEnum

from cardstack.codec import Number
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.values import Fen


class Kind(IntEnum):
    """Transaction types (PBOC 2.0 part 2; 0x32 is the medical settlement's ASCII 2)."""

    LOAD_ED = 0x01
    LOAD_EP = 0x02
    UNLOAD = 0x03
    CASH = 0x04
    PURCHASE_ED = 0x05
    PURCHASE_EP = 0x06
    OVERDRAFT = 0x07
    CAPP = 0x09
    MEDICAL_LOAD = 0x31
    MEDICAL = 0x32


LOAD_PART = bytes.fromhex("8000")
"""What stands for the terminal's sequence in the session key of a load."""


def fen4(amount: int) -> bytes:
    """An amount in fen as four bytes.

    >>> fen4(200).hex()
    '000000c8'
    """
    return Number(4).encode(amount)


def fen3(amount: int) -> bytes:
    """An overdraft limit in fen as three bytes."""
    return Number(3).encode(amount)


@dataclass(frozen=True, slots=True)
class Debit:
    """A purchase as terminal and card agree on it."""

    amount_fen: Fen
    kind: int
    terminal: bytes
    sequence: bytes
    """The terminal's transaction sequence, four bytes."""
    moment: bytes

    def mac1(self, session: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The terminal's proof.

        >>> moment = bytes.fromhex("20010910130222")
        >>> debit = Debit(Fen(0x10), Kind.PURCHASE_ED, bytes.fromhex("000000000001"), bytes.fromhex("00000001"), moment)
        >>> debit.mac1(bytes.fromhex("e6874578af758168")).hex()
        'c7d12550'
        """
        return cryptogram.mac(session, fen4(self.amount_fen) + bytes((self.kind,)) + self.terminal + self.moment, block)

    def mac2(self, session: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's proof that it was debited."""
        return cryptogram.mac(session, fen4(self.amount_fen), block)

    def tac(self, key: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """What the issuer checks at settlement, with the card's TAC key."""
        data = fen4(self.amount_fen) + bytes((self.kind,)) + self.terminal + self.sequence + self.moment
        return cryptogram.tac(key, data, block)


@dataclass(frozen=True, slots=True)
class Load:
    """A load (or, with its own type, an unload) as issuer and card agree on it."""

    amount_fen: Fen
    kind: int
    terminal: bytes

    def mac1(self, session: bytes, balance_fen: int, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's proof before the load, over the old balance.

        >>> load = Load(Fen(0x1000), Kind.LOAD_ED, bytes.fromhex("000000000001"))
        >>> load.mac1(bytes.fromhex("c40123a4297d7dba"), 0).hex()
        '82dc9807'
        """
        return cryptogram.mac(session, fen4(balance_fen) + self._core(), block)

    def mac2(self, session: bytes, moment: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The issuer's order to load.

        >>> load = Load(Fen(0x1000), Kind.LOAD_ED, bytes.fromhex("000000000001"))
        >>> load.mac2(bytes.fromhex("c40123a4297d7dba"), bytes.fromhex("20010910130222")).hex()
        '4e8b20d4'
        """
        return cryptogram.mac(session, self._core() + moment, block)

    def tac(self, key: bytes, balance_fen: int, sequence: bytes, moment: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's receipt: new balance, online sequence before it was raised, amount, type, terminal, moment."""
        return cryptogram.tac(key, fen4(balance_fen) + sequence + self._core() + moment, block)

    def mac3(self, session: bytes, balance_fen: int, sequence: bytes, moment: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's proof of an unload: a MAC over what the TAC of a load covers."""
        return cryptogram.mac(session, fen4(balance_fen) + sequence + self._core() + moment, block)

    def _core(self) -> bytes:
        return fen4(self.amount_fen) + bytes((self.kind,)) + self.terminal


@dataclass(frozen=True, slots=True)
class Limit:
    """A new overdraft limit as issuer and card agree on it."""

    limit_fen: Fen
    terminal: bytes

    def mac1(self, session: bytes, balance_fen: int, old_fen: int, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's proof before the change, over balance and old limit."""
        return cryptogram.mac(session, fen4(balance_fen) + fen3(old_fen) + self._kind(), block)

    def mac2(self, session: bytes, moment: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The issuer's order."""
        return cryptogram.mac(session, fen3(self.limit_fen) + self._kind() + moment, block)

    def tac(self, key: bytes, balance_fen: int, sequence: bytes, moment: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's receipt."""
        return cryptogram.tac(key, fen4(balance_fen) + sequence + fen3(self.limit_fen) + self._kind() + moment, block)

    def _kind(self) -> bytes:
        return bytes((Kind.OVERDRAFT,)) + self.terminal


@dataclass(frozen=True, slots=True)
class MedicalDebit:
    """A medical settlement on the card (letter 2012/38 §4): account, self-paid and pooled parts."""

    account_fen: Fen
    self_paid_fen: Fen
    pooled_fen: Fen
    terminal: bytes
    sequence: bytes
    moment: bytes
    kind: int = Kind.MEDICAL

    @property
    def amounts(self) -> bytes:
        """The three parts, four bytes each."""
        return fen4(self.account_fen) + fen4(self.self_paid_fen) + fen4(self.pooled_fen)

    def mac1(self, session: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The terminal's proof, over 26 bytes."""
        return cryptogram.mac(session, self.amounts + bytes((self.kind,)) + self.terminal + self.moment, block)

    def mac2(self, session: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """The card's proof, over the amounts."""
        return cryptogram.mac(session, self.amounts, block)

    def tac(self, key: bytes, block: Block = Block.TRIPLE_DES) -> bytes:
        """What the fund checks: with the TAC key itself, no session key."""
        data = self.amounts + bytes((self.kind,)) + self.terminal + self.sequence + self.moment
        return cryptogram.tac(key, data, block)
