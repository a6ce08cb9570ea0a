"""What becomes of a file's lines: taken, or named with a reason; by the kind of the file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from cardstack.errors import Malformed, Refused
from cardstack.settlement.answer import OUTCOMES, Outcome
from cardstack.settlement.banking import statements
from cardstack.settlement.banking.matching import DIFFERENCES
from cardstack.settlement.bulk import medical_file, return_file, transit_file
from cardstack.settlement.bulk.layout import Charset, Fault, charset_of
from cardstack.settlement.bulk.package import Package
from cardstack.settlement.medical.reconciliation import KINDS as KINDS_OF_DIFFERENCE
from cardstack.settlement.scheme import Reason
from cardstack.settlement.schemes.transit import REASONS, TRANSIT, Transit
from cardstack.text import Text
from server.filing.arriving import UNKNOWN, Arrival, Kind, Means
from server.store.commit import Kept
from server.store.office.filing import FAULTS_MOST, LineFault
from server.store.queries import settled

BANK_MAX: Final = 16 << 20
"""Bytes of a bank's file, which is looked at as a whole: tens of thousands of payments."""
LONG: Final = Text("a bank's file has at most 16 MB: ask for it by day", "银行文件不超过 16 MB，请按日导出")
STRANGERS_MOST: Final = 20
FINE: Final = frozenset({Outcome.ACCEPTED.value, Outcome.REPEATED.value})
WORDS: Final = {
    **REASONS,
    **medical_file.REASONS,
    **{one.value: Reason(one.value, text) for one, text in (*OUTCOMES.items(), *KINDS_OF_DIFFERENCE.items())},
}


class Judged(NamedTuple):
    """What became of the lines, and what there is to say of all of them: how many were not taken, and the first of these."""

    taken: int
    total_fen: int
    failed: int
    faults: Sequence[LineFault]
    said: Text = Text("", "")
    answer: return_file.Body | None = None
    """All of them, for the return file."""


class _Faults:
    """The lines of a file that are not taken, a batch after the other; all but the first of them are held as the answer alone."""

    def __init__(self, charset: Charset) -> None:
        self.failed, self.first, self.answer = 0, list[LineFault](), return_file.Body(WORDS, charset)

    def add(self, faults: Iterable[Fault]) -> None:
        """Those of one batch."""
        found = sorted(faults)
        self.failed += len(found)
        self.first += map(_said, found[: max(0, FAULTS_MOST - len(self.first))])
        self.answer.add(found)

    def judged(self, taken: int, total_fen: int) -> Judged:
        """What became of all lines."""
        return Judged(taken, total_fen, self.failed, self.first, answer=self.answer)


def _charset(package: Package) -> Charset:
    return charset_of(package.manifest.charset)


def _transit(package: Package, kept: Kept, means: Means) -> Judged:
    """Post a day's purchases by columns; what the ledger or the rules refuse is a fault of its line."""
    scheme = means.store.schemes.get(TRANSIT.name)
    if not isinstance(scheme, Transit):
        raise Refused(Text("transit is not settled here", "本系统不办理公交地铁清算"), UNKNOWN, field="file")
    taken, total = 0, 0
    faults = _Faults(_charset(package))
    strangers: set[str] = set()
    for batch in transit_file.of_package(package, scheme):
        if not batch.columns.ids:
            faults.add(batch.faults)
            continue
        posted = means.store.post_many(batch.columns, kept, kept.signed_at)
        failed = [*batch.faults]
        rows = zip(batch.columns.ids, batch.columns.lines, batch.columns.amounts_fen, posted.outcomes, strict=True)
        for identity, line, amount, outcome in rows:
            if outcome in FINE:
                taken, total = taken + 1, total + amount
            else:
                failed.append(Fault(line, identity, outcome))
        faults.add(failed)
        if Outcome.UNKNOWN_PARTY.value in posted.outcomes:
            strangers |= {*batch.columns.debtors, *batch.columns.creditors} - {str(one.name) for one in means.store.parties()}
        means.progress(taken + faults.failed)
    return faults.judged(taken, total)._replace(said=_strangers(strangers))


def _strangers(found: set[str]) -> Text:
    """Which parties are no participants, so that somebody can register them."""
    names = ", ".join(sorted(found)[:STRANGERS_MOST])
    return Text(f"Not participants: {names}.", f"未登记的参与方：{names}。") if found else Text("", "")


def _medical(package: Package, kept: Kept, means: Means) -> Judged:
    """Reconcile a month's settlements with the ledger line by line; nothing is booked again."""
    del kept
    taken, total = 0, 0
    faults = _Faults(_charset(package))
    for batch in medical_file.batches(package.pieces(), charset=_charset(package)):
        lines = dict(zip(batch.lines, batch.books, strict=True))
        with means.store.view() as view:
            differ = settled.differences(view, lines)
        faults.add([*batch.faults, *(Fault(number, lines[number].key, kind.value) for number, kind in differ.items())])
        alike = [one for number, one in lines.items() if number not in differ]
        taken, total = taken + len(alike), total + sum(one.medfee_sumamt for one in alike)
        means.progress(taken + faults.failed)
    return faults.judged(taken, total)


def _returned(package: Package, kept: Kept, means: Means) -> Judged:
    """What another refused of a file of ours: every line of it is a fault there."""
    del kept, means
    charset, failed, first = _charset(package), 0, list[LineFault]()
    for fault in return_file.faults(package.pieces(), charset):
        failed += 1
        if failed <= FAULTS_MOST:
            first.append(_said(fault))
    return Judged(0, 0, failed, first)


JUDGES: Final[Mapping[Kind, Callable[[Package, Kept, Means], Judged]]] = {
    Kind.TRANSIT: _transit,
    Kind.MEDICAL: _medical,
    Kind.RETURN: _returned,
}
"""What is done with the lines of a signed file."""


def _said(fault: Fault) -> LineFault:
    reason = WORDS.get(fault.code)
    return LineFault(fault.line, fault.id, fault.code, reason.text if reason else Text(fault.code, fault.code), fault.column)


def bank(arrival: Arrival, means: Means) -> Judged:
    """A bank's lines, each counted once, and what differs from our payments."""
    raw = arrival.raw
    if len(raw) > BANK_MAX:
        raise Malformed(LONG, field="file")
    lines = statements.bank_file(raw)
    matched = means.store.desk.take_lines(lines, actor=arrival.actor, now=arrival.at)
    faults = [
        LineFault(number, one.reference, one.difference.value, DIFFERENCES[one.difference])
        for number, one in enumerate(matched.mismatches, start=1)
    ]
    return Judged(len(lines), sum(one.amount_fen for one in lines), len(faults), faults[:FAULTS_MOST])
