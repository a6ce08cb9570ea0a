"""The ports through which everything signs and verifies: a file key, a token and an HSM look alike."""

from enum import StrEnum
from typing import Protocol

from cardstack.errors import Untrusted, problem
from cardstack.text import Text

SIGNATURE = problem(
    "CS-2001",
    Text("The signature does not verify", "签名验证失败"),
    Text(
        "Check that message, key and algorithm belong together; do not rely on the content.",
        "请核对报文、公钥与算法是否匹配；切勿采信其内容。",
    ),
)


class Algorithm(StrEnum):
    """A signature algorithm with its hash and its parameters."""

    SM2_SM3 = "sm2-sm3"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ECDSA_P384_SHA384 = "ecdsa-p384-sha384"
    RSA_SHA256 = "rsa-sha256"


class BadSignature(Untrusted):
    """A signature that the key did not make over this message."""

    problem = SIGNATURE


class PublicKey(Protocol):
    """The half that everyone may have."""

    @property
    def algorithm(self) -> Algorithm: ...

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER (RFC 5280 §4.1)."""
        ...

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return, or raise `BadSignature`; a malformed signature is a bad one."""
        ...


class Signer(Protocol):
    """The half that stays where it is."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """The signature over message; ECDSA and SM2 as DER SEQUENCE of r and s."""
        ...
