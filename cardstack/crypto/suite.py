"""Which algorithms belong together: the SM suite of the national standards, and the international one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives import hashes

from cardstack.crypto.keys import Algorithm
from cardstack.errors import Malformed
from cardstack.text import Text

DigestName: TypeAlias = Literal["sha1", "sha256", "sha384", "sha512", "sm3"]

# SHA-1 names things here (RFC 6960 §4.1.1 identifies an issuer by it); nothing signs with it.
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # an identifier, not a signature
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sm3": hashes.SM3(),
}


@dataclass(frozen=True, slots=True)
class Means:
    """How an algorithm is named in ASN.1: its digest, the OID of its signatures and of its keys.

    `null` says whether the parameters of the signature algorithm are NULL (RFC 4055 §5) or absent (RFC 5758 §3.2).
    """

    digest: DigestName
    signature_oid: str
    key_oid: str
    curve_oid: str | None
    null: bool


EC_KEY, RSA_KEY = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1"

MEANS: dict[Algorithm, Means] = {
    Algorithm.SM2_SM3: Means("sm3", "1.2.156.10197.1.501", EC_KEY, "1.2.156.10197.1.301", null=False),
    Algorithm.ECDSA_P256_SHA256: Means("sha256", "1.2.840.10045.4.3.2", EC_KEY, "1.2.840.10045.3.1.7", null=False),
    Algorithm.ECDSA_P384_SHA384: Means("sha384", "1.2.840.10045.4.3.3", EC_KEY, "1.3.132.0.34", null=False),
    Algorithm.RSA_SHA256: Means("sha256", "1.2.840.113549.1.1.11", RSA_KEY, None, null=True),
}

DIGEST_OIDS: dict[DigestName, str] = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sm3": "1.2.156.10197.1.401",
}


class Suite(StrEnum):
    """The family that a province chooses for its keys."""

    SM = "sm"
    INTERNATIONAL = "international"

    @property
    def algorithms(self) -> tuple[Algorithm, ...]:
        """The signature algorithms of the suite, its usual one first."""
        return _SUITES[self]

    @property
    def algorithm(self) -> Algorithm:
        """What new keys of the suite are."""
        return _SUITES[self][0]

    @classmethod
    def of(cls, algorithm: Algorithm) -> "Suite":
        """The suite that an algorithm belongs to."""
        return next(suite for suite, members in _SUITES.items() if algorithm in members)


_SUITES: dict[Suite, tuple[Algorithm, ...]] = {
    Suite.SM: (Algorithm.SM2_SM3,),
    Suite.INTERNATIONAL: (Algorithm.ECDSA_P256_SHA256, Algorithm.ECDSA_P384_SHA384, Algorithm.RSA_SHA256),
}


def digest(name: Algorithm | DigestName, data: bytes) -> bytes:
    """The hash of data, named by itself or by the signature algorithm that uses it.

    >>> digest("sm3", b"abc").hex()
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
    >>> digest(Algorithm.SM2_SM3, b"abc") == digest("sm3", b"abc")
    True
    >>> digest("md5", b"abc")
    Traceback (most recent call last):
    cardstack.errors.Malformed: no digest is called md5
    """
    found = _HASHES.get(MEANS[name].digest if isinstance(name, Algorithm) else name)
    if found is None:
        raise Malformed(Text(f"no digest is called {name}", f"没有名为 {name} 的摘要算法"))
    hasher = hashes.Hash(found)
    hasher.update(data)
    return hasher.finalize()
