"""A certificate revocation list as facts, with its entries indexed on first use (RFC 5280 §5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from cardstack.ca import der
from cardstack.ca.certificate import extension_facts, extension_list, signature_bytes, signed_parts
from cardstack.ca.extensions import ALL_REASONS, AuthorityKey, IssuingPoint, Point, authority_key, issuing_point, points
from cardstack.ca.names import DIRECTORY, Name, generals
from cardstack.errors import Malformed
from cardstack.text import Text

REMEMBERED, REMEMBERED_SIZE, REMEMBERED_LARGE = 1_024, 1 << 16, 8
REMOVE_FROM_CRL, CERTIFICATE_HOLD = 8, 6
REASONS: Mapping[int, str] = MappingProxyType(
    {
        0: "unspecified",
        1: "keyCompromise",
        2: "cACompromise",
        3: "affiliationChanged",
        4: "superseded",
        5: "cessationOfOperation",
        6: "certificateHold",
        8: "removeFromCRL",
        9: "privilegeWithdrawn",
        10: "aACompromise",
    }
)


def _number(raw: bytes) -> int:
    return der.integer(raw, der.whole(raw, der.INTEGER, "CRL number"), "CRL number")


PARSERS: Mapping[str, tuple[str, Any]] = MappingProxyType(
    {
        "2.5.29.20": ("number", _number),
        "2.5.29.27": ("base_number", _number),
        "2.5.29.28": ("scope", issuing_point),
        "2.5.29.35": ("authority_key", authority_key),
        "2.5.29.46": ("freshest", points),
    }
)


class Entry(NamedTuple):
    """One revoked certificate: when and why (§5.3)."""

    revoked_at: datetime
    reason: int


class _Extra(NamedTuple):
    """What the extensions of one entry say."""

    reason: int
    issuer: Name | None
    unknown_critical: bool


_PLAIN = _Extra(0, None, unknown_critical=False)


@dataclass(frozen=True)
class Crl:
    """What a CRL says; nothing here says that it is true."""

    raw: bytes = field(repr=False)
    fingerprint: str
    tbs: tuple[int, int]
    inner_algorithm: bytes = field(repr=False)
    outer_algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    entries: tuple[int, int]
    """Where in `raw` the entries begin and end."""
    critical: frozenset[str]
    present: frozenset[str]
    defects: tuple[str, ...] = ()
    repeated: bool = False

    number: int | None = None
    base_number: int | None = None
    scope: IssuingPoint | None = None
    authority_key: AuthorityKey | None = None
    freshest: tuple[Point, ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> "Crl":
        """The CRL in DER or PEM (the first of several)."""
        return _facts(der.blocks(raw, "X509 CRL", "CRL")[0])

    @classmethod
    def parse_all(cls, raw: bytes) -> "tuple[Crl, ...]":
        """Every CRL of a PEM file, or the one in DER."""
        return tuple(_facts(one) for one in der.blocks(raw, "X509 CRL", "CRL"))

    @property
    def label(self) -> str:
        """What it is called in explanations: its kind, issuer and fingerprint."""
        return f"{'delta CRL' if self.is_delta else 'CRL'} {self.fingerprint[:8]} ({self.issuer})"

    @property
    def is_delta(self) -> bool:
        """It only says what changed since a base (§5.2.4)."""
        return "2.5.29.27" in self.present

    @property
    def indirect(self) -> bool:
        """It lists certificates of other issuers too (§5.2.5)."""
        return self.scope is not None and self.scope.indirect

    @property
    def reasons(self) -> frozenset[int]:
        """The revocation reasons it covers, by the bits of ReasonFlags."""
        return ALL_REASONS if self.scope is None or self.scope.reasons is None else self.scope.reasons

    @property
    def unusable(self) -> bool:
        """An extension, of the list or of any entry, is critical and unknown, malformed or doubled (§5.2, §5.3)."""
        unknown = self.critical - PARSERS.keys()
        return bool(unknown or self.defects or self.repeated or self._index.unusable)

    @property
    def conforms(self) -> bool:
        """It has a CRL number, which is not critical (§5.2.3).

        The key identifier of its signer, which §5.2.1 asks for too, only helps to find the signer; nothing is lost without.
        """
        return "2.5.29.20" in self.present - self.critical

    @property
    def doubled(self) -> bool:
        """A certificate stands in it more than once."""
        return self._index.doubled

    def entry(self, issuer: Name, serial: int) -> Entry | None:
        """How this CRL lists a certificate, None where it does not."""
        found = self._index.found.get(serial)
        return next((entry for name, entry in found if name == issuer), None) if found else None

    def __bool__(self) -> bool:
        """A list without entries is a list."""
        return True

    def __len__(self) -> int:
        return sum(len(found) for found in self._index.found.values())

    @cached_property
    def _index(self) -> "_Index":
        return _Index.of(self)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Crl) and self.raw == other.raw)


class _Index(NamedTuple):
    """The entries by serial number; the same serial of several issuers may stand in an indirect CRL."""

    found: dict[int, tuple[tuple[Name, Entry], ...]]
    unusable: bool
    doubled: bool

    @classmethod
    def of(cls, crl: Crl) -> "_Index":
        raw, (at, stop) = crl.raw, crl.entries
        found: dict[int, tuple[tuple[Name, Entry], ...]] = {}
        issuer, unusable, doubled = crl.issuer, False, False
        try:
            while at < stop:
                serial, entry, extra, at = _entry(raw, at, stop)
                if extra.issuer is not None:
                    # In an indirect CRL the issuer of one entry is that of the next until another is named (§5.3.3).
                    issuer = extra.issuer
                unusable |= extra.unknown_critical
                before = found.get(serial, ())
                doubled |= any(name == issuer for name, _ in before)
                found[serial] = (*before, (issuer, entry))
        except Malformed:
            unusable = True
        return cls(found, unusable, doubled)


def _entry(raw: bytes, at: int, stop: int) -> tuple[int, Entry, _Extra, int]:
    """Serial number, entry, its extensions, and where the next one begins."""
    tag, _, start, end = der.item(raw, at, stop)
    number = der.item(raw, start, end)
    time = der.item(raw, number[3], end)
    if tag != der.SEQUENCE or number[0] != der.INTEGER or number[2] == number[3]:
        raise Malformed(
            Text(f"CRL entry at offset {at}: serial number and date were expected", f"偏移 {at} 处的 CRL 条目：应含序列号和日期"),
            field="CRL entry",
            offset=at,
        )
    extra = _PLAIN if time[3] == end else _extensions(raw[time[3] : end])
    revoked_at = der.moment(raw, time, "revocation date")
    return int.from_bytes(raw[number[2] : number[3]], signed=True), Entry(revoked_at, extra.reason), extra, end


def _extensions(raw: bytes) -> _Extra:
    return _remembered_extra(raw) if len(raw) <= 256 else _extra(raw)


@lru_cache(maxsize=4096)
def _remembered_extra(raw: bytes) -> _Extra:
    return _extra(raw)


def _extra(raw: bytes) -> _Extra:
    """The extensions of an entry; most entries of a list have the same few."""
    one = der.whole(raw, der.SEQUENCE, "CRL entry extensions")
    wrapper = der.Item(0xA0, 0, 0, one.stop)
    reason, issuer, unknown = 0, None, False
    for oid, critical, content in extension_list(raw, wrapper):
        if oid == "2.5.29.21":
            reason = der.small(content, der.whole(content, der.ENUMERATED, "reason code"), "reason code")
        elif oid == "2.5.29.29":
            names = generals(content, der.fields(content, "certificate issuer"))
            issuer = next((name.value for name in names if name.form == DIRECTORY and isinstance(name.value, Name)), None)
        elif critical and oid != "2.5.29.24":
            unknown = True
    return _Extra(reason, issuer, unknown)


def _facts(raw: bytes) -> Crl:
    return _remembered(raw) if len(raw) <= REMEMBERED_SIZE else _remembered_large(raw)


@lru_cache(maxsize=REMEMBERED)
def _remembered(raw: bytes) -> Crl:
    return _parse(raw)


@lru_cache(maxsize=REMEMBERED_LARGE)
def _remembered_large(raw: bytes) -> Crl:
    return _parse(raw)


def _parse(raw: bytes) -> Crl:
    tbs, algorithm, signature = signed_parts(raw, "CRL")
    return Crl(
        raw=raw,
        fingerprint=hashlib.sha256(raw).hexdigest(),
        tbs=(tbs.begin, tbs.stop),
        outer_algorithm=raw[algorithm.begin : algorithm.stop],
        signature=signature_bytes(raw, signature),
        **_tbs(raw, tbs),
    )


def _tbs(raw: bytes, tbs: der.Item) -> dict[str, Any]:
    parts = der.Fields(raw, der.items(raw, tbs.start, tbs.stop), "CRL")
    version = parts.maybe(der.INTEGER)
    if version is not None and der.integer(raw, version, "version") != 1:
        raise Malformed(Text("CRL: unknown version", "CRL：未知版本"), field="version")
    algorithm, issuer = parts.need(der.SEQUENCE), parts.need(der.SEQUENCE)
    this_update = der.moment(raw, parts.need(der.UTC_TIME, der.GENERALIZED_TIME), "thisUpdate")
    next_update = parts.maybe(der.UTC_TIME) or parts.maybe(der.GENERALIZED_TIME)
    entries = parts.maybe(der.SEQUENCE)
    extensions = parts.maybe(0xA0)
    parts.end()
    return {
        "inner_algorithm": raw[algorithm.begin : algorithm.stop],
        "issuer": Name.parse(raw[issuer.begin : issuer.stop]),
        "this_update": this_update,
        "next_update": None if next_update is None else der.moment(raw, next_update, "nextUpdate"),
        "entries": (entries.start, entries.stop) if entries else (0, 0),
        **extension_facts(raw, extensions, PARSERS),
    }
