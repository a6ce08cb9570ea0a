"""Revocation: OCSP answers, large and damaged CRLs, separate signers, deltas."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.trust import Anchor, PathRejected, Settings, validate
from tests.pki_kit import DER, NOW, Party

ROOT, LEAF = Party("Root"), Party("leaf")
ANCHOR = Anchor(ROOT.root())
CERTIFICATE = ROOT.certify(LEAF)
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"


def loaded(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.raw)


def answer(
    status: ocsp.OCSPCertStatus,
    responder: Party = ROOT,
    delegate: Certificate | None = None,
    *,
    days: tuple[int, int | None] = (-1, 1),
    about: Certificate = CERTIFICATE,
) -> OcspResponse:
    """An OCSP response, by the issuer itself or by a responder with a certificate."""
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        loaded(about),
        loaded(ANCHOR.certificate),
        hashes.SHA256(),
        status,
        NOW + timedelta(days=days[0]),
        None if days[1] is None else NOW + timedelta(days=days[1]),
        NOW - timedelta(days=9) if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None,
    )
    signer = loaded(delegate or ANCHOR.certificate)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
    if delegate is not None:
        builder = builder.certificates([signer])
    return OcspResponse.parse(builder.sign(responder.key, hashes.SHA256()).public_bytes(DER))


def verdict(*responses: OcspResponse, crls: tuple[Crl, ...] = ()) -> str | None:
    try:
        validate(CERTIFICATE, anchors=[ANCHOR], crls=crls, ocsp=responses, at=NOW)
    except PathRejected as refusal:
        return refusal.rule
    return None


GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
RESPONDER = Party("OCSP")
DELEGATE = ROOT.certify(RESPONDER, uses=[OCSP_SIGNING], extra=[(x509.OCSPNoCheck(), False)])
OTHER = Party("Root", key_name="other")
STRANGER = ROOT.certify(RESPONDER)


@pytest.mark.parametrize(
    ("response", "rule"),
    [
        (answer(GOOD), None),
        (answer(REVOKED), "revoked"),
        (answer(UNKNOWN), "ocsp-unusable"),
        (answer(GOOD, days=(-9, -2)), "ocsp-unusable"),
        (answer(GOOD, days=(1, 2)), "ocsp-unusable"),
        (answer(GOOD, days=(0, None)), None),
        (answer(GOOD, days=(-3, None)), "ocsp-unusable"),
        (answer(GOOD, OTHER, OTHER.root()), "ocsp-unusable"),
        (answer(GOOD, RESPONDER, DELEGATE), None),
        (answer(REVOKED, RESPONDER, DELEGATE), "revoked"),
        (answer(GOOD, RESPONDER, STRANGER), "ocsp-unusable"),
        (answer(GOOD, about=ROOT.certify(LEAF)), "revocation-undetermined"),
    ],
    ids=[
        "good",
        "revoked",
        "unknown",
        "old",
        "early",
        "fresh",
        "stale",
        "forged",
        "delegate",
        "delegate no",
        "stranger",
        "other",
    ],
)
def test_ocsp(response: OcspResponse, rule: str | None) -> None:
    """Time, signer and status of an answer (RFC 6960 §3.2)."""
    assert verdict(response) == rule


def test_a_crl_still_counts_where_ocsp_fails() -> None:
    """One usable piece of evidence is enough, and a revocation wins."""
    assert verdict(answer(UNKNOWN), crls=(ROOT.crl(),)) is None
    assert verdict(answer(GOOD, days=(-9, -2)), crls=(ROOT.crl(CERTIFICATE),)) == "revoked"


@pytest.mark.parametrize(
    ("crl", "rule"),
    [
        (ROOT.crl(days=(-9, -1)), "crl-expired"),
        (ROOT.crl(days=(1, 2)), "crl-expired"),
        (Party("Root", key_name="other").crl(), "crl-bad-signature"),
        (ROOT.crl(CERTIFICATE, reason="certificateHold"), "revoked"),
        (ROOT.crl(ANCHOR.certificate), None),
        (Party("Someone").crl(), "revocation-undetermined"),
    ],
)
def test_crls(crl: Crl, rule: str | None) -> None:
    """Its time, its signer and what it lists (RFC 5280 §6.3.3)."""
    assert verdict(crls=(crl,)) == rule


def test_another_key_of_the_same_name_may_sign_crls() -> None:
    """After a change of keys the new key signs the list, vouched for by the old one."""
    renewed = Party("Root", key_name="renewed")
    link = ROOT.certify(renewed, ca=True)
    settings = Settings()
    crls = [renewed.crl(), ROOT.crl()]
    validate(CERTIFICATE, anchors=[ANCHOR], pool=[link], crls=crls, at=NOW, settings=settings)
    with pytest.raises(PathRejected, match=r"§6\.3\.3"):
        validate(CERTIFICATE, anchors=[ANCHOR], crls=crls[:1], at=NOW, settings=settings)


def test_signers_that_vouch_for_one_another_end() -> None:
    """Two CRL signers, each of whose standing depends on the other's list, are no endless matter."""
    first, second = Party("Root", key_name="first"), Party("Root", key_name="second")
    pool = [ROOT.certify(first, ca=True), ROOT.certify(second, ca=True)]
    assert validate(CERTIFICATE, anchors=[ANCHOR], pool=pool, crls=[first.crl(), second.crl()], at=NOW)


def test_the_newest_crl_is_believed() -> None:
    """An older one that is still current neither hides a revocation nor keeps one that was lifted."""
    older, newer = (-3, 7), (-1, 7)
    revoked = [ROOT.crl(days=older, number=1), ROOT.crl(CERTIFICATE, days=newer, number=2)]
    lifted = [ROOT.crl(CERTIFICATE, days=older, number=1, reason="certificateHold"), ROOT.crl(days=newer, number=2)]
    for crls, rule in ((revoked, "revoked"), (lifted, None)):
        assert [verdict(crls=tuple(crls)), verdict(crls=tuple(crls[::-1]))] == [rule, rule]


def test_what_relied_on_a_signer_that_fails_is_forgotten() -> None:
    """The first signer is revoked by the second's list, which the first would vouch for while its own check is under way."""
    first, second = Party("Root", key_name="first"), Party("Root", key_name="second")
    pool = [ROOT.certify(first, ca=True), ROOT.certify(second, ca=True)]
    crls = [first.crl(), second.crl(pool[0], CERTIFICATE)]
    for some in (crls, crls[::-1]):
        with pytest.raises(PathRejected, match=r"§6\.1\.3 \(a\)\(3\)|§6\.3\.3"):
            validate(CERTIFICATE, anchors=[ANCHOR], pool=pool, crls=some, at=NOW)


def test_a_large_crl_is_indexed() -> None:
    """Ten thousand entries: found by serial number, and the list is walked once."""
    entries = [x509.RevokedCertificateBuilder(serial, NOW).build() for serial in range(1, 10_001)]
    # Given one by one, the builder would copy its list every time.
    builder = x509.CertificateRevocationListBuilder(ROOT.subject, NOW, NOW + timedelta(days=1), [], entries)
    crl = Crl.parse(builder.sign(ROOT.key, hashes.SHA256()).public_bytes(DER))
    assert len(crl) == 10_000
    assert crl.entry(crl.issuer, 10_000) is not None
    assert crl.entry(crl.issuer, 10_001) is None
