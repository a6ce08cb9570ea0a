"""Four eyes: no route leads around them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from cardstack.errors import CardstackError, Malformed, Refused
from cardstack.values import Fen
from server import approvals
from server.approvals import REQUEST, Decision, Kind, Request, State
from server.permissions import Grant, Permission, Role
from server.store.office import Office
from server.store.office.people import Operator

from cardstack.text import Text  # isort: skip

KIND = Kind("adjustment", Text("Adjustment", "调账"), Permission.ADJUSTMENT_REQUEST, second_from_fen=Fen(1_000_000))


def asked(clock: Any, amount: int = 100, maker: str = "maker") -> Request:
    return Request(
        id="R1",
        kind="adjustment",
        province="33",
        maker=maker,
        subject="T1",
        amount_fen=Fen(amount),
        payload={},
        reason="booked twice",
        state=State.PENDING,
        created=clock(),
        expires=clock() + KIND.lapses_after,
    )


def person(office: Office, name: str) -> Operator:
    found = office.people.operator(name)
    assert found is not None
    return found


def decide(office: Office, name: str, clock: Any, *, approve: bool = True, reason: str = "") -> tuple[Request, list[str]]:
    done: list[str] = []
    decision = Decision(name, approve, reason, clock())

    def execute(request: Request) -> str:
        done.append(request.id)
        return "booked"

    return approvals.decide(office.requests, KIND, "R1", decision, by=person(office, name), execute=execute), done


def test_a_checker_decides_what_a_maker_asks(office: Office, clock: Any) -> None:
    """The change is carried out once, with the decision kept."""
    approvals.ask(office.requests, KIND, asked(clock), person(office, "maker"))
    after, done = decide(office, "checker", clock)
    assert (after.state, after.outcome, done) == (State.DONE, "booked", ["R1"])
    kept = office.requests.get("R1")
    assert kept is not None
    assert [decision.operator_id for decision in kept.decisions] == ["checker"]
    with pytest.raises(Refused):
        decide(office, "approver", clock)


def test_a_maker_cannot_check(office: Office, clock: Any) -> None:
    """Not even one who holds every role everywhere."""
    both = Operator("both", "全能", tuple(Grant(role, "*") for role in Role))
    office.people.save(both, clock())
    approvals.ask(office.requests, KIND, asked(clock, maker="both"), both)
    with pytest.raises(Refused) as refused:
        decide(office, "both", clock)
    assert refused.value.code == "CS-4101"


def test_nobody_asks_in_another_name_or_province(office: Office, clock: Any) -> None:
    """The maker is who is signed in, and holds the permission there."""
    for request in (asked(clock, maker="admin"), replace(asked(clock), province="31")):
        with pytest.raises(Refused):
            approvals.ask(office.requests, KIND, request, person(office, "maker"))


def test_a_large_amount_takes_two_and_the_second_is_an_approver(office: Office, clock: Any) -> None:
    """One checker alone leaves it waiting; another checker is not enough; an approver finishes it."""
    office.people.save(Operator("checker2", "周复核", (Grant(Role.CHECKER, "33"),)), clock())
    approvals.ask(office.requests, KIND, asked(clock, amount=1_000_000), person(office, "maker"))
    after, done = decide(office, "checker", clock)
    assert (after.state, done) == (State.PENDING, [])
    with pytest.raises(Refused) as again:
        decide(office, "checker", clock)
    assert again.value.code == "CS-4105"
    with pytest.raises(Refused) as lower:
        decide(office, "checker2", clock)
    assert lower.value.code == "CS-4102"
    after, done = decide(office, "approver", clock)
    assert (after.state, done) == (State.DONE, ["R1"])


def test_a_refusal_says_why(office: Office, clock: Any) -> None:
    """Without a reason it is not taken; with one nothing is carried out."""
    approvals.ask(office.requests, KIND, asked(clock), person(office, "maker"))
    with pytest.raises(Malformed):
        decide(office, "checker", clock, approve=False)
    after, done = decide(office, "checker", clock, approve=False, reason="the bill is right")
    assert (after.state, done) == (State.REFUSED, [])


def test_a_request_lapses(office: Office, clock: Any) -> None:
    """After its time nobody can approve it."""
    approvals.ask(office.requests, KIND, asked(clock), person(office, "maker"))
    clock.forward(KIND.lapses_after)
    with pytest.raises(Refused):
        decide(office, "checker", clock)
    kept = office.requests.get("R1")
    assert kept is not None
    assert kept.state is State.EXPIRED


def test_a_failure_is_kept_as_the_outcome(office: Office, clock: Any) -> None:
    """What could not be carried out says so, and is not tried again."""

    def fail(_: Request) -> str:
        raise Refused("the window has closed")

    approvals.ask(office.requests, KIND, asked(clock), person(office, "maker"))
    decision = Decision("checker", True, "", clock())
    after = approvals.decide(office.requests, KIND, "R1", decision, by=person(office, "checker"), execute=fail)
    assert after.state is State.FAILED
    assert "the window has closed" in after.outcome


def test_withdrawing_is_for_the_maker_alone(office: Office, clock: Any) -> None:
    """And only while nobody has decided."""
    approvals.ask(office.requests, KIND, asked(clock), person(office, "maker"))
    with pytest.raises(CardstackError):
        approvals.withdraw(office.requests, "R1", person(office, "checker"))
    approvals.withdraw(office.requests, "R1", person(office, "maker"))
    with pytest.raises(Refused):
        decide(office, "checker", clock)


def test_every_state_has_an_end(clock: Any) -> None:
    """No request can go round for ever."""
    del clock
    for (source, _), target in REQUEST.moves.items():
        assert source != target
        assert REQUEST.moves.get((target, _)) is not target


def test_an_operator_is_made_by_two(
    office: Office, signed_in: Callable[[str], FlaskClient], token: Callable[[FlaskClient], str], clock: Any
) -> None:
    """Through the pages: one asks, cannot decide it, another decides, and the new one may sign in."""
    admin, chief = signed_in("admin"), signed_in("chief")
    form = {"id": "new.one", "name": "吴新", "grant": ["clerk@33"], "reason": "joined today", "csrf": token(admin)}
    answer = admin.post("/console/operators/", data=form)
    assert answer.status_code == 303
    address = answer.location
    assert admin.post(f"{address}/decide", data={"decision": "approve", "csrf": token(admin)}).status_code == 403
    assert office.people.operator("new.one") is None
    decided = chief.post(f"{address}/decide", data={"decision": "approve", "csrf": token(chief)})
    assert decided.status_code == 303
    made = office.people.operator("new.one")
    assert made is not None
    assert made.grants == (Grant(Role.CLERK, "33"),)
    assert office.audit.verify()[2] is None
    clock.forward(timedelta(minutes=1))


def test_an_error_keeps_what_was_typed(signed_in: Callable[[str], FlaskClient], token: Callable[[FlaskClient], str]) -> None:
    """The form comes back with the message and everything that stood in it."""
    admin = signed_in("admin")
    form = {"id": "x", "name": "打过的名字", "reason": "typed before", "csrf": token(admin), "_back": "/console/operators/new"}
    answer = admin.post("/console/operators/", data=form, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert "CS-4150" in page
    assert "打过的名字" in page
    assert "typed before" in page
