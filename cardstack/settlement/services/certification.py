"""Assisted certification of pension eligibility elsewhere (异地养老待遇资格协助认证).

The office that pays asks the place where the pensioner lives; a local point checks by card, face, data or visit and
answers under its signature; the asker acknowledges. No answer means a reminder, never that a pension is stopped.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.scheme import Cycle, Unit
from cardstack.settlement.services.case import Message, Service, Term
from cardstack.settlement.transaction import exactly
from cardstack.text import Text

Case = Annotated[str, exactly(r"[A-Z0-9]{6,32}")]
Day = Annotated[str, exactly(r"20\d\d-\d\d-\d\d")]
Digest = Annotated[str, exactly(r"[0-9a-f]{64}")]
Office = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be certified (a pseudonym), for which office, by when, for a cycle of how many months."""

    case: Case
    person: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    office: Office
    due: Day
    cycle_months: Annotated[int, msgspec.Meta(ge=1, le=12)] = 12


class Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the local point found, how, and the digest of the evidence that it keeps."""

    case: Case
    result: Literal["alive", "deceased", "not-found"]
    method: Literal["card", "face", "data", "visit"]
    point: Office
    checked_on: Day
    evidence_sha256: Digest
    deceased_on: Annotated[str, exactly(r"(20\d\d-\d\d-\d\d)?")] = ""

    def __post_init__(self) -> None:
        if (self.result == "deceased") != bool(self.deceased_on):
            raise Malformed(
                Text(
                    "field `deceased_on`: where the result is deceased, and only there",
                    "字段 `deceased_on`：仅结果为死亡时填写，且必填",
                )
            )


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message about a case and nothing else."""

    case: Case


class State(StrEnum):
    """Where a request is."""

    NEW = "new"
    ASKED = "asked"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """Its messages."""

    REQUEST = "request"
    REMIND = "remind"
    ANSWER = "answer"
    ACKNOWLEDGE = "acknowledge"
    WITHDRAW = "withdraw"


MACHINE: Final = Machine(
    initial=State.NEW,
    moves={
        (State.NEW, Event.REQUEST): State.ASKED,
        (State.ASKED, Event.REMIND): State.ASKED,
        (State.ASKED, Event.ANSWER): State.ANSWERED,
        (State.ASKED, Event.WITHDRAW): State.WITHDRAWN,
        (State.ANSWERED, Event.ACKNOWLEDGE): State.CLOSED,
    },
)

CERTIFICATION: Final = Service(
    "pension-certification",
    Text("Assisted certification of pension eligibility", "异地养老待遇资格协助认证"),
    Cycle("services", Unit.MONTH),
    MACHINE,
    {
        Event.REQUEST: Message(Request, "home", Text("request", "协助认证请求")),
        Event.REMIND: Message(About, "home", Text("reminder", "催办")),
        Event.ANSWER: Message(Checked, "treating", Text("answer with evidence", "认证结果")),
        Event.ACKNOWLEDGE: Message(About, "home", Text("acknowledgement", "结果确认")),
        Event.WITHDRAW: Message(About, "home", Text("withdrawal", "撤回请求")),
    },
    {
        State.ASKED: Term(20, "invented / 示意", Text("Remind; the pension goes on.", "催办，不得据此停发待遇。")),
        State.ANSWERED: Term(5, "invented / 示意", Text("Acknowledge the answer.", "请确认认证结果。")),
    },
    states={
        State.NEW: Text("new", "未发起"),
        State.ASKED: Text("asked", "待协查认证"),
        State.ANSWERED: Text("answered", "已反馈待确认"),
        State.CLOSED: Text("closed", "已办结"),
        State.WITHDRAWN: Text("withdrawn", "已撤回"),
    },
)
