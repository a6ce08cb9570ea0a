"""Reading a card that does not keep to its declaration, and telling what kind of card it is."""

import pytest

from cardstack.apdu.script import Exchange, run
from cardstack.card import reading
from cardstack.card.gathering import basics, gather
from cardstack.card.profiles import PROFILES, profile
from cardstack.errors import Malformed, Refused
from emulator.slot import Slot
from tests.cards import WANG, card

SECOND = profile("2.00")


def with_record(exchange: Exchange, command: str, answer: str) -> Exchange:
    """The same card with one answer changed."""
    return lambda raw: bytes.fromhex(answer) if raw.hex().upper().startswith(command) else exchange(raw)


def test_one_odd_record_does_not_cost_the_reading() -> None:
    """An organisation with letters: strictly it is malformed, gathered the rest is there and the field is named."""
    odd = with_record(Slot(card()), "00B2042C", "040C" + "AC" * 12 + "9000")
    with pytest.raises(Malformed, match="organisation"):
        run(reading.read_issuer(SECOND), odd)
    issuer, holder = run(gather(SECOND, basics), odd)
    assert (issuer.content.version, issuer.content.organisation) == ("2.00", "")
    assert [one.field for one in issuer.deviations] == ["Issuer.organisation"]
    assert (holder.content.name, holder.deviations) == (WANG.name, ())


def test_a_card_that_ends_early_is_read_to_its_end() -> None:
    """Six records where seven are declared."""
    short = with_record(Slot(card()), "00B20734", "6A83")
    run(reading.open_application(SECOND, "SSSE"), short)
    found = run(reading.read_loosely(SECOND.file("SSSE", 0xEF06)), short)
    assert found.content.name == WANG.name
    assert [one.field for one in found.deviations] == ["Holder.born"]


@pytest.mark.parametrize("name", ["1.00", "1.00-shanghai-mf", "2.00", "2.00-jiangsu", "2.01", "3.00"])
def test_a_card_says_what_it_is(name: str) -> None:
    """Version, algorithm and place of EF05 lead to a profile that reads it."""
    slot = Slot(card(name))
    kind = run(reading.detect(), slot)
    fits = reading.fitting(kind, PROFILES)
    assert fits.version == profile(name).version
    assert run(reading.read_issuer(fits), slot).version == profile(name).version


def test_a_card_without_the_application_is_no_social_security_card() -> None:
    """A transit card is refused with a code of its own."""
    with pytest.raises(Refused) as other:
        run(reading.detect(), Slot(card("t-union")))
    assert other.value.code == "CS-1220"


@pytest.mark.parametrize("reply", [b"\x90\x00", b"\x61\x00", b"\x6c\x01", b"\x90", b"", b"\x6a\x82", bytes(300)])
def test_no_card_can_hold_the_reader(reply: bytes) -> None:
    """A card that always says the same thing ends every script, one way or the other."""
    for script in (reading.detect(), reading.read_certificate(profile("3.00")), gather(SECOND)):
        try:
            run(script, lambda _: reply)
        except (Malformed, Refused):
            continue
