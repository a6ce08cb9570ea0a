"""Extensions of certificates and CRLs, written (RFC 5280 §4.2 and §5.2; holder numbers by GM/T 0015-2023).

`extensions` is the half that reads. A general name here is its complete element.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from ipaddress import ip_network
from typing import NamedTuple

from cardstack.ca import encoding as der
from cardstack.errors import Malformed
from cardstack.text import Text


class Extension(NamedTuple):
    """One extension: its OID, whether a reader must know it, and its value, DER."""

    oid: str
    critical: bool
    value: bytes

    def encode(self) -> bytes:
        return der.sequence(der.oid(self.oid), der.TRUE if self.critical else b"", der.octets(self.value))


class KeyUsage(IntEnum):
    """The named bits of keyUsage (§4.2.1.3)."""

    DIGITAL_SIGNATURE = 0
    CONTENT_COMMITMENT = 1
    KEY_ENCIPHERMENT = 2
    DATA_ENCIPHERMENT = 3
    KEY_AGREEMENT = 4
    CERTIFICATE_SIGN = 5
    CRL_SIGN = 6
    ENCIPHER_ONLY = 7
    DECIPHER_ONLY = 8


ANY_POLICY = "2.5.29.32.0"
HOLDER_NUMBERS: Mapping[str, str] = {
    "resident-id": "1.2.156.10260.4.1.1.1",
    "passport": "1.2.156.10260.4.1.1.2",
    "social-insurance": "1.2.156.10260.4.1.2",
    "credit-code": "1.2.156.10260.4.4",
}
"""Numbers of persons and organisations in certificates, by name (GM/T 0015-2023; the values as PrintableString [M])."""


def dns(text: str) -> bytes:
    """A host name, or in constraints a domain."""
    return der.implicit(2, der.ia5(text))


def email(text: str) -> bytes:
    """A mailbox, or in constraints a host or domain."""
    return der.implicit(1, der.ia5(text))


def uri(text: str) -> bytes:
    """An address to fetch from."""
    return der.implicit(6, der.ia5(text))


def directory(name: bytes) -> bytes:
    """A distinguished name, DER."""
    return der.context(4, name)


def address(text: str, *, network: bool = False) -> bytes:
    """An IP address; in constraints a network with its mask.

    >>> address("10.0.0.0/8", network=True).hex(), address("10.0.0.1").hex()
    ('87080a000000ff000000', '87040a000001')
    """
    try:
        parsed = ip_network(text)
    except ValueError:
        raise Malformed(Text("an IP address or network was expected", "应为 IP 地址或网段"), field="address") from None
    mask = parsed.netmask.packed if network else b""
    return der.context(7, parsed.network_address.packed + mask, constructed=False)


def basic_constraints(*, ca: bool, path_length: int | None = None) -> Extension:
    """Whether the subject may issue, and how many more authorities may follow (§4.2.1.9)."""
    parts = (der.TRUE if ca else b"", b"" if path_length is None else der.integer(path_length))
    return Extension("2.5.29.19", ca, der.sequence(*parts))


def key_usage(usages: Iterable[KeyUsage]) -> Extension:
    """What the key is for (§4.2.1.3)."""
    return Extension("2.5.29.15", critical=True, value=der.flags(usages))


def extended_key_usage(oids: Sequence[str], *, critical: bool = False) -> Extension:
    """The purposes of the key (§4.2.1.12)."""
    return Extension("2.5.29.37", critical, der.sequence(*map(der.oid, oids)))


def subject_key(identifier: bytes) -> Extension:
    """The subjectKeyIdentifier (§4.2.1.2)."""
    return Extension("2.5.29.14", critical=False, value=der.octets(identifier))


def authority_key(identifier: bytes) -> Extension:
    """The authorityKeyIdentifier with the key identifier alone (§4.2.1.1)."""
    return Extension("2.5.29.35", critical=False, value=der.sequence(der.context(0, identifier, constructed=False)))


def policies(oids: Sequence[str], *, critical: bool = False) -> Extension:
    """The certificatePolicies without qualifiers (§4.2.1.4)."""
    return Extension("2.5.29.32", critical, der.sequence(*(der.sequence(der.oid(one)) for one in oids)))


def policy_mappings(pairs: Iterable[tuple[str, str]]) -> Extension:
    """Pairs of the issuer's policy and the subject's that counts as it (§4.2.1.5)."""
    written = (der.sequence(der.oid(ours), der.oid(theirs)) for ours, theirs in pairs)
    return Extension("2.5.29.33", critical=True, value=der.sequence(*written))


def policy_constraints(*, explicit: int | None = None, no_mapping: int | None = None) -> Extension:
    """The numbers of requireExplicitPolicy and inhibitPolicyMapping, each after so many certificates (§4.2.1.11)."""
    parts = ((0, explicit), (1, no_mapping))
    written = (der.implicit(tag, der.integer(skip)) for tag, skip in parts if skip is not None)
    return Extension("2.5.29.36", critical=True, value=der.sequence(*written))


def inhibit_any_policy(skip: int = 0) -> Extension:
    """The inhibitAnyPolicy after so many certificates (§4.2.1.14)."""
    return Extension("2.5.29.54", critical=True, value=der.integer(skip))


def name_constraints(permitted: Sequence[bytes], excluded: Sequence[bytes] = ()) -> Extension:
    """Which names may follow (§4.2.1.10)."""
    parts = [
        der.context(tag, b"".join(der.sequence(one) for one in subtrees))
        for tag, subtrees in ((0, permitted), (1, excluded))
        if subtrees
    ]
    return Extension("2.5.29.30", critical=True, value=der.sequence(*parts))


def alternative_names(names: Sequence[bytes], *, critical: bool = False) -> Extension:
    """The subjectAltName (§4.2.1.6)."""
    return Extension("2.5.29.17", critical, der.sequence(*names))


def distribution_points(urls: Sequence[str], crl_issuer: bytes | None = None, *, delta: bool = False) -> Extension:
    """Where CRLs are found, and who signs them if not the issuer (§4.2.1.13); `delta` makes it freshestCRL (§4.2.1.15)."""
    place = der.context(0, der.context(0, b"".join(uri(url) for url in urls))) if urls else b""
    signer = b"" if crl_issuer is None else der.context(2, directory(crl_issuer))
    return Extension("2.5.29.46" if delta else "2.5.29.31", critical=False, value=der.sequence(der.sequence(place, signer)))


def information_access(ocsp: Sequence[str], issuers: Sequence[str]) -> Extension:
    """Where the status and the issuer's certificate are found (§4.2.2.1)."""
    places = [("1.3.6.1.5.5.7.48.1", url) for url in ocsp] + [("1.3.6.1.5.5.7.48.2", url) for url in issuers]
    written = (der.sequence(der.oid(method), uri(url)) for method, url in places)
    return Extension("1.3.6.1.5.5.7.1.1", critical=False, value=der.sequence(*written))


def ocsp_no_check() -> Extension:
    """The responder's own certificate is not asked about (RFC 6960 §4.2.2.2.1)."""
    return Extension("1.3.6.1.5.5.7.48.1.5", critical=False, value=der.NULL)


def holder_number(kind: str, number: str) -> Extension:
    """A number of the holder; the kinds are those of `HOLDER_NUMBERS`."""
    if kind not in HOLDER_NUMBERS:
        raise Malformed(
            Text(
                f"no holder number is called {kind}; known are {', '.join(HOLDER_NUMBERS)}",
                f"没有名为 {kind} 的持卡人号码，可选 {'、'.join(HOLDER_NUMBERS)}",
            ),
            field=kind,
        )
    return Extension(HOLDER_NUMBERS[kind], critical=False, value=der.printable(number))


def encode(extensions: Iterable[Extension]) -> bytes:
    """Extensions; each OID at most once (§4.2)."""
    chosen = tuple(extensions)
    if len({one.oid for one in chosen}) != len(chosen):
        raise Malformed(Text("an extension stands in a certificate once", "证书中同一扩展只能出现一次"))
    return der.sequence(*(one.encode() for one in chosen))
