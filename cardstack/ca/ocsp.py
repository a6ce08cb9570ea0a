"""An OCSP response as facts (RFC 6960 §4.2.1)."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cardstack.ca import der
from cardstack.ca.certificate import Certificate, extension_list, signature_bytes
from cardstack.ca.names import Name
from cardstack.crypto import suite
from cardstack.errors import Malformed, oversized
from cardstack.text import Text

REMEMBERED, REMEMBERED_SIZE = 1_024, 1 << 16
SIZE_MAX = 1 << 20
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_DIGESTS = {oid: name for name, oid in suite.DIGEST_OIDS.items()}


class Single(NamedTuple):
    """The answer about one certificate."""

    digest: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    status: str
    """good, revoked or unknown."""
    reason: int
    this_update: datetime
    next_update: datetime | None
    unknown_critical: bool


@dataclass(frozen=True)
class OcspResponse:
    """What a responder says; nothing here says that it is true."""

    raw: bytes = field(repr=False)
    fingerprint: str
    tbs: tuple[int, int]
    algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    responder_name: Name | None
    responder_key: bytes | None
    produced_at: datetime
    answers: tuple[Single, ...]
    certificates: tuple[Certificate, ...]
    unknown_critical: bool

    @classmethod
    def parse(cls, raw: bytes) -> "OcspResponse":
        """A successful OCSPResponse in DER or PEM."""
        der_form = der.blocks(raw, "OCSP RESPONSE")[0]
        return _remembered(der_form) if len(der_form) <= REMEMBERED_SIZE else _parse(der_form)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, OcspResponse) and self.raw == other.raw)

    def about(self, certificate: Certificate, issuer: Name, issuer_spki: bytes) -> Single | None:
        """The answer about a certificate of this issuer (RFC 6960 §4.1.1), None where there is none."""
        for answer in self.answers:
            if answer.serial == certificate.serial and (answer.issuer_name_hash, answer.issuer_key_hash) == identify(
                answer.digest, issuer, issuer_spki
            ):
                return answer
        return None

    def signed_by(self, subject: Name, spki: bytes) -> bool:
        """Whether the responder ID names this key's holder."""
        if self.responder_name is not None:
            return self.responder_name == subject
        return self.responder_key == key_hash("sha1", spki)


@lru_cache(maxsize=4096)
def identify(digest: str, issuer: Name, spki: bytes) -> tuple[bytes, bytes]:
    """The hashes of an issuer's name and key that a CertID holds."""
    return _digest(digest, issuer.raw), key_hash(digest, spki)


@lru_cache(maxsize=4096)
def key_hash(digest: str, spki: bytes) -> bytes:
    """The hash of a public key's bits, without tag, length and count of unused bits."""
    parts = der.fields(spki, "public key")
    if len(parts) != 2:
        raise Malformed(Text("public key: an algorithm and bits were expected", "公钥：应含算法和比特串"))
    return _digest(digest, der.bit_string(spki, parts[1], "public key"))


def _digest(name: str, data: bytes) -> bytes:
    known = next((known for known in suite.DIGEST_OIDS if known == name), None)
    if known is None:
        raise Malformed(Text("OCSP: unknown digest", "OCSP：未知摘要算法"))
    return suite.digest(known, data)


@lru_cache(maxsize=REMEMBERED)
def _remembered(raw: bytes) -> OcspResponse:
    return _parse(raw)


def _parse(raw: bytes) -> OcspResponse:
    if len(raw) > SIZE_MAX:
        raise oversized("OCSP response", SIZE_MAX, len(raw))
    outer = der.Fields(raw, der.fields(raw, "OCSP response"), "OCSP response")
    status, wrapped = outer.need(der.ENUMERATED), outer.maybe(0xA0)
    if der.integer(raw, status, "status") != 0 or wrapped is None:
        raise Malformed(Text("OCSP response: not a successful one", "OCSP 响应：状态不是成功"), field="responseStatus")
    (inner,) = der.inside(raw, wrapped, 0xA0, "responseBytes") or [wrapped]
    kind, content = [*der.inside(raw, inner, der.SEQUENCE, "responseBytes"), inner, inner][:2]
    if kind.tag != der.OID or der.oid(raw, kind) != _BASIC or content.tag != der.OCTETS:
        raise Malformed(Text("OCSP response: not a basic one", "OCSP 响应：不是基本响应"), field="responseType")
    return _basic(raw[content.start : content.stop])


def _basic(raw: bytes) -> OcspResponse:
    parts = der.Fields(raw, der.fields(raw, "OCSP response"), "OCSP response")
    tbs, algorithm, signature = parts.need(der.SEQUENCE), parts.need(der.SEQUENCE), parts.need(der.BITS)
    chain = parts.maybe(0xA0)
    certificates = []
    if chain is not None:
        (bag,) = der.inside(raw, chain, 0xA0, "certificates") or [chain]
        certificates = [
            Certificate.parse(der.encoded(raw, one)) for one in der.inside(raw, bag, der.SEQUENCE, "certificates")[:16]
        ]
    data = der.Fields(raw, der.items(raw, tbs.start, tbs.stop), "response data")
    version = data.maybe(0xA0)
    if version is not None and raw[version.start : version.stop] != b"\x02\x01\x00":
        raise Malformed(Text("OCSP response: unknown version", "OCSP 响应：未知版本"), field="version")
    responder = data.need(0xA1, 0xA2)
    held = raw[responder.start : responder.stop]
    produced, answers, more = data.need(der.GENERALIZED_TIME), data.need(der.SEQUENCE), data.maybe(0xA1)
    return OcspResponse(
        raw=raw,
        fingerprint=hashlib.sha256(raw).hexdigest(),
        tbs=(tbs.begin, tbs.stop),
        algorithm=der.encoded(raw, algorithm),
        signature=signature_bytes(raw, signature),
        responder_name=Name.parse(held) if responder.tag == 0xA1 else None,
        responder_key=der.value(held, der.whole(held, der.OCTETS, "responder")) if responder.tag == 0xA2 else None,
        produced_at=der.moment(raw, produced, "producedAt"),
        answers=tuple(_single(raw, one) for one in der.items(raw, answers.start, answers.stop)),
        certificates=tuple(certificates),
        unknown_critical=any(critical for _, critical, _ in extension_list(raw, more)),
    )


def _single(raw: bytes, one: der.Item) -> Single:
    parts = der.Fields(raw, der.inside(raw, one, der.SEQUENCE, "single response"), "single response")
    identity, status = parts.need(der.SEQUENCE), parts.need(0x80, 0xA1, 0x82)
    this_update, next_update = parts.need(der.GENERALIZED_TIME), parts.maybe(0xA0)
    more = parts.maybe(0xA1)
    held = der.Fields(raw, der.items(raw, identity.start, identity.stop), "certificate ID")
    algorithm, name, key, serial = held.need(der.SEQUENCE), held.need(der.OCTETS), held.need(der.OCTETS), held.need(der.INTEGER)
    digest = der.items(raw, algorithm.start, algorithm.stop)
    until = der.items(raw, next_update.start, next_update.stop) if next_update else []
    return Single(
        digest=_DIGESTS.get(der.oid(raw, digest[0]), "") if digest else "",
        issuer_name_hash=der.value(raw, name),
        issuer_key_hash=der.value(raw, key),
        serial=der.integer(raw, serial, "serial number"),
        status={0x80: "good", 0xA1: "revoked", 0x82: "unknown"}[status.tag],
        reason=_reason(raw, status) if status.tag == 0xA1 else 0,
        this_update=der.moment(raw, this_update, "thisUpdate"),
        next_update=der.moment(raw, until[0], "nextUpdate") if until else None,
        unknown_critical=any(critical for _, critical, _ in extension_list(raw, more)),
    )


def _reason(raw: bytes, revoked: der.Item) -> int:
    parts = der.items(raw, revoked.start, revoked.stop)
    if len(parts) < 2:
        return 0
    inner = der.items(raw, parts[1].start, parts[1].stop)
    return der.small(raw, inner[0], "reason") if inner else 0
