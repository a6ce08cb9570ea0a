"""A console over an empty database in memory, with a clock that the tests set and four operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from server import operators
from server.console import register
from server.console.services import Services
from server.permissions import EVERYWHERE, Grant, Role
from server.store.office import Office
from server.store.office.people import Operator

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PEOPLE = (
    Operator("maker", "张经办", (Grant(Role.CLERK, "33"),)),
    Operator("checker", "李复核", (Grant(Role.CHECKER, "33"),)),
    Operator("approver", "王审批", (Grant(Role.APPROVER, "33"),)),
    Operator("admin", "赵管理", (Grant(Role.ADMINISTRATOR, EVERYWHERE),)),
    Operator("chief", "钱主管", (Grant(Role.APPROVER, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))),
    Operator("elsewhere", "孙只读", (Grant(Role.READER, "31"), Grant(Role.AUDITOR, "31"))),
)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(clock: Clock) -> Office:
    made = Office(create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}))
    made.create()
    for person in PEOPLE:
        made.people.save(person, clock())
    return made


@pytest.fixture
def app(office: Office, clock: Clock) -> Flask:
    made = Flask("console under test")
    made.testing = True
    register(made, Services(office, clock))
    return made


SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def signed_in(app: Flask, office: Office, clock: Clock) -> SignIn:
    """A browser in which somebody is signed in by a one-time link."""

    def enter(operator_id: str) -> FlaskClient:
        client = app.test_client()
        answer = client.get(f"/enter/{operators.first_link(office.people, operator_id, clock())}")
        assert answer.status_code == 303
        return client

    return enter


def token_of(client: FlaskClient) -> str:
    """The token that this browser's forms carry."""
    page = client.get("/console/help/").get_data(as_text=True)
    return page.split('name="csrf" content="')[1].split('"')[0]


@pytest.fixture
def token() -> Callable[[FlaskClient], str]:
    return token_of
