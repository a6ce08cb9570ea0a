"""The signed envelope: transactions in canonical JSON under the signature of a node's certificate.

    {"format": "cardstack-envelope/1", "signature": base64,
     "signed": {"certificates": [base64 DER, the signer's first], "signed_at": moment, "transactions": [...]}}

The signature is over the line `cardstack-envelope/1`, a line feed and the bytes of the member `signed` exactly as
they were sent; its algorithm is that of the signer's key. A transaction is in canonical JSON: members sorted, no
space, no member that has its default, whole numbers only (RFC 8785 for content without fractions), so that one
content has one digest, and a retry is known as a retry. `open` takes only what path validation vouches for.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.settlement.transaction import AMOUNT_MAX, MESSAGE_ID, MessageId, Transaction, check_moment, party, unchecked
from cardstack.text import Text
from cardstack.values import Fen

FORMAT: Final = "cardstack-envelope/1"
LINES_MAX: Final = 8190
"""How many transactions one envelope carries at most."""
SIZE_MAX: Final = 32 << 20
CERTIFICATES_MAX: Final = 12
TOLERANCE: Final = timedelta(minutes=1)
WORDS_MAX: Final = 10_000
_GOOD_WORDS: Final[set[tuple[str, ...]]] = set()
"""Combinations of sender, regions, scheme and kind that were found well formed: pure memory of a pure rule."""

NOT_SIGNER = problem(
    "CS-3010",
    Text("The envelope was not signed by the certificate that was validated", "报文签名与经验证的证书不符"),
    Text("Sign with the key of the first certificate in the envelope.", "请使用报文中首张证书对应的私钥签名。"),
)


_Parts = TypeVar("_Parts")
Amount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """A transaction on the wire; the members stand in the order of the canonical form."""

    amount_fen: Amount
    body: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    home: str
    id: str
    kind: str
    occurred_at: Moment
    pending_until: Moment | None = None
    posts: str | None = None
    reverses: str | None = None
    scheme: str
    sender: str
    treating: str
    voids: str | None = None


LEVELS: Final = 6
"""How deep a body is looked into while it is decoded; a deeper one is looked at by the rule itself (`check_json`)."""


def _json(levels: int) -> Any:
    """JSON of that many levels as the canonical form has it: text, whole numbers to 2^53 - 1, true, false and null."""
    plain = str | bool | Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)] | None
    if not levels:
        return plain
    inner = _json(levels - 1)
    return plain | list[inner] | dict[str, inner]  # type: ignore[valid-type]  # a type that is computed


def _strict(field: FieldInfo) -> Any:
    """A member of a transaction, its type as narrow as the rule."""
    if field.name in ("body", "evidence"):
        return field.name, dict[str, _json(LEVELS)], {}  # type: ignore[misc]  # a type that is computed
    return (field.name, field.type) if field.required else (field.name, field.type, field.default)


_Strict = msgspec.defstruct(
    "_Strict", map(_strict, fields(Content)), frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
)
"""As `Content`, and its body and evidence are surely well formed but for the names in them."""


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certificates: list[str]
    signed_at: datetime
    transactions: msgspec.Raw


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    signature: str
    signed: msgspec.Raw


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_signed = msgspec.json.Decoder(_Signed).decode
_decode_lines = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_line = msgspec.json.Decoder(Content).decode
_MESSAGE_IDS: Final = re.compile(f"{MESSAGE_ID}(?:,{MESSAGE_ID})*", re.ASCII).fullmatch
_words: Final[Callable[[Content], tuple[Any, ...]]] = attrgetter(
    *("sender", "home", "treating", "scheme", "kind"), *("pending_until", "posts", "reverses", "voids")
)
_microsecond: Final[Callable[[Content], int]] = attrgetter("occurred_at.microsecond")
_message_id: Final = str.__new__
"""Makes a `MessageId` of text that is known to be one."""
NOTHING: Final = (None, None, None)
_BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
decode_contents: Callable[[bytes], list[Content]] = msgspec.json.Decoder(list[_Strict]).decode  # type: ignore[valid-type]  # computed
"""The transactions of a batch, typed; what every line of a batch goes through."""
_strings_not_ascii = re.compile(rb'[\x80-\xff](?:[^"\\]++|\\.)*+"(:)?', re.DOTALL).findall
"""The ends of texts that are not ASCII, from their first such character; with a colon where the text is a member's name."""


def canonical(transaction: Transaction) -> bytes:
    """A transaction as bytes: the same content always gives the same."""
    moment = transaction.pending_until
    return _encode(
        Content(
            amount_fen=transaction.amount_fen,
            body=dict(transaction.body),
            evidence=dict(transaction.evidence),
            home=transaction.home,
            id=str(transaction.id),
            kind=transaction.kind,
            occurred_at=transaction.occurred_at.astimezone(UTC),
            pending_until=None if moment is None else moment.astimezone(UTC),
            posts=transaction.posts and str(transaction.posts),
            reverses=transaction.reverses and str(transaction.reverses),
            scheme=transaction.scheme,
            sender=str(transaction.sender),
            treating=transaction.treating,
            voids=transaction.voids and str(transaction.voids),
        )
    )


def digest(line: bytes) -> bytes:
    """The digest by which one content is known again: SHA-256 of its canonical bytes."""
    return hashlib.sha256(line).digest()


class Summary(NamedTuple):
    """Of lines that are all well formed: their ids, and the senders among them with the regions they name."""

    ids: Sequence[str]
    speakers: frozenset[tuple[str, ...]]
    """Sender, home, treating."""


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
        return tuple(map(bytes, _decode_lines(self.array)))

    def transaction(self, place: int) -> Transaction:
        """What a line says, which was looked at when the envelope was parsed; `Malformed` where it is not well formed."""
        one = well(self.contents[place])
        about = (one.reverses, one.posts, one.voids)
        return unchecked(
            (
                _message_id(MessageId, one.id),
                one.scheme,
                one.kind,
                party(one.sender),
                one.home,
                one.treating,
                one.occurred_at,
                one.amount_fen,
                one.body,
                one.evidence,
                *(NOTHING if about == NOTHING else (other and _message_id(MessageId, other) for other in about)),
                one.pending_until,
            )
        )

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
        raise Malformed(f"an envelope carries 1 to {LINES_MAX} transactions, got {len(many)}", field="transactions")
    check_moment(at, "signed_at")
    return seal_lines([canonical(one) for one in many], signer, certificates, at)


def seal_lines(lines: Sequence[bytes], signer: Signer, certificates: Sequence[bytes], at: datetime) -> bytes:
    """The envelope of lines that are canonical already, or that a test wants to be otherwise."""
    chain = [b64encode(one).decode() for one in certificates]
    signed = _encode(_Signed(chain, at.astimezone(UTC), msgspec.Raw(b"[" + b",".join(lines) + b"]")))
    signature = signer.sign(message(signed))
    return _encode(_Envelope(FORMAT, b64encode(signature).decode(), msgspec.Raw(signed)))


def parse(raw: bytes) -> Sealed:
    """The parts of an envelope, or `Malformed`; a line that is not well formed does not spoil the others."""
    if len(raw) > SIZE_MAX:
        raise Malformed(f"an envelope has at most {SIZE_MAX} bytes, got {len(raw)}", field="envelope")
    try:
        envelope, signed_bytes = _with_last(raw, "signed", b"{}", _decode_envelope)
        signed, array = _with_last(signed_bytes, "transactions", b"[]", _decode_signed)
        contents, summary = _contents(array)
    except _BROKEN as error:
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
    return Opened(tuple(map(sealed.transaction, range(len(sealed.contents)))), tuple(sealed.digests()), trusted)


def well(content: Content | Malformed) -> Content:
    """What a line says; what is wrong with it is raised."""
    if isinstance(content, Malformed):
        raise content
    return content


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


def _contents(array: bytes) -> tuple[Sequence[Content | Malformed], Summary | None]:
    """What each line says. Nearly always all of them are well, and are looked at together; else one by one."""
    try:
        together = decode_contents(array)
        if _encode(together) == array and (array.isascii() or b":" not in _strings_not_ascii(array)):
            return _looked_at(together)
    except _BROKEN:
        pass
    lines = _decode_lines(array)
    if b"[" + b",".join(lines) + b"]" != array:
        raise Malformed("transactions: not in canonical form", field="transactions")
    if len(lines) > LINES_MAX:
        raise Malformed(f"transactions: 1 to {LINES_MAX}, got {len(lines)}", field="transactions")
    return [_content(bytes(line)) for line in lines], None


def _looked_at(contents: Sequence[Content]) -> tuple[Sequence[Content | Malformed], Summary | None]:
    """Lines that are canonical and of their type: the rules that are left are asked once for what many have in common."""
    ids = [one.id for one in contents]
    words = set(map(_words, contents))
    plain = set(filter(_plain, words)) if _MESSAGE_IDS(",".join(ids)) else set()
    looked_at: Sequence[Content | Malformed] = contents
    if len(plain) < len(words) or any(map(_microsecond, contents)):
        looked_at = [one if _words(one) in plain and not _microsecond(one) else _checked(one) for one in contents]
        if Malformed in map(type, looked_at):
            return looked_at, None
    return looked_at, Summary(ids, frozenset(some[:3] for some in words))


def _content(line: bytes) -> Content | Malformed:
    try:
        content = _decode_line(line)
    except _BROKEN as error:
        return Malformed(f"transaction: {error}", field="transactions")
    if _encode(content) != line:  # a member twice, a space
        return Malformed("transaction: not in canonical form", field="transactions")
    return _checked(content)


def _checked(content: Content) -> Content | Malformed:
    """The rule itself: what makes a `Transaction` is well formed."""
    try:
        transaction(content)
    except Malformed as error:
        return error
    if len(_GOOD_WORDS) >= WORDS_MAX:
        _GOOD_WORDS.clear()
    _GOOD_WORDS.add(_words(content)[:5])
    return content


def _plain(words: tuple[Any, ...]) -> bool:
    """Whether a line of these `_words` is surely well formed, id, moment and type aside: good before, and about no other."""
    return words[5:] == (None, None, None, None) and words[:5] in _GOOD_WORDS


def _with_last(raw: bytes, name: str, ends: bytes, decode: Callable[[bytes], _Parts]) -> tuple[_Parts, bytes]:
    """An object and the bytes of its long last member, which is not looked at here where nothing surrounds it.

    If what stands before it and `null}` is such an object, and what stands there is one value (as is found when it is
    decoded in its turn), then that is the member.
    """
    start = raw.find(f'"{name}":'.encode()) + len(name) + 3
    if raw[start : start + 1] == ends[:1] and raw.endswith(ends[1:] + b"}"):
        try:
            return decode(raw[:start] + b"null}"), raw[start:-1]
        except _BROKEN:
            pass
    parts = decode(raw)
    return parts, bytes(getattr(parts, name))


def _unbase64(text: str, name: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        raise Malformed(f"{name}: not base64", field=name) from error
