"""Orders under MAC: blocking, unblocking, secure messaging on files, keys written at issuing and after."""

import pytest

from cardstack.apdu import secure
from cardstack.apdu.message import Command
from cardstack.card.keys import Usage
from cardstack.crypto import cryptogram
from emulator import factory
from emulator.card import answer
from emulator.slot import Slot
from emulator.state import Card
from tests.cards import SSSE, ordered, say, slot
from tests.payments import Bank

TUNION = "00A4040008A00000063201010500"
BANK = Bank()


def _order(card: Slot, command: Command, usage: Usage = Usage.MAINTENANCE, kid: int = 0) -> str:
    """A command with the MAC of the issuer over a challenge of four bytes."""
    challenge = card(bytes.fromhex("0084000004"))[:4]
    key, vector = BANK.key(usage, kid), secure.initial_vector(challenge)
    header = bytes((command.cla | 4, command.ins, command.p1, command.p2, len(command.data) + 4))
    mac = cryptogram.retail_mac(key, header + command.data, iv=vector)[:4]
    return card(bytes(Command(command.cla | 4, command.ins, command.p1, command.p2, command.data + mac))).hex().upper()


def test_an_application_is_blocked_and_unblocked() -> None:
    """6283 to its selection; 8418 brings it back; blocked for good it says 9303."""
    card = BANK.open()
    assert _order(card, Command(0x80, 0x1E)) == "9000"
    assert say(card, TUNION) == "6283"
    assert say(card, "805C000204") == "6985"
    assert _order(card, Command(0x80, 0x18)) == "9000"
    assert say(card, TUNION)[-4:] == "9000"
    assert _order(card, Command(0x80, 0x1E, 0, 1)) == "9000"
    assert say(card, TUNION) == "9303"


def test_a_wrong_mac_blocks_nothing() -> None:
    """6988; without a challenge 6984; without secure messaging 6987; the challenge is used up."""
    card = BANK.open()
    assert say(card, "841E000004AABBCCDD") == "6984"
    assert say(card, "801E000004AABBCCDD") == "6987"
    assert say(card, "0084000004", "841E000004AABBCCDD", "841E000004AABBCCDD") == "6984"
    assert say(card, "0084000004", "841E000004AABBCCDD") == "6988"
    assert say(card, TUNION)[-4:] == "9000"


def test_a_blocked_card_says_nothing_but_that() -> None:
    """Every command 6A81, also after a reset."""
    card = BANK.open()
    assert _order(card, Command(0x80, 0x16)) == "9000"
    card.reset()
    assert {say(card, SSSE), say(card, "0084000008"), say(card, "00FF0000")} == {"6A81"}


def test_a_file_is_written_under_mac() -> None:
    """T-Union's file 15 asks for DAMK: 04D6 with its MAC is as good as its proof, for that one command."""
    card = BANK.open()
    assert say(card, "00D6950001AA") == "6982"
    assert _order(card, Command(0x00, 0xD6, 0x95, 0x00, b"\xaa\xbb")) == "9000"
    assert say(card, "00B0950002") == "AABB9000"
    assert say(card, "00D6950001CC") == "6982"


def test_a_file_is_written_enciphered_and_under_mac() -> None:
    """Class bit 4 says that the data is enciphered (this project's reading)."""
    card = BANK.open()
    challenge = card(bytes.fromhex("0084000004"))[:4]
    key, vector = BANK.key(Usage.MAINTENANCE, 0), secure.initial_vector(challenge)
    body = secure.encipher(b"\xaa\xbb", key)
    header = bytes((0x08, 0xD6, 0x95, 0x00, len(body) + 4))
    mac = cryptogram.retail_mac(key, header + body, iv=vector)[:4]
    assert say(card, (header + body + mac).hex()) == "9000"
    assert say(card, "00B0950002") == "AABB9000"


def _fresh() -> Card:
    return factory.personalise(ordered("2.00"), issued=False)


def test_keys_are_written_in_the_clear_until_the_card_is_issued() -> None:
    """80D4 01 kid; afterwards 6982."""
    card = Slot(_fresh())
    command = "80D4010413" + "000200" + "11" * 16
    assert say(card, SSSE, command) == "9000"
    challenge = card(bytes.fromhex("0084000008"))[:8]
    cipher = cryptogram.authentication(b"\x11" * 16, challenge, bytes(8))
    assert say(card, f"0082000411{cipher.hex()}{'00' * 8}02") == "9000"
    assert say(slot(), SSSE, command) == "6982"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("80D4000413" + "00" * 19, "6A86"),
        ("80D4017713" + "00" * 19, "6A88"),
        ("80D4010403AABBCC", "6700"),
        ("80D4010413" + "77" * 19, "6A88"),
    ],
)
def test_a_key_is_written_into_a_declared_place(command: str, sw: str) -> None:
    """P1, use, identifier and length are checked."""
    before, _ = answer(_fresh(), bytes.fromhex(SSSE))
    after, said = answer(before, bytes.fromhex(command))
    assert said.hex().upper() == sw
    assert after.memory == before.memory


def _locked(exchange: Slot, header: str, application: str, kid: int) -> str:
    """An order of the ministry's issuer: the lock key's process key over a challenge of eight bytes."""
    challenge = exchange(bytes.fromhex("0084000008"))[:8]
    process = cryptogram.process_key(Bank("2.00", application).key(Usage.LOCK, kid), challenge)
    return say(exchange, header + "04" + cryptogram.mac(process, bytes.fromhex(header + "04")).hex())


def test_a_dfs_lock_key_blocks_the_df_and_not_the_card() -> None:
    """LKDF03 blocks DF03; the card takes BK alone."""
    exchange = slot()
    say(exchange, SSSE, "00A4000002DF03")
    assert _locked(exchange, "84160000", "DF03", 0x40) == "6988"
    assert _locked(exchange, "841E0000", "DF03", 0x40) == "9000"
    assert say(exchange, SSSE, "00A4000002DF03") == "6283"
    assert say(exchange, SSSE, "00A4000002DF04").startswith("61")
    assert _locked(exchange, "84160000", "SSSE", 0x11) == "9000"
    assert say(exchange, SSSE) == "6A81"
