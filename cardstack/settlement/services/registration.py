"""Registration for care away from home (异地就医备案): the insured place files it, or the treating place applies for it.

A referral or a resident's application may begin at the treating place; only the insured place files, declines and ends.
What is filed is what a visit's class of registration rests on: both places run `filings` over the messages they hold.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.medical.case import Filing, least_until
from cardstack.settlement.medical.claim import Place
from cardstack.settlement.scheme import Cycle, Reason, Unit
from cardstack.settlement.services import case
from cardstack.settlement.services.case import Message, Service, Term
from cardstack.settlement.services.certification import About, Case, Day
from cardstack.settlement.told import NOTHING, subject
from cardstack.settlement.transaction import PSEUDONYM, Transaction, exactly
from cardstack.text import Text

Class = Literal["long-term", "referral", "emergency", "temporary"]
Person = Annotated[str, exactly(PSEUDONYM)]


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the treating place asks to be filed: for whom (a pseudonym), which class, from when, and where."""

    case: Case
    person: Person
    insurance: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    registration: Class
    since: Day
    place: Place


class Registered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the insured place has filed; without `until` it holds until it is ended. A province's code covers its cities."""

    case: Case
    person: Person
    insurance: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    registration: Class
    since: Day
    places: Annotated[tuple[Place, ...], msgspec.Meta(min_length=1, max_length=64)]
    until: Annotated[str, exactly(r"(20\d\d-\d\d-\d\d)?")] = ""

    def __post_init__(self) -> None:
        if self.until and self.until < self.since:
            raise Malformed(Text("field `until`: before since", "字段 `until`：早于 since"))


class Declined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the insured place does not file."""

    case: Case
    ground: Literal["not-insured", "no-benefit", "documents", "duplicate", "other"]


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day on which a registration holds."""

    case: Case
    ended_on: Day


class State(StrEnum):
    """Where a registration is."""

    NEW = "new"
    APPLIED = "applied"
    FILED = "filed"
    DECLINED = "declined"
    ENDED = "ended"


class Event(StrEnum):
    """Its messages."""

    APPLY = "apply"
    REMIND = "remind"
    FILE = "file"
    DECLINE = "decline"
    END = "end"


NAME: Final = "medical-registration"


def subject_of(province: str, insurance: str, person: str) -> str:
    """What the registrations of a person are found under: by the insured province, which alone files them."""
    return subject(NAME, province, insurance, person)


def _short(content: Registered) -> Reason | None:
    """What is filed for a time holds for the least validity in force; it may be ended before."""
    if content.registration == "long-term" or not content.until:
        return None
    least = least_until(date.fromisoformat(content.since)).isoformat()
    return case.REASONS["registration-short"] if content.until < least else None


def _tells(message: Transaction, content: object) -> tuple[str, ...]:
    """A registration is found by its person, its end by its case."""
    own = subject(NAME, message.home_province, message.treating_province, str(message.body["case"]))
    if isinstance(content, Registered):
        return (subject_of(message.home_province, content.insurance, content.person) + own,)
    return (own + NOTHING,) if isinstance(content, Ended) else ()


REGISTRATION: Final = Service(
    NAME,
    Text("Registration for medical care away from home", "异地就医备案"),
    Cycle("services", Unit.MONTH),
    Machine(
        initial=State.NEW,
        moves={
            (State.NEW, Event.FILE): State.FILED,
            (State.NEW, Event.APPLY): State.APPLIED,
            (State.APPLIED, Event.REMIND): State.APPLIED,
            (State.APPLIED, Event.FILE): State.FILED,
            (State.APPLIED, Event.DECLINE): State.DECLINED,
            (State.FILED, Event.END): State.ENDED,
        },
    ),
    {
        Event.APPLY: Message(Application, "treating", Text("application", "备案申请")),
        Event.REMIND: Message(About, "treating", Text("reminder", "催办")),
        Event.FILE: Message(Registered, "home", Text("registration filed", "备案登记"), _short),
        Event.DECLINE: Message(Declined, "home", Text("application declined", "不予备案")),
        Event.END: Message(Ended, "home", Text("registration ended", "备案终止")),
    },
    {
        State.APPLIED: Term(
            2,
            "invented / 示意",
            Text("Remind the insured place; rescue counts as registered.", "请催办参保地；急诊抢救视同已备案。"),
        )
    },
    states={
        State.NEW: Text("new", "未发起"),
        State.APPLIED: Text("applied for", "待备案"),
        State.FILED: Text("filed", "已备案"),
        State.DECLINED: Text("declined", "不予备案"),
        State.ENDED: Text("ended", "已终止"),
    },
    tells=_tells,
)


def filings(messages: Iterable[Transaction], person: str, insurance: str) -> tuple[Filing, ...]:
    """What is filed for a person, from the messages of any cases in their order: for `medical.case.class_of`.

    What is ended holds to its last day; what ended before it began never held.
    """
    return tuple(one for one in filed(messages, person, insurance) if one.until is None or one.since <= one.until)


def filed(messages: Iterable[Transaction], person: str, insurance: str) -> tuple[Filing, ...]:
    """What was ever filed for a person, also what ended before it began: a province that told that tells of that person."""
    found: dict[tuple[str, str, str], Filing] = {}
    for told in messages:
        if told.scheme != REGISTRATION.name or told.kind not in (Event.FILE, Event.END):
            continue
        content, key = REGISTRATION.content(told), (told.home_province, told.treating_province, str(told.body["case"]))
        if isinstance(content, Registered) and (content.person, content.insurance) == (person, insurance):
            until = date.fromisoformat(content.until) if content.until else None
            found.setdefault(key, Filing(content.registration, date.fromisoformat(content.since), until, content.places))
        elif isinstance(content, Ended) and key in found:
            one, last = found[key], date.fromisoformat(content.ended_on)
            found[key] = Filing(one.kind, one.since, last if one.until is None else min(one.until, last), one.places)
    return tuple(found.values())
