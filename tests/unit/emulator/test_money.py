"""Purse and deposit of PBOC part 2: what each payment moves, proves and refuses."""

import pytest

from cardstack.card.keys import Usage
from cardstack.crypto.payment import Debit, Kind, Load
from cardstack.values import Fen
from emulator.card import answer
from tests.cards import ED, EP, say
from tests.payments import SEQUENCE, TERMINAL, WHEN, Bank

PURSE, DEPOSIT = Bank("ep-ed", "EP-ED", EP), Bank("ep-ed", "EP-ED", ED)


@pytest.mark.parametrize("bank", [PURSE, DEPOSIT], ids=["purse", "deposit"])
def test_a_purchase_and_its_proof(bank: Bank) -> None:
    """Money and offline counter move; MAC2 and TAC are the bank's own; GET TRANSACTION PROVE says them again."""
    slot = bank.open()
    said = slot(bank.debit(slot, 1234))
    held = bank.held(slot.card)
    assert (held.balance, held.offline, held.online) == (3766, 1, 0)
    kind = Kind.PURCHASE_EP if bank.purse is EP else Kind.PURCHASE_ED
    debit = Debit(Fen(1234), kind, TERMINAL, SEQUENCE, WHEN)
    assert said[:4] == debit.tac(bank.key(Usage.TAC, 0))
    assert say(slot, f"805A00{kind:02X}02000008") == (said[4:8] + said[:4]).hex().upper() + "9000"
    assert say(slot, f"805A00{kind:02X}02000108") == "9406"
    assert say(slot, "805A010002000008") == "6A86"


@pytest.mark.parametrize("bank", [PURSE, DEPOSIT], ids=["purse", "deposit"])
def test_a_load_and_its_tac(bank: Bank) -> None:
    """Balance and online counter move; the TAC covers the new balance."""
    slot = bank.open()
    said = slot(bank.credit(slot, 10_000))
    assert (bank.held(slot.card).balance, bank.held(slot.card).online) == (15_000, 1)
    load = Load(Fen(10_000), Kind.LOAD_EP if bank.purse is EP else Kind.LOAD_ED, TERMINAL)
    assert said[:4] == load.tac(bank.key(Usage.TAC, 0), 15_000, bytes(2), WHEN)


def test_the_deposit_gives_cash_and_goes_back_to_the_bank() -> None:
    """Cash withdrawal counts offline, unload online; the purse knows neither."""
    slot = DEPOSIT.open()
    assert slot(DEPOSIT.debit(slot, 1000, p1=2))[-2:] == b"\x90\x00"
    assert slot(DEPOSIT.unload(slot, 3000))[-2:] == b"\x90\x00"
    held = DEPOSIT.held(slot.card)
    assert (held.balance, held.offline, held.online) == (1000, 1, 1)
    assert DEPOSIT.init(slot, 5, 1001) == b"\x94\x01"
    assert PURSE.init(slot, 2, 1) == b"\x6a\x86"
    assert PURSE.init(slot, 5, 1) == b"\x6a\x86"
    assert PURSE.init(slot, 4, 1) == b"\x6a\x86"


def test_an_overdraft_is_granted_used_and_paid_back() -> None:
    """A limit of 20 yuan; 60 yuan from 50; the next load pays the 10 back first; the limit cannot go below its use."""
    slot = DEPOSIT.open()
    assert slot(DEPOSIT.limit(slot, 2000))[-2:] == b"\x90\x00"
    assert DEPOSIT.init(slot, 1, 7001) == b"\x94\x01"
    assert slot(DEPOSIT.debit(slot, 6000))[-2:] == b"\x90\x00"
    assert say(slot, "805C000104") == "000000009000"
    assert say(slot, "805C010104") == "000003E89000"
    assert say(slot, "805C030104") == "FFFFFC189000"
    assert slot(DEPOSIT.limit(slot, 999)) == b"\x69\x85"
    assert slot(DEPOSIT.credit(slot, 1500))[-2:] == b"\x90\x00"
    held = DEPOSIT.held(slot.card)
    assert (held.balance, held.used, held.limit) == (500, 0, 2000)


def test_the_purse_needs_no_pin_to_pay_and_everything_else_does() -> None:
    """EP purchase and its balance without, the rest 6982 (COS manual 6.22-6.28)."""
    slot = PURSE.open()
    slot.reset()
    say(slot, "00A40000023F02")
    assert PURSE.init(slot, 1, 1)[-2:] == b"\x90\x00"
    assert [bank.init(slot, p1, 1) for bank, p1 in ((PURSE, 0), (DEPOSIT, 0), (DEPOSIT, 1), (DEPOSIT, 4))] == [b"\x69\x82"] * 4


def test_a_purse_holds_no_more_than_its_limit() -> None:
    """A load above it is refused at INIT."""
    slot = PURSE.open()
    assert PURSE.init(slot, 0, 0xFFFFFF - 4999) == b"\x69\x85"
    assert len(PURSE.init(slot, 0, 0xFFFFFF - 5000)) == 18


@pytest.mark.parametrize("begin", ["debit", "credit", "unload", "limit"])
def test_a_wrong_mac_ends_the_payment(begin: str) -> None:
    """9302, nothing moved, and the second try finds no INIT."""
    slot = DEPOSIT.open()
    raw = getattr(DEPOSIT, begin)(slot, 100)
    before = slot.card.memory
    place = -5 if begin == "debit" else -2
    wrong = raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :]
    assert slot(wrong) == b"\x93\x02"
    assert slot(raw) == b"\x69\x01"
    assert slot.card.memory == before


def test_a_payment_begun_ends_with_its_own_command_in_its_own_application() -> None:
    """Another second command, another application, a reset: 6901."""
    slot = DEPOSIT.open()
    raw = DEPOSIT.debit(slot, 100)
    assert answer(slot.card, raw[:1] + b"\x52\x00" + raw[3:])[1] == b"\x69\x01"
    assert say(slot, "00A40000023F02")[-4:] == "9000"
    assert slot(raw) == b"\x69\x01"


def test_counters_stop_at_their_end() -> None:
    """65,535 purchases are the last; 9402 then."""
    slot = PURSE.open()
    memory = {**slot.card.memory, "EP-ED/EP.offline": (0xFFFF).to_bytes(4), "EP-ED/EP.online": (0xFFFF).to_bytes(4)}
    slot.card = type(slot.card)(slot.card.blueprint, memory, slot.card.session, slot.card.dice)
    assert PURSE.init(slot, 1, 1) == b"\x94\x02"
    assert PURSE.init(slot, 0, 1) == b"\x94\x02"


def test_what_init_refuses() -> None:
    """No such key index, no such purse, no such payment, wrong length."""
    slot = PURSE.open()
    assert say(slot, "805001020B" + "77" + "00000001" + "00" * 6) == "9403"
    assert say(slot, "805001030B" + "01" + "00000001" + "00" * 6) == "6A86"
    assert say(slot, "805009020B" + "01" + "00000001" + "00" * 6) == "6A86"
    assert say(slot, "805001020A" + "01" + "00000001" + "00" * 5) == "6700"


def test_trip_records_are_written_with_the_debit_or_not_at_all() -> None:
    """Outside a payment they are refused; one begun and abandoned leaves no trace."""
    bank = Bank()
    slot = bank.open()
    trip = "80DC00F030" + "06" + "00" * 47
    assert say(slot, trip) == "6982"
    raw = bank.debit(slot, 100, p1=3, trip=trip)
    assert len(slot.card.memory["T-UNION/001E"]) == 0  # type: ignore[arg-type]  # records
    assert slot(raw)[-2:] == b"\x90\x00"
    assert len(slot.card.memory["T-UNION/001E"]) == 1  # type: ignore[arg-type]  # records
