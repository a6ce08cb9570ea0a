"""`cardstack settle adjust …`: one person asks for a correction, another decides; late interest is asked for alike."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cardstack.cli.ledgers import Database, Json, now, one_of, open_ledger, table
from cardstack.cli.output import emit, language, words
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.values import Fen
    from server.approvals import Request
    from server.store.office import Office
    from server.store.office.people import Operator
    from server.store.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False)

NOT_BOOKED = problem(
    "CS-9031",
    Text("Approved, but it could not be booked", "已通过，但入账失败"),
    Text("Put right what the detail names and ask again.", "请按明细所述更正后重新申请。"),
)
KIND = "correction"
STATES = {
    "pending": Text("waiting", "待复核"),
    "approved": Text("approved", "已批准"),
    "done": Text("booked", "已入账"),
    "failed": Text("failed", "失败"),
    "refused": Text("refused", "已拒绝"),
    "withdrawn": Text("withdrawn", "已撤回"),
    "expired": Text("expired", "已过期"),
}
Person = Annotated[
    str, typer.Option(help=words("who does it; an operator, where there are any", "操作人；已设操作员时须为操作员"))
]
Scheme = Annotated[str, typer.Option(help=words("whose window it falls into, such as medical", "所属业务，如 medical"))]
Debtor = Annotated[str, typer.Argument(help=words("who pays", "付款方"))]
Creditor = Annotated[str, typer.Argument(help=words("who is paid", "收款方"))]
Number = Annotated[str, typer.Argument(help=words("the request's number", "申请编号"))]
Reason = Annotated[str, typer.Option(help=words("why", "事由"))]
Day = Annotated[str, typer.Option(help="YYYY-MM-DD")]


@app.command(help=words("Ask for a correction; another person decides it", "申请调账，由他人复核"))
def request(
    debtor: Debtor,
    creditor: Creditor,
    *,
    fen: Annotated[int, typer.Option(help=words("how much, in fen", "金额（分）"))],
    scheme: Scheme,
    reason: Reason,
    kind: Annotated[str, typer.Option(help=words("what the money is", "款项种类"))] = "adjustment",
    actor: Person,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Ask for a correction."""
    from cardstack.values import Fen

    with open_ledger(database) as store:
        made = _ask(store, _Wanted(debtor, creditor, Fen(fen), scheme, kind, "adjustment"), reason=reason, actor=actor)
    _show([made], as_json=as_json, one=True)


@app.command(help=words("Ask for interest on what was paid late, as a correction", "按逾期天数计息，并申请调账"))
def interest(
    debtor: Debtor,
    creditor: Creditor,
    *,
    owed_fen: Annotated[int, typer.Option(min=1, help=words("what was owed, in fen", "欠付金额（分）"))],
    due: Day,
    paid: Day,
    rates: Annotated[
        Path,
        typer.Option(
            help=words(
                "TOML of dated rates: [[daily_rate]] since, reference, millionths", "日利率 TOML：[[daily_rate]]，百万分比"
            ),
            exists=True,
            dir_okay=False,
        ),
    ],
    scheme: Scheme,
    actor: Person,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Compute late interest at the dated rates and ask for it."""
    from cardstack.settlement.banking.interest import DailyRate, late_interest
    from cardstack.settlement.scheme import load
    from cardstack.values import Fen

    dated = load(_text(rates), "daily_rate", DailyRate)
    amount = late_interest(Fen(owed_fen), _day(due, "due"), _day(paid, "paid"), dated)
    reason = f"late interest on {owed_fen} fen, due {due}, paid {paid}"
    with open_ledger(database) as store:
        made = _ask(store, _Wanted(debtor, creditor, amount, scheme, "interest", "late-interest"), reason=reason, actor=actor)
    _show([made], as_json=as_json, one=True)


@app.command(help=words("Approve a correction that somebody else asked for; it is booked", "复核通过他人的调账申请并入账"))
def approve(number: Number, *, actor: Person, reason: Reason = "", database: Database = "", as_json: Json = False) -> None:
    """Approve; whoever asked for it is refused (CS-4101)."""
    _decide(number, approve=True, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command(help=words("Refuse a correction, saying why", "驳回调账申请并说明理由"))
def refuse(number: Number, *, actor: Person, reason: Reason, database: Database = "", as_json: Json = False) -> None:
    """Refuse."""
    _decide(number, approve=False, actor=actor, reason=reason, database=database, as_json=as_json)


@app.command("list", help=words("List corrections asked for, the newest first", "列出调账申请，最新在前"))
def list_(
    *,
    state: Annotated[str, typer.Option(help="pending | done | failed | refused | withdrawn | expired")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List corrections."""
    from server.approvals import State

    wanted = one_of(State, state, "state").value if state else ""
    with open_ledger(database) as store:
        found = _office(store).requests.page(before=None, size=limit, scope=None, kind=KIND, state=wanted)
    _show(found, as_json=as_json)


class _Wanted(NamedTuple):
    """A correction as it was typed."""

    debtor: str
    creditor: str
    amount_fen: "Fen"
    scheme: str
    kind: str
    rule: str


def _ask(store: "Store", wanted: _Wanted, *, reason: str, actor: str) -> "Request":
    from secrets import token_hex

    from cardstack.settlement.transaction import Party, Posting
    from server import approvals, commands

    posting = Posting(Party(wanted.debtor), Party(wanted.creditor), wanted.amount_fen, wanted.kind, wanted.rule)
    if wanted.scheme not in store.schemes:
        raise Malformed(f"scheme: one of {', '.join(store.schemes)}", field="scheme")
    office, moment = _office(store), now()
    kind, person = commands.kind(KIND), _person(office, actor)
    asked = approvals.Request(
        id=f"{moment:%Y%m%d}-{token_hex(4)}",
        kind=KIND,
        province=posting.debtor.province,
        maker=person.id,
        subject=f"{posting.debtor} {posting.creditor}",
        amount_fen=posting.amount_fen,
        payload=wanted._asdict(),
        reason=reason,
        state=approvals.State.PENDING,
        created=moment,
        expires=moment + kind.lapses_after,
    )
    made = approvals.ask(office.requests, kind, asked, person)
    office.audit.append(moment, person.id, made.province, "settle.adjust", subject=made.id, detail={"fen": made.amount_fen})
    return made


def _decide(number: str, *, approve: bool, actor: str, reason: str, database: str, as_json: bool) -> None:
    from server import approvals, commands

    with open_ledger(database) as store:
        office, moment = _office(store), now()
        person, means = _person(office, actor), commands.Means(office, store, moment)
        after = approvals.decide(
            office.requests,
            commands.kind(KIND),
            number,
            approvals.Decision(person.id, approve, reason, moment),
            by=person,
            execute=lambda decided: commands.carry_out(decided, means),
        )
        detail = {"approve": approve, "state": after.state.value}
        office.audit.append(moment, person.id, after.province, "settle.adjust.decide", subject=number, detail=detail)
    if after.state is approvals.State.FAILED:
        raise Refused(after.outcome, NOT_BOOKED, request=number)
    _show([after], as_json=as_json, one=True)


def _office(store: "Store") -> "Office":
    from server.store.office import Office

    return Office(store.database.engine)


def _person(office: "Office", name: str) -> "Operator":
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
            raise Refused("actor: no such operator", NOT_ENTITLED, field="actor")
        return found
    return Operator(name, name, tuple(Grant(role, EVERYWHERE) for role in (Role.CLERK, Role.CHECKER, Role.APPROVER)))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise Malformed("rates: not UTF-8", field="rates") from None


def _day(told: str, field: str) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Malformed(f"{field}: YYYY-MM-DD", field=field) from None


def _show(found: "list[Request]", *, as_json: bool, one: bool = False) -> None:
    from cardstack.values import yuan

    data: list[dict[str, Any]] = [
        {
            "request": each.id,
            "state": each.state.value,
            **each.payload,
            "maker": each.maker,
            "reason": each.reason,
            "decided_by": [decision.operator_id for decision in each.decisions],
            "outcome": each.outcome,
        }
        for each in found
    ]
    rows = [
        (
            each.id,
            each.payload["debtor"],
            each.payload["creditor"],
            yuan(each.amount_fen),
            each.maker,
            STATES[each.state].of(language()),
        )
        for each in found
    ]
    titles = (
        words("request", "申请"),
        words("from", "付款方"),
        words("to", "收款方"),
        words("yuan", "金额（元）"),
        words("maker", "经办人"),
        words("state", "状态"),
    )
    emit(data[0] if one else data, as_json=as_json, render=lambda: table(titles, rows))
