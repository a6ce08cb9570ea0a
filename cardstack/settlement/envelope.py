"""The signed envelope: transactions in canonical JSON under the signature of a node's certificate.

    {"format": "cardstack-envelope/1", "signature": base64,
     "signed": {"certificates": [base64 DER, the signer's first], "signed_at": moment, "transactions": [...]}}

The signature is over the line `cardstack-envelope/1`, a line feed and the bytes of the member `signed` exactly as
they were sent; its algorithm is that of the signer's key. How a transaction stands in it is said in `wire`. `open` takes
only what path validation vouches for.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, TypeVar

import msgspec

from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import Malformed, Untrusted, faulty, miscounted, oversized, problem, told
from cardstack.settlement.transaction import Transaction, check_moment
from cardstack.settlement.wire import BROKEN, Content, Summary, canonical, encode, known, read, split
from cardstack.text import Text

FORMAT: Final = "cardstack-envelope/1"
LINES_MAX: Final = 8190
"""How many transactions one envelope carries at most."""
SIZE_MAX: Final = 32 << 20
CERTIFICATES_MAX: Final = 12
TOLERANCE: Final = timedelta(minutes=1)

NOT_SIGNER = problem(
    "CS-3010",
    Text("The envelope was not signed by the certificate that was validated", "报文签名与经验证的证书不符"),
    Text("Sign with the key of the first certificate in the envelope.", "请使用报文中首张证书对应的私钥签名。"),
)


_Parts = TypeVar("_Parts")


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certificates: list[str]
    signed_at: datetime
    transactions: msgspec.Raw


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    signature: str
    signed: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_signed = msgspec.json.Decoder(_Signed).decode


@dataclass(frozen=True)
class Sealed:
    """An envelope as it came: nothing in it is believed yet. `certificates` are DER, the signer's first.

    `array` is the member `transactions` as it was sent, `contents` what each line says, or what is wrong with it; where
    nothing is wrong with any, `summary` is of them all.
    """

    raw: bytes
    certificates: tuple[bytes, ...]
    signed_at: datetime
    signature: bytes
    signed: bytes
    array: bytes
    contents: tuple[Content | Malformed, ...]
    summary: Summary | None

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The bytes of each transaction, which most envelopes are only asked for once they are judged."""
        return tuple(map(bytes, split(self.array)))

    def transaction(self, place: int) -> Transaction:
        """What a line says, which was looked at when the envelope was parsed; `Malformed` where it is not well formed."""
        return known(self.contents[place])

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.raw).digest()

    def digests(self) -> list[bytes]:
        """The digest of each line."""
        sha = hashlib.sha256
        return [sha(line).digest() for line in self.lines]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a trusted node signed: its transactions, each with the digest of its content."""

    transactions: tuple[Transaction, ...]
    digests: tuple[bytes, ...]
    trusted: Trusted


def seal(transactions: Transaction | Sequence[Transaction], signer: Signer, certificates: Sequence[bytes], at: datetime) -> bytes:
    """The envelope of one transaction or of many, in order. `certificates` are DER, the signer's own first."""
    many = (transactions,) if isinstance(transactions, Transaction) else tuple(transactions)
    if not 1 <= len(many) <= LINES_MAX:
        raise miscounted("transactions", LINES_MAX, len(many))
    check_moment(at, "signed_at")
    return seal_lines([canonical(one) for one in many], signer, certificates, at)


def seal_lines(lines: Sequence[bytes], signer: Signer, certificates: Sequence[bytes], at: datetime) -> bytes:
    """The envelope of lines that are canonical already, or that a test wants to be otherwise."""
    chain = [b64encode(one).decode() for one in certificates]
    signed = encode(_Signed(chain, at.astimezone(UTC), msgspec.Raw(b"[" + b",".join(lines) + b"]")))
    signature = signer.sign(message(signed))
    return encode(_Envelope(FORMAT, b64encode(signature).decode(), msgspec.Raw(signed)))


def parse(raw: bytes) -> Sealed:
    """The parts of an envelope, or `Malformed`; a line that is not well formed does not spoil the others."""
    if len(raw) > SIZE_MAX:
        raise oversized("envelope", SIZE_MAX, len(raw))
    try:
        envelope, signed_bytes = _with_last(raw, "signed", b"{}", _decode_envelope)
        signed, array = _with_last(signed_bytes, "transactions", b"[]", _decode_signed)
        contents, summary = read(array, LINES_MAX)
    except BROKEN as error:
        raise Malformed(told(error, "envelope"), field="envelope") from error
    if envelope.format != FORMAT:
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    if not 1 <= len(contents) <= LINES_MAX:
        raise miscounted("transactions", LINES_MAX, len(contents))
    if not 1 <= len(signed.certificates) <= CERTIFICATES_MAX:
        raise miscounted("certificates", CERTIFICATES_MAX, len(signed.certificates))
    check_moment(signed.signed_at, "signed_at")
    return Sealed(
        raw,
        tuple(_unbase64(one, "certificates") for one in signed.certificates),
        signed.signed_at,
        _unbase64(envelope.signature, "signature"),
        signed_bytes,
        array,
        tuple(contents),
        summary,
    )


def verify(sealed: Sealed, trusted: Trusted) -> None:
    """Return where the trusted certificate's key signed this; else `Untrusted`.

    `trusted` is of the first certificate, validated as of `signed_at`, give or take a minute: one validation serves
    all that a node signs in it.
    """
    if trusted.certificate.raw != sealed.certificates[0] or abs(trusted.at - sealed.signed_at) > TOLERANCE:
        raise Untrusted("signature", NOT_SIGNER, field="certificates")
    key: PublicKey = trusted.certificate.public_key
    key.verify(sealed.signature, message(sealed.signed))


def open(sealed: Sealed, trusted: Trusted) -> Opened:  # noqa: A001  # the envelope is opened, as it was sealed
    """The transactions that a trusted node signed; `Malformed` where one is not well formed, else as `verify`."""
    verify(sealed, trusted)
    return Opened(tuple(map(known, sealed.contents)), tuple(sealed.digests()), trusted)


def message(signed: bytes) -> bytes:
    """What the signature is over."""
    return FORMAT.encode() + b"\n" + signed


def _with_last(raw: bytes, name: str, ends: bytes, decode: Callable[[bytes], _Parts]) -> tuple[_Parts, bytes]:
    """An object and the bytes of its long last member, which is not looked at here where nothing surrounds it.

    If what stands before it and `null}` is such an object, and what stands there is one value (as is found when it is
    decoded in its turn), then that is the member.
    """
    start = raw.find(f'"{name}":'.encode()) + len(name) + 3
    if raw[start : start + 1] == ends[:1] and raw.endswith(ends[1:] + b"}"):
        try:
            return decode(raw[:start] + b"null}"), raw[start:-1]
        except BROKEN:
            pass
    parts = decode(raw)
    return parts, bytes(getattr(parts, name))


def _unbase64(text: str, name: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        raise faulty(name, "not base64", "不是 base64") from error
