"""Emergency increases (紧急调增) in the store: asked for at red usage, noticed to who pays, paid by two people or refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.errors import Refused, problem
from cardstack.settlement.prefund import INCREASE, Change, Increase, IncreaseStep, Kind, Level
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen
from server.store.adjusting import Two, known_people
from server.store.commit import Commit, View
from server.store.prefunding import change_prefund, prefunds
from server.store.values import moment

NOT_RED = problem(
    "CS-3048",
    Text("This prepayment is not used up to the red warning", "该预付金使用率未达红色预警"),
    Text(
        "An emergency increase may be asked for from the red threshold on (usually 90 %); before that it is topped up.",
        "使用率达到红色预警线（通常 90%）方可申请紧急调增，此前请按常规补足。",
    ),
)
NO_INCREASE = problem("CS-3049", Text("No such emergency increase", "没有该紧急调增"), Text("Check its number.", "请核对编号。"))
COLUMNS = "increase, debtor, creditor, amount_fen, stage, actor, reason, at"
LATEST = f"SELECT {COLUMNS} FROM prefund_increase WHERE seq IN (SELECT MAX(seq) FROM prefund_increase GROUP BY increase)"  # noqa: S608  # own names


@dataclass(frozen=True, slots=True)
class Asked:
    """An emergency increase in its present stage, and who brought it there."""

    number: int
    debtor: Party
    creditor: Party
    amount_fen: Fen
    stage: Increase
    actor: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, row: Any) -> "Asked":
        """From a row in the order of `COLUMNS`."""
        return cls(row[0], Party(row[1]), Party(row[2]), Fen(row[3]), Increase(row[4]), row[5], row[6], moment(row[7]))


def ask_increase(commit: Commit, window: str, debtor: Party, creditor: Party, amount: Fen, *, actor: str, reason: str) -> Asked:
    """Ask for an increase of a prepayment that a window uses up to red; `Refused` (CS-3048) below that."""
    known_people(commit, actor)
    if amount <= 0:
        raise Refused(Text("amount_fen: more than nothing", "amount_fen：应大于零"), field="amount_fen")
    held = next((one for one in prefunds(commit, window) if (one.debtor, one.creditor) == (debtor, creditor)), None)
    if held is None or held.level is not Level.RED:
        raise Refused("usage", NOT_RED, percent=None if held is None else held.percent)
    for one in increases(commit):
        if (one.debtor, one.creditor) == (debtor, creditor) and INCREASE.events(one.stage):
            raise Refused(
                Text("an increase of this prepayment is under way already", "该预付金已有未完结的紧急调增"), increase=one.number
            )
    ((number,),) = commit.all("SELECT COALESCE(MAX(increase), 0) + 1 FROM prefund_increase")
    return _add(commit, (number, str(debtor), str(creditor), amount, INCREASE.initial.value, actor, reason, commit.at))


def step_increase(commit: Commit, number: int, step: IncreaseStep, *, actor: str, checker: str = "", reason: str = "") -> Asked:
    """Move an increase on; when it is paid, the prepayment grows in the same commit, approved by a second person."""
    before = next((one for one in increases(commit) if one.number == number), None)
    if before is None:
        raise Refused(str(number), NO_INCREASE, increase=number)
    stage = INCREASE.after(before.stage, step)
    known_people(commit, actor)
    if step is IncreaseStep.PAY:
        reference = f"increase {number}"
        paid = Change(before.debtor, before.creditor, before.amount_fen, Kind.EMERGENCY, reference)
        change_prefund(commit, paid, Two(actor, checker))
    row = (number, str(before.debtor), str(before.creditor), before.amount_fen, stage.value, actor, reason, commit.at)
    return _add(commit, row, checker if step is IncreaseStep.PAY else "")


def increases(view: View, *, stage: Increase | None = None) -> list[Asked]:
    """Every increase in its present stage, the newest first."""
    found = [Asked.of(row) for row in view.all(f"{LATEST} ORDER BY increase DESC")]
    return [one for one in found if stage is None or one.stage is stage]


def _add(commit: Commit, row: tuple[Any, ...], checker: str = "") -> Asked:
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM prefund_increase")
    commit.insert("prefund_increase", f"seq, {COLUMNS}, checker", [(seq, *row, checker)])
    made = Asked.of(row)
    told = {"debtor": made.debtor, "creditor": made.creditor, "amount_fen": made.amount_fen}
    by = {"actor": made.actor, "reason": made.reason, "checker": checker}
    commit.tell(f"increase-{made.stage.value}", str(made.number), {**told, **by})
    return made
