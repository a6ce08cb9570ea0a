"""Recognition agreements: who accepts whose certificates, at which level, within which names, from when to when.

The model is the EU's tables of mutual recognition (ETSI TS 119 612 with the MRA extension): directed, dated, with the
equivalences level by level and a history that is only ever added to. Certificates follow from it (`cross`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

from cardstack.ca.issue import Authority
from cardstack.errors import Malformed, Refused, problem
from cardstack.fsm import Machine
from cardstack.text import Text

AGREEMENT = problem(
    "CS-2210",
    Text("The recognition agreement {agreement} contradicts itself", "互认协议 {agreement} 自相矛盾"),
    Text("Correct the entry named here in the table of agreements.", "请在协议表中更正所示条目。"),
)
CHINA = timezone(timedelta(hours=8), "China")


class Level(StrEnum):
    """How sure an authority is of whom it certifies, rising."""

    BASIC = "basic"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


LEVELS: Mapping[Level, Text] = {
    Level.BASIC: Text("basic", "基本"),
    Level.SUBSTANTIAL: Text("substantial", "较高"),
    Level.HIGH: Text("high", "高"),
}


class Status(StrEnum):
    """Where an agreement stands."""

    PROPOSED = "proposed"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Step(StrEnum):
    """What the parties did."""

    SIGN = "sign"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


AGREEMENTS: Machine[Status, Step] = Machine(
    Status.PROPOSED,
    {
        (Status.PROPOSED, Step.SIGN): Status.IN_FORCE,
        (Status.PROPOSED, Step.END): Status.ENDED,
        (Status.IN_FORCE, Step.SUSPEND): Status.SUSPENDED,
        (Status.IN_FORCE, Step.END): Status.ENDED,
        (Status.SUSPENDED, Step.RESUME): Status.IN_FORCE,
        (Status.SUSPENDED, Step.END): Status.ENDED,
    },
)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an agreement's history: what happened, from when it counts, and the paper that says so."""

    since: date
    step: Step
    reference: str


@dataclass(frozen=True, slots=True)
class Member:
    """An authority as agreements know it: its policies by level and the names it may give out."""

    id: str
    title: Text
    subject: bytes
    """Distinguished name of its CA, DER."""
    spki: bytes
    policies: Mapping[Level, str]
    namespace: tuple[bytes, ...] = ()
    """Directory subtrees, DER names."""
    domains: tuple[str, ...] = ()
    subject_key: bytes | None = None

    @classmethod
    def of(
        cls,
        authority: Authority,
        *,
        id: str,  # noqa: A002  # the member's own word for itself
        title: Text,
        policies: Mapping[Level, str],
        namespace: tuple[bytes, ...] = (),
        domains: tuple[str, ...] = (),
    ) -> "Member":
        """An authority of ours as a member."""
        key = authority.key_identifier
        return cls(id, title, authority.subject, authority.signer.public.spki, policies, namespace, domains, key)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One direction of recognition: `by` accepts what `of` certifies.

    `levels` is the matrix: their level on the left, what it counts as on ours on the right; a level that is not named
    is not accepted. `via` names the bridge where the two do not certify each other directly.
    """

    id: str
    by: str
    of: str
    since: date
    until: date
    levels: tuple[tuple[Level, Level], ...]
    via: str | None = None
    purposes: tuple[str, ...] = ()
    """Purposes by the names of `profile.PURPOSES`; none means all."""
    excluded: tuple[bytes, ...] = ()
    """Directory subtrees of theirs that are not accepted, DER names."""
    path_length: int = 1
    """How many authorities may stand below theirs."""
    history: tuple[Event, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        faults = {
            Text("both sides are the same", "双方相同"): self.by == self.of or self.via in (self.by, self.of),
            Text("it ends before it begins", "终止早于生效"): self.until < self.since,
            Text("no level is recognised", "未认可任何等级"): not self.levels,
            Text("a level of theirs stands twice", "对方同一等级出现两次"): len({theirs for theirs, _ in self.levels})
            != len(self.levels),
            Text("its path length is negative", "路径长度为负"): self.path_length < 0,
        }
        for fault, found in faults.items():
            if found:
                raise Malformed(fault, problem=AGREEMENT, agreement=self.id)
        if [event.since for event in self.history] != sorted(event.since for event in self.history):
            raise Malformed(
                Text("its history is not in the order of days", "其历史未按日期排列"), problem=AGREEMENT, agreement=self.id
            )
        self.status(date.max)

    def status(self, day: date) -> Status:
        """Where it stands on a day, by its history."""
        state = AGREEMENTS.initial
        for event in self.history:
            if event.since > day:
                break
            state = AGREEMENTS.after(state, event.step)
        return state

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at a moment; days are those of China."""
        day = at.astimezone(CHINA).date()
        return self.since <= day <= self.until and self.status(day) is Status.IN_FORCE

    def after(self, event: Event) -> "Agreement":
        """With one more line of history; `Refused` where its state does not allow the step."""
        return replace(self, history=(*self.history, event))

    def equivalent(self, theirs: Level) -> Level | None:
        """What a level of theirs counts as here."""
        return dict(self.levels).get(theirs)


def followed(present: Iterable[Agreement], new: Agreement, reference: str) -> tuple[Agreement, ...]:
    """The table with one more agreement, which ends those of the same direction that would still count on its first day.

    What was agreed before stays with its history; `Refused` where its id is taken.
    """
    kept = []
    for one in present:
        if one.id == new.id:
            raise Refused(Text("this id is taken", "该标识已被使用"), problem=AGREEMENT, agreement=new.id)
        ends = (one.by, one.of) == (new.by, new.of) and one.until >= new.since and one.status(new.since) is not Status.ENDED
        kept.append(one.after(Event(new.since, Step.END, reference)) if ends else one)
    return (*kept, new)


def mutual(agreement: Agreement) -> tuple[Agreement, Agreement]:
    """An agreement and its mirror; the matrix is turned round, with the lowest level where several meet.

    >>> day = date(2026, 1, 1)
    >>> one, other = mutual(Agreement("31-33", "31", "33", day, day, ((Level.HIGH, Level.HIGH),)))
    >>> other.id, other.by, other.of
    ('31-33~', '33', '31')
    """
    order = list(Level)
    turned: dict[Level, Level] = {}
    for theirs, ours in agreement.levels:
        turned[ours] = min(turned.get(ours, theirs), theirs, ours, key=order.index)
    mirror = replace(
        agreement, id=f"{agreement.id}~", by=agreement.of, of=agreement.by, levels=tuple(turned.items()), excluded=()
    )
    return agreement, mirror


def members(listed: Iterable[Member]) -> dict[str, Member]:
    """Members by id; `Refused` where two share one."""
    found: dict[str, Member] = {}
    for member in listed:
        if member.id in found:
            raise Refused(
                Text(f"two members are called {member.id}", f"有两个成员同名 {member.id}"), problem=AGREEMENT, agreement=member.id
            )
        found[member.id] = member
    return found
