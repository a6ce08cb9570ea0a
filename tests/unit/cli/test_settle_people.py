"""`cardstack settle party|node|dispute …` on a ledger."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.errors import CardstackError, Malformed, Refused
from server.store import open_store
from tests.ledgers import FUND, HOSPITAL, NOON, SCHEMES, bill, enrol, node_trust, submission

TWO = ("--actor", "lin", "--checker", "chen")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("server.store.SCHEMES", SCHEMES)
    url = f"sqlite:///{tmp_path}/ledger.db"
    store = enrol(open_store(url))
    store.submit([submission(bill(1, 1000), bill(2, 500))], NOON)
    store.close()
    return url


@pytest.fixture(params=["zh", "en"])
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CARDSTACK_LANG", request.param)
    return str(request.param)


def settle(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> CardstackError:
    with pytest.raises(CardstackError) as caught:
        settle(*arguments)
    return caught.value


def test_parties_are_registered_and_listed(database: str) -> None:
    """A new party appears with its limit; one that is there is not silently given another account."""
    there = ("--database", database, "--json")
    add = ("party", "add", "34.medical-fund", "--zh", "安徽医保基金", "--account", "invented 1", "--limit-fen", "500", *there)
    assert json.loads(settle(*add))["limit_fen"] == 500
    listed = {one["name"]: one for one in json.loads(settle("party", "list", *there))}
    assert listed["34.medical-fund"]["title"] == {"en": "安徽医保基金", "zh": "安徽医保基金"}
    assert len(listed) == 4
    assert refused(*add).code == "CS-9030"
    assert isinstance(refused("party", "add", "nowhere", "--zh", "无", "--account", "x", *there), Malformed)


def test_a_node_is_known_by_its_certificate(database: str, tmp_path: Path) -> None:
    """The subject comes from the certificate's file; a second node of the same name or subject is refused."""
    there = ("--database", database, "--json")
    _, _, leaf = node_trust("bus operator")
    (tmp_path / "bus.cer").write_bytes(leaf)
    rest = (str(tmp_path / "bus.cer"), "--role", "operator", "--zh", "公交", "--en", "bus", *there)
    made = json.loads(settle("node", "add", "33.transit-operator.bus", *rest))
    assert (made["subject"], made["active"], made["relays"]) == ("CN=bus operator", True, False)
    assert [one["name"] for one in json.loads(settle("node", "list", *there))] == ["33.hospital.h33010600001", made["name"]]
    assert refused("node", "add", "33.transit-operator.bus", *rest).code == "CS-9030"
    assert refused("node", "add", "33.transit-operator.other", *rest).code == "CS-9030"
    (tmp_path / "bus.cer").write_bytes(b"no certificate")
    assert isinstance(refused("node", "add", "33.transit-operator.third", *rest), Malformed)


def test_a_dispute_goes_from_opening_to_a_posting_that_puts_it_right(database: str, tmp_path: Path) -> None:
    """Opened with evidence, answered, escalated, upheld: not by one person alone."""
    there = ("--database", database, "--json")
    (tmp_path / "letter.txt").write_text("invented")
    opening = ("dispute", "open", "1", "--by", FUND, "--ground", "amount", "--fen", "300")
    opened = json.loads(settle(*opening, "--said", "counted twice", "--evidence", str(tmp_path / "letter.txt"), *there))
    assert (opened["dispute"], opened["stage"]) == (1, "opened")
    assert isinstance(refused(*opening, *there), Refused)
    assert json.loads(settle("dispute", "answer", "1", "--actor", "wang", *there))["stage"] == "answered"
    settle("dispute", "decide", "1", "escalate", *there)
    assert refused("dispute", "decide", "1", "uphold", "--actor", "lin", "--checker", "lin", *there).code == "CS-3040"
    assert json.loads(settle("dispute", "decide", "1", "uphold", *TWO, *there))["stage"] == "upheld"
    assert [one["dispute"] for one in json.loads(settle("dispute", "list", "--stage", "upheld", *there))] == [1]
    assert json.loads(settle("dispute", "list", "--stage", "opened", *there)) == []
    conceding = ("dispute", "open", "2", "--by", HOSPITAL, "--ground", "other", "--fen", "400", *there)
    settle(*conceding)
    assert json.loads(settle("dispute", "answer", "2", "--concede", *TWO, *there))["stage"] == "upheld"
    assert json.loads(settle("audit", "--no-signatures", *there))["findings"] == []


def test_what_a_dispute_cannot_be_is_said_with_its_code(database: str) -> None:
    """No side of the posting, no such posting or dispute, no such ground, step or stage."""
    there = ("--database", database)
    opening = ("--ground", "amount", "--fen", "1", *there)
    assert refused("dispute", "open", "1", "--by", "33.transit-operator", *opening).code == "CS-3045"
    assert refused("dispute", "open", "99", "--by", FUND, *opening).code == "CS-3046"
    assert refused("dispute", "answer", "7", *there).code == "CS-3046"
    for wrong in (("decide", "1", "answer"), ("decide", "1", "explode"), ("list", "--stage", "x")):
        assert isinstance(refused("dispute", *wrong, *there), Malformed)


@pytest.mark.usefixtures("spoken")
def test_people_get_tables_of_who_and_what_in_their_language(database: str) -> None:
    """Every listing prints for people too, and every noun explains itself."""
    settle("dispute", "open", "1", "--by", FUND, "--ground", "amount", "--fen", "300", "--database", database)
    for noun in ("party", "node", "dispute"):
        assert settle(noun, "list", "--database", database).strip()
        assert settle(noun, "--help").strip()
