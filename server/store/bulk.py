"""The set-based way into the ledger: a file's transactions by columns, held equal by tests to the one-by-one way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from cardstack.settlement.answer import Outcome
from cardstack.settlement.booking import DAY, EAST
from cardstack.settlement.columns import Columns, Posted
from cardstack.settlement.intake import SKEW
from cardstack.settlement.ledger import EntryRow, Phase, PostingRow, State
from cardstack.settlement.node import OWN, Node
from cardstack.settlement.scheme import Scheme, sharing
from cardstack.settlement.window import assign
from server.store.commit import Commit, Kept, add_rows, keep, open_windows
from server.store.engine import Database
from server.store.posting import PARTIES, ask_claimed, ask_closed, rooms
from server.store.submitting import post_before
from server.store.values import moment

ACCEPTED = Outcome.ACCEPTED.value


def post_many(database: Database, schemes: Mapping[str, Scheme], columns: Columns, kept: Kept, now: datetime) -> Posted:
    """One commit; outcomes in the intake's order of precedence. What a scheme itself refuses never gets here.

    A file may come in several pieces: it is kept once, known by its digest.
    """
    with database.writing(at_once=True) as connection:
        commit = Commit(database, connection, now)
        asked = _ask(commit, columns, kept, sharing(schemes, columns.scheme))
        if post_before(commit, schemes, columns.ids, now):
            asked = _ask(commit, columns, kept, sharing(schemes, columns.scheme))
        outcomes, entries = _judge(commit, columns, asked)
        chosen = [place for place, outcome in enumerate(outcomes) if outcome == ACCEPTED]
        if not chosen:
            return Posted(outcomes, entries, None)
        for number, place in enumerate(chosen, start=commit.tip.entry):
            entries[place] = number
        windows = _windows(columns, dict(asked.closed()).get(columns.cycle.name))
        open_windows(commit, {windows[place] for place in chosen})
        envelope = _keep(commit, kept, asked.kept(), len(chosen))
        add_rows(
            commit,
            _entry_rows(commit, columns, chosen, windows, envelope),
            _posting_rows(commit, columns, entries, windows, outcomes),
            (),
        )
        if columns.claims:
            claims = [(columns.scheme, columns.claims[place], entries[place]) for place in chosen if columns.claims[place]]
            commit.insert("claim", "scheme, claim, entry", claims)
        return Posted(outcomes, entries, commit.tip.block)


class _Asked(NamedTuple):
    """What the ledger is asked about a file's transactions, all at once."""

    known: Callable[[], list[Any]]
    parties: Callable[[], list[Any]]
    claimed: Callable[[], set[str]]
    closed: Callable[[], list[Any]]
    kept: Callable[[], list[Any]]


def _ask(commit: Commit, columns: Columns, kept: Kept, among: Sequence[str]) -> _Asked:
    return _Asked(
        commit.ask_among("SELECT id, digest, seq FROM entry WHERE id IN {these}", columns.ids),
        commit.ask(PARTIES),
        ask_claimed(commit, among, {claim for claim in columns.claims or () if claim}),
        ask_closed(commit),
        commit.ask("SELECT seq FROM envelope WHERE digest = ? ORDER BY seq LIMIT 1", (kept.digest,)),
    )


def _judge(commit: Commit, columns: Columns, asked: _Asked) -> tuple[list[str], list[int | None]]:
    """The outcome of each transaction, and the entry of those that stand in the ledger already."""
    outcomes: list[str] = [ACCEPTED] * len(columns.ids)
    entries: list[int | None] = [None] * len(columns.ids)
    _mark_not_yours(columns, outcomes)
    again = _mark_known(columns, asked.known(), outcomes, entries)
    _mark_in_future(commit, columns, outcomes)
    parties, room = rooms(commit, asked.parties())
    strangers = (set(columns.debtors) | set(columns.creditors)) - parties
    if strangers:
        for owner, debtor, creditor in zip(columns.owners, columns.debtors, columns.creditors, strict=True):
            if outcomes[owner] == ACCEPTED and (debtor in strangers or creditor in strangers):
                outcomes[owner] = Outcome.UNKNOWN_PARTY.value
    if columns.claims:
        _mark_duplicates(columns, asked.claimed(), outcomes)
    if room.keys() & (set(columns.debtors) | set(columns.creditors)):
        _mark_over_limit(columns, room, outcomes)
    for place, first in again.items():
        # What was not taken stands nowhere: the same line again gets its answer, not that it is known.
        if outcomes[first] != ACCEPTED:
            outcomes[place] = outcomes[first]
    return outcomes, entries


def _mark_not_yours(columns: Columns, outcomes: list[str]) -> None:
    """Lines under the centre's own ids, and in which the sender's province takes no part; a file has few pairs of regions."""
    if not Node(columns.sender).numbers_all(columns.ids):
        for place, id_ in enumerate(columns.ids):
            if id_.startswith(OWN):
                outcomes[place] = Outcome.NOT_YOURS.value
    province = columns.sender.province
    pairs = set(zip(columns.homes, columns.treatings, strict=True))
    strange = {pair for pair in pairs if province not in (pair[0][:2], pair[1][:2], "00")}
    if strange:
        for place, pair in enumerate(zip(columns.homes, columns.treatings, strict=True)):
            if pair in strange:
                outcomes[place] = Outcome.NOT_YOURS.value


def _mark_in_future(commit: Commit, columns: Columns, outcomes: list[str]) -> None:
    latest = commit.at + int(SKEW.total_seconds())
    if max(columns.occurred_at, default=0) > latest:
        for place, moment_s in enumerate(columns.occurred_at):
            if moment_s > latest and outcomes[place] == ACCEPTED:
                outcomes[place] = Outcome.IN_FUTURE.value


def _mark_known(columns: Columns, found: list[Any], outcomes: list[str], entries: list[int | None]) -> dict[int, int]:
    """Mark what is known by its id; the lines that say again what an earlier one of the same file says, by their places."""
    known: dict[str, tuple[bytes, int | None]] = {id_: (bytes(digest), seq) for id_, digest, seq in found}
    if not known and len(set(columns.ids)) == len(columns.ids):
        return {}
    first: dict[str, int] = {}
    again: dict[int, int] = {}
    for place, (id_, digest) in enumerate(zip(columns.ids, columns.digests, strict=True)):
        if outcomes[place] != ACCEPTED:
            continue
        if id_ in known:
            same = known[id_][0] == digest
            outcomes[place] = (Outcome.REPEATED if same else Outcome.CONFLICTING).value
            entries[place] = known[id_][1] if same else None
            if same and id_ in first:
                again[place] = first[id_]
        else:
            known[id_], first[id_] = (digest, None), place
    return again


def _mark_duplicates(columns: Columns, taken: set[str], outcomes: list[str]) -> None:
    if not taken and len(set(columns.claims)) == len(columns.claims):
        return
    for place, claim in enumerate(columns.claims):
        if claim and outcomes[place] == ACCEPTED:
            if claim in taken:
                outcomes[place] = Outcome.DUPLICATE.value
            taken.add(claim)


def _mark_over_limit(columns: Columns, room: dict[str, int], outcomes: list[str]) -> None:
    """One after the other, because each one uses up what the next one finds."""
    needs: dict[int, dict[str, int]] = {}
    for owner, debtor, creditor, amount, _, _ in columns.postings():
        mine = needs.setdefault(owner, {})
        mine[debtor] = mine.get(debtor, 0) + amount
        mine[creditor] = mine.get(creditor, 0) - amount
    for owner, mine in needs.items():
        if outcomes[owner] != ACCEPTED:
            continue
        if any(need > 0 and need > room[party] for party, need in mine.items() if party in room):
            outcomes[owner] = Outcome.OVER_LIMIT.value
            continue
        for party in mine.keys() & room.keys():
            room[party] -= mine[party]


def _windows(columns: Columns, closed: str | None) -> list[str]:
    """The window of each transaction, after the newest that is `closed`; one decision a day."""
    days = [(at + EAST) // DAY for at in columns.occurred_at]
    windows = {day: assign(columns.cycle, moment(day * DAY - EAST), closed) for day in set(days)}
    return [windows[day] for day in days]


def _keep(commit: Commit, kept: Kept, known: list[Any], accepted: int) -> int:
    if not known:
        keep(commit, [(kept, accepted)])
        return commit.tip.envelope
    commit.tell(f"{kept.kind}-accepted", str(known[0][0]), {"node": kept.node, "accepted": accepted, "block": commit.tip.block})
    return int(known[0][0])


def _entry_rows(commit: Commit, columns: Columns, chosen: Sequence[int], windows: Sequence[str], envelope: int) -> list[EntryRow]:
    scheme, kind, sender, state, block = columns.scheme, columns.kind, str(columns.sender), State.POSTED.value, commit.tip.block
    pick = itemgetter(*chosen) if len(chosen) > 1 else lambda values: (values[chosen[0]],)
    whole = len(chosen) == len(columns.ids)
    wanted = (
        columns.ids,
        columns.homes,
        columns.treatings,
        columns.occurred_at,
        columns.amounts_fen,
        columns.digests,
        windows,
        columns.lines,
    )
    parts = wanted if whole else tuple(pick(one) for one in wanted)
    make = tuple.__new__
    return [
        make(
            EntryRow,
            (
                seq,
                id_,
                scheme,
                kind,
                sender,
                home,
                treating,
                at,
                amount,
                digest,
                state,
                window,
                None,
                None,
                envelope,
                line,
                block,
            ),
        )
        for seq, (id_, home, treating, at, amount, digest, window, line) in enumerate(
            zip(*parts, strict=True), start=commit.tip.entry
        )
    ]


def _posting_rows(
    commit: Commit, columns: Columns, entries: Sequence[int | None], windows: Sequence[str], outcomes: Sequence[str]
) -> Iterator[PostingRow]:
    phase, make = Phase.POSTED.value, tuple.__new__
    kept = (row for row in columns.postings() if outcomes[row[0]] == ACCEPTED)
    return (
        make(PostingRow, (seq, entries[owner], windows[owner], debtor, creditor, amount, kind, rule, phase))
        for seq, (owner, debtor, creditor, amount, kind, rule) in enumerate(kept, start=commit.tip.posting)
    )
