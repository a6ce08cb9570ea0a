"""The page of a conformance run in a real browser: axe finds nothing, nothing is loaded, no script chooses a language."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.command import CommandLine
from tests.console.test_axe import ASK, TAGS

pytestmark = pytest.mark.slow


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The page of a run with failures."""
    run = ("conformance", "run", "--reader", "emu:3.00", "--profile", "2.00", "--report", str(tmp_path), "--select", "SSSE_*")
    assert CommandLine(monkeypatch, capsys)(*run).code == 4
    return tmp_path / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_reads_in_any_look(scheme: str, chromium: Any, report: Path) -> None:
    """No violation, light and dark; nothing is asked of the network; a narrow window does not scroll sideways."""
    page = chromium.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    assert page.evaluate(ASK, TAGS) == []
    assert asked == [report.as_uri()]
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_a_language_is_chosen_without_a_script(chromium: Any, report: Path) -> None:
    """Both at first, then one; on paper what was folded is there too."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    chinese, english = page.get_by_text("不通过的用例").first, page.get_by_text("Failures").first
    assert chinese.is_visible()
    assert english.is_visible()
    page.get_by_label("English").check()
    assert not chinese.is_visible()
    page.get_by_label("中文").check()
    assert chinese.is_visible()
    assert not english.is_visible()
    script = page.locator("details pre").first
    assert not script.is_visible()
    page.emulate_media(media="print")
    assert script.is_visible()
    context.close()
