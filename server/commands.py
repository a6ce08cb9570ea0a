"""What a decided request does: every kind of change, its rule, and the one function that carries it out.

A change has no other way in. The interface, the console and the command line all enter a request and have it decided.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from cardstack.ca.register import Act, Reason
from cardstack.errors import Refused
from cardstack.settlement.dispute import Step
from cardstack.settlement.envelope import canonical, digest
from cardstack.settlement.intake import Node, prepare
from cardstack.settlement.prefund import Change
from cardstack.settlement.prefund import Kind as PrefundKind
from cardstack.settlement.transaction import MessageId, Party, Posting, Transaction
from cardstack.settlement.window import Event
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.permissions import Grant, Permission
from server.store.adjusting import Two
from server.store.commit import Kept
from server.store.office import Office
from server.store.office.people import Operator
from server.store.posting import Submission

if TYPE_CHECKING:
    from cardstack.vault.network import Network
    from server.store.store import Store


@dataclass(frozen=True, slots=True)
class Means:
    """What a change may work on, and the moment at which it is decided."""

    office: Office
    store: "Store | None"
    at: datetime
    network: "Network | None" = None

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
    deciders = "+".join(_deciders(request))
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


def _reversal(request: Request, means: Means) -> str:
    """Book the opposite as a message of the centre; what is kept with it is the request and its decisions."""
    payload, store = request.payload, means.ledger
    entry = store.transaction(payload["message"])
    if entry is None:
        raise Refused(f"no such transaction: {payload['message']}")
    transaction = Transaction(
        id=MessageId.of("C00000000000", means.at, int(sha256(request.id.encode()).hexdigest(), 16) % 10_000),
        scheme=entry.scheme,
        kind="reversal",
        sender=CENTRE_NODE,
        home=entry.home,
        treating=entry.treating,
        occurred_at=means.at.replace(microsecond=0),
        amount_fen=entry.amount_fen,
        evidence={"request": request.id},
        reverses=entry.id,
    )
    line = canonical(transaction)
    raw = json.dumps({"request": request.id, "decided_by": _deciders(request), "transaction": line.decode()}).encode()
    kept = Kept("decision", sha256(raw).digest(), raw, str(CENTRE_NODE), means.at)
    prepared = prepare(transaction, digest(line), Node(CENTRE_NODE), store.schemes)
    ((answer,),) = store.submit([Submission(kept, [prepared])], means.at)
    if not answer.stands:
        raise Refused(f"the ledger answered {answer.outcome.value}")
    return str(answer.id)


def _revocation(request: Request, means: Means) -> str:
    """Revoke a cross certificate and publish the list that says so."""
    if means.network is None:
        raise Refused("no authority is kept here")
    payload, actor = request.payload, "+".join(_deciders(request))
    home = means.network.home(payload["authority"])
    reason = next((one for one in Reason if one.word == payload["why"]), Reason.UNSPECIFIED)
    home.act(int(payload["serial"], 16), Act.REVOKE, at=means.at, actor=actor, reason=reason)
    home.publish(at=means.at, actor=actor, force="full")
    return str(payload["fingerprint"])


def _two(request: Request) -> Two:
    """Who prepared it and who approved it, as the ledger keeps them."""
    return Two(request.maker, "+".join(_deciders(request)[1:]))


def _release(request: Request, means: Means) -> str:
    """Send a window's payments to the bank."""
    return str(len(means.ledger.desk.release(request.payload["window"], _two(request), now=means.at)))


def _prefund(request: Request, means: Means) -> str:
    """Change what one party has paid ahead to another."""
    told = request.payload
    change = Change(
        Party(told["debtor"]), Party(told["creditor"]), Fen(told["amount_fen"]), PrefundKind(told["why"]), told["reference"]
    )
    held = means.ledger.desk.change_prefund(change, _two(request), now=means.at)
    return f"{held.debtor} {held.creditor} {held.held_fen}"


def _correction(request: Request, means: Means) -> str:
    """Book a correction in the window of its scheme that is open; the message id of the entry it makes."""
    told, store = request.payload, means.ledger
    if told["scheme"] not in store.schemes:
        raise Refused(f"no such scheme: {told['scheme']}")
    posting = Posting(Party(told["debtor"]), Party(told["creditor"]), Fen(told["amount_fen"]), told["kind"], told["rule"])
    cycle = store.schemes[told["scheme"]].cycle
    return str(store.desk.adjust(cycle, posting, _two(request), reason=request.reason, now=means.at).id)


def _dispute(request: Request, means: Means) -> str:
    """Concede or uphold a dispute: the correction is booked with it."""
    two, told = _two(request), request.payload
    after = means.ledger.desk.step_dispute(
        told["dispute"], Step(told["step"]), actor=two.maker, checker=two.checker, now=means.at, evidence={"said": request.reason}
    )
    return after.stage.value


def _deciders(request: Request) -> list[str]:
    return [request.maker, *(decision.operator_id for decision in request.decisions if decision.approve)]


CENTRE_NODE = Party("00.hub")
LARGE = Fen(100_000_000_00)
"""From one hundred million yuan on, an approver decides after the checker. Illustrative: each installation's own rule."""

REVERSAL_LARGE = Fen(10_000_00)
"""From ten thousand yuan on, an approver decides a reversal or a correction after the checker. Illustrative, as above."""

_P = Permission
_CHANGES: Mapping[str, tuple[Kind, Callable[[Request, Means], str]]] = {
    kind.name: (kind, execute)
    for kind, execute in (
        (Kind("operator", Text("Operator and roles", "操作员与角色"), _P.OPERATOR_REQUEST), _operator),
        (Kind("agree", Text("Agree a window's nets", "确认窗口净额"), _P.WINDOW_CLOSE, LARGE), _window),
        (Kind("abort", Text("Abort a window", "中止清算窗口"), _P.WINDOW_CLOSE, Fen(0)), _window),
        (Kind("reversal", Text("Reversal", "冲正"), _P.ADJUSTMENT_REQUEST, REVERSAL_LARGE), _reversal),
        (Kind("revoke-cross", Text("Revoke a cross certificate", "吊销交叉证书"), _P.TRUST_REQUEST, Fen(0)), _revocation),
        (Kind("correction", Text("Correction", "调账"), _P.ADJUSTMENT_REQUEST, REVERSAL_LARGE), _correction),
        (Kind("release", Text("Release payments", "放行划款指令"), _P.SETTLEMENT_REQUEST, LARGE), _release),
        (Kind("prefund", Text("Prepayment", "预付金调整"), _P.PARTICIPANT_REQUEST, LARGE), _prefund),
        (Kind("dispute", Text("Uphold a dispute", "异议成立调整"), _P.DISPUTE_WORK, REVERSAL_LARGE), _dispute),
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
