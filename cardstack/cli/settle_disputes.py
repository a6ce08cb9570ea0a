"""`cardstack settle dispute …`: dispute a posting, answer, decide; what is upheld is put right by two people."""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import content
from cardstack.cli.ledgers import Actor, Database, Json, now, one_of, open_ledger, table
from cardstack.cli.operating import Checker, asked, entitled, means_of, show
from cardstack.cli.output import choices, emit, language, words
from cardstack.errors import Malformed, faulty

if TYPE_CHECKING:
    from cardstack.settlement.dispute import Step
    from server.store.disputing import Dispute
    from server.store.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False)

Number = Annotated[int, typer.Argument(help=words("the dispute's number", "异议编号"))]
Said = Annotated[str, typer.Option(help=words("what to say about it", "说明"))]
Part = Annotated[
    int, typer.Option("--fen", min=0, help=words("how much is given back, in fen; 0 is all", "退还金额（分），0 为全部"))
]
Evidence = Annotated[
    Path | None,
    typer.Option(
        help=words("a file: its name and SHA-256 are kept", "证据文件，留存其文件名与 SHA-256"), exists=True, dir_okay=False
    ),
]


@app.command("open", help=words("Dispute all or a part of a posting", "对分录提出异议"))
def open_(
    posting: Annotated[
        int, typer.Argument(help=words("its number, see `settle transaction`", "分录编号，见 settle transaction"))
    ],
    *,
    by: Annotated[str, typer.Option(help=words("the side that disputes it", "提出方（付款方或收款方）"))],
    ground: Annotated[str, typer.Option(help="verification-failed | duplicate | amount | not-eligible | no-service | …")],
    fen: Annotated[int, typer.Option(help=words("the disputed part, in fen", "争议金额（分）"))],
    said: Said = "",
    evidence: Evidence = None,
    actor: Actor = "operator",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Open a dispute; only a side of the posting may."""
    from cardstack.settlement.dispute import Ground
    from cardstack.settlement.transaction import Party
    from cardstack.values import Fen

    why, side = one_of(Ground, ground, "ground"), Party(by)
    with open_ledger(database) as store:
        who = entitled(store, actor, "dispute.work", side.province)
        made = store.desk.open_dispute(
            posting, opened_by=side, ground=why, disputed_fen=Fen(fen), actor=who, now=now(), evidence=_told(said, evidence)
        )
    _show([made], as_json=as_json, one=True)


@app.command(help=words("Answer a dispute, or concede it", "答复异议，或承认异议"))
def answer(
    number: Number,
    *,
    concede: Annotated[bool, typer.Option("--concede", help=words("give the disputed part back", "承认并退还争议金额"))] = False,
    fen: Part = 0,
    said: Said = "",
    evidence: Evidence = None,
    actor: Actor = "operator",
    checker: Checker = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """The other side's answer."""
    from cardstack.settlement.dispute import Step

    step = Step.CONCEDE if concede else Step.ANSWER
    _step(number, step, _told(said, evidence), fen, actor=actor, checker=checker, database=database, as_json=as_json)


@app.command(help=words("Decide: accept, escalate, withdraw, uphold or reject", "处理：接受、提请仲裁、撤回、裁定成立或不成立"))
def decide(
    number: Number,
    step: Annotated[str, typer.Argument(help="accept | escalate | withdraw | uphold | reject")],
    *,
    fen: Part = 0,
    said: Said = "",
    evidence: Evidence = None,
    actor: Actor = "operator",
    checker: Checker = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """What the opener does with an answer, or the arbitration decides."""
    from cardstack.settlement.dispute import Step

    wanted = one_of(Step, step, "step")
    if wanted in (Step.ANSWER, Step.CONCEDE, Step.LAPSE):
        raise Malformed(choices("step", ("accept", "escalate", "withdraw", "uphold", "reject")), field="step")
    _step(number, wanted, _told(said, evidence), fen, actor=actor, checker=checker, database=database, as_json=as_json)


@app.command("list", help=words("List disputes, the newest first", "列出异议，最新在前"))
def list_(
    *,
    stage: Annotated[str, typer.Option(help="opened | answered | in-arbitration | upheld | rejected | withdrawn")] = "",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """List disputes."""
    from cardstack.settlement.dispute import Stage

    wanted = one_of(Stage, stage, "stage") if stage else None
    with open_ledger(database) as store:
        found = store.desk.disputes(stage=wanted)
    _show(found, as_json=as_json)


def _step(
    number: int, step: "Step", evidence: dict[str, str], fen: int, *, actor: str, checker: str, database: str, as_json: bool
) -> None:
    """A step; what gives money back is asked for by one person and approved by another."""
    from cardstack.settlement.dispute import STEPS
    from server import commands
    from server.approvals import State
    from server.store.disputing import UPHOLDS

    with open_ledger(database) as store:
        if step not in UPHOLDS:
            if fen:
                raise faulty("fen", "only what is conceded or upheld gives money back", "仅认可或裁定成立时退还金额")
            who = entitled(store, actor, "dispute.work", _side(store, number, step))
            _show([store.desk.step_dispute(number, step, actor=who, now=now(), evidence=evidence)], as_json=as_json, one=True)
            return
        drawn = commands.draft("dispute", {"dispute": number, "step": step.value, "amount_fen": fen or None}, means_of(store))
        drawn = drawn._replace(payload={**drawn.payload, "evidence": evidence})
        why = evidence.get("said") or STEPS[step].of(language())
        made = asked(store, drawn, actor=actor, checker=checker, reason=why)
        found = _one(store, number)
    if made.state is State.DONE and found is not None:
        _show([found], as_json=as_json, one=True)
    else:
        show([made], as_json=as_json, one=True)


def _one(store: "Store", number: int) -> "Dispute | None":
    from server.store.queries.disputes import one

    with store.view() as view:
        return one(view, number)


def _side(store: "Store", number: int, step: "Step") -> str:
    """The province whose operators take a step: the opener's, the other side's, or the clearing centre's."""
    from cardstack.settlement.dispute import Step
    from server.permissions import EVERYWHERE

    one = _one(store, number)
    if one is None or step is Step.REJECT:
        return EVERYWHERE
    if step is Step.ANSWER:
        return one.against.province
    return one.opened_by.province


def _told(said: str, evidence: Path | None) -> dict[str, str]:
    told = {"said": said} if said else {}
    if evidence is not None:
        told |= {"file": evidence.name, "sha256": sha256(content(evidence)).hexdigest()}
    return told


def _show(found: "list[Dispute]", *, as_json: bool, one: bool = False) -> None:
    from cardstack.settlement.dispute import GROUNDS, STAGES
    from cardstack.values import yuan

    said = language()
    data: list[dict[str, Any]] = [
        {
            "dispute": each.seq,
            "posting": each.posting,
            "opened_by": each.opened_by,
            "against": each.against,
            "transaction": each.message,
            "ground": each.ground.value,
            "disputed_fen": each.disputed_fen,
            "stage": each.stage.value,
            "deadline": each.deadline,
        }
        for each in found
    ]
    rows = [
        (
            each.seq,
            each.posting,
            each.opened_by,
            GROUNDS[each.ground].of(said),
            yuan(each.disputed_fen),
            STAGES[each.stage].of(said),
            "" if each.deadline is None else f"{each.deadline:%Y-%m-%d}",
        )
        for each in found
    ]
    titles = (
        words("dispute", "异议"),
        words("posting", "分录"),
        words("by", "提出方"),
        words("ground", "理由"),
        words("yuan", "金额（元）"),
        words("stage", "状态"),
        words("until", "期限"),
    )
    emit(data[0] if one else data, as_json=as_json, render=lambda: table(titles, rows))
