"""Proofs between holder, terminal and card, and the messages that key sources send for them."""

import pytest

from cardstack.apdu.script import run
from cardstack.card import proving
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Factors
from cardstack.card.profiles import PROFILES, profile
from cardstack.crypto import cryptogram
from cardstack.errors import Refused, Untrusted

FACTORS = Factors("330106", bytes.fromhex("8684330100000135"))
CHALLENGE = bytes.fromhex("1122334455667788")
KEYS = proving.LocalKeys(master_for_tests)


class Heard:
    """A partner that notes what it hears and says what it was told to say."""

    def __init__(self, *answers: str) -> None:
        self.heard: list[str] = []
        self.answers = iter(answers)

    def __call__(self, command: bytes) -> bytes:
        self.heard.append(command.hex().upper())
        return bytes.fromhex(next(self.answers))


@pytest.mark.parametrize("name", ["2.00", "3.00"])
def test_a_terminal_proves_its_key(name: str) -> None:
    """0082 carries the first eight bytes of the cryptogram over the source data, and the source data."""
    key = profile(name).key("SSSE", "RKSSSE")
    card = Heard(CHALLENGE.hex() + "9000", "9000")
    run(proving.external_authenticate(key, FACTORS, KEYS), card)
    expected = cryptogram.authentication(KEYS.of_card(key, FACTORS), CHALLENGE, proving.SOURCE_DATA, key.algorithm)[:8]
    assert card.heard == ["0084000008", "0082000A10" + (expected + proving.SOURCE_DATA).hex().upper()]


@pytest.mark.parametrize("name", ["2.00", "3.00"])
def test_a_card_proves_itself_and_a_copy_does_not(name: str) -> None:
    """The answer to INTERNAL AUTHENTICATE is compared with the key source's own."""
    key = profile(name).key("SSSE", "IRK")
    genuine = cryptogram.authentication(KEYS.of_card(key, FACTORS), CHALLENGE, bytes(8), key.algorithm)
    run(proving.internal_authenticate(key, FACTORS, KEYS, CHALLENGE + bytes(8)), Heard(genuine.hex() + "9000"))
    with pytest.raises(Untrusted):
        run(proving.internal_authenticate(key, FACTORS, KEYS, CHALLENGE + bytes(8)), Heard(bytes(8).hex() + "9000"))


def test_a_psam_is_told_usage_key_and_factors_from_the_card_upwards() -> None:
    """BFDE takes card, city, province, challenge; 80FA the source data (as the recorded clients send them)."""
    psam = Heard("9000", "9000", "6108", "00112233445566779000")
    card = Heard(CHALLENGE.hex() + "9000", "9000")
    run(proving.external_authenticate(profile("2.00").key("SSSE", "UKSSSE"), FACTORS, proving.PsamKeys()), card, psam=psam)
    chain = "8684330100000135" + b"330106sx".hex().upper() + CHALLENGE.hex()
    assert psam.heard == ["00A4040006D15600000590", "BFDE481218" + chain, "80FA0000080102030405060708", "00C0000008"]
    assert card.heard[1] == "00820004100011223344556677" + "0102030405060708"


def test_a_hsm_is_told_address_and_factors_from_the_city_downwards() -> None:
    """B0A5, eight zeros, 01, address, levels, factors, 00, challenge, length, data; 41 and the result come back."""
    hsm = Heard("41" + 16 * "0" + "08" + "0011223344556677")
    card = Heard(CHALLENGE.hex() + "9000", "9000")
    run(proving.external_authenticate(profile("2.00").key("SSSE", "UKSSSE"), FACTORS, proving.HsmKeys()), card, hsm=hsm)
    chain = b"330106sx".hex().upper() + "8684330100000135"
    assert hsm.heard == ["B0A5" + 16 * "0" + "01" + "0094" + "02" + chain + "00" + CHALLENGE.hex() + "080102030405060708"]
    assert card.heard[1].startswith("00820004100011223344556677")


def test_a_wrong_pin_says_how_many_tries_are_left() -> None:
    """63C2 is two tries, 6983 none."""
    with pytest.raises(Refused) as wrong:
        run(proving.verify_pin("123457"), Heard("63C2"))
    assert (wrong.value.code, wrong.value.facts["left"]) == ("CS-1210", 2)
    with pytest.raises(Refused) as blocked:
        run(proving.verify_pin("123457"), Heard("6983"))
    assert blocked.value.code == "CS-1211"


def test_a_reloaded_pin_travels_enciphered_and_proved() -> None:
    """8424 0001 0C Enc8 MAC4 after the PUK, as Jiangsu's library sends it."""
    second = profile("2.00")
    card = Heard(CHALLENGE.hex() + "9000", "9000", CHALLENGE.hex() + "9000", "9000")
    puk, stk = second.key("SSSE", "PUK"), second.key("SSSE", "STK")
    run(proving.reload_pin(puk, stk, FACTORS, KEYS, "654321"), card)
    process = cryptogram.process_key(KEYS.of_card(stk, FACTORS), CHALLENGE)
    sent = bytes.fromhex(card.heard[3])
    assert sent[:5].hex() == "842400010c"
    assert cryptogram.pin_of_block(cryptogram.decrypt(process, sent[5:13])).hex() == "654321"
    assert cryptogram.mac(process, sent[:13]) == sent[13:]


def test_every_masterkey_of_a_profile_gives_a_key() -> None:
    """No declared key lacks what derives it."""
    for one in PROFILES.values():
        for application in one.applications:
            assert all(len(KEYS.of_card(key, FACTORS)) == 16 for key in application.keys)
