"""Reconciliation as the national interface does it: totals first (3201), lines only where totals differ (3202).

Both sides' books are lines by message id with insurance, clearing class and amounts. The same comparison serves a
bank's file: keys are payment references then.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

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

    @property
    def signed_fen(self) -> int:
        """The whole charge as it counts in the sums: a refund takes off."""
        return -self.medfee_sumamt if self.refund else self.medfee_sumamt


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
    GROUP = "group"
    TWICE = "twice"


KINDS: Mapping[Kind, Text] = {
    Kind.MISSING_HERE: Text("in the other book only", "对方有、本方无"),
    Kind.MISSING_THERE: Text("in this book only", "本方有、对方无"),
    Kind.AMOUNT: Text("the amounts differ", "金额不一致"),
    Kind.REFUND: Text("settled in one book, reversed in the other", "结算与冲正标志不一致"),
    Kind.GROUP: Text("under another insurance or clearing class", "险种或清算类别不一致"),
    Kind.TWICE: Text("more than once in one book", "同一笔重复记账"),
}


class Difference(NamedTuple):
    """A line on which the books differ, and by how much of the whole charge (ours less theirs, a refund taking off)."""

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

    The differences sum to the difference of the books, to the fen.

    >>> a = Book("m1", ("310", "11"), 100, 60, 0)
    >>> reconcile([a], [a._replace(fund_pay_sumamt=61)])[0].kind.value, reconcile([a], [a])
    ('amount', ())
    """
    mine, others = list(ours), list(theirs)
    groups = set(unequal(totals(mine), totals(others)))
    here, there = (_lines(book, groups) for book in (mine, others))
    found: list[Difference] = []
    for key in here.keys() | there.keys():
        one, other = here.get(key, []), there.get(key, [])
        if one != other:
            found += _differences(one, other)
    return tuple(sorted(found))


def _lines(book: Iterable[Book], groups: set[tuple[str, str]]) -> dict[str, list[Book]]:
    lines: dict[str, list[Book]] = defaultdict(list)
    for line in book:
        if line.group in groups:
            lines[line.key].append(line)
    return lines


def _differences(ours: Sequence[Book], theirs: Sequence[Book]) -> list[Difference]:
    """The lines under one key: what stands in both is taken off, what is left is named, line beside line where two are alike."""
    here, there = Counter(ours), Counter(theirs)
    found: list[Difference] = []
    left: list[list[Book]] = []
    for book, other, sign in ((here, there, 1), (there, here, -1)):
        rest = book - other
        found += [_named(Kind.TWICE, line, sign) for line, count in rest.items() for _ in range(count - (line not in other))]
        left.append(sorted(line for line in rest if line not in other))
    mine, others = left
    for kind, alike in _ALIKE:
        for one in tuple(mine):
            beside = next((line for line in others if alike(line) == alike(one)), None)
            if beside is not None:
                mine.remove(one)
                others.remove(beside)
                found.append(Difference(kind, one.key, one.group, one.signed_fen - beside.signed_fen))
    found += [_named(Kind.MISSING_THERE, line, 1) for line in mine]
    return found + [_named(Kind.MISSING_HERE, line, -1) for line in others]


def _named(kind: Kind, line: Book, sign: int) -> Difference:
    return Difference(kind, line.key, line.group, sign * line.signed_fen)


# The first in which two lines under one key are alike says how they differ.
_ALIKE: Final[tuple[tuple[Kind, Callable[[Book], object]], ...]] = (
    (Kind.AMOUNT, lambda line: (line.group, line.refund)),
    (Kind.GROUP, lambda line: line._replace(group=("", ""))),
    (Kind.REFUND, lambda line: line._replace(refund=False)),
    (Kind.GROUP, lambda line: line.refund),
    (Kind.REFUND, lambda _: None),
)
