"""A transaction on the wire: canonical JSON, so that one content has one digest, and what makes it well formed.

Members sorted, no space, no member that has its default, whole numbers only (RFC 8785 for content without fractions):
a retry is known as a retry by the digest of its bytes. The lines of a batch are looked at together, because nearly
always all of them are well; what has to be asked of each alone is asked where they are not.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import FieldInfo, fields

from cardstack.errors import Malformed, faulty, miscounted, told
from cardstack.settlement.transaction import AMOUNT_MAX, MESSAGE_ID, MessageId, Transaction, party, unchecked
from cardstack.text import Text
from cardstack.values import Fen

WORDS_MAX: Final = 10_000
_GOOD_WORDS: Final[set[tuple[str, ...]]] = set()
"""Combinations of sender, regions, scheme and kind that were found well formed: pure memory of a pure rule."""

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


encode = msgspec.json.Encoder(order="deterministic").encode
"""As JSON in the canonical form."""
split = msgspec.json.Decoder(list[msgspec.Raw]).decode
"""The bytes of each line of an array."""
_decode_line = msgspec.json.Decoder(Content).decode
_MESSAGE_IDS: Final = re.compile(f"{MESSAGE_ID}(?:,{MESSAGE_ID})*", re.ASCII).fullmatch
_words: Final[Callable[[Content], tuple[Any, ...]]] = attrgetter(
    *("sender", "home", "treating", "scheme", "kind"), *("pending_until", "posts", "reverses", "voids")
)
_microsecond: Final[Callable[[Content], int]] = attrgetter("occurred_at.microsecond")
_message_id: Final = str.__new__
"""Makes a `MessageId` of text that is known to be one."""
NOTHING: Final = (None, None, None)
BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises on bytes that are no such JSON."""
decode_contents: Callable[[bytes], list[Content]] = msgspec.json.Decoder(list[_Strict]).decode  # type: ignore[valid-type]  # computed
"""The transactions of a batch, typed; what every line of a batch goes through."""
_strings_not_ascii = re.compile(rb'[\x80-\xff](?:[^"\\]++|\\.)*+"(:)?', re.DOTALL).findall
"""The ends of texts that are not ASCII, from their first such character; with a colon where the text is a member's name."""


def canonical(transaction: Transaction) -> bytes:
    """A transaction as bytes: the same content always gives the same."""
    moment = transaction.pending_until
    return encode(
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


def known(content: Content | Malformed) -> Transaction:
    """The value of a transaction that was looked at when it was read; what is wrong with it is raised."""
    if isinstance(content, Malformed):
        raise content
    about = (content.reverses, content.posts, content.voids)
    return unchecked(
        (
            _message_id(MessageId, content.id),
            content.scheme,
            content.kind,
            party(content.sender),
            content.home,
            content.treating,
            content.occurred_at,
            content.amount_fen,
            content.body,
            content.evidence,
            *(NOTHING if about == NOTHING else (other and _message_id(MessageId, other) for other in about)),
            content.pending_until,
        )
    )


def read(array: bytes, most: int) -> tuple[Sequence[Content | Malformed], Summary | None]:
    """What each line of an array says, of which no more than `most` are read.

    Nearly always all of them are well, and are looked at together; else one by one.
    """
    try:
        together = decode_contents(array)
        if encode(together) == array and (array.isascii() or b":" not in _strings_not_ascii(array)):
            return _looked_at(together)
    except BROKEN:
        pass
    lines = split(array)
    if b"[" + b",".join(lines) + b"]" != array:
        raise faulty("transactions", "not in canonical form", "不是规范形式")
    if len(lines) > most:
        raise miscounted("transactions", most, len(lines))
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
    except BROKEN as error:
        return Malformed(told(error, "transaction"), field="transactions")
    if encode(content) != line:  # a member twice, a space
        return Malformed(Text("transaction: not in canonical form", "transaction：不是规范形式"), field="transactions")
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
