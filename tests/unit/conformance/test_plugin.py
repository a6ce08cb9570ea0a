"""The pytest plugin as a maker uses it: in a pytest of its own, with and without options."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CASES = """
import os
from cardstack.card.reading import open_application, read_issuer
from cardstack.readers.card import connect


def test_a_script(card, card_profile):
    card.run(open_application(card_profile, "SSSE"))
    assert card.run(read_issuer(card_profile)).version == "2.00"


def test_bytes(reader):
    assert reader(bytes.fromhex("0084000008"))[-2:] == bytes.fromhex("9000")


def test_a_private_service(pcsc_service, reader):
    assert str(pcsc_service.path) == os.environ["PCSCLITE_CSOCK_NAME"] != "BEFORE"
    assert [one.name for one in pcsc_service.readers] == ["cardstack 00"]
    with connect("0") as mine:
        assert mine.atr == reader.atr
        assert mine(bytes.fromhex("0084000008"))[-2:] == bytes.fromhex("9000")
"""


def pytest_run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """A pytest that loads this plugin alone."""
    (folder / "test_mine.py").write_text(CASES, "utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PCSCLITE_CSOCK_NAME": "BEFORE",
    }
    plugin = ("-p", "cardstack.conformance.plugin", "-p", "no:cacheprovider")
    line = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), *plugin, *options, str(folder)]
    return subprocess.run(line, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_fixtures_give_card_reader_and_service(tmp_path: Path) -> None:
    """An emulated card of the profile asked for, its reader, and a PC/SC service that a client of the process finds."""
    ended = pytest_run(tmp_path, "--cardstack-profile", "2.00")
    assert "3 passed" in ended.stdout, ended.stdout


def test_another_reader_is_another_card(tmp_path: Path) -> None:
    """The reader named is opened, and the cases tell that its card is not what they want."""
    ended = pytest_run(tmp_path, "--cardstack-profile", "2.00", "--cardstack-reader", "emu:3.00", "-k", "script or bytes")
    assert "1 failed, 1 passed" in ended.stdout, ended.stdout


def test_each_worker_has_a_service_of_its_own(tmp_path: Path) -> None:
    """Two workers at once: other sockets, and each finds its own card."""
    mine = "\n\ndef test_where(pcsc_service, worker_id):\n    with open(f'{worker_id}.txt', 'w') as file:\n"
    (tmp_path / "test_worker.py").write_text(mine + "        file.write(str(pcsc_service.path))\n", "utf-8")
    ended = pytest_run(tmp_path, "--cardstack-profile", "2.00", "-p", "xdist.plugin", "-n", "2", "--dist", "each")
    assert "8 passed" in ended.stdout, ended.stdout + ended.stderr
    places = [(tmp_path / f"gw{number}.txt").read_text("utf-8") for number in range(2)]
    assert len(set(places)) == 2


def test_it_is_an_entry_point_of_the_package() -> None:
    """Under the module's own name, so that `-p` finds the same plugin."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert points == {"cardstack.conformance.plugin": "cardstack.conformance.plugin"}
