"""What an authority has issued and what became of it, folded from its events; CRLs and status answers are read from here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum

from cardstack.errors import Refused, problem
from cardstack.fsm import Machine
from cardstack.text import Text

NOT_ISSUED = problem(
    "CS-2220",
    Text("This authority issued no certificate with serial number {serial}", "本机构未签发序列号为 {serial} 的证书"),
    Text("Check the serial number and the authority.", "请核对序列号与签发机构。"),
)
ISSUED_TWICE = problem(
    "CS-2221",
    Text("Serial number {serial} is already taken", "序列号 {serial} 已被使用"),
    Text("Draw another serial number.", "请重新生成序列号。"),
)


class Reason(IntEnum):
    """Why a certificate counts no more (RFC 5280 §5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10

    @property
    def word(self) -> str:
        """As people type it.

        >>> Reason.KEY_COMPROMISE.word
        'key-compromise'
        """
        return self.name.lower().replace("_", "-")


class State(StrEnum):
    """Where a certificate stands."""

    GOOD = "good"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Act(StrEnum):
    """What an authority does with a certificate after issuing it."""

    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


CERTIFICATES: Machine[State, Act] = Machine(
    State.GOOD,
    {
        (State.GOOD, Act.SUSPEND): State.SUSPENDED,
        (State.SUSPENDED, Act.RESUME): State.GOOD,
        (State.GOOD, Act.REVOKE): State.REVOKED,
        (State.SUSPENDED, Act.REVOKE): State.REVOKED,
    },
)


@dataclass(frozen=True, slots=True)
class Record:
    """One certificate of the authority."""

    serial: int
    profile: str
    subject: str
    fingerprint: str
    valid_until: datetime
    state: State = State.GOOD
    since: datetime | None = None
    reason: Reason = Reason.UNSPECIFIED
    policies: tuple[str, ...] = ()
    """Those that it names, where they were noted."""
    resumed: datetime | None = None
    """When it last left a suspension: a delta CRL since before then says removeFromCRL."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a CRL."""

    serial: int
    at: datetime
    reason: Reason
    issuer: bytes | None = None
    """The name of the certificate's issuer, DER, where the CRL is indirect and it is another one's."""


class Register:
    """The certificates of one authority by serial number.

    >>> from datetime import UTC, datetime
    >>> day = datetime(2026, 11, 22, tzinfo=UTC)
    >>> register = Register([Record(7, "card", "CN=x", "00", day)])
    >>> register.act(7, Act.SUSPEND, day).reason
    <Reason.CERTIFICATE_HOLD: 6>
    >>> register.act(8, Act.REVOKE, day)
    Traceback (most recent call last):
    cardstack.errors.Refused: This authority issued no certificate with serial number 8
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records: dict[int, Record] = {}
        # Every serial that ever was suspended or revoked: CRLs are made from these alone, however many there are.
        self._touched: dict[int, None] = {}
        # A province has millions of cards and few of everything else.
        self._of: dict[str, list[int]] = {}
        self._counts = dict.fromkeys(State, 0)
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """A certificate was issued; its serial number is used once."""
        if record.serial in self._records:
            raise Refused(problem=ISSUED_TWICE, serial=record.serial)
        self._records[record.serial] = record
        self._of.setdefault(record.profile, []).append(record.serial)
        self._counts[record.state] += 1
        if record.state is not State.GOOD or record.resumed is not None:
            self._touched[record.serial] = None

    def act(self, serial: int, act: Act, at: datetime, reason: Reason = Reason.UNSPECIFIED) -> Record:
        """Suspend, resume or revoke; `Refused` where the state does not allow it."""
        before = self.record(serial)
        after = CERTIFICATES.after(before.state, act)
        if after is State.GOOD:
            changed = replace(before, state=after, since=None, reason=Reason.UNSPECIFIED, resumed=at)
        else:
            why = Reason.CERTIFICATE_HOLD if after is State.SUSPENDED else reason
            changed = replace(before, state=after, since=at, reason=why)
        self._records[serial] = changed
        self._counts[before.state] -= 1
        self._counts[after] += 1
        self._touched[serial] = None
        return changed

    def record(self, serial: int) -> Record:
        """The certificate of a serial number."""
        if serial not in self._records:
            raise Refused(problem=NOT_ISSUED, serial=serial)
        return self._records[serial]

    def get(self, serial: int) -> Record | None:
        """The certificate of a serial number, None where this authority issued none."""
        return self._records.get(serial)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def count(self) -> Mapping[State, int]:
        """How many there are in each state."""
        return dict(self._counts)

    @property
    def profiles(self) -> frozenset[str]:
        """The kinds of certificates that there are."""
        return frozenset(self._of)

    def of(self, *profiles: str) -> Iterator[Record]:
        """The certificates of some kinds, each kind in the order of issue."""
        return (self._records[serial] for profile in profiles for serial in self._of.get(profile, ()))

    def entries(self, kept_since: datetime | None = None) -> tuple[Entry, ...]:
        """What a complete CRL lists; what expired before `kept_since` has been on one after its end (RFC 5280 §3.3)."""
        return tuple(
            Entry(record.serial, record.since, record.reason)
            for record in map(self.record, self._touched)
            if record.since is not None and (kept_since is None or record.valid_until >= kept_since)
        )

    def changes(self, since: datetime) -> tuple[Entry, ...]:
        """What a delta CRL lists: all that changed since a moment, resumed ones as removeFromCRL (RFC 5280 §5.2.4).

        A change in the very second of the base may have come after it; listed twice it harms nobody, left out it would.
        """
        changed = []
        for record in map(self.record, self._touched):
            if record.since is not None and record.since >= since:
                changed.append(Entry(record.serial, record.since, record.reason))
            elif record.since is None and record.resumed is not None and record.resumed >= since:
                changed.append(Entry(record.serial, record.resumed, Reason.REMOVE_FROM_CRL))
        return tuple(changed)
