"""Working days by the notices of the State Council's General Office."""

from datetime import date, timedelta

import pytest

from cardstack.errors import Refused
from cardstack.settlement.calendar import known


def test_2026_has_its_days_off_and_its_days_worked() -> None:
    """33 days off are named, six weekend days are worked: 国办发明电〔2025〕7号."""
    calendar = known()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    weekdays = sum(day.weekday() < 5 for day in days)
    off_on_weekdays = sum(day.weekday() < 5 and not calendar.is_working(day) for day in days)
    assert sum(map(calendar.is_working, days)) == weekdays - off_on_weekdays + 6
    assert not calendar.is_working(date(2026, 2, 23))
    assert calendar.is_working(date(2026, 2, 28))


def test_deadlines_are_counted_in_working_days() -> None:
    """Three working days from the eve of the National Day holiday; the span counts back the same."""
    calendar = known()
    assert calendar.after(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert calendar.between(date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert calendar.after(date(2026, 9, 30), 0) == date(2026, 9, 30)


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2027, 1, 1)])
def test_beyond_the_notices_there_is_no_answer(day: date) -> None:
    """No guess for a year without a notice."""
    with pytest.raises(Refused) as refused:
        known().is_working(day)
    assert refused.value.code == "CS-3204"
