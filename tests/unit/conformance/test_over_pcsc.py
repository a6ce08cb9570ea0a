"""The kit on a card behind PC/SC, which is nobody's known card: by our own service, and by pcscd with vpcd."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from emulator.desk import handled, slot
from emulator.pcsc.service import Service
from tests import pcscd
from tests.pcsc import need_library

ROOT = Path(__file__).resolve().parents[3]


class Ended(NamedTuple):
    """How a command ended, and what it printed as JSON."""

    code: int
    data: Any


class Desk(NamedTuple):
    """A reader with a card: the command line sees it as `pcsc:0`."""

    insert: Callable[[str], None]
    socket: Path
    risk: str
    """A card of our own service is known to be a test card; one behind pcscd is anybody's."""

    def __call__(self, *words: str) -> Ended:
        environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.socket), "PYTHONPATH": str(ROOT)}
        line = [sys.executable, "-m", "cardstack.cli", "conformance", *words, "--reader", "pcsc:0", "--json"]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
        return Ended(done.returncode, json.loads(done.stdout) if done.stdout else done.stderr)


@pytest.fixture(params=["ours", "pcscd"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Both services; a card is inserted by the name of its profile."""
    need_library()
    if request.param == "ours":
        with Service(tmp_path / "comm") as service:
            reader = service.add("cardstack 00")
            yield Desk(lambda name: reader.insert(handled(slot(name))), service.path, "test")
        return
    if reason := pcscd.missing():
        pytest.skip(reason)
    with pcscd.pcscd() as running:

        def insert(name: str) -> None:
            running.insert(slot(name))
            time.sleep(1.0)

        yield Desk(insert, running.socket, "safe")


@pytest.mark.slow
def test_a_card_in_a_reader_is_judged_compared_and_shown_to_clients(desk: Desk) -> None:
    """A good card: nothing fails, nothing differs, no client is lost; one that is not known is only read."""
    desk.insert("2.00")
    run = desk("run", "--profile", "2.00", "--select", "SSSE_*")
    assert (run.code, run.data["head"]["risk"]) == (0, desk.risk)
    assert {one["verdict"] for one in run.data["cases"]} == {"pass", "not-run"}
    assert all(one["verdict"] == "not-run" for one in run.data["cases"] if one["risk"] != "safe" and desk.risk == "safe")
    diff = desk("diff", "--profile", "2.00", "--commands", "150")
    assert (diff.code, diff.data["risk"], diff.data["script"]) == (0, "safe", "")
    assert 150 <= diff.data["sent"] <= 200
    clients = desk("clients", "--profile", "2.00")
    assert clients.code == 0
    assert {one["verdict"] for one in clients.data} == {"pass", "not-run", "not-applicable"}


@pytest.mark.slow
def test_another_card_than_declared_is_found_out(desk: Desk) -> None:
    """A card of the third generation declared as the second: cases fail, a difference is saved, clients are lost."""
    desk.insert("3.00")
    assert desk("run", "--profile", "2.00", "--select", "SSSE_*").code == 4
    diff = desk("diff", "--profile", "2.00")
    assert diff.code == 4
    assert diff.data["sent"] <= 400
    assert "[[case]]" in diff.data["case"]
    clients = desk("clients", "--profile", "2.00")
    assert clients.code == 4
    assert all(one["fix"]["zh"] for one in clients.data if one["verdict"] == "fail")
