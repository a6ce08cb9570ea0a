"""`cardstack settle party|node|dispute|adjust|increase …` on a ledger."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.errors import CardstackError, Malformed, Refused
from cardstack.settlement.amending import amend
from cardstack.settlement.prefund import Change, Kind
from cardstack.values import Fen
from server.app import create_app
from server.config import Config
from server.identity import Identity
from server.permissions import EVERYWHERE, Grant, Role
from server.serving import in_background
from server.store import open_store
from server.store.adjusting import Two
from server.store.office import Office
from server.store.office.people import Operator
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
    assert isinstance(refused("dispute", "decide", "1", "reject", "--fen", "5", *there), Malformed)
    conceding = ("dispute", "open", "2", "--by", HOSPITAL, "--ground", "other", "--fen", "400", *there)
    settle(*conceding)
    assert json.loads(settle("dispute", "answer", "2", "--concede", "--fen", "150", *TWO, *there))["stage"] == "upheld"
    store = open_store(database)
    assert [one.amount_fen for one in store.transactions(limit=2)] == [150, 300]
    store.close()
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


ASKED = ("adjust", "request", HOSPITAL, FUND, "--fen", "300", "--scheme", "toy", "--reason", "counted twice", "--actor", "lin")


def test_a_correction_is_asked_for_by_one_and_booked_by_another(database: str) -> None:
    """Who asked may not approve, with its code; the other's approval books it, once."""
    there = ("--database", database, "--json")
    asked = json.loads(settle(*ASKED, *there))
    assert asked["state"] == "pending"
    alone = refused("adjust", "approve", asked["request"], "--actor", " lin ", *there)
    assert (alone.code, bool(alone.say("zh"))) == ("CS-4101", True)
    done = json.loads(settle("adjust", "approve", asked["request"], "--actor", "chen", *there))
    assert (done["state"], done["decided_by"]) == ("done", ["chen"])
    booked = json.loads(settle("transaction", done["outcome"], *there))
    assert [one["amount_fen"] for one in booked["postings"]] == [300]
    assert refused("adjust", "approve", asked["request"], "--actor", "wang", *there).code == "CS-4104"
    assert [one["request"] for one in json.loads(settle("adjust", "list", "--state", "done", *there))] == [asked["request"]]
    assert json.loads(settle("audit", "--no-signatures", *there))["findings"] == []


def test_a_correction_that_is_refused_or_cannot_be_booked_books_nothing(database: str) -> None:
    """A refusal says why; one about a party that is not registered fails at booking and says so."""
    there = ("--database", database, "--json")
    entries = json.loads(settle("status", *there))["entries"]
    first = json.loads(settle(*ASKED, *there))["request"]
    assert refused("adjust", "refuse", first, "--actor", "chen", "--reason", " ", *there).code == "CS-4103"
    assert json.loads(settle("adjust", "refuse", first, "--actor", "chen", "--reason", "no", *there))["state"] == "refused"
    unknown = json.loads(settle("adjust", "request", "34.medical-fund", *ASKED[3:], *there))["request"]
    assert refused("adjust", "approve", unknown, "--actor", "chen", *there).code == "CS-9031"
    assert isinstance(refused(*ASKED[:6], "--scheme", "none", "--reason", "x", "--actor", "lin", *there), Malformed)
    assert json.loads(settle("status", *there))["entries"] == entries


def test_a_large_correction_takes_an_approver_too(database: str) -> None:
    """From ten thousand yuan on, the first approval leaves it waiting for another person's."""
    there = ("--database", database, "--json")
    large = [*ASKED[:5], "100000000", *ASKED[6:]]
    number = json.loads(settle(*large, *there))["request"]
    assert json.loads(settle("adjust", "approve", number, "--actor", "chen", *there))["state"] == "pending"
    assert refused("adjust", "approve", number, "--actor", "chen", *there).code == "CS-4105"
    assert json.loads(settle("adjust", "approve", number, "--actor", "zhao", *there))["state"] == "done"


def test_where_operators_are_kept_only_they_correct(database: str) -> None:
    """A name that is no operator is refused, and so is an operator without the permission."""
    there = ("--database", database, "--json")
    store = open_store(database)
    people = Office(store.database.engine).people
    people.save(Operator("lin", "invented", (Grant(Role.CLERK, "33"),)), NOON)
    people.save(Operator("wang", "invented", (Grant(Role.READER, EVERYWHERE),)), NOON)
    store.close()
    number = json.loads(settle(*ASKED, *there))["request"]
    for name in ("nobody", "wang"):
        assert refused("adjust", "approve", number, "--actor", name, *there).code == "CS-4102"


def test_interest_on_late_payment_is_asked_for_as_a_correction(database: str, tmp_path: Path) -> None:
    """Two days of 100 millionths on 10,000 yuan are two yuan; the request says on what it rests."""
    there = ("--database", database, "--json")
    rates = tmp_path / "rates.toml"
    rates.write_text('[[daily_rate]]\nsince = 2026-01-01\nreference = "invented"\nmillionths = 100\n')
    asking = ["adjust", "interest", FUND, HOSPITAL, "--owed-fen", "1000000", "--due", "2026-11-20", "--paid", "2026-11-22"]
    rest = ["--rates", str(rates), "--scheme", "toy", "--actor", "lin", *there]
    asked = json.loads(settle(*asking, *rest))
    assert (asked["amount_fen"], asked["kind"], asked["rule"]) == (200, "interest", "late-interest")
    assert json.loads(settle("adjust", "approve", asked["request"], "--actor", "chen", *there))["state"] == "done"
    assert isinstance(refused(*asking[:-1], "yesterday", *rest), Malformed)
    rates.write_bytes(b"\xff")
    assert isinstance(refused(*asking, *rest), Malformed)


def test_a_prepayment_is_increased_in_an_emergency(database: str) -> None:
    """Asked for at red usage, noticed, paid by two people; a refused one says why."""
    there = ("--database", database, "--json")
    asking = ("increase", "ask", "toy-2026-11-22", FUND, HOSPITAL, "--fen", "500", "--reason", "invented", *there)
    assert refused(*asking).code == "CS-3048"
    store = open_store(database)
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(1300), Kind.ALLOTTED, "invented"), Two("lin", "chen"), now=NOON)
    store.close()
    assert json.loads(settle(*asking))["stage"] == "asked"
    assert json.loads(settle("increase", "refuse", "1", "--reason", "invented", *there))["stage"] == "refused"
    settle(*asking)
    settle("increase", "notice", "2", *there)
    assert refused("increase", "pay", "2", "--actor", "lin", "--checker", "lin", *there).code == "CS-3040"
    assert json.loads(settle("increase", "pay", "2", *TWO, *there))["stage"] == "paid"
    told = json.loads(settle("prefunds", "toy-2026-11-22", *there))[0]
    assert (told["held_fen"], told["red_day"]) == (1800, "2026-11-23")
    assert "2026-11-23" in settle("prefunds", "toy-2026-11-22", "--database", database)
    assert [one["increase"] for one in json.loads(settle("increase", "list", "--stage", "refused", *there))] == [1]
    assert isinstance(refused("increase", "list", "--stage", "x", *there), Malformed)
    assert settle("increase", "list", "--database", database).strip()


@pytest.mark.usefixtures("spoken")
def test_people_get_tables_of_who_and_what_in_their_language(database: str) -> None:
    """Every listing prints for people too, and every noun explains itself."""
    settle("dispute", "open", "1", "--by", FUND, "--ground", "amount", "--fen", "300", "--database", database)
    settle(*ASKED, "--database", database)
    for noun in ("party", "node", "dispute", "adjust", "increase"):
        assert settle(noun, "list", "--database", database).strip()
        assert settle(noun, "--help").strip()


def test_a_change_is_asked_for_and_decided_on_the_command_line(database: str, spoken: str) -> None:
    """The kinds say what they ask for; a change waits for another person, or is approved at once where one is named."""
    there = ("--database", database, "--json")
    listed = {one["kind"]: one for one in json.loads(settle("change", "kinds", "--json"))}
    assert [one["name"] for one in listed["party-account"]["fields"]] == ["party", "account"]
    assert "prefund" in settle("change", "kinds")
    told = (f"debtor={FUND}", f"creditor={HOSPITAL}", "amount_fen=900", "why=top-up")
    asking = ("change", "ask", "prefund", *told, "--reason", "invented", "--actor", "lin")
    made = json.loads(settle(*asking, *there))
    assert (made["state"], made["what"], made["amount_fen"]) == ("pending", "prefund", 900)
    assert refused("change", "approve", made["request"], "--actor", "lin", *there).code == "CS-4101"
    assert refused(*asking, "--checker", "lin", *there).code == "CS-3040"
    assert json.loads(settle("change", "approve", made["request"], "--actor", "chen", *there))["state"] == "done"
    assert json.loads(settle(*asking, "--checker", "chen", *there))["decided_by"] == ["chen"]
    taken = json.loads(settle(*asking, *there))["request"]
    assert json.loads(settle("change", "withdraw", taken, "--actor", "lin", *there))["state"] == "withdrawn"
    other = json.loads(settle(*asking, *there))["request"]
    refusing = ("change", "refuse", other, "--actor", "chen", "--reason", "no", *there)
    assert json.loads(settle(*refusing))["state"] == "refused"
    assert len(json.loads(settle("change", "list", "--state", "done", *there))) == 2
    assert taken in settle("change", "list", "--database", database)
    assert "900" in settle("change", "show", other, "--database", database)
    assert refused("change", "show", "none", *there).code == "CS-4104"
    assert isinstance(refused("change", "ask", "prefund", "debtor", "--reason", "x", "--actor", "lin", *there), Malformed)


def test_what_cannot_be_carried_out_is_said_in_both_languages(database: str) -> None:
    """Returning more than is held fails when it is approved; the request keeps the code and both languages."""
    there = ("--database", database, "--json")
    told = (f"debtor={FUND}", f"creditor={HOSPITAL}", "amount_fen=-1", "why=returned", "--reason", "x", "--actor", "lin")
    number = json.loads(settle("change", "ask", "prefund", *told, *there))["request"]
    error = refused("change", "approve", number, "--actor", "chen", *there)
    assert (error.code, error.facts["because"]) == ("CS-9031", "CS-1001")
    assert error.told.en.startswith("CS-1001 The request is not possible")
    assert error.told.zh.startswith("CS-1001 当前状态下不允许该操作")
    failure = json.loads(settle("change", "show", number, *there))["failure"]
    assert (failure["code"], failure["zh"][:7], failure["en"][:7]) == ("CS-1001", "CS-1001", "CS-1001")


def test_where_there_are_operators_everyone_acts_as_one(database: str) -> None:
    """Disputes, windows and payments too: by an operator, with that one's permissions, and agreed by two."""
    there = ("--database", database, "--json")
    store = open_store(database)
    people = Office(store.database.engine).people
    for name, role, where in (("lin", Role.CLERK, EVERYWHERE), ("sun", Role.CLERK, "31"), ("chen", Role.CHECKER, EVERYWHERE)):
        people.save(Operator(name, name, (Grant(role, where),)), NOON)
    store.close()
    opening = ("dispute", "open", "1", "--by", FUND, "--ground", "amount", "--fen", "300", *there)
    assert refused(*opening).code == refused(*opening, "--actor", "chen").code == "CS-4102"
    assert json.loads(settle(*opening, "--actor", "sun"))["dispute"] == 1
    assert refused("dispute", "answer", "1", "--actor", "sun", *there).code == "CS-4102"
    assert json.loads(settle("dispute", "answer", "1", "--actor", "lin", *there))["stage"] == "answered"
    assert json.loads(settle("dispute", "decide", "1", "escalate", "--actor", "sun", *there))["stage"] == "in-arbitration"
    waiting = json.loads(settle("dispute", "decide", "1", "uphold", "--actor", "lin", *there))
    assert (waiting["what"], waiting["state"]) == ("dispute", "pending")
    settle("change", "approve", waiting["request"], "--actor", "chen", *there)
    assert json.loads(settle("dispute", "list", *there))[0]["stage"] == "upheld"
    window = "toy-2026-11-22"
    assert refused("close-window", window, *there).code == "CS-4102"
    for step in ("cut-off", "reconcile"):
        settle("move", window, step, "--actor", "lin", *there)
    assert refused("move", window, "agree", "--actor", "lin", *there).code == "CS-9032"
    settle("change", "ask", "agree", f"window={window}", "--actor", "lin", "--checker", "chen", "--reason", "x", *there)
    assert json.loads(settle("release", window, "--actor", "lin", *there))["state"] == "pending"
    assert len(json.loads(settle("release", window, "--actor", "lin", "--checker", "chen", *there))) == 2


def test_a_figure_is_drafted_tried_and_asked_for(database: str, tmp_path: Path, spoken: str) -> None:
    """The row in force is printed to begin from; what would change is said; with two people named it still wants a third."""
    there = ("--database", database)
    told = settle("figures", "draft", "transit/fees", "fee", "33 02", *there)
    drafted = json.loads(settle("figures", "draft", "transit/fees", "fee", "33 02", *there, "--json"))
    assert (drafted["toml"], drafted["row"]["since"], drafted["row"]["rate_ppm"]) == (told, "2025-01-01", 4000)
    row = tmp_path / "fee.toml"
    row.write_text(told.replace("2025-01-01", "2999-01-01").replace("4000", "3500"), "utf-8")
    wanted = ("transit/fees", "fee", str(row))
    tried = json.loads(settle("figures", "what-if", *wanted, *there, "--json"))
    assert {"path": "rate_ppm", "before": 4000, "after": 3500} in tried["differences"]
    assert "3500" in settle("figures", "what-if", *wanted, *there)
    asking = ("figures", "ask", *wanted, "--actor", "lin", "--checker", "chen", "--reason", "invented", *there, "--json")
    number = json.loads(settle(*asking))["request"]
    assert json.loads(settle("change", "approve", number, "--actor", "zhao", *there, "--json"))["state"] == "done"
    listed = json.loads(settle("figures", "list", "--name", "transit/fees", *there, "--json"))
    assert [one["rate_ppm"] for one in listed if one["added"]] == [3500]
    assert "transit/fees" in settle("figures", "list", "--day", "2026-11-22", *there)
    amend(())
    for wrong in (("draft", "transit/fees", "fee", "nowhere"), ("list", "--day", "x")):
        assert isinstance(refused("figures", *wrong, *there), Malformed)
    row.write_bytes(b"\xff")
    assert isinstance(refused("figures", "what-if", *wanted, *there), Malformed)


def test_card_lists_are_published_shown_and_pulled(database: str, tmp_path: Path, spoken: str) -> None:
    """From files, by two people; an operator's folder follows the service, verified by its trust."""
    there = ("--database", database)
    card = "02002900FFFFFFFF.0310" + "0" * 15
    (tmp_path / "add.txt").write_text(f"{card}1\n{card}2\n")
    publishing = ("lists", "publish", "black", "--actor", "lin", "--checker", "chen", "--reason", "invented", *there, "--json")
    assert json.loads(settle(*publishing, "--add", str(tmp_path / "add.txt")))["outcome"] == "black 1"
    assert [(one["version"], one["cards"]) for one in json.loads(settle("lists", "show", *there, "--json"))] == [(1, 2)]
    assert "black" in settle("lists", "show", *there)
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    assert isinstance(refused(*publishing, "--add", str(tmp_path / "bad.txt")), Malformed)
    store = open_store(database)
    trust, signer, leaf = node_trust("hub")
    anchors = tmp_path / "trust" / "anchors"
    anchors.mkdir(parents=True)
    (anchors / "root.cer").write_bytes(trust.anchors[0].certificate.raw)
    (tmp_path / "trust" / "crls").mkdir()
    identity = Identity(signer, (leaf,))
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON, identity=identity, with_console=False)
    pulling = ("lists", "pull", "black", "--folder", str(tmp_path / "lists"), "--trust", str(tmp_path / "trust"))
    with in_background(app) as url:
        error = refused(*pulling, "--url", url)
    assert error.code.startswith("CS-2")
    assert not (tmp_path / "lists").exists()
    app.extensions["cardstack"].intake.close()
    store.close()


def test_windows_are_cut_off_by_the_clock(database: str, monkeypatch: pytest.MonkeyPatch, spoken: str) -> None:
    """The verb to be run by the clock says which windows it cut off."""
    monkeypatch.setattr("cardstack.cli.settle_desk.now", lambda: NOON + timedelta(days=2))
    assert json.loads(settle("cut-off", "--database", database, "--json")) == {"windows": ["toy-2026-11-22"]}
    assert "-" in settle("cut-off", "--database", database)
    ordering = ("order", "toy-2026-11-22", "--out", "x.xml", "--due", "tomorrow", "--database", database)
    assert isinstance(refused(*ordering), Malformed)
