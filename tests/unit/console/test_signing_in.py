"""Signing in, staying in, and being locked out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from cardstack.errors import Malformed, Refused, Untrusted
from server import operators
from server.operators import Visitor
from server.store.office import Office

HERE = Visitor("192.0.2.1", "a browser")
PASSWORD = "四个字也行 but longer"


@pytest.fixture
def office(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Argon2 with small parameters, so that the tests do not wait for it."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(operators, "_hasher", lambda: cheap)
    return office


def test_a_link_opens_once(app: Flask, office: Office, clock: Any) -> None:
    """The second browser with the same link stays outside."""
    link = operators.first_link(office.people, "maker", clock())
    assert app.test_client().get(f"/enter/{link}").status_code == 303
    again = app.test_client().get(f"/enter/{link}")
    assert again.status_code == 403
    assert "CS-4112" in again.get_data(as_text=True)


def test_looking_ahead_does_not_spend_a_link(app: Flask, office: Office, clock: Any) -> None:
    """HEAD and prefetch come from mail scanners and browsers, not from the operator."""
    link = operators.first_link(office.people, "maker", clock())
    app.test_client().head(f"/enter/{link}")
    app.test_client().get(f"/enter/{link}", headers={"Sec-Purpose": "prefetch"})
    assert app.test_client().get(f"/enter/{link}").status_code == 303


def test_a_link_grows_old(office: Office, clock: Any) -> None:
    """A day later it is spent without having been used."""
    link = operators.first_link(office.people, "maker", clock())
    with pytest.raises(Untrusted, match="This link was used"):
        operators.enter(office.people, link, HERE, clock() + operators.LINK_LIVES)


def test_a_session_ends_when_idle_and_when_old(office: Office, clock: Any) -> None:
    """Half an hour unused, or twelve hours in all."""
    maker = office.people.operator("maker")
    assert maker is not None
    token = operators.sign_in(office.people, maker, "password", HERE, clock())
    assert operators.resume(office.people, token, clock() + timedelta(minutes=29)) is not None
    assert operators.resume(office.people, token, clock() + timedelta(minutes=30)) is None
    for minutes in range(0, 720, 20):
        office.people.touch(operators.token_hash(token), clock() + timedelta(minutes=minutes))
    assert operators.resume(office.people, token, clock() + timedelta(hours=12)) is None


def test_the_token_is_not_in_the_database(office: Office, clock: Any) -> None:
    """A stolen database signs nobody in."""
    maker = office.people.operator("maker")
    assert maker is not None
    token = operators.sign_in(office.people, maker, "password", HERE, clock())
    assert [one.token_hash for one in office.people.sessions("maker")] == [operators.token_hash(token)]


def test_password_and_code(office: Office, clock: Any) -> None:
    """A code serves once; the one before it no longer; a recovery code serves once."""
    people = office.people
    maker = people.operator("maker")
    assert maker is not None
    operators.set_password(people, maker, PASSWORD, clock())
    assert operators.check_password(people, "maker", PASSWORD, "", visitor=HERE, at=clock()) == maker
    secret = pyotp.random_base32()
    totp = pyotp.TOTP(secret)
    operators.enrol_totp(people, maker, secret, totp.at(clock()), clock())
    codes = operators.new_recovery_codes(people, maker, clock())
    with pytest.raises(Untrusted):
        operators.check_password(people, "maker", PASSWORD, "", visitor=HERE, at=clock())
    code = totp.at(clock())
    assert operators.check_password(people, "maker", PASSWORD, code, visitor=HERE, at=clock()) == maker
    with pytest.raises(Untrusted):
        operators.check_password(people, "maker", PASSWORD, code, visitor=HERE, at=clock())
    assert operators.check_password(people, "maker", PASSWORD, codes[0], visitor=HERE, at=clock()) == maker
    with pytest.raises(Untrusted):
        operators.check_password(people, "maker", PASSWORD, codes[0], visitor=HERE, at=clock())


def test_five_failures_lock_for_a_quarter_of_an_hour(office: Office, clock: Any) -> None:
    """Even the right password waits then; and afterwards it serves."""
    people = office.people
    maker = people.operator("maker")
    assert maker is not None
    operators.set_password(people, maker, PASSWORD, clock())
    for _ in range(operators.LOCK_OPERATOR):
        with pytest.raises(Untrusted):
            operators.check_password(people, "maker", "wrong", "", visitor=HERE, at=clock())
    with pytest.raises(Refused, match="sign-in"):
        operators.check_password(people, "maker", PASSWORD, "", visitor=HERE, at=clock())
    later = clock() + operators.LOCK_WINDOW + timedelta(seconds=1)
    assert operators.check_password(people, "maker", PASSWORD, "", visitor=HERE, at=later) == maker


def test_an_address_that_tries_many_names_is_locked(office: Office, clock: Any) -> None:
    """Thirty failures from one place, whatever the names."""
    for number in range(operators.LOCK_ADDRESS):
        with pytest.raises(Untrusted):
            operators.check_password(office.people, f"nobody{number}", "x", "", visitor=HERE, at=clock())
    with pytest.raises(Refused):
        operators.check_password(office.people, "maker", "x", "", visitor=HERE, at=clock())


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "my maker password"])
def test_weak_passwords(office: Office, clock: Any, password: str) -> None:
    """Too short, all alike, or with the name in it."""
    maker = office.people.operator("maker")
    assert maker is not None
    with pytest.raises(Malformed):
        operators.set_password(office.people, maker, password, clock())


def test_a_certificate_signs_its_operator_in(office: Office, clock: Any) -> None:
    """By the fingerprint that the TLS terminator passes on; an unknown one signs nobody in."""
    office.people.put_credentials("maker", "certificate", [""], clock(), handle="ab" * 32)
    assert operators.by_certificate(office.people, "AB:" * 31 + "AB").id == "maker"
    with pytest.raises(Untrusted):
        operators.by_certificate(office.people, "cd" * 32)


def test_the_form_signs_in_and_out(app: Flask, office: Office, clock: Any, token: Callable[[FlaskClient], str]) -> None:
    """With the right token of the form; without it nothing happens."""
    maker = office.people.operator("maker")
    assert maker is not None
    operators.set_password(office.people, maker, PASSWORD, clock())
    client = app.test_client()
    page = client.get("/console/sign-in").get_data(as_text=True)
    csrf = page.split('name="csrf" content="')[1].split('"')[0]
    form = {"name": "maker", "password": PASSWORD, "next": "//elsewhere.example/"}
    assert client.post("/console/sign-in", data=form).status_code == 400
    answer = client.post("/console/sign-in", data=form | {"csrf": csrf})
    assert (answer.status_code, answer.location) == (303, "/console/")
    assert client.get("/console/help/").status_code == 200
    client.post("/console/sign-out", data={"csrf": token(client)})
    assert client.get("/console/help/").status_code == 303
    assert office.people.sessions("maker") == []


def test_a_disabled_operator_is_out_at_once(office: Office, signed_in: Callable[[str], FlaskClient], clock: Any) -> None:
    """The session stands in the database, but its operator no longer may."""
    from dataclasses import replace

    client = signed_in("maker")
    maker = office.people.operator("maker")
    assert maker is not None
    office.people.save(replace(maker, disabled=True), clock())
    assert client.get("/console/help/").status_code == 303


def test_an_empty_installation_gets_two_links(clock: Any) -> None:
    """An administrator who asks and an approver who decides; asked again, nobody gets one."""
    from sqlalchemy import create_engine

    empty = Office(create_engine("sqlite://"))
    empty.create()
    links = operators.first_links(empty.people, clock())
    assert set(links) == {"admin", "chief"}
    assert operators.enter(empty.people, links["admin"], HERE, clock())[0].id == "admin"
    assert operators.first_links(empty.people, clock()) == {}
