"""What one record cannot show: a card's records in the order of its counter must follow one another.

A counter twice is a duplicate or two cards; a counter left out is a record that has not come; a balance that does
not follow from the record before was changed without one. Works on sets: records of any files, cards in any order.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from cardstack.text import Text


class Break(StrEnum):
    """How a card's records fail to follow one another."""

    DUPLICATE = "duplicate"
    CONFLICT = "counter-conflict"
    GAP = "counter-gap"
    BALANCE = "balance-break"
    PROVEN = "grey-proven"


BREAKS: Mapping[Break, Text] = {
    Break.DUPLICATE: Text("the same record twice", "重复记录"),
    Break.CONFLICT: Text("two records of one counter: a copied card or a forged record", "同一计数器有两笔不同记录"),
    Break.GAP: Text("records missing between two counters", "计数器不连续，有记录未上送"),
    Break.BALANCE: Text("the balance does not follow from the record before", "交易前余额与上笔记录不衔接"),
    Break.PROVEN: Text(
        "an unconfirmed record that the next one proves: it may be sent again as confirmed",
        "灰记录已由后续记录证实，可按已确认重新上送",
    ),
}


class Trace(NamedTuple):
    """One record for this purpose. `reference` finds it again (a message id or a line); a `grey` one may not have been paid."""

    card: str
    counter: int
    moment: str
    balance_fen: int
    amount_fen: int
    reference: str
    grey: bool = False


class Last(NamedTuple):
    """What is known of a card from earlier days: its last counter, the balance after it, and loads not seen in one yet.

    An unconfirmed record after that waits in `grey` for what the card says next.
    """

    counter: int
    balance_fen: int
    loaded_fen: int = 0
    grey: Trace | None = None


class Finding(NamedTuple):
    """A break in a card's records: between which counters, by how much money, and the record that shows it."""

    kind: Break
    card: str
    after: int
    counter: int
    difference_fen: int
    reference: str


def examine(
    traces: Iterable[Trace], loads_fen: Mapping[str, int] | None = None, last: Mapping[str, Last] | None = None
) -> tuple[list[Finding], dict[str, Last]]:
    """The breaks in the records of many cards, and the last that is now known of each.

    `loads_fen` is what was loaded on a card meanwhile, all of it together: a rise up to that is explained.

    >>> a = Trace("c", 7, "20261012080000", 1000, 200, "m1")
    >>> b = Trace("c", 9, "20261012090000", 500, 100, "m2")
    >>> [(one.kind.value, one.after, one.counter, one.difference_fen) for one in examine([b, a])[0]]
    [('counter-gap', 7, 9, -300)]
    """
    cards: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        cards[trace.card].append(trace)
    findings: list[Finding] = []
    known = dict(last or {})
    for card, loaded in (loads_fen or {}).items():
        if card not in cards and card in known:
            known[card] = known[card]._replace(loaded_fen=known[card].loaded_fen + loaded)
    for card, own in cards.items():
        before = known.get(card)
        if before is not None and before.grey is not None:
            own.append(before.grey)
        own.sort(key=lambda one: (one.counter, one.grey, one.moment, one.reference))
        single = _single(own, findings)
        loaded = (loads_fen or {}).get(card, 0)
        if before is not None:
            loaded += before.loaded_fen
            start = Trace(card, before.counter, "", before.balance_fen, 0, "")
            single = [start, *(one for one in single if one.counter > before.counter)]
        for one, two in pairwise(single):
            loaded = _follow(one, two, loaded, findings)
        known[card] = _last(single, loaded)
    return findings, known


def _last(single: list[Trace], loaded: int) -> Last:
    """What is known of a card after these records; an unconfirmed last one is not counted yet."""
    newest = single[-1]
    if not newest.grey:
        return Last(newest.counter, newest.balance_fen - newest.amount_fen, loaded)
    if len(single) == 1:
        return Last(newest.counter - 1, newest.balance_fen, loaded, newest)
    earlier = single[-2]
    return Last(earlier.counter, earlier.balance_fen - earlier.amount_fen, loaded, newest)


def _single(own: list[Trace], findings: list[Finding]) -> list[Trace]:
    """One record a counter; the others are findings, but for an unconfirmed one whose counter the card used for another."""
    kept: list[Trace] = []
    for trace in own:
        if kept and kept[-1].counter == trace.counter and trace.grey:
            continue
        if kept and kept[-1].counter == trace.counter:
            same = kept[-1][:5] == trace[:5]
            kind = Break.DUPLICATE if same else Break.CONFLICT
            findings.append(Finding(kind, trace.card, trace.counter, trace.counter, trace.amount_fen, trace.reference))
        else:
            kept.append(trace)
    return kept


def _follow(one: Trace, two: Trace, loaded: int, findings: list[Finding]) -> int:
    """Whether a record follows the one before; what is left of the loads that explain a rise."""
    difference = two.balance_fen - (one.balance_fen - one.amount_fen)
    explained = min(max(difference, 0), loaded)
    rest = difference - explained
    if one.grey and two.counter == one.counter + 1 and not rest:
        findings.append(Finding(Break.PROVEN, one.card, one.counter, two.counter, one.amount_fen, one.reference))
    if two.counter > one.counter + 1:
        findings.append(Finding(Break.GAP, two.card, one.counter, two.counter, rest, two.reference))
    elif rest:
        findings.append(Finding(Break.BALANCE, two.card, one.counter, two.counter, rest, two.reference))
    return loaded - explained
