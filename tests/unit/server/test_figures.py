"""Dated figures added by people: kept, settled by in every process, never in what was cut off."""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from cardstack.errors import Refused
from cardstack.settlement import figures
from cardstack.settlement.amending import amend, written
from cardstack.settlement.schemes import transit
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.window import Event
from server import commands
from server.approvals import Decision, Request, State
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.store import open_store
from server.store.commit import Commit, open_windows
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.ledgers import NOON

PEOPLE = {
    name: Operator(name, name, (Grant(role, EVERYWHERE),))
    for name, role in (("lin", Role.CLERK), ("chen", Role.CHECKER), ("zhao", Role.APPROVER))
}


@pytest.fixture(autouse=True)
def as_shipped() -> Iterator[None]:
    yield
    amend(())


@pytest.fixture
def means(store: Store) -> Means:
    office = Office(store.database.engine)
    for one in PEOPLE.values():
        office.people.save(one, NOON)
    return Means(office, store, NOON)


def fee(since: date, rate: int = 2000) -> dict[str, Any]:
    shipped = tomllib.loads(figures.text("transit/fees"))["fee"][1]
    return {"name": "transit/fees", "table": "fee", "row": written("fee", {**shipped, "since": since, "rate_ppm": rate})}


def ask(means: Means, since: date, number: str = "R1") -> Request:
    drawn = commands.draft("figures", fee(since), means)
    return commands.enter(drawn, by=PEOPLE["lin"], reason="invented", number=number, means=means)


def decide(means: Means, number: str = "R1") -> Request:
    for who in ("chen", "zhao"):
        after = commands.settle(number, Decision(who, True, "", means.at), by=PEOPLE[who], means=means)
    return after


def test_three_people_change_a_fee_and_every_process_settles_by_it(store: Store, ledger_url: str, means: Means) -> None:
    """The request shows what changes; once approved it is kept with who did it, and another process finds it there."""
    new_year = date(2027, 1, 1)
    asked = ask(means, new_year)
    assert asked.province == "33"
    assert {"path": "rate_ppm", "before": 4000, "after": 2000} in asked.payload["differences"]
    assert asked.payload["examples"][0]["title"]["zh"] == "乘车 2.00 元"
    assert transit.fee_of("33", "02", new_year).rate_ppm == 4000
    assert decide(means).state is State.DONE
    assert transit.fee_of("33", "02", new_year).rate_ppm == 2000
    amend(())
    open_store(ledger_url, {}).close()
    assert transit.fee_of("33", "02", new_year).rate_ppm == 2000
    amend(())
    store.node_of("CN=hospital")
    assert transit.fee_of("33", "02", new_year).rate_ppm == 2000
    assert transit.fee_of("33", "02", new_year - timedelta(days=1)).rate_ppm == 4000
    with store.view() as view:
        assert view.all("SELECT name, kind, since, maker, checker FROM figure") == [
            ("transit/fees", "fee", "2027-01-01", "lin", "chen+zhao")
        ]
    with pytest.raises(DatabaseError), store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM figure")


def test_no_figure_begins_in_what_was_cut_off(store: Store, means: Means) -> None:
    """Not today, not in a window that closed, whenever the clock says it is, and not when it is decided too late."""
    for since in (NOON.date(), date(2020, 1, 1)):
        with pytest.raises(Refused) as caught:
            ask(means, since)
        assert caught.value.code == "CS-3131"
    with store.database.writing() as connection:
        open_windows(Commit(store.database, connection, NOON), ["transit-2026-12-05"])
    store.move_window("transit-2026-12-05", Event.CUT_OFF, actor="lin", now=NOON)
    with pytest.raises(Refused) as closed:
        ask(means, date(2026, 12, 5))
    assert closed.value.facts["first"] == "2026-12-06"
    ask(means, date(2026, 12, 6))
    late = Means(means.office, store, datetime(2026, 11, 28, 12, tzinfo=SHANGHAI))
    with store.database.writing() as connection:
        open_windows(Commit(store.database, connection, NOON), ["transit-2026-12-07"])
    store.move_window("transit-2026-12-07", Event.CUT_OFF, actor="lin", now=NOON)
    assert decide(late).failure == "CS-3131"
    ask(means, date(2026, 12, 9), "R2")
    past = Means(means.office, store, NOON + timedelta(days=6))
    assert decide(past, "R2").state is State.DONE
