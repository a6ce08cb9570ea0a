"""What the interface gives, declared for its description and checked by its tests; amounts are whole fen."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cardstack.ca.agreement import Level
from cardstack.settlement.answer import Outcome
from cardstack.settlement.ledger import State
from cardstack.settlement.reconcile import Difference
from cardstack.settlement.window import Stage

MESSAGE = r"^[A-Z0-9]{12}\d{18}$"
WINDOW = r"^[a-z][a-z0-9-]{0,39}-\d{4}-\d{2}(-\d{2})?$"


class Shape(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemShape(Shape):
    """An error (RFC 9457): `code` never changes, `title`, `detail` and `remedy` are in the language asked for."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(examples=["CS-4021"])
    remedy: str
    titles: dict[str, str]
    details: dict[str, str]
    facts: dict[str, Any]


class AnswerShape(Shape):
    """The answer to one transaction; `entry`, `state` and `window` are there where it stands in the ledger."""

    id: str
    outcome: Outcome
    entry: int | None = None
    state: str | None = None
    window: str | None = None
    code: str | None = None
    title: str | None = None
    reason: str | None = None
    reason_text: str | None = None


class AnswersShape(Shape):
    """The answers to a batch, a line each, in order; `state` is `received` while some lines wait to be judged."""

    batch: str = Field(description="the envelope's SHA-256, by which the batch can be asked for")
    state: str
    answers: list[AnswerShape]
    receipt: str | None = Field(default=None, description="the service's signed receipt (cardstack-receipt/1), base64")


class BatchShape(AnswersShape):
    """A batch that is kept, with its present answers."""

    node: str
    received_at: str
    posted_at: str | None


class RefusalShape(Shape):
    """A refused line: why, who sent it, and in which line of which envelope."""

    id: str
    outcome: Outcome
    title: str
    reason: str
    reason_text: str
    node: str
    envelope: str
    line: int
    digest: str
    at: str


class RefusalsShape(Shape):
    """The refused lines of a message id, the newest first."""

    refusals: list[RefusalShape]


class PostingShape(Shape):
    """Money that one party owes another, is reserved to owe, or no longer is."""

    seq: int
    debtor: str
    creditor: str
    amount_fen: int
    kind: str
    rule: str
    phase: str


class TransactionShape(Shape):
    """A transaction in the ledger, in its present state, with its postings."""

    seq: int
    id: str
    scheme: str
    kind: str
    sender: str
    home: str
    treating: str
    occurred_at: str
    amount_fen: int
    state: State
    window: str | None
    refers: str | None
    digest: str
    envelope: int
    line: int
    block: int
    postings: list[PostingShape]


class WindowShape(Shape):
    """A settlement window."""

    id: str
    cycle: str
    stage: Stage
    opened_at: str


class PositionShape(Shape):
    """One party's position in a window; the nets of a window sum to zero."""

    party: str
    receives_fen: int
    pays_fen: int
    net_fen: int


class WindowDetailShape(WindowShape):
    """A window with every party's position."""

    positions: list[PositionShape]


class WindowsShape(Shape):
    """The windows, the newest of each cycle first."""

    windows: list[WindowShape]


class EventShape(Shape):
    """Something that happened; `seq` is the cursor."""

    seq: int
    at: str
    kind: str
    subject: str
    data: dict[str, Any]


class EventsShape(Shape):
    """What happened after a cursor; `next` is the cursor to ask with the next time."""

    events: list[EventShape]
    next: int


class StatusShape(Shape):
    """Whether the service is well."""

    status: str
    version: str
    role: str
    node: str
    time: str


class MessagePath(BaseModel):
    """A message id in a path."""

    message: str = Field(pattern=MESSAGE, description="the sender's message id, 30 characters")


class BatchPath(BaseModel):
    """A batch in a path."""

    batch: str = Field(pattern=r"^[0-9a-f]{64}$", description="the SHA-256 of the signed envelope")


class WindowPath(BaseModel):
    """A window's id in a path."""

    window: str = Field(pattern=WINDOW, description="cycle and day or month")


class CodePath(BaseModel):
    """A problem's code in a path."""

    code: str = Field(pattern=r"^CS-\d{4}$")


class WindowsQuery(BaseModel):
    """Which windows."""

    model_config = ConfigDict(extra="forbid")
    cycle: str | None = Field(default=None, max_length=40)
    stage: Stage | None = None


class EventsQuery(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")
    after: int = Field(default=0, ge=0, le=2**53 - 1)
    limit: int = Field(default=100, ge=1, le=1000)


class ClockBody(BaseModel):
    """What time it shall be: far enough from both ends of the calendar that every deadline can be counted."""

    model_config = ConfigDict(extra="forbid")
    moment: AwareDatetime = Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))


class BookRange(BaseModel):
    """Which part of a sender's book: a scheme and whole days."""

    model_config = ConfigDict(extra="forbid")
    sender: str = Field(pattern=r"^\d\d(\.[a-z0-9-]{1,32}){1,3}$")
    scheme: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    begin: date
    end: date


class DayTotal(BaseModel):
    """The sender's total of one day; reversed lines do not count."""

    model_config = ConfigDict(extra="forbid")
    day: date
    count: int = Field(ge=0, le=10**9)
    amount_fen: int = Field(ge=0, le=2**53 - 1)


class TotalsBody(BookRange):
    """A sender's totals (as message 3201)."""

    totals: list[DayTotal] = Field(max_length=400)


class BookLine(BaseModel):
    """One line as the sender has it."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=MESSAGE)
    day: date
    amount_fen: int = Field(ge=0, le=2**53 - 1)
    reversed: bool = False


class LinesBody(BookRange):
    """A sender's lines (as message 3202)."""

    lines: list[BookLine] = Field(max_length=8190)


class TotalShape(Shape):
    """A day's totals in both books."""

    day: str
    our_count: int
    our_fen: int
    their_count: int
    their_fen: int
    equal: bool


class TotalsShape(Shape):
    """Every day's totals; `equal` where all are."""

    equal: bool
    days: list[TotalShape]


class MismatchShape(Shape):
    """A line that differs."""

    difference: Difference
    text: str
    day: str
    id: str
    our_fen: int | None
    their_fen: int | None


class MismatchesShape(Shape):
    """The lines that differ."""

    mismatches: list[MismatchShape]


class ItemShape(Shape):
    """Something in a node's outbox; `answer` is the hub's answers, a line each, or its problem."""

    seq: int
    state: str
    attempts: int
    due_at: str
    answer: list[dict[str, Any]] | dict[str, Any] | None


class PresettlementBody(BaseModel):
    """A medical claim; the totals that it holds of the year, and of accounts, are not looked at."""

    model_config = ConfigDict(extra="forbid")
    claim: dict[str, Any] = Field(description="the member `claim` of a medical message")
    day: date | None = Field(default=None, description="whose figures apply; today where none is given")
    instead_of: str = Field(default="", max_length=30, description="the message that was taken back and that this bill corrects")


class RunningShape(Shape):
    """A running total that the split rests on, by the policy's key: as it is, what the bill adds, and its cap."""

    key: str
    before_fen: int
    add_fen: int
    cap_fen: int | None


class StepShape(Shape):
    """One line of the explanation, in order of calculation."""

    name: str
    what: dict[str, str]
    amount_fen: int
    rule: str
    reference: str
    facts: dict[str, Any]


class PresettlementShape(Shape):
    """What a bill would come to; `scheme`, `amount_fen` and `body` are those of the message to send."""

    scheme: str
    day: str
    amount_fen: int
    body: dict[str, Any] = Field(description="claim, split (setlinfo) and setldetail, to be sent as they are")
    totals: list[RunningShape]
    steps: list[StepShape]


class RecognitionsBody(BaseModel):
    """Certificates that a relying party was shown."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(pattern=r"^[0-9a-z][0-9a-z-]{0,30}$", description="the authority of the relying party's own province")
    certificates: list[Annotated[str, Field(max_length=16_384)]] = Field(min_length=1, max_length=100, description="PEM each")
    level: Level = Field(default=Level.BASIC, description="the least level that is good enough")
    purpose: Literal["", "card", "terminal", "message", "operator", "client-auth", "server-auth", "signature", "encryption"] = ""
    revocation: Literal["require", "soft"] = Field(default="require", description="soft: unknown revocation status passes")


class WhyShape(Shape):
    """Why: in words, with the code of a refusal."""

    code: str | None
    title: str
    detail: str


class RecognitionShape(Shape):
    """One answer: the level and the policy are those of the relying party's own province."""

    accepted: bool
    fingerprint: str | None = None
    level: Level | None = None
    policy: str | None = None
    path: list[str] = []
    rule: str | None = None
    clause: str | None = None
    why: WhyShape


class RecognitionsShape(Shape):
    """The answers, in order."""

    answers: list[RecognitionShape]
