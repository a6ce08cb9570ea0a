"""The one-commit way in: envelopes judged and booked before they are answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cardstack.settlement.answer import Answer
from cardstack.settlement.booking import Booking, Numbers
from cardstack.settlement.receiving import pack
from cardstack.settlement.scheme import Scheme
from server.store.commit import Commit, Kept, keep
from server.store.engine import Database
from server.store.packing import packed
from server.store.posting import Submission, ask_book, write
from server.store.receiving import BITS, Ask, post_waiting, refused_of
from server.store.refusals import Refused, record


def submit(
    database: Database, schemes: Mapping[str, Scheme], submissions: Sequence[Submission], now: datetime
) -> list[list[Answer]]:
    """Take several envelopes in one durable commit; an answer a line, in order."""
    with database.writing(at_once=True) as connection:
        commit = Commit(database, connection, now)
        lines = [line for submission in submissions for line in submission.lines]
        book = ask_book(commit, schemes, lines, now)
        if post_before(commit, schemes, _ids(submissions), now):
            book = ask_book(commit, schemes, lines, now)
        ends = commit.tip
        booking = Booking(book(), Numbers(ends.entry, ends.posting, ends.block))
        answers: list[list[Answer]] = []
        kept: list[tuple[Kept, int]] = []
        rows = _Rows()
        for submission in submissions:
            before, envelope = len(booking.entries), ends.envelope + len(kept)
            final = _judge(booking, submission, envelope)
            answers.append(final)
            signed = submission.sign(submission.kept.digest, final) if submission.sign else None
            rows.refused += refused_of(submission.kept, enumerate(final), submission.digest_of)
            if len(booking.entries) > before:
                kept.append((submission.kept, len(booking.entries) - before))
                rows.add(envelope, final, signed, batch=submission.batch, at=commit.at)
        if kept:
            write(commit, booking)
            keep(commit, kept)
            rows.write(commit)
        record(commit, rows.refused)
    return answers


@dataclass
class _Rows:
    """What is kept beside the ledger's own rows."""

    receipts: list[tuple[int, bytes]] = field(default_factory=list)
    batches: list[tuple[int, int, bool, bytes]] = field(default_factory=list)
    results: list[tuple[int, int, bytes]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, envelope: int, final: Sequence[Answer], signed: bytes | None, *, batch: bool, at: int) -> None:
        if signed is not None:
            self.receipts.append((envelope, packed(signed)))
        if batch:
            self.batches.append((envelope, len(final), False, pack({})))
            self.results.append((envelope, at, packed(pack(final))))  # its receipt is the one that was given

    def write(self, commit: Commit) -> None:
        commit.insert("receipt", "envelope, raw", self.receipts)
        commit.insert("batch", "envelope, lines, relays, answers", self.batches)
        commit.insert("batch_result", "envelope, posted_at, answers", self.results)


def _judge(booking: Booking, submission: Submission, envelope: int) -> list[Answer]:
    """The answer of each line, those of malformed lines in their places."""
    size = len(submission.lines) + len(submission.broken)
    places = [place for place in range(size) if place not in submission.broken]
    judged = booking.take_all(list(zip(places, submission.lines, strict=True)), envelope)
    final = {**submission.broken, **dict(zip(places, judged, strict=True))}
    return [final[place] for place in range(size)]


def post_before(commit: Commit, schemes: Mapping[str, Scheme], ids: Iterable[str], now: datetime) -> bool:
    """Whether received lines had to be judged first, because they have, or are what is meant by, one of these ids."""
    if not commit.tip.waits:
        return False
    places = [place for (place,) in commit.among("SELECT place FROM received WHERE id IN {these}", ids)]
    if not places:
        return False
    post_waiting(commit, schemes, Ask(upto=max(places) >> BITS), now)
    commit.look_again()
    return True


def _ids(submissions: Sequence[Submission]) -> set[str]:
    found = {str(line.transaction.id) for submission in submissions for line in submission.lines}
    return found | {str(line.transaction.refers) for submission in submissions for line in submission.lines if not line.plain}
