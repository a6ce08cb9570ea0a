"""No id leads to another province's data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from server import operators
from server.store.office import Office
from server.store.store import Store

SignIn = Callable[[str], FlaskClient]


def test_a_transaction_of_others_is_not_there(signed_in: SignIn, store: Store) -> None:
    """Neither its page, nor its batch, nor a search for it, nor an export of it."""
    client = signed_in("elsewhere")
    entries = store.transactions(limit=500)
    theirs = [one for one in entries if "31" not in {one.home[:2], one.treating[:2], one.sender[:2]}]
    mine = [one for one in entries if "31" in {one.home[:2], one.treating[:2], one.sender[:2]}]
    assert theirs
    assert mine
    for one in theirs[:5]:
        assert client.get(f"/console/transactions/{one.id}").status_code == 404
        listed = client.get(f"/console/transactions/?id={one.id}").get_data(as_text=True)
        assert str(one.id) not in listed.split("<tbody>")[1].split("</tbody>")[0]
        found = client.get(f"/console/help/find?q={one.id}")
        assert str(one.id) not in found.location
    for one in mine[:5]:
        assert client.get(f"/console/transactions/{one.id}").status_code == 200
    page = client.get("/console/transactions/?size=100").get_data(as_text=True)
    assert all(str(one.id) not in page for one in theirs)
    batch = client.get(f"/console/settlements/batches/{theirs[0].envelope}")
    assert batch.status_code in {200, 404}
    assert all(str(one.id) not in batch.get_data(as_text=True) for one in theirs)


@pytest.mark.parametrize(
    "path",
    [
        "/console/participants/33.medical-fund",
        "/console/settlements/medical-2026-11/net/33.hospital-fund",
        "/console/operators/maker",
        "/console/audit/export.jsonl",
    ],
)
def test_what_is_others_is_refused(signed_in: SignIn, path: str) -> None:
    """As if it did not exist, or as not permitted."""
    assert signed_in("elsewhere").get(path).status_code in {403, 404}


def test_a_window_shows_only_ones_own_nets(signed_in: SignIn) -> None:
    """The nets of other provinces are not on the page."""
    page = signed_in("elsewhere").get("/console/windows/medical-2026-11").get_data(as_text=True)
    assert "31.medical-fund" in page
    assert "33.medical-fund" not in page
    assert "34.hospital-fund" not in page


def test_the_search_answers_what_the_filter_says(signed_in: SignIn, store: Store) -> None:
    """State, scheme, amounts and dates together; the pages that follow hold the rest, each transaction once."""
    client = signed_in("chief")
    wanted = {str(one.id) for one in store.transactions(limit=1000) if one.scheme == "transit" and one.home[:2] == "31"}
    seen: list[str] = []
    address: str | None = "/console/transactions/?scheme=transit&home=31&state=posted&size=20&least=0.01"
    while address:
        page = client.get(address).get_data(as_text=True)
        rows = page.split("<tbody>")[1].split("</tbody>")[0]
        seen += [part.split('"')[0] for part in rows.split("/console/transactions/")[1:]]
        after = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&") if 'rel="next"' in page else None
        address = after
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted


def test_a_stale_session_confirms_without_losing_the_form(
    signed_in: SignIn, office: Office, clock: Any, token: Callable[[FlaskClient], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed goes on once the password is given; a password never stands in an address."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(operators, "_hasher", lambda: cheap)
    admin = office.people.operator("admin")
    assert admin is not None
    operators.set_password(office.people, admin, "a long enough secret", clock())
    client = signed_in("admin")
    clock.forward(operators.FRESH + timedelta(minutes=1))
    form = {"id": "new.one", "name": "新人", "grant": ["clerk@33"], "reason": "joined", "csrf": token(client)}
    page = client.post("/console/operators/", data=form)
    assert page.status_code == 200
    assert "新人" in page.get_data(as_text=True)
    shown = client.get("/console/account/totp").get_data(as_text=True)
    assert 'method="get"' not in shown.split('id="again"')[0].rsplit("<form", 1)[1]
    done = client.post("/console/operators/", data=form | {"_password": "a long enough secret"})
    assert done.status_code == 303
    assert "/console/approvals/" in done.location
    assert client.get("/console/account/totp").status_code == 200
