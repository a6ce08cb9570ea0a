"""The operators' day in a real browser, in Chinese: from the passkey in the morning to the bank's file at night."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cardstack.settlement.banking.statements import BankLine, Side, results
from cardstack.values import Fen
from tests.console.conftest import Heard, Served, listening

pytestmark = pytest.mark.slow

WINDOW = "transit-2026-11-22"


@pytest.fixture(scope="module")
def desks(chromium: Any, console: Served) -> Iterator[dict[str, Any]]:
    """Three people, each at their own browser."""
    opened = {name: listening(chromium, viewport={"width": 1366, "height": 768}) for name in ("zhang.wei", "li.na", "wang.fang")}
    for name, heard in opened.items():
        heard.page.goto(console.link(name))
    yield {name: heard.page for name, heard in opened.items()}
    faults = {name: heard.faults for name, heard in opened.items() if heard.faults}
    for heard in opened.values():
        heard.page.context.close()
    assert faults == {}


def approve(page: Any, address: str) -> None:
    """Open the newest request that waits, as somebody who may decide it, and approve it."""
    page.goto(f"{address}/console/approvals/")
    page.locator("[data-row] a.id").first.click()
    page.get_by_role("button", name="通过").click()
    page.get_by_text("已记录决定").wait_for()


def take(page: Any, step: str, reason: str = "") -> None:
    """Press a window's next step."""
    page.goto(page.url.split("/console/")[0] + f"/console/windows/{WINDOW}")
    page.locator("#f-reason").first.fill(reason)
    page.get_by_role("button", name=step).first.click()


def test_a_passkey_opens_the_day(console: Served, chromium: Any) -> None:
    """Registered once, it signs in without a password; the authenticator is Chromium's virtual one."""
    opened = listening(chromium)
    page = opened.page
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(console.link("zhang.wei"))
    page.goto(f"{console.address}/console/account/")
    page.get_by_role("button", name="添加通行密钥").click()
    page.get_by_text("本机").first.wait_for()
    page.get_by_role("button", name="移除").wait_for()
    page.locator("summary", has_text="张伟").click()
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="使用通行密钥登录").click()
    page.get_by_role("heading", name="总览").wait_for()
    assert console.office.people.sessions("zhang.wei")[0].method == "passkey"
    page.context.close()
    assert opened.faults == []


def test_a_window_is_closed_disputed_agreed_and_paid(console: Served, desks: dict[str, Any], tmp_path: Path) -> None:
    """Cut off, two discrepancies objected to and resolved, agreed by two, released by two, reconciled, settled."""
    maker, checker = desks["zhang.wei"], desks["li.na"]
    take(maker, "截止")
    take(maker, "开始对账")
    take(maker, "提出异议", "两笔与省平台不一致")
    take(maker, "异议处理完毕", "省平台已补传两笔")
    take(maker, "对账一致", "总额一致")
    maker.get_by_text("本申请由您经办").wait_for()
    assert maker.get_by_role("button", name="通过").count() == 0
    approve(checker, console.address)
    maker.goto(f"{console.address}/console/windows/{WINDOW}")
    maker.get_by_role("button", name="申请放行").click()
    approve(checker, console.address)
    sent = [one.instruction for one in console.store.instructions(WINDOW)]
    accounts = {str(one.name): one.account for one in console.store.parties()}
    day = date(2026, 11, 22)
    lines = [
        BankLine(accounts[one.debtor], one.id, f"B{number}", one.amount_fen, Side.DEBIT, day) for number, one in enumerate(sent)
    ]
    short = BankLine(lines[0].account, sent[0].id, "B0", Fen(sent[0].amount_fen - 1), Side.DEBIT, day)
    upload(maker, tmp_path, [short, *lines[1:]])
    maker.get_by_text("银行入账金额少于指令").wait_for()
    upload(maker, tmp_path, [BankLine(lines[0].account, sent[0].id, "B99", Fen(1), Side.DEBIT, day)])
    maker.get_by_text("全部一致").wait_for()
    settled = console.store.window(WINDOW)
    assert settled is not None
    assert settled.stage == "settled"


def upload(page: Any, folder: Path, lines: list[BankLine]) -> None:
    """Give the bank's result file to the page."""
    file = folder / "result.csv"
    file.write_bytes(results(lines))
    page.goto(page.url.split("/console/")[0] + "/console/reconciliation/")
    page.locator("#f-file").set_input_files(file)
    page.get_by_role("button", name="导入并对账").click()


def test_a_reversal_is_asked_by_one_and_decided_by_another(console: Served, desks: dict[str, Any]) -> None:
    """From the transaction's page; the original stays and says that it was reversed."""
    entry = next(one for one in console.store.transactions(limit=50) if one.window == "medical-2026-11")
    maker = desks["zhang.wei"]
    maker.goto(f"{console.address}/console/transactions/{entry.id}")
    maker.get_by_role("link", name="申请冲正").click()
    maker.get_by_role("textbox", name="事由").fill("就诊记录重复")
    maker.get_by_role("button", name="提交复核").click()
    approve(desks["li.na"], console.address)
    maker.goto(f"{console.address}/console/transactions/{entry.id}")
    maker.get_by_text("已冲正").first.wait_for()


def test_a_reveal_is_in_the_audit_log_and_the_log_holds(console: Served, desks: dict[str, Any]) -> None:
    """Masked at first; in clear once with a reason, which an auditor reads."""
    entry = next(one for one in console.store.transactions(limit=50) if one.scheme.startswith("medical") and one.refers is None)
    maker, auditor = desks["zhang.wei"], desks["wang.fang"]
    maker.goto(f"{console.address}/console/transactions/{entry.id}")
    assert "********" in maker.locator("#content table").text_content()
    maker.get_by_text("查看个人信息明文").click()
    maker.get_by_role("textbox", name="查看事由").fill("参保人来电核对")
    maker.get_by_role("button", name="查看一次").click()
    maker.locator("#content .state").wait_for()
    assert "p-000" in maker.locator("#content table").text_content()
    auditor.goto(f"{console.address}/console/audit/?action=transactions.reveal")
    auditor.get_by_text("参保人来电核对").first.wait_for()
    auditor.goto(f"{console.address}/console/audit/verify")
    auditor.get_by_text("日志链完整").wait_for()


def test_a_cross_certificate_is_revoked_after_its_what_if(console: Served, desks: dict[str, Any]) -> None:
    """The effects stand on the page; a checker and an approver decide; the graph no longer has it."""
    maker = desks["zhang.wei"]
    maker.goto(f"{console.address}/console/trust/")
    maker.locator("[data-row] a.id").first.click()
    maker.get_by_role("columnheader", name="不再认可方").wait_for()
    fingerprint = maker.url.rsplit("/", 1)[1]
    maker.get_by_role("textbox", name="事由").fill("协议终止")
    maker.get_by_role("button", name="申请吊销").click()
    approve(desks["li.na"], console.address)
    approve(desks["wang.fang"], console.address)
    maker.goto(f"{console.address}/console/trust/edges/{fingerprint}")
    maker.get_by_text("已吊销").first.wait_for()


def test_exports_and_print(console: Served, desks: dict[str, Any]) -> None:
    """CSV with BOM and exactly what is filtered; the page prints on A4 with its maker's line."""
    page = desks["zhang.wei"]
    page.goto(f"{console.address}/console/transactions/?scheme=transit&size=50")
    page.locator("summary", has_text="导出").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert "公共交通异地刷卡" in text
    assert "长三角门诊" not in text
    page.emulate_media(media="print")
    assert page.locator(".foot .only-print").first.is_visible()
    assert not page.locator(".side").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")


def test_the_keyboard_is_enough(console: Served, desks: dict[str, Any], heard: Heard) -> None:
    """Find by id, walk a list, open, ask for a limit; the checker approves: no mouse anywhere."""
    del desks
    page = heard.page
    page.goto(console.link("zhang.wei"))
    page.keyboard.press("?")
    page.get_by_role("heading", name="快捷键").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("medical-2026-10")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="medical-2026-10").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="净额构成").wait_for()
    page.goto(f"{console.address}/console/participants/33.medical-fund")
    page.locator("#f-limit-limit_fen").focus()
    page.keyboard.type("600000")
    page.keyboard.press("Tab")
    page.keyboard.type("额度年度调整")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("本申请由您经办").wait_for()
    page.goto(console.link("li.na"))
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.get_by_role("heading", name="待复核").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="通过").focus()
    page.keyboard.press("Enter")
    page.get_by_text("已记录决定").wait_for()
    party = next(one for one in console.store.parties() if one.name == "33.medical-fund")
    assert party.limit_fen == 60_000_000
