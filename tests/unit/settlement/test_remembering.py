"""What is remembered of a message while its scheme is asked about it."""

from collections.abc import Iterator
from datetime import date

import pytest

from cardstack.settlement.amending import Amendment, amend, amendments, once_for_each
from cardstack.settlement.schemes.transit import TRANSIT, fee_of
from tests.unit.settlement.taps import a_ride, a_tap

DAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Figures that a test adds are gone after it."""
    before = amendments()
    yield
    amend(before)


def test_one_value_is_asked_about_once() -> None:
    """The very same object with the same further arguments; an equal one, or an error, is asked about again."""
    asked: list[tuple[object, int]] = []

    @once_for_each
    def half(subject: list[int], more: int) -> int:
        asked.append((subject, more))
        return 10 // subject[0] + more

    first, equal = [5], [5]
    assert [half(first, 1), half(first, 1), half(first, 2), half(equal, 2), half(equal, 2)] == [3, 3, 4, 4, 4]
    assert len(asked) == 3
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            half([0], 1)
    assert half(equal, 2) == 4
    assert len(asked) == 5


def test_new_figures_are_used_for_the_message_at_hand() -> None:
    """A message that was judged a moment ago is judged anew once a figure is added."""
    ride = a_ride(a_tap())
    assert TRANSIT.check(ride) is None
    fee = fee_of("33", "02", DAY)
    row = {"province": "33", "industry": ["02"], "since": "2026-10-01", "rate_ppm": fee.rate_ppm + 10_000, "issuer_permille": 0}
    fare = {"city": "3310", "industry": ["02"], "since": "2026-10-01", "reference": "invented", "discounts": []}
    before = TRANSIT.postings(ride, DAY)
    amend([Amendment("transit/fees", "fee", {**row, "reference": "invented"})])
    assert TRANSIT.postings(ride, DAY) != before
    amend([Amendment("transit/fares", "fare", fare)])
    told = TRANSIT.check(ride)
    assert told is not None
    assert told.code == "fare-differs"
