"""What an open page does by itself in a real browser: warns before the session ends, asks for news, listens to keys."""

from typing import Any

import pytest

from tests.console.conftest import Heard, Served
from tests.consoles import send
from tests.ledgers import node_trust
from tests.unit.settlement.taps import a_ride, a_tap

pytestmark = pytest.mark.slow


def minutes(page: Any, number: float) -> None:
    """Let so many minutes pass for the page alone."""
    page.clock.run_for(int(number * 60_000))


def test_the_session_warns_before_it_is_lost(console: Served, heard: Heard) -> None:
    """Two minutes before the end; staying keeps what was typed, also over a slow line; what ended takes nothing away."""
    page = heard.page
    page.clock.install()
    page.goto(console.link("zhang.wei"))
    page.goto(f"{console.address}/console/participants/33.medical-fund")
    page.get_by_role("textbox", name="事由").fill("写到一半的事由")
    minutes(page, 27.5)
    assert not page.locator("#session").is_visible()
    minutes(page, 1)
    page.get_by_role("heading", name="登录即将超时").wait_for()
    assert "剩余" in page.locator("#session-left").text_content()

    def slowly(route: Any) -> None:
        minutes(page, 0.1)
        route.continue_()

    page.route("**/console/account/extend", slowly)
    with page.expect_response("**/console/account/extend") as answer:
        page.keyboard.press("Enter")
    assert answer.value.json() == {"seconds": 1800}
    page.locator("#session").wait_for(state="hidden")
    minutes(page, 27)
    assert not page.locator("#session").is_visible()
    minutes(page, 4)
    assert "登录已超时" in page.locator("#session-left").text_content()
    page.keyboard.press("Escape")
    minutes(page, 1)
    assert not page.locator("#session").is_visible()
    assert page.get_by_role("textbox", name="事由").input_value() == "写到一半的事由"
    # A clock that runs ahead of the network makes what asks by itself give up waiting.
    heard.faults[:] = [said for said in heard.faults if "timeout" not in said]


def test_news_comes_without_reloading(console: Served, heard: Heard) -> None:
    """204 while nothing was booked; a line that says so when something was; the page itself stays."""
    page = heard.page
    page.goto(console.link("zhang.wei"))
    with page.expect_response("**/console/live?**", timeout=15_000) as quiet:
        page.goto(f"{console.address}/console/")
    assert quiet.value.status == 204
    page.evaluate("window.kept = true")
    _, signer, leaf = node_trust("33.node")
    ride = a_ride(a_tap(counter=9_001, terminal_serial=9_001, moment="20261122170000"))
    assert send(console.store, [ride], "33", signer, leaf)
    page.get_by_text("有新交易").wait_for(timeout=15_000)
    assert page.evaluate("window.kept")


def test_keys(console: Served, heard: Heard) -> None:
    """`/` finds, `?` helps, j and k walk, x marks, F2 goes to the query; a letter typed into a field is a letter."""
    page = heard.page
    page.goto(console.link("zhang.wei"))
    page.goto(f"{console.address}/console/transactions/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jk?/x")
    assert page.locator("#search").input_value() == "jk?/x"
    page.locator("#search").fill("")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.get_by_role("heading", name="快捷键").wait_for()
    page.keyboard.press("Escape")
    places = []
    for key in ("j", "j", "k", "k", "k"):
        page.keyboard.press(key)
        places.append(
            page.evaluate("[...document.querySelectorAll('[data-row]')].findIndex((row) => row.classList.contains('at'))")
        )
    assert places == [0, 1, 0, 0, 0]
    page.keyboard.press("x")
    page.get_by_text("已选 1 项").wait_for()
    page.keyboard.press("F2")
    assert page.evaluate("document.activeElement.closest('#query') !== null")
    page.evaluate("document.activeElement.blur()")
    first = page.locator("[data-row] a.id").first
    wanted = first.text_content().strip()
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/transactions/{wanted}")
