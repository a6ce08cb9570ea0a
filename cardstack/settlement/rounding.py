"""How money is divided: half up at a named step, or spread over parts so that nothing is left."""

from collections.abc import Sequence


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative numbers, rounded half up: the rule of every named step.

    >>> half_up(5, 2), half_up(4, 3), half_up(0, 7)
    (3, 1, 0)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in proportion to weights, whole and to the last fen: rounded down, the rest to the largest remainders.

    >>> spread(100, [1, 1, 1]), spread(7, [0, 0]), spread(950, [700, 300])
    ([34, 33, 33], [7, 0], [665, 285])
    """
    total = sum(weights)
    if not total:
        return [amount, *([0] * (len(weights) - 1))]
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % total), place))
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return parts
