"""What only the whole of the cards' records shows, day by day from what is kept: counters and balances that do not follow."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from cardstack.errors import CardstackError
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.bulk.package import unpack
from cardstack.settlement.bulk.transit_file import of_package
from cardstack.settlement.bulk.transit_shapes import Memory
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes.transit import Transit
from cardstack.settlement.transaction import Transaction
from cardstack.settlement.transit.continuity import Finding, Last, Trace, examine
from cardstack.settlement.transit.lists import Lists
from cardstack.settlement.transit.tap import read_tap
from server.store import reads
from server.store.commit import View

DAY = timedelta(days=1)


def breaks(view: View, schemes: Mapping[str, Scheme], since: date, until: date) -> Iterator[tuple[date, Finding]]:
    """The breaks in the records of each settlement day, with what was known of a card from the days before in the span.

    Of a file every line counts whose TAC holds, taken or not; of single messages those in the ledger. Only what is cleared
    here is seen: a ride or a load at home leaves a gap or a rise that is none.
    """
    scheme = schemes.get("transit")
    if not isinstance(scheme, Transit):
        return
    kept = _Kept(view, Transit(keys=scheme.keys, lists=Lists()))
    last: dict[str, Last] = {}
    for number in range((until - since).days + 1):
        day = since + number * DAY
        found, last = examine(kept.traces(day), kept.loads(day), last)
        for one in found:
            yield day, one


class _Kept:
    """The records of settlement days, each file read once."""

    def __init__(self, view: View, scheme: Transit) -> None:
        self.view, self.scheme = view, scheme
        self.memory, self.read = Memory(), set[int]()

    def traces(self, day: date) -> list[Trace]:
        """Every record of a day, each message once."""
        found: dict[str, Trace] = {}
        for envelope, lines in self._lines(f"transit-{day}", "transit").items():
            if envelope in self.read:
                continue
            kept = reads.envelope(self.view, envelope)
            if kept is not None and kept.kind == "file":
                self.read.add(envelope)
                traces = list(self._file(kept.raw))
            else:
                traces = [_trace(told) for told in _told(kept.raw if kept else b"", lines)]
            for trace in traces:
                found.setdefault(trace.reference, trace)
        return list(found.values())

    def loads(self, day: date) -> dict[str, int]:
        """What was loaded on each card, all together."""
        found: dict[str, int] = {}
        for envelope, lines in self._lines(f"purse-{day}", "purse").items():
            kept = reads.envelope(self.view, envelope)
            for told in _told(kept.raw if kept else b"", lines):
                change = told.body.get("change")
                if told.kind == "load" and isinstance(change, Mapping):
                    card = f"{change.get('issuer')}.{change.get('card')}"
                    found[card] = found.get(card, 0) + told.amount_fen
        return found

    def _lines(self, window: str, scheme: str) -> dict[int, list[int]]:
        query = "SELECT envelope, line FROM entry WHERE window_id = ? AND scheme = ? ORDER BY seq"
        found: dict[int, list[int]] = {}
        for envelope, line in self.view.all(query, (window, scheme)):
            found.setdefault(envelope, []).append(line)
        return found

    def _file(self, raw: bytes) -> Iterator[Trace]:
        for batch in of_package(unpack(raw), self.scheme, self.memory):
            yield from batch.traces


def _told(raw: bytes, lines: Sequence[int]) -> Iterator[Transaction]:
    """The transactions in some lines of a kept envelope."""
    try:
        sealed = envelopes.parse(raw)
    except CardstackError:
        return
    for line in lines:
        if line < len(sealed.contents):
            yield sealed.transaction(line)


def _trace(told: Transaction) -> Trace:
    tap = read_tap(told.body.get("tap") or {})
    return Trace(f"{tap.issuer}.{tap.card}", tap.counter, tap.moment, tap.balance_fen, tap.amount_fen, str(told.id), tap.grey)
