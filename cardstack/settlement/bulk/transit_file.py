"""The T+1 transit file: an operator's purchases of a day, from bytes to columns for the ledger, no object a record.

A line says what a message with one `Tap` says, and is judged by the same rules in the same order. What the
one-transaction path computes of fare, discounts and fee depends on the *shape* of a journey alone (service, class,
fare, transfer), so it is computed once a shape, by that same path. Only proof, balance and clock differ line by line.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date
from hashlib import sha256
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.settlement.bulk.canonical import contents, text_member
from cardstack.settlement.bulk.layout import Charset
from cardstack.settlement.bulk.transit_layout import ALGORITHMS, CLASSES, LAYOUT
from cardstack.settlement.columns import Columns
from cardstack.settlement.scheme import at
from cardstack.settlement.schemes.transit import Transit, fare_fault, fares, limits, postings_of
from cardstack.settlement.transaction import Party
from cardstack.settlement.transit.lists import Kind
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import Tap, moment_of, read_tap

CHUNK: Final = 8_192
SHAPES_MAX: Final = 100_000
Raw: TypeAlias = Mapping[str, Sequence[bytes]]
Shape: TypeAlias = tuple[bytes | date, ...]
_NONE: Final = b" " * 14


class Fault(NamedTuple):
    """A line that is not taken: its number in the file from 1, its id where it can be read, why, and in which column."""

    line: int
    id: str
    code: str
    column: str = ""


class Batch(NamedTuple):
    """Some lines of a file: what the ledger takes, what is refused, and where to go on."""

    columns: Columns
    faults: tuple[Fault, ...]
    next_line: int


class _Priced(NamedTuple):
    """What a shape of journey comes to: why it is refused, or its postings."""

    fault: str | None
    debtors: tuple[str, ...] = ()
    creditors: tuple[str, ...] = ()
    amounts_fen: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def batches(
    body: bytes, scheme: Transit, sender: Party, *, charset: Charset = "gb18030", start: int = 0, chunk: int = CHUNK
) -> Iterator[Batch]:
    """The lines of a file from number `start` on (0 is the first), some at a time; go on from `next_line` after a stop."""
    reader, size = Reader(scheme, sender, charset), LAYOUT.size
    count = -(-len(body) // size)
    for first in range(start, count, chunk):
        last = min(first + chunk, count)
        yield reader.batch(body[first * size : last * size], first)._replace(next_line=last)


_ALL_GOOD = re.compile(b"(?:" + LAYOUT.good.pattern + b")*")


class Reader:
    """What is remembered between the batches of one file: the shapes of journeys, minutes of clocks, names of lines."""

    def __init__(self, scheme: Transit, sender: Party, charset: Charset) -> None:
        self.scheme, self.sender, self.charset = scheme, sender, charset
        self.shapes: dict[Shape, _Priced] = {}
        self.minutes: dict[bytes, tuple[int, bytes] | None] = {}
        self.names: dict[bytes, bytes | None] = {}
        self.uses = {
            (policy.city.encode(), industry.encode()): {discount.kind for discount in policy.discounts}
            for policy in fares()
            for industry in policy.industry
        }

    def batch(self, raw: bytes, first: int) -> Batch:
        """Lines of which the first has the number `first`, counted from 0."""
        numbers: Sequence[int] = range(first + 1, first + 1 + len(raw) // LAYOUT.size)
        faults: list[Fault] = []
        if not _ALL_GOOD.fullmatch(raw):
            raw, numbers, faults = _sift(raw, first)
        columns = dict(zip((c.name for c in LAYOUT.columns), LAYOUT.columns_of(raw), strict=True))
        codes, seconds = self._form(columns)
        self._blocked(columns, codes)
        self._proof(columns, codes)
        shapes = [
            None if code else self._priced(columns, place, shape)
            for place, (code, shape) in enumerate(zip(codes, self._shapes(columns), strict=True))
        ]
        for place, shape in enumerate(shapes):
            if shape is not None and shape.fault:
                codes[place] = shape.fault
        identities = columns["id"]
        faults += [
            Fault(numbers[place], identities[place].decode(), code) for place, code in enumerate(codes) if code is not None
        ]
        good = [place for place, code in enumerate(codes) if code is None]
        return Batch(self._taken(columns, good, seconds, shapes, numbers), tuple(sorted(faults)), first)

    def _form(self, columns: Raw) -> tuple[list[str | None], list[int]]:
        """The first of these that applies to each line: range, clock, lateness, balance; and the seconds since 1970."""
        bounds: dict[bytes, tuple[int, int]] = {}
        codes: list[str | None] = []
        seconds: list[int] = []
        bad = self._out_of_range(columns)
        rows = zip(*(columns[name] for name in ("id", "moment", "amount_fen", "balance_fen")), strict=True)
        for place, (identity, moment, amount, balance) in enumerate(rows):
            minute, sent = self._minute(moment[:12]), self._minute(identity[12:24])
            if minute is None or sent is None or place in bad:
                codes.append("tap-malformed")
                seconds.append(0)
                continue
            when = minute[0] + int(moment[12:])
            late = sent[0] + int(identity[24:26]) - when
            day = moment[:8]
            if day not in bounds:
                figure = at(limits(), moment_of(moment.decode()).date())
                bounds[day] = figure.ahead_minutes * 60, figure.late_days * 86_400
            ahead, behind = bounds[day]
            seconds.append(when)
            codes.append(
                "future" if -late > ahead else "late" if late > behind else "balance-short" if balance < amount else None
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
        """Lines with a number beyond its field of the record, a name not of the charset, or a leg of no calendar day."""
        bad: set[int] = set()
        for name, highest in _HIGHEST.items():
            # Digits of one width compare as numbers do.
            if max(columns[name], default=b"") > highest:
                bad.update(place for place, value in enumerate(columns[name]) if value > highest)
        for line in set(columns["line"]) - self.names.keys():
            try:
                self.names[line] = text_member(line, self.charset)
            except UnicodeDecodeError:
                self.names[line] = None
        bad.update(place for place, line in enumerate(columns["line"]) if self.names[line] is None)
        legs = {
            leg
            for leg in set(columns["previous_moment"])
            if leg != _NONE and (leg[12:] > b"59" or self._minute(leg[:12]) is None)
        }
        if legs:
            bad.update(place for place, leg in enumerate(columns["previous_moment"]) if leg in legs)
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

    def _shapes(self, columns: Raw) -> Iterator[Shape]:
        """What fare and fee of each line depend on, and nothing else of it."""
        rows = zip(*(columns[name] for name in _SHAPE), strict=True)
        for row in rows:
            city, industry, moment, previous, month, day = row[2], row[3], row[-5], row[-4], row[-2], row[-1]
            uses = self.uses.get((city, industry), ())
            yield (
                *row[:-5],
                moment if previous != _NONE and "transfer" in uses else moment[: 12 if "band" in uses else 8],
                previous if "transfer" in uses else _NONE,
                row[-3] if "transfer" in uses else b"000",
                month if "month" in uses or "month-cap" in uses else b"0",
                day if "day-cap" in uses else b"0",
            )

    def _priced(self, columns: Raw, place: int, shape: Shape) -> _Priced:
        known = self.shapes.get(shape)
        if known is None:
            if len(self.shapes) >= SHAPES_MAX:
                self.shapes.clear()
            known = self.shapes[shape] = _price(columns, place)
        return known

    def _taken(
        self,
        columns: Raw,
        good: Sequence[int],
        seconds: Sequence[int],
        shapes: Sequence[_Priced | None],
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


_HIGHEST: Final[Mapping[str, bytes]] = {
    **dict.fromkeys(("balance_fen", "amount_fen", "gross_fen", "month_fen", "day_fen"), b"2147483647"),
    "counter": b"65535",
    "key_version": b"255",
    "transfers": b"255",
    "terminal_serial": b"4294967295",
}
_TAP = frozenset(Tap.__struct_fields__)
_NUMBERS = (
    *("counter", "balance_fen", "amount_fen", "gross_fen", "kind", "terminal_serial"),
    *("key_version", "month_fen", "day_fen"),
)
_SHAPE = (
    "home",
    "treating",
    "city",
    "industry",
    "card_city",
    "card_class",
    "amount_fen",
    "gross_fen",
    "incomplete",
    "previous_industry",
    "moment",
    "previous_moment",
    "transfers",
    "month_fen",
    "day_fen",
)


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


def tap_of(columns: Raw, place: int, charset: Charset = "gb18030") -> Tap:
    """One line as the value that the one-transaction path works on; `Malformed` as there."""
    values: dict[str, Any] = {name: column[place].decode(charset) for name, column in columns.items() if name in _TAP}
    values |= {name: int(values[name]) for name in _NUMBERS}
    values["line"] = values["line"].rstrip(" ")
    values["algorithm"] = "sm4" if columns["algorithm"][place] == b"2" else "3des"
    values["card_class"] = CLASSES[columns["card_class"][place]]
    values |= {name: values[name] == "1" for name in ("incomplete", "grey")}
    if columns["previous_moment"][place] != _NONE:
        moment, industry = (columns[name][place].decode() for name in ("previous_moment", "previous_industry"))
        values["previous"] = {"moment": moment, "industry": industry, "transfers": int(columns["transfers"][place])}
    return read_tap(values)


def _price(columns: Raw, place: int) -> _Priced:
    try:
        tap = tap_of({**columns, "line": [b""] * (place + 1)}, place)
    except Malformed:
        return _Priced("tap-malformed")
    fault = fare_fault(tap)
    if fault:
        return _Priced(fault)
    home, treating = (columns[name][place][:2].decode() for name in ("home", "treating"))
    postings = postings_of(tap, home, treating, tap.at.date())
    return _Priced(
        None,
        tuple(posting.debtor for posting in postings),
        tuple(posting.creditor for posting in postings),
        tuple(posting.amount_fen for posting in postings),
        tuple(posting.kind for posting in postings),
        tuple(posting.rule for posting in postings),
    )


def _picked(column: Sequence[bytes], good: Sequence[int]) -> list[str]:
    """Some of an ASCII column as text, decoded in one piece."""
    values = column if len(good) == len(column) else [column[place] for place in good]
    return b"\n".join(values).decode("ascii").split("\n") if values else []


def _sift(raw: bytes, first: int) -> tuple[bytes, list[int], list[Fault]]:
    """The good lines with their numbers, and a fault for each other: which column is not of its form."""
    good, numbers, faults = [], [], []
    for place in range(-(-len(raw) // LAYOUT.size)):
        line = raw[place * LAYOUT.size : (place + 1) * LAYOUT.size]
        if LAYOUT.good.fullmatch(line):
            good.append(line)
            numbers.append(first + place + 1)
            continue
        column = LAYOUT.fault(line)
        identity = line[:30].decode("latin-1") if line[:30].isalnum() else ""
        faults.append(Fault(first + place + 1, identity, "line-malformed", column.name if column else "end of line"))
    return b"".join(good), numbers, faults
