"""Reconciliation in two steps: totals first (as message 3201), lines only where totals differ (as message 3202)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.text import Text
from cardstack.values import Fen


class Difference(StrEnum):
    """How a line differs between two books."""

    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    AMOUNT = "amount"
    STATE = "state"
    TWICE = "twice"
    GROUP = "group"


DIFFERENCES: Final[Mapping[Difference, Text]] = {
    Difference.MISSING_HERE: Text(
        "in the other book only: send it again, or withdraw it there", "对方有、我方无：请重发或由对方撤销"
    ),
    Difference.MISSING_THERE: Text(
        "in our book only: the other side lost the answer, or reversed alone", "我方有、对方无：对方未收到应答或单边冲正"
    ),
    Difference.AMOUNT: Text("in both, for different amounts", "双方均有，金额不一致"),
    Difference.STATE: Text("in both, but one has it reversed", "双方均有，冲正状态不一致"),
    Difference.TWICE: Text("twice in the other book", "对方重复"),
    Difference.GROUP: Text("in both, but under another day", "双方均有，记账日期不一致"),
}


class Entry(NamedTuple):
    """A line as a book has it; `group` is what totals are formed over, such as a scheme and a day."""

    group: str
    id: str
    amount_fen: Fen
    reversed: bool = False


class Total(NamedTuple):
    """A group's count and sum in both books."""

    group: str
    our_count: int
    our_fen: Fen
    their_count: int
    their_fen: Fen

    @property
    def equal(self) -> bool:
        return (self.our_count, self.our_fen) == (self.their_count, self.their_fen)


class Mismatch(NamedTuple):
    """A line that differs."""

    difference: Difference
    group: str
    id: str
    our_fen: Fen | None
    their_fen: Fen | None


def totals(ours: Iterable[Entry], theirs: Iterable[Entry]) -> tuple[Total, ...]:
    """Every group's totals; a reversed line counts in neither sum.

    >>> a, b = Entry("toy", "1", Fen(5)), Entry("toy", "1", Fen(6))
    >>> totals([a], [b])[0].equal, totals([a], [a])[0].equal
    (False, True)
    """
    counts: Counter[tuple[str, str]] = Counter()
    for side, book in (("our", ours), ("their", theirs)):
        for entry in book:
            if not entry.reversed:
                counts[entry.group, f"{side} count"] += 1
                counts[entry.group, f"{side} sum"] += entry.amount_fen
    groups = sorted({group for group, _ in counts})
    return tuple(
        Total(
            group,
            counts[group, "our count"],
            Fen(counts[group, "our sum"]),
            counts[group, "their count"],
            Fen(counts[group, "their sum"]),
        )
        for group in groups
    )


def lines(ours: Iterable[Entry], theirs: Iterable[Entry]) -> tuple[Mismatch, ...]:
    """Every line that differs, by id; one difference a line."""
    mine = {entry.id: entry for entry in ours}
    seen: dict[str, Entry] = {}
    found: list[Mismatch] = []
    for entry in theirs:
        if entry.id in seen:
            found.append(Mismatch(Difference.TWICE, entry.group, entry.id, _amount(mine.get(entry.id)), entry.amount_fen))
        elif (difference := _difference(mine.get(entry.id), entry)) is not None:
            found.append(Mismatch(difference, entry.group, entry.id, _amount(mine.get(entry.id)), entry.amount_fen))
        seen[entry.id] = entry
    alone = [entry for entry in mine.values() if entry.id not in seen and not entry.reversed]
    found += [Mismatch(Difference.MISSING_THERE, entry.group, entry.id, entry.amount_fen, None) for entry in alone]
    return tuple(sorted(found, key=lambda one: (one.id, one.difference)))


def reconcile(ours: Sequence[Entry], theirs: Sequence[Entry]) -> tuple[Mismatch, ...]:
    """The lines that differ, looked for only in the groups whose totals differ.

    A group with equal totals is taken as equal, as in practice; `lines` compares everything.
    """
    unequal = {total.group for total in totals(ours, theirs) if not total.equal}
    return lines([one for one in ours if one.group in unequal], [one for one in theirs if one.group in unequal])


def _amount(entry: Entry | None) -> Fen | None:
    return None if entry is None else entry.amount_fen


def _difference(mine: Entry | None, theirs: Entry) -> Difference | None:
    if mine is None:
        return None if theirs.reversed else Difference.MISSING_HERE
    if mine.reversed != theirs.reversed:
        return Difference.STATE
    if mine.amount_fen != theirs.amount_fen:
        return Difference.AMOUNT
    # The totals of both groups differ by it; what is reversed counts in neither.
    return None if mine.reversed or mine.group == theirs.group else Difference.GROUP
