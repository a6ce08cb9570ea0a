"""x509-limbo's webpki::* and smime::* cases (limbo/testcases): what browsers and mail programs ask beyond RFC 5280."""

from collections.abc import Sequence
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from tests.suites.kit import ANY_USE, CLIENT, CODE, EMAIL, OCSP, SERVER, STAMP, Row, ca, identifier, key, leaf, line, root
from tests.suites.revocation import CABF

_OWN = ["example.com"]
_PRECERT = "1.3.6.1.4.1.11129.2.4.4"


def server(title: str, valid: bool, *san: str | bytes, names: Sequence[str], rule: str | None = None, **more: Any) -> Row:
    """A server with these names below a root."""
    return line(f"webpki::san::{title}", valid, root(), leaf(san=san, **more), names=names, rule=rule)


_EMOJI = der.element(0x82, "😜.example.com".encode())

NAMES: tuple[Row, ...] = (
    server("exact-dns-san", True, "example.com", names=["example.com"]),
    server("exact-localhost-ip-san", True, "IP:127.0.0.1", names=["IP:127.0.0.1"]),
    server("mismatch-domain-san", False, "example.com", names=["example2.com"], rule="name-mismatch"),
    server("mismatch-subdomain-san", False, "abc.example.com", names=["def.example.com"], rule="name-mismatch"),
    server("mismatch-subdomain-apex-san", False, "example.com", names=["abc.example.com"], rule="name-mismatch"),
    server("mismatch-apex-subdomain-san", False, "abc.example.com", names=["example.com"], rule="name-mismatch"),
    server("public-suffix-wildcard-san", False, "*.com", names=["example.com"], rule="name-mismatch"),
    server("leftmost-wildcard-san", True, "*.example.com", names=["foo.example.com"]),
    server("wildcard-embedded-leftmost-san", False, "ba*.example.com", names=["baz.example.com"]),
    server("wildcard-not-in-leftmost-san", False, "foo.*.example.com", names=["foo.bar.example.com"]),
    server("wildcard-match-across-labels-san", False, "*.example.com", names=["foo.bar.example.com"], rule="name-mismatch"),
    server("wildcard-embedded-ulabel-san", False, "xn--*-1b3c148a.example.com", names=["xn--bliss-1b3c148a.example.com"]),
    server("unicode-emoji-san", False, _EMOJI, names=["xn--628h.example.com"], rule="malformed-extension"),
    line("webpki::san::no-san", False, root(), leaf(san=None), rule="name-mismatch"),
    line("webpki::san::san-critical-with-nonempty-subject", False, root(), leaf(name="something-else", san_critical=True)),
)


def named(title: str, common: str, *san: str) -> Row:
    """A common name that is not a copy of an alternative name; the first of those is asked for."""
    return line(f"webpki::cn::cabf-cn-{title}", False, root(), leaf(name=common, san=san), names=[san[0]])


COMMON_NAMES: tuple[Row, ...] = (
    named("ipv4-hex-mismatch", "0xC0A80101", "IP:192.168.1.1"),
    named("ipv4-leading-zeros-mismatch", "192.168.001.001", "IP:192.168.1.1"),
    named("ipv6-uppercase-mismatch", "2001:DB8::8A2E:370:7334", "IP:2001:db8::8a2e:370:7334"),
    named("ipv6-uncompressed-mismatch", "2001:0db8:0000:0000:0000:0000:0000:0001", "IP:2001:db8::1"),
    named("ipv6-non-rfc5952-mismatch", "2001:db8:0:0:1:0:0:1", "IP:2001:db8::1:0:0:1"),
    named("punycode-not-in-san", "xn--nxasmq6b.com", "xn--n3h.com"),
    named("utf8-vs-punycode-mismatch", "test-測試.com", "xn--test--wg5h0h.com"),
    named("not-in-san", "notinsan.example.com", "valid.example.com", "another.example.com"),
    named("case-mismatch", "Example.COM", "example.com"),
)


def _aki(*, key_id: bool, issuer: bool, serial: bool, other: bool = False) -> bytes:
    mine = identifier(key("P-256", "stranger" if other else "root root"))
    parts = (
        der.context(0, mine, constructed=False) if key_id else b"",
        der.context(1, fields.directory(der.name(CN="myCN"))) if issuer else b"",
        der.implicit(2, der.integer(1234)) if serial else b"",
    )
    return der.sequence(*parts)


def above(title: str, *, other: bool = False, key_id: bool = True, issuer: bool = False, serial: bool = False) -> Row:
    """The root says which key signed it, in one way or another."""
    said = _aki(key_id=key_id, issuer=issuer, serial=serial, other=other)
    return line(f"webpki::aki::root-with-aki-{title}", False, root(aki=said), leaf())


def used(title: str, valid: bool, *uses: str, top: Any = None, asked: str | None = "serverAuth", **more: Any) -> Row:
    """A server with these purposes."""
    return line(f"webpki::eku::{title}", valid, root(**top or {}), leaf(eku=uses or None, **more), purpose=asked)


def _eku(*uses: str) -> Extension:
    return fields.extended_key_usage(uses)


KEYS: tuple[Row, ...] = (
    above("missing-keyidentifier", key_id=False),
    above("authoritycertissuer", issuer=True),
    above("authoritycertserialnumber", serial=True),
    above("all-fields", issuer=True, serial=True),
    above("ski-mismatch", other=True),
    line("webpki::forbidden-p192-leaf", False, root(), leaf(secret="P-192"), rule="weak-key"),
    line("webpki::forbidden-p192-root", False, root(secret="P-192"), leaf(), rule="weak-key"),
    line("webpki::forbidden-dsa-leaf", False, root(), leaf(secret="DSA"), rule="weak-key"),
    line("webpki::forbidden-dsa-root", False, root(secret="DSA"), leaf(), rule="weak-key"),
    line("webpki::forbidden-weak-rsa-key-in-root", False, root(secret="RSA-1024"), leaf(), rule="weak-key"),
    line("webpki::forbidden-weak-rsa-key-in-leaf", False, root(), leaf(secret="RSA-1024"), rule="weak-key"),
    line("webpki::forbidden-rsa-not-divisable-by-8-in-root", False, root(secret="RSA-2052"), leaf()),
    line("webpki::forbidden-rsa-key-not-divisable-by-8-in-leaf", False, root(), leaf(secret="RSA-2052")),
    line("webpki::v1-cert", False, root(), leaf(version=1, bare=True), rule="version"),
    line("webpki::malformed-aia", False, root(), leaf(extra=[Extension("1.3.6.1.5.5.7.1.1", False, b"malformed")])),
    line("webpki::ee-basicconstraints-ca", False, root(), leaf(basic=(True, None))),
    line("webpki::ca-as-leaf", False, root(), ca(san=("ca.example.com",)), names=["ca.example.com"]),
    line("webpki::ku::ee-rsa-without-any-usages", False, root(), leaf(secret="RSA-2048", usage=(), usage_critical=True)),
    line(
        "webpki::nc::permitted-dns-match-noncritical", True, root(permitted=["example.com"], constraints_critical=False), leaf()
    ),
    line(
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
        False,
        root(),
        ca(extra=[Extension("2.5.29.30", True, der.sequence())]),
        leaf(),
        rule="malformed-extension",
    ),
    line(
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
        False,
        root(),
        ca(extra=[Extension("2.5.29.30", True, der.sequence(der.context(0, b""), der.context(1, b"")))]),
        leaf(),
        rule="malformed-extension",
    ),
    *CABF,
)

USES: tuple[Row, ...] = (
    used("ee-anyeku", False, SERVER, ANY_USE),
    used("ee-critical-eku", False, SERVER, eku_critical=True),
    used("ee-without-eku", False, asked=None),
    used("root-has-eku", False, SERVER, top={"extra": [_eku(SERVER)]}),
    used("ee-clientauth-only", False, CLIENT),
    used("ee-precertificate-only", False, _PRECERT),
    used("ee-precertificate-with-serverauth", False, SERVER, _PRECERT),
    used("ee-serverauth-with-additional", True, SERVER, CLIENT),
    used("ee-codesigning-with-serverauth", False, SERVER, CODE),
    used("ee-emailprotection-with-serverauth", False, SERVER, EMAIL),
    used("ee-timestamping-with-serverauth", False, SERVER, STAMP),
    used("ee-ocspsigning-with-serverauth", False, SERVER, OCSP),
)

ADDRESS = "email:user@example.com"


def mail(title: str, valid: bool, *, top: Any = None, middle: Any = None, names: Sequence[str] = (ADDRESS,), **last: Any) -> Row:
    """A person's certificate for e-mail."""
    between = (ca(**middle),) if middle is not None else ()
    end = leaf(**{"san": (ADDRESS,), "eku": (EMAIL,), **last})
    return line(f"smime::{title}", valid, root(**top or {}), *between, end, names=names, purpose="emailProtection")


def _middle(*uses: str, **more: Any) -> dict[str, Any]:
    return {"length": 0, "extra": [_eku(*uses)], **more}


SMIME: tuple[Row, ...] = (
    mail("eku::ee-email-protection", True),
    mail("eku::ee-missing-email-protection", False, eku=(CLIENT,)),
    mail("eku::ee-without-eku", False, eku=None),
    mail("eku::ee-has-server-auth", False, eku=(EMAIL, SERVER)),
    mail("eku::ee-has-code-signing", False, eku=(EMAIL, CODE)),
    mail("eku::ee-has-time-stamping", False, eku=(EMAIL, STAMP)),
    mail("eku::ee-has-any-eku", False, eku=(EMAIL, ANY_USE)),
    mail("eku::root-has-eku", False, top={"extra": [_eku(EMAIL)]}),
    mail("eku::intermediate-missing-email-protection", False, middle=_middle(SERVER)),
    mail("eku::intermediate-has-server-auth", False, middle=_middle(EMAIL, SERVER)),
    mail("eku::intermediate-has-any-eku", False, middle=_middle(EMAIL, ANY_USE)),
    mail("eku::intermediate-has-code-signing", False, middle=_middle(EMAIL, CODE)),
    mail("eku::intermediate-has-time-stamping", False, middle=_middle(EMAIL, STAMP)),
    mail("ku::signing-only-rsa-digital-signature", True, secret="RSA-2048", usage_critical=True),
    mail("ku::signing-only-rsa-with-nonrepudiation", True, secret="RSA-2048", usage=(0, 1), usage_critical=True),
    mail("ku::key-management-only-rsa", True, secret="RSA-2048", usage=(2,), usage_critical=True),
    mail("ku::dual-use-rsa", True, secret="RSA-2048", usage=(0, 2), usage_critical=True),
    mail("ku::signing-only-ec", True, usage_critical=True),
    mail("ku::key-management-only-ec", True, usage=(4,), usage_critical=True),
    mail("ku::ee-key-cert-sign", False, usage=(0, 5), usage_critical=True),
    mail("ku::ee-missing-key-usage", False, usage=None),
    mail("ku::ee-key-usage-not-critical", False),
    mail("ku::intermediate-missing-key-cert-sign", False, middle=_middle(EMAIL, usage=(6,), usage_critical=True)),
    mail("ku::intermediate-missing-crl-sign", False, middle=_middle(EMAIL, usage=(5,), usage_critical=True)),
    mail("san::exact-rfc822-san", True),
    mail("san::no-san", False, san=None, name="user@example.com"),
    mail("san::san-without-rfc822name", False, san=("example.com",)),
    mail("san::san-critical-with-nonempty-subject", False, name="user@example.com", san_critical=True),
    mail("san::san-critical-with-empty-subject", True, subject=der.sequence(), san_critical=True),
    mail("san::mismatch-rfc822-san", False, names=("email:other@example.com",)),
    mail("san::mismatch-domain-rfc822-san", False, names=("email:user@example.org",)),
    mail("san::multiple-rfc822-sans", True, san=("email:other@example.com", ADDRESS)),
)

ROWS = NAMES + COMMON_NAMES + KEYS + USES + SMIME
