"""Receipt before judgement: what can be said of a line from its bytes, its signer and the ids that are known.

In order of precedence: malformed, not-yours, repeated, conflicting, received. A received line is durable under its
message id and is judged in its turn; until then its id answers a retry as a booked one does.
"""

from collections.abc import Container, Mapping, MutableMapping, Sequence
from typing import Final, Protocol, overload

import msgspec

from cardstack.errors import Malformed
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.envelope import Sealed
from cardstack.settlement.intake import Seen
from cardstack.settlement.line import Line, prepare
from cardstack.settlement.node import Node, stranger
from cardstack.settlement.scheme import Reason, Scheme
from cardstack.settlement.transaction import is_message_id
from cardstack.settlement.wire import Content, Summary

WAITING: Final = "received"
"""The state of a line that was received and is not judged yet."""

_decode_answers = msgspec.json.Decoder(list[Answer]).decode
_decode_places = msgspec.json.Decoder(dict[int, Answer]).decode


class _Id(msgspec.Struct):
    """The one member of a malformed line that its answer repeats."""

    id: str = ""


_decode_id = msgspec.json.Decoder(_Id).decode


class Batch(Protocol):
    """Signed lines: what each says or what is wrong with it, its bytes, the digest of its content; and who signed."""

    @property
    def contents(self) -> Sequence[Content | Malformed]: ...
    @property
    def summary(self) -> Summary | None: ...
    @property
    def lines(self) -> Sequence[bytes]: ...
    def digest_of(self, place: int) -> bytes: ...
    @property
    def node(self) -> Node: ...


def receive(batch: Batch, seen: Mapping[str, Seen], waiting: MutableMapping[str, bytes]) -> list[Answer]:
    """An answer a line. `waiting` are the ids received and not judged, by digest; it takes up those of this batch."""
    node = batch.node
    strangers: dict[tuple[str, str, str], bool] = {}
    answers = []
    for place, content in enumerate(batch.contents):
        if isinstance(content, Malformed):
            answers.append(malformed(batch.lines[place], content))
            continue
        key, id_ = (content.sender, content.home, content.treating), content.id
        if key not in strangers:
            strangers[key] = stranger(node, *key)
        if strangers[key] or not node.numbers(id_):
            answers.append(Answer(id_, Outcome.NOT_YOURS))
        elif id_ in seen:
            answers.append(again(seen[id_], id_, batch.digest_of(place)))
        elif id_ in waiting:
            same = waiting[id_] == batch.digest_of(place)
            answers.append(Answer(id_, Outcome.REPEATED, state=WAITING) if same else Answer(id_, Outcome.CONFLICTING))
        else:
            waiting[id_] = batch.digest_of(place)
            answers.append(Answer(id_, Outcome.RECEIVED))
    return answers


class AllReceived(Sequence[Answer]):
    """The answers to a batch of which every line was received: they differ by their ids alone, and are made when looked at."""

    __slots__ = ("ids",)

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Answer: ...
    @overload
    def __getitem__(self, place: slice) -> "AllReceived": ...
    def __getitem__(self, place: int | slice) -> "Answer | AllReceived":
        return AllReceived(self.ids[place]) if isinstance(place, slice) else Answer(self.ids[place], Outcome.RECEIVED)

    def as_json(self) -> msgspec.Raw:
        """An array of objects: the id, the outcome and the state. Ids are letters and digits, which need no escape."""
        same = f',"outcome":"received","state":"{WAITING}"'
        between = f'"{same}}},{{"id":"'
        return msgspec.Raw(f'[{{"id":"{between.join(self.ids)}"{same}}}]'.encode())


def receive_new(batch: Batch) -> AllReceived | None:
    """The same where every line is well and its sender's, under an id of its own that nobody knows; None where one is not.

    Whether an id is known is left to be asked. It is true of nearly every batch, and asks each line less.
    """
    if batch.summary is None:
        return None
    node, (ids, speakers) = batch.node, batch.summary
    if len(set(ids)) < len(ids) or any(stranger(node, *one) for one in speakers):
        return None
    if not node.numbers_all(ids):
        return None
    return AllReceived(ids)


def prepared(sealed: Sealed, node: Node, schemes: Mapping[str, Scheme], answered: Container[int] = ()) -> list[tuple[int, Line]]:
    """The lines of a batch that are well formed and have no answer yet, by place, each with what its scheme makes of it."""
    make, digests = sealed.transaction, sealed.digests()
    return [
        (place, prepare(make(place), digests[place], node, schemes))
        for place, content in enumerate(sealed.contents)
        if place not in answered and not isinstance(content, Malformed)
    ]


def again(known: Seen, id_: str, digest: bytes) -> Answer:
    """The answer to an id that the ledger knows."""
    if known.digest != digest:
        return Answer(id_, Outcome.CONFLICTING)
    return Answer(id_, Outcome.REPEATED, known.entry, known.state, known.window)


def malformed(line: bytes, error: Malformed) -> Answer:
    """The answer to a line that is no transaction; with its id where it has one."""
    try:
        found = _decode_id(line).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = ""
    return Answer(found if is_message_id(found) else "", Outcome.MALFORMED, reason=Reason(error.code, error.title))


def pack(answers: "Sequence[Answer] | Mapping[int, Answer]") -> bytes:
    """Answers as they are kept: JSON, an array each."""
    return msgspec.json.encode(answers)


def unpack(raw: bytes) -> list[Answer]:
    """The answers of a batch as they were kept, a line each."""
    return _decode_answers(raw)


def unpack_places(raw: bytes) -> dict[int, Answer]:
    """Those answers of a batch that were final when it was received, by line."""
    return _decode_places(raw)
