"""Working days by the notices of the State Council's General Office."""

from datetime import date, timedelta

import pytest

from cardstack.errors import Malformed, Refused
from cardstack.settlement.amending import Amendment, amend
from cardstack.settlement.calendar import known
from cardstack.settlement.cutoff import cut_off
from cardstack.settlement.proposing import propose


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


def cutting(**row: object) -> Amendment:
    """A cut-off of the medical cycle, invented, from the first of January 2026."""
    said = {"cycle": "medical", "since": "2026-01-01", "standing": "illustrative", "reference": "invented"}
    return Amendment("clearing", "cutoff", {**said, **row})


def test_a_day_that_a_month_does_not_have_is_its_last() -> None:
    """Here the next working day after it, as for any day; the cycle's other windows are cut off as ever."""
    amend([cutting(day=31, minute=1080)])
    try:
        assert [f"{cut_off(f'medical-2026-{month}'):%m-%d}" for month in ("01", "03", "04", "06")] == [
            "02-28",
            "04-30",
            "06-01",
            "07-31",
        ]
    finally:
        amend(())


@pytest.mark.parametrize("row", [{"day": 32}, {"minute": 1440}, {"working_days": 367}])
def test_a_cut_off_that_is_no_moment_is_refused(row: dict[str, object]) -> None:
    """When it is proposed, not when the clock comes to it."""
    told = {"cycle": '"medical"', "since": "2027-01-01", "reference": '"invented"', **row}
    text = "\n".join(["[[cutoff]]", *(f"{name} = {value}" for name, value in told.items())])
    with pytest.raises(Malformed, match=next(iter(row))):
        propose("clearing", "cutoff", text, date(2026, 11, 22))
