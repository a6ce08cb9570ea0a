"""Whether a key signed a certificate, a CRL or an OCSP response; each question is answered once and remembered.

The suites that this house signs with stand in `cardstack.crypto`; a validator of other people's certificates has to
read more: RSA-PSS, DSA with inherited parameters, Edwards curves, ML-DSA, other digests (RFC 3279, 4055,
5758, 8410, 9881; GM/T 0015).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cardstack.ca import der
from cardstack.crypto import sm2
from cardstack.crypto.keys import BadSignature
from cardstack.errors import Malformed, oversized
from cardstack.text import Text

REMEMBERED = 16_384
_KEYS_REMEMBERED = 8_192
SIZE_MAX = 1 << 13
FRESH = 8
"""The price of verifying a signature, in steps of a search."""
_DSA_KEY, _PSS, _MGF1 = "1.2.840.10040.4.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_RSA_KEY, _EC_KEY = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06072a8648ce3d0201")
_NULL = b"\x05\x00"


class Verdict(Enum):
    """What came of checking a signature."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """The algorithm is not known, or does not belong to the key."""


Checker: TypeAlias = Callable[[Any, bytes, bytes], None]


def _rsa(digest: hashes.HashAlgorithm) -> Checker:
    def check(key: Any, signature: bytes, message: bytes) -> None:
        key.verify(signature, message, padding.PKCS1v15(), digest)

    return check


def _ecdsa(digest: hashes.HashAlgorithm) -> Checker:
    def check(key: Any, signature: bytes, message: bytes) -> None:
        key.verify(signature, message, ec.ECDSA(digest))

    return check


def _dsa(digest: hashes.HashAlgorithm) -> Checker:
    def check(key: Any, signature: bytes, message: bytes) -> None:
        key.verify(signature, message, digest)

    return check


def _plain(key: Any, signature: bytes, message: bytes) -> None:
    key.verify(signature, message)


_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303  # old archives; purposes that enforce a profile refuse it
        "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
        "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
        "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
        "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
        "2.16.840.1.101.3.4.2.7": hashes.SHA3_224(),
        "2.16.840.1.101.3.4.2.8": hashes.SHA3_256(),
        "2.16.840.1.101.3.4.2.9": hashes.SHA3_384(),
        "2.16.840.1.101.3.4.2.10": hashes.SHA3_512(),
    }
)
_SHA1, _SHA224, _SHA256, _SHA384, _SHA512, *_SHA3 = _HASHES.values()
_SCHEMES: Mapping[str, tuple[type, Checker]] = MappingProxyType(
    {
        "1.2.840.113549.1.1.5": (rsa.RSAPublicKey, _rsa(_SHA1)),
        "1.2.840.113549.1.1.14": (rsa.RSAPublicKey, _rsa(_SHA224)),
        "1.2.840.113549.1.1.11": (rsa.RSAPublicKey, _rsa(_SHA256)),
        "1.2.840.113549.1.1.12": (rsa.RSAPublicKey, _rsa(_SHA384)),
        "1.2.840.113549.1.1.13": (rsa.RSAPublicKey, _rsa(_SHA512)),
        "1.2.840.10045.4.1": (ec.EllipticCurvePublicKey, _ecdsa(_SHA1)),
        "1.2.840.10045.4.3.1": (ec.EllipticCurvePublicKey, _ecdsa(_SHA224)),
        "1.2.840.10045.4.3.2": (ec.EllipticCurvePublicKey, _ecdsa(_SHA256)),
        "1.2.840.10045.4.3.3": (ec.EllipticCurvePublicKey, _ecdsa(_SHA384)),
        "1.2.840.10045.4.3.4": (ec.EllipticCurvePublicKey, _ecdsa(_SHA512)),
        "1.2.840.10040.4.3": (dsa.DSAPublicKey, _dsa(_SHA1)),
        "2.16.840.1.101.3.4.3.1": (dsa.DSAPublicKey, _dsa(_SHA224)),
        "2.16.840.1.101.3.4.3.2": (dsa.DSAPublicKey, _dsa(_SHA256)),
        "1.3.101.112": (ed25519.Ed25519PublicKey, _plain),
        "1.3.101.113": (ed448.Ed448PublicKey, _plain),
        "1.2.156.10197.1.501": (sm2.Sm2Public, _plain),
        "2.16.840.1.101.3.4.3.17": (mldsa.MLDSA44PublicKey, _plain),
        "2.16.840.1.101.3.4.3.18": (mldsa.MLDSA65PublicKey, _plain),
        "2.16.840.1.101.3.4.3.19": (mldsa.MLDSA87PublicKey, _plain),
        **{f"2.16.840.1.101.3.4.3.{9 + place}": (ec.EllipticCurvePublicKey, _ecdsa(one)) for place, one in enumerate(_SHA3)},
        **{f"2.16.840.1.101.3.4.3.{13 + place}": (rsa.RSAPublicKey, _rsa(one)) for place, one in enumerate(_SHA3)},
    }
)
SHA1_SCHEMES: Final = frozenset({"1.2.840.113549.1.1.5", "1.2.840.10045.4.1", "1.2.840.10040.4.3"})

_verdicts: OrderedDict[tuple[str, bytes], Verdict] = OrderedDict()


def verdict(fingerprint: str, spki: bytes, algorithm: bytes, signature: bytes, message: bytes | memoryview) -> Verdict:
    """Whether the key of `spki` signed `message`, remembered under what carries the signature (its SHA-256)."""
    question = (fingerprint, spki)
    known = _verdicts.get(question)
    if known is None:
        known = check(spki, algorithm, signature, bytes(message))
        if len(_verdicts) >= REMEMBERED:
            # In one call, so that threads which come here together do not trip over one another.
            with suppress(KeyError):
                _verdicts.popitem(last=False)
        _verdicts[question] = known
    return known


def price(fingerprint: str, spki: bytes) -> int:
    """What asking costs a budget: 1 where the answer is remembered, else as much as a signature takes."""
    return 1 if (fingerprint, spki) in _verdicts else FRESH


def forget_verdicts() -> None:
    """Empty what is remembered of signatures, so that each is verified again; keys stay parsed."""
    _verdicts.clear()


def check(spki: bytes, algorithm: bytes, signature: bytes, message: bytes) -> Verdict:
    """Whether the key of `spki` made this signature by this algorithm (DER of its AlgorithmIdentifier)."""
    try:
        kind, checker = _scheme(algorithm)
        key = _key(spki)
        if not isinstance(key, kind) or not _allowed(spki, algorithm):
            return Verdict.UNKNOWN
        checker(key, signature, message)
    except (InvalidSignature, BadSignature):
        return Verdict.BAD
    except (Malformed, UnsupportedAlgorithm):
        return Verdict.UNKNOWN
    except (ValueError, TypeError, OverflowError):
        return Verdict.BAD
    return Verdict.GOOD


def _allowed(spki: bytes, algorithm: bytes) -> bool:
    """Whether a key for RSASSA-PSS alone is used for that, with its own parameters if it names some (RFC 4055 §1.2, §3.3)."""
    kind, parameters = key_algorithm(spki)
    return kind != _PSS or (identifier(algorithm)[0] == _PSS and parameters in (b"", identifier(algorithm)[1]))


@lru_cache(maxsize=_KEYS_REMEMBERED)
def _key(spki: bytes) -> Any:
    if len(spki) > SIZE_MAX:
        raise oversized("public key", SIZE_MAX, len(spki))
    if sm2.OID in spki[:64]:
        return sm2.Sm2Public(spki)
    if unnamed_curve(spki):
        raise Malformed(Text("the public key is on a curve without a name", "公钥所用曲线不是命名曲线"))
    try:
        return load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Malformed(Text("the public key does not parse", "公钥无法解析")) from None


@lru_cache(maxsize=256)
def _scheme(algorithm: bytes) -> tuple[type, Checker]:
    oid, parameters = identifier(algorithm)
    if oid == _PSS:
        return rsa.RSAPublicKey, _pss(parameters)
    if oid not in _SCHEMES or parameters not in (b"", _NULL):
        raise Malformed(Text(f"signature algorithm {oid} is not known here", f"不支持签名算法 {oid}"))
    return _SCHEMES[oid]


@lru_cache(maxsize=4096)
def identifier(algorithm: bytes) -> tuple[str, bytes]:
    """The OID of an AlgorithmIdentifier and its parameters as DER, empty where there are none."""
    parts = der.fields(algorithm, "algorithm")
    if not parts or len(parts) > 2 or parts[0].tag != der.OID:
        raise Malformed(Text("algorithm: an identifier and parameters were expected", "algorithm：应含标识和参数"))
    return der.oid(algorithm, parts[0]), der.encoded(algorithm, parts[1]) if len(parts) == 2 else b""


def _pss(parameters: bytes) -> Checker:
    """RSASSA-PSS with the parameters of its identifier (RFC 4055 §3.1); both digests are the same one here."""
    digest, mask, salt = "1.3.14.3.2.26", "1.3.14.3.2.26", 20
    found = der.whole(parameters, der.SEQUENCE, "PSS parameters")
    for number, part in der.optional_parts(parameters, found, "PSS parameters"):
        content = parameters[part.start : part.stop]
        if number == 0:
            digest, _ = identifier(content)
        elif number == 1:
            generator, inner = identifier(content)
            mask, _ = identifier(inner) if generator == _MGF1 else ("", b"")
        elif number == 2:
            salt = der.small(content, der.whole(content, der.INTEGER, "salt"), "salt")
        elif number != 3 or content != b"\x02\x01\x01":
            raise Malformed(Text("PSS parameters: unknown trailer", "PSS 参数：未知尾部"))
    if digest not in _HASHES or mask not in _HASHES or salt > 512:
        raise Malformed(Text("PSS parameters: unknown digest or salt", "PSS 参数：未知摘要算法或盐长"))
    scheme = padding.PSS(padding.MGF1(_HASHES[mask]), salt)

    def verify(key: Any, signature: bytes, message: bytes) -> None:
        key.verify(signature, message, scheme, _HASHES[digest])

    return verify


@lru_cache(maxsize=4096)
def key_algorithm(spki: bytes) -> tuple[str, bytes]:
    """The OID of a subject's key and its parameters as DER."""
    parts = der.fields(spki, "public key")
    if len(parts) != 2 or parts[1].tag != der.BITS:
        raise Malformed(Text("public key: an algorithm and bits were expected", "公钥：应含算法和比特串"))
    return identifier(der.encoded(spki, parts[0]))


@lru_cache(maxsize=4096)
def working_key(spki: bytes, issuer: bytes) -> bytes:
    """A subject's key, with the DSA parameters of its issuer's where it has none of its own (RFC 5280 §6.1.4 (d) to (f)).

    Whatever cannot be read stays as it is; checking a signature with it will say so.
    """
    try:
        mine, parameters = key_algorithm(spki)
        if mine != _DSA_KEY or parameters not in (b"", _NULL) or key_algorithm(issuer)[0] != _DSA_KEY:
            return spki
        theirs, own = der.fields(issuer, "public key"), der.fields(spki, "public key")
        body = der.encoded(issuer, theirs[0]) + der.encoded(spki, own[1])
    except Malformed:
        return spki
    return der.wrap(der.SEQUENCE, body)


@lru_cache(maxsize=4096)
def weakness(spki: bytes) -> str | Text | None:
    """Why a key is too weak for new trust: RSA below 2,048 bits or of no whole bytes, curves below 224, DSA at all."""
    try:
        key = _key(spki)
    except Malformed:
        return Text("unknown key", "未知密钥")
    if isinstance(key, rsa.RSAPublicKey):
        # Keys are of 2,048, 3,072 or 4,096 bits; one whose modulus ends within a byte was made by no tool that is in order.
        fine = key.key_size >= 2048 and not key.key_size % 8
        return None if fine else Text(f"RSA of {key.key_size} bits", f"{key.key_size} 位 RSA")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Text("a curve below 224 bits", "曲线低于 224 位") if key.curve.key_size < 224 else None
    return "DSA" if isinstance(key, dsa.DSAPublicKey) else None


_ONLY_SIGN = ("1.3.101.112", "1.3.101.113", *(f"2.16.840.1.101.3.4.3.{number}" for number in (17, 18, 19)))


def only_signs(spki: bytes) -> bool:
    """Whether a key can sign and nothing else: Edwards curves (RFC 8410 §5) and ML-DSA (RFC 9881 §5)."""
    try:
        return key_algorithm(spki)[0] in _ONLY_SIGN
    except Malformed:
        return False


@lru_cache(maxsize=4096)
def signs_sha1(algorithm: bytes) -> bool:
    """Whether a signature algorithm is over SHA-1, which RSASSA-PSS is where it does not say otherwise (RFC 4055 §3.1)."""
    oid, parameters = identifier(algorithm)
    if oid != _PSS:
        return oid in SHA1_SCHEMES
    given = dict(der.optional_parts(parameters, der.whole(parameters, der.SEQUENCE, "PSS parameters"), "PSS parameters"))
    return 0 not in given or identifier(der.value(parameters, given[0]))[0] == "1.3.14.3.2.26"


def broken(spki: bytes) -> bool:
    """Whether it is an RSA key that has been factored in public at its size; told by its length, before it is read."""
    return len(spki) < 160 and _RSA_KEY in spki[:20]


def unnamed_curve(spki: bytes) -> bool:
    """Whether a key on an elliptic curve writes the curve out or leaves it away, which no certificate may (RFC 5480 §2.1.1)."""
    at = spki[:24].find(_EC_KEY)
    return at >= 0 and spki[at + len(_EC_KEY)] != der.OID
