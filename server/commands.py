"""What a decided request does: every kind of change, its rule, and the one function that carries it out.

A change has no other way in. The interface, the console and the command line all enter a request and have it decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cardstack.errors import Refused
from cardstack.settlement.window import Event
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.permissions import Grant, Permission
from server.store.office import Office
from server.store.office.people import Operator

if TYPE_CHECKING:
    from server.store.store import Store


@dataclass(frozen=True, slots=True)
class Means:
    """What a change may work on, and the moment at which it is decided."""

    office: Office
    store: "Store | None"
    at: datetime

    @property
    def ledger(self) -> "Store":
        """The ledger's store; a change of the ledger is refused where there is none."""
        if self.store is None:
            raise Refused("no ledger is attached")
        return self.store


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


def _window(request: Request, means: Means) -> str:
    """The step that was asked for; agreeing the nets makes the payments."""
    window, event = request.payload["window"], Event(request.payload["event"])
    deciders = "+".join([request.maker, *(decision.operator_id for decision in request.decisions)])
    store = means.ledger
    after = store.move_window(window, event, actor=deciders, now=means.at, reason=request.reason)
    if event is Event.AGREE:
        return f"{after}: {len(store.instruct(window, now=means.at))}"
    return after.value


def _limit(request: Request, means: Means) -> str:
    store, party = means.ledger, request.payload["party"]
    before = next((one for one in store.parties() if one.name == party), None)
    if before is None:
        raise Refused(f"no such participant: {party}")
    limit = request.payload["limit_fen"]
    store.register_party(replace(before, limit_fen=None if limit is None else Fen(limit)))
    return str(party)


LARGE = Fen(100_000_000_00)
"""From one hundred million yuan on, an approver decides after the checker. Illustrative: each installation's own rule."""

_P = Permission
_CHANGES: Mapping[str, tuple[Kind, Callable[[Request, Means], str]]] = {
    kind.name: (kind, execute)
    for kind, execute in (
        (Kind("operator", Text("Operator and roles", "操作员与角色"), _P.OPERATOR_REQUEST), _operator),
        (Kind("agree", Text("Agree a window's nets", "确认窗口净额"), _P.WINDOW_CLOSE, LARGE), _window),
        (Kind("abort", Text("Abort a window", "中止清算窗口"), _P.WINDOW_CLOSE, Fen(0)), _window),
        (Kind("limit", Text("Participant's limit", "参与方额度"), _P.PARTICIPANT_REQUEST, LARGE), _limit),
    )
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
