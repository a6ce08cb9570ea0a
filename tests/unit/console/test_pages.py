"""What holds of every page: its permission, its token, its headers, its words, its files."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cardstack.settlement.calendar import Calendar, known
from server.console import HERE, alarms, route_table
from server.console.guides import GUIDES
from server.console.navigation import GROUPS
from server.console.shell import PREFERENCES
from server.permissions import ROLES, PageRule, Permission, Role
from tests.ledgers import NOON

TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
VENDORED = HERE / "static" / "vendor"


def test_the_vendored_files_are_what_they_were() -> None:
    """Every file is listed with its hash and licence, and there is no other."""
    listed = json.loads((VENDORED / "VENDORED.json").read_text("utf-8"))["files"]
    assert {one["file"] for one in listed} == {path.name for path in VENDORED.iterdir()} - {"VENDORED.json"}
    for one in listed:
        assert hashlib.sha256((VENDORED / one["file"]).read_bytes()).hexdigest() == one["sha256"]
        assert one["licence"]


@pytest.mark.parametrize("page", route_table(), ids=lambda page: f"{page.method} {page.rule}")
def test_nobody_gets_in_without_signing_in(app: Flask, page: PageRule) -> None:
    """Every page sends a stranger to the sign-in page."""
    address = re.sub(r"<(?:int:)?\w+>", "1", page.rule)
    answer = app.test_client().open(address, method=page.method)
    assert answer.status_code == 303
    assert answer.location.startswith("/console/sign-in")


ROLE_HOLDERS = {"maker": Role.CLERK, "checker": Role.CHECKER, "approver": Role.APPROVER, "admin": Role.ADMINISTRATOR}


@pytest.mark.parametrize("name", ROLE_HOLDERS)
def test_routes_by_role(name: str, signed_in: Callable[[str], FlaskClient], token: Callable[[FlaskClient], str]) -> None:
    """The running app refuses exactly what the table of roles does not give."""
    client = signed_in(name)
    csrf = token(client)
    for page in route_table():
        address = re.sub(r"<(?:int:)?\w+>", "1", page.rule)
        answer = client.open(address, method=page.method, headers={"X-CSRF-Token": csrf})
        assert (answer.status_code == 403) == (page.needs not in ROLES[ROLE_HOLDERS[name]]), page


@pytest.mark.parametrize("page", [page for page in route_table() if page.method != "GET"], ids=lambda page: page.rule)
def test_a_change_needs_its_token(page: PageRule, signed_in: Callable[[str], FlaskClient], app: Flask) -> None:
    """Without it, or with another session's, nothing happens."""
    del app
    holder = next((name for name, role in ROLE_HOLDERS.items() if page.needs in ROLES[role]), None)
    if holder is None:
        assert page.needs in ROLES[Role.AUDITOR] | ROLES[Role.READER]
        return
    client = signed_in(holder)
    address = re.sub(r"<(?:int:)?\w+>", "1", page.rule)
    assert client.open(address, method=page.method, headers={"X-CSRF-Token": "0" * 64}).status_code == 400
    assert client.open(address, method=page.method).status_code == 400


def test_every_permission_is_somebodys() -> None:
    """A permission that no role gives is a page that nobody sees."""
    assert frozenset().union(*ROLES.values()) == frozenset(Permission)


def test_headers(signed_in: Callable[[str], FlaskClient]) -> None:
    """A strict policy without nonces, and nothing in a cache."""
    answer = signed_in("maker").get("/console/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("key", PREFERENCES)
def test_preferences_stay_with_the_browser(key: str, app: Flask) -> None:
    """A link sets one, the address is clean again, and the page obeys."""
    client = app.test_client()
    value = PREFERENCES[key][1]
    answer = client.get(f"/console/sign-in?{key}={value}")
    assert (answer.status_code, answer.location) == (303, "/console/sign-in")
    page = client.get("/console/sign-in").get_data(as_text=True)
    assert f'"{value}"' in page.split("<head>")[0] or f'"{value}"' in page.split("<body>")[0]


def test_a_stranger_is_led_back_only_to_our_own_pages(app: Flask) -> None:
    """No address of another site survives in `next`."""
    for evil in ("https://evil.example/", "//evil.example/console/", "/\\evil.example", "/console/\\evil"):
        page = app.test_client().get("/console/sign-in", query_string={"next": evil}).get_data(as_text=True)
        assert 'name="next" value="/console/"' in page


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(HERE / "templates").as_posix())
def test_templates_say_everything_in_both_languages(path: Path) -> None:
    """Words stand in `t(en, zh)` or come from data; none stands bare between tags or in an attribute that is read out."""
    source = path.read_text("utf-8")
    for english, chinese in re.findall(r"\bt\(\s*\"((?:[^\"\\]|\\.)*)\",\s*\"((?:[^\"\\]|\\.)*)\"\s*\)", source):
        assert not re.search(r"[\u4e00-\u9fff]", english), english
        assert re.search(r"[\u4e00-\u9fff]", chinese) or not english, english
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", " ", source, flags=re.DOTALL)
    between = re.sub(r"<[^>]*>", " ", bare, flags=re.DOTALL)
    words = set(re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+", between)) - NAMES
    assert not words, f"not through t(): {words}"
    read_out = re.findall(r"(?:aria-label|placeholder|title|alt)=\"([^\"]*[A-Za-z\u4e00-\u9fff][^\"]*)\"", bare)
    assert not read_out, f"not through t(): {read_out}"


NAMES = {"Enter", "English", "TOTP", "nbsp", "中文", "APDU", "SHA", "OCSP", "CRL", "SM", "F2"}
"""Names of things, alike in both languages; `中文` is how a language names itself."""


def test_no_inline_script_or_style() -> None:
    """The policy forbids them; a template that has one is dead code."""
    for path in TEMPLATES:
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", path.read_text("utf-8")), path


def test_the_overview_says_what_needs_somebody(signed_in: Callable[[str], FlaskClient]) -> None:
    """Countdown of open windows, prepayments by use with their warnings, and every chart as a table too."""
    page = signed_in("chief").get("/console/").get_data(as_text=True)
    assert 'data-left="' in page
    assert "距截止" in page
    assert "红色预警" in page
    assert "黄色预警" in page
    assert page.count('class="chart"') == page.count('class="chart-table"') > 0


@pytest.mark.parametrize(("days", "grade"), [(61, None), (60, "warning"), (15, "warning"), (14, "danger"), (-3, "danger")])
def test_the_overview_says_that_the_known_working_days_end(
    days: int, grade: str | None, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty days before they do, and gravely from fourteen on; not once the next notice is there."""
    until = NOON.date() + timedelta(days=days)
    calendar = Calendar([replace(known().notices[-1], until=until)])
    monkeypatch.setattr(alarms, "known", lambda: calendar)
    page = signed_in("chief").get("/console/").get_data(as_text=True)
    said = re.search(rf'notice-(\w+)"><a href="[^"]*file=calendar">工作日历仅至 {until}', page)
    assert (said and said[1]) == grade


def test_the_overview_of_a_province_says_nothing_of_others(signed_in: Callable[[str], FlaskClient]) -> None:
    """Neither nets nor prepayments of provinces that the operator does not see."""
    page = signed_in("elsewhere").get("/console/").get_data(as_text=True)
    assert "上海医保基金" in page
    assert "江苏医保基金" not in page or "上海医疗机构结算户" in page


def test_every_page_has_its_help(signed_in: Callable[[str], FlaskClient]) -> None:
    """Each noun of the side bar is explained, in both languages, and its page leads there."""
    explained = set(GUIDES)
    for group in GROUPS:
        for entry in group.entries:
            noun = entry.endpoint.partition(".")[0]
            assert noun in explained or noun == "help", noun
    client = signed_in("chief")
    page = client.get("/console/help/").get_data(as_text=True)
    for noun in GUIDES:
        assert f'id="page-{noun}"' in page
    assert "#page-transactions" in client.get("/console/transactions/").get_data(as_text=True)
    for guide in GUIDES.values():
        for words in guide:
            assert not re.search(r"[\u4e00-\u9fff]", words.en)
            assert re.search(r"[\u4e00-\u9fff]", words.zh)
