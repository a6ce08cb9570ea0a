"""The certificate application of generation 3, as the recorded issuing middleware uses it (id 46244496087)."""

from cardstack import tlv
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.sm2 import Sm2Public, Sm2Signer
from cardstack.crypto.suite import digest
from cardstack.tlv import Tlv
from emulator.slot import Slot
from tests.cards import ordered, say, slot

DDF, ADF = "00A404000C504B492EC9E7BBE1B1A3D5CF00", "00A404000C53532E434552542E4144463100"
CIPHER = Block.SM4


def _challenge(card: Slot) -> bytes:
    return card(bytes.fromhex("0084000010"))[:16]


def _prove(card: Slot, pin: str, reference: str) -> str:
    """The PIN hashed by the card, then the challenge enciphered under the hash."""
    hashed = card(bytes.fromhex(f"80C40103{len(pin) // 2 + 2:02X}C1{len(pin) // 2:02X}{pin}00"))
    key = hashed[:16]
    return say(card, f"002001{reference}10{cryptogram.encrypt(key, _challenge(card), CIPHER).hex()}")


def _opened(card: Slot) -> Slot:
    assert say(card, DDF).endswith("9000")
    assert say(card, ADF).endswith("9000")
    assert _prove(card, "123456", "81") == "9000"
    assert _prove(card, "12345678", "00") == "9000"
    return card


def _signature_key(card: Slot) -> Sm2Public:
    say(card, DDF, ADF, "00A40000020012")
    content = card(bytes.fromhex("00B0000042"))
    assert (content[:2].hex(), len(content)) == ("ca40", 68)
    return Sm2Public.from_point(b"\x04" + content[2:66])


def test_the_hash_of_a_pin_is_sm3() -> None:
    """The value that the middleware's comment shows for 123456."""
    assert digest("sm3", bytes.fromhex("123456")).hex() == "3de741f445dd357bea4e6c3fe6437036f62b5e3ec0f00d62796edb4305ed627f"
    assert say(slot("3.00"), DDF, ADF, "80C4010305C10312345600").startswith("3DE741F4")


def test_a_pin_is_proved_without_being_sent() -> None:
    """A wrong one costs a try; without a fresh challenge of 16 bytes there is no try."""
    card = slot("3.00")
    assert say(card, DDF, ADF, "0020018110" + "00" * 16) == "6984"
    assert _prove(card, "654321", "81") == "63C5"
    assert _prove(card, "123456", "81") == "9000"
    assert _prove(card, "123456", "02") == "6A86"


def test_the_card_signs_with_the_holders_pin() -> None:
    """The signature verifies under the public key of file 0012; without the PIN there is none."""
    card = slot("3.00")
    public = _signature_key(card)
    command = "002A9E9A05" + b"hello".hex() + "00"
    assert say(card, command) == "6982"
    assert _prove(card, "123456", "81") == "9000"
    raw = card(bytes.fromhex(command))[:-2]
    halves = (raw[:32], raw[32:])
    numbers = [Tlv(2, b"\0" + half if half[0] & 0x80 else half.lstrip(b"\0")) for half in halves]
    public.verify(Tlv(0x30, tlv.encode(numbers)).encode(), b"hello")


def test_an_encryption_pair_is_brought_in_under_an_envelope() -> None:
    """804E opens, 804A keeps the SM4 key, 80C2 brings both halves; certificates are written in blocks of 112."""
    card = slot("3.00")
    public = _signature_key(card)
    _opened(card)
    session, number = bytes(range(16)), bytes(31) + b"\x09"
    envelope = [one.value for one in tlv.parse(tlv.parse(public.encrypt(session))[0].value)]
    flat = b"".join(int.from_bytes(half).to_bytes(32) for half in envelope[:2]) + envelope[2] + envelope[3]
    assert say(card, "804E000178C2020013C1820070" + flat.hex()) == session.hex().upper() + "9000"
    assert say(card, "804A021012C110" + session.hex()) == "9000"
    point = Sm2Signer.from_number(number).public.point[1:]
    assert say(card, "80C2400046C0020014CA40" + point.hex()) == "9000"
    sealed = cryptogram.encrypt(session, number, CIPHER)
    assert say(card, "80C2C00126C2020015CB20" + sealed.hex()) == "9000"
    assert card.card.memory["PKI-ADF1/pair/0015"] == number
    for fid in ("0018", "0019"):
        assert say(card, f"00A4000002{fid}") == "9000"
        assert [say(card, f"00D60{offset:03X}70" + "5A" * 112) for offset in range(0, 448, 112)] == ["9000"] * 4
        assert say(card, "00B00000F0")[:4] == "5A5A"
    assert say(card, "00A40000020014", "00B0000042") == "CA40" + point.hex().upper() + "9000"


def test_what_is_no_envelope_is_refused() -> None:
    """Wrong objects, wrong lengths, a key file that is not there, a ciphertext of nobody."""
    card = _opened(slot("3.00"))
    assert say(card, "804E000103C10100") == "6A80"
    assert say(card, "804E000178C2020099C1820070" + "00" * 112) == "6A88"
    assert say(card, "804E000178C2020013C1820070" + "01" * 112) == "6A80"
    assert say(card, "804A021003C10100") == "6A80"
    assert say(card, "80C2400003C00100") == "6A80"
    assert say(card, "80C2C00126C2020015CB20" + "00" * 32) == "6985"


def test_the_administrators_pin_is_changed_under_its_hash() -> None:
    """845E: enciphered, with a MAC from the challenge; the old one no longer works."""
    card = _opened(slot("3.00"))
    key = digest("sm3", bytes.fromhex("12345678"))[:16]
    body = cryptogram.encrypt(key, cryptogram.pin_block(bytes.fromhex("87654321"), 16), CIPHER)
    header = bytes.fromhex("845E010014")
    mac = cryptogram.mac(key, header + body, CIPHER, iv=_challenge(card))
    assert say(card, (header + body + mac).hex()) == "9000"
    assert _prove(card, "12345678", "00") == "63C5"
    assert _prove(card, "87654321", "00") == "9000"


def test_the_control_key_of_both_directories_is_replaced() -> None:
    """0082 0000 10 with the challenge enciphered, then 84D4 0100 24; the new key works and the old one does not."""
    order = ordered("3.00")
    fresh = bytes(range(16, 32))
    for directory, name in ((DDF, "PKI"), (ADF, "PKI-ADF1")):
        card = slot("3.00")
        application = order.profile.application(name)
        old = order.key(application, application.keys[0])
        assert say(card, DDF, directory).endswith("9000")
        assert say(card, "0082000010" + cryptogram.encrypt(old, _challenge(card), CIPHER).hex()) == "9000"
        challenge = _challenge(card)
        body = cryptogram.encrypt(old, bytes.fromhex("13000000") + fresh + b"\x80" + bytes(11), CIPHER)
        header = bytes.fromhex("84D4010024")
        mac = cryptogram.mac(old, header + body, CIPHER, iv=challenge)
        assert say(card, (header + body + mac).hex()) == "9000"
        assert say(card, "0082000010" + cryptogram.encrypt(old, _challenge(card), CIPHER).hex()) == "63C2"
        assert say(card, "0082000010" + cryptogram.encrypt(fresh, _challenge(card), CIPHER).hex()) == "9000"
