"""WCAG 2.2 AA by axe: no violation on any page in any look, in both languages; and none of the content policy."""

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from cardstack.settlement.banking.statements import BankLine, Side, results
from cardstack.values import Fen
from server.operators import FRESH
from tests.browsers import every_page
from tests.console.conftest import Served, listening

pytestmark = pytest.mark.slow

LOOKS = {
    "dark": {"bsTheme": "dark"},
    "large": {"size": "large"},
    "high contrast": {"contrast": "high"},
}
"""How the page is looked at after the usual light one: the attributes that the server would write into `html`."""

TOGETHER = {
    "high contrast, dark": {"contrast": "high", "bsTheme": "dark"},
    "large, compact, dark": {"size": "large", "density": "compact", "bsTheme": "dark"},
}
"""Several at once; colours and sizes know no language, so this is asked in Chinese alone."""

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
APPEARANCE = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
"""The rules whose answer a look can change; the others judge the document, which stays the same."""

SETUP = "([look, usual]) => Object.assign(document.documentElement.dataset, usual, look)"
USUAL = {"bsTheme": "light", "size": "normal", "contrast": "normal", "density": "normal"}
ASK = """async (rules) => (await axe.run(document, {runOnly: rules, resultTypes: ["violations"]})).violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join(" | ")}`)"""


SCROLLED = """() => [...document.querySelectorAll(".table-wrap")].filter((one) => one.scrollWidth > one.clientWidth + 1).map(
    (one) => one.getAttribute("aria-label"))"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing(language: str, chromium: Any, console: Served) -> None:
    """Every page of the console in every look."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    opened = listening(chromium, viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    page = opened.page
    page.goto(f"{console.address}/console/sign-in?lang={language}")
    found = _violations(page, source, "sign-in")
    for operator, pages in every_page(console.store, console.office, console.network).items():
        page.goto(console.link(operator))
        for name, path in pages.items():
            page.goto(f"{console.address}{path}", wait_until="domcontentloaded")
            found |= _violations(page, source, name)
    for name in _further(page, console):
        found |= _violations(page, source, name)
    page.context.close()
    assert not found, "\n".join(f"{name}: {one}" for name, many in found.items() for one in many)
    assert opened.faults == []


def _further(page: Any, console: Served) -> Iterator[str]:
    """What no address leads to: nothing there, a form with a fault, the bank's file read, presence asked for again."""
    page.goto(console.link("zhang.wei"))
    page.goto(f"{console.address}/console/nowhere")
    yield "not found"
    page.goto(f"{console.address}/console/adjustments/new")
    with page.expect_navigation():
        page.locator("main form").last.evaluate("(form) => { form.noValidate = true; form.requestSubmit(); }")
    yield "a form with a fault"
    page.goto(f"{console.address}/console/reconciliation/")
    stranger = BankLine("invented account", "none.001", "B1", Fen(1), Side.DEBIT, date(2026, 11, 22))
    page.locator("#f-file").set_input_files({"name": "bank.csv", "mimeType": "text/csv", "buffer": results([stranger])})
    with page.expect_navigation():
        page.locator("main form").first.evaluate("(form) => form.requestSubmit()")
    yield "the bank's file"
    console.clock.at += FRESH + timedelta(seconds=1)
    page.goto(f"{console.address}/console/account/totp")
    page.locator("input[name=_password]").wait_for()
    yield "presence asked for again"
    console.clock.at -= FRESH + timedelta(seconds=1)


def _violations(page: Any, source: str, name: str) -> dict[str, list[str]]:
    page.evaluate(source)
    assert page.evaluate("document.documentElement.lang") in {"zh-CN", "en"}
    found = {name: page.evaluate(ASK, TAGS)}
    chinese = page.evaluate("document.documentElement.lang") == "zh-CN"
    for look, attributes in (LOOKS | TOGETHER if chinese else LOOKS).items():
        page.evaluate(SETUP, [attributes, USUAL])
        found[f"{name}, {look}"] = page.evaluate(ASK, APPEARANCE)
    return {key: violations for key, violations in found.items() if violations}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_its_window(language: str, chromium: Any, console: Served) -> None:
    """At 320 CSS pixels no page scrolls sideways (WCAG 1.4.10); on a telephone and on a small screen no table within a page."""
    opened = listening(chromium, viewport={"width": 320, "height": 640})
    page = opened.page
    page.goto(f"{console.address}/console/sign-in?lang={language}")
    wide: dict[str, int] = {}
    scrolled: dict[tuple[str, int], list[str]] = {}
    for operator, pages in every_page(console.store, console.office, console.network).items():
        page.goto(console.link(operator))
        for name, path in pages.items():
            page.goto(f"{console.address}{path}", wait_until="domcontentloaded")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 320:
                wide[name] = width
            for window, height in ((390, 780), (1366, 768)):
                page.set_viewport_size({"width": window, "height": height})
                if tables := page.evaluate(SCROLLED):
                    scrolled[name, window] = tables
            page.set_viewport_size({"width": 320, "height": 640})
    page.context.close()
    assert (wide, scrolled) == ({}, {})
