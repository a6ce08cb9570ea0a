"""Keys in this process: SM2 by libcrypto, ECDSA and RSA by `cryptography`, all behind the ports of `keys`."""

import binascii
import re
from functools import lru_cache
from typing import Protocol, TypeAlias, runtime_checkable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cardstack.crypto import sm2
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm, BadSignature, PublicKey, Signer
from cardstack.crypto.problems import KEY_FORM, KEY_PASSWORD
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed
from cardstack.text import Text

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192

_CURVES: dict[str, tuple[Algorithm, ec.EllipticCurve, ec.ECDSA]] = {
    "secp256r1": (Algorithm.ECDSA_P256_SHA256, ec.SECP256R1(), ec.ECDSA(hashes.SHA256())),
    "secp384r1": (Algorithm.ECDSA_P384_SHA384, ec.SECP384R1(), ec.ECDSA(hashes.SHA384())),
}
_Private: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_Public: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_PEM = re.compile(rb"-----BEGIN (ENCRYPTED )?PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END (?:ENCRYPTED )?PRIVATE KEY-----")
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@runtime_checkable
class LocalSigner(Signer, Protocol):
    """A key pair that this process holds and can write down."""

    def to_pkcs8(self, password: bytes | None) -> bytes:
        """PKCS#8, PEM; encrypted where there is a password."""
        ...


class _NistPublic:
    """An ECDSA or RSA public key."""

    def __init__(self, key: _Public) -> None:
        self.algorithm = _algorithm(key)
        self.spki = key.public_bytes(serialization.Encoding.DER, _SPKI)
        self._key = key

    def verify(self, signature: bytes, message: bytes) -> None:
        try:
            if isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            else:
                self._key.verify(signature, message, _CURVES[self._key.curve.name][2])
        except InvalidSignature:
            raise BadSignature from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _NistPublic) and self.spki == other.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"PublicKey({self.algorithm}, {digest('sha256', self.spki).hex()[:16]})"


class _NistSigner:
    """An ECDSA or RSA key pair; its `repr` shows the public half alone."""

    def __init__(self, key: _Private) -> None:
        self._key = key
        self.public: PublicKey = _NistPublic(key.public_key())

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(message, _CURVES[self._key.curve.name][2])

    def to_pkcs8(self, password: bytes | None) -> bytes:
        lock: serialization.KeySerializationEncryption = (
            serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
        )
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)

    def __repr__(self) -> str:
        return f"LocalSigner({self.public!r})"


class _Sm2Local(sm2.Sm2Signer):
    """An SM2 key pair that writes PEM, as the others do."""

    def to_pkcs8(self, password: bytes | None) -> bytes:
        return pem("PRIVATE KEY" if password is None else "ENCRYPTED PRIVATE KEY", super().to_pkcs8(password))


def generate(algorithm: Algorithm, *, rsa_bits: int = RSA_BITS_MIN) -> LocalSigner:
    """A new key pair, its randomness from the library that makes it.

    >>> generate(Algorithm.ECDSA_P256_SHA256).public.algorithm
    <Algorithm.ECDSA_P256_SHA256: 'ecdsa-p256-sha256'>
    """
    if algorithm is Algorithm.SM2_SM3:
        return _Sm2Local.generate()
    if algorithm is Algorithm.RSA_SHA256:
        if not RSA_BITS_MIN <= rsa_bits <= RSA_BITS_MAX:
            raise Malformed(
                Text(
                    f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, asked for {rsa_bits}",
                    f"RSA 密钥应为 {RSA_BITS_MIN} 至 {RSA_BITS_MAX} 位，要求为 {rsa_bits} 位",
                ),
                problem=KEY_FORM,
            )
        return _NistSigner(rsa.generate_private_key(65537, rsa_bits))
    curve = next(curve for known, curve, _ in _CURVES.values() if known is algorithm)
    return _NistSigner(ec.generate_private_key(curve))


def load_pkcs8(pem: bytes, password: bytes | None = None) -> LocalSigner:
    """The key pair in a PKCS#8 file (PEM); `Malformed` CS-2005 where the password is missing or wrong.

    A password for a file that is not encrypted is an error too: its owner thinks it is.
    """
    found = _PEM.search(pem)
    if found is None:
        raise Malformed(Text("no PKCS#8 private key in PEM", "没有 PEM 格式的 PKCS#8 私钥"), problem=KEY_FORM)
    if bool(found[1]) != (password is not None):
        wrong = Text("the file is encrypted", "文件已加密") if found[1] else Text("the file is not encrypted", "文件未加密")
        raise Malformed(wrong, problem=KEY_PASSWORD)
    try:
        der = binascii.a2b_base64(found[2])
        key = serialization.load_der_private_key(der, password)
    except UnsupportedAlgorithm:
        return _Sm2Local.from_pkcs8(der, password)
    except (ValueError, TypeError):
        raise Malformed(problem=KEY_FORM if password is None else KEY_PASSWORD) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Malformed(problem=KEY_FORM)
    return _NistSigner(key)


@lru_cache(maxsize=4096)
def public_key(spki: bytes) -> PublicKey:
    """The key of a SubjectPublicKeyInfo (DER), parsed once; `Malformed` on an algorithm, curve or size not used here."""
    try:
        key = serialization.load_der_public_key(spki)
    except UnsupportedAlgorithm:
        if sm2.OID in spki:
            return sm2.Sm2Public(spki)
        raise Malformed(problem=KEY_FORM) from None
    except (ValueError, TypeError):
        raise Malformed(Text("the public key does not parse", "公钥无法解析"), problem=KEY_FORM) from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise Malformed(problem=KEY_FORM)
    return _NistPublic(key)


def _algorithm(key: _Public) -> Algorithm:
    """How a key signs here; `Malformed` for other curves and for RSA keys too short or too long."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise Malformed(Text(f"curve {key.curve.name} is not used here", f"不支持曲线 {key.curve.name}"), problem=KEY_FORM)
        return _CURVES[key.curve.name][0]
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise Malformed(
            Text(
                f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, not {key.key_size}",
                f"RSA 密钥应为 {RSA_BITS_MIN} 至 {RSA_BITS_MAX} 位，实为 {key.key_size} 位",
            ),
            problem=KEY_FORM,
        )
    return Algorithm.RSA_SHA256
