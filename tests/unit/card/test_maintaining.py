"""An issuer's orders to a card in the field, each bound to its moment."""

import pytest

from cardstack.apdu.message import Command, StatusError
from cardstack.apdu.script import Script, ask, run
from cardstack.apdu.trace import Exchanged, in_full, traced
from cardstack.card import maintaining, paying
from cardstack.card.keys import Usage
from cardstack.card.maintaining import Control
from cardstack.card.profiles import profile
from cardstack.card.proving import verify_pin
from cardstack.card.reading import open_application, read_file
from cardstack.errors import Malformed
from emulator.slot import Slot
from tests.cards import card, ordered

KIND = profile("t-union")
PLACE = KIND.application("T-UNION")


def key(usage: Usage, kid: int) -> bytes:
    found = PLACE.key(kid, usage)
    assert found is not None
    return ordered("t-union").key(PLACE, found)


CONTROL = Control(key(Usage.MAINTENANCE, 0x00))


def opened() -> Slot:
    slot = Slot(card("t-union"))
    run(open_application(KIND, "T-UNION"), slot)
    return slot


def test_an_application_is_blocked_unblocked_and_ended() -> None:
    """6283 while it is blocked, 9303 for good."""
    slot = opened()
    run(maintaining.block_application(CONTROL), slot)
    with pytest.raises(StatusError, match="6283"):
        run(open_application(KIND, "T-UNION"), slot)
    run(maintaining.unblock_application(CONTROL), slot)
    run(open_application(KIND, "T-UNION"), slot)
    run(maintaining.block_application(CONTROL, for_good=True), slot)
    with pytest.raises(StatusError, match="9303"):
        run(open_application(KIND, "T-UNION"), slot)


def test_a_blocked_card_is_dead() -> None:
    """6A81 to everything, also after a reset."""
    slot = opened()
    run(maintaining.block_card(CONTROL), slot)
    slot.reset()
    assert slot(bytes.fromhex("0084000008")).hex() == "6a81"


def test_an_order_is_good_once_and_for_its_card_only() -> None:
    """A recording of it, and one made with another key, change nothing."""
    slot, said = opened(), list[Exchanged]()
    run(maintaining.block_application(CONTROL), traced(slot, said.append, hide=in_full))
    run(maintaining.unblock_application(CONTROL), slot)
    assert slot(bytes.fromhex(said[1].command)).hex() == "6984"
    with pytest.raises(StatusError, match="6988"):
        run(maintaining.block_application(Control(bytes(16))), slot)
    assert run(paying.transit_balance(KIND), slot) == 5000


def test_a_written_key_is_the_key_from_then_on() -> None:
    """The old load key no longer convinces, the new one does."""
    slot, place = opened(), PLACE.key(0x01, Usage.LOAD)
    assert place is not None
    run(maintaining.put_key(CONTROL, place, bytes(range(16))), slot)
    run(verify_pin("123456"), slot)
    opening = slot(bytes.fromhex("805000020B0100000064310100000001"))
    assert opening[-2:].hex() == "9000"
    with pytest.raises(Malformed):
        run(maintaining.put_key(CONTROL, place, bytes(8)), slot)


@pytest.mark.parametrize("enciphered", [False, True])
def test_a_file_is_written_under_the_maintenance_key(*, enciphered: bool) -> None:
    """File 17 asks for the maintenance key, and a MAC with it is as good as its proof."""
    slot = opened()
    command = Command(0x00, 0xD6, 0x97, 8, bytes(2))
    run(maintaining.ordered(command, CONTROL, enciphered=enciphered), slot)
    administration = run(read_file(KIND.file("T-UNION", 0x0017)), slot)
    assert administration.interoperable == "0000"
    with pytest.raises(StatusError, match="6982"):
        run(ask_plainly(command), slot)


def ask_plainly(command: Command) -> Script[bytes]:
    """The same without a MAC."""
    return (yield from ask(command)).require()


@pytest.mark.parametrize("enciphered", [False, True])
def test_a_mac_opens_no_file_that_asks_for_another_key(*, enciphered: bool) -> None:
    """The key that protects the PIN of a generation 3 card is no update key."""
    social = profile("3.00").application("SSSE")
    reload = social.key_named("STK")
    assert reload is not None
    control = Control(ordered("3.00").key(social, reload), reload.algorithm)
    slot = Slot(card("3.00"))
    run(open_application(profile("3.00"), "SSSE"), slot)
    with pytest.raises(StatusError, match="6982"):
        run(maintaining.update_record(control, 5, 2, bytes.fromhex("020131"), enciphered=enciphered), slot)
