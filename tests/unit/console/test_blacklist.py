"""Card lists in the console: asked for and decided by two, listed with ranges, versions as files, pulls noted."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from cardstack.settlement.bulk.list_file import read
from cardstack.settlement.transit.lists import Kind
from server import filing
from server.permissions import Grant, Role
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.ledgers import NOON
from tests.unit.console.conftest import Clock
from tests.unit.console.test_changes import approve

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


@pytest.fixture
def centre(office: Office, clock: Clock, signed_in: SignIn) -> FlaskClient:
    """A clerk of the clearing centre."""
    office.people.save(Operator("centre", "周中心", (Grant(Role.CLERK, "*"),)), clock())
    return signed_in("centre")


def test_a_card_is_found_by_number_and_by_range(centre: FlaskClient) -> None:
    """Whole numbers are masked; a card inside a range is on the list too."""
    page = centre.get("/console/blacklist/?card=03100020000000000050").get_data(as_text=True)
    assert "第 1–1 条" in page
    assert "03100020000000000050" not in page.split("<tbody>")[1].split("</tbody>")[0]
    assert "0310009*" in centre.get("/console/blacklist/?card=03100091234").get_data(as_text=True)
    assert "没有符合条件" in centre.get("/console/blacklist/?card=03100020000000000041&kind=grey").get_data(as_text=True)


def test_versions_are_files_that_read_back(centre: FlaskClient, office: Office) -> None:
    """What a version changed, and all that it holds; who took it stands in the audit log."""
    answer = centre.get("/console/blacklist/black/2/delta")
    name = answer.headers["Content-Disposition"].split('"')[1].removesuffix(".txt")
    update = read(name, answer.get_data())
    assert (update.version, update.base, len(update.add), len(update.remove)) == (2, 1, 1, 3)
    whole = centre.get("/console/blacklist/black/2/full")
    name = whole.headers["Content-Disposition"].split('"')[1].removesuffix(".txt")
    assert len(read(name, whole.get_data()).add) == 23
    assert office.audit.page(before=None, size=1, scope=None)[0].action == "blacklist.download"
    assert centre.get("/console/blacklist/black/9").status_code == 404
    assert centre.get("/console/blacklist/pink/1").status_code == 404


def test_a_change_takes_two_and_makes_a_version(centre: FlaskClient, signed_in: SignIn, token: Token, store: Store) -> None:
    """Typed line by line; a wrong line comes back by its field."""
    form = {
        "kind": "black",
        "add": "02002900FFFFFFFF.03100020000000000099",
        "reason": "挂失",
        "csrf": token(centre),
        "_form": "card-list",
    }
    wrong = centre.post("/console/changes/card-list", data=form | {"add": "no card", "_back": "/console/changes/card-list"})
    assert wrong.status_code == 422
    assert "no card" in wrong.get_data(as_text=True)
    made = centre.post("/console/changes/card-list", data=form)
    assert made.status_code == 303
    approve(signed_in("chief"), token, made.location)
    assert store.desk.card_list(Kind.BLACK).version == 3
    page = centre.get("/console/blacklist/").get_data(as_text=True)
    assert "black-3" in page


def test_pulls_are_shown(centre: FlaskClient, office: Office) -> None:
    """Node, file and moment."""
    filing.hand_out(
        office.files,
        b"x",
        kind=filing.Kind.CARD_LIST,
        name="black-2-1-20261120120000",
        to="33.node",
        at=NOON,
        number="P1",
        lines=4,
    )
    page = centre.get("/console/blacklist/").get_data(as_text=True)
    assert "black-2-1-20261120120000" in page.split('id="pulls-title"')[1]
    assert "33.node" in page
    assert centre.get("/console/files/P1/download").status_code == 404
