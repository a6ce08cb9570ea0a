"""The signed envelope: transactions in canonical JSON under the signature of a node's certificate.

    {"format": "cardstack-envelope/1", "signature": base64,
     "signed": {"certificates": [base64 DER, the signer's first], "signed_at": moment, "transactions": [...]}}

The signature is over the line `cardstack-envelope/1`, a line feed and the bytes of the member `signed` exactly as
they were sent; its algorithm is that of the signer's key. A transaction is in canonical JSON: members sorted, no
space, no member that has its default, whole numbers only (RFC 8785 for content without fractions), so that one
content has one digest, and a retry is known as a retry. `open` takes only what path validation vouches for.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.settlement.transaction import Transaction, check_moment
from cardstack.text import Text
from cardstack.values import Fen

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


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A transaction on the wire; the members stand in the order of the canonical form."""

    amount_fen: int
    home: str
    id: str
    kind: str
    occurred_at: datetime
    scheme: str
    sender: str
    treating: str
    body: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    pending_until: datetime | None = None
    posts: str | None = None
    reverses: str | None = None
    voids: str | None = None


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certificates: list[str]
    signed_at: datetime
    transactions: msgspec.Raw


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    signature: str
    signed: msgspec.Raw


_encode = msgspec.json.Encoder(order="sorted").encode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_signed = msgspec.json.Decoder(_Signed).decode
_decode_contents = msgspec.json.Decoder(list[Content]).decode


def canonical(transaction: Transaction) -> bytes:
    """A transaction as bytes: the same content always gives the same."""
    moment = transaction.pending_until
    return _encode(
        Content(
            transaction.amount_fen,
            transaction.home,
            str(transaction.id),
            transaction.kind,
            transaction.occurred_at.astimezone(UTC),
            transaction.scheme,
            str(transaction.sender),
            transaction.treating,
            dict(transaction.body),
            dict(transaction.evidence),
            None if moment is None else moment.astimezone(UTC),
            transaction.posts and str(transaction.posts),
            transaction.reverses and str(transaction.reverses),
            transaction.voids and str(transaction.voids),
        )
    )


def digest(line: bytes) -> bytes:
    """The digest by which one content is known again: SHA-256 of its canonical bytes."""
    return hashlib.sha256(line).digest()


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope as it came: nothing in it is believed yet. `certificates` are DER, the signer's first."""

    raw: bytes
    certificates: tuple[bytes, ...]
    signed_at: datetime
    signature: bytes
    signed: bytes
    contents: tuple[Content, ...]
    lines: tuple[bytes, ...]

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.raw).digest()


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
        raise Malformed(f"an envelope carries 1 to {LINES_MAX} transactions, got {len(many)}", field="transactions")
    check_moment(at, "signed_at")
    lines = msgspec.Raw(b"[" + b",".join(canonical(one) for one in many) + b"]")
    chain = [b64encode(one).decode() for one in certificates]
    signed = _encode(_Signed(chain, at.astimezone(UTC), lines))
    signature = signer.sign(message(signed))
    return _encode(_Envelope(FORMAT, b64encode(signature).decode(), msgspec.Raw(signed)))


def parse(raw: bytes) -> Sealed:
    """The parts of an envelope, or `Malformed`; the transactions' own values are checked when it is opened."""
    if len(raw) > SIZE_MAX:
        raise Malformed(f"an envelope has at most {SIZE_MAX} bytes, got {len(raw)}", field="envelope")
    try:
        envelope = _decode_envelope(raw)
        signed = _decode_signed(envelope.signed)
        contents = _decode_contents(signed.transactions)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"envelope: {error}", field="envelope") from error
    if envelope.format != FORMAT:
        raise Malformed(f"format: {FORMAT} was expected", field="format")
    if not 1 <= len(contents) <= LINES_MAX:
        raise Malformed(f"transactions: 1 to {LINES_MAX}, got {len(contents)}", field="transactions")
    if not 1 <= len(signed.certificates) <= CERTIFICATES_MAX:
        raise Malformed(f"certificates: 1 to {CERTIFICATES_MAX}, got {len(signed.certificates)}", field="certificates")
    check_moment(signed.signed_at, "signed_at")
    return Sealed(
        raw,
        tuple(_unbase64(one, "certificates") for one in signed.certificates),
        signed.signed_at,
        _unbase64(envelope.signature, "signature"),
        bytes(envelope.signed),
        tuple(contents),
        _canonical_lines(contents, signed.transactions),
    )


def open(sealed: Sealed, trusted: Trusted) -> Opened:  # noqa: A001  # the envelope is opened, as it was sealed
    """The transactions that a trusted node signed; `Untrusted` where signature or certificate do not fit.

    `trusted` is of the first certificate, validated as of `signed_at`, give or take a minute: one validation serves
    all that a node signs in it.
    """
    if trusted.certificate.raw != sealed.certificates[0] or abs(trusted.at - sealed.signed_at) > TOLERANCE:
        raise Untrusted("signature", NOT_SIGNER, field="certificates")
    key: PublicKey = trusted.certificate.public_key
    key.verify(sealed.signature, message(sealed.signed))
    return Opened(
        tuple(transaction(content) for content in sealed.contents),
        tuple(digest(line) for line in sealed.lines),
        trusted,
    )


def transaction(content: Content) -> Transaction:
    """The checked value of a transaction on the wire."""
    return Transaction(
        content.id,  # type: ignore[arg-type]  # checked and made a MessageId by the transaction itself
        content.scheme,
        content.kind,
        content.sender,  # type: ignore[arg-type]  # checked and made a Party by the transaction itself
        content.home,
        content.treating,
        content.occurred_at,
        Fen(content.amount_fen),
        content.body,
        content.evidence,
        content.reverses,  # type: ignore[arg-type]  # as the id
        content.posts,  # type: ignore[arg-type]  # as the id
        content.voids,  # type: ignore[arg-type]  # as the id
        content.pending_until,
    )


def message(signed: bytes) -> bytes:
    """What the signature is over."""
    return FORMAT.encode() + b"\n" + signed


def _canonical_lines(contents: Sequence[Content], raw: bytes | msgspec.Raw) -> tuple[bytes, ...]:
    """The lines as they were sent; what is not in canonical form (a member twice, a space) is refused."""
    lines = tuple(_encode(content) for content in contents)
    if b"[" + b",".join(lines) + b"]" != bytes(raw):
        raise Malformed("transactions: not in canonical form", field="transactions")
    return lines


def _unbase64(text: str, name: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        raise Malformed(f"{name}: not base64", field=name) from error
