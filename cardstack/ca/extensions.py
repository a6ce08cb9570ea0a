"""The certificate extensions of RFC 5280 §4.2 as facts: one parser each, one table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from cardstack.ca import der
from cardstack.ca.names import DIRECTORY, GeneralName, Name, general, generals
from cardstack.errors import Malformed, faulty
from cardstack.text import Text

ANY_POLICY = "2.5.29.32.0"
ANY_USE = "2.5.29.37.0"
KEY_USAGE, ALTERNATIVE_NAMES, EXTENDED_KEY_USAGE = "2.5.29.15", "2.5.29.17", "2.5.29.37"

# The bits of keyUsage (RFC 5280 §4.2.1.3).
DIGITAL_SIGNATURE, NON_REPUDIATION, KEY_ENCIPHERMENT, DATA_ENCIPHERMENT, KEY_AGREEMENT, KEY_CERT_SIGN, CRL_SIGN = range(7)
# The bits of ReasonFlags; bit 0 is unused, so these are all the reasons there are (§4.2.1.13).
ALL_REASONS = frozenset(range(1, 9))


class BasicConstraints(NamedTuple):
    """Whether the subject is an authority, and how many more may follow (§4.2.1.9)."""

    ca: bool
    path_length: int | None


class AuthorityKey(NamedTuple):
    """Which key signed: its identifier, or its certificate by issuer and serial number (§4.2.1.1)."""

    key: bytes | None
    issuer: tuple[GeneralName, ...]
    serial: int | None


class Subtrees(NamedTuple):
    """Name constraints (§4.2.1.10); `unusable` tells why one of them cannot be applied to its form."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]
    bounded: frozenset[int] = frozenset()
    """Forms with a minimum or maximum, which RFC 5280 leaves unused."""


class Policy(NamedTuple):
    """One certificate policy with its qualifiers as DER (§4.2.1.4)."""

    oid: str
    qualifiers: bytes = b""


class PolicyConstraints(NamedTuple):
    """How many certificates later a policy must be explicit, and mapping ends (§4.2.1.11)."""

    require_explicit: int | None
    inhibit_mapping: int | None


class Point(NamedTuple):
    """Where a CRL is to be had: its names, or a name relative to its issuer (§4.2.1.13)."""

    names: tuple[GeneralName, ...] = ()
    relative: bytes | None = None
    reasons: frozenset[int] = ALL_REASONS
    issuers: tuple[GeneralName, ...] = ()

    @property
    def issuer_names(self) -> tuple[Name, ...]:
        """The directory names among the CRL issuer's names."""
        return tuple(name.value for name in self.issuers if name.form == DIRECTORY and isinstance(name.value, Name))


class Access(NamedTuple):
    """Where more about the issuer is to be had: a method and a place (§4.2.2.1)."""

    method: str
    place: GeneralName


class IssuingPoint(NamedTuple):
    """What a CRL covers (§5.2.5)."""

    names: tuple[GeneralName, ...] = ()
    relative: bytes | None = None
    users_only: bool = False
    authorities_only: bool = False
    reasons: frozenset[int] | None = None
    indirect: bool = False
    attributes_only: bool = False


def basic_constraints(raw: bytes) -> BasicConstraints:
    """The subject's standing as an authority (§4.2.1.9)."""
    parts = der.Fields(raw, der.fields(raw, "basicConstraints"), "basicConstraints")
    flag, length = parts.maybe(der.BOOLEAN), parts.maybe(der.INTEGER)
    parts.end()
    ca = flag is not None and der.boolean(raw, flag, "basicConstraints")
    return BasicConstraints(ca, None if length is None else der.small(raw, length, "pathLenConstraint"))


def key_usage(raw: bytes) -> frozenset[int]:
    """The named bits that are set (§4.2.1.3)."""
    return der.flags(raw, der.whole(raw, der.BITS, "keyUsage"), "keyUsage")


def extended_key_usage(raw: bytes) -> frozenset[str]:
    """The purposes (§4.2.1.12)."""
    return frozenset(der.oid(raw, one) for one in _all(raw, der.OID, "extKeyUsage"))


def key_identifier(raw: bytes) -> bytes:
    """The subject's key identifier (§4.2.1.2)."""
    return der.value(raw, der.whole(raw, der.OCTETS, "subjectKeyIdentifier"))


def authority_key(raw: bytes) -> AuthorityKey:
    """The issuer's key (§4.2.1.1)."""
    if len(raw) < 130 and raw[:1] + raw[2:3] == b"\x30\x80" and raw[1] == len(raw) - 2 and raw[3] == len(raw) - 4:
        # A key identifier alone, as nearly all are.
        return AuthorityKey(raw[4:], (), None)
    key, serial = None, None
    issuer: tuple[GeneralName, ...] = ()
    for number, part in der.optional_parts(raw, der.whole(raw, der.SEQUENCE, "authorityKeyIdentifier"), "authorityKeyIdentifier"):
        if number == 0:
            key = der.value(raw, part)
        elif number == 1:
            issuer = generals(raw, der.items(raw, part.start, part.stop))
        elif number == 2:
            serial = der.integer(raw, part, "authorityCertSerialNumber")
        else:
            raise faulty("authorityKeyIdentifier", "an unknown field", "未知字段")
    return AuthorityKey(key, issuer, serial)


def alternative_names(raw: bytes) -> tuple[GeneralName, ...]:
    """The subject's or issuer's other names (§4.2.1.6, §4.2.1.7)."""
    return generals(raw, der.fields(raw, "alternative name"))


def certificate_policies(raw: bytes) -> tuple[Policy, ...]:
    """The policies, none of them twice (§4.2.1.4)."""
    policies: dict[str, Policy] = {}
    for one in _all(raw, der.SEQUENCE, "certificatePolicies"):
        parts = der.Fields(raw, der.inside(raw, one, der.SEQUENCE, "policy"), "policy")
        oid = der.oid(raw, parts.need(der.OID))
        qualifiers = parts.maybe(der.SEQUENCE)
        parts.end()
        if oid in policies:
            raise faulty("certificatePolicies", "a policy stands twice", "策略重复")
        policies[oid] = Policy(oid, der.encoded(raw, qualifiers) if qualifiers else b"")
    return tuple(policies.values())


def policy_mappings(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Pairs of issuer domain and subject domain policy (§4.2.1.5)."""
    pairs = []
    for one in _all(raw, der.SEQUENCE, "policyMappings"):
        parts = der.Fields(raw, der.inside(raw, one, der.SEQUENCE, "mapping"), "mapping")
        pairs.append((der.oid(raw, parts.need(der.OID)), der.oid(raw, parts.need(der.OID))))
        parts.end()
    return tuple(pairs)


def policy_constraints(raw: bytes) -> PolicyConstraints:
    """Which policies must be explicit from where (§4.2.1.11)."""
    found: dict[int, int] = {}
    for number, part in der.optional_parts(raw, der.whole(raw, der.SEQUENCE, "policyConstraints"), "policyConstraints"):
        if number > 1:
            raise faulty("policyConstraints", "an unknown field", "未知字段")
        found[number] = der.small(raw, part, "policyConstraints")
    if not found:
        raise faulty("policyConstraints", "empty", "为空")
    return PolicyConstraints(found.get(0), found.get(1))


def inhibit_any(raw: bytes) -> int:
    """After how many certificates anyPolicy ends (§4.2.1.14)."""
    return der.small(raw, der.whole(raw, der.INTEGER, "inhibitAnyPolicy"), "inhibitAnyPolicy")


def name_constraints(raw: bytes) -> Subtrees:
    """The permitted and excluded subtrees (§4.2.1.10)."""
    sides: dict[int, tuple[GeneralName, ...]] = {}
    bounded: set[int] = set()
    for number, part in der.optional_parts(raw, der.whole(raw, der.SEQUENCE, "nameConstraints"), "nameConstraints"):
        if number > 1 or part.start == part.stop:
            raise faulty("nameConstraints", "an unknown or empty field", "未知或空字段")
        bases = []
        for subtree in der.items(raw, part.start, part.stop):
            base, *rest = der.inside(raw, subtree, der.SEQUENCE, "subtree") or [subtree]
            bases.append(general(raw, base))
            # An explicit minimum of 0 is the default spelt out; anything else RFC 5280 leaves unused.
            if any(bound.tag != 0x80 or der.value(raw, bound) != b"\0" for bound in rest):
                bounded.add(bases[-1].form)
        sides[number] = tuple(bases)
    if not sides:
        raise faulty("nameConstraints", "empty", "为空")
    return Subtrees(sides.get(0, ()), sides.get(1, ()), frozenset(bounded))


def points(raw: bytes) -> tuple[Point, ...]:
    """Distribution points of CRLs (§4.2.1.13, §4.2.1.15)."""
    return tuple(_point(raw, one) for one in _all(raw, der.SEQUENCE, "cRLDistributionPoints"))


def _point(raw: bytes, one: der.Item) -> Point:
    names: tuple[GeneralName, ...] = ()
    issuers: tuple[GeneralName, ...] = ()
    relative, reasons = None, ALL_REASONS
    for number, part in der.optional_parts(raw, one, "distribution point"):
        if number == 0:
            names, relative = point_name(raw, part)
        elif number == 1:
            reasons = der.flags(raw, part, "reasons") & ALL_REASONS
        elif number == 2:
            issuers = generals(raw, der.items(raw, part.start, part.stop))
        else:
            raise Malformed(Text("distribution point: an unknown field", "分发点：未知字段"), field="cRLDistributionPoints")
    if not (names or relative or issuers):
        raise Malformed(
            Text("distribution point: neither a name nor an issuer", "分发点：既无名称也无签发者"), field="cRLDistributionPoints"
        )
    return Point(names, relative, reasons, issuers)


def point_name(raw: bytes, part: der.Item) -> tuple[tuple[GeneralName, ...], bytes | None]:
    """A DistributionPointName: full names, or one relative to the CRL issuer as a SET in DER."""
    inner = der.item(raw, part.start, part.stop)
    if inner.stop != part.stop or inner.tag not in (0xA0, 0xA1):
        raise Malformed(Text("distribution point: an unknown kind of name", "分发点：未知的名称类型"), field="distributionPoint")
    if inner.tag == 0xA0:
        return generals(raw, der.items(raw, inner.start, inner.stop)), None
    der.items(raw, inner.start, inner.stop)
    return (), b"\x31" + raw[inner.begin + 1 : inner.stop]


def issuing_point(raw: bytes) -> IssuingPoint:
    """The scope of a CRL; at most one of the three onlyContains… may be set (§5.2.5)."""
    names: tuple[GeneralName, ...] = ()
    relative, reasons = None, None
    flags: dict[int, bool] = {}
    for number, part in der.optional_parts(
        raw, der.whole(raw, der.SEQUENCE, "issuingDistributionPoint"), "issuingDistributionPoint"
    ):
        if number == 0:
            names, relative = point_name(raw, part)
        elif number == 3:
            reasons = der.flags(raw, part, "onlySomeReasons") & ALL_REASONS
        elif number <= 5:
            flags[number] = der.boolean(raw, part, "issuingDistributionPoint")
        else:
            raise faulty("issuingDistributionPoint", "an unknown field", "未知字段")
    if sum(flags.get(number, False) for number in (1, 2, 5)) > 1:
        raise faulty("issuingDistributionPoint", "more than one onlyContains", "onlyContains 多于一个")
    return IssuingPoint(
        names, relative, flags.get(1, False), flags.get(2, False), reasons, flags.get(4, False), flags.get(5, False)
    )


def information_access(raw: bytes) -> tuple[Access, ...]:
    """Where the issuer's certificate and its OCSP service are (§4.2.2.1)."""
    found = []
    for one in _all(raw, der.SEQUENCE, "authorityInfoAccess"):
        parts = der.Fields(raw, der.inside(raw, one, der.SEQUENCE, "access description"), "access description")
        method = der.oid(raw, parts.need(der.OID))
        found.append(Access(method, general(raw, parts.need())))
        parts.end()
    return tuple(found)


def nothing(raw: bytes) -> bool:
    """An extension whose presence says it all: ocsp-nocheck (RFC 6960 §4.2.2.2.1)."""
    der.whole(raw, der.NULL, "ocsp-nocheck")
    return True


def _all(raw: bytes, tag: int, what: str) -> list[der.Item]:
    """The elements of a SEQUENCE OF with at least one, all of one type."""
    found = der.fields(raw, what)
    if not found or any(one.tag != tag for one in found):
        raise faulty(what, "empty, or an element of another type", "为空或含其他类型的元素")
    return found


PARSERS: Mapping[str, tuple[str, Callable[[bytes], Any]]] = MappingProxyType(
    {
        "2.5.29.14": ("subject_key", key_identifier),
        "2.5.29.15": ("key_usage", key_usage),
        "2.5.29.17": ("alternative_names", alternative_names),
        "2.5.29.18": ("issuer_alternative_names", alternative_names),
        "2.5.29.19": ("basic_constraints", basic_constraints),
        "2.5.29.30": ("name_constraints", name_constraints),
        "2.5.29.31": ("points", points),
        "2.5.29.32": ("policies", certificate_policies),
        "2.5.29.33": ("mappings", policy_mappings),
        "2.5.29.35": ("authority_key", authority_key),
        "2.5.29.36": ("policy_constraints", policy_constraints),
        "2.5.29.37": ("extended_key_usage", extended_key_usage),
        "2.5.29.46": ("freshest", points),
        "2.5.29.54": ("inhibit_any", inhibit_any),
        "1.3.6.1.5.5.7.1.1": ("access", information_access),
        "1.3.6.1.5.5.7.48.1.5": ("no_check", nothing),
    }
)
"""What a validator of RFC 5280 knows: identifier, the fact it becomes, and its parser."""

# Understood without a fact of its own: subjectDirectoryAttributes and subjectInfoAccess constrain no path (§4.2.1.8, §4.2.2.2).
HARMLESS = frozenset({"2.5.29.9", "1.3.6.1.5.5.7.1.11"})
