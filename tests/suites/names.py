"""x509-limbo's rfc5280::nc::* cases (limbo/testcases/rfc5280/nc.py), and its CVE cases about constraints."""

from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca import fields
from tests.suites.kit import CLIENT, Made, Row, Situation, ca, issue, leaf, line, root, shape

NC = "rfc5280::nc::"
NET, HOME6 = "IP:192.0.2.0/24", "IP:::1/128"
PRIVATE = "1.3.6.1.4.1.55738.666.3"
_BARE4, _BARE6 = (fields.address(text) for text in ("127.0.0.1", "::1"))


def other(oid: str, value: bytes) -> bytes:
    """An otherName: its kind and its value."""
    return der.context(0, der.oid(oid) + der.context(0, value))


def one(
    title: str, valid: bool, san: list[str | bytes], *, below: bool = False, names: list[str] | None = None, **sides: Any
) -> Row:
    """A server below a root, or an authority, with constraints."""
    kept = {name: sides.pop(name) for name in ("permitted", "excluded", "constraints_critical") if name in sides}
    end = leaf(san=san, **sides.pop("leaf", {}))
    above = (root(), ca(san=None, **kept)) if below else (root(**kept),)
    # Where the first name is a host, it is asked for.
    asked = [str(san[0])] if names is None else names
    return line(title, valid, *above, end, names=asked, **sides)


def mail(
    title: str, valid: bool, san: list[str | bytes], names: list[str], *, permitted: list[str | bytes], below: bool = True
) -> Row:
    """A person's certificate."""
    end = {"eku": (CLIENT,)}
    return one(f"{NC}{title}", valid, san, below=below, names=names, permitted=permitted, leaf=end, purpose="clientAuth")


def directory(title: str, valid: bool, subject: str, san: str, **sides: Any) -> Row:
    """A server with a directory name in its subject and in its alternative names."""
    return one(f"{NC}{title}", valid, [f"DN:{san}", "example.com"], names=["example.com"], leaf={"name": subject}, **sides)


def self_issued_middle() -> Situation:
    """The root's own name once more, with another key and a name that the root may not give."""
    top = issue(root(name="not-example.com", san=("not-example.com",), permitted=["example.com"]), None)
    middle = issue(ca(name="not-example.com", san=("not-example.com",)), top)
    return Situation(issue(leaf(), middle), [top], [middle])


def self_issued_leaf() -> Situation:
    """The last certificate has its issuer's name, which the root may not give."""
    top = issue(root(permitted=["example.com"]), None)
    middle = issue(ca(name="not-example.com", san=("not-example.com",)), top)
    return Situation(issue(leaf(name="not-example.com", san=("not-example.com",)), middle), [top], [middle])


def _twice(first: Made, second: Made, san: str | None) -> tuple[Made, Made]:
    """One authority certified by two others, once with a forbidden name."""
    forbidden = issue(ca(name="an-intermediate", whose="both", san=("forbidden.example.com",)), first)
    return forbidden, issue(ca(name="an-intermediate", whose="both", san=(san,) if san else None), second)


def alternate_chain() -> Situation:
    """The only way to the trusted root leads through the constrained authority, and no forbidden name is on it."""
    gone, kept = (issue(root(san=None, whose=who), None) for who in ("gone", "kept"))
    constrained = issue(ca(san=None, permitted=["permitted.example.com"], excluded=["forbidden.example.com"]), kept)
    first, second = _twice(gone, constrained, None)
    end = issue(leaf(name="permitted.example.com", san=("permitted.example.com",)), first)
    return Situation(end, [kept], [constrained, first, second])


def same_chain() -> Situation:
    """Both roots are trusted; the way with the forbidden name is closed, the other open."""
    one_root, other_root = (issue(root(san=None, whose=who), None) for who in ("a", "b"))
    constrained = issue(ca(san=None, excluded=["forbidden.example.com"]), one_root)
    first, second = _twice(constrained, other_root, "unconstrained-ica.example.com")
    end = issue(leaf(name="unconstrained.example.com", san=("unconstrained.example.com",)), first)
    return Situation(end, [one_root, other_root], [constrained, first, second])


_PERMITTED, _FORBIDDEN = ["permitted.example.com"], ["forbidden.example.com"]
_FOO, _BAR = "foo.example.com", "bar.example.com"
_NULL = b"\x05\x00"
_MAILBOX = "email:foo@example.com"

DNS: tuple[Row, ...] = (
    one(NC + "permitted-dns-mismatch", False, ["not-example.com"], permitted=["example.com"], rule="name-not-permitted"),
    one(NC + "excluded-dns-match", False, ["example.com"], below=True, excluded=["example.com"], rule="name-excluded"),
    one(NC + "permitted-dns-match", True, ["example.com"], permitted=["example.com"]),
    one(NC + "permitted-dns-match-noncritical", False, ["example.com"], permitted=["example.com"], constraints_critical=False),
    one(NC + "permitted-dns-match-more", True, ["foo.bar.example.com"], permitted=["example.com"]),
    one(
        NC + "excluded-dns-match-second", False, ["example.com", "not-allowed.example.com"], excluded=["not-allowed.example.com"]
    ),
    one(
        NC + "excluded-match-permitted-and-excluded", False, ["example.com"], permitted=["example.com"], excluded=["example.com"]
    ),
    one(NC + "permitted-different-constraint-type", True, ["example.com"], permitted=[NET]),
    one(NC + "excluded-different-constraint-type", True, ["example.com"], excluded=[NET]),
    one(NC + "invalid-dnsname-wildcard", False, [_FOO], permitted=["*.example.com"], rule="unsupported-name-constraint"),
    one(NC + "invalid-dnsname-leading-period", False, [_FOO], permitted=[".example.com"], rule="unsupported-name-constraint"),
    one(NC + "nc-permits-invalid-dns-san", False, [".example.com", _FOO], below=True, names=[_FOO], permitted=["example.com"]),
    shape(NC + "permitted-self-issued", True, self_issued_middle),
    shape(NC + "excluded-self-issued-leaf", False, self_issued_leaf, names=["not-example.com"], rule="name-not-permitted"),
    line(
        NC + "not-allowed-in-ee-noncritical",
        False,
        root(),
        leaf(permitted=["example.com"], constraints_critical=False),
    ),
    line(NC + "not-allowed-in-ee-critical", False, root(), leaf(permitted=["example.com"])),
    line(
        NC + "intermediate-with-san-rejected-by-intermediate-nc",
        False,
        root(),
        ca(permitted=_PERMITTED, excluded=_FORBIDDEN),
        ca(san=_FORBIDDEN),
        leaf(san=_PERMITTED),
        names=_PERMITTED,
    ),
    line(
        NC + "intermediate-with-san-rejected-by-root-nc",
        False,
        root(permitted=_PERMITTED, excluded=_FORBIDDEN),
        ca(san=None),
        ca(san=_FORBIDDEN),
        leaf(san=_PERMITTED),
        names=_PERMITTED,
        rule="name-excluded",
    ),
    line(
        NC + "restrictive-permits-in-intermediates-narrows",
        False,
        root(),
        ca(permitted=[_FOO, _BAR]),
        ca(san=None, permitted=[_BAR]),
        leaf(san=[_FOO]),
        names=[_FOO],
        rule="name-not-permitted",
    ),
    line(
        NC + "restrictive-permits-in-intermediates-widens",
        False,
        root(),
        ca(permitted=[_BAR]),
        ca(san=None, permitted=[_FOO, _BAR]),
        leaf(san=[_FOO]),
        names=[_FOO],
        rule="name-not-permitted",
    ),
    shape(NC + "nc-forbids-alternate-chain-ica", True, alternate_chain, names=_PERMITTED),
    shape(NC + "nc-forbids-same-chain-ica", True, same_chain, names=["unconstrained.example.com"]),
    one("cve::cve-2025-61727", False, ["*.example.com"], below=True, names=[_BAR], permitted=["example.com"], excluded=[_BAR]),
    one("cve::cve-2025-61727-nc-permits-variant", False, ["*.example.com"], below=True, names=[_FOO], permitted=[_FOO]),
)

ADDRESSES: tuple[Row, ...] = (
    one(NC + "permitted-ip-mismatch", False, ["IP:192.0.3.1"], permitted=[NET], rule="name-not-permitted"),
    one(NC + "excluded-ipv4-match", False, ["IP:192.0.2.1"], excluded=[NET], rule="name-excluded"),
    one(NC + "excluded-ipv6-match", False, ["IP:::1"], excluded=[HOME6], rule="name-excluded"),
    one(NC + "permitted-ipv4-match", True, ["IP:192.0.2.1"], permitted=[NET]),
    one(NC + "permitted-ipv6-match", True, ["IP:::1"], permitted=[HOME6]),
    one(NC + "invalid-ipv4-address", False, ["IP:127.0.0.1"], permitted=[_BARE4], rule="unsupported-name-constraint"),
    one(NC + "invalid-ipv6-address", False, ["IP:::1"], permitted=[_BARE6], rule="unsupported-name-constraint"),
    one(
        NC + "nc-permits-invalid-ip-san",
        False,
        [fields.address("192.0.2.0/24", network=True), "IP:192.0.2.1"],
        below=True,
        names=["IP:192.0.2.1"],
        permitted=[NET],
    ),
)

DIRECTORY: tuple[Row, ...] = (
    directory("permitted-dn-mismatch", False, "not-foo", "not-foo", permitted=["DN:foo"], rule="name-not-permitted"),
    directory("excluded-dn-match", False, "foo", "foo", excluded=["DN:foo"], rule="name-excluded"),
    directory("permitted-dn-match", True, "foo", "foo", permitted=["DN:foo"]),
    directory("permitted-dn-match-subject-san-mismatch", False, "not-foo", "foo", permitted=["DN:foo"]),
    directory("excluded-dn-match-sub-mismatch", False, "foo", "not-foo", excluded=["DN:foo"], rule="name-excluded"),
)

MAIL: tuple[Row, ...] = (
    mail(
        "invalid-email-address",
        False,
        ["email:example@example.com"],
        ["email:example@example.com"],
        permitted=["email:invalid@invalid@example.com"],
        below=False,
    ),
    mail(
        "nc-permits-invalid-email-san",
        False,
        ["email:good@example.com", "email:alsogood@example.com", "email:invalid@address@example.com"],
        ["email:good@example.com", "email:alsogood@example.com"],
        permitted=["email:example.com"],
    ),
    mail(
        "nc-permits-email-exact", True, ["email:foo@example.com"], ["email:foo@example.com"], permitted=["email:foo@example.com"]
    ),
    mail("nc-permits-email-domain", True, ["email:foo@example.com"], ["email:foo@example.com"], permitted=["email:example.com"]),
)

OTHERS: tuple[Row, ...] = (
    one(
        NC + "nc-forbids-othername",
        False,
        ["example.com", other(PRIVATE, _NULL)],
        below=True,
        permitted=["example.com"],
        excluded=[other(PRIVATE, _NULL)],
        rule="unsupported-name-constraint",
    ),
    one(
        NC + "nc-forbids-othername-noop",
        True,
        ["example.com"],
        below=True,
        permitted=["example.com"],
        excluded=[other(PRIVATE, _NULL)],
    ),
)

ROWS = DNS + ADDRESSES + DIRECTORY + MAIL + OTHERS
