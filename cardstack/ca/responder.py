"""An OCSP responder as a function of request, register and moment (RFC 6960; lightweight answers by RFC 5019)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from cardstack.ca import der as read
from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Authority, algorithm_identifier, key_bits
from cardstack.ca.register import Reason, Record, State
from cardstack.crypto.suite import DIGEST_OIDS, DigestName, digest
from cardstack.errors import Malformed, faulty, miscounted, oversized

NONCE = "1.3.6.1.5.5.7.48.1.2"
BASIC = "1.3.6.1.5.5.7.48.1.1"
REQUEST_MAX, REQUESTS_MAX, NONCE_MAX = 65_536, 100, 128
_DIGESTS: dict[str, DigestName] = {dotted: name for name, dotted in DIGEST_OIDS.items()}


class Answer(IntEnum):
    """OCSPResponseStatus (RFC 6960 §4.2.1)."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIGNATURE_REQUIRED = 5
    UNAUTHORIZED = 6


class Asked(NamedTuple):
    """One certificate asked about: its CertID as sent, and what is in it."""

    raw: bytes
    digest: str
    name_hash: bytes
    key_hash: bytes
    serial: int


class Request(NamedTuple):
    """What a client asks."""

    asked: tuple[Asked, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Served:
    """An authority whose certificates are answered for, and the key that answers (its own or a delegate's)."""

    issuer: Certificate
    status: Callable[[int], Record | None]
    responder: Authority

    def hashes(self, name: DigestName) -> tuple[bytes, bytes]:
        """The two hashes by which a CertID names this authority."""
        return digest(name, self.issuer.subject.raw), digest(name, key_bits(self.issuer.spki))


def request(raw: bytes) -> Request:
    """An OCSPRequest, DER; `Malformed` where it is none or asks for more than 100 certificates."""
    if len(raw) > REQUEST_MAX:
        raise oversized("request", REQUEST_MAX, len(raw))
    outer = read.Fields(raw, read.fields(raw, "request"), "request")
    inner = read.Fields(raw, read.inside(raw, outer.need(read.SEQUENCE), read.SEQUENCE, "tbsRequest"), "tbsRequest")
    inner.maybe(0xA0)
    inner.maybe(0xA1)
    listed = read.inside(raw, inner.need(read.SEQUENCE), read.SEQUENCE, "requestList")
    extensions = inner.maybe(0xA2)
    inner.end()
    if not 1 <= len(listed) <= REQUESTS_MAX:
        raise miscounted("requestList", REQUESTS_MAX, len(listed))
    return Request(tuple(_asked(raw, one) for one in listed), _nonce(raw, extensions))


def _asked(raw: bytes, one: read.Item) -> Asked:
    parts = read.Fields(raw, read.inside(raw, one, read.SEQUENCE, "request"), "request")
    whole = parts.need(read.SEQUENCE)
    parts.maybe(0xA0)
    parts.end()
    cert = read.Fields(raw, read.inside(raw, whole, read.SEQUENCE, "CertID"), "CertID")
    algorithm = read.inside(raw, cert.need(read.SEQUENCE), read.SEQUENCE, "hashAlgorithm")
    if not algorithm or algorithm[0].tag != read.OID:
        raise faulty("hashAlgorithm", "an identifier was expected", "应为算法标识")
    name, key, serial = cert.need(read.OCTETS), cert.need(read.OCTETS), cert.need(read.INTEGER)
    cert.end()
    number = read.integer(raw, serial, "serialNumber")
    return Asked(read.encoded(raw, whole), read.oid(raw, algorithm[0]), read.value(raw, name), read.value(raw, key), number)


def _nonce(raw: bytes, extensions: read.Item | None) -> bytes | None:
    """The nonce extension's value as sent, to be sent back (RFC 9654: 1 to 128 bytes)."""
    if extensions is None:
        return None
    for listed in read.items(raw, extensions.start, extensions.stop):
        for one in read.inside(raw, listed, read.SEQUENCE, "requestExtensions"):
            parts = read.inside(raw, one, read.SEQUENCE, "extension")
            if len(parts) >= 2 and parts[0].tag == read.OID and read.oid(raw, parts[0]) == NONCE:
                value = read.value(raw, parts[-1])
                if not 0 < len(value) <= NONCE_MAX + 3:
                    raise faulty("nonce", f"1 to {NONCE_MAX} bytes", f"应为 1 至 {NONCE_MAX} 字节")
                return value
    return None


def answer(raw: bytes, served: Sequence[Served], *, at: datetime, valid_for: timedelta) -> bytes:
    """The OCSPResponse, DER, for any bytes whatever.

    All certificates of one request are answered by the responder of the first authority that is served here; about
    others it says `unknown`. A request about none of ours is unauthorized (RFC 5019 §2.2.3).
    """
    try:
        wanted = request(raw)
    except Malformed:
        return failure(Answer.MALFORMED_REQUEST)
    found = [_find(one, served) for one in wanted.asked]
    by = next((one for one in found if one is not None), None)
    if by is None:
        return failure(Answer.UNAUTHORIZED)
    mine = [one if one is not None and one.responder is by.responder else None for one in found]
    singles = [_single(one, home, at, at + valid_for) for one, home in zip(wanted.asked, mine, strict=True)]
    extensions = [] if wanted.nonce is None else [fields.Extension(NONCE, critical=False, value=wanted.nonce)]
    data = der.sequence(
        der.context(2, der.octets(digest("sha1", key_bits(by.responder.signer.public.spki)))),
        der.generalized(at),
        der.sequence(*singles),
        der.context(1, fields.encode(extensions)) if extensions else b"",
    )
    return _successful(data, by)


def failure(status: Answer) -> bytes:
    """A response that says nothing but why there is none."""
    return der.sequence(der.enumerated(status))


def _successful(data: bytes, by: Served) -> bytes:
    signer, own = by.responder.signer, by.responder.certificate
    # A delegate sends its certificate along; an authority that answers itself is known to whoever asks.
    chain = der.context(0, der.sequence(own.raw)) if own is not None and own != by.issuer else b""
    algorithm = algorithm_identifier(signer.public.algorithm)
    basic = der.sequence(data, algorithm, der.bits(signer.sign(data)), chain)
    body = der.sequence(der.oid(BASIC), der.octets(basic))
    return der.sequence(der.enumerated(Answer.SUCCESSFUL), der.context(0, body))


def _find(asked: Asked, served: Iterable[Served]) -> Served | None:
    name = _DIGESTS.get(asked.digest)
    if name is None:
        return None
    return next((one for one in served if one.hashes(name) == (asked.name_hash, asked.key_hash)), None)


def _single(asked: Asked, home: Served | None, at: datetime, until: datetime) -> bytes:
    record = None if home is None else home.status(asked.serial)
    status = der.context(2, b"", constructed=False)
    if record is not None and record.state is State.GOOD:
        status = der.context(0, b"", constructed=False)
    elif record is not None and record.since is not None:
        reason = b"" if record.reason is Reason.UNSPECIFIED else der.context(0, der.enumerated(record.reason))
        status = der.context(1, der.generalized(record.since) + reason)
    return der.sequence(asked.raw, status, der.generalized(at), der.context(0, der.generalized(until)))
