"""A certificate as facts, parsed once; and the bounded memory of those that were."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, wraps
from typing import Any, TypeVar

from cardstack.ca import der
from cardstack.ca.extensions import (
    HARMLESS,
    PARSERS,
    Access,
    AuthorityKey,
    BasicConstraints,
    Point,
    Policy,
    PolicyConstraints,
    Subtrees,
)
from cardstack.ca.names import GeneralName, Name
from cardstack.crypto import local
from cardstack.crypto.keys import PublicKey
from cardstack.errors import Malformed, faulty, oversized, told
from cardstack.text import Text

REMEMBERED, REMEMBERED_SIZE = 8_192, 1 << 14
"""How many certificates stay in memory, and up to which size; whoever sends large ones has them parsed again."""
SIZE_MAX, KEY_SIZE_MAX, ALGORITHM_SIZE_MAX = 1 << 20, 1 << 13, 1 << 10


LABELS = ("CERTIFICATE", "X509 CERTIFICATE")


@dataclass(frozen=True)
class Certificate:
    """What a certificate says (RFC 5280 §4.1); nothing here says that it is true.

    Only what cannot be read at all is `Malformed` at once. An extension whose content does not parse stands in
    `defects` and its certificate is refused by a rule, so that the refusal can name the path it stood in.
    """

    raw: bytes = field(repr=False)
    fingerprint: str
    """SHA-256 of `raw`, hexadecimal."""
    tbs: bytes = field(repr=False)
    version: int
    serial: int
    serial_size: int
    inner_algorithm: bytes = field(repr=False)
    outer_algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer: Name
    subject: Name
    valid_from: datetime
    valid_until: datetime
    time_tags: tuple[int, int]
    spki: bytes = field(repr=False)
    critical: frozenset[str]
    present: frozenset[str]
    defects: tuple[Text, ...] = ()
    repeated: bool = False
    unique_identifiers: bool = False

    subject_key: bytes | None = None
    authority_key: AuthorityKey | None = None
    key_usage: frozenset[int] | None = None
    extended_key_usage: frozenset[str] | None = None
    alternative_names: tuple[GeneralName, ...] = ()
    issuer_alternative_names: tuple[GeneralName, ...] = ()
    basic_constraints: BasicConstraints | None = None
    name_constraints: Subtrees | None = None
    policies: tuple[Policy, ...] | None = None
    mappings: tuple[tuple[str, str], ...] = ()
    policy_constraints: PolicyConstraints | None = None
    inhibit_any: int | None = None
    points: tuple[Point, ...] = ()
    freshest: tuple[Point, ...] = ()
    access: tuple[Access, ...] = ()
    no_check: bool = False

    @classmethod
    def parse(cls, raw: bytes) -> "Certificate":
        """The certificate in DER or PEM (the first of several)."""
        return _facts(der.blocks(raw, *LABELS)[0])

    @classmethod
    def parse_all(cls, raw: bytes) -> "tuple[Certificate, ...]":
        """Every certificate of a PEM file, or the one in DER."""
        return tuple(_facts(one) for one in der.blocks(raw, *LABELS))

    @cached_property
    def self_issued(self) -> bool:
        """Subject and issuer are the same name (§6.1)."""
        return self.subject == self.issuer

    @cached_property
    def is_ca(self) -> bool:
        """Whether basicConstraints says so."""
        return self.basic_constraints is not None and self.basic_constraints.ca

    @cached_property
    def entity(self) -> tuple[Name, bytes]:
        """Subject name and key: what a path may pass only once (RFC 4158 §2.4.2)."""
        return (self.subject, self.spki)

    @cached_property
    def unknown_critical(self) -> tuple[str, ...]:
        """The critical extensions that this validator does not process (§4.2)."""
        return tuple(sorted(self.critical - PARSERS.keys() - HARMLESS))

    @cached_property
    def public_key(self) -> PublicKey:
        """The subject's key behind the `keys.PublicKey` port; `Malformed` for one no suite here verifies with."""
        return local.public_key(self.spki)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Certificate) and self.raw == other.raw)


Answer = TypeVar("Answer")


def once(function: Callable[[Certificate], Answer]) -> Callable[[Certificate], Answer]:
    """A question about a certificate alone, answered once: the answer stays with the certificate and goes with it."""
    name = f"_{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def answered(certificate: Certificate) -> Answer:
        held = certificate.__dict__
        if name not in held:
            held[name] = function(certificate)
        found: Answer = held[name]
        return found

    return answered


def _facts(raw: bytes) -> Certificate:
    return _remembered(raw) if len(raw) <= REMEMBERED_SIZE else _parse(raw)


@lru_cache(maxsize=REMEMBERED)
def _remembered(raw: bytes) -> Certificate:
    return _parse(raw)


def _parse(raw: bytes) -> Certificate:
    if len(raw) > SIZE_MAX:
        raise oversized("certificate", SIZE_MAX, len(raw))
    tbs, algorithm, signature = signed_parts(raw, "certificate")
    facts = _tbs(raw, tbs)
    return Certificate(
        raw=raw,
        fingerprint=hashlib.sha256(raw).hexdigest(),
        tbs=raw[tbs.begin : tbs.stop],
        outer_algorithm=raw[algorithm.begin : algorithm.stop],
        signature=signature_bytes(raw, signature),
        **facts,
    )


def signed_parts(raw: bytes, what: str) -> tuple[der.Item, der.Item, der.Item]:
    """What is signed, the algorithm and the signature (§4.1.1, §5.1.1)."""
    parts = der.fields(raw, what)
    if [part.tag for part in parts] != [der.SEQUENCE, der.SEQUENCE, der.BITS]:
        raise faulty(what, "content, algorithm and signature were expected", "应含内容、算法和签名")
    if parts[1].stop - parts[1].begin > ALGORITHM_SIZE_MAX:
        raise faulty(what, "an algorithm larger than any in use", "算法标识过长")
    return parts[0], parts[1], parts[2]


def signature_bytes(raw: bytes, one: der.Item) -> bytes:
    """The signature; none at all where its bits are no whole bytes, which no key verifies."""
    return raw[one.start + 1 : one.stop] if raw[one.start : one.start + 1] == b"\0" else b""


def _tbs(raw: bytes, tbs: der.Item) -> dict[str, Any]:
    parts = der.Fields(raw, der.items(raw, tbs.start, tbs.stop), "certificate")
    version = parts.maybe(0xA0)
    serial, algorithm = parts.need(der.INTEGER), parts.need(der.SEQUENCE)
    issuer, validity, subject, spki = (parts.need(der.SEQUENCE) for _ in range(4))
    unique = [parts.maybe(tag) for tag in (0x81, 0x82)]
    extensions = parts.maybe(0xA3)
    parts.end()
    times = der.inside(raw, validity, der.SEQUENCE, "validity")
    if len(times) != 2:
        raise faulty("validity", "two moments were expected", "应为两个时间")
    if spki.stop - spki.begin > KEY_SIZE_MAX or algorithm.stop - algorithm.begin > ALGORITHM_SIZE_MAX:
        raise Malformed(
            Text("a public key or an algorithm larger than any in use", "公钥或算法标识过长"), field="subjectPublicKeyInfo"
        )
    return {
        "version": _version(raw, version),
        "serial": der.integer(raw, serial, "serial number"),
        "serial_size": serial.stop - serial.start,
        "inner_algorithm": raw[algorithm.begin : algorithm.stop],
        "issuer": Name.parse(raw[issuer.begin : issuer.stop]),
        "subject": Name.parse(raw[subject.begin : subject.stop]),
        "valid_from": der.moment(raw, times[0], "notBefore"),
        "valid_until": der.moment(raw, times[1], "notAfter"),
        "time_tags": (times[0].tag, times[1].tag),
        "spki": raw[spki.begin : spki.stop],
        "unique_identifiers": any(unique),
        **extension_facts(raw, extensions, PARSERS),
    }


def _version(raw: bytes, one: der.Item | None) -> int:
    """1 to 3; the field holds one less (§4.1.2.1)."""
    if one is None:
        return 1
    inner = der.inside(raw, one, 0xA0, "version")
    number = der.integer(raw, inner[0], "version") if len(inner) == 1 and inner[0].tag == der.INTEGER else -1
    if not 0 <= number <= 2:
        raise faulty("version", "unknown", "未知")
    return number + 1


def extension_facts(raw: bytes, one: der.Item | None, parsers: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """The known extensions by the name of their fact; which there are, which are critical, and what is wrong with them."""
    facts: dict[str, Any] = {}
    critical, present, defects, repeated = set(), set(), [], False
    for oid, is_critical, content in extension_list(raw, one):
        repeated |= oid in present
        present.add(oid)
        if is_critical:
            critical.add(oid)
        known = parsers.get(oid)
        if known is not None:
            try:
                facts[known[0]] = known[1](content)
            except Malformed as error:
                defects.append(told(error))
    facts |= {"critical": frozenset(critical), "present": frozenset(present), "defects": tuple(defects), "repeated": repeated}
    return facts


def extension_list(raw: bytes, one: der.Item | None) -> list[tuple[str, bool, bytes]]:
    """Identifier, criticality and content of each extension in an explicitly tagged Extensions."""
    if one is None:
        return []
    inner = der.items(raw, one.start, one.stop)
    if len(inner) != 1 or inner[0].tag != der.SEQUENCE or inner[0].start == inner[0].stop:
        raise faulty("extensions", "at least one was expected", "至少应有一个")
    return [_extension(raw, part) for part in der.items(raw, inner[0].start, inner[0].stop)]


def _extension(raw: bytes, one: der.Item) -> tuple[str, bool, bytes]:
    parts = der.inside(raw, one, der.SEQUENCE, "extension")
    critical = False
    if len(parts) == 3 and parts[1].tag == der.BOOLEAN:
        critical = der.boolean(raw, parts.pop(1), "extension")
    if len(parts) != 2 or parts[0].tag != der.OID or parts[1].tag != der.OCTETS:
        raise Malformed(
            Text(
                f"extension at offset {one.begin}: identifier and content were expected",
                f"偏移 {one.begin} 处的扩展：应含标识和内容",
            ),
            field="extension",
        )
    return der.dotted(raw[parts[0].start : parts[0].stop]), critical, raw[parts[1].start : parts[1].stop]
