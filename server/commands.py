"""Every kind of change, how it is asked for, and the one function that carries out what was decided.

A change has no other way in: the interface, the console and the command line all enter a request and have it decided.
Whoever makes a form for a kind takes its `fields` (server.forms): `draft` reads what was typed against the ledger and
says who is concerned, how much moves and what stood before; `enter` enters the drawn request; `settle` decides it.
"""

from collections.abc import Mapping
from typing import Any, Final

from cardstack.errors import Refused, problem
from cardstack.text import Text
from server import approvals, figure_changes, ledger_changes, list_changes, party_changes, registrations, trust_changes
from server.approvals import Decision, Kind, Person, Request, State
from server.forms import read
from server.means import Change, Draft, Means
from server.permissions import Grant, Permission
from server.store.office.people import Operator

FORMLESS = problem(
    "CS-4107",
    Text("Requests of this kind are asked for from their own page", "该类申请须在其专门页面提出"),
    Text("Open that page of the console, or use the command for it.", "请打开控制台相应页面，或使用相应命令。"),
)


def _operator(request: Request, means: Means) -> str:
    payload = request.payload
    people = means.office.people
    person = Operator(
        payload["id"], payload["name"], tuple(Grant.parse(text) for text in payload["grants"]), bool(payload["disabled"])
    )
    people.save(person, means.at)
    if person.disabled:
        people.end_sessions(person.id)
    return person.id


_CHANGES: Final[Mapping[str, Change]] = {
    one.kind.name: one
    for one in (
        Change(Kind("operator", Text("Operator and roles", "操作员与角色"), Permission.OPERATOR_REQUEST), _operator),
        *ledger_changes.CHANGES,
        *party_changes.CHANGES,
        *registrations.CHANGES,
        *figure_changes.CHANGES,
        *list_changes.CHANGES,
        *trust_changes.CHANGES,
    )
}


def kinds() -> list[Kind]:
    """Every kind of change."""
    return [one.kind for one in _CHANGES.values()]


def kind(name: str) -> Kind:
    """One kind by its name."""
    return _change(name).kind


def _change(name: str) -> Change:
    try:
        return _CHANGES[name]
    except KeyError:
        raise Refused(Text(f"no such kind of change: {name}", f"没有该申请种类：{name}")) from None


def draft(name: str, told: Mapping[str, Any], means: Means) -> Draft:
    """A request of a kind from the fields of its form, read against the ledger; `Malformed` (CS-4106), or why it cannot be.

    Kinds without fields are asked for from their own pages only.
    """
    one, _, drawn = _change(name)
    if drawn is None:
        raise Refused(name, FORMLESS, kind=name)
    return drawn(read(one.fields, told), means)


def enter(drawn: Draft, *, by: Person, reason: str, number: str, means: Means) -> Request:
    """Enter a drawn request with its line in the audit log; `number` is its id."""
    one = kind(drawn.kind)
    entered = approvals.ask(
        means.office.requests,
        one,
        Request(
            id=number,
            kind=one.name,
            province=drawn.province,
            maker=by.id,
            subject=drawn.subject,
            amount_fen=drawn.amount_fen,
            payload=drawn.payload,
            reason=reason.strip(),
            state=State.PENDING,
            created=means.at,
            expires=means.at + one.lapses_after,
        ),
        by,
    )
    detail = {"kind": one.name, "concerns": drawn.subject, "fen": drawn.amount_fen}
    means.office.audit.append(means.at, by.id, entered.province, "change.ask", subject=number, detail=detail)
    return entered


def settle(number: str, decision: Decision, *, by: Person, means: Means) -> Request:
    """Decide a request with its line in the audit log; the last approval carries it out."""
    asked = means.office.requests.get(number)
    if asked is None:
        raise Refused(Text("no such request", "没有该申请"), problem=approvals.NOT_PENDING)
    after = approvals.decide(
        means.office.requests,
        kind(asked.kind),
        number,
        decision,
        by=by,
        execute=lambda decided: carry_out(decided, means),
    )
    detail = {"approve": decision.approve, "state": after.state.value}
    means.office.audit.append(means.at, by.id, after.province, "change.decide", subject=number, detail=detail)
    return after


def carry_out(request: Request, means: Means) -> str:
    """Do what was approved; the answer is the id of what came out."""
    return _change(request.kind).carry_out(request, means)
