"""Constraints on the other forms of names: otherNames (RFC 4985, RFC 9598, logging in), registered identifiers, X.400 and EDI."""

from cardstack.ca import encoding as der
from cardstack.ca.other_names import MAILBOX, SERVICE, UPN
from tests.suites.kit import Row
from tests.suites.names import PRIVATE, one, other

HOST = "example.com"


def upn(text: str) -> bytes:
    """Who logs in."""
    return other(UPN, der.utf8(text))


def service(text: str) -> bytes:
    """A service of a domain."""
    return other(SERVICE, der.ia5(text))


def mailbox(text: str) -> bytes:
    """An e-mail address beyond ASCII."""
    return other(MAILBOX, der.utf8(text))


def registered(dotted: str) -> bytes:
    """A registered identifier."""
    return der.element(0x88, der.oid(dotted)[2:])


X400, EDI = der.context(3, b"\x30\x00"), der.context(5, der.context(1, der.utf8("party")))
OUT, IN, FORM = "name-not-permitted", "name-excluded", "unsupported-name-constraint"


def form(title: str, name: bytes, rule: str | None = None, **sides: object) -> Row:
    """A server with one more name, below an authority with constraints."""
    return one(f"forms::{title}", rule is None, [HOST, name], below=True, names=[HOST], rule=rule, **sides)


ROWS: tuple[Row, ...] = (
    form("upn-of-the-realm", upn("li@hrss.example"), permitted=[upn("hrss.example")]),
    form("upn-of-the-realm-written-with-at", upn("Li@HRSS.example"), permitted=[upn("@hrss.example")]),
    form("upn-below-the-realm", upn("li@zj.hrss.example"), permitted=[upn(".hrss.example")]),
    form("upn-of-another-realm", upn("li@other.example"), OUT, permitted=[upn("hrss.example")]),
    form("upn-excluded", upn("li@hrss.example"), IN, excluded=[upn("li@hrss.example")]),
    form("upn-misspelt", upn("li"), OUT, permitted=[upn("hrss.example")]),
    form("upn-of-another-type", other(UPN, der.ia5("li@hrss.example")), OUT, permitted=[upn("hrss.example")]),
    form("upn-constraint-misspelt", upn("li@hrss.example"), FORM, permitted=[upn("hrss..example")]),
    form("service-of-the-domain", service("_card.zj.example"), permitted=[service("zj.example")]),
    form("service-below-the-domain", service("_card.a.zj.example"), permitted=[service("_card.zj.example")]),
    form("service-of-any-domain", service("_Card.zj.example"), permitted=[service("_card")]),
    form("another-service", service("_mail.zj.example"), OUT, permitted=[service("_card.zj.example")]),
    form("service-of-another-domain", service("_card.js.example"), OUT, permitted=[service("zj.example")]),
    form("service-excluded", service("_card.zj.example"), IN, excluded=[service("zj.example")]),
    form("service-without-a-service", service("zj.example"), OUT, permitted=[service("zj.example")]),
    form("service-constraint-misspelt", service("_card.zj.example"), FORM, permitted=[service("_ca rd")]),
    form("mailbox-of-the-host", mailbox("李@hrss.example"), permitted=["email:hrss.example"]),
    form("mailbox-of-another-host", mailbox("李@other.example"), OUT, permitted=["email:hrss.example"]),
    form("mailbox-excluded", mailbox("李@a.hrss.example"), IN, excluded=["email:.hrss.example"]),
    form("mailbox-misspelt", mailbox("李"), OUT, permitted=["email:hrss.example"]),
    form("constraint-as-a-mailbox", mailbox("李@hrss.example"), FORM, permitted=[mailbox("hrss.example")]),
    form("registered-below", registered("1.2.156.10260.4"), permitted=[registered("1.2.156.10260")]),
    form("registered-elsewhere", registered("1.2.156.10197"), OUT, permitted=[registered("1.2.156.10260")]),
    form("registered-excluded", registered("1.2.156.10260"), IN, excluded=[registered("1.2.156")]),
    form("another-kind-of-other-name", other(PRIVATE, der.utf8("x")), permitted=[upn("hrss.example")]),
    form("an-unknown-kind", other(PRIVATE, der.utf8("x")), FORM, permitted=[other(PRIVATE, der.utf8("x"))]),
    form("x400-present", X400, FORM, excluded=[X400]),
    form("edi-present", EDI, FORM, excluded=[EDI]),
    one("forms::x400-absent", True, [HOST], below=True, excluded=[X400, EDI], permitted=[upn("hrss.example")]),
    one("forms::mailbox-asked-for", True, [mailbox("李@hrss.example")], names=["email:李@HRSS.example"]),
    one("forms::mailbox-of-someone-else", False, [mailbox("王@hrss.example")], names=["email:李@hrss.example"]),
    one("forms::a-host-in-characters", True, ["xn--ekrs67m.xn--fiqs8s"], names=["医院.中国"]),
    one("forms::a-mailbox-in-characters", True, [mailbox("李@xn--ekrs67m.xn--fiqs8s")], names=["email:李@医院.中国"]),
    one("forms::the-root-of-all-hosts-asked-for", True, ["a.example"], names=["A.Example."]),
    one("forms::the-root-of-all-hosts-written", False, ["a.example."], names=["a.example"], rule="malformed-name"),
    one("forms::a-line-under-a-host", False, ["_a.example", "b.example"], names=["b.example"], rule="malformed-name"),
    one("forms::no-name-at-all", False, [b"\x82\x00", "b.example"], names=["b.example"], rule="malformed-name"),
    one(
        "forms::an-address-of-three-bytes",
        False,
        [b"\x87\x03\x0a\x00\x01", "b.example"],
        names=["b.example"],
        rule="malformed-name",
    ),
    one("forms::a-wildcard-below-a-wildcard", False, ["*.*.example"], names=["a.b.example"], rule="malformed-name"),
    one("forms::a-wildcard-alone", False, ["*"], names=["example"], rule="malformed-name"),
    one("forms::an-address-is-no-host", True, ["IP:192.0.2.1"], names=["DNS:192.0.2.1"]),
    one("forms::an-address-in-a-host-name", False, [b"\x82\x09192.0.2.1"], names=["IP:192.0.2.1"]),
)
