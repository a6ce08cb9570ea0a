"""Small PKIs for tests, made with `cryptography` alone, so that what is validated was not issued by our own code.

Keys are made anew in every run and are worth nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cardstack.ca import der
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANY_POLICY = "2.5.29.32.0"
DER = serialization.Encoding.DER


@lru_cache(maxsize=512)
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key that a name always has in one run."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


def oid(dotted: str) -> bytes:
    """An object identifier in DER."""
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b""
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return der.wrap(der.OID, content)


def mapping_extension(pairs: Iterable[tuple[str, str]]) -> x509.UnrecognizedExtension:
    """PolicyMappings, which `cryptography` does not write."""
    body = b"".join(der.wrap(der.SEQUENCE, oid(issuer) + oid(subject)) for issuer, subject in pairs)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), der.wrap(der.SEQUENCE, body))


def policy_parts(
    policies: Sequence[str],
    mappings: Sequence[tuple[str, str]],
    require_explicit: int | None,
    inhibit_mapping: int | None,
    inhibit_any: int | None,
) -> dict[str, tuple[x509.ExtensionType, bool]]:
    """The extensions that policies make."""
    parts: dict[str, tuple[x509.ExtensionType, bool]] = {}
    if policies:
        held = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in policies]
        parts["policies"] = (x509.CertificatePolicies(held), False)
    if mappings:
        parts["mappings"] = (mapping_extension(mappings), True)
    if require_explicit is not None or inhibit_mapping is not None:
        parts["asked"] = (x509.PolicyConstraints(require_explicit, inhibit_mapping), True)
    if inhibit_any is not None:
        parts["any"] = (x509.InhibitAnyPolicy(inhibit_any), True)
    return parts


def directory(name: str, organization: str = "") -> x509.Name:
    """A name of a country, an organisation where there is one, and a common name where there is one."""
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    if name:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    return x509.Name(parts)


def constraint(text: str) -> x509.GeneralName:
    """A subtree's base: `IP:10.0.0.0/8`, `DN:organisation`, `email:…`, `URI:…` or a host name."""
    form, colon, value = text.partition(":")
    if not colon:
        return x509.DNSName(text)
    if form == "IP":
        return x509.IPAddress(ip_network(value))
    if form == "DN":
        return x509.DirectoryName(directory("", value))
    return x509.RFC822Name(value) if form == "email" else x509.UniformResourceIdentifier(value)


def alternative(text: str) -> x509.GeneralName:
    """A subject alternative name, written alike."""
    form, _, value = text.partition(":")
    if form == "IP":
        return x509.IPAddress(ip_network(value).network_address)
    return constraint(text)


@dataclass
class Party:
    """An authority of a test: a name and a key, whatever certificates it has."""

    name: str
    organization: str = ""
    key_name: str = ""
    serial: int = field(default=1000)

    @property
    def subject(self) -> x509.Name:
        return directory(self.name, self.organization)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return key(self.key_name or self.name)

    def root(self, **more: Any) -> Certificate:
        """Its self-signed certificate."""
        return self.certify(self, ca=True, **more)

    def certify(
        self,
        party: "Party",
        *,
        ca: bool = False,
        path_length: int | None = None,
        policies: Sequence[str] = (),
        mappings: Sequence[tuple[str, str]] = (),
        permitted: Sequence[str] = (),
        excluded: Sequence[str] = (),
        names: Sequence[str] = (),
        require_explicit: int | None = None,
        inhibit_mapping: int | None = None,
        inhibit_any: int | None = None,
        uses: Sequence[str] = (),
        days: tuple[int, int] = (-30, 365),
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        without: Sequence[str] = (),
        digest: hashes.SHA256 | hashes.SHA384 | None = None,
    ) -> Certificate:
        """A certificate for another party, with a serial number of its own."""
        self.serial += 1
        public = party.key.public_key()
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        parts: dict[str, tuple[x509.ExtensionType, bool]] = {
            "basic": (x509.BasicConstraints(ca, path_length if ca else None), True),
            "usage": (usage, True),
            "ski": (x509.SubjectKeyIdentifier.from_public_key(public), False),
            "aki": (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
        }
        if permitted or excluded:
            sides = ([constraint(text) for text in side] or None for side in (permitted, excluded))
            parts["constraints"] = (x509.NameConstraints(*sides), True)
        if names:
            parts["names"] = (x509.SubjectAlternativeName([alternative(text) for text in names]), False)
        if uses:
            parts["uses"] = (x509.ExtendedKeyUsage([x509.ObjectIdentifier(use) for use in uses]), False)
        parts |= policy_parts(policies, mappings, require_explicit, inhibit_mapping, inhibit_any)
        builder = x509.CertificateBuilder(self.subject, party.subject, public, self.serial)
        builder = builder.not_valid_before(NOW + timedelta(days=days[0])).not_valid_after(NOW + timedelta(days=days[1]))
        for part, (extension, critical) in parts.items():
            if part not in without:
                builder = builder.add_extension(extension, critical)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        return Certificate.parse(builder.sign(self.key, digest or hashes.SHA256()).public_bytes(DER))

    def crl(self, *revoked: Certificate, days: tuple[int, int] = (-1, 7), number: int = 1, reason: str = "") -> Crl:
        """Its complete CRL."""
        builder = x509.CertificateRevocationListBuilder(
            self.subject, NOW + timedelta(days=days[0]), NOW + timedelta(days=days[1])
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder(one.serial, NOW - timedelta(days=2))
            if reason:
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), False)
            builder = builder.add_revoked_certificate(entry.build())
        builder = builder.add_extension(x509.CRLNumber(number), False)
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return Crl.parse(builder.add_extension(aki, False).sign(self.key, hashes.SHA256()).public_bytes(DER))


@dataclass
class Bridge:
    """Provinces that recognise one another through a bridge, each with a policy of its own mapped to the bridge's."""

    provinces: tuple[Party, ...]
    hub: Party
    roots: tuple[Certificate, ...]
    crosses: tuple[Certificate, ...]
    crls: tuple[Crl, ...]

    @classmethod
    def of(cls, count: int, **more: Any) -> "Bridge":
        """A star of `count` provinces; policies 1.2.156.1.N, the bridge's 1.2.156.9."""
        provinces = tuple(Party(f"Province {number} CA", f"Province {number}") for number in range(count))
        hub = Party("Bridge CA", "Bridge")
        crosses = []
        for number, province in enumerate(provinces):
            own, common = policy(number), "1.2.156.9"
            crosses.append(province.certify(hub, ca=True, policies=[own], mappings=[(own, common)], require_explicit=0, **more))
            crosses.append(
                hub.certify(province, ca=True, policies=[common], mappings=[(common, own)], require_explicit=0, **more)
            )
        roots = tuple(province.root() for province in provinces)
        return cls(provinces, hub, roots, tuple(crosses), tuple(party.crl() for party in (*provinces, hub)))


def policy(number: int) -> str:
    """A province's own policy."""
    return f"1.2.156.1.{number}"
