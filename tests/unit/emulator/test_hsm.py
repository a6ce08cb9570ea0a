"""The HSM's messages: what it encrypts and MACs opens the card; what is no message has its own answer."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cardstack.apdu.script import run
from cardstack.card.issuing import master_for_tests
from cardstack.card.profiles import profile
from cardstack.card.proving import HsmKeys, reload_pin, verify_pin
from cardstack.card.reading import Terminal, read_holder
from emulator.hsm import Fault, Hsm, hsm
from tests.cards import ORDER, WANG, slot

KEYS = {name: hsm([profile(name)], master=master_for_tests, province="31") for name in ("2.00", "3.00")}


@pytest.mark.parametrize("name", KEYS)
def test_a_terminal_with_an_hsm_reads_the_holder_and_sets_a_pin(name: str) -> None:
    """RKSSSE at 004C, PUK at 0090, STK at 0173: external authentication, enciphered PIN, MAC."""
    card, kind = slot(name), profile(name)
    holder = run(read_holder(kind, Terminal(HsmKeys(), card.atr[-8:])), card, hsm=KEYS[name])
    assert holder.full_name == WANG.name
    puk, stk = kind.key("SSSE", "PUK"), kind.key("SSSE", "STK")
    run(reload_pin(puk, stk, ORDER.factors, HsmKeys(), "246810"), card, hsm=KEYS[name])
    run(verify_pin("246810"), card)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("", Fault.MESSAGE),
        ("B0A7" + "00" * 40, Fault.MESSAGE),
        ("B0A5", Fault.LENGTH),
        ("B0A5" + "00" * 8 + "01" + "004C" + "04" + "00" * 60, Fault.LENGTH),
        ("B0A5" + "00" * 8 + "01" + "FFFF" + "01" + "00" * 8 + "00" + "00" * 8 + "08" + "00" * 8, Fault.NO_KEY),
        ("B0A5" + "00" * 8 + "01" + "004C" + "01" + "00" * 8 + "00" + "00" * 8 + "09" + "00" * 8, Fault.LENGTH),
        ("B080" + "00" * 8 + "01" + "004C" + "01" + "00" * 8 + "00" + "00" * 8 + "00" * 8 + "0003" + "00" * 3, Fault.LENGTH),
    ],
)
def test_what_is_no_message_is_answered_with_its_fault(message: str, fault: Fault) -> None:
    """45, eight zeros, 01 and the fault."""
    assert KEYS["2.00"](bytes.fromhex(message)) == b"E" + bytes(8) + bytes((1, fault))


def test_a_host_that_speaks_in_text_is_answered_in_text() -> None:
    """The same message in hexadecimal digits; the answer begins with 4 and 1."""
    message = bytes.fromhex("B0A5" + "00" * 8 + "01" + "004C" + "01" + "00" * 8 + "00" + "00" * 8 + "08" + "00" * 8)
    one = KEYS["2.00"]
    assert one(message.hex().upper().encode()) == one(message).hex().upper().encode()
    assert one(message)[:1] == b"A"


@given(st.binary(max_size=80))
@example(b"B0")
def test_any_bytes_get_an_answer(message: bytes) -> None:
    """E, eight zeros, a length that fits; text is answered in text."""
    said = Hsm({})(message)
    if message[:2] == b"B0" and said[:1] == b"4":
        said = bytes.fromhex(said.decode("ascii"))
    assert said[:1] == b"E"
    assert said[9] == len(said) - 10
