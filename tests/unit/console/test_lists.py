"""What holds of every list: query form, address, pages, columns, numbers, selected rows, exports of the same rows, links."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient

from server.console.listing import NOTHING, Listing
from server.console.reports import listings
from server.permissions import Grant, Role
from server.store.office import Office
from server.store.office.people import Operator
from tests.unit.console.conftest import Clock

SignIn = Callable[[str], FlaskClient]
ADDRESSES = {
    "net": "/console/settlements/medical-2026-11/net/31.medical-fund",
    "people": "/console/operators/",
    "conforming": "/console/conformance/",
    "reconciliation": "/console/reconciliation/",
}
"""Where a list is, when that is not `/console/<its name>/`."""

ASKED = {
    "transactions": ("scheme", "transit"),
    "windows": ("cycle", "transit"),
    "settlements": ("window", "transit-2026-11-15"),
    "net": ("scheme", "medical-outpatient"),
    "participants": ("province", "33"),
    "prefunds": ("level", "red"),
    "nodes": ("province", "31"),
    "disputes": ("stage", "opened"),
    "figures": ("file", "medical/31"),
    "cards": ("id", "shanghai"),
    "people": ("role", "clerk"),
    "approvals": ("state", "pending"),
    "adjustments": ("state", "pending"),
    "audit": ("action", "reports"),
    "reconciliation": ("difference", "paid-short"),
    "files": ("direction", "in"),
    "blacklist": ("kind", "black"),
    "emulated": ("state", "ready"),
    "conforming": ("state", "failed"),
    "refusals": ("outcome", "malformed"),
    "cases": ("service", "pension-transfer"),
}
"""A question to each list: a field of its form and a value."""


@pytest.fixture
def client(office: Office, clock: Clock, signed_in: SignIn) -> FlaskClient:
    """Somebody who sees every list."""
    roles = (Role.CLERK, Role.AUDITOR, Role.ADMINISTRATOR)
    office.people.save(Operator("every", "齐全", tuple(Grant(role, "*") for role in roles)), clock())
    return signed_in("every")


def every() -> Iterator[tuple[str, Listing]]:
    """Each list with its address."""
    for name, (held, _) in listings().items():
        yield ADDRESSES.get(name, f"/console/{name}/"), held


def keys(page: str) -> list[str]:
    """The keys of the rows of a page, from their boxes."""
    return [unescape(one) for one in re.findall(r'<input type="checkbox" name="id" value="([^"]*)"', page)]


def rows_of(content: bytes) -> list[list[str]]:
    """The lines of an exported CSV below its heads."""
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:]


def test_every_list_is_asked_about() -> None:
    """A new list stands in the table above."""
    assert set(ASKED) == {held.name for _, held in every()}


def test_every_list_looks_as_operators_expect(client: FlaskClient) -> None:
    """Query, reset, export, column settings, number, size of the page; what was asked stands in form and links."""
    for address, held in every():
        key, value = ASKED[held.name]
        page = unescape(client.get(f"{address}?{key}={value}&size=50").get_data(as_text=True))
        assert "查询" in page, address
        assert f'href="{address}">重置' in page, address
        assert "列设置" in page, address
        assert '<th scope="col" class="number">序号' in page, address
        exported = re.findall(r'href="(/console/reports/export/[^"]+)"', page)
        assert {one.partition("?")[0].rpartition(".")[2] for one in exported} >= {"xlsx", "csv"}, address
        assert all(f"{key}={value.replace('/', '%2F')}" in one or f"{key}={value}" in one for one in exported), address
        assert re.search(rf'name="{key}"[^>]*value="{value}"|value="{value}" selected', page), address
        assert 'aria-current="true">50' in page, address


def test_an_empty_list_says_how_something_comes_into_it(client: FlaskClient) -> None:
    """Its own words, in every list that a new installation shows empty; the others hold something from the start."""
    held = {one.name: one for _, one in every()}
    plain = {one.name for one in held.values() if one.empty is NOTHING}
    assert plain == {"net", "figures", "cards", "people", "approvals", "audit", "blacklist"}
    for name in ("reconciliation", "cases"):
        page = unescape(client.get(ADDRESSES.get(name, f"/console/{name}/")).get_data(as_text=True))
        assert held[name].empty.zh in page


def test_columns_are_chosen(client: FlaskClient) -> None:
    """Only what the address names is shown, and exported."""
    for address, held in every():
        wanted = held.columns[-1]
        page = client.get(f"{address}?col={wanted.key}").get_data(as_text=True)
        assert len(re.findall(r'<th scope="col" class="k-', page.split("<tbody>")[0].rsplit("<thead>", 1)[1])) == 1, address
        file = client.get(f"/console/reports/export/{held.name}.csv?col={wanted.key}&{fixed(held)}")
        assert file.get_data().decode("utf-8-sig").splitlines()[0] == f"序号,{wanted.title.zh}", address


def fixed(held: Listing) -> str:
    """What the page's own address says of its list."""
    return "window_id=medical-2026-11&party=31.medical-fund" if held.name == "net" else ""


def test_the_export_holds_what_the_pages_hold(client: FlaskClient) -> None:
    """As many rows as all the pages together, each once, under the same question."""
    for address, held in every():
        key, value = ASKED[held.name]
        seen: list[str] = []
        after: str | None = f"{address}?{key}={value}&size=20"
        while after:
            page = client.get(after).get_data(as_text=True)
            assert len(keys(page)) <= 20
            seen += keys(page)
            following = re.search(r'rel="next" href="([^"]*)"', page)
            after = unescape(following.group(1)) if following else None
        assert len(seen) == len(set(seen)), address
        file = client.get(f"/console/reports/export/{held.name}.csv?{key}={value}&{fixed(held)}")
        assert file.get_data().startswith(b"\xef\xbb\xbf")
        if held.name != "audit":  # each export is itself an event
            assert len(rows_of(file.get_data())) == len(seen), address


def test_selected_rows_are_exported_alone(client: FlaskClient, token: Callable[[FlaskClient], str]) -> None:
    """Of the page that was looked at, whatever its question."""
    csrf = token(client)
    for address, held in every():
        page = client.get(f"{address}?size=20").get_data(as_text=True)
        chosen = keys(page)[:2]
        action = f"/console/reports/selected/{held.name}.csv?size=20&{fixed(held)}"
        file = client.post(action, data={"csrf": csrf, "id": chosen})
        assert file.status_code == 200, address
        if held.name != "audit":
            assert len(rows_of(file.get_data())) == len(chosen), address


def test_every_id_leads_somewhere(client: FlaskClient) -> None:
    """A column of ids has a link, and each link of the first rows opens."""
    for address, held in every():
        for column in held.columns:
            assert column.kind != "id" or column.link is not None, (held.name, column.key)
        page = client.get(f"{address}?" + "&".join(f"col={one.key}" for one in held.columns)).get_data(as_text=True)
        body = page.split('id="results"')[1].split("<tbody>")[1].split("</tbody>")[0]
        for link in dict.fromkeys(re.findall(r'href="([^"]+)"', "".join(body.split("<tr")[:3]))):
            assert client.get(unescape(link)).status_code == 200, (address, link)


def test_a_wrong_question_is_said_and_kept(client: FlaskClient) -> None:
    """A day that is none: the message, the value still in the form, no row."""
    page = client.get("/console/transactions/?since=2026-13-99&home=33").get_data(as_text=True)
    assert "CS-" in page
    assert 'value="2026-13-99"' in page
    assert 'value="33" selected' in page


def test_nothing_of_other_provinces_is_exported(signed_in: SignIn, office: Office, clock: Clock) -> None:
    """A clerk of one province gets lists of that province, whatever the address says."""
    office.people.save(Operator("only31", "沪", (Grant(Role.CLERK, "31"),)), clock())
    client = signed_in("only31")
    for _, held in every():
        for party in ("33.medical-fund", "31.medical-fund"):
            file = client.get(f"/console/reports/export/{held.name}.csv?window_id=medical-2026-11&party={party}&state=")
            if file.status_code == 200 and held.name in {"participants", "nodes"}:
                assert not [row for row in rows_of(file.get_data()) if any(cell.startswith("33.") for cell in row)]
            if held.name == "net" and party == "33.medical-fund":
                assert rows_of(file.get_data()) == []
