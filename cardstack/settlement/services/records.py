"""Portable records of employment and qualifications: read from the card, confirmed by the province that issued them.

Whoever reads a record asks its issuer whether it still stands. Only a digest of what was read travels, so a query
discloses nothing to a place that does not hold the record already.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec

from cardstack.errors import Malformed
from cardstack.fsm import Machine
from cardstack.settlement.scheme import Cycle, Unit
from cardstack.settlement.services.case import Message, Service, Term
from cardstack.settlement.services.certification import Case, Day, Digest, Office
from cardstack.settlement.transaction import exactly
from cardstack.text import Text

Kind = Literal["employment", "unemployment", "occupation", "title", "skill", "training"]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record as it was read from a card: its kind, its number at the issuer, the digest of its bytes, and why it is asked."""

    case: Case
    kind: Kind
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    content_sha256: Digest
    purpose: Literal["hiring", "benefit", "registration", "subsidy"]
    office: Office


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the issuer says of it: stands, was changed since, was revoked, is not known."""

    case: Case
    standing: Literal["valid", "changed", "revoked", "unknown"]
    as_of: Day
    revoked_on: Annotated[str, exactly(r"(20\d\d-\d\d-\d\d)?")] = ""

    def __post_init__(self) -> None:
        if (self.standing == "revoked") != bool(self.revoked_on):
            raise Malformed(
                Text(
                    "field `revoked_on`: where the record is revoked, and only there",
                    "字段 `revoked_on`：仅记录已撤销时填写，且必填",
                )
            )


class State(StrEnum):
    """Where a query is."""

    NEW = "new"
    ASKED = "asked"
    ANSWERED = "answered"


class Event(StrEnum):
    """Its messages."""

    QUERY = "query"
    REMIND = "remind"
    CONFIRM = "confirm"


def content_digest(records: tuple[bytes, ...]) -> str:
    """The digest of a record as its bytes stand on the card, each part with its length.

    >>> content_digest((b"a", b"bc")) == content_digest((b"ab", b"c"))
    False
    """
    return sha256(b"".join(len(part).to_bytes(4) + part for part in records)).hexdigest()


def confirm(query: Query, held: dict[str, tuple[str, str]], day: str) -> Answer:
    """The issuer's answer from what it holds: number -> (digest, day of revocation or nothing)."""
    if query.number not in held:
        return Answer(query.case, "unknown", day)
    digest, revoked = held[query.number]
    if revoked:
        return Answer(query.case, "revoked", day, revoked)
    return Answer(query.case, "valid" if digest == query.content_sha256 else "changed", day)


RECORDS: Final = Service(
    "portable-record",
    Text("Portable employment and qualification records", "就业与职业资格信息异地核验"),
    Cycle("services", Unit.MONTH),
    Machine(
        initial=State.NEW,
        moves={
            (State.NEW, Event.QUERY): State.ASKED,
            (State.ASKED, Event.REMIND): State.ASKED,
            (State.ASKED, Event.CONFIRM): State.ANSWERED,
        },
    ),
    {
        Event.QUERY: Message(Query, "treating", Text("query", "核验请求")),
        Event.REMIND: Message(Query, "treating", Text("reminder", "催办")),
        Event.CONFIRM: Message(Answer, "home", Text("confirmation by the issuer", "发证地核验结果")),
    },
    {State.ASKED: Term(3, "invented / 示意", Text("Remind the issuing province.", "请催办发证地。"))},
    states={State.NEW: Text("new", "未发起"), State.ASKED: Text("asked", "待核验"), State.ANSWERED: Text("answered", "已核验")},
)
