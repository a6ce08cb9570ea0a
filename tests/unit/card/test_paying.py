"""Payments against a scripted card whose half is computed with the second half of the same rules."""

from datetime import datetime

import pytest

from cardstack.apdu.message import Command
from cardstack.apdu.script import run
from cardstack.card.keys import Factors
from cardstack.card.paying import LocalSam, medical_purchase, transit_purchase
from cardstack.card.profiles import profile
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.payment import Debit, MedicalDebit
from cardstack.errors import Untrusted
from cardstack.values import Fen

KEY, TAC_KEY = bytes(range(16)), bytes(range(16, 32))
TERMINAL = bytes.fromhex("310100000001")
MOMENT = datetime(2026, 11, 22, 8, 30, 5)  # noqa: DTZ001  # the card writes no zone
RANDOM = bytes.fromhex("E398ED60")


class PurseCard:
    """Answers one purchase; refuses a wrong MAC1 with 9302."""

    def __init__(self, algorithm: int, *, honest: bool = True) -> None:
        self.block = Block.SM4 if algorithm == 0x04 else Block.TRIPLE_DES
        self.algorithm, self.honest = algorithm, honest
        self.amount, self.kind = 0, 6

    def __call__(self, raw: bytes) -> bytes:
        command = Command.parse(raw)
        if command.ins == 0xB0:
            return bytes(30) + b"\x90\x00"
        if command.ins == 0x50:
            self.amount = int.from_bytes(command.data[1:5])
            head = (5000).to_bytes(4) + bytes(2) + bytes(3) + bytes((1, self.algorithm))
            return head + RANDOM + b"\x90\x00"
        if command.ins == 0x54:
            return self.debit(command.data)
        return b"\x90\x00"

    def debit(self, data: bytes) -> bytes:
        session = cryptogram.session_key(KEY, RANDOM, bytes(2), data[2:4], self.block)
        debit = Debit(Fen(self.amount), self.kind, TERMINAL, data[:4], data[4:11])
        if debit.mac1(session, self.block) != data[11:]:
            return b"\x93\x02"
        mac2 = debit.mac2(session, self.block) if self.honest else bytes(4)
        return debit.tac(TAC_KEY, self.block) + mac2 + b"\x90\x00"


@pytest.mark.parametrize("algorithm", [0x00, 0x04])
def test_a_ride_is_paid_and_proved(algorithm: int) -> None:
    """MAC1 convinces the card, MAC2 the terminal, and the TAC is the issuer's to check."""
    receipt = run(transit_purchase(profile("2.00"), LocalSam(KEY, TERMINAL, 7), Fen(200), MOMENT), PurseCard(algorithm))
    assert receipt.balance_fen == 4800
    assert receipt.tac == receipt.debit.tac(TAC_KEY, receipt.opening.block)


def test_a_card_that_does_not_prove_the_debit_is_not_trusted() -> None:
    """A wrong MAC2 opens no gate."""
    with pytest.raises(Untrusted, match="proof"):
        run(transit_purchase(profile("2.00"), LocalSam(KEY, TERMINAL, 7), Fen(200), MOMENT), PurseCard(0, honest=False))


def medical_card(raw: bytes) -> bytes:
    """Answers one medical settlement of 1, 2 and 3 yuan."""
    command = Command.parse(raw)
    if command.ins == 0x28:
        return bytes(12) + bytes.fromhex("2026") + bytes.fromhex("0004") + b"\x01\x01" + RANDOM + b"\x90\x00"
    if command.ins == 0x2C:
        session = cryptogram.session_key(KEY, RANDOM, bytes.fromhex("0004"), command.data[2:4])
        debit = MedicalDebit(Fen(100), Fen(200), Fen(300), TERMINAL, command.data[:4], command.data[4:11])
        proved = debit.mac1(session) == command.data[11:]
        return debit.tac(TAC_KEY) + debit.mac2(session) + b"\x90\x00" if proved else b"\x93\x02"
    return b"\x90\x00"


def test_a_medical_settlement_is_paid_and_proved() -> None:
    """B028 and B02C with the terminal's MAC1 over 26 bytes (letter 2012/38 §4)."""
    script = medical_purchase(
        profile("2.00"), LocalSam(KEY, TERMINAL, 9), Factors("330106", bytes(8)), (Fen(100), Fen(200), Fen(300)), MOMENT
    )
    receipt = run(script, medical_card)
    assert receipt.tac == receipt.debit.tac(TAC_KEY)
    assert (receipt.before.year, receipt.sequence.hex()) == ("2026", "0004")
