"""`cardstack card` and `cardstack emulator`: the same holder over the emulator, a recording, TCP and PC/SC."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardstack.card.layout import encode
from cardstack.card.profiles import PROFILES
from cardstack.card.reading import read_issuer
from cardstack.settlement.services.records import content_digest
from emulator import line
from emulator.opening import open_card
from tests.command import CommandLine
from tests.pcsc import need_library
from tests.serving import ROOT, Serving, serving


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


@pytest.fixture(scope="module")
def pcsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Our PC/SC service with a third-generation card and a PSAM."""
    need_library()
    socket_path = tmp_path_factory.mktemp("s") / "comm"
    with serving("--profile", "3.00", "--pcsc", str(socket_path), "--psam", "--pin-pad", "123456") as running:
        yield running


@pytest.mark.parametrize("profile", PROFILES)
def test_every_kind_of_card_is_read(command: CommandLine, profile: str) -> None:
    """Whatever the profile, `card read` gives its issuer and holder, masked."""
    ended = command("card", "read", "--reader", f"emu:{profile}", "--json")
    assert (ended.code, ended.data["profile"], ended.data["masked"]) == (0, profile, True), ended.out
    if ended.data["holder"]:
        assert "王小明" not in ended.out
        assert "11010519491231002X" not in ended.out


def test_the_same_holder_over_four_ways(command: CommandLine, pcsc: Serving, tmp_path: Path) -> None:
    """In process, from a recording of it, over TCP and over PC/SC."""
    trace = tmp_path / "read.jsonl"
    reads = [command("card", "read", "--reader", "emu:2.00", "--unmasked", "--trace", str(trace), "--json").data]
    reads.append(command("card", "read", "--reader", f"replay:{trace}", "--unmasked", "--profile", "2.00", "--json").data)
    with serving("--profile", "2.00", "--tcp", "127.0.0.1:0") as running:
        reads.append(command("card", "read", "--reader", running.said["reader"], "--unmasked", "--json").data)
    pcsc.do("swap 0 2.00")
    reads.append(through_pcsc(pcsc, "card", "read", "--reader", "pcsc:0", "--unmasked", "--json"))
    pcsc.do("swap 0 3.00")
    assert {one["holder"]["number"] for one in reads} == {"11010519491231002X"}
    assert all(one["issuer"] == reads[0]["issuer"] and one["holder"] == reads[0]["holder"] for one in reads)


def through_pcsc(pcsc: Serving, *words: str) -> dict[str, object]:
    """A command in a process of its own, as libpcsclite keeps its socket's name for good."""
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": pcsc.said["pcsc"]}
    said = subprocess.run(
        [sys.executable, "-m", "cardstack.cli", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    data: dict[str, object] = json.loads(said.stdout)
    return data


def test_the_psam_in_the_second_slot_proves_the_terminal(pcsc: Serving) -> None:
    """A third-generation card gives its holder to the terminal whose PSAM holds RKSSSE."""
    data = through_pcsc(pcsc, "card", "read", "--reader", "pcsc:Reader 00", "--psam", "pcsc:PSAM", "--json")
    assert data["holder"], data


def test_the_pin_is_typed_on_the_readers_keys(pcsc: Serving, command: CommandLine) -> None:
    """`--pin pad`; a reader without keys is said, and a card in the process has none."""
    assert through_pcsc(pcsc, "card", "verify", "--reader", "pcsc:0", "--pin", "pad", "--json") == {"verified": True}
    assert through_pcsc(pcsc, "card", "change-pin", "--reader", "pcsc:0", "--pin", "pad", "--json") == {"changed": True}
    for word in ("pad", "pad:6"):
        read = through_pcsc(pcsc, "card", "read", "--reader", "pcsc:0", "--all", "--pin", word, "--json")
        typed = [one for one in read["files"] if (one["application"], one["file"]) == ("DF01", "EF06")]  # type: ignore[attr-defined]  # a list
        assert [one["error"] for one in typed] == [None]
    assert through_pcsc(pcsc, "card", "log", "--reader", "pcsc:0", "--pin", "pad", "--json")["missing"] == []
    assert through_pcsc(pcsc, "card", "verify", "--reader", "pcsc:0", "--pin", "pad:8", "--json")["error"]
    for verb in ("verify", "read"):
        ended = command("card", verb, "--reader", "emu:2.00", "--pin", "pad", "--json", *(["--all"] if verb == "read" else []))
        assert (ended.code, ended.data["error"]["code"]) == (1, "CS-1312"), ended.out


@pytest.mark.usefixtures("test_card")
def test_wrong_and_right_pins(command: CommandLine, tmp_path: Path) -> None:
    """Tries go down on the card that lives in a file, a right PIN is right, and unblocking sets a new one."""
    image = str(tmp_path / "card.json")
    with serving("--profile", "2.00", "--image", image, "--tcp", "127.0.0.1:0") as running:
        reader = running.said["reader"]
        wrong = command("card", "verify", "--reader", reader, "--pin", "999999", "--json")
        assert (wrong.code, wrong.data["error"]["code"], wrong.data["error"]["facts"]["left"]) == (1, "CS-1210", 5)
        assert command("card", "verify", "--reader", reader, "--pin", "123456").code == 0
        assert command("card", "change-pin", "--reader", reader, "--pin", "123456", "--new", "654321").code == 0
        assert command("card", "unblock", "--reader", reader, "--new", "111111").code == 0
        assert command("card", "verify", "--reader", reader, "--pin", "111111").code == 0


def test_logs_and_every_file(command: CommandLine) -> None:
    """With the PIN and the test keys every declared file opens, or says why not."""
    data = command("card", "read", "--all", "--reader", "emu:3.00", "--pin", "123456", "--json").data
    assert len(data["files"]) > 10
    assert [one["file"] for one in data["files"] if one["error"]] == []
    logs = command("card", "log", "--reader", "emu:3.00", "--pin", "123456", "--json").data["logs"]
    assert any(one["records"] for one in logs)


def test_a_record_is_named_by_the_digest_of_its_bytes(command: CommandLine) -> None:
    """As another province is asked about it; where fields are masked it is left out, because it could be guessed from."""
    read = ("card", "read", "--reader", "emu:3.00", "--json")
    files = {one["file"]: one["content_sha256"] for one in command(*read, "--unmasked").data["files"]}
    with open_card("emu:3.00") as opened:
        issuer = opened.run(read_issuer(PROFILES["3.00"]))
    assert files["EF05"] == content_digest(encode(issuer))
    assert {one["content_sha256"] for one in command(*read).data["files"]} == {None}


def test_the_photograph_goes_to_a_file(command: CommandLine, tmp_path: Path) -> None:
    """As its bytes, with the terminal's key."""
    photo = tmp_path / "photo"
    assert command("card", "read", "--reader", "emu:3.00", "--photo", str(photo)).code == 0
    assert photo.exists()
    assert photo.stat().st_mode & 0o077 == 0


def test_profiles_are_listed(command: CommandLine) -> None:
    """With their applications, as data and for people."""
    names = [one["name"] for one in command("emulator", "profiles", "--json").data]
    assert names == list(PROFILES)
    assert "3.00" in command("emulator", "profiles").out


def test_programs_of_others_see_the_card(pcsc: Serving) -> None:
    """opensc-tool and pcsc_scan as an ordinary user would call them."""
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": pcsc.said["pcsc"]}
    if not (shutil.which("opensc-tool") and shutil.which("pcsc_scan")):
        pytest.skip("apt-get install opensc pcsc-tools")

    def said(*words: str) -> str:
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=20, check=True).stdout

    assert "cardstack Emulated Reader 00 00" in said("opensc-tool", "--list-readers")
    assert "3b:6d:00:00:00" in said("opensc-tool", "--reader", "0", "--atr").lower()
    assert "SW1=0x6D" in said("opensc-tool", "--reader", "0", "--send-apdu", "00FE0000")
    assert "PSAM" in said("pcsc_scan", "-r")


def test_a_card_dials_into_a_virtual_reader() -> None:
    """`--vpcd` is the card's side of vpcd: connected is inserted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        with serving("--profile", "2.00", "--vpcd", f"127.0.0.1:{port}"):
            reader, _ = listener.accept()
            with reader:
                reader.settimeout(10)
                for message in (b"\x01", b"\x04"):
                    line.send(reader, message)
                assert line.receive(reader) == bytes.fromhex("3B6D00000081544C928684310100000135")
                line.send(reader, bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF00"))
                assert (line.receive(reader) or b"")[-2:] == b"\x90\x00"


def test_what_could_not_be_read_is_listed_with_its_code(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 5: the card at a port is nobody's we know, so it is shown no key; a test card, if it is said to be one, is."""
    with serving("--profile", "3.00", "--tcp", "127.0.0.1:0") as running:
        read = ("card", "read", "--reader", running.said["reader"])
        ended = command(*read, "--json")
        assert (ended.code, [one["file"] for one in ended.data["missing"]]) == (5, ["EF06"])
        assert ended.data["missing"][0]["error"]["code"] == "CS-1221"
        assert ended.data["issuer"]
        assert "SSSE EF06" in command(*read).err
        assert command(*read, "--all", "--pin", "123456", "--json").code == 5
        monkeypatch.setenv("CARDSTACK_TEST_CARD", "1")
        assert command(*read, "--json").code == 0
        assert command(*read, "--all", "--json").code == 0


@pytest.mark.slow
def test_card_read_passes_as_a_host(command: CommandLine) -> None:
    """A refused, short, long or repeated answer and a reset by another program each end with an exit code of their own."""
    program = (sys.executable, "-m", "cardstack.cli", "card", "read", "--reader", "pcsc:0")
    faults = [word for name in ("refused", "short", "long", "swapped", "reset") for word in ("--fault", name)]
    ended = command("conformance", "host", *faults, "--json", "--", *program)
    assert (ended.code, {one["verdict"] for one in ended.data["cases"]}) == (0, {"pass"})


def test_hands_pull_the_card_out(pcsc: Serving) -> None:
    """Control lines insert, remove, tear and add; nonsense is said and changes nothing."""
    assert pcsc.do("remove 0").endswith("removed")
    assert through_pcsc(pcsc, "card", "read", "--reader", "pcsc:0", "--json")["error"]["code"] == "CS-1304"  # type: ignore[index]  # JSON
    assert pcsc.do("insert 0 3.00").endswith("inserted")
    assert pcsc.do("tear 0") == "torn at the next command"
    assert through_pcsc(pcsc, "card", "read", "--reader", "pcsc:0", "--json")["error"]["code"] == "CS-1305"  # type: ignore[index]  # JSON
    assert pcsc.do("insert 0 3.00").endswith("inserted")
    assert "fly" in pcsc.do("fly 0")
    assert pcsc.do("add Spare 03") == "Spare 03: added"
    assert pcsc.do("unplug Spare 03") == "Spare 03: unplugged"


@pytest.mark.parametrize(
    "words",
    [("--tcp", "nowhere"), (), ("--tcp", "127.0.0.1:0", "--vpcd", "127.0.0.1:1"), ("--tcp", "127.0.0.1:0", "--profile", "9.99")],
)
def test_orders_that_cannot_be_served(command: CommandLine, words: tuple[str, ...]) -> None:
    """Each is an error with a code, at once."""
    ended = command("emulator", "serve", *words, "--json")
    assert ended.code != 0
    assert ended.data["error"]["code"].startswith("CS-1")
