"""Kept records read again for the auditor: adjustments, decisions, lapses and bulk files, and what envelopes' lines give."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.bulk.package import Package, message, unpack
from cardstack.settlement.bulk.transit_file import of_package
from cardstack.settlement.bulk.transit_shapes import Memory
from cardstack.settlement.columns import Columns
from cardstack.settlement.evidence import Adjusted, Booked, Evidence
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes.transit import Transit
from cardstack.settlement.transaction import Transaction
from cardstack.settlement.transit.lists import Lists
from server.store import reads
from server.store.commit import View
from server.store.periods import Periods
from server.store.values import KeptEnvelope

if TYPE_CHECKING:
    from cardstack.crypto.keys import PublicKey

PIECE = 4096
"""How many entries are read at once."""
RECORDS = ("adjustment", "decision", "lapse")
Given: TypeAlias = tuple[bytes, list[tuple[str, str, int, str, str]], list[tuple[str, str]]]
"""What a file's line gives: the digest of the content, the postings, and the claims with their scheme."""
UNDONE = "SELECT entry FROM resolution WHERE entry BETWEEN ? AND ? AND change <> 'post'"
ADDED = "SELECT entry, account, add_fen FROM accumulation WHERE entry BETWEEN ? AND ?"
TAKEN_BACK = (
    "SELECT by_entry, account, -add_fen FROM resolution LEFT JOIN accumulation ON accumulation.entry = resolution.entry "
    "WHERE block BETWEEN ? AND ? AND change <> 'post' AND by_entry IS NOT NULL"
)


def reexamine(view: View, evidence: Evidence, schemes: Mapping[str, Scheme], periods: Periods) -> None:
    """Read the kept record of every entry again, and compute again what each moves, by the figures of its time."""
    files, seen = _Files(view, evidence, schemes), set()
    for (period, kept), booked in _kept(view, _runs(view, periods), evidence):
        if kept.kind in RECORDS:
            seen.add(kept.seq)
            _record(view, evidence, kept, booked)
        elif kept.kind in ("file", "envelope"):
            with periods.judging(period):
                if kept.kind == "file":
                    files.compare(kept, booked, period)
                else:
                    _lines(evidence, kept, booked, schemes)
        else:
            evidence.unreadable(kept.seq)
    kinds = ", ".join(f"'{kind}'" for kind in RECORDS)
    for (envelope,) in view.all(f"SELECT seq FROM envelope WHERE kind IN ({kinds}) ORDER BY seq"):  # noqa: S608  # own names
        if envelope not in seen:
            evidence.unreadable(envelope)


def _runs(view: View, periods: Periods) -> Iterator[tuple[tuple[int, int], list[Booked]]]:
    """The entries in order, those after one another from one kept record and period together, some thousands at most."""
    run: list[Booked] = []
    now = 0, 0
    for (envelope, block), booked in _entries(view):
        place = envelope, periods.of(block)
        if run and (place != now or len(run) == PIECE):
            yield now, run
            run = []
        now = place
        run.append(booked)
    if run:
        yield now, run


def _kept(
    view: View, runs: Iterable[tuple[tuple[int, int], list[Booked]]], evidence: Evidence
) -> Iterator[tuple[tuple[int, KeptEnvelope], list[Booked]]]:
    """The runs with their kept records, each read once while its runs follow one another; what takes back is looked at here."""
    kept: KeptEnvelope | None = None
    for (envelope, period), booked in runs:
        for one in booked:
            if one.takes_back is not None:
                evidence.added(one, one.takes_back)
        if kept is None or kept.seq != envelope:
            kept = None  # before the next one is read
            kept = reads.sound_envelope(view, envelope)
        if kept is None:
            evidence.unreadable(envelope)
        else:
            yield (period, kept), booked


def _entries(view: View) -> Iterator[tuple[tuple[int, int], Booked]]:
    after = 0
    query = "SELECT seq, line, digest, window_id, refers, envelope, block FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"
    postings = (
        "SELECT entry, debtor, creditor, amount_fen, kind, rule FROM posting "
        "WHERE entry BETWEEN ? AND ? AND phase <> 'released' ORDER BY seq"
    )
    while rows := view.all(query, (after, PIECE)):
        made: dict[int, list[tuple[str, str, int, str, str]]] = {}
        for entry, *one in view.all(postings, (rows[0][0], rows[-1][0])):
            made.setdefault(entry, []).append((one[0], one[1], one[2], one[3], one[4]))
        own: dict[int, list[tuple[str, str]]] = {}
        ends = rows[0][0], rows[-1][0]
        for entry, scheme, claim in view.all("SELECT entry, scheme, claim FROM claim WHERE entry BETWEEN ? AND ?", ends):
            own.setdefault(entry, []).append((scheme, claim))
        added, back = _grouped(view.all(ADDED, ends)), _grouped(view.all(TAKEN_BACK, (rows[0][6], rows[-1][6])))
        undone = {entry for (entry,) in view.all(UNDONE, ends)}
        for row in rows:
            moved, claims = tuple(made.get(row[0], ())), tuple(own.get(row[0], ()))
            totals = tuple(added.get(row[0], ())), tuple(back[row[0]]) if row[0] in back else None
            booked = Booked(row[0], row[1], bytes(row[2]), row[3], moved, row[4], claims, row[0] not in undone, *totals)
            yield (row[5], row[6]), booked
        after = rows[-1][0]


def _grouped(rows: Sequence[Any]) -> dict[int, list[tuple[str, int]]]:
    """Accounts and amounts by entry; an entry without any has an empty account."""
    groups: dict[int, list[tuple[str, int]]] = {}
    for entry, account, amount in rows:
        groups.setdefault(entry, []).extend([] if account is None else [(account, amount)])
    return groups


def _record(view: View, evidence: Evidence, kept: KeptEnvelope, booked: Sequence[Booked]) -> None:
    if kept.kind == "adjustment":
        query = "SELECT entry, maker, checker, reason, dispute FROM adjustment WHERE entry IN {these}"
        rows = {row[0]: Adjusted(*row[1:]) for row in view.among(query, [one.seq for one in booked])}
        evidence.adjustment(kept.seq, kept.raw, kept.digest, booked, rows)
    elif kept.kind == "decision":
        evidence.decision(kept.seq, kept.raw, kept.digest, booked)
    else:
        evidence.lapsed(kept.seq, kept.raw, kept.digest, booked)


class _Files:
    """Bulk files line by line: the signature, and of each line that was taken its content and its postings."""

    def __init__(self, view: View, evidence: Evidence, schemes: Mapping[str, Scheme]) -> None:
        self.view, self.evidence, self.scheme = view, evidence, schemes.get("transit")
        self.memory: dict[int, Memory] = {}
        self.last: tuple[tuple[int, int], _Given | None] = (0, 0), None
        self.judged: set[int] = set()

    def compare(self, kept: KeptEnvelope, booked: Sequence[Booked], period: int) -> None:
        """The entries of one run; a file that was posted in pieces is read once while its pieces follow one another."""
        if self.last[0] != (kept.seq, period):
            self.memory.setdefault(period, Memory())
            self.last = (kept.seq, period), self._read(kept, self.memory[period])
        given = self.last[1]
        if given is None:
            return
        for one in sorted(booked, key=lambda each: each.line):
            try:
                digest, postings, claims = given.line(one.line)
            except CardstackError:
                self.last = self.last[0], None
                self.evidence.unreadable(kept.seq)
                return
            if self.evidence.follows(one, postings, digest):
                self.evidence.claimed(one, claims)

    def _read(self, kept: KeptEnvelope, memory: Memory) -> "_Given | None":
        first = kept.seq not in self.judged
        self.judged.add(kept.seq)
        try:
            package = unpack(kept.raw)
            key: PublicKey = Certificate.parse(package.certificates[0]).public_key
            key.verify(package.signature, message(package.signed))
        except (CardstackError, IndexError):
            if first:
                self.evidence.unsigned(kept.seq)
            return None
        with suppress(CardstackError):
            if isinstance(self.scheme, Transit):
                # What was judged by that day's lists is judged here by its content alone.
                return _Given(package, Transit(keys=self.scheme.keys, lists=Lists()), memory)
        if first:
            self.evidence.unreadable(kept.seq)
        return None


class _Given:
    """What a file's lines give, some of them at a time: asked for in ascending order, the file is read through once.

    Held are the lines above number `first` up to `end`.
    """

    def __init__(self, package: Package, scheme: Transit, memory: Memory) -> None:
        self.package, self.scheme, self.memory = package, scheme, memory
        self._begin()

    def _begin(self) -> None:
        self.batches = of_package(self.package, self.scheme, self.memory)
        self.first, self.end, self.held = 0, 0, dict[int, Given]()

    def line(self, number: int) -> Given:
        """What the line of that number gives; nothing where it is not taken, or not there. `Malformed` for no such file."""
        if number <= self.first < self.end:
            self._begin()
        while number > self.end:
            batch = next(self.batches, None)
            if batch is None:
                break
            self.first, self.end, self.held = self.end, batch.next_line, dict(_given(batch.columns))
        return self.held.get(number, (b"", [], []))


def _given(columns: Columns) -> Iterator[tuple[int, Given]]:
    made: list[list[tuple[str, str, int, str, str]]] = [[] for _ in columns.lines]
    for owner, debtor, creditor, amount, kind, rule in columns.postings():
        made[owner].append((debtor, creditor, amount, kind, rule))
    claims = columns.claims or [""] * len(columns.lines)
    for line, digest, claim, postings in zip(columns.lines, columns.digests, claims, made, strict=True):
        yield line, (digest, postings, [(columns.scheme, claim)] if claim else [])


def _lines(evidence: Evidence, kept: KeptEnvelope, booked: Sequence[Booked], schemes: Mapping[str, Scheme]) -> None:
    """The lines of an envelope that were taken, each computed again; what is about another entry is compared with that one."""
    try:
        sealed = envelopes.parse(kept.raw)
    except CardstackError:
        return  # told where the signature is looked at
    for one in booked:
        if one.refers is not None or one.line >= len(sealed.contents):
            continue
        try:
            told = sealed.transaction(one.line)
            scheme = schemes.get(told.scheme)
            if scheme is None:
                continue
            wanted, claims = _postings(told, scheme), [(told.scheme, claim) for claim in scheme.claims(told)]
            added = [(given.account, int(given.add_fen)) for given in scheme.accumulations(told)]
        except CardstackError:
            wanted, claims, added = [("", "", 0, "", "")], [], []
        if evidence.follows(one, wanted):
            evidence.claimed(one, claims)
            evidence.added(one, added)


def _postings(told: Transaction, scheme: Scheme) -> list[tuple[str, str, int, str, str]]:
    made = scheme.postings(told, told.day)
    return [(str(one.debtor), str(one.creditor), int(one.amount_fen), one.kind, one.rule) for one in made]
