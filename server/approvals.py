"""Four eyes: a change is a request by one operator and a decision by others, whoever calls and by whatever route.

A kind of request says who may ask, who may decide, from which amount a second decision is needed and when the request
lapses. The rules stand here, not in a page: no view and no interface can go around them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from cardstack.errors import CardstackError, Malformed, Refused, problem
from cardstack.fsm import Machine
from cardstack.text import Text
from cardstack.values import Fen
from server.forms import Field
from server.permissions import Permission

OWN_REQUEST = problem(
    "CS-4101",
    Text("Nobody decides their own request", "不得复核本人经办的申请"),
    Text("Ask another operator to decide it.", "请由其他操作员复核。"),
)
NOT_ENTITLED = problem(
    "CS-4102",
    Text("This operator may not do this here", "操作员在该省份无此权限"),
    Text("Ask an operator who holds the permission in the province named.", "请由在该省份具有权限的操作员办理。"),
)
REASON_MISSING = problem(
    "CS-4103",
    Text("A reason is missing", "缺少事由"),
    Text("Say why, in a few words that an auditor will understand.", "请填写审计人员能看懂的简要事由。"),
)
NOT_PENDING = problem(
    "CS-4104",
    Text("The request is no longer open to decision", "申请已不在待复核状态"),
    Text("Look at its history; make a new request if it is still needed.", "请查看办理记录；如仍需办理请重新申请。"),
)
DECIDED_BEFORE = problem(
    "CS-4105",
    Text("This operator has already decided this request", "该操作员已对此申请作出决定"),
    Text("A further decision is for another operator.", "后续审批须由另一名操作员作出。"),
)


INTERRUPTED = problem(
    "CS-4109",
    Text("It was approved, and then the service stopped before it said what came of it", "已通过，但服务在记录执行结果前中断"),
    Text("Look whether it was carried out; ask anew only if it was not.", "请核查是否已执行；确认未执行后方可重新申请。"),
)
PATIENCE = timedelta(minutes=10)
"""How long carrying out a request may take before it counts as interrupted."""


class State(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


STATES: Final[Mapping[State, Text]] = {
    State.PENDING: Text("waiting", "待复核"),
    State.APPROVED: Text("approved", "已批准"),
    State.DONE: Text("done", "已完成"),
    State.FAILED: Text("failed", "失败"),
    State.REFUSED: Text("refused", "已拒绝"),
    State.WITHDRAWN: Text("withdrawn", "已撤回"),
    State.EXPIRED: Text("expired", "已过期"),
}


class Move(StrEnum):
    """What happens to a request."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    FINISH = "finish"
    FAIL = "fail"


REQUEST = Machine(
    initial=State.PENDING,
    moves={
        (State.PENDING, Move.APPROVE): State.APPROVED,
        (State.PENDING, Move.REFUSE): State.REFUSED,
        (State.PENDING, Move.WITHDRAW): State.WITHDRAWN,
        (State.PENDING, Move.LAPSE): State.EXPIRED,
        (State.APPROVED, Move.FINISH): State.DONE,
        (State.APPROVED, Move.FAIL): State.FAILED,
    },
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change and its rule. From `second_from_fen` on, a second decision by an approver is needed.

    `fields` are what a form asks for and what the payload holds; a payload may hold more, such as what stood before.
    """

    name: str
    title: Text
    ask: Permission
    second_from_fen: Fen | None = None
    lapses_after: timedelta = timedelta(days=7)
    fields: tuple[Field, ...] = ()

    def decisions_needed(self, amount_fen: Fen) -> int:
        """One decision by a checker, or one more by an approver for what is large or grave."""
        return 2 if self.second_from_fen is not None and abs(amount_fen) >= self.second_from_fen else 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What one operator said to a request."""

    operator_id: str
    approve: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A change that was asked for; `subject` is the id of the thing it changes."""

    id: str
    kind: str
    province: str
    maker: str
    subject: str
    amount_fen: Fen
    payload: Mapping[str, Any]
    reason: str
    state: State
    created: datetime
    expires: datetime
    decisions: tuple[Decision, ...] = field(default=())
    outcome: str = ""

    @property
    def approvals(self) -> int:
        return sum(decision.approve for decision in self.decisions)

    @property
    def told(self) -> Text:
        """What came out of it, in both languages: why it failed, or the words and numbers of the result."""
        if self.state is State.FAILED and self.outcome.startswith("{"):
            kept = json.loads(self.outcome)
            return Text(kept["en"], kept["zh"])
        return Text(self.outcome, self.outcome)

    @property
    def failure(self) -> str:
        """The code of the problem for which it could not be carried out; empty where it could, or none was kept."""
        if self.state is State.FAILED and self.outcome.startswith("{"):
            return str(json.loads(self.outcome)["code"])
        return ""


class Person(Protocol):
    """Whoever asks or decides: an id and what they may do in which province."""

    @property
    def id(self) -> str: ...
    def may(self, needs: Permission, province: str | None = None) -> bool: ...


class Requests(Protocol):
    """What the service needs of a store."""

    def add(self, request: Request) -> None: ...
    def get(self, request_id: str) -> Request | None: ...
    def decide(self, request_id: str, decision: Decision) -> None: ...
    def move(self, request_id: str, before: State, after: State, outcome: str = "") -> bool: ...


def ask(requests: Requests, kind: Kind, request: Request, by: Person) -> Request:
    """Enter a request; its maker must hold the kind's permission in the province and give a reason."""
    if request.maker != by.id or not by.may(kind.ask, request.province):
        raise Refused(
            Text(f"asking for {kind.name}", f"申请：{kind.title.zh}"),
            problem=NOT_ENTITLED,
            kind=kind.name,
            province=request.province,
        )
    if not request.reason.strip():
        raise Malformed("", problem=REASON_MISSING, field="reason")
    requests.add(request)
    return request


def deciding_needs(kind: Kind, request: Request) -> Permission:
    """The permission for the next decision: the last of two is an approver's."""
    last = request.approvals + 1 >= kind.decisions_needed(request.amount_fen)
    return Permission.APPROVE if last and request.approvals else Permission.CHECK


def decide(
    requests: Requests, kind: Kind, request_id: str, decision: Decision, *, by: Person, execute: Callable[[Request], str]
) -> Request:
    """Record a decision; the last approval carries the change out, and a failure is kept as the outcome."""
    request = requests.get(request_id)
    if request is None or request.kind != kind.name:
        raise Refused(Text("no such request", "没有该申请"), problem=NOT_PENDING)
    _may_decide(kind, request, decision, by)
    if request.expires <= decision.at:
        requests.move(request_id, request.state, REQUEST.after(request.state, Move.LAPSE))
        raise Refused(Text("it lapsed", "已逾期失效"), problem=NOT_PENDING)
    if decision.approve and request.approvals + 1 < kind.decisions_needed(request.amount_fen):
        requests.decide(request_id, decision)
        return replace(request, decisions=(*request.decisions, decision))
    after = REQUEST.after(request.state, Move.APPROVE if decision.approve else Move.REFUSE)
    if not requests.move(request_id, request.state, after):
        raise Refused(Text("somebody else decided first", "已由他人先行复核"), problem=NOT_PENDING)
    requests.decide(request_id, decision)
    decided = replace(request, state=after, decisions=(*request.decisions, decision))
    return _carry_out(requests, decided, execute) if decision.approve else decided


def withdraw(requests: Requests, request_id: str, by: Person) -> None:
    """Take back one's own request while nobody has decided it."""
    request = requests.get(request_id)
    if request is None or request.maker != by.id:
        raise Refused(Text("no request of one's own", "不是本人提出的申请"), problem=NOT_PENDING)
    after = REQUEST.after(request.state, Move.WITHDRAW)
    if not requests.move(request_id, request.state, after):
        raise Refused(Text("somebody decided it first", "已有人复核"), problem=NOT_PENDING)


def _may_decide(kind: Kind, request: Request, decision: Decision, by: Person) -> None:
    if request.state is not State.PENDING:
        raise Refused(Text(f"it is {request.state}", f"当前状态为 {request.state}"), problem=NOT_PENDING, state=request.state)
    if by.id == request.maker or decision.operator_id != by.id:
        raise Refused(problem=OWN_REQUEST)
    if any(earlier.operator_id == by.id for earlier in request.decisions):
        raise Refused(problem=DECIDED_BEFORE)
    if not by.may(deciding_needs(kind, request), request.province):
        raise Refused(
            Text(f"deciding {kind.name}", f"复核：{kind.title.zh}"),
            problem=NOT_ENTITLED,
            kind=kind.name,
            province=request.province,
        )
    if not decision.approve and not decision.reason.strip():
        raise Malformed("", problem=REASON_MISSING, field="reason")


def give_up(requests: Requests, request_id: str, now: datetime) -> bool:
    """Let a request that was approved and never finished fail: nothing is carried out a second time on a guess."""
    request = requests.get(request_id)
    if request is None or request.state is not State.APPROVED or not request.decisions:
        return False
    if now < request.decisions[-1].at + PATIENCE:
        return False
    after = REQUEST.after(request.state, Move.FAIL)
    return requests.move(request.id, request.state, after, _kept(Refused(request.id, problem=INTERRUPTED)))


def _kept(error: CardstackError) -> str:
    return json.dumps({"code": error.code, "en": error.say("en"), "zh": error.say("zh")}, ensure_ascii=False)


def _carry_out(requests: Requests, request: Request, execute: Callable[[Request], str]) -> Request:
    try:
        move, outcome = Move.FINISH, execute(request)
    except CardstackError as error:
        move, outcome = Move.FAIL, _kept(error)
    after = REQUEST.after(request.state, move)
    requests.move(request.id, request.state, after, outcome)
    return replace(request, state=after, outcome=outcome)
