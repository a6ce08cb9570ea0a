"""Disputes about an entry: opened with evidence, answered before a deadline, decided with a posting that puts it right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final

from cardstack.errors import Refused
from cardstack.fsm import Machine
from cardstack.settlement.amending import figures_of, remembered
from cardstack.settlement.calendar import BEYOND, Calendar, known
from cardstack.settlement.scheme import Figure, at
from cardstack.settlement.transaction import SHANGHAI, Posting
from cardstack.text import Text
from cardstack.values import Fen


class Stage(StrEnum):
    """Where a dispute is."""

    OPENED = "opened"
    ANSWERED = "answered"
    IN_ARBITRATION = "in-arbitration"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What moves a dispute on."""

    ANSWER = "answer"
    CONCEDE = "concede"
    LAPSE = "lapse"
    ACCEPT = "accept"
    ESCALATE = "escalate"
    UPHOLD = "uphold"
    REJECT = "reject"
    WITHDRAW = "withdraw"


DISPUTE: Final = Machine(
    initial=Stage.OPENED,
    moves={
        (Stage.OPENED, Step.ANSWER): Stage.ANSWERED,
        (Stage.OPENED, Step.CONCEDE): Stage.UPHELD,
        (Stage.OPENED, Step.LAPSE): Stage.UPHELD,
        (Stage.OPENED, Step.WITHDRAW): Stage.WITHDRAWN,
        (Stage.ANSWERED, Step.ACCEPT): Stage.REJECTED,
        (Stage.ANSWERED, Step.ESCALATE): Stage.IN_ARBITRATION,
        (Stage.ANSWERED, Step.LAPSE): Stage.REJECTED,
        (Stage.ANSWERED, Step.WITHDRAW): Stage.WITHDRAWN,
        (Stage.IN_ARBITRATION, Step.UPHOLD): Stage.UPHELD,
        (Stage.IN_ARBITRATION, Step.REJECT): Stage.REJECTED,
    },
)

STAGES: Final[Mapping[Stage, Text]] = {
    Stage.OPENED: Text("opened, waiting for the other side", "已提出，待对方答复"),
    Stage.ANSWERED: Text("answered, waiting for the one who opened it", "已答复，待提出方确认"),
    Stage.IN_ARBITRATION: Text("in arbitration", "仲裁中"),
    Stage.UPHELD: Text("upheld, put right by a posting", "异议成立，已调整入账"),
    Stage.REJECTED: Text("rejected, the entry stands", "异议不成立，维持原账"),
    Stage.WITHDRAWN: Text("withdrawn", "已撤回"),
}


STEPS: Final[Mapping[Step, Text]] = {
    Step.ANSWER: Text("Answer", "答复"),
    Step.CONCEDE: Text("Concede", "认可异议"),
    Step.LAPSE: Text("Let it lapse", "逾期视为认可"),
    Step.ACCEPT: Text("Accept the answer", "接受答复"),
    Step.ESCALATE: Text("Ask for arbitration", "申请仲裁"),
    Step.UPHOLD: Text("Uphold", "裁定成立"),
    Step.REJECT: Text("Reject", "裁定不成立"),
    Step.WITHDRAW: Text("Withdraw", "撤回"),
}


class Ground(StrEnum):
    """Why an entry is disputed; after the reasons of the toll operators' and medical message sets."""

    VERIFICATION_FAILED = "verification-failed"
    DUPLICATE = "duplicate"
    AMOUNT = "amount"
    NOT_ELIGIBLE = "not-eligible"
    NO_SERVICE = "no-service"
    CARD_STATE = "card-state"
    OVERDUE = "overdue"
    OTHER = "other"


GROUNDS: Final[Mapping[Ground, Text]] = {
    Ground.VERIFICATION_FAILED: Text("the proof (TAC, signature) does not verify", "验证未通过（TAC 或签名）"),
    Ground.DUPLICATE: Text("settled before", "重复结算"),
    Ground.AMOUNT: Text("the amount is wrong", "金额有误"),
    Ground.NOT_ELIGIBLE: Text("the person or item was not eligible", "不符合待遇享受条件"),
    Ground.NO_SERVICE: Text("the service was not given", "未提供服务"),
    Ground.CARD_STATE: Text("the card was lost, blocked or unknown", "卡状态异常"),
    Ground.OVERDUE: Text("sent too late", "逾期上传"),
    Ground.OTHER: Text("other, see the evidence", "其他，见证据"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Figure):
    """How many working days the other side has to answer, and then the one who opened it to object."""

    working_days: int


@remembered
def terms() -> tuple[Term, ...]:
    """The terms that come with the package."""
    return figures_of("clearing", "dispute", Term)


def deadline(stage: Stage, since: datetime, calendar: Calendar | None = None) -> datetime | None:
    """The last second of the working day on which a stage lapses, or None where nobody is waited for.

    None too where the calendar does not reach so far yet: nobody concedes by a deadline that no notice has fixed, and it
    is counted as soon as the notice is known.

    >>> noon = datetime(2026, 9, 28, 12, tzinfo=SHANGHAI)
    >>> str(deadline(Stage.OPENED, noon))
    '2026-10-30 23:59:59+08:00'
    """
    if stage not in (Stage.OPENED, Stage.ANSWERED):
        return None
    day = since.astimezone(SHANGHAI).date()
    try:
        last = (calendar or known()).after(day, at(terms(), day).working_days)
    except Refused as error:
        if error.problem is BEYOND:
            return None
        raise
    return datetime.combine(last, time(23, 59, 59), SHANGHAI)


def correction(posting: Posting, disputed_fen: Fen) -> Posting:
    """The posting that gives back the disputed part of one."""
    return Posting(posting.creditor, posting.debtor, min(disputed_fen, posting.amount_fen), posting.kind, "dispute.upheld")
