"""The page of a conformance run in a real browser: axe finds nothing, nothing is loaded, no script chooses a language."""

import json
import re
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
    folded, likewise = page.locator("details pre").first, page.get_by_text("同因").first
    assert not folded.is_visible()
    assert not likewise.is_visible()
    page.emulate_media(media="print")
    assert not folded.is_visible()
    assert likewise.is_visible()
    context.close()


def test_a_report_of_many_failures_prints_to_few_pages(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first-generation card tested as a second-generation one: more than a hundred failures, told by their causes.

    Every case is on paper by its id all the same, on the page and in the PDF.
    """
    run = ("conformance", "run", "--reader", "emu:1.00", "--profile", "2.00", "--report", str(tmp_path))
    assert CommandLine(monkeypatch, capsys)(*run).code == 4
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert told["counts"]["fail"] > 100
    assert sum(len(one["cases"]) for one in told["causes"]) == told["counts"]["fail"]
    page = chromium.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    printed = tmp_path / "printed.pdf"
    page.pdf(path=printed, prefer_css_page_size=True)
    page.emulate_media(media="print")
    seen = page.inner_text("main")
    page.close()
    assert [one["id"] for one in told["cases"] if one["id"].partition("/")[2] not in seen] == []
    for paper in (printed, tmp_path / "report.pdf"):
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper.read_bytes())) < 30, paper.name
