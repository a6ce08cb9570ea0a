"""Issuing: a profile, a subject and its key become a certificate (RFC 5280 §4.1; GM/T 0015-2023 for the SM suite)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import NotRequired, TypedDict, Unpack

from cardstack.ca import der as read
from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.certificate import Certificate
from cardstack.ca.profile import PURPOSES, Profile
from cardstack.crypto.keys import Algorithm, PublicKey, Signer
from cardstack.crypto.suite import MEANS, digest
from cardstack.errors import Refused, problem
from cardstack.text import Text

WRONG_FOR_PROFILE = problem(
    "CS-2202",
    Text("The request does not fit the profile {profile}", "申请与证书模板 {profile} 不符"),
    Text("Correct what is named here and ask again; nothing was issued.", "请更正所示内容后重新申请；未签发任何证书。"),
)
_VERSION_3 = der.context(0, der.integer(2))
SERIAL_BITS = 159  # RFC 5280 §4.1.2.2: at most 20 bytes, positive


@dataclass(frozen=True, slots=True)
class Places:
    """Where relying parties find what they need beside the certificate; URLs."""

    crl: tuple[str, ...] = ()
    delta: tuple[str, ...] = ()
    issuer: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs: a name, a key, its own certificate where it has one, and where its publications are found."""

    subject: bytes
    """Distinguished name, DER."""
    signer: Signer
    certificate: Certificate | None = None
    places: Places = field(default_factory=Places)
    crl_issuer: bytes | None = None
    """The name of the authority that signs its CRLs, if it does not do so itself (§4.2.1.13)."""

    @classmethod
    def of(cls, certificate: Certificate, signer: Signer, places: Places | None = None) -> "Authority":
        """The authority of a CA certificate; `Refused` where the key is another one."""
        if certificate.spki != signer.public.spki:
            raise Refused(
                Text("the key is not that of the authority's certificate", "密钥与机构证书不匹配"), problem=WRONG_FOR_PROFILE
            )
        return cls(certificate.subject.raw, signer, certificate, places or Places())

    @property
    def key_identifier(self) -> bytes:
        if self.certificate is not None and self.certificate.subject_key is not None:
            return self.certificate.subject_key
        return key_identifier(self.signer.public.spki)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for beside subject and key; the profile decides what may be."""

    policies: tuple[str, ...] = ()
    names: tuple[bytes, ...] = ()
    """Subject alternative names (`fields.dns` and the like)."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Holder numbers by the names of `fields.HOLDER_NUMBERS`."""
    path_length: int | None = None
    extensions: tuple[fields.Extension, ...] = ()
    """More of them, as cross certificates need."""
    subject_key: bytes | None = None
    """The subject's own key identifier, where it has one already."""


NOTHING_MORE = Wish()


def key_bits(spki: bytes) -> bytes:
    """The content of the public key's BIT STRING: what key identifiers are hashes of."""
    parts = read.Fields(spki, read.fields(spki, "public key"), "public key")
    parts.need(read.SEQUENCE)
    return read.bit_string(spki, parts.need(), "public key")


def key_identifier(spki: bytes) -> bytes:
    """The first 160 bits of the SHA-256 of the public key's bits (RFC 7093 §2 method 1)."""
    return digest("sha256", key_bits(spki))[:20]


@cache
def algorithm_identifier(algorithm: Algorithm) -> bytes:
    """How a signature algorithm is written."""
    means = MEANS[algorithm]
    return der.sequence(der.oid(means.signature_oid), der.NULL if means.null else b"")


def signed(tbs: bytes, signer: Signer) -> bytes:
    """The SEQUENCE of content, algorithm and signature that certificates, CRLs and answers all are."""
    return der.sequence(tbs, algorithm_identifier(signer.public.algorithm), der.bits(signer.sign(tbs)))


class Asked(TypedDict):
    """What a certificate is made from, beside its profile.

    `serial` is drawn by the caller, with at least 64 random bits. Without `until` it lasts as long as the profile and the
    issuer's own certificate allow.
    """

    subject: bytes
    public: PublicKey
    issuer: Authority
    at: datetime
    serial: int
    until: NotRequired[datetime | None]
    wish: NotRequired[Wish]


def issue(profile: Profile, **asked: Unpack[Asked]) -> Certificate:
    """A certificate for a key, valid from `at`; `Refused` CS-2202 where the wish does not fit the profile."""
    return Certificate.parse(write(profile, **asked))


def write(profile: Profile, **asked: Unpack[Asked]) -> bytes:
    """The same as DER that is not read back: for personalisation, where a million cards get theirs."""
    subject, public, issuer = asked["subject"], asked["public"], asked["issuer"]
    at, serial, wish = asked["at"], asked["serial"], asked.get("wish", NOTHING_MORE)
    end = _until(profile, issuer, at, asked.get("until"))
    _check(profile, wish, subject, issuer, serial)
    algorithm = algorithm_identifier(issuer.signer.public.algorithm)
    tbs = der.sequence(
        _VERSION_3,
        der.integer(serial),
        algorithm,
        issuer.subject,
        der.sequence(der.time(at), der.time(end)),
        subject,
        public.spki,
        der.context(3, _extensions(profile, issuer, wish, subject, public.spki)),
    )
    return der.sequence(tbs, algorithm, der.bits(issuer.signer.sign(tbs)))


def self_signed(
    profile: Profile, *, authority: Authority, at: datetime, serial: int, until: datetime | None = None, wish: Wish = NOTHING_MORE
) -> Authority:
    """The authority with the certificate that it makes for itself, and that others take as an anchor."""
    certificate = issue(
        profile,
        subject=authority.subject,
        public=authority.signer.public,
        issuer=authority,
        at=at,
        serial=serial,
        until=until,
        wish=wish,
    )
    return replace(authority, certificate=certificate)


def link(old: Authority, new: Authority, *, profile: Profile, at: datetime, serials: tuple[int, int]) -> tuple[Certificate, ...]:
    """The two certificates of a key change: the new key under the old one, and the old under the new (RFC 4210 §4.4).

    They are self-issued, so they count towards no path length, and any policy passes through them.
    """
    if old.subject != new.subject or old.signer.public.spki == new.signer.public.spki:
        raise Refused(
            Text("a key change keeps the name and changes the key", "更换密钥须保持名称不变且密钥不同"),
            problem=WRONG_FOR_PROFILE,
            profile=profile.name,
        )
    made = []
    for (issuer, subject), serial in zip(((old, new), (new, old)), serials, strict=True):
        wish = Wish(policies=(fields.ANY_POLICY,), subject_key=subject.key_identifier)
        # The old key's certificate under the new key lasts no longer than the old key would have.
        until = subject.certificate.valid_until if subject.certificate is not None and subject is old else None
        one = issue(
            profile,
            subject=subject.subject,
            public=subject.signer.public,
            issuer=issuer,
            at=at,
            serial=serial,
            until=until,
            wish=wish,
        )
        made.append(one)
    return tuple(made)


def _until(profile: Profile, issuer: Authority, at: datetime, asked: datetime | None) -> datetime:
    longest = at + timedelta(days=profile.days_max)
    parent = issuer.certificate
    if asked is None:
        return longest if parent is None else min(longest, parent.valid_until)
    if not at < asked <= longest:
        raise Refused(
            Text(f"it lasts at most {profile.days_max} days", f"有效期至多 {profile.days_max} 天"),
            problem=WRONG_FOR_PROFILE,
            profile=profile.name,
        )
    if parent is not None and asked > parent.valid_until:
        raise Refused(
            Text("it would outlast its issuer's own certificate", "有效期将超出签发者证书"),
            problem=WRONG_FOR_PROFILE,
            profile=profile.name,
        )
    return asked


def _check(profile: Profile, wish: Wish, subject: bytes, issuer: Authority, serial: int) -> None:
    """What the profile asks for is there, and nothing that it does not allow."""
    wrong = {
        f"a serial number has 1 to {SERIAL_BITS} bits": not 0 < serial.bit_length() <= SERIAL_BITS or serial < 0,
        "it names a policy": profile.policy and not wish.policies,
        "it names a host or address": profile.alternative_name and not wish.names,
        "its subject is not empty": subject == der.sequence() and not wish.names,
        "it carries no such holder number": not set(wish.numbers) <= set(profile.numbers),
        "path length is for authorities": wish.path_length is not None and not profile.ca,
        "anyPolicy is for link certificates": fields.ANY_POLICY in wish.policies and profile.name not in {"link", "bridge"},
        "its issuer has a certificate": profile.name not in {"province-root", "bridge", "link"} and issuer.certificate is None,
    }
    broken = [rule for rule, is_broken in wrong.items() if is_broken]
    if broken:
        raise Refused("; ".join(broken), problem=WRONG_FOR_PROFILE, profile=profile.name)


def _extensions(profile: Profile, issuer: Authority, wish: Wish, subject: bytes, spki: bytes) -> bytes:
    """What is the certificate's own, and what is the same in all that an authority issues by a profile."""
    own = [
        fields.subject_key(wish.subject_key or key_identifier(spki)),
        fields.alternative_names(wish.names, critical=subject == der.sequence()) if wish.names else None,
        *(fields.holder_number(kind, number) for kind, number in wish.numbers.items()),
        *wish.extensions,
    ]
    written = [one for one in own if one is not None]
    length = profile.path_length if wish.path_length is None else wish.path_length
    places = issuer.places if issuer.certificate is not None else Places()
    shared, oids = _shared(profile, wish.policies, length, issuer.key_identifier, (places, issuer.crl_issuer))
    if len(oids | {one.oid for one in written}) != len(oids) + len(written):
        raise Refused(
            Text("an extension stands in a certificate once", "证书中同一扩展只能出现一次"),
            problem=WRONG_FOR_PROFILE,
            profile=profile.name,
        )
    return der.element(0x30, b"".join([one.encode() for one in written]) + shared)


@lru_cache(maxsize=1024)
def _shared(
    profile: Profile,
    policies: tuple[str, ...],
    length: int | None,
    issuer_key: bytes,
    published: tuple[Places, bytes | None],
) -> tuple[bytes, frozenset[str]]:
    """The extensions that profile and issuer decide, written once, and which they are; what is empty is left out."""
    purposes, (places, crl_issuer) = [PURPOSES[name] for name in profile.purposes], published
    made = [
        fields.authority_key(issuer_key),
        fields.basic_constraints(ca=profile.ca, path_length=length) if profile.ca else None,
        fields.key_usage(profile.usages),
        fields.extended_key_usage(purposes, critical=profile.purposes_critical) if purposes else None,
        fields.policies(policies) if policies else None,
    ]
    if profile.no_check:
        made.append(fields.ocsp_no_check())
    else:
        made += [
            fields.distribution_points(places.crl, crl_issuer) if places.crl or crl_issuer else None,
            fields.distribution_points(places.delta, delta=True) if places.delta else None,
            fields.information_access(places.ocsp, places.issuer) if places.ocsp or places.issuer else None,
        ]
    chosen = [one for one in made if one is not None]
    return b"".join(one.encode() for one in chosen), frozenset(one.oid for one in chosen)
