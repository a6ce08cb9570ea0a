"""The demo, as a newcomer runs it: every journey in one command, as data and served."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "cardstack.cli", "demo"]
FLAWS = {"31-2": "CS-1280", "32-2": "CS-1211", "34-1": "CS-2140"}


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CARDSTACK_HOME": str(home), "CARDSTACK_LANG": "zh", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def told(home: Path, *options: str) -> dict[str, Any]:
    ran = subprocess.run(
        [*DEMO, "--no-serve", "--json", *options], env=environment(home), capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


@pytest.fixture(scope="module")
def result(home: Path) -> dict[str, Any]:
    return told(home)


def test_every_authority_has_a_fingerprint_of_its_own(result: dict[str, Any]) -> None:
    """Four provinces and the bridge, both suites, each recognising the bridge or recognised by it."""
    found = result["authorities"]
    assert [one["id"] for one in found] == ["31", "32", "33", "34", "00"]
    assert len({one["fingerprint"] for one in found}) == 5
    assert {"sm2-sm3", "ecdsa-p256-sha256"} <= {one["algorithm"] for one in found}
    assert all(one["recognises"] for one in found)


def test_good_cards_are_read_and_flawed_ones_fail_at_their_step(result: dict[str, Any]) -> None:
    """Each failure has its code, both languages and something to do; the good ones have a path and a mapped policy."""
    for one in result["card_reads"]:
        if one["card"] in FLAWS:
            assert one["error"]["code"] == FLAWS[one["card"]]
            assert all(one["error"]["remedy"].values())
        else:
            assert one["ok"]
            assert one["policies"] == ["2.999.310018.1.33.3"]
    assert result["unrecognised"]["error"]["code"] == "CS-2103"


def test_nothing_personal_is_told(result: dict[str, Any]) -> None:
    """Names and numbers are masked wherever the demo shows them, the trace included."""
    from cardstack.cli.demo.people import PEOPLE

    text = json.dumps(result, ensure_ascii=False)
    shown = text + bytes.fromhex("".join(re.findall(r"[0-9A-F]{2}", text))).decode("gb18030", errors="ignore")
    assert [one.key for one in PEOPLE if one.name in shown or str(one.number) in shown] == []


def test_the_bill_and_the_ride_are_settled(result: dict[str, Any]) -> None:
    """Accepted, in windows, netted to zero, and paid by instructions of the same sums."""
    assert [one["outcome"] for one in result["transactions"]] == ["accepted", "accepted"]
    nets = {one["party"]: one["net_fen"] for one in result["nets"]}
    assert sum(nets.values()) == 0
    split = result["medical_bill"]["split"]
    assert nets["33.hospital-fund"] == split["fund_pay_sumamt"] + split["acct_pay"]
    received = sum(one["amount_fen"] for one in result["instructions"] if one["debtor"] == "00.settlement-account")
    assert received == sum(net for net in nets.values() if net > 0)


def test_a_second_run_tells_the_same_and_a_reset_begins_afresh(home: Path, result: dict[str, Any]) -> None:
    """Data is reused until it is asked to go."""
    again = told(home)
    assert again == result | {"reused": True}
    fresh = told(home, "--reset")
    assert fresh["authorities"][0]["fingerprint"] != result["authorities"][0]["fingerprint"]


def test_it_serves_beside_a_taken_port_and_stops_at_ctrl_c(home: Path, result: dict[str, Any]) -> None:
    """A taken port moves on and says so; the one-time link signs in; Ctrl-C ends with 0."""
    assert result
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        log = home / "served.txt"
        heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and by children then
        with log.open("w") as out:
            served = subprocess.Popen([*DEMO, "--port", str(port)], env=environment(home), stdout=out, stderr=out)
        signal.signal(signal.SIGINT, heeded)
        try:
            said = wait_for(log, re.compile(r"http://localhost:(\d+)/enter/\S+"), served)
            assert int(said.group(1)) != port
            assert f"{port}" in log.read_text("utf-8")
            with urllib.request.urlopen(said.group(0), timeout=20) as page:
                assert page.status == 200
        finally:
            served.send_signal(signal.SIGINT)
            assert served.wait(timeout=20) == 0


def wait_for(log: Path, what: re.Pattern[str], process: "subprocess.Popen[bytes]") -> re.Match[str]:
    for _ in range(600):
        found = what.search(log.read_text("utf-8"))
        if found:
            return found
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8"))
