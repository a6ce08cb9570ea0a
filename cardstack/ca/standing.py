"""Whether a certificate still stands: CRLs by RFC 5280 §6.3.3 and OCSP by RFC 6960 §3.2, within one path."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from cardstack.ca import baseline, signatures, tables
from cardstack.ca.baseline import Baseline
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import REASONS, REMOVE_FROM_CRL, Crl, Entry
from cardstack.ca.extensions import ALL_REASONS, CRL_SIGN, DIGITAL_SIGNATURE, IssuingPoint, Point
from cardstack.ca.names import DIRECTORY, GeneralName, Name, relative
from cardstack.ca.ocsp import OcspResponse, Single
from cardstack.ca.signatures import Verdict
from cardstack.ca.tables import Breach
from cardstack.errors import Malformed
from cardstack.text import Text

OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
AGE_MAX = timedelta(days=1)
"""How long an OCSP answer without nextUpdate counts; its responder says that newer ones are always to be had."""
_IMPLIED = Point()


class Holder(NamedTuple):
    """An authority that the path has already vouched for: its name, its working key and its certificate."""

    name: Name
    spki: bytes
    certificate: Certificate | None


class Finding(NamedTuple):
    """What one piece of evidence came to: the rule it breaks (None where it was used) and what was found."""

    rule: str | None
    about: str
    source: str


class Crls:
    """CRLs by their issuer's name, complete ones and deltas apart; made once for many validations."""

    def __init__(self, crls: Iterable[Crl] = ()) -> None:
        self.complete: dict[Name, list[Crl]] = {}
        self.deltas: dict[Name, list[Crl]] = {}
        self.count = 0
        self.indirect = False
        for crl in dict.fromkeys(crls):
            (self.deltas if crl.is_delta else self.complete).setdefault(crl.issuer, []).append(crl)
            self.count += 1
            self.indirect |= crl.indirect
        for found in self.complete.values():
            found.sort(key=lambda crl: (crl.this_update, crl.number or 0), reverse=True)

    def spoken_by(self, issuer: Name, subject_issuer: Name) -> list[Crl]:
        """The complete CRLs of an issuer that may list certificates of another: for its own all, for others indirect ones."""
        found = self.complete.get(issuer, [])
        return found if issuer == subject_issuer else [crl for crl in found if crl.indirect]

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(slots=True)
class Inquiry:
    """What one validation asks with: the evidence, the moment, and who else can be vouched for."""

    at: datetime
    crls: Crls
    ocsp: tuple[OcspResponse, ...]
    signers: Callable[[Name], Iterable[Certificate]]
    vouch: Callable[[Certificate], bool]
    """Whether a CRL signer's own path leads to the same anchor."""
    spend: Callable[[int], None]
    """Count work against the budget."""
    conforming: bool = False
    """Whether a CRL has to have what a conforming issuer puts there."""
    baseline: Baseline | None = None
    """The baseline requirements that it is held to."""
    findings: list[Finding] | None = field(default=None)

    def note(self, rule: str | None, about: str, source: str) -> None:
        """Keep a finding for an explanation, where one is asked for."""
        if self.findings is not None:
            self.findings.append(Finding(rule, about, source))


def standing(certificate: Certificate, holders: tuple[Holder, ...], inquiry: Inquiry) -> Breach | None:
    """The rule that keeps a certificate from standing, with what was found; None where it stands.

    `holders` are the authorities of its path, the anchor first and its issuer last.
    """
    about = [(one, one.about(certificate, holders[-1].name, holders[-1].spki)) for one in inquiry.ocsp]
    answered = [(response, answer) for response, answer in about if answer is not None]
    # The newest answer is believed; of two equally new ones that which revokes.
    for response, answer in sorted(answered, key=lambda pair: (pair[1].this_update, pair[1].status == "revoked"), reverse=True):
        rule = _ocsp_problem(response, answer, holders[-1], inquiry)
        inquiry.note(rule, answer.status, f"OCSP {response.fingerprint[:8]}")
        if rule is None and answer.status == "good":
            return None
        if rule is None and answer.status == "revoked":
            return tables.REVOKED, f"OCSP: {REASONS.get(answer.reason, answer.reason)}"
    found = _by_crls(certificate, holders, inquiry)
    if found is not None and found[0] == tables.REVOCATION_UNKNOWN and answered:
        return tables.OCSP, ""
    return found


def _by_crls(certificate: Certificate, holders: tuple[Holder, ...], inquiry: Inquiry) -> Breach | None:
    """§6.3.3: point by point until every reason is covered, at last as if there were a point with the issuer's name.

    The newest CRL comes first and is believed over older ones, which may lack a revocation or still have one that was
    lifted. Where there are several equally new ones (an authority that changes its key), each of them may revoke.
    """
    covered: frozenset[int] = frozenset()
    settled: datetime | None = None
    worst = tables.REVOCATION_UNKNOWN
    for point, crl in _spoken(certificate, inquiry.crls):
        inquiry.spend(1)
        if settled is not None and (crl is None or crl.this_update < settled):
            break
        rule = tables.CRL_SCOPE if crl is None else _scope_problem(crl, certificate, point)
        interim = covered if crl is None else crl.reasons & point.reasons
        if crl is None or (rule is None and settled is None and interim <= covered):
            worst = max(worst, rule or worst, key=_order)
            continue
        rule = rule or _crl_problem(crl, holders, inquiry)
        if rule is not None:
            inquiry.note(rule, "", crl.label)
            worst = max(worst, rule, key=_order)
            continue
        entry, source = _looked_up(crl, certificate, holders, inquiry)
        inquiry.note(None, "listed" if entry else "not listed", source)
        if entry is not None:
            return tables.REVOKED, f"{source}: {REASONS.get(entry.reason, entry.reason)}"
        covered |= interim
        if covered == ALL_REASONS:
            settled = settled or crl.this_update
    if settled is not None:
        return None
    return (tables.REVOCATION_UNKNOWN, Text("some reasons are not covered", "部分吊销原因未被覆盖")) if covered else (worst, "")


def _spoken(certificate: Certificate, crls: Crls) -> Iterator[tuple[Point, Crl | None]]:
    """The CRLs that may speak of a certificate, point by point and newest first.

    None stands for one that is missing: there are CRLs that speak for others, but none by whom the certificate's point
    names (PKITS 4.14.26).
    """
    for point in (*certificate.points, _IMPLIED):
        for issuer in point.issuer_names or ((certificate.issuer,) if not point.issuers else ()):
            if point.issuers and crls.indirect and issuer not in crls.complete:
                yield point, None
            for crl in crls.spoken_by(issuer, certificate.issuer):
                yield point, crl


def _order(rule: str) -> int:
    return tables.RULES[rule].order


def _scope_problem(crl: Crl, certificate: Certificate, point: Point) -> str | None:
    """Whether this CRL can speak about this certificate at this point (§6.3.3 (b))."""
    scope = crl.scope
    if scope is None:
        return None
    other_half = scope.users_only if certificate.is_ca else scope.authorities_only
    if other_half or scope.attributes_only:
        return tables.CRL_SCOPE
    if (scope.names or scope.relative) and not _names_meet(crl.issuer, scope, certificate, point):
        return tables.CRL_SCOPE
    return None


def _names_meet(issuer: Name, scope: IssuingPoint, certificate: Certificate, point: Point) -> bool:
    theirs = _full(issuer, scope.names, scope.relative)
    if point is _IMPLIED:
        mine: frozenset[GeneralName] = frozenset({GeneralName(DIRECTORY, certificate.issuer)})
    elif point.names or point.relative:
        mine = _full(next(iter(point.issuer_names), certificate.issuer), point.names, point.relative)
    else:
        mine = frozenset(point.issuers)
    return bool(mine & theirs)


@lru_cache(maxsize=256)
def _full(base: Name, names: tuple[GeneralName, ...], rdn: bytes | None) -> frozenset[GeneralName]:
    """The names of a distribution point, the relative one made full."""
    if rdn is None:
        return frozenset(names)
    try:
        return frozenset({GeneralName(DIRECTORY, relative(base, rdn))})
    except Malformed:
        return frozenset()


def _crl_problem(crl: Crl, holders: tuple[Holder, ...], inquiry: Inquiry) -> str | None:
    """Whether a CRL can be used at all: its extensions, its time, its signature and its signer (§6.3.3 (a), (f), (g))."""
    if crl.unusable or crl.inner_algorithm != crl.outer_algorithm or (inquiry.conforming and not crl.conforms):
        return tables.CRL_EXTENSION
    if inquiry.baseline is not None and baseline.of_a_list(inquiry.baseline, crl) is not None:
        return tables.BASELINE
    if not _current(crl.this_update, crl.next_update, inquiry.at):
        return tables.CRL_EXPIRED
    return _signer_problem(crl, holders, inquiry)


def _current(since: datetime, until: datetime | None, at: datetime) -> bool:
    return until is not None and since <= at <= until


def _signer_problem(crl: Crl, holders: tuple[Holder, ...], inquiry: Inquiry) -> str | None:
    """Who signed: an authority of the path, or another certificate of the same name that leads to the same anchor."""
    worst = tables.CRL_SIGNATURE
    for holder in reversed(holders):
        if holder.name == crl.issuer and _signed(crl, holder.spki, inquiry):
            if _may_sign(holder.certificate):
                return None
            worst = tables.CRL_USAGE
    for signer in _by_key(crl, inquiry.signers(crl.issuer)):
        if not _signed(crl, signatures.working_key(signer.spki, holders[-1].spki), inquiry):
            continue
        if not _may_sign(signer):
            rule = tables.CRL_USAGE
        elif inquiry.vouch(signer):
            return None
        else:
            rule = tables.CRL_PATH
        worst = max(worst, rule, key=_order)
    return worst


def _by_key(crl: Crl, signers: Iterable[Certificate]) -> list[Certificate]:
    """Signers whose key identifier is the one the CRL names come first."""
    named = crl.authority_key.key if crl.authority_key else None
    return sorted(signers, key=lambda signer: signer.subject_key != named)


def _signed(crl: Crl, spki: bytes, inquiry: Inquiry) -> bool:
    inquiry.spend(signatures.price(crl.fingerprint, spki))
    tbs = memoryview(crl.raw)[crl.tbs[0] : crl.tbs[1]]
    return signatures.verdict(crl.fingerprint, spki, crl.outer_algorithm, crl.signature, tbs) is Verdict.GOOD


def _may_sign(certificate: Certificate | None) -> bool:
    return certificate is None or certificate.key_usage is None or CRL_SIGN in certificate.key_usage


def _looked_up(crl: Crl, certificate: Certificate, holders: tuple[Holder, ...], inquiry: Inquiry) -> tuple[Entry | None, str]:
    """The entry in the newest usable delta, or in the complete CRL (§6.3.3 (i) to (k))."""
    for delta in sorted(inquiry.crls.deltas.get(crl.issuer, ()), key=lambda one: -(one.number or 0)):
        if not _updates(delta, crl) or _crl_problem(delta, holders, inquiry) is not None:
            continue
        entry = delta.entry(certificate.issuer, certificate.serial)
        if entry is not None:
            return (None if entry.reason == REMOVE_FROM_CRL else entry), delta.label
        break
    return crl.entry(certificate.issuer, certificate.serial), crl.label


def _updates(delta: Crl, crl: Crl) -> bool:
    """Whether a delta may be laid over a complete CRL: same scope, same key, base not newer (§5.2.4, §6.3.3 (c))."""
    if delta.scope != crl.scope or crl.number is None or delta.number is None or delta.base_number is None:
        return False
    return delta.authority_key == crl.authority_key and delta.base_number <= crl.number < delta.number


def _ocsp_problem(response: OcspResponse, answer: Single, issuer: Holder, inquiry: Inquiry) -> str | None:
    """Whether an OCSP answer can be used: its time, its signature and its signer (RFC 6960 §3.2, §4.2.2.2)."""
    if response.unknown_critical or answer.unknown_critical:
        return tables.OCSP
    if answer.this_update > inquiry.at or not _fresh(answer, inquiry.at):
        return tables.OCSP
    if response.signed_by(issuer.name, issuer.spki) and _responded(response, issuer.spki, inquiry):
        return None
    delegates = (one for one in response.certificates if response.signed_by(one.subject, one.spki))
    return (
        None
        if any(_delegated(one, issuer, inquiry) and _responded(response, one.spki, inquiry) for one in delegates)
        else tables.OCSP
    )


def _fresh(answer: Single, at: datetime) -> bool:
    return at - answer.this_update <= AGE_MAX if answer.next_update is None else at <= answer.next_update


def _responded(response: OcspResponse, spki: bytes, inquiry: Inquiry) -> bool:
    inquiry.spend(signatures.price(response.fingerprint, spki))
    tbs = response.raw[response.tbs[0] : response.tbs[1]]
    return signatures.verdict(response.fingerprint, spki, response.algorithm, response.signature, tbs) is Verdict.GOOD


def _delegated(responder: Certificate, issuer: Holder, inquiry: Inquiry) -> bool:
    """A responder that the issuer itself certified for OCSP, valid now, with a key that may sign, and not revoked."""
    usable = (
        responder.issuer == issuer.name
        and OCSP_SIGNING in (responder.extended_key_usage or ())
        and DIGITAL_SIGNATURE in (responder.key_usage or {DIGITAL_SIGNATURE})
        and not (responder.defects or responder.repeated or responder.unknown_critical)
        and responder.valid_from <= inquiry.at <= responder.valid_until
    )
    if not usable:
        return False
    inquiry.spend(signatures.price(responder.fingerprint, issuer.spki))
    signed = signatures.verdict(responder.fingerprint, issuer.spki, responder.outer_algorithm, responder.signature, responder.tbs)
    if signed is not Verdict.GOOD:
        return False
    if responder.no_check:
        return True
    found = _by_crls(responder, (issuer,), inquiry)
    return found is None or found[0] != tables.REVOKED
