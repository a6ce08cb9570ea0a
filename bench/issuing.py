"""Certificates issued a second, in each suite, beside `cryptography`'s builder; CRLs of 100,000 entries; status answers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.harness import measure, report
from cardstack.ca import encoding as der
from cardstack.ca.issue import Authority, Places, Wish, issue, key_bits, self_signed, write
from cardstack.ca.profile import profile
from cardstack.ca.register import Entry, Reason, Record
from cardstack.ca.responder import Served, answer
from cardstack.ca.revocation import issue_crl
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.suite import digest

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
PLACES = Places(("http://127.0.0.1/31.crl",), ("http://127.0.0.1/31-delta.crl",), ("http://127.0.0.1/31.cer",))


def times(work: Callable[[], object]) -> Callable[[int], None]:
    """`work` as the harness calls it."""

    def run(n: int) -> None:
        for _ in range(n):
            work()

    return run


def root(algorithm: Algorithm) -> Authority:
    """An authority with a new key."""
    blank = Authority(der.name(C="CN", ST="上海市", CN="bench"), local.generate(algorithm), places=PLACES)
    return self_signed(profile("province-root"), authority=blank, at=AT, serial=1)


def cards(authority: Authority, *, read_back: bool) -> Callable[[], object]:
    """One card certificate after another, each with its own serial number, for one public key."""
    make = issue if read_back else write
    serials, public, kind = count(1 << 127), local.generate(Algorithm.SM2_SM3).public, profile("card")
    wish = Wish(policies=("2.999.310018.1.31.3",), numbers={"social-insurance": "TEST0001"})

    def work() -> object:
        serial = next(serials)
        subject = der.name(C="CN", ST="上海市", CN=f"{serial:x}")
        return make(kind, subject=subject, public=public, issuer=authority, at=AT, serial=serial, wish=wish)

    return work


def peer() -> Callable[[], object]:
    """The builder of `cryptography`, with as many extensions, for P-256."""
    key, public = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1()).public_key()
    serials = count(1 << 127)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    policy = x509.PolicyInformation(x509.ObjectIdentifier("2.999.310018.1.31.3"), None)
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1/31.crl")], None, None, None)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    extensions: list[x509.ExtensionType] = [
        x509.SubjectKeyIdentifier.from_public_key(public),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
        x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **usage),
        x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.999.310018.3.1")]),
        x509.CertificatePolicies([policy]),
        x509.CRLDistributionPoints([point]),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.156.10260.4.1.2"), b"\x13\x08TEST0001"),
    ]

    def work() -> object:
        serial = next(serials)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{serial:x}")])
        builder = x509.CertificateBuilder(issuer, subject, public, serial, AT, AT + timedelta(days=365))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(key, hashes.SHA256())

    return work


def status(authority: Authority) -> Callable[[], object]:
    """One status answer after another, signed anew each time."""
    assert authority.certificate is not None
    record = Record(7, "card", "CN=x", "00", AT + timedelta(days=365))
    served = Served(authority.certificate, lambda _: record, authority)
    names = digest("sha1", authority.subject), digest("sha1", key_bits(authority.certificate.spki))
    identifier = der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), *map(der.octets, names), der.integer(7))
    raw = der.sequence(der.sequence(der.sequence(der.sequence(identifier))))
    return lambda: answer(raw, [served], at=AT, valid_for=timedelta(minutes=10))


def main() -> None:
    """One JSON line a measure."""
    builder = measure(times(peer()), n=500)
    for algorithm in Algorithm:
        for read_back, what in ((False, "write"), (True, "issue")):
            ours = measure(times(cards(root(algorithm), read_back=read_back)), n=500)
            report(f"{what}-{algorithm}", ours, peer=builder, peer_name="cryptography builder, P-256")
    authority = root(Algorithm.ECDSA_P256_SHA256)
    entries = [Entry(1 << 127 | number, AT, Reason.SUPERSEDED) for number in range(100_000)]

    def crl() -> object:
        return issue_crl(authority, entries, number=1, at=AT, next_update=AT + timedelta(days=7))

    report("crl-of-100000", measure(times(crl), n=1, rounds=3))
    for algorithm in (Algorithm.ECDSA_P256_SHA256, Algorithm.SM2_SM3):
        report(f"ocsp-answer-{algorithm}", measure(times(status(root(algorithm))), n=300))


if __name__ == "__main__":
    main()
