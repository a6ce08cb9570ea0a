"""Times: a model learned from traces; those of a run in report and page, against limits; what is none is malformed."""

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from cardstack.apdu.pace import Model, Pace, learn, read_model
from cardstack.apdu.trace import Exchanged, parse, traced
from cardstack.conformance.limits import read_limits
from cardstack.errors import Malformed
from server.console.exporting import FONTS
from tests.command import CommandLine


def has_font() -> bool:
    """Whether a font to embed is on this machine."""
    return any(Path(one).is_file() for one in FONTS)


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
    printed = (tmp_path / "report.pdf").read_bytes() if importlib.util.find_spec("reportlab") and has_font() else b"%PDF"
    assert printed.startswith(b"%PDF")


@pytest.mark.parametrize("raw", ["", "[]", '{"format": "x"}', '{"format": "cardstack-limits/1", "limits_ms": {"ZZ": 1}}'])
def test_a_table_that_is_none_is_malformed(raw: str) -> None:
    """Nothing else escapes."""
    with pytest.raises(Malformed):
        read_limits(raw)


def test_a_trace_tells_how_long_answers_took() -> None:
    """By the caller's clock, in milliseconds; without one the line says nothing of it."""
    moments = iter(datetime(2026, 1, 2, tzinfo=UTC) + timedelta(milliseconds=8 * number) for number in range(2))
    said: list[Exchanged] = []
    traced(lambda _: b"\x90\x00", said.append, clock=lambda: next(moments))(bytes.fromhex("0084000008"))
    traced(lambda _: b"\x90\x00", said.append)(bytes.fromhex("0084000008"))
    assert [one.took_ms for one in parse(one.line() for one in said)] == [8.0, 0.0]
    assert "took_ms" not in said[1].line()


def test_a_model_is_learned_and_kept_to() -> None:
    """Bytes and command apart: what was drawn from a model is learned again, and its delays have its median."""
    card = Model({"SELECT": Pace(12.0, 20.0, 0), "READ RECORD": Pace(4.0, 6.0, 0)}, per_byte_us=90.0)
    records = []
    for number in range(400):
        command = bytes.fromhex("00A4000002EF05" if number % 2 else "00B2010400")
        answer = bytes(number % 60) + b"\x90\x00"
        took_ms = card.delay_s(command, answer, (number * 0.618034) % 1) * 1000
        records.append(Exchanged("", "", 0, command.hex().upper(), answer.hex().upper(), took_ms=took_ms))
    learned = learn(records)
    assert learned.per_byte_us == pytest.approx(90.0, rel=0.2)
    for name, pace in card.commands.items():
        assert learned.commands[name].median_ms == pytest.approx(pace.median_ms, rel=0.1)
        assert learned.commands[name].p95_ms == pytest.approx(pace.p95_ms, rel=0.1)
    assert read_model(learned.text()) == learned
    again = median(learned.delay_s(bytes.fromhex("00A4000002EF05"), b"\x90\x00", draw / 100) for draw in range(101))
    assert again * 1000 == pytest.approx(learned.commands["SELECT"].median_ms + 9 * learned.per_byte_us / 1000)
    assert learned.delay_s(bytes.fromhex("8050010200"), b"\x90\x00", 0.5) > 0


@pytest.mark.parametrize(
    "raw", ["", "[]", "{}", '{"commands": {"SELECT": {"median_ms": 2, "p95_ms": 1}}}', '{"commands": {}, "per_byte_us": -1}']
)
def test_a_model_that_is_none_is_malformed(raw: str) -> None:
    """Nothing else escapes, and no answer is made to wait for ever."""
    with pytest.raises(Malformed):
        read_model(raw)


def test_the_command_learns_from_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trace recorded with `card read` gives a model file; one without times is refused."""
    cardstack = CommandLine(monkeypatch, capsys)
    trace, model = tmp_path / "t.jsonl", tmp_path / "model.json"
    assert cardstack("card", "read", "--reader", "emu:2.00", "--trace", str(trace)).code == 0
    ended = cardstack("conformance", "timing", "learn", str(trace), "-o", str(model), "--json")
    assert ended.code == 0
    assert ended.data == json.loads(model.read_text("utf-8"))
    assert {"SELECT", "READ RECORD"} <= set(read_model(model.read_text("utf-8")).commands)
    assert "READ RECORD" in cardstack("conformance", "timing", "learn", str(trace)).out
    trace.write_text(Exchanged("", "", 0, "0084000008", "9000").line(), "utf-8")
    assert cardstack("conformance", "timing", "learn", str(trace)).code == 65
