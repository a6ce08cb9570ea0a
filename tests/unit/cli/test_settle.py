"""`cardstack settle …` on a ledger."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.errors import Malformed, Refused
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, bill, enrol, message_id, submission

DAY = "toy-2026-11-22"


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    store = enrol(open_store(url, SCHEMES))
    store.submit([submission(bill(1, 1000))], NOON)
    store.close()
    return url


def settle(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_a_window_is_settled_from_the_command_line(database: str) -> None:
    """Close, reconcile, agree, look at the nets, make the payments; as data."""
    there = ("--database", database, "--json")
    assert json.loads(settle("status", *there))["entries"] == 1
    assert json.loads(settle("close-window", DAY, *there)) == {"window": DAY, "stage": "closed"}
    settle("move", DAY, "reconcile", *there)
    assert json.loads(settle("move", DAY, "agree", *there))["stage"] == "pending"
    assert {one["party"]: one["net_fen"] for one in json.loads(settle("nets", DAY, *there))} == {
        "31.medical-fund": -800,
        "33.hospital-fund": 800,
    }
    assert [one["amount_fen"] for one in json.loads(settle("instruct", DAY, *there))] == [800, 800]
    assert json.loads(settle("windows", *there))[0]["stage"] == "pending"
    assert json.loads(settle("audit", "--no-signatures", *there))["findings"] == []
    assert json.loads(settle("transaction", message_id(1), *there))["postings"][0]["amount_fen"] == 800


@pytest.mark.parametrize(
    "verb", [["status"], ["windows"], ["nets", DAY], ["audit", "--no-signatures"], ["transaction", message_id(1)]]
)
def test_people_get_tables(database: str, verb: list[str]) -> None:
    """Every verb prints for people too."""
    assert settle(*verb, "--database", database).strip()


@pytest.mark.parametrize("verb", [["status"], ["audit", "--no-signatures"], ["transaction", message_id(1)], ["lapse"]])
def test_people_read_what_each_value_is_in_their_language(
    database: str, verb: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs ask by name; the labels that people read are words of their own."""
    monkeypatch.setenv("CARDSTACK_LANG", "zh")
    labels = [line.partition("：")[0] for line in settle(*verb, "--database", database).splitlines() if "：" in line]
    assert len(labels) >= 3
    assert not [one for one in labels if re.search("[a-z_]", one)]


def test_a_months_deadlines_are_told(database: str) -> None:
    """On working days, with what each rests on; a month that is none is named."""
    there = ("--database", database, "--json")
    told = json.loads(settle("deadlines", "2026-09", *there))
    assert [(one["name"], one["day"]) for one in told][:3] == [
        ("declare", "2026-10-20"),
        ("table", "2026-10-21"),
        ("feedback", "2026-10-26"),
    ]
    with pytest.raises(Malformed, match="YYYY-MM"):
        settle("deadlines", "September", *there)


def test_a_refused_line_is_looked_up(database: str) -> None:
    """By its message id or the newest; as data and as a table."""
    store = open_store(database, SCHEMES)
    store.submit([submission(bill(2, 13))], NOON)
    store.close()
    (one,) = json.loads(settle("refused", message_id(2), "--database", database, "--json"))
    assert (one["outcome"], one["reason"], one["line"]) == ("refused", "unlucky", 0)
    assert message_id(2) in settle("refused", "--database", database)
    assert json.loads(settle("refused", message_id(1), "--database", database, "--json")) == []


def test_what_is_not_possible_says_so(database: str) -> None:
    """An unknown window, event or message is refused."""
    for verb in (["nets", "toy-2026-01-01"], ["move", DAY, "explode"], ["transaction", message_id(9)], ["move", DAY, "settle"]):
        with pytest.raises(Refused):
            settle(*verb, "--database", database)


def test_a_window_is_paid_from_the_command_line(database: str, tmp_path: Path) -> None:
    """Two people release, the order is written in three forms, the bank's file settles the window."""
    from cardstack.settlement.banking.statements import BankLine, Side, results
    from cardstack.values import Fen

    there = ("--database", database)
    settle("close-window", DAY, *there)
    for event in ("reconcile", "agree"):
        settle("move", DAY, event, *there)
    settle("instruct", DAY, *there)
    with pytest.raises(Refused) as unreleased:
        settle("order", DAY, "--out", str(tmp_path / "early"), *there)
    assert unreleased.value.code == "CS-3022"
    with pytest.raises(Refused):
        settle("release", DAY, "--actor", "lin", "--checker", "lin", *there)
    assert len(json.loads(settle("release", DAY, "--actor", "lin", "--checker", "chen", "--json", *there))) == 2
    for form in ("pain.001", "pacs.009", "csv"):
        settle("order", DAY, "--form", form, "--out", str(tmp_path / form), "--due", "2026-11-23", *there)
        assert (tmp_path / form).stat().st_size > 100
    told = json.loads(settle("order", DAY, "--out", str(tmp_path / "again"), "--due", "2026-11-23", "--json", *there))
    assert told == {
        "file": str(tmp_path / "again"),
        "form": "pain.001",
        "release": 1,
        "due": "2026-11-23",
        "payments": 2,
        "amount_fen": 1600,
    }
    with pytest.raises(Refused) as sunday:
        settle("order", DAY, "--out", str(tmp_path / "sunday"), "--due", "2026-11-22", *there)
    assert sunday.value.code == "CS-3067"
    accounts = ("account of 31.medical-fund", "00.settlement-account")
    part = BankLine(accounts[0], f"{DAY}.001", "b0", Fen(300), Side.DEBIT, NOON.date())
    (tmp_path / "part.csv").write_bytes(results([part]))
    settle("bank", str(tmp_path / "part.csv"), "--json", *there)
    with pytest.raises(Refused) as beyond:
        settle("rest", f"{DAY}.001", "--amount", "501", "--actor", "lin", "--checker", "chen", *there)
    assert beyond.value.code == "CS-3070"
    rest = json.loads(settle("rest", f"{DAY}.001", "--actor", "lin", "--checker", "chen", "--json", *there))
    assert rest == {"id": f"{DAY}.001-2", "first": f"{DAY}.001", "amount_fen": 500}
    settle("order", DAY, "--form", "csv", "--out", str(tmp_path / "rest.csv"), "--due", "2026-11-23", *there)
    assert (tmp_path / "rest.csv").read_text("gb18030").count(rest["id"]) == 1
    paid = [
        BankLine(accounts[0], rest["id"], "b1", Fen(500), Side.DEBIT, NOON.date()),
        BankLine(accounts[1], f"{DAY}.002", "b2", Fen(800), Side.DEBIT, NOON.date()),
    ]
    (tmp_path / "bank.csv").write_bytes(results(paid))
    assert json.loads(settle("bank", str(tmp_path / "bank.csv"), "--json", *there)) == {"lines": 2, "mismatches": []}
    assert json.loads(settle("windows", "--json", *there))[0]["stage"] == "settled"
    assert json.loads(settle("prefunds", DAY, "--json", *there)) == []
    assert json.loads(settle("lapse", "--json", *there)) == {"entries": 0, "disputes": 0, "requests": 0}


def test_a_ledger_in_use_is_copied(database: str, tmp_path: Path) -> None:
    """The copy is a ledger like any other; a second copy needs a name of its own."""
    copy, there = tmp_path / "copy.db", ("--database", database, "--json")
    assert json.loads(settle("backup", str(copy), *there)) == {"file": str(copy), "bytes": copy.stat().st_size}
    assert json.loads(settle("audit", "--no-signatures", "--database", f"sqlite:///{copy}", "--json"))["entries"] == 1
    with pytest.raises(Refused) as caught:
        settle("backup", str(copy), *there)
    assert caught.value.code == "CS-4093"
