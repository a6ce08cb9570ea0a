"""Clients on a card at hand: a good card serves all that its declaration serves, a faulty one is told which it loses."""

import html
import json
from pathlib import Path

import pytest

from cardstack.apdu.script import Exchange
from cardstack.card.profiles import profile
from cardstack.conformance.compatibility import READS, Served, reads_only, standings
from cardstack.conformance.fixes import Stop, fix_of
from cardstack.conformance.flows import recorded
from cardstack.errors import Refused
from emulator.samples import sample
from emulator.slot import Slot
from tests.command import CommandLine

SECOND = profile("2.00")


@pytest.fixture
def cardstack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in this process."""
    return CommandLine(monkeypatch, capsys)


def test_a_good_card_loses_no_client(cardstack: CommandLine) -> None:
    """What the declaration serves, keys and PSAM included, is served; the rest does not apply."""
    ended = cardstack("conformance", "clients", "--reader", "emu:2.00", "--profile", "2.00", "--json")
    verdicts = {one["client"]: one["verdict"] for one in ended.data}
    assert ended.code == 0
    assert set(verdicts.values()) == {"pass", "not-applicable"}
    assert verdicts["kiosk-zz"] == verdicts["ningxia-t10"] == "pass"


def test_another_card_loses_clients_and_says_where(cardstack: CommandLine) -> None:
    """The client, the step, what was answered and what it accepts."""
    words = ("conformance", "clients", "--reader", "emu:3.00", "--profile", "2.00")
    ended = cardstack(*words, "--json")
    failed = [one for one in ended.data if one["verdict"] == "fail"]
    assert ended.code == 4
    assert failed
    assert all(0 < one["step"] <= one["steps"] and "accepts" in one["why"] for one in failed)
    assert all(one["differs"] and one["fix"]["zh"] and one["fix"]["en"] and "{" not in str(one["fix"]["en"]) for one in failed)
    assert cardstack(*words).out.count("accepts") == len(failed)
    assert cardstack(*words, "--flow", "no-such").code not in (0, 4)


def test_a_report_names_the_systems_and_the_change(cardstack: CommandLine, tmp_path: Path) -> None:
    """JSON and page have the clients that would fail, each with its step and the change, in both languages."""
    run = ("conformance", "run", "--reader", "emu:3.00", "--profile", "2.00", "--select", "RESET/*", "--report", str(tmp_path))
    assert cardstack(*run).code == 0
    data = json.loads((tmp_path / "report.json").read_text("utf-8"))
    failed = [one for one in data["clients"] if one["verdict"] == "fail"]
    text = (tmp_path / "report.html").read_text("utf-8")
    assert failed
    assert all(one["client"] in text and html.escape(one["fix"]["zh"], quote=False) in text for one in failed)


def test_a_report_is_written_where_the_card_cannot_be_opened_again(
    cardstack: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that serves one connection is judged all the same; the clients are left out, and that is said."""

    def gone(*_: object) -> None:
        raise Refused("no second connection")

    monkeypatch.setattr("cardstack.cli.replaying.rows", gone)
    run = ("conformance", "run", "--profile", "2.00", "--select", "RESET/*", "--report", str(tmp_path))
    ended = cardstack(*run)
    assert ended.code == 0
    assert "no second connection" in ended.err
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["clients"] == []


STOPS = [
    ("00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "6A82", "9000", "", "missing application"),
    ("00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "9000", "exactly 6A82", "", "application to be absent"),
    ("00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "611C", "exactly 611E", "", "length of the FCI"),
    ("00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "611C", "9000", "", "61xx where 9000 is wanted"),
    ("00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "9000", "61..", "", "9000 where 61xx is wanted"),
    ("00A4020002EF05", "6A86", "9000", "", "refused SELECT"),
    ("00A4000002EF05", "6A82", "bare", "", "missing file"),
    ("00B2083420", "6A83", "9000", "", "missing record"),
    ("00B2083420", "6982", "9000", "", "closed file"),
    ("00B2083420", "6C24", "9000", "", "6Cxx"),
    ("00B2033406", "0304322E30309000", "9000", "0304332E3030", "tag or order"),
    ("0020000003888888", "63C5", "9000", "", "PIN"),
    ("0082000410" + "00" * 16, "6300", "9000", "", "key"),
    ("805001020B" + "00" * 11, "9401", "9000", "", "empty purse"),
    ("0088000010", "6D00", "9000", "", "unknown command"),
    ("00CA000009", "6581", "9000", "", "other status word"),
]


@pytest.mark.parametrize(("command", "answer", "accept", "begins", "kind"), STOPS, ids=[f"{one[4]}-{one[1]}" for one in STOPS])
def test_what_differs_names_the_change(command: str, answer: str, accept: str, begins: str, kind: str) -> None:
    """In both languages, with what it is about filled in."""
    found, change = fix_of(Stop(bytes.fromhex(command), bytes.fromhex(answer), accept, begins, b"\x90\x00"))
    assert found == kind
    assert change.en != change.zh
    assert "{" not in change.en + change.zh


def test_any_stop_has_a_change() -> None:
    """Whatever a card answers to whatever command, some row fits."""
    for ins in range(256):
        for said in ("6F00", "9484", "0A9000", "6281", "90FF"):
            kind, change = fix_of(Stop(bytes((0x80, ins, 0, 0)), bytes.fromhex(said), "9000", "", b"\x90\x00"))
            assert kind
            assert change.zh


def test_an_issued_card_is_only_read() -> None:
    """Flows that write or spend tries are not run on it, and nothing of the kind is sent."""
    heard: set[int] = set()

    def fresh() -> Exchange:
        slot = Slot(sample(SECOND))

        def exchange(raw: bytes) -> bytes:
            heard.add(raw[1])
            return slot(raw)

        return exchange

    found = list(standings(recorded(), SECOND, fresh, issued=True))
    assert {one.served for one in found} == {Served.PASS, Served.NOT_RUN, Served.NOT_APPLICABLE}
    assert all(reads_only(one.flow) for one in found if one.served is Served.PASS)
    assert f"{0x20:02X}" not in READS
    assert {f"{one:02X}" for one in heard} <= READS
