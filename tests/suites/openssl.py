"""OpenSSL's verify tests (openssl/openssl, test/recipes/25-test_verify.t) that are about paths, not about auxiliary trust.

OpenSSL asks without a name, and often for a purpose. Its host names in common names (badcn1, badalt6, badalt7) are no
names here, and what it accepts at a lower security level is told by the level's own rule.
"""

from datetime import timedelta
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from tests.reissue import elements
from tests.suites.kit import (
    ANY_USE,
    AT,
    CLIENT,
    CODE,
    SERVER,
    STAMP,
    Key,
    Row,
    Situation,
    ca,
    issue,
    leaf,
    line,
    pss_parameters,
    root,
    shape,
    spki,
)
from tests.suites.rfc5280 import STRANGE

PAST = AT - timedelta(days=1)
PSS = "1.2.840.113549.1.1.10"


def tls(title: str, valid: bool, *, top: Any = None, middle: Any = None, last: Any = None, **more: Any) -> Row:
    """A server, an authority and a root; asked for as a server unless something else is said."""
    end = {"usage": None, "basic": (False, None), "basic_critical": False, **(last or {})}
    chain = (root(san=None, **top or {}), ca(san=None, **middle or {}), leaf(**end))
    return line(f"openssl::{title}", valid, *chain, **{"names": [], "purpose": "sslserver", **more})


def bare(title: str, valid: bool, **more: Any) -> Row:
    """The same, asked for no purpose."""
    return tls(title, valid, purpose=None, **more)


def two(**other: Any) -> Situation:
    """The authority at hand is another one than the server's: of another key, of another name, or below another root."""
    top = issue(root(name="Root CA"), None)
    right = issue(ca(name="CA", whose="CA"), top)
    above = issue(root(name="Root CA", whose="another root"), None) if other.pop("elsewhere", False) else top
    wrong = issue(ca(**{"name": "CA", "whose": "CA", **other}), above)
    return Situation(issue(leaf(), right), [top], [wrong])


def direct(**more: Any) -> Situation:
    """A server's certificate that is itself trusted."""
    made = issue(leaf(**more), issue(ca(), issue(root(), None)))
    return Situation(made, [made])


def self_signed(**more: Any) -> Situation:
    """A server's self-signed certificate that is itself trusted."""
    made = issue(leaf(**more), None)
    return Situation(made, [made])


def middle_trusted(**more: Any) -> Situation:
    """The authority in the middle is the anchor."""
    middle = issue(ca(**more), issue(root(), None))
    return Situation(issue(leaf(), middle), [middle])


def trusted_first() -> Situation:
    """The authority at hand has two certificates by different roots; the trusted root's is the one that counts."""
    top, gone = issue(root(name="Root CA"), None), issue(root(name="Root CA", whose="another root"), None)
    pool = [issue(ca(name="CA", whose="CA"), above) for above in (gone, top)]
    return Situation(issue(leaf(), pool[0]), [top], pool)


CORE: tuple[Row, ...] = (
    tls("accept compat trust", True),
    line("openssl::fail trusted non-ca root", False, leaf(name="Root CA"), ca(), leaf(), names=[], purpose="sslserver"),
    shape("openssl::fail wrong root key", False, lambda: two(elsewhere=True), names=[]),
    shape("openssl::fail wrong intermediate CA key", False, lambda: two(whose="another key"), names=[], rule="bad-signature"),
    shape("openssl::fail wrong intermediate CA DN", False, lambda: two(name="CA2"), names=[]),
    bare("accept non-critical unknown extension", True, last={"extra": [STRANGE._replace(critical=False)]}),
    bare("reject critical unknown extension", False, last={"extra": [STRANGE]}, rule="unknown-critical-extension"),
    bare("accept critical OCSP No Check", True, last={"extra": [fields.ocsp_no_check()._replace(critical=True)]}),
    tls("accept server purpose", True, top={"eku": (SERVER,)}),
    tls("fail client purpose", False, top={"eku": (CLIENT,)}, rule="purpose"),
    tls("accept wildcard purpose of the root", True, top={"eku": (ANY_USE,)}),
    tls("accept server purpose of the intermediate", True, middle={"eku": (SERVER,)}),
    tls("fail client purpose of the intermediate", False, middle={"eku": (CLIENT,)}, rule="purpose"),
    shape("openssl::accept trusted-first path", True, trusted_first, names=[]),
    tls("fail non-CA untrusted intermediate", False, middle={"basic": (False, None), "usage": None}, rule="not-a-CA"),
    tls("fail non-CA untrusted intermediate without constraints", False, middle={"basic": None}, rule="not-a-CA"),
    shape("openssl::accept trusted partial chain", True, middle_trusted, names=[]),
    shape("openssl::accept partial chain with server purpose", True, lambda: middle_trusted(eku=(SERVER,)), purpose="sslserver"),
    shape("openssl::fail partial chain with client purpose", False, lambda: middle_trusted(eku=(CLIENT,)), purpose="sslserver"),
    shape("openssl::reject expired trusted partial chain", False, lambda: middle_trusted(end=PAST), names=[], rule="expired"),
    tls("reject expired trusted root", False, top={"end": PAST}, rule="expired"),
    tls("accept client chain", True, last={"eku": (CLIENT,)}, purpose="sslclient"),
    tls("fail server leaf purpose", False, last={"eku": (CLIENT,)}, rule="purpose"),
    tls("fail client leaf purpose", False, purpose="sslclient", rule="purpose"),
    tls("fail expired leaf", False, last={"end": PAST}, rule="expired"),
    shape("openssl::accept last-resort direct leaf match", True, direct, names=[], purpose="sslserver"),
    shape("openssl::fail last-resort direct leaf for a client", False, direct, names=[], purpose="sslclient", rule="purpose"),
    shape("openssl::accept trusted self-signed EE cert", True, self_signed, names=[]),
    tls("reject non-ca with pathlen:0 with strict flag", False, last={"basic": (False, 0)}, rule="key-usage-consistency"),
    bare("accept chain with verify_depth 1", True, max_depth=1),
    bare("reject chain with verify_depth 0", False, max_depth=0, rule="path-length"),
    bare("fail to accept proxy cert", False, last={"extra": [Extension("1.3.6.1.5.5.7.1.14", True, b"\x30\x00")]}),
)


def stamp(title: str, valid: bool, *uses: str, critical: bool = True, usage: Any = None, purpose: str = "timestampsign") -> Row:
    """A certificate for time stamps."""
    last = {"eku": (STAMP, *uses), "eku_critical": critical, "usage": usage, "usage_critical": True, "san": None}
    return tls(title, valid, last=last, purpose=purpose)


def code(title: str, valid: bool, *uses: str, critical: bool = True, usage: Any = (0,), own: tuple[str, ...] = (CODE,)) -> Row:
    """A certificate for signing code."""
    last = {"eku": (*own, *uses), "usage": usage, "usage_critical": critical, "san": None}
    return tls(title, valid, last=last, purpose="codesign")


USES: tuple[Row, ...] = (
    stamp("accept timestampsign according to CAB forum", True, usage=(0,)),
    stamp("fail timestampsign with extendedKeyUsage not critical", False, critical=False, usage=(0,)),
    stamp("fail timestampsign with serverAuth", False, SERVER, usage=(0,)),
    stamp("fail timestampsign with anyExtendedKeyUsage", False, ANY_USE, usage=(0,)),
    stamp("fail timestampsign with cRLSign", False, usage=(0, 6)),
    stamp("fail timestampsign with keyCertSign", False, usage=(0, 5)),
    stamp("accept timestampsign according to RFC 3161", True),
    stamp("fail timestampsign as codesign", False, usage=(0,), purpose="codesign"),
    code("accept codesign", True),
    code("fail codesign with additional serverAuth", False, SERVER),
    code("fail codesign with additional anyExtendedKeyUsage", False, ANY_USE),
    code("fail codesign with additional cRLSign", False, usage=(0, 6)),
    code("fail codesign with additional keyCertSign", False, usage=(0, 5)),
    code("fail codesign without critical KU", False, critical=False),
    code("fail sslserver as code sign", False, own=(SERVER,)),
)


def explicit(secret: Key) -> bytes:
    """A P-256 key with its curve written out instead of named."""
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    base = bytes.fromhex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(prime))
    curve = der.sequence(der.octets((prime - 3).to_bytes(32)), der.octets(b.to_bytes(32)))
    written = der.sequence(der.integer(1), field, curve, der.octets(base), der.integer(order), der.integer(1))
    return der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), written), spki(secret)[-68:])


def for_pss(secret: Key) -> bytes:
    """An RSA key that is for RSASSA-PSS alone, with SHA-256."""
    return der.sequence(der.sequence(der.oid(PSS), pss_parameters("2.16.840.1.101.3.4.2.1", 32)), elements(spki(secret))[1])


def short(secret: Key) -> bytes:
    """An RSA key of 768 bits; nothing is signed with it."""
    assert secret is not None
    modulus = der.sequence(der.integer((1 << 767) + 9), der.integer(65537))
    return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL), der.bits(modulus))


_RSA: dict[str, Any] = {"secret": "RSA-2048"}
_MD5 = der.sequence(der.oid("1.2.840.113549.1.1.4"), der.NULL)

ALGORITHMS: tuple[Row, ...] = (
    bare("accept RSA 2048 chain", True, top=_RSA, middle=_RSA, last=_RSA),
    bare("reject RSA 768 root", False, top={"info": short}),
    bare("reject RSA 768 intermediate", False, middle={"info": short}),
    bare("reject RSA 768 leaf", False, last={"info": short}, rule="weak-key"),
    bare("reject md5 leaf", False, middle=_RSA, last={"outer": _MD5}),
    bare("reject explicit curve leaf with named curve intermediate", False, last={"info": explicit}, rule="unknown-algorithm"),
    bare("reject named curve leaf with explicit curve intermediate", False, middle={"info": explicit}, rule="unknown-algorithm"),
    bare("accept cert generated with EC and SHA3-256", True, last={"digest": "sha3-256"}),
    bare("accept cert generated with RSA and SHA3-256", True, middle=_RSA, last={"digest": "sha3-256"}),
    bare("accept PSS signature using SHA1", True, middle=_RSA, last={"digest": "pss-sha1"}),
    tls("reject PSS signature using SHA1", False, middle=_RSA, last={"digest": "pss-sha1"}, rule="weak-key"),
    tls("CA with PSS signature using SHA256", True, middle=_RSA, last={"digest": "pss-sha256"}),
    bare("CA PSS signature", True, middle={**_RSA, "info": for_pss}, last={"digest": "pss-sha256"}),
    bare("CA producing PKCS#1 v1.5 signature with PSS key", False, middle={**_RSA, "info": for_pss}, rule="unknown-algorithm"),
)

CA1 = {
    "permitted": ["www.good.org", "good.com", "email:good@good.org", "email:good.com", "IP:127.0.0.1/32", "IP:192.168.0.0/16"],
}
CA2 = {"excluded": ["www.bad.org", "bad.com", "email:bad@bad.org", "email:bad.com", "IP:10.0.0.0/8"]}
CA3 = {"permitted": ["www.good.net", "ok.good.com"], "excluded": ["bad.ok.good.com"], "san": None}
_MAIL = ["email:good@good.org", "email:any@good.com"]
_HOSTS = ["www.good.org", "any.good.com"]


def named(title: str, valid: bool, san: list[str], above: Any, *below: Any, rule: str | None = None, **last: Any) -> Row:
    """A server with these names below an authority with constraints, or two."""
    between = [ca(**{"san": None, **one}) for one in (above, *below)]
    end = leaf(**{"name": "Good NC Test Certificate", "san": san, "usage": None, **last})
    return line(f"openssl::Name Constraints {title}", valid, root(san=None), *between, end, names=[], rule=rule)


NAMES: tuple[Row, ...] = (
    named("everything permitted", True, [*_HOSTS, *_MAIL, "IP:127.0.0.1", "IP:192.168.0.1"], CA1, name="www.example.net"),
    named("nothing excluded", True, ["www.anything.org", "any.other.com", "email:other@bad.org", "email:any@something.com"], CA2),
    named("nested test all permitted", True, ["www.ok.good.com", *_MAIL, "IP:127.0.0.1"], CA1, CA3),
    named("hostname not permitted", False, ["other.good.org", "any.good.com", *_MAIL], CA1, rule="name-not-permitted"),
    named("hostname excluded", False, ["www.good.org", "any.bad.com", *_MAIL], CA2, rule="name-excluded"),
    named("email address not permitted", False, [*_HOSTS, "email:other@good.org"], CA1, rule="name-not-permitted"),
    named(
        "subject email address not permitted",
        False,
        [*_HOSTS, *_MAIL],
        CA1,
        subject=der.name(O="Bad NC Test Certificate 4", E="any@other.com"),
        rule="name-not-permitted",
    ),
    named("IP address not permitted", False, [*_HOSTS, *_MAIL, "IP:127.0.0.2"], CA1, rule="name-not-permitted"),
    named("nested DNS name not permitted 1", False, ["www.good.com", *_MAIL], CA1, CA3, rule="name-not-permitted"),
    named("nested DNS name not permitted 2", False, ["www.good.net", *_MAIL], CA1, CA3, rule="name-not-permitted"),
    named("nested DNS name excluded", False, ["bad.ok.good.com", *_MAIL], CA1, CA3, rule="name-excluded"),
    named("below a dot", True, ["www.good.com"], {"permitted": [".good.com"]}),
    named("at a dot", False, ["good.com"], {"permitted": [".good.com"]}, rule="name-not-permitted"),
    named("excluded below a dot", False, ["good.com"], {"excluded": [".good.com"]}, rule="name-excluded"),
)

ROWS = CORE + USES + ALGORITHMS + NAMES
