"""What one commit adds to the ledger: lines are judged in order and become rows, the book moves along with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.intake import Book, Earlier, Seen, judge, surely
from cardstack.settlement.ledger import ENTRY, RESERVE, Change, EntryRow, Phase, PostingRow, ResolutionRow, State
from cardstack.settlement.line import Line
from cardstack.settlement.scheme import Accumulation, Cycle
from cardstack.settlement.transaction import MessageId, Posting
from cardstack.settlement.window import assign

DAY: Final = 86_400
EAST: Final = 28_800
"""A day in seconds, and how far legal time is ahead of UTC."""


POSTED, RESERVED, RELEASED = Phase.POSTED.value, Phase.RESERVED.value, Phase.RELEASED.value
IS_POSTED, IS_PENDING = State.POSTED.value, State.PENDING.value
new: Final = tuple.__new__
"""Makes a row from all its columns at once; by its own constructor each one costs three times as much."""


class ClaimRow(NamedTuple):
    """That a scheme's claim is taken, and by which entry."""

    scheme: str
    claim: str
    entry: int


class AccumulationRow(NamedTuple):
    """What an entry added to a running total."""

    entry: int
    account: str
    add_fen: int


@dataclass(slots=True)
class Numbers:
    """The next free numbers, read under the write lock."""

    entry: int
    posting: int
    block: int


@dataclass(slots=True)
class Booking:
    """The rows of one commit."""

    book: Book
    numbers: Numbers
    entries: list[EntryRow] = field(default_factory=list)
    postings: list[PostingRow] = field(default_factory=list)
    resolutions: list[ResolutionRow] = field(default_factory=list)
    claims: list[ClaimRow] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    accumulations: list[AccumulationRow] = field(default_factory=list)
    taken: dict[str, tuple[Line, EntryRow]] = field(default_factory=dict)
    windows: dict[tuple[str, int], str] = field(default_factory=dict)

    def take_all(self, lines: Sequence[tuple[int, Line]], envelope: int) -> list[Answer]:
        """Judge a batch's lines, each with its place, one after another; those out of the ordinary are looked for by halves."""
        if surely([line for _, line in lines], self.book):
            return self._enter_plain(lines, envelope)
        if len(lines) < 2:
            return [self.take(line, envelope, place) for place, line in lines]
        half = len(lines) // 2
        return self.take_all(lines[:half], envelope) + self.take_all(lines[half:], envelope)

    def take(self, line: Line, envelope: int, place: int) -> Answer:
        """Judge one line; where it is accepted, add its rows. The answer is durable once the commit is."""
        refers = None if line.plain else line.transaction.refers
        if refers is not None and refers in self.taken and refers not in self.book.earlier:
            self._recall(refers)
        outcome, message = judge(line, self.book), str(line.transaction.id)
        if outcome is Outcome.REPEATED:
            known = self.book.seen[message]
            return Answer(message, outcome, known.entry, known.state, known.window)
        if outcome is not Outcome.ACCEPTED:
            return Answer(message, outcome, reason=line.reason)
        entry = self._enter(line, message, refers, envelope, place)
        if refers is not None:
            self._follow(line, entry)
        self._add(line.postings, entry, POSTED if entry.pending_until is None else RESERVED)
        if line.accumulations:
            self._accumulate(line, entry)
        self._remember(line, entry)
        return Answer(message, outcome, entry.seq, entry.state, entry.window)

    def _enter_plain(self, lines: Sequence[tuple[int, Line]], envelope: int) -> list[Answer]:
        """The rows of lines that no check applies to: what `_enter`, `_add` and `_remember` make of them, all at once."""
        entries, block, book = [], self.numbers.block, self.book
        for seq, (place, line) in enumerate(lines, start=self.numbers.entry):
            one = line.transaction
            occurred_at = int(one.occurred_at.timestamp())
            window = self._window(book.schemes[one.scheme].cycle, occurred_at, one.occurred_at)
            head = seq, str(one.id), one.scheme, one.kind, str(one.sender), one.home, one.treating, occurred_at, one.amount_fen
            entries.append(new(EntryRow, (*head, line.digest, IS_POSTED, window, None, None, envelope, place, block)))
        self.numbers.entry += len(lines)
        self.entries += entries
        pairs = [(line, entry) for (_, line), entry in zip(lines, entries, strict=True)]
        posted = ((one, entry[0], entry[11]) for line, entry in pairs for one in line.postings)
        rows = [
            new(PostingRow, (seq, entry, window, str(one.debtor), str(one.creditor), one.amount_fen, one.kind, one.rule, POSTED))
            for seq, (one, entry, window) in enumerate(posted, start=self.numbers.posting)
        ]
        self.numbers.posting += len(rows)
        self.postings += rows
        claims = [new(ClaimRow, (entry[2], claim, entry[0])) for line, entry in pairs for claim in line.claims]
        self.claims += claims
        book.claimed.update((book.realms[scheme], claim) for scheme, claim, _ in claims)
        if book.told is not None:
            for _, line in lines:
                book.told.take(line.transaction, line.claims)
        moves = [new(AccumulationRow, (entry[0], *one[:2])) for line, entry in pairs for one in line.accumulations]
        self.accumulations += moves
        for _, account, add_fen in moves:
            book.totals_fen[account] = book.totals_fen.get(account, 0) + add_fen
        ids = [entry[1] for entry in entries]
        self.taken.update(zip(ids, pairs, strict=True))
        book.seen.update({entry[1]: new(Seen, (entry[9], entry[0], IS_POSTED, entry[11])) for entry in entries})
        return [new(Answer, (entry[1], Outcome.ACCEPTED, entry[0], IS_POSTED, entry[11], None)) for entry in entries]

    def _enter(self, line: Line, message: str, refers: MessageId | None, envelope: int, place: int) -> EntryRow:
        transaction, until = line.transaction, line.transaction.pending_until
        moves = until is None and (refers is None or line.change not in (Change.VOID, Change.LAPSE))
        cycle, occurred_at = self.book.schemes[transaction.scheme].cycle, int(transaction.occurred_at.timestamp())
        entry = EntryRow(
            self.numbers.entry,
            message,
            transaction.scheme,
            transaction.kind,
            str(transaction.sender),
            transaction.home,
            transaction.treating,
            occurred_at,
            transaction.amount_fen,
            line.digest,
            IS_POSTED if until is None else IS_PENDING,
            self._window(cycle, occurred_at, transaction.occurred_at) if moves else RESERVE,
            None if refers is None else str(refers),
            None if until is None else int(until.timestamp()),
            envelope,
            place,
            self.numbers.block,
        )
        self.numbers.entry += 1
        self.entries.append(entry)
        return entry

    def _add(self, postings: Sequence[Posting], entry: EntryRow, phase: str) -> None:
        number, window = self.numbers.posting, entry.window if phase == POSTED else RESERVE
        self.postings += [
            PostingRow(seq, entry.seq, window, str(one.debtor), str(one.creditor), one.amount_fen, one.kind, one.rule, phase)
            for seq, one in enumerate(postings, start=number)
        ]
        self.numbers.posting = number + len(postings)
        if self.book.room_fen:
            self._use_room(postings, phase)

    def _use_room(self, postings: Sequence[Posting], phase: str) -> None:
        """A reservation takes room from the payer alone; what is posted also makes room for who receives it."""
        room = self.book.room_fen
        for posting in postings:
            if posting.debtor in room:
                room[posting.debtor] -= -posting.amount_fen if phase == RELEASED else posting.amount_fen
            if posting.creditor in room and phase == POSTED:
                room[posting.creditor] += posting.amount_fen

    def _follow(self, line: Line, entry: EntryRow) -> None:
        """Resolve the earlier entry: release what it reserved, free what it claimed."""
        change, refers = line.change, line.transaction.refers
        if change is None or refers is None:
            return
        earlier = self.book.earlier[refers]
        self.resolutions.append(ResolutionRow(earlier.entry, change.value, entry.seq, self.numbers.block))
        if change is not Change.REVERSE:
            self._add(earlier.postings, entry, RELEASED)
        if change is not Change.POST:
            self.freed.append(earlier.entry)
            self.book.claimed -= self.book.named(earlier.scheme, earlier.claims)
            if self.book.told is not None:
                self.book.told.drop(earlier.claims)
        posted = line.postings if change is Change.POST else earlier.posted
        self.book.earlier[refers] = earlier._replace(state=ENTRY.after(earlier.state, change), posted=posted)

    def _accumulate(self, line: Line, entry: EntryRow) -> None:
        totals = self.book.totals_fen
        for one in line.accumulations:
            totals[one.account] = totals.get(one.account, 0) + one.add_fen
            self.accumulations.append(AccumulationRow(entry.seq, one.account, one.add_fen))

    def _remember(self, line: Line, entry: EntryRow) -> None:
        if line.claims:
            self.claims += [ClaimRow(entry.scheme, claim, entry.seq) for claim in line.claims]
            self.book.claimed |= self.book.named(entry.scheme, line.claims)
            if self.book.told is not None:
                self.book.told.take(line.transaction, line.claims)
        self.book.seen[entry.id] = Seen(line.digest, entry.seq, entry.state, entry.window)
        self.taken[entry.id] = line, entry

    def _recall(self, refers: MessageId) -> None:
        """A line of this very commit that a later one is about."""
        line, entry = self.taken[refers]
        transaction = line.transaction
        self.book.earlier[refers] = Earlier(
            entry.seq,
            entry.scheme,
            transaction.home,
            transaction.treating,
            State(entry.state),
            line.postings,
            line.claims,
            tuple(Accumulation(one.account, one.add_fen) for one in line.accumulations),
            entry.window,
            about_another=entry.refers is not None,
            sender=entry.sender,
            until=entry.pending_until,
            occurred_at=entry.occurred_at,
            amount_fen=entry.amount_fen,
        )

    def _window(self, cycle: Cycle, occurred_at: int, moment: datetime) -> str:
        """One decision a cycle and day; a day of legal time begins eight hours before that of UTC."""
        key = cycle.name, (occurred_at + EAST) // DAY
        if key not in self.windows:
            self.windows[key] = assign(cycle, moment, self.book.last_closed.get(cycle.name))
        return self.windows[key]
