"""The odd certificates, CRLs and OCSP answers in cryptography-vectors: read as `cryptography` reads them, judged by rules."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.names import expected
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.purposes import purpose
from cardstack.ca.trust import Anchor, PathRejected, Settings, validate
from cardstack.errors import Malformed
from tests.pki_kit import NOW

HOME = Path(cryptography_vectors.__file__).parent / "x509"
SERVER = Settings(purpose=purpose("serverAuth"), names=(expected("cryptography.io"),))
FILES = sorted(str(file.relative_to(HOME)) for file in HOME.rglob("*") if file.is_file() and "PKITS_data" not in file.parts)

# What `cryptography` refuses to load, and this validator reads so as to refuse it by a rule, or does not look at.
ONLY_OURS = {
    "custom/crl_inner_outer_mismatch.der": "two algorithms, for a rule to refuse",
    "custom/crl_issuer_invalid_printable_string.der": "characters in a name that its string type does not have",
    "custom/dsa_null_alg_params.pem": "NULL where parameters should be absent",
    "custom/ecdsa_null_alg.pem": "NULL where parameters should be absent",
    "ed25519/ed25519-rfc8410.pem": "a criticality of FALSE, which is the default, spelt out",
}
# What `cryptography` loads and this validator does not.
ONLY_THEIRS = {
    "custom/long-form-name-attribute.pem": "a tag of several bytes, which no string type of names has",
    "ocsp/resp-unauthorized.der": "an answer that says nothing but that there is none",
}


def theirs(raw: bytes) -> tuple[Callable[[], Any], ...]:
    """How `cryptography` reads a certificate, a CRL and an OCSP answer."""
    armoured = b"-----BEGIN" in raw
    return (
        lambda: x509.load_pem_x509_certificates(raw) if armoured else x509.load_der_x509_certificate(raw),
        lambda: x509.load_pem_x509_crl(raw) if armoured else x509.load_der_x509_crl(raw),
        lambda: ocsp.load_der_ocsp_response(raw),
    )


def read(way: Callable[[bytes], Sequence[Any]], raw: bytes) -> Sequence[Any]:
    """What this validator reads, nothing where it says that it cannot."""
    try:
        return way(raw)
    except Malformed:
        return ()


OURS: tuple[Callable[[bytes], Sequence[Any]], ...] = (
    Certificate.parse_all,
    Crl.parse_all,
    lambda raw: (OcspResponse.parse(raw),),
)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.filterwarnings("ignore::Warning:cryptography", "ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_file_is_read_alike(file: str) -> None:
    """Certificates, CRLs and OCSP answers; whoever differs stands in one of the lists."""
    raw = (HOME / file).read_bytes()
    for ours, other in zip(OURS, theirs(raw), strict=True):
        mine = bool(read(ours, raw))
        try:
            other()
            loaded = True
        except Exception:  # noqa: BLE001  # whatever their reader says
            loaded = False
        assert mine == loaded or file in (ONLY_OURS if mine else ONLY_THEIRS)


@pytest.mark.parametrize("file", FILES)
def test_a_certificate_is_judged(file: str) -> None:
    """Below an anchor, as an anchor, and as both; bare, and for a server's name."""
    for certificate in read(Certificate.parse_all, (HOME / file).read_bytes()):
        for settings in (Settings(), SERVER):
            verdicts = [judged(certificate, anchor, settings) for anchor in (certificate, *ANCHORS)]
            assert all(verdict == "valid" or verdict in tables.RULES for verdict in verdicts)


def judged(certificate: Certificate, anchor: Certificate, settings: Settings) -> str:
    """The verdict, or the rule that is broken."""
    try:
        validate(certificate, anchors=[Anchor(anchor)], pool=[certificate], crls=CRLS, at=NOW, settings=settings)
    except PathRejected as refusal:
        return refusal.rule
    return "valid"


def test_lists_can_be_looked_up() -> None:
    """Whatever stands in their entries."""
    for crl in CRLS:
        assert crl.entry(crl.issuer, -1) is None
        assert {type(crl.unusable), type(crl.conforms), type(crl.doubled)} == {bool}


def _all(way: Callable[[bytes], Sequence[Any]], kind: str) -> list[Any]:
    found = (read(way, (HOME / file).read_bytes()) for file in FILES if kind in file)
    return [one for each in found for one in each]


CRLS: list[Crl] = _all(Crl.parse_all, "crl")
ANCHORS: list[Certificate] = _all(Certificate.parse_all, "root")
