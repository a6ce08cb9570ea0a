"""`python -m emulator` in this process."""

import json
import runpy
import sys

import pytest


def test_the_package_runs_the_emulator_s_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The profiles, as `cardstack emulator profiles` tells them."""
    monkeypatch.setattr(sys, "argv", ["emulator", "profiles", "--json"])
    monkeypatch.delitem(sys.modules, "emulator.__main__", raising=False)
    monkeypatch.delitem(sys.modules, "cardstack.cli.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("emulator", run_name="__main__", alter_sys=True)
    assert not ended.value.code
    assert {"2.00", "3.00"} <= {one["name"] for one in json.loads(capsys.readouterr().out)}
