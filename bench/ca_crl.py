"""A CRL of 100,000 entries: parsed, indexed, and looked up, beside `cryptography` in the same run."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from bench.harness import measure, report
from cardstack.ca import crl as module
from cardstack.ca.crl import Crl
from tests.pki_kit import DER, NOW, Party

COUNT = 100_000


def main() -> None:
    """One JSON line a measure."""
    party = Party("Root")
    entries = [x509.RevokedCertificateBuilder(3 * serial + 1, NOW).build() for serial in range(COUNT)]
    builder = x509.CertificateRevocationListBuilder(party.subject, NOW, NOW + timedelta(days=1), [], entries)
    raw = builder.sign(party.key, hashes.SHA256()).public_bytes(DER)
    crl, theirs = Crl.parse(raw), x509.load_der_x509_crl(raw)
    assert len(crl) == COUNT

    def index(n: int) -> None:
        for _ in range(n):
            module._remembered_large.cache_clear()  # noqa: SLF001  # parsed anew
            assert not Crl.parse(raw).unusable

    def look_up(n: int) -> None:
        for number in range(n):
            assert (crl.entry(crl.issuer, 3 * number + 1) is None) == (number >= COUNT)

    def look_up_theirs(n: int) -> None:
        for number in range(n):
            theirs.get_revoked_certificate_by_serial_number(3 * (COUNT - number) + 1)

    report("ca-crl-100000-parse-and-index", measure(index, n=1, rounds=3))
    report("ca-crl-100000-lookup", measure(look_up, n=20_000), measure(look_up_theirs, n=20), "cryptography, linear")


if __name__ == "__main__":
    main()
