"""Reconciliation as the national interface does it: totals first (3201), lines only where totals differ (3202).

Both sides' books are lines by message id with insurance, clearing class and amounts. The same comparison serves a
bank's file: keys are payment references then.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from cardstack.text import Text


class Book(NamedTuple):
    """One line of a side's book: what finds it again, its group, and its amounts in fen."""

    key: str
    group: tuple[str, str]
    """Insurance (`insutype`) and clearing class (`clr_type`)."""
    medfee_sumamt: int
    fund_pay_sumamt: int
    acct_pay: int
    refund: bool = False


class Totals(NamedTuple):
    """The sums of a group: a refund takes off."""

    medfee_sumamt: int
    fund_pay_sumamt: int
    acct_pay: int
    fixmedins_setl_cnt: int


class Kind(StrEnum):
    """How a line differs between two books."""

    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    AMOUNT = "amount"
    REFUND = "refund-flag"
    TWICE = "twice"


KINDS: Mapping[Kind, Text] = {
    Kind.MISSING_HERE: Text("in the other book only", "对方有、本方无"),
    Kind.MISSING_THERE: Text("in this book only", "本方有、对方无"),
    Kind.AMOUNT: Text("the amounts differ", "金额不一致"),
    Kind.REFUND: Text("settled in one book, reversed in the other", "结算与冲正标志不一致"),
    Kind.TWICE: Text("more than once in one book", "同一笔重复记账"),
}


class Difference(NamedTuple):
    """A line on which the books differ, and by how much of the whole charge (ours less theirs)."""

    kind: Kind
    key: str
    group: tuple[str, str]
    difference_fen: int


def totals(lines: Iterable[Book]) -> dict[tuple[str, str], Totals]:
    """The sums of each group, as 3201 sends them."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in lines:
        sign = -1 if line.refund else 1
        for place, amount in enumerate((line.medfee_sumamt, line.fund_pay_sumamt, line.acct_pay)):
            sums[line.group][place] += sign * amount
        sums[line.group][3] += 1
    return {group: Totals(*own) for group, own in sorted(sums.items())}


def unequal(ours: Mapping[tuple[str, str], Totals], theirs: Mapping[tuple[str, str], Totals]) -> tuple[tuple[str, str], ...]:
    """The groups whose totals differ: only these are compared line by line."""
    return tuple(group for group in sorted({*ours, *theirs}) if ours.get(group) != theirs.get(group))


def reconcile(ours: Iterable[Book], theirs: Iterable[Book]) -> tuple[Difference, ...]:
    """Totals, then the lines of the groups whose totals differ; every differing line is named once.

    >>> a = Book("m1", ("310", "11"), 100, 60, 0)
    >>> reconcile([a], [a._replace(fund_pay_sumamt=61)])[0].kind.value, reconcile([a], [a])
    ('amount', ())
    """
    mine, others = list(ours), list(theirs)
    groups = set(unequal(totals(mine), totals(others)))
    here, there = (_lines(book, groups) for book in (mine, others))
    found = [*_twice(mine, groups, 1), *_twice(others, groups, -1)]
    for key in sorted({*here, *there}):
        one, other = here.get(key), there.get(key)
        if one is None and other is not None:
            found.append(Difference(Kind.MISSING_HERE, key, other.group, -other.medfee_sumamt))
        elif one is not None and other is None:
            found.append(Difference(Kind.MISSING_THERE, key, one.group, one.medfee_sumamt))
        elif one is not None and other is not None and one != other:
            kind = Kind.REFUND if one.refund != other.refund else Kind.AMOUNT
            found.append(Difference(kind, key, one.group, one.medfee_sumamt - other.medfee_sumamt))
    return tuple(sorted(found))


def _lines(book: Iterable[Book], groups: set[tuple[str, str]]) -> dict[str, Book]:
    return {line.key: line for line in book if line.group in groups}


def _twice(book: Iterable[Book], groups: set[tuple[str, str]], sign: int) -> list[Difference]:
    counts = Counter(line for line in book if line.group in groups)
    return [
        Difference(Kind.TWICE, line.key, line.group, sign * line.medfee_sumamt * (count - 1))
        for line, count in counts.items()
        if count > 1
    ]
