"""Situations of public test suites written down as data: chains by how each certificate differs from a plain one.

The cases are those of x509-limbo (C2SP) and of other suites, told again in our own words and made with keys of this run;
each carries the name it has there. A case is put to the validator as a line of `cardstack ca validate --batch`.
"""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from cardstack.cli.ca_cases import run
from tests.reissue import elements

SERVER, CLIENT, CODE, EMAIL, STAMP, OCSP = (f"1.3.6.1.5.5.7.3.{number}" for number in (1, 2, 3, 4, 8, 9))
ANY_USE = "2.5.29.37.0"
BEGIN, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2969, 5, 3, tzinfo=UTC)
AT = datetime(2024, 1, 1, tzinfo=UTC)
SIGN, CERT, CRLS = (0,), (5,), (5, 6)
Quantum: TypeAlias = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey | Quantum
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha3-256": hashes.SHA3_256(),
    "sha1": hashes.SHA1(),  # what is to be refused
}
_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SIGNATURES = {
    (ec.EllipticCurvePrivateKey, "sha3-256"): "2.16.840.1.101.3.4.3.10",
    (rsa.RSAPrivateKey, "sha3-256"): "2.16.840.1.101.3.4.3.14",
    (ec.EllipticCurvePrivateKey, "sha256"): "1.2.840.10045.4.3.2",
    (ec.EllipticCurvePrivateKey, "sha1"): "1.2.840.10045.4.1",
    (dsa.DSAPrivateKey, "sha256"): "2.16.840.1.101.3.4.3.2",
    (mldsa.MLDSA44PrivateKey, "sha256"): "2.16.840.1.101.3.4.3.17",
    (mldsa.MLDSA65PrivateKey, "sha256"): "2.16.840.1.101.3.4.3.18",
    (mldsa.MLDSA87PrivateKey, "sha256"): "2.16.840.1.101.3.4.3.19",
}
_MAKE: dict[str, Callable[[], Key]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "P-192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "DSA": lambda: dsa.generate_private_key(1024),  # what is to be refused
    "ML-DSA-44": mldsa.MLDSA44PrivateKey.generate,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey.generate,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey.generate,
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-2052": lambda: rsa.generate_private_key(65537, 2052),
    "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),  # what is to be refused
}
_serials = itertools.count(0x1000)


@lru_cache(maxsize=512)
def key(kind: str, whose: str = "") -> Key:
    """The key of a kind that somebody always has in one run."""
    assert whose is not None
    return _MAKE[kind]()


def spki(secret: Key) -> bytes:
    """The subjectPublicKeyInfo."""
    return secret.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def identifier(secret: Key) -> bytes:
    """A key identifier: any value that is the same for the same key will do (RFC 5280 §4.2.1.2)."""
    return hashlib.sha256(spki(secret)).digest()[:20]


def signed(tbs: bytes, algorithm: bytes, secret: Key, digest: str) -> bytes:
    """What is signed, the algorithm and the signature."""
    made = _DIGESTS[digest.removeprefix("pss-")]
    if isinstance(secret, ec.EllipticCurvePrivateKey):
        signature = secret.sign(tbs, ec.ECDSA(made))
    elif isinstance(secret, dsa.DSAPrivateKey):
        signature = secret.sign(tbs, made)
    elif isinstance(secret, rsa.RSAPrivateKey):
        scheme = PSS(MGF1(made), made.digest_size) if digest.startswith("pss-") else PKCS1v15()
        signature = secret.sign(tbs, scheme, made)
    else:
        signature = secret.sign(tbs)
    return der.sequence(tbs, algorithm, der.bits(signature))


def algorithm_of(secret: Key, digest: str) -> bytes:
    """The AlgorithmIdentifier; of RSASSA-PSS with SHA-1 nothing is written, being the default."""
    if digest == "pss-sha1":
        return der.sequence(der.oid(_PSS), der.sequence())
    if digest == "pss-sha256":
        return der.sequence(der.oid(_PSS), pss_parameters("2.16.840.1.101.3.4.2.1", 32))
    for (kind, name), oid in _SIGNATURES.items():
        if isinstance(secret, kind) and name == digest:
            return der.sequence(der.oid(oid))
    return der.sequence(der.oid("1.2.840.113549.1.1." + ("5" if digest == "sha1" else "11")), der.NULL)


def pss_parameters(digest: str, salt: int) -> bytes:
    """The parameters of RSASSA-PSS (RFC 4055 §3.1)."""
    hashed = der.sequence(der.oid(digest), der.NULL)
    mask = der.sequence(der.oid(_MGF1), hashed)
    return der.sequence(der.context(0, hashed), der.context(1, mask), der.context(2, der.integer(salt)))


def general(text: str | bytes) -> bytes:
    """A general name from text: a host, or with its form in front; bytes are one already."""
    if isinstance(text, bytes):
        return text
    form, colon, rest = text.partition(":")
    if not colon:
        return fields.dns(text)
    if form == "IP":
        return fields.address(rest, network="/" in rest)
    if form == "DN":
        return fields.directory(der.name(CN=rest))
    if form == "URI":
        return fields.uri(rest)
    return fields.email(rest)


@dataclass(frozen=True)
class Spec:
    """How a certificate differs from a plain one of its role."""

    role: str
    name: str | None = None
    """The common name; None is one of its own, and example.com for a leaf."""
    subject: bytes | None = None
    issuer: bytes | None = None
    secret: str | Key = "P-256"
    whose: str | None = None
    begin: datetime = BEGIN
    end: datetime = END
    serial: int | None = None
    version: int = 3
    san: Sequence[str | bytes] | None = ("example.com",)
    san_critical: bool = False
    usage: Sequence[int] | None = None
    usage_critical: bool = False
    basic: tuple[bool, int | None] | None = None
    basic_critical: bool = True
    eku: Sequence[str] | None = None
    eku_critical: bool = False
    permitted: Sequence[str | bytes] = ()
    excluded: Sequence[str | bytes] = ()
    constraints_critical: bool = True
    ski: bool | bytes = True
    aki: bool | bytes = True
    critical_ids: bool = False
    extra: Sequence[Extension] = ()
    bare: bool = False
    """No extension at all."""
    digest: str = "sha256"
    """The digest, or `pss-` and the digest; that which its issuer signs with."""
    info: Callable[[Key], bytes] | None = None
    """The public key written otherwise."""
    outer: bytes | None = None
    """Another algorithm outside than inside."""


def root(**more: Any) -> Spec:
    """A self-signed authority."""
    return replace(Spec("root", name="root", usage=CRLS, basic=(True, None), aki=False), **more)


def ca(**more: Any) -> Spec:
    """An authority below another one; `length` is its path length."""
    length = more.pop("length", None)
    return replace(Spec("ca", usage=CRLS, basic=(True, length)), **more)


def leaf(**more: Any) -> Spec:
    """The certificate of a server."""
    return replace(Spec("leaf", name="example.com", usage=SIGN, eku=(SERVER,)), **more)


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    raw: bytes
    secret: Key
    subject: bytes
    serial: int
    ski: bytes = b""

    def crl(self, *revoked: int, **more: Any) -> bytes:
        """Its CRL; see `crl`."""
        return crl(self, revoked, **more)


def issue(spec: Spec, by: Made | None) -> Made:
    """The certificate that a spec describes, signed by `by` or by itself."""
    number = next(_serials)
    name = spec.name if spec.name is not None else f"authority {number}"
    subject = der.name(CN=name) if spec.subject is None else spec.subject
    secret = key(spec.secret, spec.whose or f"{spec.role} {name}") if isinstance(spec.secret, str) else spec.secret
    above = by or Made(b"", secret, subject, 0, identifier(secret))
    serial = number if spec.serial is None else spec.serial
    algorithm = algorithm_of(above.secret, spec.digest)
    written = [] if spec.bare else _extensions(spec, secret, above)
    parts = [
        der.context(0, der.integer(spec.version - 1)) if spec.version > 1 else b"",
        der.integer(serial),
        algorithm,
        above.subject if spec.issuer is None else spec.issuer,
        der.sequence(der.time(spec.begin), der.time(spec.end)),
        subject,
        (spec.info or spki)(secret),
        der.context(3, der.sequence(*(one.encode() for one in written))) if written else b"",
    ]
    raw = signed(der.sequence(*parts), algorithm, above.secret, spec.digest)
    if spec.outer is not None:
        inner, _, signature = elements(raw)
        raw = der.sequence(inner, spec.outer, signature)
    return Made(raw, secret, subject, serial, identifier(secret))


def _extensions(spec: Spec, secret: Key, above: Made) -> list[Extension]:
    found: list[Extension] = []
    if spec.basic is not None:
        made = fields.basic_constraints(ca=spec.basic[0], path_length=spec.basic[1])
        found.append(made._replace(critical=spec.basic_critical))
    if spec.usage is not None:
        found.append(Extension("2.5.29.15", spec.usage_critical, der.flags(spec.usage)))
    if spec.eku is not None:
        found.append(fields.extended_key_usage(spec.eku, critical=spec.eku_critical))
    if spec.san is not None:
        found.append(fields.alternative_names([general(one) for one in spec.san], critical=spec.san_critical))
    if spec.ski is not False:
        value = identifier(secret) if spec.ski is True else spec.ski
        found.append(fields.subject_key(value)._replace(critical=spec.critical_ids))
    if spec.aki is True:
        found.append(fields.authority_key(above.ski)._replace(critical=spec.critical_ids))
    elif spec.aki is not False:
        found.append(Extension("2.5.29.35", spec.critical_ids, spec.aki))
    if spec.permitted or spec.excluded:
        sides = ([general(one) for one in side] for side in (spec.permitted, spec.excluded))
        found.append(fields.name_constraints(*sides)._replace(critical=spec.constraints_critical))
    return [*found, *spec.extra]


def crl(
    by: Made,
    revoked: Sequence[int | tuple[int, datetime] | tuple[int, datetime, Sequence[Extension]]] = (),
    *,
    issuer: bytes | None = None,
    secret: Key | None = None,
    begin: datetime = AT - timedelta(days=1),
    end: datetime | None = AT + timedelta(days=30),
    aki: bool = True,
    number: Extension | None = Extension("2.5.29.20", False, b"\x02\x01\x01"),  # noqa: B008  # immutable; a tuple
    extra: Sequence[Extension] = (),
    version: int | None = 2,
    encode: Callable[[datetime], bytes] = der.time,
) -> bytes:
    """A CRL in DER; an entry is a serial number, with a date and extensions if they matter."""
    secret = secret or by.secret
    algorithm = algorithm_of(secret, "sha256")
    written = [*([fields.authority_key(by.ski)] if aki else []), *([number] if number else []), *extra]
    tbs = der.sequence(
        der.integer(version - 1) if version else b"",
        algorithm,
        issuer or by.subject,
        encode(begin),
        encode(end) if end else b"",
        der.sequence(*map(_entry, revoked)) if revoked else b"",
        der.context(0, der.sequence(*(one.encode() for one in written))),
    )
    return signed(tbs, algorithm, secret, "sha256")


def _entry(one: Any) -> bytes:
    serial, when, extensions = (one, AT - timedelta(days=1), ()) if isinstance(one, int) else (*one, ())[:3]
    more = der.sequence(*(each.encode() for each in extensions)) if extensions else b""
    return der.sequence(der.integer(serial), der.time(when), more)


@dataclass(frozen=True)
class Case:
    """One case: what is asked, and what the suite expects of the answer."""

    id: str
    valid: bool
    leaf: bytes = field(repr=False)
    anchors: tuple[bytes, ...] = field(repr=False)
    pool: tuple[bytes, ...] = field(default=(), repr=False)
    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsp: tuple[bytes, ...] = field(default=(), repr=False)
    asked: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None
    """The rule that we say is broken, where the case is about one."""

    def record(self, **more: Any) -> dict[str, Any]:
        """The case as a line of a batch."""
        held = {"anchors": self.anchors, "pool": self.pool, "crls": self.crls, "ocsp": self.ocsp}
        written = {name: [base64.b64encode(raw).decode() for raw in raws] for name, raws in held.items()}
        return {"id": self.id, "leaf": base64.b64encode(self.leaf).decode(), **written, **self.asked, **more}

    def judged(self, **more: Any) -> dict[str, Any]:
        """The result of the batch."""
        (result,) = run([json.dumps(self.record(**more))], Path())
        return result


@dataclass(frozen=True)
class Row:
    """A case before its certificates are made."""

    id: str
    valid: bool
    make: Callable[[], "Situation"]
    more: dict[str, Any]

    def case(self) -> Case:
        """The case with its certificates."""
        last, anchors, pool, crls, ocsp = self.make()
        more = dict(self.more)
        rule = more.pop("rule", None)
        trusted, at_hand = (tuple(one.raw for one in group) for group in (anchors, pool))
        at = more.pop("at", AT)
        asked = {"names": ["example.com"], **more, "at": at if isinstance(at, str) else at.isoformat()}
        return Case(self.id, self.valid, last.raw, trusted, at_hand, tuple(crls), tuple(ocsp), asked, rule)


class Situation(NamedTuple):
    """The certificate that is asked about, whom one trusts, what else is at hand."""

    last: Made
    anchors: Sequence[Made]
    pool: Sequence[Made] = ()
    crls: Sequence[bytes] = ()
    ocsp: Sequence[bytes] = ()


def line(title: str, valid: bool, *specs: Spec, **more: Any) -> Row:
    """One line of certificates: the first is trusted, the last is asked about; `more` is what is asked."""
    lists = more.pop("crls", None)

    def make() -> Situation:
        made: list[Made] = []
        for spec in specs:
            made.append(issue(spec, made[-1] if made else None))
        return Situation(made[-1], made[:1], made[1:-1], lists(*made) if lists else ())

    return Row(title, valid, make, more)


def shape(title: str, valid: bool, make: Callable[[], Situation], **more: Any) -> Row:
    """Certificates of any shape."""
    return Row(title, valid, make, more)
