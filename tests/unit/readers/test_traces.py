"""Traces in the forms of others, replay both ways, comparison by meaning, scripts, and words for APDUs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cardstack.apdu import explain, scripting
from cardstack.apdu.difference import differences
from cardstack.apdu.formats import READERS, WRITERS, guessed
from cardstack.apdu.message import Command
from cardstack.apdu.trace import Exchanged
from cardstack.errors import Malformed
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.tap import Record, read_record
from emulator.desk import slot
from emulator.recorded import Recorded
from tests.command import CommandLine
from tests.serving import serving


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


@pytest.fixture
def recorded(command: CommandLine, tmp_path: Path) -> Path:
    """A third-generation card read with its keys: challenges and cryptograms are in it."""
    path = tmp_path / "read.jsonl"
    assert command("card", "read", "--reader", "emu:3.00", "--unmasked", "--trace", str(path)).code == 0
    return path


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_is_written_and_read_back(command: CommandLine, recorded: Path, tmp_path: Path, form: str) -> None:
    """The same commands and answers come back; GSMTAP is read as the pcap it is."""
    target = tmp_path / f"trace.{form}"
    assert command("trace", "convert", str(recorded), str(target), "--to", form).code == 0
    assert command("trace", "diff", str(recorded), str(target), "--json").data == {"differences": []}
    assert guessed(target.read_bytes()) == ("pcap" if form == "gsmtap" else form)
    assert "READ RECORD" in command("trace", "show", str(target), "--json").out


def test_tshark_dissects_the_capture(command: CommandLine, recorded: Path, tmp_path: Path) -> None:
    """Wireshark's own dissector names the commands."""
    if not shutil.which("tshark"):
        pytest.skip("apt-get install tshark")
    target = tmp_path / "trace.pcap"
    command("trace", "convert", str(recorded), str(target), "--to", "gsmtap")
    said = subprocess.run(["tshark", "-r", str(target)], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "SELECT Application 7378312e73682ec9e7bbe1b1a3d5cf" in said
    assert "READ RECORD RecordNr=1" in said


CASES = {
    "1": (Command(0x00, 0x44), ""),
    "2 short": (Command(0x80, 0xFA, ne=8), "66" * 8),
    "2 refused": (Command(0x00, 0xB0, ne=16), ""),
    "2 extended": (Command(0x00, 0xB0, ne=1000), "44" * 1000),
    "3 short": (Command(0x00, 0xD6, data=bytes(range(32))), ""),
    "3 extended": (Command(0x00, 0xD6, data=b"\x07" * 600), ""),
    "4 short": (Command(0x00, 0xA4, 0x04, 0x00, b"\xa0\0\0\0\3\x10\x10", 256), "6F0484020102"),
    "4 no data": (Command(0x00, 0xA4, 0x04, 0x00, b"\xa0\0\0\0\3\x10\x10", 256), ""),
    "4 extended": (Command(0x00, 0x2A, 0x9E, 0x9A, b"\x09" * 600, 2000), "55" * 700),
}


def test_every_case_survives_a_capture() -> None:
    """Short and extended, with an answer and without: the border between command and answer is not guessed."""
    said = [Exchanged("", "", 0, bytes(command).hex().upper(), f"{data}9000") for command, data in CASES.values()]
    again = list(READERS["pcap"](WRITERS["gsmtap"](said)))
    assert [(one.command, one.answer) for one in again] == [(one.command, one.answer) for one in said]


@pytest.mark.parametrize("case", ["1", "2 short", "3 short", "3 extended", "4 short", "4 no data", "4 extended"])
def test_tshark_finds_the_status_word_of_every_case(case: str, tmp_path: Path) -> None:
    """Its dissector knows short lengths; of extended ones it still finds instruction and status word."""
    if not shutil.which("tshark"):
        pytest.skip("apt-get install tshark")
    command, data = CASES[case]
    path = tmp_path / "case.pcap"
    path.write_bytes(WRITERS["gsmtap"]([Exchanged("", "", 0, bytes(command).hex().upper(), f"{data}9000")]))
    fields = ("-T", "fields", "-e", "gsm_sim.apdu.ins", "-e", "gsm_sim.apdu.sw", "-e", "_ws.col.Info")
    said = subprocess.run(["tshark", "-r", str(path), *fields], capture_output=True, text=True, timeout=60, check=True).stdout
    ins, status, info = said.rstrip("\n").split("\t")
    assert (int(ins, 16), status) == (command.ins, "0x9000")
    assert "Malformed" not in info


def test_a_log_of_pcscd_is_read() -> None:
    """The APDU and SW lines; everything else is passed over."""
    log = b"00000010 winscard.c:1 SCardTransmit()\n00000011 APDU: 00 A4 00 00 02 3F 00 \n00000012 SW: 61 0F \n"
    assert [(one.command, one.answer) for one in READERS["pcscd"](log)] == [("00A40000023F00", "610F")]


@pytest.mark.parametrize("form", READERS)
def test_nonsense_is_malformed_or_nothing(form: str) -> None:
    """Never another error."""
    for raw in (b"", b"\xff" * 50, b"{}", b">\n<\n", b"A>> T=1 (4+0) zz", b"\xd4\xc3\xb2\xa1" + b"\xff" * 60, b"> 0\n< 90 0\n"):
        try:
            list(READERS[form](raw))
        except Malformed:
            continue


def test_a_masked_trace_shows_no_content(command: CommandLine, tmp_path: Path) -> None:
    """Nothing of the holder or a PIN is in it unless asked for."""
    path = tmp_path / "masked.jsonl"
    command("card", "verify", "--reader", "emu:2.00", "--pin", "123456", "--trace", str(path))
    assert "123456" not in path.read_text()
    assert '"command": "0020000003******"' in path.read_text()


def test_a_recording_is_a_host_and_a_card(command: CommandLine, recorded: Path) -> None:
    """The host's commands get the same answers from another card of the kind; the card answers another program."""
    assert command("replay", str(recorded), "--reader", "emu:3.00", "--json").code == 0
    other = command("replay", str(recorded), "--reader", "emu:2.00", "--json")
    assert (other.code, bool(other.data["differences"])) == (1, True)
    card = Recorded(READERS["jsonl"](recorded.read_bytes()))
    assert card(bytes.fromhex("00FE0000")) == b"\x6f\x00"
    fresh = [one for one in READERS["jsonl"](recorded.read_bytes()) if one.command]
    assert [card(bytes.fromhex(one.command)).hex().upper() for one in fresh] == [one.answer for one in fresh]


def test_conversations_part_where_they_mean_something_else() -> None:
    """Fresh numbers are the same, another status word and another command are not."""

    def said(*pairs: str) -> list[Exchanged]:
        sides = [pair.split(">") for pair in pairs]
        return [Exchanged("", "", 0, command, answer) for command, answer in sides]

    challenge = "0084000008"
    assert differences(said(f"{challenge}>{'11' * 8}9000"), said(f"{challenge}>{'22' * 8}9000")) == ()
    assert differences(said(f"{challenge}>{'11' * 8}9000"), said(f"{challenge}>6D00"))[0].field == "answer"
    found = differences(said("00A40000>9000", "00B0000000>6A82"), said("00A40000>9000"))
    assert [(one.left, one.right, one.field) for one in found] == [(2, 0, "command")]


SCRIPT = """# a file of scriptor's, and what we add
reset
00 a4 04 00 0f 73 78 31 2e 73 68 2e c9 e7 bb e1 b1 a3 d5 cf 00
CMD 00B2032C06 [0304*] (9000, 61XX)
00B2013420 [091E*] (9000) # refused on this card
"""


def test_scripts_with_expectations(command: CommandLine, tmp_path: Path) -> None:
    """Sent as they stand; the one line that is not as expected is said, exit code 1."""
    path = tmp_path / "script"
    path.write_text(SCRIPT)
    ended = command("apdu", "--script", str(path), "--reader", "emu:3.00", "--json")
    assert [one["good"] for one in ended.data["exchanges"]] == [True, True, True, False]
    assert ended.data["exchanges"][3]["sw"] == "6982"
    assert ended.code == 1
    assert "✘" in command("apdu", "--script", str(path), "--reader", "emu:3.00").out
    for wrong in ("00A4", "xyz", "00A40400 [zz]", "CMD"):
        with pytest.raises(Malformed):
            list(scripting.parse([wrong]))


def test_words_for_answers_to_reset_and_data() -> None:
    """Both languages, the card's factor, nested objects."""
    lines = [str(one) for one in explain.atr(slot("2.00").atr)]
    assert any("8684310100000135" in line for line in lines)
    assert next(iter(explain.atr(b"\x00"))).en
    assert list(explain.tree(bytes.fromhex("6F00"))) == ["6F (0)"]
    assert explain.command(b"\x00").en == "not a command"


@pytest.mark.usefixtures("test_card")
def test_the_purse(command: CommandLine, tmp_path: Path) -> None:
    """Balance, load, pay, records on one card, over TCP."""
    with serving("--profile", "3.00", "--image", str(tmp_path / "card.json"), "--tcp", "127.0.0.1:0") as running:
        on = ("--reader", running.said["reader"], "--json")
        assert command("transit", "balance", *on).data == {"balance_fen": 5000}
        assert command("transit", "load", "1000", *on).data["balance_fen"] == 6000
        paid = command("transit", "pay", "200", *on).data
        assert paid["balance_fen"] == 5800
        record = read_record({**paid["record"], "acquirer": "12003310FFFFFFFF"}, Record, "record")
        assert (record.amount_fen, record.balance_fen, record.unproven(TEST_ROOT)) == (200, 6000, None)
        assert command("transit", "balance", *on).data == {"balance_fen": 5800}
        assert command("transit", "records", *on).data["logs"][0]["records"][0]["amount"] == "200"


def test_a_psam_says_what_it_is(command: CommandLine) -> None:
    """Its terminal number is the one payments carry."""
    assert command("sam", "show", "--json").data["terminal"] == "310000000001"
