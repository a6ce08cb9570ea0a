"""What signing in rests on outlives the service: sessions, locks, spent links; and what is over is forgotten."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from cardstack.errors import Refused, Untrusted
from server import operators
from server.console import register
from server.console.services import Services
from server.operators import Visitor
from server.store.office import Office
from server.store.store import Store
from tests.unit.console.conftest import Clock

HERE = Visitor("192.0.2.1", "a browser")


def restarted(office: Office, store: Store, clock: Clock) -> tuple[Flask, Office]:
    """The same database behind a new application."""
    again = Office(store.database.engine, office.keys)
    made = Flask("restarted")
    made.testing = True
    register(made, Services(again, clock, store=store))
    return made, again


def rows(office: Office, table: str) -> int:
    """How many rows a table has."""
    with office.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one())


def test_a_session_survives_and_ends_where_it_is_ended(
    office: Office, store: Store, clock: Clock, signed_in: Callable[[str], FlaskClient]
) -> None:
    """The list of sessions shows it; ended from another browser it is over at once."""
    client = signed_in("maker")
    cookie = client.get_cookie("cardstack_session")
    assert cookie is not None
    app, again = restarted(office, store, clock)
    later = app.test_client()
    later.set_cookie("cardstack_session", cookie.value)
    page = later.get("/console/account/")
    assert page.status_code == 200
    assert "本次登录" in page.get_data(as_text=True)
    other = app.test_client()
    assert other.get(f"/enter/{operators.first_link(again.people, 'maker', clock())}").status_code == 303
    prefix = operators.token_hash(cookie.value)[:16]
    csrf = other.get("/console/help/").get_data(as_text=True).split('name="csrf" content="')[1].split('"')[0]
    assert other.post(f"/console/account/sessions/{prefix}/end", data={"csrf": csrf}).status_code == 303
    assert later.get("/console/account/").status_code == 303
    assert other.get("/console/account/").status_code == 200


def test_locks_and_spent_links_survive(office: Office, store: Store, clock: Clock) -> None:
    """A restart gives nobody five more tries, nor a link back."""
    link = operators.first_link(office.people, "maker", clock())
    operators.enter(office.people, link, HERE, clock())
    for _ in range(operators.LOCK_OPERATOR):
        with pytest.raises(Untrusted):
            operators.check_password(office.people, "maker", "wrong", "", visitor=HERE, at=clock())
    _, again = restarted(office, store, clock)
    with pytest.raises(Refused):
        operators.check_password(again.people, "maker", "wrong", "", visitor=Visitor("192.0.2.9", ""), at=clock())
    with pytest.raises(Untrusted):
        operators.enter(again.people, link, HERE, clock())
    operators.unlock(again.people, "Maker")
    with pytest.raises(Untrusted):
        operators.check_password(again.people, "maker", "wrong", "", visitor=Visitor("192.0.2.9", ""), at=clock())


def test_a_dangerous_act_asks_again_after_a_restart(
    office: Office, store: Store, clock: Clock, signed_in: Callable[[str], FlaskClient]
) -> None:
    """The proof of presence counts ten minutes from when it was given, whoever serves; what was typed comes back."""
    cookie = signed_in("maker").get_cookie("cardstack_session")
    assert cookie is not None
    clock.forward(operators.FRESH + timedelta(seconds=1))
    client = restarted(office, store, clock)[0].test_client()
    client.set_cookie("cardstack_session", cookie.value)
    csrf = client.get("/console/help/").get_data(as_text=True).split('name="csrf" content="')[1].split('"')[0]
    form = {"csrf": csrf, "message": "H310", "reason": "仍在这里"}
    answer = client.post("/console/adjustments/", data=form)
    assert answer.status_code == 200
    assert "仍在这里" in answer.get_data(as_text=True)
    assert rows(office, "office_request") == 0


def test_whoever_tries_many_names_fills_nothing(office: Office, clock: Clock) -> None:
    """Failures older than the window are dropped with the next one; so are dead sessions and long expired links."""
    for number in range(40):
        office.people.failed(f"operator:nobody{number}", clock(), operators.LOCK_WINDOW)
    clock.forward(operators.LOCK_WINDOW + timedelta(seconds=1))
    office.people.failed("operator:another", clock(), operators.LOCK_WINDOW)
    assert rows(office, "office_attempt") == 1
    for _ in range(20):
        operators.enter(office.people, operators.first_link(office.people, "maker", clock()), HERE, clock())
    assert (rows(office, "office_session"), rows(office, "office_link")) == (20, 20)
    clock.forward(2 * operators.LINK_LIVES + timedelta(seconds=1))
    operators.enter(office.people, operators.first_link(office.people, "maker", clock()), HERE, clock())
    assert (rows(office, "office_session"), rows(office, "office_link"), rows(office, "office_attempt")) == (1, 1, 0)


def test_staying_signed_in_does_not_outlast_the_day(
    clock: Clock, signed_in: Callable[[str], FlaskClient], token: Callable[[FlaskClient], str]
) -> None:
    """Near the end of the twelve hours the page is told how long is really left."""
    client = signed_in("maker")
    headers = {"X-CSRF-Token": token(client)}
    for _ in range(35):
        clock.forward(timedelta(minutes=20))
        said = client.post("/console/account/extend", headers=headers).get_json()
    assert said == {"seconds": 20 * 60}
