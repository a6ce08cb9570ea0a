"""x509-limbo's rfc5280::* cases (C2SP/x509-limbo, limbo/testcases/rfc5280), but for name constraints and CRLs, and pathlen::*."""

from datetime import UTC, datetime, timedelta

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from tests.suites.kit import CERT, CLIENT, Made, Row, Situation, ca, issue, leaf, line, root, shape

STRANGE = Extension("1.3.6.1.4.1.55738.666.1", True, b"")  # a tuple
_ISSUERS = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.2"), fields.dns("example.com")))


def aia(*, critical: bool) -> Extension:
    """AuthorityInfoAccess with a host name as the place."""
    return Extension("1.3.6.1.5.5.7.1.1", critical, _ISSUERS)


def untrusted_root() -> Situation:
    """The root of the line is at hand, but another one is trusted."""
    top = issue(root(), None)
    middle = issue(ca(length=0), top)
    return Situation(issue(leaf(), middle), [issue(root(name="unrelated"), None)], [top, middle])


def middle_is_trusted() -> Situation:
    """An authority below the root is trusted, the root only at hand."""
    top = issue(root(), None)
    middle = issue(ca(), top)
    return Situation(issue(leaf(), middle), [middle], [top])


def cross_signed_anchor() -> Situation:
    """The anchor is a certificate that another authority signed, without saying with which key."""
    middle = issue(ca(length=0, aki=False), issue(root(), None))
    return Situation(issue(leaf(), middle), [middle])


def trusted_itself(serial: int) -> Situation:
    """A self-signed certificate that is both trusted and asked about."""
    made = issue(root(name="example.com", san=("example.com",), serial=serial), None)
    return Situation(made, [made])


GENERAL: tuple[Row, ...] = (
    line("rfc5280::ee-empty-issuer", False, root(), leaf(issuer=der.sequence())),
    line("rfc5280::ca-empty-subject", False, root(subject=der.sequence()), leaf()),
    line("rfc5280::unknown-critical-extension-ee", False, root(), leaf(extra=[STRANGE]), rule="unknown-critical-extension"),
    line("rfc5280::unknown-critical-extension-root", False, root(extra=[STRANGE]), leaf(), rule="unknown-critical-extension"),
    line(
        "rfc5280::unknown-critical-extension-intermediate",
        False,
        root(),
        ca(length=0, extra=[STRANGE]),
        leaf(),
        rule="unknown-critical-extension",
    ),
    shape("rfc5280::chain-untrusted-root", False, untrusted_root),
    line("rfc5280::intermediate-ca-without-ca-bit", False, root(), ca(basic=(False, None), usage=CERT), leaf(), rule="not-a-CA"),
    line("rfc5280::intermediate-ca-missing-basic-constraints", False, root(), ca(basic=None, usage=CERT), leaf()),
    line("rfc5280::root-missing-basic-constraints", False, root(basic=None), leaf(), rule="not-a-CA"),
    line("rfc5280::root-non-critical-basic-constraints", False, root(basic_critical=False), leaf(), rule="criticality"),
    line("rfc5280::root-inconsistent-ca-extensions", False, root(usage=()), leaf()),
    line("rfc5280::ica-ku-keycertsign", False, root(), ca(length=0, usage=()), leaf()),
    line("rfc5280::leaf-ku-keycertsign", False, root(), leaf(basic=(False, None), usage=(0, 5)), rule="key-usage-consistency"),
    line("rfc5280::ee-aia", True, root(), leaf(extra=[aia(critical=False)])),
    line("rfc5280::ee-critical-aia-invalid", False, root(), leaf(extra=[aia(critical=True)]), rule="criticality"),
    line(
        "rfc5280::duplicate-extensions",
        False,
        root(),
        leaf(extra=[fields.alternative_names([fields.dns("example.com")])]),
        rule="duplicate-extension",
    ),
    line("rfc5280::no-keyusage", True, root(), leaf(usage=None)),
    line("rfc5280::no-basicconstraints", True, root(), leaf(basic=None)),
    line(
        "rfc5280::mismatching-signature-algorithm",
        False,
        root(outer=der.sequence(der.oid("1.2.840.10045.4.3.3"))),
        leaf(),
        rule="algorithm-mismatch",
    ),
    line("rfc5280::ca-as-leaf", True, root(), ca(san=("ca.example.com",)), names=["ca.example.com"]),
    line("rfc5280::ca-as-leaf-wrong-san", False, root(), ca(san=("ca.example.com",)), names=["some-other-ca.example.com"]),
    shape("rfc5280::root-and-intermediate-swapped", True, middle_is_trusted),
)

KEYS: tuple[Row, ...] = (
    line("rfc5280::aki::critical-aki", False, root(aki=True, critical_ids=True), leaf(), rule="key-identifier"),
    line("rfc5280::aki::leaf-missing-aki", False, root(), leaf(aki=False), rule="key-identifier"),
    line("rfc5280::aki::intermediate-missing-aki", False, root(), ca(length=0, aki=False), leaf(), rule="key-identifier"),
    line("rfc5280::aki::self-signed-root-missing-aki", True, root(), leaf()),
    shape("rfc5280::aki::cross-signed-root-missing-aki", False, cross_signed_anchor, rule="key-identifier"),
    line("rfc5280::ski::critical-ski", False, root(critical_ids=True), leaf(), rule="key-identifier"),
    line("rfc5280::ski::root-missing-ski", False, root(ski=False), leaf(), rule="key-identifier"),
    line("rfc5280::ski::intermediate-missing-ski", False, root(), ca(ski=False), leaf(), rule="key-identifier"),
    line("rfc5280::eku::ee-wrong-eku", False, root(), leaf(eku=(CLIENT,)), purpose="serverAuth", rule="purpose"),
    line("rfc5280::eku::ee-without-eku", True, root(), leaf(eku=None)),
    line(
        "rfc5280::pc::ica-noncritical-pc",
        False,
        root(),
        ca(extra=[fields.policy_constraints(explicit=3)._replace(critical=False)]),
        leaf(),
        rule="criticality",
    ),
    line(
        "rfc5280::san::malformed",
        False,
        root(),
        leaf(san=None, extra=[Extension("2.5.29.17", False, b"example.com")]),  # a tuple
        rule="malformed-extension",
    ),
    line("rfc5280::san::noncritical-with-empty-subject", False, root(), leaf(subject=der.sequence()), rule="empty-subject"),
    line("rfc5280::serial::too-long", False, root(), leaf(serial=1 << 170), rule="serial-number"),
    line("rfc5280::serial::zero", False, root(), leaf(serial=0), rule="serial-number"),
    shape("rfc5280::serial::negative", False, lambda: trusted_itself(-3), rule="serial-number"),
)


def dated(title: str, valid: bool, ends: tuple[int, int, int], at: str) -> Row:
    """A line whose certificates end in these years."""
    begin = datetime(2016, 1, 1, tzinfo=UTC)
    top, middle, last = (datetime(year, 1, 1, tzinfo=UTC) for year in ends)
    return line(
        title, valid, root(begin=begin, end=top), ca(begin=begin, end=middle), leaf(begin=begin, end=last), at=at, rule="expired"
    )


MARCH, APRIL = datetime(2024, 3, 1, 0, 0, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)


def spring(title: str, valid: bool, at: datetime) -> Row:
    """A line valid from the first second of March 2024 to the first of April."""
    return line(title, valid, *(spec(begin=MARCH, end=APRIL) for spec in (root, ca, leaf)), at=at)


VALIDITY: tuple[Row, ...] = (
    dated("rfc5280::validity::expired-root", False, (2020, 2026, 2023), "2022-01-01T00:00:00Z"),
    dated("rfc5280::validity::expired-intermediate", False, (2026, 2020, 2023), "2022-01-01T00:00:00Z"),
    dated("rfc5280::validity::expired-leaf", False, (2026, 2026, 2021), "2022-01-01T00:00:00Z"),
    spring("rfc5280::validity::notbefore-exact", True, MARCH),
    spring("rfc5280::validity::notbefore-fractional", False, MARCH - timedelta(milliseconds=1)),
    spring("rfc5280::validity::notafter-exact", True, APRIL),
    spring("rfc5280::validity::notafter-fractional", True, APRIL + timedelta(milliseconds=5)),
)


def lengths(title: str, valid: bool, *limits: int | None, **more: object) -> Row:
    """A root, authorities with these path lengths, and a server."""
    return line(f"pathlen::{title}", valid, root(), *(ca(length=limit) for limit in limits), leaf(), **more)


def self_issued(*limits: int | None) -> Situation:
    """The second authority is the first one once more, with another key."""
    line: list[Made] = [issue(root(), None)]
    for number, limit in enumerate(limits):
        again = {"subject": line[1].subject, "whose": "rekeyed"} if number == 1 else {}
        line.append(issue(ca(length=limit, **again), line[-1]))
    return Situation(issue(leaf(), line[-1]), line[:1], line[1:])


PATH_LENGTH: tuple[Row, ...] = (
    lengths("ee-with-intermediate-pathlen-0", True, 0),
    lengths("ee-with-intermediate-pathlen-1", True, 1),
    lengths("ee-with-intermediate-pathlen-2", True, 2),
    line("pathlen::validation-ignores-pathlen-in-leaf", True, root(), ca(length=0), ca(length=0)),
    lengths("intermediate-violates-pathlen-0", False, 0, 0, rule="path-length"),
    lengths("intermediate-pathlen-may-increase", True, 1, 2),
    lengths("intermediate-pathlen-too-long", False, 1, 0, 0, rule="path-length"),
    shape("pathlen::self-issued-certs-pathlen", True, lambda: self_issued(1, 1, 0)),
    lengths("max-chain-depth-0", True, max_depth=0),
    lengths("max-chain-depth-0-exhausted", False, None, max_depth=0, rule="path-length"),
    lengths("max-chain-depth-1", True, None, max_depth=1),
    lengths("max-chain-depth-1-exhausted", False, None, None, max_depth=1, rule="path-length"),
    shape("pathlen::max-chain-depth-1-self-issued", True, lambda: self_issued(None, None), max_depth=1),
)

ROWS = GENERAL + KEYS + VALIDITY + PATH_LENGTH
