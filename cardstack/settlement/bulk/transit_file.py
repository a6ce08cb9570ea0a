"""The T+1 transit file: an operator's purchases of a day, from bytes to columns for the ledger, no object a record.

A line says what a message with one `Tap` says, and is judged by the same rules in the same order. What the
one-transaction path computes of fare, discounts and fee depends on the *shape* of a journey alone (service, class,
fare, transfer), so it is computed once a shape, by that same path. Only proof, balance and clock differ line by line.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from hashlib import sha256
from itertools import chain
from typing import Any, Final, NamedTuple

from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, faulty
from cardstack.settlement.bulk.canonical import contents, text_member
from cardstack.settlement.bulk.layout import Charset, Fault, Layout, charset_of
from cardstack.settlement.bulk.package import Package
from cardstack.settlement.bulk.transit_layout import ALGORITHMS, LAYOUT, LAYOUTS
from cardstack.settlement.bulk.transit_shapes import KNOWN_MAX, NONE, Memory, Priced, Raw, Shape, price, shapes
from cardstack.settlement.columns import Columns
from cardstack.settlement.scheme import at
from cardstack.settlement.schemes.transit import Transit, limits
from cardstack.settlement.transaction import Party
from cardstack.settlement.transit.continuity import Trace
from cardstack.settlement.transit.lists import Kind
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import LINE_MAX, moment_of

CHUNK: Final = 8_192
NEVER: Final = b" " * 8
"""Where no end of validity is told."""


class Batch(NamedTuple):
    """Some lines of a file: what the ledger takes, what is refused, and where to go on.

    `traces` are the lines whose TAC holds, taken or not, for what only the whole of a card's records shows.
    """

    columns: Columns
    faults: tuple[Fault, ...]
    next_line: int
    traces: tuple[Trace, ...] = ()


def batches(
    body: bytes | Iterable[bytes],
    scheme: Transit,
    sender: Party,
    *,
    charset: Charset = "gb18030",
    start: int = 0,
    chunk: int = CHUNK,
    memory: Memory | None = None,
    layout: Layout = LAYOUT,
) -> Iterator[Batch]:
    """The lines of a file from number `start` on (0 is the first), some at a time; go on from `next_line` after a stop.

    The file may come in pieces; no more than some lines of it are held at a time.
    A `memory` handed from file to file saves computing the same shapes of journeys again.
    """
    reader = Reader(scheme, sender, charset, memory or Memory(), layout=layout)
    for first, lines in layout.numbered(body, chunk, start):
        yield reader.batch(lines, first)._replace(next_line=first + len(lines) // layout.size)


def of_package(package: Package, scheme: Transit, memory: Memory | None = None) -> Iterator[Batch]:
    """The lines of a file that came in a package, in the layout and charset that it says; `Malformed` for another layout."""
    told = package.manifest
    layout = LAYOUTS.get(told.layout)
    if layout is None:
        raise faulty("layout", f"one of {', '.join(LAYOUTS)}", f"可选 {'、'.join(LAYOUTS)}")
    charset = charset_of(told.charset)
    return batches(package.pieces(), scheme, Party(told.sender), charset=charset, memory=memory, layout=layout)


class Reader:
    """The lines of one file, with what is remembered of others."""

    def __init__(self, scheme: Transit, sender: Party, charset: Charset, memory: Memory, *, layout: Layout = LAYOUT) -> None:
        self.layout = layout
        self.scheme, self.sender, self.charset = scheme, sender, charset
        self.memory, self.shapes, self.minutes = memory, memory.shapes, memory.minutes
        self.names: dict[bytes, bytes | None] = {}

    def batch(self, raw: bytes, first: int) -> Batch:
        """Lines of which the first has the number `first`, counted from 0."""
        known: Sequence[dict[Any, Any]] = (self.names, self.minutes, self.shapes)
        for one in known:
            if len(one) > KNOWN_MAX:
                one.clear()
        raw, numbers, faults = self.layout.sift(raw, first)
        columns = dict(zip((c.name for c in self.layout.columns), self.layout.columns_of(raw), strict=True))
        columns.setdefault("expires", [NEVER] * len(numbers))
        columns.setdefault("week_fen", [b"0" * 10] * len(numbers))
        codes, seconds = self._form(columns)
        self._blocked(columns, codes)
        self._proof(columns, codes)
        found = [
            None if code else self._priced(columns, place, shape)
            for place, (code, shape) in enumerate(zip(codes, shapes(columns, self.memory), strict=True))
        ]
        for place, shape in enumerate(found):
            if shape is not None and shape.fault:
                codes[place] = shape.fault
        identities = columns["id"]
        faults += [
            Fault(numbers[place], identities[place].decode(), code) for place, code in enumerate(codes) if code is not None
        ]
        good = [place for place, code in enumerate(codes) if code is None]
        taken = self._taken(columns, good, seconds, found, numbers)
        return Batch(taken, tuple(sorted(faults)), first, _traces(columns, codes))

    def _form(self, columns: Raw) -> tuple[list[str | None], list[int]]:
        """The first of these that applies to each line: range, clock, lateness, balance; and the seconds since 1970."""
        bounds: dict[bytes, tuple[int, int, bytes] | None] = {}
        codes: list[str | None] = []
        seconds: list[int] = []
        bad = self._out_of_range(columns)
        names = ("id", "moment", "amount_fen", "gross_fen", "balance_fen", "expires")
        rows = zip(*(columns[name] for name in names), strict=True)
        for place, (identity, moment, amount, gross, balance, expires) in enumerate(rows):
            minute, sent = self._minute(moment[:12]), self._minute(identity[12:24])
            if minute is None or sent is None or place in bad:
                codes.append("tap-malformed")
                seconds.append(0)
                continue
            when = minute[0] + int(moment[12:])
            late = sent[0] + int(identity[24:26]) - when
            day = moment[:8]
            if day not in bounds:
                bounds[day] = _bounds(moment)
            bound = bounds[day]
            seconds.append(when)
            if bound is None:
                codes.append("no-figure")
                continue
            ahead, behind, most = bound
            if -late > ahead or late > behind:
                codes.append("late" if late > 0 else "future")
            elif balance < amount:
                codes.append("balance-short")
            else:
                codes.append(
                    "card-expired" if NEVER != expires < day else "over-limit" if amount > most or gross > most else None
                )
        return codes, seconds

    def _blocked(self, columns: Raw, codes: list[str | None]) -> None:
        """Cards that every terminal had to refuse; nothing is looked up where there are no lists."""
        lists = self.scheme.lists
        if not lists.lists:
            return
        for place, row in enumerate(zip(columns["issuer"], columns["card"], columns["moment"], strict=True)):
            if codes[place] is None:
                issuer, card, moment = (value.decode() for value in row)
                blocked = lists.verdict(issuer, card, moment_of(moment)) is Kind.BLACK
                codes[place] = "card-blocked" if blocked else None

    def _out_of_range(self, columns: Raw) -> set[int]:
        """Lines with a number beyond its field of the record, a name too long or not of the charset, or a leg of no day."""
        bad: set[int] = set()
        for name, highest in _HIGHEST.items():
            # Digits of one width compare as numbers do.
            if max(columns[name], default=b"") > highest:
                bad.update(place for place, value in enumerate(columns[name]) if value > highest)
        for line in set(columns["line"]) - self.names.keys():
            self.names[line] = text_member(line, self.charset, LINE_MAX)
        bad.update(place for place, line in enumerate(columns["line"]) if self.names[line] is None)
        if any(day != NEVER and day[:2] != b"20" for day in set(columns["expires"])):
            bad.update(place for place, day in enumerate(columns["expires"]) if day != NEVER and day[:2] != b"20")
        legs = {
            leg for leg in set(columns["previous_moment"]) if leg != NONE and (leg[12:] > b"59" or self._minute(leg[:12]) is None)
        }
        if legs:
            bad.update(place for place, leg in enumerate(columns["previous_moment"]) if leg in legs)
        if b"  " in set(columns["previous_industry"]):
            pairs = zip(columns["previous_moment"], columns["previous_industry"], strict=True)
            bad.update(place for place, (leg, service) in enumerate(pairs) if leg != NONE and service == b"  ")
        return bad

    def _minute(self, digits: bytes) -> tuple[int, bytes] | None:
        """A minute as seconds since 1970 and as text in UTC; None where the calendar has none such."""
        if digits not in self.minutes:
            try:
                moment = moment_of(f"{digits.decode()}00")
                self.minutes[digits] = int(moment.timestamp()), f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:}".encode()
            except Malformed:
                self.minutes[digits] = None
        return self.minutes[digits]

    def _proof(self, columns: Raw, codes: list[str | None]) -> None:
        """TACs of all lines not refused yet, issuer by issuer; then the records that the card has not confirmed."""
        groups: dict[tuple[bytes, bytes, bytes], list[int]] = defaultdict(list)
        for place, group in enumerate(zip(columns["issuer"], columns["algorithm"], columns["key_version"], strict=True)):
            if codes[place] is None:
                groups[group].append(place)
        for (issuer, algorithm, version), places in groups.items():
            block = ALGORITHMS[algorithm]
            key = self.scheme.keys.issuer_key(bytes.fromhex(issuer.decode()), block, int(version))
            proofs = [b""] * len(places) if key is None else _proofs(key, columns, places, block)
            told = columns["tac"]
            for place, proof in zip(places, proofs, strict=True):
                if proof != told[place]:
                    codes[place] = "no-key" if key is None else "tac-wrong"
        for place, grey in enumerate(columns["grey"]):
            if grey == b"1" and codes[place] is None:
                codes[place] = "grey-unproven"

    def _priced(self, columns: Raw, place: int, shape: Shape) -> Priced:
        known = self.shapes.get(shape)
        if known is None:
            known = self.shapes[shape] = price(columns, place)
        return known

    def _taken(
        self,
        columns: Raw,
        good: Sequence[int],
        seconds: Sequence[int],
        shapes: Sequence[Priced | None],
        numbers: Sequence[int],
    ) -> Columns:
        """The good lines as the ledger takes them."""
        instants = [self._instant(columns["moment"][place]) for place in good]
        names = {raw: name for raw, name in self.names.items() if name is not None}
        lines = contents(columns, good, instants, names, self.sender)
        priced = [shape for place in good if (shape := shapes[place]) is not None]
        picked = {name: _picked(columns[name], good) for name in ("id", "home", "treating", "issuer", "card", "counter")}
        cards = zip(*(picked[name] for name in ("issuer", "card", "counter")), strict=True)
        return Columns(
            scheme=self.scheme.name,
            kind="fare",
            sender=self.sender,
            cycle=self.scheme.cycle,
            ids=picked["id"],
            digests=[sha256(line).digest() for line in lines],
            homes=picked["home"],
            treatings=picked["treating"],
            occurred_at=[seconds[place] for place in good],
            amounts_fen=list(map(int, _picked(columns["amount_fen"], good))),
            lines=[numbers[place] for place in good],
            owners=[owner for owner, own in enumerate(priced) for _ in own.debtors],
            debtors=list(chain.from_iterable([own.debtors for own in priced])),
            creditors=list(chain.from_iterable([own.creditors for own in priced])),
            posting_amounts_fen=list(chain.from_iterable([own.amounts_fen for own in priced])),
            posting_kinds=list(chain.from_iterable([own.kinds for own in priced])),
            rules=list(chain.from_iterable([own.rules for own in priced])),
            claims=[f"card.{issuer}.{card}.{int(counter)}" for issuer, card, counter in cards],
        )

    def _instant(self, moment: bytes) -> bytes:
        minute = self._minute(moment[:12])
        assert minute is not None
        return minute[1] + moment[12:] + b"Z"


def _bounds(moment: bytes) -> tuple[int, int, bytes] | None:
    """How many seconds a record of that day may be ahead and late, and its highest amount; None where no figure says so."""
    try:
        figure = at(limits(), moment_of(moment.decode()).date())
    except Refused:
        return None
    most = _HIGHEST["amount_fen"] if figure.amount_max_fen is None else b"%010d" % figure.amount_max_fen
    return figure.ahead_minutes * 60, figure.late_days * 86_400, most


_HIGHEST: Final[Mapping[str, bytes]] = {
    **dict.fromkeys(("balance_fen", "amount_fen", "gross_fen", "month_fen", "week_fen", "day_fen"), b"2147483647"),
    "counter": b"65535",
    "key_version": b"255",
    "transfers": b"255",
    "terminal_serial": b"4294967295",
}


def _proofs(key: bytes, columns: Raw, places: Sequence[int], block: Block) -> list[bytes]:
    """The TACs of some lines under their issuer's key, as upper-case digits."""
    picked = [
        [columns[name][place] for place in places] for name in ("amount_fen", "kind", "terminal", "terminal_serial", "moment")
    ]
    covered = [b"%08X%b%b%08X%b" % (int(a), k, t, int(s), m) for a, k, t, s, m in zip(*picked, strict=True)]
    raw = bytes.fromhex(b"".join(covered).decode())
    cards = bytes.fromhex(b"".join(columns["card"][place][4:] for place in places).decode())
    messages = [raw[n : n + 22] for n in range(0, len(raw), 22)]
    serials = [cards[n : n + 8] for n in range(0, len(cards), 8)]
    digits = b"".join(tacs(key, serials, messages, block)).hex().upper().encode()
    return [digits[n : n + 8] for n in range(0, len(digits), 8)]


_PROVEN: Final = frozenset({None, "grey-unproven", "no-fare", "fare-differs"})
"""The answers to a line that come after its TAC was found right."""


def _traces(columns: Raw, codes: Sequence[str | None]) -> tuple[Trace, ...]:
    rows = zip(
        *(columns[name] for name in ("issuer", "card", "counter", "moment", "balance_fen", "amount_fen", "id", "grey")),
        strict=True,
    )
    return tuple(
        Trace(
            f"{issuer.decode()}.{card.decode()}",
            int(counter),
            moment.decode(),
            int(balance),
            int(amount),
            identity.decode(),
            grey == b"1",
        )
        for (issuer, card, counter, moment, balance, amount, identity, grey), code in zip(rows, codes, strict=True)
        if code in _PROVEN
    )


def _picked(column: Sequence[bytes], good: Sequence[int]) -> list[str]:
    """Some of an ASCII column as text, decoded in one piece."""
    values = column if len(good) == len(column) else [column[place] for place in good]
    return b"\n".join(values).decode("ascii").split("\n") if values else []
