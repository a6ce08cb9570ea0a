"""What the card answers to right and wrong commands, status word by status word."""

import pytest

from emulator.card import answer
from emulator.slot import Slot
from tests.cards import SSSE, card, say, slot

WRONG = {
    "4 bytes at least": ("00A4", "6700"),
    "Lc that promises too much": ("00A40002EF05", "6700"),
    "class of another instruction": ("80B2012C00", "6E00"),
    "instruction that is none": ("00FF0000", "6D00"),
    "P1 of SELECT": ("00A4090002EF05", "6A86"),
    "no such file": ("00A4000002EF77", "6A82"),
    "no current file": ("00B2010400", "6986"),
    "no such SFI": ("00B201BC00", "6A82"),
    "no such record": ("00B2092C00", "6A83"),
    "record 0": ("00B2002C00", "6A83"),
    "no such tag": ("00B2772800", "6A83"),
    "all records": ("00B2012D00", "6A81"),
    "records of a transparent file": ("00B2013C00", "6981"),
    "bytes of a file of records": ("00B0850000", "6981"),
    "a key's file without its proof": ("00B0870000", "6982"),
    "update without proof": ("00DC072C0B0709443231343335363958", "6982"),
    "append with P1": ("00E2012C0101", "6A86"),
    "a challenge of 3": ("0084000003", "6700"),
    "authentication without challenge": ("00820004100000000000000000" + "00" * 8, "6984"),
    "no such key": ("00820077100000000000000000" + "00" * 8, "6A88"),
    "authentication of a wrong length": ("0082000401AA", "6700"),
    "internal authentication of a wrong length": ("0088000001AA", "6700"),
    "PIN too short": ("002000000112", "6700"),
    "P2 of VERIFY": ("0020000103123456", "6A86"),
    "purse commands outside a purse": ("805C000204", "6A81"),
    "debit without INIT": ("805401000F" + "00" * 15, "6901"),
    "nothing to fetch": ("00C0000010", "6985"),
    "channel that is not open": ("02B2012C00", "6881"),
    "secure messaging without challenge": ("04DC072C0B0709443231343335363958", "6984"),
    "reload without secure messaging": ("802400010400000000", "6987"),
    "PSAM command to a card": ("80FA0000080102030405060708", "6D00"),
    "balance in the class of another kind of card": ("905C000204", "6884"),
    "version of a card of another kind": ("9060000000", "6D00"),
    "identifier of the chip, which the reader should have told": ("FFCA000000", "6E00"),
    "unknown instruction under secure messaging": ("0CFF000000", "6D00"),
    "last file of a name that is none": ("00A4010002EF05", "6A82"),
    "previous occurrence of an identifier": ("00A4000302EF05", "6A86"),
}


@pytest.mark.parametrize(("command", "sw"), WRONG.values(), ids=WRONG)
def test_each_wrong_use_has_its_status_word_and_changes_nothing(command: str, sw: str) -> None:
    """CLA, P1, P2, Lc, file, record, key: refused one by one."""
    before, _ = answer(card(), bytes.fromhex(SSSE + "00"))
    after, said = answer(before, bytes.fromhex(command))
    assert said.hex().upper() == sw
    assert after == before


def test_the_answer_to_select_is_fetched_and_counted() -> None:
    """611E, then 30 bytes in two parts, then nothing more."""
    exchange = slot()
    assert say(exchange, SSSE) == "611E"
    assert say(exchange, "00C0000010").endswith("610E")
    assert say(exchange, "00C000000E").endswith("9000")
    assert say(exchange, "00C000000E") == "6985"


def test_another_command_loses_what_was_not_fetched() -> None:
    """The FCI waits for GET RESPONSE alone."""
    assert say(slot(), SSSE, "0084000008", "00C000001E") == "6985"


def test_a_pin_has_its_tries_and_a_reset_takes_the_proof() -> None:
    """63C5 after one wrong try; six of them block; the right one before gives all tries back."""
    exchange = slot()
    assert say(exchange, SSSE, "0020000003111111") == "63C5"
    assert say(exchange, "00200000") == "63C5"
    assert say(exchange, "0020000003123456") == "9000"
    assert say(exchange, "00200000") == "9000"
    exchange.reset()
    assert say(exchange, SSSE, "00200000") == "63C6"
    assert [say(exchange, "0020000003111111") for _ in range(7)] == ["63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6983"]
    exchange.reset()
    assert say(exchange, SSSE, "0020000003123456") == "6983"


def test_a_changed_pin_counts_at_once() -> None:
    """805E0100 with the old one, FF and the new one."""
    exchange = slot()
    assert say(exchange, SSSE, "805E0100071234 56FF654321".replace(" ", "")) == "9000"
    assert say(exchange, "0020000003123456") == "63C5"
    assert say(exchange, "0020000003654321") == "9000"


def test_a_challenge_is_good_for_one_try() -> None:
    """The second EXTERNAL AUTHENTICATE finds none; the first cost the key a try."""
    wrong = "0082000410" + "11" * 16
    exchange = slot()
    assert say(exchange, SSSE, "0084000008", wrong) == "63C2"
    assert say(exchange, wrong) == "6984"
    assert say(exchange, "0084000008", wrong) == "63C1"


def test_proofs_lapse_with_the_directory_they_were_given_in() -> None:
    """The PIN stays good in the DFs below; selecting the application again takes it."""
    exchange = slot()
    assert say(exchange, SSSE, "0020000003123456", "00A4000002DF04")[:2] == "61"
    assert say(exchange, "00B281280A").endswith("9000")
    assert say(exchange, SSSE, "00A4000002DF04", "00B281280A") == "6982"


def test_channels_keep_apart() -> None:
    """What one channel selects and proves is not the other's."""
    exchange = slot()
    say(exchange, SSSE, "0020000003123456")
    assert say(exchange, "0070000001") == "019000"
    assert say(exchange, "01" + SSSE[2:], "01200000") == "63C6"
    assert say(exchange, "00200000") == "9000"
    assert say(exchange, "00708001") == "9000"
    assert say(exchange, "01200000") == "6881"


def test_a_chain_of_commands_is_one_command() -> None:
    """SELECT in two halves; another command in between ends the chain with 6883."""
    exchange = slot()
    assert say(exchange, "10A40400077378312E73682E") == "9000"
    assert say(exchange, "00A4040008C9E7BBE1B1A3D5CF") == "611E"
    assert say(exchange, "10A40400077378312E73682E", "0084000008") == "6883"


def test_who_goes_through_the_names_that_begin_alike_meets_each_once() -> None:
    """The ministry's RID with next until 6A82, and back with previous until 6A82; last and first are the ends."""
    rid = "05D156000005"

    def through(exchange: Slot, first: str, further: str) -> list[str]:
        names = [say(exchange, f"00A404{first}{rid}00")]
        while not names[-1].startswith("6A82"):
            names.append(say(exchange, f"00A404{further}{rid}00"))
        return [one[8:20] for one in names[:-1]]

    exchange = slot()
    forward = through(exchange, "00", "02")
    assert sorted(forward) == [f"D1560000050{place}" for place in range(5)]
    assert through(exchange, "01", "03") == forward[::-1]
    assert say(exchange, SSSE, f"00A40402{rid}00")[8:20] == forward[0]


def test_a_bank_application_says_where_its_records_lie() -> None:
    """GET PROCESSING OPTIONS, with whatever another bank's card asked for; every record that it names can be read."""
    exchange = slot()
    assert say(exchange, SSSE, "80A8000002830000") == "6985"
    assert say(exchange, "00A4040008A00000033301010100").endswith("9000")
    assert [say(exchange, f"80A80000{wrong}") for wrong in ("", "00", "0183", "03830200", "02770000")] == ["6A80"] * 5
    assert say(exchange, "80A8010002830000") == "6A86"
    said = say(exchange, "80A8000002830000")
    assert say(exchange, "80A800000683040000000000") == said
    assert (said[:8], said[-4:]) == ("800E7C00", "9000")
    located = bytes.fromhex(said)[4:-2]
    for sfi, first, last, _ in zip(*(located[place::4] for place in range(4)), strict=True):
        for number in range(first, last + 1):
            assert say(exchange, f"00B2{number:02X}{sfi | 4:02X}00").endswith("9000")
    counters = [say(exchange, f"80CA{tag}00") for tag in ("9F36", "9F17", "9F79")]
    assert counters == ["9F360200019000", "9F1701039000", "6A88"]


def test_extended_lengths_reach_a_whole_photograph() -> None:
    """READ BINARY of 768 bytes at once needs the proof, and says so in the extended form too."""
    assert say(slot(), SSSE, "00B08700000300") == "6982"


def test_a_command_that_breaks_the_card_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """6F00 and a report without content; the card goes on as it was."""
    one = slot()
    say(one, SSSE)
    whole = one.card
    one.card = type(whole)(whole.blueprint, {}, whole.session, whole.dice)
    assert say(one, "00B2012C00") == "6F00"
    assert "broke the 2.00 card" in caplog.text
    one.card = whole
    assert say(one, "00B2012C00").endswith("9000")


def test_no_secret_stands_in_a_log() -> None:
    """What a card keeps does not show in how it is written."""
    one = slot()
    say(one, SSSE, "0020000003123456")
    assert repr(one.card) == "Card(2.00, SSSE)"
    shown = repr(one.card.session) + repr(one.card.dice)
    assert "123456" not in shown
