"""x509-limbo's crl::* cases (limbo/testcases/crl and limbo/testcases/rfc5280/crl.py): what a list may say and who may say it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from tests.suites.kit import AT, CERT, Row, Situation, ca, issue, key, leaf, line, root, shape
from tests.suites.rfc5280 import STRANGE

DAY = timedelta(days=1)
CRITICAL_NUMBER = Extension("2.5.29.20", True, b"\x02\x01\x09")  # a tuple
URI, ELSEWHERE = "http://example.com/partition.crl", "http://example.com/other.crl"
_UNKNOWN = STRANGE._replace(critical=False)


def point(*names: bytes, relative: bytes = b"", flags: dict[int, bool] | None = None, reasons: bytes = b"") -> Extension:
    """An issuingDistributionPoint (RFC 5280 §5.2.5)."""
    place = der.context(0, der.context(0, b"".join(names))) if names else der.context(0, relative) if relative else b""
    said = {number: der.implicit(number, der.boolean(value)) for number, value in (flags or {}).items()}
    said |= {3: reasons} if reasons else {}
    return Extension("2.5.29.28", True, der.sequence(place, *(said[number] for number in sorted(said))))  # a tuple


def at(*names: bytes) -> Extension:
    """The cRLDistributionPoints of a certificate, one point with these names."""
    return Extension("2.5.29.31", False, der.sequence(der.sequence(der.context(0, der.context(0, b"".join(names))))))


def listed(
    title: str, valid: bool, lists: Callable[..., Sequence[bytes]], *, top: Any = None, last: Any = None, **more: Any
) -> Row:
    """A server below a root, and the root's lists; `lists` is called with both."""
    return line(f"crl::{title}", valid, root(**top or {}), leaf(**last or {}), crls=lists, **more)


def mine(title: str, valid: bool, last: Any = None, rule: str | None = None, **written: Any) -> Row:
    """The root's list names somebody else."""
    return listed(title, valid, lambda top, _: [top.crl(7777, **written)], last=last, rule=rule)


def revoked(title: str, valid: bool, when: datetime = AT - DAY, extensions: Sequence[Extension] = (), **written: Any) -> Row:
    """The root's list names the server."""
    entry = (when, extensions)
    last = written.pop("last", None)
    return listed(title, valid, lambda top, end: [top.crl((end.serial, *entry), **written)], last=last)


def scoped(title: str, valid: bool, scope: Extension, *places: bytes, rule: str | None = "crl-scope-mismatch") -> Row:
    """The root's empty list has a scope, the server a distribution point."""
    last = {"extra": [at(*places)]} if places else {}
    return listed(title, valid, lambda top, _: [top.crl(extra=[scope])], last=last, rule=None if valid else rule)


def two_roots(*, wrong_key: bool) -> Situation:
    """Two trusted roots: the other one lists the same serial number, or signs in the first one's name."""
    first, second = (issue(root(name=f"Root CA {number}"), None) for number in (1, 2))
    end = issue(leaf(), first)
    if wrong_key:
        return Situation(end, [first, second], (), [second.crl(7777, issuer=first.subject)])
    return Situation(end, [first, second], (), [first.crl(), second.crl(end.serial)])


def for_users_only() -> Situation:
    """The root's list is for end entities, and one is needed for the authority below it."""
    top = issue(root(), None)
    middle = issue(ca(), top)
    end = issue(leaf(), middle)
    return Situation(end, [top], [middle], [top.crl(extra=[point(flags={1: True})]), middle.crl()])


def general_time(moment: datetime) -> bytes:
    """GeneralizedTime, whatever the year."""
    return der.generalized(moment)


CORE: tuple[Row, ...] = (
    revoked("revoked-certificate-with-crl", False),
    mine("crlnumber-missing", False, number=None, rule="unknown-critical-crl-extension"),
    mine("certificate-not-on-crl", True),
    shape("crl::certificate-serial-on-crl-different-issuer", True, lambda: two_roots(wrong_key=False)),
    mine(
        "crlnumber-critical", False, number=Extension("2.5.29.20", True, b"\x02\x01\x09"), rule="unknown-critical-crl-extension"
    ),
    listed("issuer-missing-crlsign", False, lambda top, _: [top.crl(7777)], top={"usage": CERT}, rule="crl-key-usage"),
    listed("issuer-no-keyusage-extension", True, lambda top, _: [top.crl(7777)], top={"usage": None}),
    mine("issuer-valid-crlsign-and-keycertsign", True),
    mine("crl-invalid-signature", False, secret=key("P-256", "stranger"), rule="crl-bad-signature"),
    shape("crl::crl-wrong-signing-key", False, lambda: two_roots(wrong_key=True), rule="crl-bad-signature"),
    mine("no-authority-key-identifier", True, aki=False),
    listed("crl-empty", True, lambda top, _: [top.crl()]),
    listed("crl-very-large", True, lambda top, _: [top.crl(*range(1 << 64, (1 << 64) + 10_000))]),
    mine("crl-unknown-critical-extension", False, extra=[STRANGE], rule="unknown-critical-crl-extension"),
    mine("crl-unknown-noncritical-extension", True, extra=[_UNKNOWN]),
    revoked("entry-unknown-critical-extension", False, extensions=[STRANGE]),
    revoked("entry-unknown-noncritical-extension", False, extensions=[_UNKNOWN]),
)

TIME: tuple[Row, ...] = (
    mine("this-update-in-future", False, begin=AT + DAY, end=AT + 30 * DAY, rule="crl-expired"),
    mine("next-update-in-past", False, begin=AT - 60 * DAY, end=AT - 30 * DAY, rule="crl-expired"),
    revoked("revocation-date-in-future", False, AT + DAY),
    revoked("revocation-date-before-not-before", False, AT - 60 * DAY, last={"begin": AT - 30 * DAY}),
    mine("crl-validity-no-overlap", False, begin=AT - 365 * DAY, end=AT - 180 * DAY, last={"begin": AT - 30 * DAY}),
)

SCOPE: tuple[Row, ...] = (
    scoped("idp-cdp-scope-mismatch", False, point(fields.uri(ELSEWHERE)), fields.uri("http://example.com/cdp.crl")),
    scoped("idp-cdp-scope-match", True, point(fields.uri(URI)), fields.uri(URI)),
    shape("crl::idp-only-contains-user-certs-ca-target", False, for_users_only, rule="crl-scope-mismatch"),
    scoped("idp-only-contains-ca-certs-ee-target", False, point(flags={2: True})),
    scoped("idp-present-certificate-missing-cdp", False, point(fields.uri(URI))),
    scoped(
        "idp-present-certificate-cdp-non-uri-generalname",
        False,
        point(fields.uri(URI)),
        fields.uri(URI),
        fields.dns("example.com"),
        rule=None,
    ),
    scoped("idp-only-contains-attribute-certs", False, point(flags={5: True})),
    scoped("idp-name-relative-to-crl-issuer", False, point(relative=der.implicit(1, der.name(CN="partition")[2:]))),
    scoped(
        "idp-fullname-non-uri-generalname",
        False,
        point(fields.uri(URI), fields.dns("example.com")),
        fields.uri(URI),
        rule=None,
    ),
    scoped("idp-indirect-crl", False, point(fields.uri(URI), flags={4: True}), fields.uri(URI), rule=None),
    scoped(
        "idp-only-some-reasons-no-complete-crl",
        False,
        point(fields.uri(URI), reasons=b"\x83\x02\x06\x40"),
        fields.uri(URI),
        rule="revocation-undetermined",
    ),
    scoped(
        "idp-uri-not-byte-identical",
        False,
        point(fields.uri("http://example.com/crls/shard.crl")),
        fields.uri("http://example.com/crls/%73hard.crl"),
    ),
)

# These lists cannot be used, so the suite expects that the certificate which they revoke passes. Where nothing can be
# known, nothing is accepted here, unless the relying party said that this is enough (revocation: soft).
UNUSABLE: tuple[Row, ...] = (
    revoked("crl-invalid-version", True, version=3),
    revoked("crl-update-generalizedtime-2025", True, encode=general_time),
    revoked("crl-missing-next-update", True, end=None),
)

CABF: tuple[Row, ...] = (
    line("webpki::crl-duplicate-revoked-serial", False, root(), leaf(), crls=lambda top, _: [top.crl(7777, 7777)]),
)

ROWS = CORE + TIME + SCOPE + UNUSABLE
