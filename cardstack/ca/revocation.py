"""CRLs, written: complete, delta and indirect ones (RFC 5280 §5), and when the next is due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.issue import Authority, algorithm_identifier, signed
from cardstack.ca.register import Entry, Reason, Register
from cardstack.errors import Refused, problem
from cardstack.text import Text

WRONG_CRL = problem(
    "CS-2222",
    Text("This CRL would not be valid", "该 CRL 将无效"),
    Text("Correct what is named here; nothing was signed.", "请更正所示内容；未作任何签名。"),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a CRL covers, where it does not cover everything (issuingDistributionPoint, RFC 5280 §5.2.5)."""

    urls: tuple[str, ...] = ()
    users_only: bool = False
    authorities_only: bool = False
    reasons: tuple[Reason, ...] = ()
    indirect: bool = False

    def extension(self) -> fields.Extension:
        """The issuing distribution point; reasons are numbered as in the certificate's points (§4.2.1.13)."""
        place = der.context(0, der.context(0, b"".join(map(fields.uri, self.urls)))) if self.urls else b""
        bits = [_REASON_FLAGS[reason] for reason in self.reasons]
        parts = (
            place,
            der.implicit(1, der.TRUE) if self.users_only else b"",
            der.implicit(2, der.TRUE) if self.authorities_only else b"",
            der.implicit(3, der.flags(bits)) if bits else b"",
            der.implicit(4, der.TRUE) if self.indirect else b"",
        )
        return fields.Extension("2.5.29.28", critical=True, value=der.sequence(*parts))


_REASON_FLAGS = {
    Reason.KEY_COMPROMISE: 1,
    Reason.CA_COMPROMISE: 2,
    Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4,
    Reason.CESSATION_OF_OPERATION: 5,
    Reason.CERTIFICATE_HOLD: 6,
    Reason.PRIVILEGE_WITHDRAWN: 7,
    Reason.AA_COMPROMISE: 8,
}


def issue_crl(
    issuer: Authority,
    entries: Iterable[Entry],
    *,
    number: int,
    at: datetime,
    next_update: datetime,
    base: int | None = None,
    scope: Scope | None = None,
    freshest: Sequence[str] = (),
) -> bytes:
    """A CRL, DER. With `base` it is a delta to the complete CRL of that number.

    `entries` in the order given, except that an indirect CRL groups them by issuer.
    """
    listed = tuple(entries)
    scope = scope or Scope()
    _check(listed, number=number, at=at, next_update=next_update, base=base, scope=scope)
    if scope.indirect:
        listed = tuple(sorted(listed, key=lambda entry: entry.issuer or b""))
    extensions = [
        fields.authority_key(issuer.key_identifier),
        fields.Extension("2.5.29.20", critical=False, value=der.integer(number)),
    ]
    if base is not None:
        extensions.append(fields.Extension("2.5.29.27", critical=True, value=der.integer(base)))
    if scope != Scope():
        extensions.append(scope.extension())
    if freshest and base is None:
        extensions.append(fields.distribution_points(freshest, delta=True))
    written = _entries(listed, issuer.subject)
    tbs = der.sequence(
        der.integer(1),
        algorithm_identifier(issuer.signer.public.algorithm),
        issuer.subject,
        der.time(at),
        der.time(next_update),
        der.sequence(*written) if written else b"",
        der.context(0, fields.encode(extensions)),
    )
    return signed(tbs, issuer.signer)


def _check(entries: Sequence[Entry], *, number: int, at: datetime, next_update: datetime, base: int | None, scope: Scope) -> None:
    wrong = {
        "its number has 0 to 159 bits": number < 0 or number.bit_length() > 159,
        "it ends before it begins": next_update <= at,
        "a delta follows its base": base is not None and base >= number,
        "a certificate of another issuer needs an indirect CRL": not scope.indirect and any(one.issuer for one in entries),
        "removeFromCRL stands in deltas alone": base is None and any(one.reason is Reason.REMOVE_FROM_CRL for one in entries),
        "it covers users or authorities, not only both": scope.users_only and scope.authorities_only,
    }
    broken = [rule for rule, is_broken in wrong.items() if is_broken]
    if broken:
        raise Refused("; ".join(broken), problem=WRONG_CRL)


def _entries(entries: Sequence[Entry], own: bytes) -> list[bytes]:
    """revokedCertificates; certificateIssuer stands where the issuer changes (RFC 5280 §5.3.3)."""
    written, current = [], own
    for entry in entries:
        issuer = entry.issuer or own
        extensions = [_REASONS[entry.reason]] if entry.reason is not Reason.UNSPECIFIED else []
        if issuer != current:
            extensions.append(_certificate_issuer(issuer))
            current = issuer
        tail = der.sequence(*extensions) if extensions else b""
        written.append(der.sequence(der.integer(entry.serial), der.time(entry.at), tail))
    return written


_REASONS = {reason: fields.Extension("2.5.29.21", critical=False, value=der.enumerated(reason)).encode() for reason in Reason}


def _certificate_issuer(name: bytes) -> bytes:
    return fields.Extension("2.5.29.29", critical=True, value=der.sequence(fields.directory(name))).encode()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often CRLs come, and how much longer each is valid than that, so that a late one harms nobody."""

    every: timedelta = timedelta(days=7)
    delta_every: timedelta | None = timedelta(hours=6)
    overlap: timedelta = timedelta(days=1)

    def due(self, last: datetime | None, last_delta: datetime | None, at: datetime) -> str | None:
        """`full`, `delta` or None: what has to be made now.

        >>> from datetime import UTC
        >>> day = datetime(2026, 11, 22, tzinfo=UTC)
        >>> Schedule().due(None, None, day), Schedule().due(day, None, day + timedelta(hours=7))
        ('full', 'delta')
        """
        if last is None or at >= last + self.every:
            return "full"
        newest = max(last, last_delta or last)
        return "delta" if self.delta_every is not None and at >= newest + self.delta_every else None

    def until(self, at: datetime, *, delta: bool = False) -> datetime:
        """The nextUpdate of a CRL made at a moment."""
        step = self.delta_every if delta and self.delta_every is not None else self.every
        return at + step + (min(self.overlap, step) if delta else self.overlap)


def full_crl(issuer: Authority, register: Register, *, number: int, at: datetime, schedule: Schedule) -> bytes:
    """The complete CRL of a register; what had expired before the previous period is no longer listed."""
    entries = register.entries(kept_since=at - schedule.every - schedule.overlap)
    return issue_crl(issuer, entries, number=number, at=at, next_update=schedule.until(at), freshest=issuer.places.delta)


def delta_crl(
    issuer: Authority, register: Register, *, number: int, base: int, base_at: datetime, at: datetime, schedule: Schedule
) -> bytes:
    """What changed since the complete CRL number `base`, which was made at `base_at`."""
    until = schedule.until(at, delta=True)
    return issue_crl(issuer, register.changes(base_at), number=number, at=at, next_update=until, base=base)
