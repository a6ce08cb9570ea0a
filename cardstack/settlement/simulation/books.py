"""Faults in what others book: a hospital's settlements and a bank's payments, each beside the name it must be found under."""

from collections.abc import Mapping, Sequence
from typing import Final

from cardstack.settlement.medical.reconciliation import Book, Kind
from cardstack.settlement.simulation.dice import Dice
from cardstack.settlement.simulation.plan import Plan, Seeded

BANK_KINDS: Final[Mapping[Kind, str]] = {
    Kind.MISSING_THERE: "bank-missing",
    Kind.AMOUNT: "bank-amount",
    Kind.TWICE: "bank-twice",
    Kind.MISSING_HERE: "bank-stranger",
}
"""What a difference between payments ordered and made is called (`plan.BANK_FAULTS` says it in words)."""


def hospitals(plan: Plan, book: Sequence[Book]) -> tuple[list[Book], list[Seeded]]:
    """The hospitals' book of what the insured places settled, and the faults in it."""
    dice, theirs, used = Dice(f"{plan.seed} books"), dict(enumerate(book)), set[int]()
    extra: list[Book] = []
    seeded = []
    for kind in (Kind.AMOUNT, Kind.MISSING_THERE, Kind.MISSING_HERE, Kind.TWICE):
        for number in range(plan.each):
            place = dice.below(len(book))
            line = book[place]
            if place in used or line.refund:
                continue
            used.add(place)
            if kind is Kind.AMOUNT:
                theirs[place] = line._replace(medfee_sumamt=line.medfee_sumamt + 100)
            elif kind is Kind.MISSING_THERE:
                del theirs[place]
            elif kind is Kind.TWICE:
                extra.append(line)
            else:
                line = line._replace(key=f"never-sent-{number}")
                extra.append(line)
            seeded.append(Seeded(kind.value, line.key))
    return [*theirs.values(), *extra], seeded


def bank(plan: Plan, orders: Sequence[Book]) -> tuple[list[Book], list[Seeded]]:
    """What a bank made of the payments it was ordered, and the faults in it."""
    dice, paid = Dice(f"{plan.seed} bank"), dict(enumerate(orders))
    extra: list[Book] = []
    seeded = []
    for number, kind in enumerate(list(BANK_KINDS) * min(plan.each, 5)):
        place = dice.below(len(orders))
        order = orders[place]
        if paid.get(place) != order or order in extra:
            continue
        if kind is Kind.MISSING_THERE:
            del paid[place]
        elif kind is Kind.AMOUNT:
            paid[place] = order._replace(medfee_sumamt=order.medfee_sumamt - 1)
        elif kind is Kind.TWICE:
            extra.append(order)
        else:
            order = Book(f"stranger-{number}", order.group, 1, 0, 0)
            extra.append(order)
        seeded.append(Seeded(BANK_KINDS[kind], order.key))
    return [*paid.values(), *extra], seeded
