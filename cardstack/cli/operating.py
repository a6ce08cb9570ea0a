"""What the commands of the clearing centre share: who acts, and a change that one person asks for and another decides."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.ledgers import now, table
from cardstack.cli.output import emit, language, words
from cardstack.errors import Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.vault.network import Network
    from server.approvals import Request
    from server.means import Draft, Means
    from server.store.office import Office
    from server.store.office.people import Operator
    from server.store.store import Store

NOT_BOOKED = problem(
    "CS-9031",
    Text("Approved, but it could not be carried out", "已通过，但执行失败"),
    Text("Put right what the detail names and ask again.", "请按明细所述更正后重新申请。"),
)
Person = Annotated[
    str, typer.Option(help=words("who does it; an operator, where there are any", "操作人；已设操作员时须为操作员"))
]
Checker = Annotated[
    str,
    typer.Option(
        help=words("who approves it at once: another person; without one it waits", "当场复核人，须为他人；缺省则待复核")
    ),
]
Reason = Annotated[str, typer.Option(help=words("why", "事由"))]


def office_of(store: "Store") -> "Office":
    """The back office beside a ledger."""
    from server.store.office import Office

    return Office(store.database.engine)


def means_of(store: "Store") -> "Means":
    """What a change works on, now."""
    from server.means import Means

    return Means(office_of(store), store, now(), _network())


def _network() -> "Network | None":
    """The authorities of this machine, with their keys where CARDSTACK_CA_PASSWORD is set; None where there are none."""
    from cardstack.cli.ca_homes import AUTHORITY_PASSWORD, folder
    from cardstack.vault.network import Network

    secret = os.environ.get(AUTHORITY_PASSWORD, "").encode() or None
    return Network(folder(), secret) if folder().is_dir() else None


def person(office: "Office", name: str) -> "Operator":
    """Whoever acts.

    Where operators are kept it is one of them, with that one's permissions and no others; where there are none yet,
    whoever can open the database is taken at the name given.
    """
    from server.approvals import NOT_ENTITLED
    from server.permissions import EVERYWHERE, Grant, Role
    from server.store.office.people import Operator

    name = name.strip()
    if office.people.operators():
        found = office.people.operator(name)
        if found is None or found.disabled:
            raise Refused(Text("actor: no such operator", "actor：没有该操作员"), NOT_ENTITLED, field="actor")
        return found
    return Operator(name, name, tuple(Grant(role, EVERYWHERE) for role in (Role.CLERK, Role.CHECKER, Role.APPROVER)))


def entitled(store: "Store", name: str, permission: str, province: str) -> str:
    """The id of an operator who may do that there; `Refused` (CS-4102) for anybody else."""
    from server.approvals import NOT_ENTITLED
    from server.permissions import Permission

    who = person(office_of(store), name)
    if not who.may(Permission(permission), province):
        raise Refused("actor", NOT_ENTITLED, field="actor", province=province)
    return who.id


def four_eyes(store: "Store", kind: str, told: Mapping[str, Any], *, actor: str, checker: str, reason: str) -> "Request":
    """Ask for a change, and have it approved at once where a checker is named; what cannot be carried out is refused.

    A large one still waits for an approver after that: the answer's state says so.
    """
    from server import commands

    return asked(store, commands.draft(kind, told, means_of(store)), actor=actor, checker=checker, reason=reason)


def asked(store: "Store", drawn: "Draft", *, actor: str, checker: str, reason: str) -> "Request":
    """Enter a drawn request, and approve it where a checker is named."""
    from secrets import token_hex

    from server import commands
    from server.store.adjusting import Two

    means = means_of(store)
    maker = person(means.office, actor)
    if checker:
        with store.view() as view:
            Two(maker.id, person(means.office, checker).id).check(view)
    number = f"{means.at:%Y%m%d}-{token_hex(4)}"
    made = commands.enter(drawn, by=maker, reason=reason, number=number, means=means)
    return decided(store, made.id, approve=True, actor=checker, reason="") if checker else made


def decided(store: "Store", number: str, *, approve: bool, actor: str, reason: str) -> "Request":
    """Decide a request; `Refused` (CS-9031) says why an approved one could not be carried out."""
    from server import approvals, commands

    means = means_of(store)
    who = person(means.office, actor)
    after = commands.settle(number, approvals.Decision(who.id, approve, reason, means.at), by=who, means=means)
    if after.state is approvals.State.FAILED:
        raise Refused(after.told, NOT_BOOKED, request=number, because=after.failure)
    return after


def found(store: "Store", number: str) -> "Request":
    """A request by its number; `Refused` (CS-4104) where there is none."""
    from server.approvals import NOT_PENDING

    one = office_of(store).requests.get(number)
    if one is None:
        raise Refused(Text("no such request", "没有该申请"), NOT_PENDING, request=number)
    return one


def data(one: "Request") -> dict[str, Any]:
    """A request as JSON."""
    return {
        "request": one.id,
        "what": one.kind,
        "state": one.state.value,
        "amount_fen": one.amount_fen,
        **one.payload,
        "maker": one.maker,
        "reason": one.reason,
        "decided_by": [decision.operator_id for decision in one.decisions],
        "outcome": one.outcome if not one.failure else "",
        "failure": {"code": one.failure, **one.told._asdict()} if one.failure else None,
    }


def show(shown: "list[Request]", *, as_json: bool, one: bool = False) -> None:
    """Requests for people or for machines."""
    from cardstack.values import yuan
    from server import commands
    from server.approvals import STATES

    said = language()
    rows = [
        (
            each.id,
            commands.kind(each.kind).title.of(said),
            each.subject,
            yuan(each.amount_fen) if each.amount_fen else "",
            each.maker,
            STATES[each.state].of(said),
        )
        for each in shown
    ]
    titles = (
        words("request", "申请"),
        words("kind", "类型"),
        words("concerns", "对象"),
        words("yuan", "金额（元）"),
        words("maker", "经办人"),
        words("state", "状态"),
    )
    told = [data(each) for each in shown]
    emit(told[0] if one else told, as_json=as_json, render=lambda: table(titles, rows))
