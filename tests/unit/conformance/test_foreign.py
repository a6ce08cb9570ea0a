"""A card that nobody here wrote runs through the kit: vicc's ISO 7816 card, given the files of our profile."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardstack.card.profiles import profile
from emulator.samples import sample
from tests.command import CommandLine

ORACLE = Path(__file__).parents[2] / "oracles" / "vicc.py"
PYTHON = Path("/usr/bin/python3")
NEEDED = (PYTHON, Path("/usr/bin/vicc"), Path("/usr/lib/python3/dist-packages/Cryptodome"))
KIND = profile("2.00")
WITHOUT = ("T-UNION", "PPSE", "BANK", "PSE")
"""Applications that the foreign card was not given."""


def content() -> list[dict[str, Any]]:
    """The sample card's record files, as the foreign card is filled with them."""
    memory = sample(KIND).memory
    made = []
    for one in KIND.applications:
        cells = ((file.fid, memory.get(f"{one.name}/EF{file.fid & 0xFF:02X}")) for file in one.files)
        files = [{"fid": fid, "records": [row.hex() for row in rows]} for fid, rows in cells if isinstance(rows, tuple)]
        if files and one.name not in WITHOUT:
            made.append({"name": one.aid.hex(), "files": files})
    return made


@pytest.fixture
def foreign() -> Iterator[str]:
    """The reader of a running foreign card."""
    if not all(one.exists() for one in NEEDED):
        pytest.skip("vsmartcard-vpicc and python3-pycryptodome are not installed")
    with subprocess.Popen(
        [PYTHON, ORACLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(content()))
        process.stdin.close()
        yield f"tcp:127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.mark.slow
def test_a_foreign_card_is_judged_and_what_does_not_apply_is_said(
    foreign: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its selection by name passes; what it has not is not applicable; what its own code does wrong fails by name."""
    words = [word for name in WITHOUT for word in ("--without", name)]
    run = ("conformance", "run", "--reader", foreign, "--profile", KIND.name, "--pin", "1234", "--json")
    ended = CommandLine(monkeypatch, capsys)(*run, "--test-card", "--risk", "safe", *words)
    found = {one["id"]: one for one in ended.data["cases"]}
    assert ended.code == 4
    assert all(found[f"{name}_SELECT/AID"]["verdict"] == "pass" for name in ("SSSE", *(f"DF0{n}" for n in range(1, 8))))
    assert all(found[f"{name}_SELECT/AID"]["verdict"] == "not-applicable" for name in WITHOUT)
    # It warns of an end of file that Le = 00 does not ask for, has no access rules, and breaks at EXTERNAL AUTHENTICATE.
    assert (found["DF05_RECORD/EF05"]["verdict"], found["DF05_RECORD/EF05"]["got"]) == ("fail", "6282")
    assert found["KEY_VER1/DF07/UK3DF07"]["got"] == "6F00"


@pytest.mark.slow
def test_a_card_at_a_socket_is_only_read(
    foreign: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be anybody's: without being told so, neither test PIN nor test keys are tried on it."""
    run = ("conformance", "run", "--reader", foreign, "--profile", KIND.name, "--select", "DF01_*", "--json")
    ended = CommandLine(monkeypatch, capsys)(*run)
    needing = [one for one in ended.data["cases"] if one["risk"] != "safe" or "PIN" in one["id"]]
    assert ended.data["head"]["risk"] == "safe"
    assert {one["verdict"] for one in needing} == {"not-run"}
