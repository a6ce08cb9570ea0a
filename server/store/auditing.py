"""The whole ledger, streamed block by block to the auditor of the core."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError
from cardstack.settlement.amending import Amendment
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.audit import Auditor, Balance, BlockRow, Finding, Moved
from cardstack.settlement.evidence import Evidence
from cardstack.settlement.ledger import EntryRow, PostingRow, ResolutionRow
from cardstack.settlement.receiving import unpack, unpack_places
from server.store import figuring, reads
from server.store.commit import ENTRY_COLUMNS, POSTING_COLUMNS, View
from server.store.following import follow
from server.store.packing import unpacked
from server.store.periods import Periods
from server.store.receiving import BITS

if TYPE_CHECKING:
    from cardstack.crypto.keys import PublicKey
    from cardstack.settlement.scheme import Scheme

BLOCK_COLUMNS = "seq, first_entry, first_posting, entries, postings, previous, hash"
PIECE = 512
"""How many blocks, or envelopes, are read at once."""
NO_ANSWERS = (ValueError, TypeError, LookupError)
"""What answers raise that are not of their form."""
FEW = 16
"""How many batches are, with up to 8,190 answers each."""


class Report(NamedTuple):
    """What an audit looked at, what it found, and the hash that stands for the whole ledger."""

    blocks: int
    entries: int
    postings: int
    head: bytes
    findings: tuple[Finding, ...]
    waiting: int = 0
    """How many received lines wait to be judged."""


def audit(view: View, *, signatures: bool = True, schemes: Mapping[str, "Scheme"] | None = None) -> Report:
    """Compute the whole ledger again. Signatures of kept envelopes take most of the time and may be left out.

    With the `schemes`, kept records are read again too, and what each line moves is computed from its content.
    """
    auditor = Auditor(lambda entry: _moved(view, entry))
    periods = Periods(view)
    for row in _blocks(view):
        _feed(view, auditor, row, periods)
    auditor.figures_added(_figures(view))
    columns = "party, window_id, pays_fen, receives_fen, pays_reserved_fen, receives_reserved_fen"
    auditor.finish(Balance(*row) for row in view.all(f"SELECT {columns} FROM balance"))  # noqa: S608  # own names
    kept = view.all("SELECT window_id, debtor, creditor, amount_fen FROM owed")
    auditor.owed({(window, debtor, creditor): int(amount) for window, debtor, creditor, amount in kept})
    totals = dict(view.all("SELECT account, total_fen FROM total"))
    added = {
        account: int(amount) for account, amount in view.all("SELECT account, SUM(add_fen) FROM accumulation GROUP BY account")
    }
    auditor.totals(totals, added)
    _payments(view, auditor)
    auditor.findings += follow(view)
    evidence = Evidence(auditor.findings)
    waiting = _waiting(view, evidence)
    _answered(view, evidence)
    if signatures:
        _envelopes(view, evidence)
    if schemes is not None:
        from server.store.reexamining import reexamine  # noqa: PLC0415  # only an audit of contents reads files again

        reexamine(view, evidence, schemes, periods)
    return Report(auditor.blocks, auditor.entry - 1, auditor.posting - 1, auditor.previous, tuple(auditor.findings), waiting)


def _figures(view: View) -> Sequence[Amendment] | None:
    try:
        return figuring.added(view)
    except (ValueError, TypeError):
        return None


def _blocks(view: View) -> Iterator[BlockRow]:
    after = 0
    while rows := view.all(f"SELECT {BLOCK_COLUMNS} FROM block WHERE seq > ? ORDER BY seq LIMIT ?", (after, PIECE)):  # noqa: S608  # own names
        for row in rows:
            yield BlockRow._make((*row[:5], bytes(row[5]), bytes(row[6])))
        after = rows[-1][0]


def _feed(view: View, auditor: Auditor, row: BlockRow, periods: Periods) -> None:
    between = "BETWEEN ? AND ? ORDER BY seq"
    entries = view.all(
        f"SELECT {ENTRY_COLUMNS} FROM entry WHERE seq {between}",  # noqa: S608  # own names
        (row.first_entry, row.first_entry + row.entries - 1),
    )
    postings = view.all(
        f"SELECT {POSTING_COLUMNS} FROM posting WHERE seq {between}",  # noqa: S608  # own names
        (row.first_posting, row.first_posting + row.postings - 1),
    )
    figures = periods.begin(row.seq, auditor)
    query = "SELECT entry, change, by_entry, block FROM resolution WHERE block = ? ORDER BY by_entry, entry"
    auditor.block(
        row,
        [EntryRow._make((*one[:9], bytes(one[9]), *one[10:])) for one in entries],
        [PostingRow(*one) for one in postings],
        [ResolutionRow(*one) for one in view.all(query, (row.seq,))],
        figures,
    )


def _moved(view: View, entry: int) -> list[Moved]:
    query = "SELECT debtor, creditor, amount_fen, kind FROM posting WHERE entry = ? AND phase <> 'released'"
    return [Moved(*row) for row in view.all(query, (entry,))]


def _payments(view: View, auditor: Auditor) -> None:
    for (window,) in view.all("SELECT DISTINCT window_id FROM instruction ORDER BY window_id"):
        paid: dict[str, int] = {}
        try:
            known = {one.instruction.id: one.instruction for one in reads.instructions(view, window)}
        except (CardstackError, ValueError):  # told where the steps of payments are followed
            continue
        for one in known.values():
            first = known.get(one.first, one)
            same = (first.debtor, first.creditor) == (one.debtor, one.creditor) and one.amount_fen <= first.amount_fen
            if first is not one and same:
                continue  # the rest of a debt that is counted already
            paid[one.debtor] = paid.get(one.debtor, 0) - one.amount_fen
            paid[one.creditor] = paid.get(one.creditor, 0) + one.amount_fen
        auditor.payments(window, paid)


def _waiting(view: View, evidence: Evidence) -> int:
    """Every batch that was received and not answered in full, and every line that waits; how many lines."""
    count = 0
    rows = view.all(
        "SELECT envelope, answers, lines FROM batch "
        "WHERE NOT EXISTS (SELECT 1 FROM batch_result WHERE batch_result.envelope = batch.envelope)"
    )
    batches = {envelope: (answers, size) for envelope, answers, size in rows}
    envelopes = {place >> BITS for (place,) in view.all("SELECT place FROM received")} | batches.keys()
    for envelope in sorted(envelopes):
        between = (envelope << BITS, (envelope + 1) << BITS)
        rows = view.all("SELECT place, id FROM received WHERE place >= ? AND place < ?", between)
        lines = {place - between[0]: id_ for place, id_ in rows}
        kept = reads.sound_envelope(view, envelope)
        answers, size = batches.get(envelope, (None, None))
        try:
            answered = None if answers is None else unpack_places(bytes(answers))
        except NO_ANSWERS:
            evidence.unanswered(envelope)
        else:
            evidence.waits(envelope, kept.raw if kept else b"", answered, lines, size)
        count += len(lines)
    return count


def _answered(view: View, evidence: Evidence) -> None:
    after, accepted = 0, Outcome.ACCEPTED
    while rows := view.all(
        "SELECT batch_result.envelope, batch_result.answers, batch.lines FROM batch_result LEFT JOIN batch "
        "ON batch.envelope = batch_result.envelope WHERE batch_result.envelope > ? ORDER BY batch_result.envelope LIMIT ?",
        (after, FEW),
    ):
        results = list(_results(rows, evidence))
        said = {
            envelope: {place: (one.entry, one.id) for place, one in enumerate(answers) if one.outcome is accepted}
            for envelope, answers in results
        }
        numbers = [entry for lines in said.values() for entry, _ in lines.values()]
        booked: dict[int, dict[int, tuple[int, str]]] = {}
        for seq, id_, envelope, line in view.among("SELECT seq, id, envelope, line FROM entry WHERE seq IN {these}", numbers):
            booked.setdefault(envelope, {})[line] = seq, id_
        for envelope, lines in said.items():
            evidence.answered(envelope, lines, booked.get(envelope, {}))
        after = rows[-1][0]


def _results(rows: Iterable[tuple[int, bytes, int]], evidence: Evidence) -> Iterator[tuple[int, Sequence[Answer]]]:
    """The answers of batches that are of their form, one to each line."""
    for envelope, raw, size in rows:
        try:
            answers = unpack(unpacked(bytes(raw)))
        except NO_ANSWERS:
            answers = []
        if len(answers) != size:
            evidence.unanswered(envelope)
        else:
            yield envelope, answers


def _envelopes(view: View, evidence: Evidence) -> None:
    after = 0
    query = "SELECT seq FROM envelope WHERE kind = 'envelope' AND seq > ? ORDER BY seq LIMIT ?"
    while rows := view.all(query, (after, PIECE)):
        numbers = [row[0] for row in rows]
        digests: dict[int, dict[int, bytes]] = {}
        found = view.among("SELECT envelope, line, digest FROM entry WHERE envelope IN {these}", numbers)
        for envelope, line, digest in found:
            digests.setdefault(envelope, {})[line] = bytes(digest)
        for seq in numbers:
            _envelope(view, evidence, seq, digests.get(seq, {}))
        after = numbers[-1]


def _envelope(view: View, evidence: Evidence, seq: int, digests: Mapping[int, bytes]) -> None:
    kept = reads.sound_envelope(view, seq)
    if kept is None:
        evidence.unreadable(seq)
        return
    key: PublicKey | None = None
    if kept.path:
        try:
            key = Certificate.parse(kept.path[-1]).public_key
        except CardstackError:
            key = None
    evidence.envelope(seq, kept.raw, key, digests, kept.signed_at)
