"""Wrong uses in particular places, each with its own status word; and the rarer right ones."""

from dataclasses import replace

import pytest

from cardstack.apdu.message import Command
from cardstack.card.issuing import personalise
from cardstack.card.keys import Usage
from cardstack.card.profile import Data, Profile, Style
from cardstack.card.profiles import profile
from cardstack.crypto import cryptogram
from emulator import factory
from emulator.slot import Slot
from tests.cards import ORDER, SSSE, WANG, ordered, sam, say, slot
from tests.payments import PIN, Bank, proved

DF04 = "00A4000002DF04"
MEDICAL = "B028010113" + "01" + "00" * 12 + "310000000001"
BY_PLACE = {
    "parent of the master": ((), "00A40300", "61"),
    "next application of a name": ((SSSE,), "00A404020F7378312E73682EC9E7BBE1B1A3D5CF", "6A82"),
    "name too long": ((), "00A4040011" + "00" * 17, "6700"),
    "identifier too short": ((), "00A4000001EF", "6700"),
    "P2 of SELECT": ((), "00A4008002EF05", "6A86"),
    "no answer wanted": ((), "00A4040C0F7378312E73682EC9E7BBE1B1A3D5CF", "9000"),
    "channel 0 cannot be closed": ((), "00708000", "6A86"),
    "a channel that is closed": ((), "00708001", "6985"),
    "P1 of MANAGE CHANNEL": ((), "00704000", "6A86"),
    "a channel beyond": ((), "00700009", "6A86"),
    "a channel twice": (("00700001",), "00700001", "6985"),
    "data for MANAGE CHANNEL": ((), "0070000001AA", "6700"),
    "all channels open": (("0070000001",) * 3, "0070000001", "6A81"),
    "short identifier with reserved bits": ((SSSE,), "00B0E50000", "6A86"),
    "binary without a file": ((SSSE,), "00B0000000", "6986"),
    "no such binary": ((SSSE,), "00B09D0000", "6A82"),
    "reserved P2 of READ RECORD": ((SSSE,), "00B2012E00", "6A86"),
    "record of all with P1 beyond": ((SSSE,), "00B2012D00", "6A81"),
    "challenge with P1": ((), "0084010008", "6A86"),
    "internal authentication with P1": ((SSSE,), "0088010010" + "00" * 16, "6A86"),
    "another version of a key": ((SSSE,), "0088000011" + "00" * 16 + "09", "6A88"),
    "the same version of a key": ((SSSE,), "0088000011" + "00" * 16 + "01", ""),
    "data object nobody has": ((), "80CA9F7F00", "6A88"),
    "PIN where there is none": ((), PIN, "6A88"),
    "PIN of an odd length": ((SSSE,), "00200000091111111111111111FF", "6700"),
    "change without the mark": ((SSSE,), "805E010006123456654321", "6A80"),
    "change without data": ((SSSE,), "805E0100", "6700"),
    "change with P2": ((SSSE,), "805E010207123456FF654321", "6A86"),
    "change to letters": ((SSSE,), "805E010007123456FFABCDEF", "6A80"),
    "change to a short one": ((SSSE,), "805E010005123456FF12", "6700"),
    "reload in clear, short": ((SSSE,), "805E00000412345678", "6700"),
    "reload in clear, wrong MAC": ((SSSE,), "805E000007123456AABBCCDD", "6988"),
    "reload with P1": ((SSSE,), "8424010004AABBCCDD", "6A86"),
    "reload without the PIN key": ((SSSE, "0084000008"), "8424000004AABBCCDD", "6982"),
    "medical in another application": ((SSSE,), MEDICAL, "6985"),
    "medical P1": ((SSSE, DF04, PIN), MEDICAL.replace("B0280101", "B0280102"), "6A86"),
    "medical length": ((SSSE, DF04, PIN), "B028010101AA", "6700"),
    "medical without PIN": ((SSSE, DF04), MEDICAL, "6982"),
    "medical key index": ((SSSE, DF04, PIN), MEDICAL.replace("1301", "1377"), "9403"),
    "medical account too small": ((SSSE, DF04, PIN), MEDICAL.replace("1301" + "00" * 4, "1301" + "7FFFFFFF"), "9401"),
    "medical debit without INIT": ((SSSE, DF04, PIN), "B02C01000F" + "00" * 15, "6901"),
    "medical debit, wrong MAC1": ((SSSE, DF04, PIN, MEDICAL), "B02C01000F" + "00" * 15, "9302"),
    "balance with P1": (("00A4040008A00000063201010500",), "805C040204", "6A86"),
    "prove with P1": (("00A4040008A00000063201010500",), "805A0106020000", "6A86"),
    "prove of a wrong length": (("00A4040008A00000063201010500",), "805A00060100", "6700"),
    "debit of a wrong length": (("00A4040008A00000063201010500", "805001020B0100000001000000000001"), "8054010001AA", "6700"),
    "debit with P2": (("00A4040008A00000063201010500", "805001020B0100000001000000000001"), "805401010F" + "00" * 15, "6A86"),
    "block with P1": ((SSSE,), "841E010004AABBCCDD", "6A86"),
    "block with data": ((SSSE, "0084000008"), "841E000005AABBCCDDEE", "6700"),
    "unblock what is not blocked": ((SSSE,), "8418000004AABBCCDD", "6985"),
    "MAC too short": ((SSSE, "0084000008"), "04DC072C03AABBCC", "6987"),
    "PKI command elsewhere": ((SSSE,), "80C4010305C10312345600", "6985"),
}


@pytest.mark.parametrize(("before", "command", "sw"), BY_PLACE.values(), ids=BY_PLACE)
def test_each_wrong_use_in_its_place(before: tuple[str, ...], command: str, sw: str) -> None:
    """After what stands before it, the command is answered so."""
    said = say(slot(), *before, command)
    assert said.endswith(sw) or said.startswith(sw)


WITH_UK = {
    "byte beyond the end": ("00D6000001AA", "6986"),
    "record longer than its room": ("00DC072C0C070A44323134333536395830", "6A84"),
    "record of another tag": ("00DC012C04AA020000", "6A80"),
    "record with a wrong length byte": ("00DC072C0407080000", "6A80"),
    "record number 9": ("00DC092C03090100", "6A83"),
    "no data": ("00DC012C", "6700"),
    "append to a tagged file": ("00E200280309010A", "6A84"),
    "append nothing": ("00E20028", "6700"),
    "P2 of UPDATE RECORD": ("00DC072D0B0709443231343335363900", "6A86"),
    "next record": ("00DC002B0B0709443231343335363900", "6A86"),
}


@pytest.mark.parametrize(("command", "sw"), WITH_UK.values(), ids=WITH_UK)
def test_each_wrong_write_after_the_proof(command: str, sw: str) -> None:
    """The key is proved; what is wrong is the command."""
    exchange = slot()
    say(exchange, SSSE)
    assert say(proved(exchange, "UKSSSE"), command) == sw


def test_writing_to_a_transparent_file_stays_inside_it() -> None:
    """6B00 beyond the end, 6A84 across it, 6700 without data; reading from beyond is 6B00 too."""
    exchange = slot()
    say(exchange, SSSE)
    proved(exchange, "UKSSSE", "RKSSSE")
    assert say(exchange, "00A4000002EF07") == "9000"
    assert say(exchange, "00D6030001AA") == "6B00"
    assert say(exchange, "00D602FF02AABB") == "6A84"
    assert say(exchange, "00D60000") == "6700"
    assert say(exchange, "00B0030000") == "6B00"
    assert say(exchange, "00D602FF01AA") == "9000"
    assert say(exchange, "00B002FF00") == "AA9000"
    assert len(exchange(bytes.fromhex("00B00000000300"))) == 0x302


def test_a_log_takes_whole_records_and_drops_the_oldest() -> None:
    """DF02 EF07 keeps four; number 1 is the newest; both ways of writing are the same."""
    exchange = slot()
    say(exchange, SSSE, "00A4000002DF02")
    proved(exchange, "UK3DF02", application="DF02")
    assert say(exchange, "00E2003801AA") == "6700"
    for number in range(1, 7):
        record = f"{number:02X}" * 7 + "20240101" + "20250101" + "00" * 70
        assert say(exchange, ("00E2003855" if number % 2 else "00DC013C55") + record) == "9000"
    say(exchange, PIN)
    assert [say(exchange, f"00B2{number:02X}3C55")[:2] for number in (1, 2, 3, 4)] == ["06", "05", "04", "03"]
    assert say(exchange, "00B2053C55") == "6A83"
    assert say(exchange, "00DC023C55" + "00" * 85) == "6A86"


def test_a_pin_is_reloaded_in_clear_under_mac() -> None:
    """PBOC's 805E 0000: the new PIN and a MAC with the folded reload key."""
    exchange, key = slot(), Bank(application="SSSE").key(Usage.RELOAD, 0x09)
    pin = bytes.fromhex("246810")
    raw = bytes(Command(0x80, 0x5E, data=pin + cryptogram.tac(key, pin)))
    assert say(exchange, SSSE, raw.hex()) == "9000"
    assert say(exchange, "0020000003246810") == "9000"


def _styled(**changes: object) -> Slot:
    kind: Profile = replace(profile("2.00"), style=replace(Style(), **changes))  # type: ignore[arg-type]  # any field of a style
    return Slot(factory.personalise(personalise(kind, ORDER, WANG)))


def test_a_card_that_gives_its_file_control_parameters_does_so() -> None:
    """SELECT of an EF with an FCP, fetched or at once, or not at all with P2 0C."""
    assert say(_styled(ef_fci=True), SSSE, "00A4000002EF07").startswith("61")
    assert say(_styled(ef_fci=True, select=Data.DIRECT), SSSE, "00A4000002EF07") == "62088302EF07800203009000"
    assert say(_styled(ef_fci=True), SSSE, "00A4000C02EF07") == "9000"


def test_a_card_that_reads_all_records_does_so() -> None:
    """P2 low bits 101: from a number to the last; over 256 bytes the rest is fetched."""
    exchange = _styled(all_records=True)
    assert say(exchange, SSSE, "00B2062D00")[:4] == "0604"
    say(exchange, PIN, DF04)
    said = say(exchange, "00B2012D00")
    assert said[-4:-2] == "61" or said.endswith("9000")


def test_a_card_without_identifiers_reads_by_number_alone() -> None:
    """6A81 to a tag."""
    assert say(_styled(record_identifiers=False), SSSE, "00B2072800") == "6A81"


SAM = {
    "derivation without a key": ((), "BFDE777710" + "00" * 16, "6A88"),
    "derivation with too few levels": ((), "BFDE481210" + "00" * 16, "6700"),
    "801A with too few levels": ((), "801A481208" + "00" * 8, "6700"),
    "801A": ((), "801A481210" + "00" * 16, "9000"),
    "encryption without a key": ((), "80FA000008" + "00" * 8, "6985"),
    "half a block": (("BFDE481218" + "00" * 24,), "80FA000007" + "00" * 7, "6700"),
    "P1 of 80FA": (("BFDE481218" + "00" * 24,), "80FA010008" + "00" * 8, "6A86"),
    "MAC without data": (("BFDE481218" + "00" * 24,), "80FA050008" + "00" * 8, "6700"),
    "8070 with P1": ((), "8070020024" + "00" * 36, "6A86"),
    "8070 of a wrong length": ((), "8070000020" + "00" * 32, "6700"),
    "8070 with an unknown key": ((), "8070000024" + "00" * 18 + "77" + "00" * 17, "9403"),
    "8070 with the terminal's own sequence": ((), "8070000128" + "00" * 18 + "0100" + "00" * 20, "6108"),
    "8070, one level of the PSAM's own city": ((), "8070010024" + "00" * 26 + "0100" + "00" * 8, "6108"),
    "8072 without 8070": ((), "8072000004AABBCCDD", "6901"),
    "8072 of a wrong length": (("8070000024" + "00" * 18 + "0100" + "00" * 16,), "807200000100", "6700"),
    "8072 with P1": (("8070000024" + "00" * 18 + "0100" + "00" * 16,), "8072010004AABBCCDD", "6A86"),
    "8072 with a wrong MAC2": (("8070000024" + "00" * 18 + "0100" + "00" * 16,), "8072000004AABBCCDD", "9302"),
}


@pytest.mark.parametrize(("before", "command", "sw"), SAM.values(), ids=SAM)
def test_each_wrong_use_of_the_psam(before: tuple[str, ...], command: str, sw: str) -> None:
    """The module checks as strictly as the card."""
    assert say(Slot(sam("2.00")), *before, command) == sw


def test_the_psam_counts_its_purchases() -> None:
    """A terminal sequence is given once; file 0019 shows the next."""
    module = Slot(sam("2.00"))
    purchase = "8070000024" + "00" * 18 + "0100" + "00" * 16
    assert say(module, "00A40000028011", "00B0990004") == "000000019000"
    assert say(module, purchase + "08")[:8] == "00000001"
    assert say(module, purchase + "08")[:8] == "00000002"
    assert say(module, "00B0990004") == "000000039000"


def test_the_psam_of_generation_3_serves_terminals_that_send_eight_bytes() -> None:
    """Source data of 3DES terminals under an SM4 key: the eight bytes that EXTERNAL AUTHENTICATE carries."""
    exchange, module = slot("3.00"), Slot(sam("3.00"))
    say(exchange, SSSE)
    challenge = exchange(bytes.fromhex("0084000008"))[:8]
    factors = ordered("3.00").factors
    say(module, "BFDE470A18" + (factors.card + factors.of_city + challenge).hex())
    assert say(module, "80FA0000080102030405060708") == "6108"
    cipher = say(module, "00C0000008")[:16]
    assert say(exchange, f"0082000A10{cipher}0102030405060708") == "9000"
