"""Signature algorithms that certificates of others carry: each verifies, and each refuses what it did not sign."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from cardstack.ca import signatures
from cardstack.ca.certificate import Certificate
from cardstack.ca.signatures import Verdict
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from tests import reissue
from tests.pki_kit import DER, NOW, Party, directory

RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
KEYS: dict[str, tuple[Any, Any, Any]] = {
    "RSA SHA-256": (RSA, hashes.SHA256(), None),
    "RSA SHA-512": (RSA, hashes.SHA512(), None),
    "RSA-PSS SHA-256": (RSA, hashes.SHA256(), PSS),
    "RSA-PSS SHA-384": (RSA, hashes.SHA384(), padding.PSS(padding.MGF1(hashes.SHA384()), 48)),
    "P-256": (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), None),
    "P-384": (ec.generate_private_key(ec.SECP384R1()), hashes.SHA384(), None),
    "P-521": (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512(), None),
    "DSA": (dsa.generate_private_key(2048), hashes.SHA256(), None),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate(), None, None),
    "Ed448": (ed448.Ed448PrivateKey.generate(), None, None),
}


def self_signed(key: Any, digest: Any, scheme: Any) -> Certificate:
    name = directory("self")
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 7).not_valid_before(NOW).not_valid_after(NOW.replace(year=2030))
    )
    return Certificate.parse(builder.sign(key, digest, rsa_padding=scheme).public_bytes(DER))


def verdict(certificate: Certificate, spki: bytes, tbs: bytes) -> Verdict:
    return signatures.check(spki, certificate.outer_algorithm, certificate.signature, tbs)


@pytest.mark.parametrize("parts", KEYS.values(), ids=list(KEYS))
def test_each_algorithm(parts: tuple[Any, Any, Any]) -> None:
    """Good over what was signed, bad over anything else, unknown under another kind of key."""
    certificate = self_signed(*parts)
    assert verdict(certificate, certificate.spki, certificate.tbs) is Verdict.GOOD
    assert verdict(certificate, certificate.spki, certificate.tbs + b"\0") is Verdict.BAD
    other = local.generate(Algorithm.SM2_SM3).public.spki
    assert verdict(certificate, other, certificate.tbs) is Verdict.UNKNOWN


def test_sm2() -> None:
    """SM2 with SM3 and the standard ID."""
    signer = local.generate(Algorithm.SM2_SM3)
    party = Party("sm2")
    raw = reissue.certificate(party.root().raw, reissue.SM2_SM3, signer.sign, spki=signer.public.spki)
    certificate = Certificate.parse(raw)
    assert verdict(certificate, certificate.spki, certificate.tbs) is Verdict.GOOD
    assert verdict(certificate, certificate.spki, certificate.tbs[:-1]) is Verdict.BAD
    assert verdict(certificate, party.root().spki, certificate.tbs) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "algorithm",
    [
        "300d06092a864886f70d0101040500",  # MD5 with RSA
        "300f06092a864886f70d01010b02020101",  # SHA-256 with RSA, parameters that are none
        "3000",
        "300b06092a864886f70d01010a",  # PSS without parameters
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(algorithm: str) -> None:
    """Never bad, never good."""
    certificate = self_signed(*KEYS["RSA SHA-256"])
    assert signatures.check(certificate.spki, bytes.fromhex(algorithm), certificate.signature, certificate.tbs) is Verdict.UNKNOWN
