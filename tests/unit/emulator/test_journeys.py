"""Whole conversations between terminal scripts, a card and a PSAM, for both generations."""

import pytest

from cardstack.apdu.script import run
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import derive
from cardstack.card.loading import LoadHost, transit_load
from cardstack.card.paying import PsamSam, medical_purchase, transit_balance, transit_purchase
from cardstack.card.profiles import profile
from cardstack.card.profiles.transit import TripEntry
from cardstack.card.proving import PsamKeys, internal_authenticate, reload_pin, unblock_pin, verify_pin
from cardstack.card.reading import Terminal, open_application, read_file, read_holder, read_issuer
from cardstack.errors import Refused
from cardstack.values import Fen
from emulator.slot import Slot
from tests.cards import MOMENT, ORDER, WANG, ordered, sam, slot

GENERATIONS = ("2.00", "3.00")


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_terminal_with_a_psam_reads_the_holder_and_the_card_proves_itself(name: str) -> None:
    """Generation 3 gives EF06 only to a terminal that proves RKSSSE; the card answers INTERNAL AUTHENTICATE."""
    card, terminal, kind = slot(name), Slot(sam(name)), profile(name)
    issuer = run(read_issuer(kind), card)
    holder = run(read_holder(kind, Terminal(PsamKeys(), card.atr[-8:])), card, psam=terminal)
    assert (issuer.version, holder.full_name) == (name, WANG.name)
    run(internal_authenticate(kind.key("SSSE", "IRK"), ORDER.factors, PsamKeys(), bytes(range(16))), card, psam=terminal)


def test_the_holder_of_generation_3_is_not_given_away() -> None:
    """Without the terminal's proof the answer is 6982."""
    with pytest.raises(Refused, match="6982"):
        run(read_holder(profile("3.00")), slot("3.00"))


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_medical_bill_is_settled_on_the_card(name: str) -> None:
    """PIN, B028, MAC1 of the PSAM, B02C, MAC2 back to the PSAM; the log of DF04 has it."""
    card, terminal, kind = slot(name), Slot(sam(name)), profile(name)
    module = PsamSam(0xDF01, p1=1)
    parts = (Fen(0), Fen(12000), Fen(34000))
    receipt = run(medical_purchase(kind, module, ORDER.factors, parts, MOMENT, pin="123456"), card, psam=terminal)
    log = run(read_file(kind.file("DF04", 0xEF08)), card)
    assert (log[0].self_paid, log[0].pooled, log[0].moment) == (12000, 34000, MOMENT)
    application = kind.application("DF04")
    key = kind.key("DF04", "DTKDF04")
    assert receipt.tac == receipt.debit.tac(ordered(name).key(application, key), key.algorithm)


@pytest.mark.parametrize("name", GENERATIONS)
@pytest.mark.parametrize("trip", [None, TripEntry(kind=6, amount=200, moment=MOMENT, city="3310")])
@pytest.mark.parametrize("index", [1, 0x41])
def test_a_bus_ride_is_paid_from_the_purse(name: str, trip: TripEntry | None, index: int) -> None:
    """INIT, MAC1, the trip record, DEBIT, MAC2; with 3DES and with SM4 keys over one purse."""
    card, terminal, kind = slot(name), Slot(sam(name)), profile(name)
    receipt = run(transit_purchase(kind, PsamSam(0x8011), Fen(200), MOMENT, trip=trip, key_index=index), card, psam=terminal)
    assert receipt.balance_fen == run(transit_balance(kind), card) == 4800
    run(open_application(kind, "T-UNION"), card)
    assert run(read_file(kind.file("T-UNION", 0x0018)), card)[0].amount == 200
    assert len(run(read_file(kind.file("T-UNION", 0x001E)), card)) == (trip is not None)


def test_the_purse_is_loaded_by_order_of_its_issuer() -> None:
    """PIN, INIT FOR LOAD with MAC1, CREDIT with MAC2, TAC."""
    kind, order = profile("2.00"), ordered("2.00")
    application = kind.application("T-UNION")
    key = derive(master_for_tests("DLK"), order.chain(application))
    card = slot()
    receipt = run(transit_load(kind, LoadHost(key), Fen(10000), MOMENT, terminal=bytes(6), pin="123456"), card)
    assert len(receipt.tac) == 4
    assert run(transit_balance(kind), card) == 15000


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_blocked_pin_gets_a_new_value(name: str) -> None:
    """Six wrong tries block it; the PSAM's PUK and STK set a new one, or give the old one its tries back."""
    card, terminal, kind = slot(name), Slot(sam(name)), profile(name)
    run(open_application(kind, "SSSE"), card)
    for _ in range(6):
        with pytest.raises(Refused):
            run(verify_pin("654321"), card)
    with pytest.raises(Refused):
        run(verify_pin("123456"), card)
    puk, stk = kind.key("SSSE", "PUK"), kind.key("SSSE", "STK")
    run(unblock_pin(puk, stk, ORDER.factors, PsamKeys()), card, psam=terminal)
    run(verify_pin("123456"), card)
    run(reload_pin(puk, stk, ORDER.factors, PsamKeys(), "246810"), card, psam=terminal)
    run(verify_pin("246810"), card)
