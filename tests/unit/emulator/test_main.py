"""`python -m emulator`."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_package_runs_the_emulator_s_commands() -> None:
    """The profiles, as `cardstack emulator profiles` tells them."""
    command = [sys.executable, "-m", "emulator", "profiles", "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert {"2.00", "3.00"} <= {one["name"] for one in json.loads(ran.stdout)}
