"""Times of a run: in the report and on the page, against limits; a table that is none is malformed."""

import json
from pathlib import Path

import pytest

from cardstack.conformance.limits import read_limits
from cardstack.errors import Malformed
from tests.command import CommandLine


def test_a_run_times_its_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command said has its count, median and percentile; one above its limit is marked."""
    limits = tmp_path / "limits.json"
    limits.write_text(json.dumps({"format": "cardstack-limits/1", "limits_ms": {"00A4": 0, "00B2": 1e9}}), "utf-8")
    words = ("--profile", "2.00", "--select", "SSSE_RECORD/*", "--limits", str(limits), "--report", str(tmp_path))
    ended = CommandLine(monkeypatch, capsys)("conformance", "run", *words)
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))["timing"]
    assert ended.code == 0
    assert (found["00A4"]["over"], found["00B2"]["over"]) == (True, False)
    assert all(0 < one["median_ms"] <= one["p95_ms"] and one["count"] for one in found.values())
    assert "READ RECORD" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("raw", ["", "[]", '{"format": "x"}', '{"format": "cardstack-limits/1", "limits_ms": {"ZZ": 1}}'])
def test_a_table_that_is_none_is_malformed(raw: str) -> None:
    """Nothing else escapes."""
    with pytest.raises(Malformed):
        read_limits(raw)
