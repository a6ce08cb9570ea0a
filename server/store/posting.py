"""Writing the ledger: what is known of the lines of a commit, and the rows that they become, sealed."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from cardstack.settlement.answer import Answer
from cardstack.settlement.booking import Booking
from cardstack.settlement.intake import Book, Earlier, Seen
from cardstack.settlement.ledger import ENTRY, RESERVE, Change, State
from cardstack.settlement.line import Line
from cardstack.settlement.scheme import Accumulation, Consulting, Scheme, sharing
from cardstack.settlement.transaction import Party, Posting
from cardstack.settlement.window import Stage
from cardstack.values import Fen
from server.store import telling
from server.store.commit import Commit, Kept, View, add_rows, open_windows

PARTIES = "SELECT name, limit_fen FROM party"
TOTALS = "SELECT account, total_fen FROM total WHERE account IN {these}"
TOTAL_GROWS = "ON CONFLICT (account) DO UPDATE SET total_fen = total.total_fen + excluded.total_fen"


Sign: TypeAlias = Callable[[bytes, Sequence[Answer]], bytes | None]
"""The signed receipt for the envelope of that digest and its answers; None where this node has no key."""


class Submission(NamedTuple):
    """An opened envelope with its prepared lines, and the answers of lines that are malformed, by their place.

    Where it is a `batch`, its answers are kept to be asked for; `sign` makes the receipt that is kept beside it.
    """

    kept: Kept
    lines: Sequence[Line]
    broken: Mapping[int, Answer] = {}
    digests: Mapping[int, bytes] = {}
    batch: bool = False
    sign: Sign | None = None

    def digest_of(self, place: int) -> bytes:
        """The digest of a line; those of malformed lines are in `digests`."""
        if place in self.digests:
            return self.digests[place]
        return self.lines[place - sum(one < place for one in self.broken)].digest


def ask_book(commit: Commit, schemes: Mapping[str, Scheme], lines: Sequence[Line], now: datetime) -> Callable[[], Book]:
    """Asks what the ledger knows that bears on these lines, as far as they say it themselves; the rest when it is called for."""
    query = "SELECT id, digest, seq, state, window_id FROM entry WHERE id IN {these}"
    known = commit.ask_among(query, [str(line.transaction.id) for line in lines])
    parties, closed = commit.ask(PARTIES), ask_closed(commit)
    claims: dict[str, set[str]] = {}
    for line in lines:
        if line.claims:
            claims.setdefault(line.transaction.scheme, set()).update(line.claims)
    among = {scheme: sharing(schemes, scheme) for scheme in claims}
    taken = [(among[scheme][0], ask_claimed(commit, among[scheme], own)) for scheme, own in claims.items()]
    accounts = {one.account for line in lines for one in line.accumulations}
    totals = commit.ask_among(TOTALS, accounts)

    def book() -> Book:
        about = {str(line.transaction.refers) for line in lines if line.transaction.refers}
        about |= {str(line.instead_of) for line in lines if line.instead_of}
        earlier = earlier_entries(commit, about) if about else {}
        others = {one.account for entry in earlier.values() for one in entry.accumulations} - accounts
        names, room = rooms(commit, parties())
        asks = {line.asks for line in lines if line.asks is not None}
        return Book(
            now,
            schemes,
            names,
            {id_: Seen(bytes(digest), seq, state, window) for id_, digest, seq, state, window in known()},
            earlier,
            {(first, claim) for first, found in taken for claim in found()},
            dict([*totals(), *commit.among(TOTALS, others)]),
            room,
            dict(closed()),
            telling.told(commit, consulted(schemes), asks) if asks else None,
        )

    return book


def consulted(schemes: Mapping[str, Scheme]) -> set[str]:
    """The schemes whose messages others are held against."""
    return {scheme.consults for scheme in schemes.values() if isinstance(scheme, Consulting)}


def ask_claimed(view: View, schemes: Iterable[str], claims: Collection[str]) -> Callable[[], set[str]]:
    """Asks which claims are taken in one of these schemes.

    The scheme is a word of the query: the index of claims begins with it.
    """
    query = "SELECT claim FROM claim WHERE scheme = '{scheme}' AND claim IN {{these}}"
    asked = [view.ask_among(query.format(scheme=scheme), claims) for scheme in schemes]
    return lambda: {claim for rows in asked for (claim,) in rows()}


def rooms(commit: Commit, rows: list[Any]) -> tuple[set[str], dict[str, int]]:
    """Every participant, and what each limited one may still owe before the windows that are not settled are paid.

    `rows` are those of `PARTIES`.
    """
    limits = {name: limit for name, limit in rows if limit is not None}
    if limits:
        owed = commit.all(
            "SELECT party, SUM(pays_fen - receives_fen + pays_reserved_fen) FROM balance LEFT JOIN settlement_window "
            "ON settlement_window.id = balance.window_id WHERE COALESCE(stage, 'open') <> ? GROUP BY party",
            (Stage.SETTLED.value,),
        )
        for name, amount in owed:
            if name in limits:
                limits[name] -= int(amount)
    return {name for name, _ in rows}, limits


def ask_closed(view: View) -> Callable[[], list[Any]]:
    """Asks for each cycle's newest window that is no longer open: pairs."""
    return view.ask("SELECT cycle, MAX(id) FROM settlement_window WHERE stage <> 'open' GROUP BY cycle")


def last_closed(view: View) -> dict[str, str]:
    """Each cycle's newest window that is no longer open."""
    return dict(ask_closed(view)())


def earlier_entries(view: View, ids: Iterable[str]) -> dict[str, Earlier]:
    """The entries that messages are about, each in its present state."""
    columns = "id, seq, scheme, home, treating, state, window_id, refers, sender, pending_until, occurred_at, amount_fen"
    entries = view.among(f"SELECT {columns} FROM entry WHERE id IN {{these}}", ids)  # noqa: S608  # own names
    numbers = [entry[1] for entry in entries]
    resolutions = view.among("SELECT entry, change, by_entry FROM resolution WHERE entry IN {these}", numbers)
    changes = _grouped(resolutions)
    posted_by = {entry: by for entry, change, by in resolutions if change == Change.POST}
    postings = _grouped(
        view.among(
            "SELECT entry, debtor, creditor, amount_fen, kind, rule FROM posting "
            "WHERE phase <> 'released' AND entry IN {these} ORDER BY seq",
            [*numbers, *posted_by.values()],
        )
    )
    claims = _grouped(view.among("SELECT entry, claim FROM claim WHERE entry IN {these}", numbers))
    corrected = _corrected(view, [*numbers, *posted_by.values()])
    added = _grouped(view.among("SELECT entry, account, add_fen FROM accumulation WHERE entry IN {these}", numbers))
    return {
        id_: Earlier(
            seq,
            scheme,
            home,
            treating,
            state_after(state, [change for change, _ in changes.get(seq, ())]),
            _postings(postings.get(seq, ())),
            tuple(claim for (claim,) in claims.get(seq, ())),
            tuple(Accumulation(account, Fen(amount)) for account, amount in added.get(seq, ())),
            window,
            refers is not None or not corrected.isdisjoint((seq, posted_by.get(seq))),  # else it would be paid back twice
            _postings(postings.get(posted_by[seq], ())) if seq in posted_by else None,
            sender,
            until,
            occurred_at,
            amount,
        )
        for id_, seq, scheme, home, treating, state, window, refers, sender, until, occurred_at, amount in entries
    }


def _corrected(view: View, entries: Iterable[int]) -> set[int]:
    """Of these entries, those of which a dispute was upheld: what was wrong has been given back."""
    query = "SELECT entry FROM posting JOIN dispute ON dispute.posting = posting.seq WHERE stage = 'upheld' AND entry IN {these}"
    return {entry for (entry,) in view.among(query, entries)}


def _postings(rows: Iterable[Any]) -> tuple[Posting, ...]:
    return tuple(Posting(Party(a), Party(b), Fen(amount), kind, rule) for a, b, amount, kind, rule in rows)


def state_after(state: str, changes: Iterable[str]) -> State:
    """The present state of an entry: as it was entered, and what came later, a reversal last."""
    now = State(state)
    for change in sorted(changes, key=lambda one: one == Change.REVERSE):
        now = ENTRY.after(now, Change(change))
    return now


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for first, *rest in rows:
        groups.setdefault(first, []).append(tuple(rest))
    return groups


def write(commit: Commit, booking: Booking) -> None:
    """Add the rows of a booking as one sealed block."""
    cycles = {entry.window for entry in booking.entries if entry.window != RESERVE}
    open_windows(commit, cycles)
    add_rows(commit, booking.entries, booking.postings, booking.resolutions)
    claims, freed = booking.claims, set(booking.freed)
    if freed:  # an entry may have been taken back in its own commit
        commit.run("DELETE FROM claim WHERE entry = ?", [(entry,) for entry in booking.freed])
        claims = [one for one in claims if one.entry not in freed]
    commit.insert("claim", "scheme, claim, entry", claims)
    commit.insert("accumulation", "entry, account, add_fen", booking.accumulations)
    moved: dict[str, int] = {}
    for _, account, amount in booking.accumulations:
        if amount:
            moved[account] = moved.get(account, 0) + amount
    commit.insert("total", "account, total_fen", list(moved.items()), TOTAL_GROWS)
