"""What only a browser shows: three clicks from a net to the card, focus on what is wrong, and pages no wider than asked."""

from typing import Any

import pytest

from tests.console.conftest import Heard, Served

pytestmark = pytest.mark.slow


@pytest.fixture
def clerk(console: Served, heard: Heard) -> Any:
    """A clerk of the centre, signed in."""
    heard.page.goto(console.link("zhang.wei"))
    return heard.page


def test_a_net_leads_to_the_card_in_three_clicks(console: Served, clerk: Any) -> None:
    """Net, transaction, and on its page the postings, the signature checked anew and the exchanges with the card."""
    clerk.goto(f"{console.address}/console/windows/medical-2026-11")
    clerk.locator("a[href*='/net/33.hospital-fund']").first.click()
    clerk.get_by_role("heading", name="净额构成").wait_for()
    clerk.locator("#results a.id").first.click()
    clerk.get_by_role("heading", name="记账分录").wait_for()
    assert "签名有效" in clerk.locator("#signature").text_content()
    clerk.get_by_role("link", name="卡片报文").click()
    exchanges = clerk.locator("#card tbody tr")
    assert exchanges.count() == 5
    assert "选择文件" in exchanges.first.text_content()
    clerk.go_back()
    clerk.go_back()
    clerk.get_by_role("heading", name="净额构成").wait_for()


def test_a_batch_stands_between(console: Served, clerk: Any) -> None:
    """From the transaction to its signed batch, and from there back to each of its transactions."""
    entry = next(one for one in console.store.transactions(limit=50) if one.scheme.startswith("medical"))
    clerk.goto(f"{console.address}/console/transactions/{entry.id}")
    clerk.locator(f"a[href$='/batches/{entry.envelope}']").click()
    clerk.locator("#results a.id, tbody a.id").first.click()
    clerk.get_by_role("heading", name="记账分录").wait_for()


def test_what_is_wrong_has_the_focus(console: Served, clerk: Any) -> None:
    """The summary first; its link leads to the field, which still holds what was typed and names its fault."""
    clerk.goto(f"{console.address}/console/changes/correction")
    clerk.locator("#f-correction-amount_fen").fill("壹佰")
    for name in ("debtor", "creditor"):
        clerk.locator(f"#f-correction-{name}").select_option(index=3 if name == "debtor" else 9)
    clerk.locator("#f-correction-scheme").select_option("transit")
    clerk.locator("#f-correction-reason").fill("测试")
    clerk.get_by_role("button", name="提交复核").click()
    clerk.locator("#fault").wait_for()
    assert clerk.evaluate("document.activeElement.id") == "fault"
    clerk.locator("#fault a").click()
    assert clerk.evaluate("location.hash") == "#f-correction-amount_fen"
    field = clerk.locator("#f-correction-amount_fen")
    assert field.input_value() == "壹佰"
    assert field.get_attribute("aria-invalid") == "true"
    assert "e-correction-amount_fen" in field.get_attribute("aria-describedby")
    assert clerk.locator("#f-correction-reason").input_value() == "测试"


def test_selected_rows_are_offered_and_taken(console: Served, clerk: Any) -> None:
    """Two boxes, a bar that says so, and a file with those two."""
    clerk.goto(f"{console.address}/console/participants/")
    for number in (0, 1):
        clerk.locator("tbody input[type=checkbox]").nth(number).check()
    clerk.get_by_text("已选 2 项").wait_for()
    with clerk.expect_download() as download:
        clerk.get_by_role("button", name="导出所选 CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
