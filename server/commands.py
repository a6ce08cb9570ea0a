"""What a decided request does: every kind of change, its rule, and the one function that carries it out.

A change has no other way in. The interface, the console and the command line all enter a request and have it decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.errors import Refused
from cardstack.text import Text
from server.approvals import Kind, Request
from server.permissions import Grant, Permission
from server.store.office import Office
from server.store.office.people import Operator


@dataclass(frozen=True, slots=True)
class Means:
    """What a change may work on, and the moment at which it is decided."""

    office: Office
    store: Any
    at: datetime


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


_CHANGES: Mapping[str, tuple[Kind, Callable[[Request, Means], str]]] = {
    kind.name: (kind, execute)
    for kind, execute in ((Kind("operator", Text("Operator and roles", "操作员与角色"), Permission.OPERATOR_REQUEST), _operator),)
}


def kinds() -> list[Kind]:
    """Every kind of change."""
    return [kind for kind, _ in _CHANGES.values()]


def kind(name: str) -> Kind:
    """One kind by its name."""
    try:
        return _CHANGES[name][0]
    except KeyError:
        raise Refused(f"no such kind of change: {name}") from None


def carry_out(request: Request, means: Means) -> str:
    """Do what was approved; the answer is the id of what came out."""
    return _CHANGES[request.kind][1](request, means)
