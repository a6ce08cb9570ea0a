"""What becomes of a file's lines: taken, or named with a reason; by the kind of the file."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cardstack.errors import Refused
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
from server.store.office.filing import LineFault
from server.store.queries import settled

STRANGERS_MOST: Final = 20
FINE: Final = frozenset({Outcome.ACCEPTED.value, Outcome.REPEATED.value})
WORDS: Final = {
    **REASONS,
    **medical_file.REASONS,
    **{one.value: Reason(one.value, text) for one, text in (*OUTCOMES.items(), *KINDS_OF_DIFFERENCE.items())},
}


class Judged(NamedTuple):
    """What became of the lines, and what there is to say of all of them."""

    taken: int
    total_fen: int
    faults: list[LineFault]
    said: Text = Text("", "")


def _charset(package: Package) -> Charset:
    return charset_of(package.manifest.charset)


def _transit(package: Package, kept: Kept, means: Means) -> Judged:
    """Post a day's purchases by columns; what the ledger or the rules refuse is a fault of its line."""
    scheme = means.store.schemes.get(TRANSIT.name)
    if not isinstance(scheme, Transit):
        raise Refused("transit is not settled here", UNKNOWN, field="file")
    taken, total = 0, 0
    faults: list[LineFault] = []
    strangers: set[str] = set()
    for batch in transit_file.of_package(package, scheme):
        faults += map(_said, batch.faults)
        if not batch.columns.ids:
            continue
        posted = means.store.post_many(batch.columns, kept, kept.signed_at)
        rows = zip(batch.columns.ids, batch.columns.lines, batch.columns.amounts_fen, posted.outcomes, strict=True)
        for identity, line, amount, outcome in rows:
            if outcome in FINE:
                taken, total = taken + 1, total + amount
            else:
                faults.append(_said(Fault(line, identity, outcome)))
        if Outcome.UNKNOWN_PARTY.value in posted.outcomes:
            strangers |= {*batch.columns.debtors, *batch.columns.creditors} - {str(one.name) for one in means.store.parties()}
        means.progress(taken + len(faults))
    return Judged(taken, total, sorted(faults, key=lambda one: one.line), _strangers(strangers))


def _strangers(found: set[str]) -> Text:
    """Which parties are no participants, so that somebody can register them."""
    names = ", ".join(sorted(found)[:STRANGERS_MOST])
    return Text(f"Not participants: {names}.", f"未登记的参与方：{names}。") if found else Text("", "")


def _medical(package: Package, kept: Kept, means: Means) -> Judged:
    """Reconcile a month's settlements with the ledger line by line; nothing is booked again."""
    del kept
    taken, total = 0, 0
    faults: list[LineFault] = []
    for batch in medical_file.batches(package.data, charset=_charset(package)):
        faults += map(_said, batch.faults)
        lines = dict(zip(batch.lines, batch.books, strict=True))
        with means.store.view() as view:
            differ = settled.differences(view, lines)
        faults += [_said(Fault(number, lines[number].key, kind.value)) for number, kind in differ.items()]
        alike = [one for number, one in lines.items() if number not in differ]
        taken, total = taken + len(alike), total + sum(one.medfee_sumamt for one in alike)
        means.progress(taken + len(faults))
    return Judged(taken, total, sorted(faults, key=lambda one: one.line))


def _returned(package: Package, kept: Kept, means: Means) -> Judged:
    """What another refused of a file of ours: every line of it is a fault there."""
    del kept, means
    return Judged(0, 0, [_said(one) for one in return_file.faults(package.data, _charset(package))])


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
    head = raw.lstrip()[:1]
    lines = statements.bank_lines(raw) if head == b"<" else statements.result_csv(raw, "utf-8" if _is_utf8(raw) else "gb18030")
    matched = means.store.desk.take_lines(lines, actor=arrival.actor, now=arrival.at)
    faults = [
        LineFault(number, one.reference, one.difference.value, DIFFERENCES[one.difference])
        for number, one in enumerate(matched.mismatches, start=1)
    ]
    return Judged(len(lines), sum(one.amount_fen for one in lines), faults)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
