"""Clients on a card at hand: a good card serves all that its declaration serves, a faulty one is told which it loses."""

import pytest

from cardstack.apdu.script import Exchange
from cardstack.card.profiles import profile
from cardstack.conformance.compatibility import READS, Served, reads_only, standings
from cardstack.conformance.flows import recorded
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
    assert cardstack(*words).out.count("accepts") == len(failed)
    assert cardstack(*words, "--flow", "no-such").code not in (0, 4)


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
