"""A console over a copy of an invented month, with a clock that the tests set and a few operators."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from cardstack.settlement.schemes import SCHEMES
from server import operators
from server.console import register
from server.console.services import Services
from server.permissions import EVERYWHERE, Grant, Role
from server.sealing import Keyring
from server.store import open_store
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests import consoles

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PEOPLE = (
    Operator("maker", "张经办", (Grant(Role.CLERK, "33"),)),
    Operator("checker", "李复核", (Grant(Role.CHECKER, "33"),)),
    Operator("approver", "王审批", (Grant(Role.APPROVER, "33"),)),
    Operator("admin", "赵管理", (Grant(Role.ADMINISTRATOR, EVERYWHERE),)),
    Operator("chief", "钱主管", (Grant(Role.APPROVER, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))),
    Operator("centre", "周中心", (Grant(Role.CLERK, EVERYWHERE),)),
    Operator("overseer", "吴复核", (Grant(Role.CHECKER, EVERYWHERE),)),
    Operator("elsewhere", "孙只读", (Grant(Role.READER, "31"), Grant(Role.AUDITOR, "31"))),
)


@dataclass(eq=False)
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


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an invented month, made once."""
    path = tmp_path_factory.mktemp("month") / "ledger.db"
    store = open_store(f"sqlite:///{path}")
    consoles.fill(store, days=25)
    office = Office(store.database.engine)
    for person in PEOPLE:
        office.people.save(person, START)
    store.close()
    return path


@pytest.fixture
def store(month: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of it for one test, without waiting for the disk."""
    shutil.copy(month, tmp_path / "ledger.db")
    held = Store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES)
    event.listen(held.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    yield held
    held.close()


@pytest.fixture
def office(store: Store) -> Office:
    ring = Keyring.fresh()
    return Office(store.database.engine, lambda: ring)


@pytest.fixture
def app(office: Office, store: Store, clock: Clock, tmp_path: Path) -> Flask:
    made = Flask("console under test")
    made.testing = True
    register(made, Services(office, clock, store=store, home=tmp_path))
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
