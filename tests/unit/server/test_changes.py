"""Changes of prepayments, limits, accounts and nodes: drawn from a form, asked for by one, decided by others."""

from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from cardstack.crypto.armour import pem
from cardstack.errors import CardstackError, Malformed, Refused
from cardstack.settlement.instruction import Payment
from cardstack.settlement.prefund import IncreaseStep, Level
from cardstack.settlement.window import Event
from cardstack.text import Text
from cardstack.values import Fen
from server import approvals, commands
from server.approvals import Decision, Request, State
from server.forms import Shape
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.store.adjusting import Two
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NODE, NOON, bill, node_trust, submission
from tests.unit.server.desks import line

DAY = "toy-2026-11-22"
PEOPLE = {
    name: Operator(name, name, (Grant(role, EVERYWHERE),))
    for name, role in (("lin", Role.CLERK), ("chen", Role.CHECKER), ("zhao", Role.APPROVER))
}
PAIR = {"debtor": str(FUND), "creditor": str(HOSPITAL)}


@pytest.fixture
def means(store: Store) -> Means:
    office = Office(store.database.engine)
    for one in PEOPLE.values():
        office.people.save(one, NOON)
    return Means(office, store, NOON)


def ask(means: Means, kind: str, number: str = "R1", /, **told: Any) -> Request:
    drawn = commands.draft(kind, told, means)
    return commands.enter(drawn, by=PEOPLE["lin"], reason="invented", number=number, means=means)


def decide(means: Means, number: str, who: str) -> Request:
    return commands.settle(number, Decision(who, True, "", NOON), by=PEOPLE[who], means=means)


def refused(means: Means, kind: str, told: Mapping[str, Any]) -> CardstackError:
    with pytest.raises(CardstackError) as caught:
        commands.draft(kind, told, means)
    return caught.value


def test_a_prepayment_is_topped_up_and_returned(store: Store, means: Means) -> None:
    """Each change is decided by another than its maker, kept with both names, and stands in the audit log."""
    asked = ask(means, "prefund", **PAIR, amount_fen="1000", why="top-up", reference="invented 1")
    with pytest.raises(CardstackError) as own:
        decide(means, asked.id, "lin")
    assert own.value.code == "CS-4101"
    assert store.desk.prefunds(DAY) == []
    assert decide(means, asked.id, "chen").state is State.DONE
    ask(means, "prefund", "R2", **PAIR, amount_fen=-400, why="returned")
    decide(means, "R2", "chen")
    assert [one.held_fen for one in store.desk.prefunds(DAY)] == [600]
    with store.view() as view:
        assert view.all("SELECT maker, checker FROM prefund ORDER BY seq") == [("lin", "chen"), ("lin", "chen")]
    told = [one.action for one in means.office.audit.page(before=None, size=9, scope=None)]
    assert sorted(told) == ["change.ask", "change.ask", "change.decide", "change.decide"]


def test_a_failure_is_told_in_both_languages(means: Means) -> None:
    """What was approved and could not be done keeps its code and both languages, not the words of one."""
    ask(means, "prefund", **PAIR, amount_fen=-1, why="returned")
    failed = decide(means, "R1", "chen")
    kept = means.office.requests.get("R1")
    assert kept is not None
    for one in (failed, kept):
        assert (one.state, one.failure) == (State.FAILED, "CS-1001")
        assert one.told.en.startswith("CS-1001 The request")
        assert one.told.zh.startswith("CS-1001 当前状态")


@pytest.mark.parametrize(
    ("kind", "told", "field"),
    [
        ("prefund", {**PAIR, "amount_fen": "0", "why": "top-up"}, "amount_fen"),
        ("prefund", {**PAIR, "amount_fen": "-5", "why": "top-up"}, "amount_fen"),
        ("prefund", {**PAIR, "amount_fen": "1e3", "why": "top-up"}, "amount_fen"),
        ("prefund", {**PAIR, "amount_fen": 2.5, "why": "top-up"}, "amount_fen"),
        ("prefund", {**PAIR, "amount_fen": "5", "why": "emergency"}, "why"),
        ("prefund", {"debtor": FUND, "creditor": FUND, "amount_fen": "5", "why": "top-up"}, "creditor"),
        ("prefund", {**PAIR, "why": "top-up"}, "amount_fen"),
        ("prefund-thresholds", {**PAIR, "yellow_percent": "90", "red_percent": "80"}, "red_percent"),
        ("prefund-thresholds", {**PAIR, "yellow_percent": "0", "red_percent": "80"}, "yellow_percent"),
        ("limit", {"party": FUND, "limit_fen": "5", "extra": "x"}, "extra"),
        ("limit", {"party": "nowhere", "limit_fen": "5"}, "party"),
        ("party-account", {"party": FUND, "account": "x" * 501}, "account"),
        ("node", {"node": NODE.name, "act": "explode"}, "act"),
        ("correction", {**PAIR, "amount_fen": "5", "scheme": "none"}, "scheme"),
    ],
)
def test_a_wrong_field_is_named(means: Means, kind: str, told: Mapping[str, Any], field: str) -> None:
    """Before anything is entered, and never with what was typed."""
    error = refused(means, kind, told)
    assert isinstance(error, Malformed)
    assert error.facts["field"] == field


def test_what_is_not_there_is_refused(means: Means) -> None:
    """An unknown party, node, window, transaction, dispute or increase; a kind that has no form."""
    cases: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "CS-3042": [("limit", {"party": "34.medical-fund"}), ("node", {"node": "34.node", "act": "resume"})],
        "CS-3021": [("agree", {"window": "toy-2020-01-01"})],
        "CS-3046": [("reversal", {"message": "none"}), ("dispute", {"dispute": 7, "step": "uphold"})],
        "CS-3049": [("increase-pay", {"increase": 7})],
        "CS-3043": [("node", {"node": NODE.name, "act": "resume"})],
        "CS-4107": [("operator", {})],
        "CS-1001": [("release", {"window": DAY}), ("nonsense", {})],
    }
    for code, some in cases.items():
        for kind, told in some:
            assert refused(means, kind, told).code == code, kind


def test_the_day_of_the_red_warning_is_told_ahead(store: Store, means: Means) -> None:
    """By what each day used, set off both ways and against the pair's own threshold; None where nothing is used."""
    for number, pair in (("R1", PAIR), ("R2", {"debtor": HOSPITAL, "creditor": FUND})):
        ask(means, "prefund", number, **pair, amount_fen=1000, why="allotted")
        decide(means, number, "chen")
    pairs = (FUND, HOSPITAL), (HOSPITAL, FUND)
    assert store.desk.red_days(DAY) == dict.fromkeys(pairs)
    store.submit([submission(bill(1, 375))], NOON)  # the toy scheme's fund bears 300
    assert store.desk.red_days(DAY) == {pairs[0]: date(2026, 11, 24), pairs[1]: None}
    ask(means, "prefund-thresholds", "R3", **PAIR, yellow_percent=40, red_percent=50)
    decide(means, "R3", "chen")
    assert store.desk.red_days(DAY)[pairs[0]] == date(2026, 11, 23)


def test_thresholds_are_each_pairs_own(store: Store, means: Means) -> None:
    """A prepayment that warns earlier than usual; the earlier thresholds stay on record, whoever checks himself is refused."""
    ask(means, "prefund", **PAIR, amount_fen=1000, why="allotted")
    decide(means, "R1", "chen")
    store.submit([submission(bill(1, 700))], NOON)
    assert [one.level for one in store.desk.prefunds(DAY)] == [Level.NORMAL]
    asked = ask(means, "prefund-thresholds", "R2", **PAIR, yellow_percent=40, red_percent=50)
    assert (asked.payload["yellow_percent_before"], asked.payload["red_percent_before"]) == (70, 90)
    decide(means, "R2", "chen")
    assert [one.level for one in store.desk.prefunds(DAY)] == [Level.RED]
    assert store.desk.ask_increase(DAY, FUND, HOSPITAL, Fen(500), actor="lin", reason="x", now=NOON).amount_fen == 500
    columns = "seq, debtor, creditor, yellow_percent, red_percent, maker, checker, at"
    for statement in (
        f"INSERT INTO prefund_threshold ({columns}) VALUES (9, '{FUND}', '{HOSPITAL}', 70, 90, 'lin', 'lin', 0)",
        "UPDATE prefund_threshold SET red_percent = 99",
    ):
        with pytest.raises(DatabaseError), store.database.writing() as connection:
            connection.exec_driver_sql(statement)


def test_a_bank_account_takes_three_people(store: Store, means: Means) -> None:
    """A checker is not enough; and it is refused where the account has changed since it was asked for."""
    ask(means, "party-account", "R1", party=str(FUND), account="invented 2")
    ask(means, "party-account", "R2", party=str(FUND), account="invented 3")
    assert decide(means, "R1", "chen").state is State.PENDING
    accounts = {one.name: one.account for one in store.parties()}
    assert accounts[FUND] == f"account of {FUND}"
    assert decide(means, "R1", "zhao").state is State.DONE
    assert {one.name: one.account for one in store.parties()} == {**accounts, FUND: "invented 2"}
    decide(means, "R2", "chen")
    assert decide(means, "R2", "zhao").failure == "CS-3043"


def test_a_limit_is_set_and_lifted(store: Store, means: Means) -> None:
    """With what stood before in the request; a second request about the old limit fails."""
    ask(means, "limit", "R1", party=str(FUND), limit_fen="500")
    stale = ask(means, "limit", "R2", party=str(FUND), limit_fen="900")
    decide(means, "R1", "chen")
    assert decide(means, stale.id, "chen").failure == "CS-3043"
    lifted = ask(means, "limit", "R3", party=str(FUND), limit_fen="")
    assert (lifted.payload["limit_fen"], lifted.payload["limit_fen_before"], lifted.amount_fen) == (None, 500, 500)
    decide(means, "R3", "chen")
    assert {one.name: one.limit_fen for one in store.parties()}[FUND] is None


def test_a_suspended_node_signs_nothing_until_it_is_resumed(store: Store, means: Means) -> None:
    """It is not found by its certificate any more; the events tell who did it."""
    ask(means, "node", "R1", node=str(NODE.name), act="suspend")
    decide(means, "R1", "chen")
    assert store.node_of("CN=hospital") is None
    ask(means, "node", "R2", node=str(NODE.name), act="resume")
    decide(means, "R2", "chen")
    assert store.node_of("CN=hospital") is not None
    told = [(one.kind, one.data) for one in store.events() if one.kind.startswith("node-")]
    who = {"maker": "lin", "checker": "chen"}
    assert told == [("node-suspended", who), ("node-resumed", who)]


def node_form(certificate: bytes, **other: str) -> dict[str, str]:
    """The form of a node of Anhui, with a certificate."""
    text = pem("CERTIFICATE", certificate).decode()
    told = {"node": "34.operator.bus", "title_zh": "合肥公交（虚构）", "role": "operator", "relays": "no", "certificate": text}
    return told | other


def test_a_node_is_registered_by_three(store: Store, means: Means) -> None:
    """Its certificate's subject is what counts and what the deciders see; it signs once checker and approver agreed."""
    _, _, leaf = node_trust("bus of Hefei")
    asked = ask(means, "node-new", "R1", **node_form(leaf, institutions=" T34 T34 P3401"))
    ask(means, "node-new", "R2", **node_form(leaf, node="34.operator.other"))
    shown = ("34", "CN=bus of Hefei", "CN=test authority", sha256(leaf).hexdigest(), "T34 P3401")
    told = asked.payload
    assert (asked.province, told["subject"], told["issuer"], told["fingerprint"], told["institutions"]) == shown
    assert "certificate" not in told
    with pytest.raises(Refused):
        decide(means, "R1", "lin")
    assert decide(means, "R1", "chen").state is State.PENDING
    assert store.node_of("CN=bus of Hefei") is None
    assert decide(means, "R1", "zhao").state is State.DONE
    made = next(one for one in store.nodes() if one.name == "34.operator.bus")
    assert made == store.node_of("CN=bus of Hefei")
    assert (made.role, made.title.en, made.relays, made.institutions, made.since) == (
        "operator", "合肥公交（虚构）", False, ("T34", "P3401"), NOON,
    )  # fmt: skip
    decide(means, "R2", "chen")
    assert decide(means, "R2", "zhao").failure == "CS-3024"
    event = next(one for one in store.events() if one.kind == "node-registered")
    assert (event.subject, event.data["maker"], event.data["checker"]) == ("34.operator.bus", "lin", "chen+zhao")
    assert not store.audit(signatures=False).findings


def test_a_node_that_cannot_be_is_refused_before_it_is_asked_for(means: Means) -> None:
    """A name or subject that is taken, what is no name, no certificate or no institution: each by its field."""
    _, _, leaf = node_trust("bus of Hefei")
    _, _, known = node_trust("hospital")
    cases = {
        ("CS-3071", "node"): node_form(leaf, node=str(NODE.name)),
        ("CS-3024", "certificate"): node_form(known),
        ("CS-1000", "node"): node_form(leaf, node="Bus"),
        ("CS-4106", "certificate"): node_form(leaf) | {"certificate": "no certificate"},
        ("CS-4106", "role"): node_form(leaf, role="bank"),
        ("CS-1000", "institutions"): node_form(leaf, institutions="t34"),
    }
    for (code, field), told in cases.items():
        error = refused(means, "node-new", told)
        assert (error.code, error.facts["field"]) == (code, field)


def test_a_participant_is_registered_by_three(store: Store, means: Means) -> None:
    """With its account and limit, which nobody sets alone; a name that is taken is refused, and at the decision again."""
    told = {
        "party": "34.city-finance",
        "title_zh": "合肥市财政（虚构）",
        "title_en": "Hefei (invented)",
        "account": "invented 34",
    }
    for number in ("R1", "R2"):
        assert ask(means, "party-new", number, **told, limit_fen="500").amount_fen == 500
        assert decide(means, number, "chen").state is State.PENDING
    assert decide(means, "R1", "zhao").state is State.DONE
    made = next(one for one in store.parties() if one.name == "34.city-finance")
    assert (made.title, made.account, made.limit_fen) == (Text("Hefei (invented)", "合肥市财政（虚构）"), "invented 34", 500)
    assert decide(means, "R2", "zhao").failure == "CS-3071"
    assert refused(means, "party-new", told).code == "CS-3071"
    assert refused(means, "party-new", told | {"party": "x"}).facts["field"] == "party"
    event = next(one for one in store.events() if one.kind == "party-registered")
    assert (event.subject, event.data) == ("34.city-finance", {"maker": "lin", "checker": "chen+zhao"})


def test_a_nodes_institutions_are_changed_by_two(store: Store, means: Means) -> None:
    """Asked, decided by another, held to from then on; the event says what stood before, and an old request is refused."""
    assert refused(means, "node-institutions", {"node": NODE.name, "institutions": ""}).code == "CS-3043"
    assert isinstance(refused(means, "node-institutions", {"node": NODE.name, "institutions": "h33"}), Malformed)
    assert refused(means, "node-institutions", {"node": "34.node", "institutions": "H34"}).code == "CS-3042"
    ask(means, "node-institutions", "R1", node=str(NODE.name), institutions=" H33010600001  P3301 P3301")
    ask(means, "node-institutions", "R2", node=str(NODE.name), institutions="P3301")
    with pytest.raises(CardstackError):
        decide(means, "R1", "lin")
    assert store.nodes()[0].institutions == ()
    assert decide(means, "R1", "chen").state is State.DONE
    assert decide(means, "R2", "chen").failure == "CS-3043"
    assert store.nodes()[0].institutions == ("H33010600001", "P3301")
    ask(means, "node-institutions", "R3", node=str(NODE.name), institutions="")
    assert decide(means, "R3", "chen").state is State.DONE
    assert store.nodes()[0].institutions == ()
    told = [one.data for one in store.events() if one.kind == "node-changed"]
    assert [(one["before"], one["institutions"]) for one in told] == [
        ([], ["H33010600001", "P3301"]),
        (["H33010600001", "P3301"], []),
    ]
    assert {(one["maker"], one["checker"]) for one in told} == {("lin", "chen")}
    assert not store.audit(signatures=False).findings


def test_a_window_is_agreed_and_its_payments_released_by_two(store: Store, means: Means) -> None:
    """The same kinds that the console asks for, drawn from their one field."""
    store.submit([submission(bill(1, 1000))], NOON)
    for event in (Event.CUT_OFF, Event.RECONCILE):
        store.move_window(DAY, event, actor="lin", now=NOON)
    assert ask(means, "agree", "R1", window=DAY).amount_fen == 800
    decide(means, "R1", "chen")
    assert ask(means, "release", "R2", window=DAY).payload["instructions"] == [f"{DAY}.001", f"{DAY}.002"]
    decide(means, "R2", "chen")
    assert {one.state for one in store.instructions(DAY)} == {Payment.RELEASED}
    store.desk.take_lines([line(store, 0, 300)], actor="bank", now=NOON)
    asked = ask(means, "rest", "R3", payment=f"{DAY}.001")
    assert (asked.amount_fen, asked.subject) == (500, f"{DAY}.001")
    store.desk.take_lines([line(store, 0, 1, number=2)], actor="bank", now=NOON)
    assert decide(means, "R3", "chen").failure == "CS-3070"
    ask(means, "rest", "R4", payment=f"{DAY}.001")
    with pytest.raises(CardstackError):
        decide(means, "R4", "lin")
    assert decide(means, "R4", "chen").state is State.DONE
    assert [(one.instruction.id, one.instruction.amount_fen, one.state) for one in store.instructions(DAY)][1] == (
        f"{DAY}.001-2",
        499,
        Payment.RELEASED,
    )
    store.desk.take_lines([line(store, 1, 200)], actor="bank", now=NOON)
    store.move_window(DAY, Event.ABORT, actor="lin", now=NOON, reason="wrong")
    assert refused(means, "rest", {"payment": f"{DAY}.001"}).code == "CS-3022"


def test_an_increase_is_paid_by_its_own_kind(store: Store, means: Means) -> None:
    """Noticed, then paid by two; before the notice it is not even entered."""
    ask(means, "prefund", **PAIR, amount_fen=100, why="allotted")
    decide(means, "R1", "chen")
    store.submit([submission(bill(1, 120))], NOON)
    number = store.desk.ask_increase(DAY, FUND, HOSPITAL, Fen(50), actor="lin", reason="x", now=NOON).number
    assert isinstance(refused(means, "increase-pay", {"increase": number}), Refused)
    store.desk.step_increase(number, IncreaseStep.NOTICE, actor="lin", now=NOON)
    ask(means, "increase-pay", "R2", increase=number)
    assert decide(means, "R2", "chen").outcome == f"{number} paid"
    assert [one.held_fen for one in store.desk.prefunds(DAY)] == [150]


def test_every_form_can_be_drawn() -> None:
    """Each field has words in both languages, a choice has its choices, names do not repeat."""
    drawn = [kind for kind in commands.kinds() if kind.fields]
    assert len(drawn) >= 12
    for kind in drawn:
        names = [one.name for one in kind.fields]
        assert len(set(names)) == len(names)
        for one in kind.fields:
            assert one.title.en
            assert one.title.zh
            assert bool(one.choices) == (one.shape is Shape.CHOICE)


def test_nobody_checks_himself_behind_a_plus(store: Store) -> None:
    """Several who approved are joined by a plus; the maker is none of them, and none of them is missing."""
    with store.view() as view:
        Two("lin", "chen+zhao").check(view)
        for checker in ("chen+lin", "chen+", "", " lin "):
            with pytest.raises(Refused) as caught:
                Two("lin", checker).check(view)
            assert caught.value.code == "CS-3040"


def test_what_was_interrupted_is_not_done_again_on_a_guess(store: Store, means: Means) -> None:
    """Approved, and then nothing more is known: after a while it fails with its code; who asked looks before asking anew."""

    class Stopped(BaseException):
        """The service goes down in the middle."""

    def stop(request: Request) -> str:
        raise Stopped(request.id)

    ask(means, "prefund", **PAIR, amount_fen=1000, why="top-up")
    decision = Decision("chen", True, "", NOON)
    with pytest.raises(Stopped):
        approvals.decide(means.office.requests, commands.kind("prefund"), "R1", decision, by=PEOPLE["chen"], execute=stop)
    requests = means.office.requests
    assert not approvals.give_up(requests, "R1", NOON + timedelta(minutes=9))
    assert not approvals.give_up(requests, "none", NOON)
    assert approvals.give_up(requests, "R1", NOON + timedelta(minutes=10))
    after = requests.get("R1")
    assert after is not None
    assert (after.state, after.failure) == (State.FAILED, "CS-4109")
    assert store.desk.prefunds(DAY) == []
