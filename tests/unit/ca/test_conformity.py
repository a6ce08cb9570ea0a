"""What a certificate breaks all by itself: always, or only where it is checked for a purpose or a name."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cardstack.ca import der
from cardstack.ca.certificate import Certificate
from cardstack.ca.names import expected
from cardstack.ca.purposes import purpose
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from tests import reissue
from tests.pki_kit import NOW, Party, directory

ROOT, MIDDLE, LEAF = Party("Root"), Party("Middle"), Party("leaf")
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")
SERVER = "1.3.6.1.5.5.7.3.1"
OFF = Revocation.OFF
AIA = x509.AuthorityInformationAccess(
    [x509.AccessDescription(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.2"), x509.UniformResourceIdentifier("http://a.example/"))]
)


def signed_by(party: Party) -> Callable[[bytes], bytes]:
    return lambda message: party.key.sign(message, ec.ECDSA(hashes.SHA256()))


def again(certificate: Certificate, party: Party, change: dict[int, bytes], outer: bytes | None = None) -> Certificate:
    """A certificate of a party with fields that no builder writes."""
    raw = reissue.certificate(certificate.raw, reissue.ECDSA_SHA256, signed_by(party), change=change, outer=outer)
    return Certificate.parse(raw)


def extensions(certificate: Certificate) -> bytes:
    return reissue.elements(reissue.elements(certificate.raw)[0])[7]


def added(certificate: Certificate, extension: bytes) -> bytes:
    """The extensions of a certificate and one more."""
    inner = der.value(wrapped := extensions(certificate), der.item(wrapped, 0, len(wrapped)))
    listed = der.value(inner, der.item(inner, 0, len(inner)))
    return der.wrap(0xA3, der.wrap(der.SEQUENCE, listed + extension))


def leaf(**more: object) -> Certificate:
    return MIDDLE.certify(LEAF, names=["leaf.example"], **more)  # type: ignore[arg-type]  # arguments by name


def times(begin: bytes, end: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, begin + end)


UTC_2026, UTC_2027 = der.wrap(der.UTC_TIME, b"260101000000Z"), der.wrap(der.UTC_TIME, b"270101000000Z")
GENERAL_2027 = der.wrap(der.GENERALIZED_TIME, b"20270101000000Z")
USAGE = bytes.fromhex("300e0603551d0f0101ff0404030205a0")
EMPTY_EKU = bytes.fromhex("30090603551d2504023000")
BARE_V1 = der.wrap(0xA0, b"\x02\x01\x00")
SERIAL = "serial-number"
HALF = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.35"), bytes.fromhex("300680016b820105"))
KEYS = "key-identifier"

# id, the leaf, the rule it always breaks (None: none), the rule it breaks for a purpose (None: none)
LEAVES: list[tuple[str, Certificate, str | None, str | None]] = [
    ("plain", leaf(uses=[SERVER]), None, None),
    ("extension twice", again(leaf(), MIDDLE, {7: added(leaf(), USAGE)}), "duplicate-extension", "duplicate-extension"),
    ("empty EKU", again(leaf(), MIDDLE, {7: added(leaf(), EMPTY_EKU)}), "malformed-extension", "malformed-extension"),
    ("algorithms differ", again(leaf(), MIDDLE, {}, outer=reissue.SM2_SM3), "unknown-algorithm", "unknown-algorithm"),
    ("version 1", again(leaf(), MIDDLE, {0: b""}), "version", "version"),
    ("version 1 bare", again(leaf(), MIDDLE, {0: b"", 7: b""}), None, "version"),
    ("serial 0", again(leaf(), MIDDLE, {1: b"\x02\x01\x00"}), None, SERIAL),
    ("serial below 0", again(leaf(), MIDDLE, {1: b"\x02\x01\xff"}), None, SERIAL),
    ("serial too long", again(leaf(), MIDDLE, {1: b"\x02\x15\x01" + bytes(20)}), None, SERIAL),
    ("GeneralizedTime before 2050", again(leaf(), MIDDLE, {4: times(UTC_2026, GENERAL_2027)}), None, "validity-encoding"),
    ("no AKI", leaf(without=["aki"]), None, KEYS),
    ("critical AKI", leaf(without=["aki"], extra=[(x509.AuthorityKeyIdentifier(b"k", None, None), True)]), None, KEYS),
    ("half an AKI", leaf(without=["aki"], extra=[(HALF, False)]), None, KEYS),
    ("critical SKI", leaf(without=["ski"], extra=[(x509.SubjectKeyIdentifier(b"k"), True)]), None, KEYS),
    ("critical AIA", leaf(extra=[(AIA, True)]), None, "criticality"),
    ("empty issuer", again(leaf(), MIDDLE, {3: b"\x30\x00"}), "no-issuer/name-or-key-chaining", "no-issuer/name-or-key-chaining"),
    ("no subject, names not critical", again(leaf(), MIDDLE, {5: b"\x30\x00"}), "empty-subject", "empty-subject"),
    (
        "no subject, names critical",
        again(
            critical := MIDDLE.certify(LEAF, extra=[(x509.SubjectAlternativeName([x509.DNSName("leaf.example")]), True)]),
            MIDDLE,
            {5: b"\x30\x00"},
        ),
        None,
        None,
    ),
    ("keyCertSign without cA", MIDDLE.certify(LEAF, names=["leaf.example"], without=["usage"], extra=[
        (x509.KeyUsage(True, False, False, False, False, True, False, False, False), True)
    ]), "key-usage-consistency", "key-usage-consistency"),
    ("unknown critical extension", leaf(extra=[(UNKNOWN, True)]), "unknown-critical-extension", "unknown-critical-extension"),
    ("unknown extension", leaf(extra=[(UNKNOWN, False)]), None, None),
    ("another purpose", leaf(uses=["1.3.6.1.5.5.7.3.4"]), None, "purpose"),
    ("any purpose", leaf(uses=["2.5.29.37.0"]), None, "baseline-requirements"),
]  # fmt: skip


def verdict(certificate: Certificate, settings: Settings, *middles: Certificate, root: Certificate | None = None) -> str | None:
    pool = middles or (ROOT.certify(MIDDLE, ca=True),)
    try:
        validate(certificate, anchors=[Anchor(root or ROOT.root())], pool=pool, at=NOW, settings=settings)
    except PathRejected as refusal:
        return refusal.rule
    return None


PLAIN = Settings(revocation=OFF)
TLS = Settings(revocation=OFF, purpose=purpose("serverAuth"), names=(expected("leaf.example"),))


@pytest.mark.parametrize(("certificate", "always", "for_a_purpose"), [one[1:] for one in LEAVES], ids=[one[0] for one in LEAVES])
def test_the_last_certificate(certificate: Certificate, always: str | None, for_a_purpose: str | None) -> None:
    """A bare path bears with what RFC 5280 asks to bear with; a purpose does not."""
    assert verdict(certificate, PLAIN) == always
    if always is None and certificate.present:
        assert verdict(certificate, TLS) == for_a_purpose


MIDDLES: list[tuple[str, Certificate, str | None, str | None]] = [
    ("plain", ROOT.certify(MIDDLE, ca=True), None, None),
    ("no basic constraints", ROOT.certify(MIDDLE, ca=True, without=["basic"]), "not-a-CA", "not-a-CA"),
    ("not an authority", ROOT.certify(MIDDLE), "issuer-key-usage", "issuer-key-usage"),
    ("no key usage", ROOT.certify(MIDDLE, ca=True, without=["usage"]), None, "key-usage-consistency"),
    ("no SKI", ROOT.certify(MIDDLE, ca=True, without=["ski"]), None, KEYS),
    ("no AKI", ROOT.certify(MIDDLE, ca=True, without=["aki"]), None, KEYS),
    ("basic constraints not critical", ROOT.certify(MIDDLE, ca=True, without=["basic"], extra=[
        (x509.BasicConstraints(True, None), False)
    ]), None, "criticality"),
    ("policy constraints not critical", ROOT.certify(MIDDLE, ca=True, policies=["1.2"], extra=[
        (x509.PolicyConstraints(None, 0), False)
    ]), None, "criticality"),
    ("other purposes only", ROOT.certify(MIDDLE, ca=True, uses=["1.3.6.1.5.5.7.3.4"]), None, "purpose"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("certificate", "always", "for_a_purpose"), [one[1:] for one in MIDDLES], ids=[one[0] for one in MIDDLES]
)
def test_an_authority_on_the_way(certificate: Certificate, always: str | None, for_a_purpose: str | None) -> None:
    """The same for those that sign others."""
    assert verdict(leaf(), PLAIN, certificate) == always
    assert verdict(leaf(), TLS, certificate) == for_a_purpose


def test_an_anchor_has_to_be_an_authority() -> None:
    """A root that says it is none, or whose key may not sign, vouches for nobody."""
    assert verdict(leaf(), PLAIN, root=ROOT.certify(ROOT, ca=True, without=["basic"])) == "not-a-CA"
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    assert verdict(leaf(), PLAIN, root=ROOT.root(without=["usage"], extra=[(usage, True)])) == "issuer-key-usage"
    assert verdict(leaf(), TLS, root=ROOT.root(without=["ski"])) == KEYS
    assert verdict(leaf(), TLS, root=ROOT.root(without=["aki"])) is None


@pytest.mark.parametrize("text", ["leaf..example", "-leaf.example", "a b.example", "*.*.example", "a_b.example", "10.0.0.1"])
def test_a_malformed_name_serves_no_purpose(text: str) -> None:
    """A DNS name that is none."""
    names = x509.SubjectAlternativeName([x509.DNSName("leaf.example"), x509.DNSName(text)])
    certificate = MIDDLE.certify(LEAF, extra=[(names, False)])
    assert verdict(certificate, PLAIN) is None
    assert verdict(certificate, TLS) == "malformed-name"


@pytest.mark.parametrize(
    ("held", "wanted", "answers"),
    [
        ("*.a.example", "x.a.example", True),
        ("*.a.example", "x.y.a.example", False),
        ("*.a.example", "a.example", False),
        ("a.example", "A.example.", True),
        ("IP:10.0.0.1", "10.0.0.1", True),
        ("IP:10.0.0.1", "10.0.0.2", False),
        ("email:li@a.example", "email:li@A.example", True),
        ("email:li@a.example", "email:Li@a.example", False),
        ("a.example", "IP:10.0.0.1", False),
    ],
)
def test_expected_names(held: str, wanted: str, *, answers: bool) -> None:
    """RFC 9525 for hosts, RFC 5280 §7.5 for mailboxes."""
    certificate = MIDDLE.certify(LEAF, names=[held])
    settings = Settings(revocation=OFF, names=(expected(wanted),))
    assert verdict(certificate, settings) == (None if answers else "name-mismatch")


def test_names_are_compared_in_normal_form() -> None:
    """Case, spaces and string types of an issuer's name do not matter (RFC 5280 §7.1)."""
    other = Party("  MIDDLE   ", key_name="Middle")
    assert verdict(other.certify(LEAF), PLAIN) is None
    assert directory("Middle") != other.subject


def test_the_moment_counts_to_the_second() -> None:
    """Both ends of a validity belong to it (§4.1.2.5)."""
    certificate = leaf()

    def at(moment: datetime) -> str | None:
        pool = (ROOT.certify(MIDDLE, ca=True, days=(-60, 999)),)
        try:
            validate(certificate, anchors=[Anchor(ROOT.root(days=(-60, 999)))], pool=pool, at=moment, settings=PLAIN)
        except PathRejected as refusal:
            return refusal.rule
        return None

    step = timedelta(seconds=1)
    assert [at(certificate.valid_from - step), at(certificate.valid_from)] == ["not-yet-valid", None]
    assert [at(certificate.valid_until), at(certificate.valid_until + step)] == [None, "expired"]
