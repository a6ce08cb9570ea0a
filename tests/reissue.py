"""Certificates and CRLs signed again with something changed: another key, another algorithm, a field that no builder writes."""

from collections.abc import Callable, Mapping

from cardstack.ca import der

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
SM2_SM3 = bytes.fromhex("300a06082a811ccf55018375")


def signed(tbs: bytes, algorithm: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """The three parts of a certificate or a CRL."""
    return der.wrap(der.SEQUENCE, tbs + algorithm + der.wrap(der.BITS, b"\0" + sign(tbs)))


def elements(raw: bytes) -> list[bytes]:
    """The elements of a SEQUENCE, each with its tag and length."""
    return [der.encoded(raw, one) for one in der.fields(raw, "sequence")]


def certificate(
    raw: bytes,
    algorithm: bytes,
    sign: Callable[[bytes], bytes],
    *,
    spki: bytes | None = None,
    change: Mapping[int, bytes] | None = None,
    outer: bytes | None = None,
) -> bytes:
    """A certificate signed again.

    `change` replaces fields of its content by number: 0 version, 1 serial, 3 issuer, 4 validity, 5 subject, 7 and more
    what follows the key; an empty value leaves the field out.
    """
    fields = elements(elements(raw)[0])
    if fields[0][0] != 0xA0:
        fields.insert(0, b"")
    fields[2] = algorithm
    fields[6] = spki or fields[6]
    for number, value in (change or {}).items():
        fields[number] = value
    return signed(der.wrap(der.SEQUENCE, b"".join(fields)), outer or algorithm, sign)


def crl(raw: bytes, algorithm: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """A CRL signed again."""
    fields = elements(elements(raw)[0])
    fields[1 if fields[0][0] == der.INTEGER else 0] = algorithm
    return signed(der.wrap(der.SEQUENCE, b"".join(fields)), algorithm, sign)
