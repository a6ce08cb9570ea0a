"""Batches made durable before they are judged, and the judging of what waits, oldest first.

A received batch is its envelope, a row of `batch` and a row of `received` for each line that waits. Posting it takes
those rows away in the commit that books its lines, so that nothing is lost between the two and nothing is booked
twice, whichever process posts it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Final, NamedTuple

from cardstack.errors import Malformed
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.booking import Booking, Numbers
from cardstack.settlement.envelope import Sealed
from cardstack.settlement.intake import Seen
from cardstack.settlement.line import Line
from cardstack.settlement.node import Node
from cardstack.settlement.receiving import AllReceived, pack, prepared, receive, receive_new, unpack, unpack_places
from cardstack.settlement.scheme import Reason, Scheme
from cardstack.settlement.transaction import Party
from cardstack.settlement.wire import Content, Summary, digest
from cardstack.text import Text
from server.store.commit import Commit, Kept, View, keep
from server.store.packing import packed, unpacked
from server.store.posting import Sign, ask_book, write
from server.store.refusals import Refused, record
from server.store.values import ReceivedBatch, moment

BITS: Final = 13
"""A line's place is its envelope's number and, in the lower bits, its own: 8,190 lines fit."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch whose signature holds, and its signer."""

    kept: Kept
    sealed: Sealed
    node: Node

    @property
    def contents(self) -> Sequence[Content | Malformed]:
        """What its lines say, or what is wrong with them."""
        return self.sealed.contents

    @property
    def summary(self) -> Summary | None:
        """What they have in common, where nothing is wrong with any."""
        return self.sealed.summary

    @property
    def lines(self) -> Sequence[bytes]:
        """The bytes of its lines."""
        return self.sealed.lines

    def digest_of(self, place: int) -> bytes:
        """The digest of a line's content."""
        return digest(self.lines[place])


RECEIVED, REFUSED = Outcome.RECEIVED, Outcome.REFUSED
WAIT: Final = (
    "INSERT INTO received (place, id) SELECT key + ?, value FROM {numbered} "
    "WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = value) ON CONFLICT DO NOTHING"
)
"""Lets ids wait that are neither booked nor waiting."""


class Received(NamedTuple):
    """What is answered to a batch at once, and the number of its envelope where lines of it wait."""

    answers: Sequence[Answer]
    envelope: int | None
    receipt: bytes | None


def take_in(commit: Commit, arrivals: Sequence[Arrival], sign: Sign | None) -> list[Received]:
    """Keep batches with an answer a line; lines that are new wait to be judged."""
    here: dict[int, Arrival] = {}
    made: list[Received] = []
    kept: list[tuple[Kept, int]] = []
    batches: list[tuple[int, int, bool, bytes]] = []
    refused: list[Refused] = []
    for arrival in arrivals:
        next_ = commit.tip.envelope + len(kept)
        new = _new(commit, next_, arrival)
        answers = _mixed(commit, next_, arrival, here) if new is None else new
        others = {place: one for place, one in enumerate(answers) if one.outcome is not RECEIVED} if new is None else {}
        envelope = next_ if len(others) < len(answers) else None
        if envelope is not None:
            here[envelope] = arrival
            kept.append((arrival.kept, len(answers) - len(others)))
            batches.append((envelope, len(answers), arrival.node.relays, pack(others)))
        if others:
            refused += refused_of(arrival.kept, others.items(), arrival.digest_of)
        made.append(Received(answers, envelope, sign(arrival.kept.digest, answers) if sign else None))
    if kept:
        keep(commit, kept, "received")
        commit.insert("batch", "envelope, lines, relays, answers", batches)
        receipts = [(one.envelope, one.receipt) for one in made if one.envelope is not None and one.receipt is not None]
        commit.insert("receipt", "envelope, raw", receipts)
    record(commit, refused)
    return made


def _new(commit: Commit, envelope: int, arrival: Arrival) -> AllReceived | None:
    """Let all its lines wait, asked and written by one statement; None and nothing written where one of them is not new."""
    answers = receive_new(arrival)
    if answers is None:
        return None
    first = envelope << BITS
    if commit.change(WAIT, first, answers.ids) == len(answers):
        return answers
    commit.run("DELETE FROM received WHERE place >= ?", [(first,)])
    return None


def _mixed(commit: Commit, envelope: int, arrival: Arrival, here: Mapping[int, Arrival]) -> list[Answer]:
    """Answer line by line, and let those wait that are new; `here` is what came before it in this commit."""
    ids = [one.id for one in arrival.contents if not isinstance(one, Malformed)]
    answers = receive(arrival, known(commit, ids), waiting_of(commit, ids, here))
    first = envelope << BITS
    rows = [(first + place, one.id) for place, one in enumerate(answers) if one.outcome is RECEIVED]
    commit.insert("received", "place, id", rows)
    return answers


def known(view: View, ids: Iterable[str]) -> dict[str, Seen]:
    """Which of these message ids are booked, with the first answer."""
    rows = view.among("SELECT id, digest, seq, state, window_id FROM entry WHERE id IN {these}", ids)
    return {id_: Seen(bytes(digest), seq, state, window) for id_, digest, seq, state, window in rows}


def waiting_of(view: View, ids: Iterable[str], here: Mapping[int, Arrival] = {}) -> dict[str, bytes]:
    """Which of these message ids were received and are not judged, with the digest of their content.

    `here` are the arrivals, by the numbers of their envelopes, that this commit took in before.
    """
    if not view.all("SELECT 1 FROM received LIMIT 1"):
        return {}
    rows = view.among("SELECT place, id FROM received WHERE id IN {these}", ids)
    envelopes_: dict[int, Sequence[bytes]] = {}
    for envelope in {place >> BITS for place, _ in rows}:
        if envelope in here:
            envelopes_[envelope] = here[envelope].lines
            continue
        ((raw,),) = view.all("SELECT raw FROM envelope WHERE seq = ?", (envelope,))
        envelopes_[envelope] = envelopes.parse(unpacked(bytes(raw))).lines
    return {id_: digest(envelopes_[place >> BITS][place & (1 << BITS) - 1]) for place, id_ in rows}


def waits(view: View, message: str) -> bool:
    """Whether that message was received and is not judged."""
    return bool(view.all("SELECT 1 FROM received WHERE id = ?", (message,)))


def refused_of(kept: Kept, answers: Iterable[tuple[int, Answer]], digest_of: Callable[[int], bytes]) -> list[Refused]:
    """The lines among them that were refused."""
    fine = (Outcome.ACCEPTED, Outcome.REPEATED, Outcome.RECEIVED)
    return [Refused(kept, place, digest_of(place), answer) for place, answer in answers if answer.outcome not in fine]


class Waiting(NamedTuple):
    """A received batch on its way to judgement: what was answered at once, and the lines that wait with their places."""

    envelope: int
    kept: Kept
    size: int
    answers: Mapping[int, Answer]
    lines: Sequence[tuple[int, Line]]
    arrival: Arrival


NOT_BOOKED: Final = Reason(
    "not-booked",
    Text(
        "The ledger cannot hold it, such as a sum past 64 bits: send less at once, or correct the amounts",
        "账本无法记入（如合计超出 64 位）：请减少单次笔数或更正金额",
    ),
)


class Ask(NamedTuple):
    """How much to post at once: about so many lines, or all up to one envelope; with what this process still holds of them."""

    most: int = 8192
    upto: int | None = None
    held: Mapping[int, Arrival] = {}
    sign: Sign | None = None
    refuse: bool = False
    """Whether its lines are refused instead, because booking them failed."""


def passing(error: Exception) -> bool:
    """Whether a failure has to do with the database's state of the moment and not with what was to be written."""
    return any(one.__name__ in ("OperationalError", "TimeoutError", "MemoryError") for one in type(error).__mro__)


def post_waiting(commit: Commit, schemes: Mapping[str, Scheme], ask: Ask, now: datetime) -> tuple[int, int]:
    """Judge and book the oldest waiting batches; the last envelope that is done, and how many lines were judged."""
    ((first,),) = commit.all("SELECT MIN(place) FROM received")
    if first is None:
        return 0, 0
    batches = [_waiting(commit, row, schemes, ask.held.get(row[0])) for row in _oldest(commit, first >> BITS, ask)]
    lines = [line for batch in batches for _, line in batch.lines]
    tip = commit.tip
    booking = Booking(ask_book(commit, schemes, lines, now)(), Numbers(tip.entry, tip.posting, tip.block))
    results, refused, events = [], [], []
    for batch in batches:
        before, places = len(booking.entries), [place for place, _ in batch.lines]
        if ask.refuse:
            judged = [Answer(str(line.transaction.id), REFUSED, reason=NOT_BOOKED) for _, line in batch.lines]
        else:
            judged = booking.take_all(batch.lines, batch.envelope)
        final = {**batch.answers, **dict(zip(places, judged, strict=True))}
        answers = [final[place] for place in range(batch.size)]
        refused += refused_of(batch.kept, zip(places, judged, strict=True), batch.arrival.digest_of)
        receipt = ask.sign(batch.kept.digest, answers) if ask.sign else None
        results.append((batch.envelope, commit.at, packed(pack(answers)), receipt and packed(receipt)))
        events.append((batch, len(booking.entries) - before))
    if booking.entries:
        write(commit, booking)
    commit.insert("batch_result", "envelope, posted_at, answers, receipt", results)
    last = batches[-1].envelope
    commit.run("DELETE FROM received WHERE place < ?", [((last + 1) << BITS,)])
    record(commit, refused)
    for batch, accepted in events:
        data = {"node": batch.kept.node, "accepted": accepted, "block": tip.block if booking.entries else None}
        commit.tell("envelope-accepted", str(batch.envelope), data)
    return last, len(lines)


def _oldest(commit: Commit, first: int, ask: Ask) -> list[Any]:
    rows = commit.all(
        "SELECT envelope, batch.lines, relays, answers, node, digest, signed_at FROM batch JOIN envelope ON seq = envelope "
        "WHERE envelope >= ? AND envelope <= ? "
        "AND NOT EXISTS (SELECT 1 FROM batch_result WHERE batch_result.envelope = batch.envelope) ORDER BY envelope LIMIT ?",
        (first, 2**62 if ask.upto is None else ask.upto, ask.most if ask.upto is None else 2**31),
    )
    if ask.upto is not None:
        return rows
    ends = list(accumulate(row[1] for row in rows))
    return [row for row, end in zip(rows, ends, strict=True) if end <= max(ask.most, ends[0])]


def _waiting(commit: Commit, row: Any, schemes: Mapping[str, Scheme], held: Arrival | None) -> Waiting:
    """A batch with its lines prepared; parsed again where another process received it, or this one before it was started."""
    envelope, count, relays, raw, node, digest_, signed_at = row
    answers = unpack_places(bytes(raw))
    if held is None:
        kept = Kept("envelope", bytes(digest_), b"", node, moment(signed_at))
        ((signed,),) = commit.all("SELECT raw FROM envelope WHERE seq = ?", (envelope,))
        sealed = envelopes.parse(unpacked(bytes(signed)))
        held = Arrival(kept, sealed, Node(Party(node), bool(relays)))
    lines = prepared(held.sealed, held.node, schemes, answers)
    return Waiting(envelope, held.kept, count, answers, lines, held)


def received_batch(view: View, of: bytes) -> ReceivedBatch | None:
    """What became of a batch, by the digest of its envelope."""
    rows = view.all(
        "SELECT seq, node, received_at, batch.lines, batch.answers, posted_at, batch_result.answers, "
        "COALESCE(batch_result.receipt, receipt.raw) FROM envelope JOIN batch ON batch.envelope = seq "
        "LEFT JOIN batch_result ON batch_result.envelope = seq LEFT JOIN receipt ON receipt.envelope = seq "
        "WHERE envelope.digest = ? ORDER BY seq LIMIT 1",
        (of,),
    )
    if not rows:
        return None
    seq, node, received_at, count, others, posted_at, answers, receipt = rows[0]
    if answers is not None:
        final = unpack(unpacked(bytes(answers)))
    else:
        waits = {place & ((1 << BITS) - 1): id_ for place, id_ in _places(view, seq)}
        mixed = unpack_places(bytes(others)) | {place: Answer(id_, Outcome.RECEIVED) for place, id_ in waits.items()}
        final = [mixed[place] for place in range(count)]
    return ReceivedBatch(
        seq,
        of,
        Party(node),
        moment(received_at),
        None if posted_at is None else moment(posted_at),
        final,
        None if receipt is None else unpacked(bytes(receipt)),
    )


def _places(view: View, envelope: int) -> list[tuple[int, str]]:
    return view.all("SELECT place, id FROM received WHERE place >= ? AND place < ?", (envelope << BITS, (envelope + 1) << BITS))
