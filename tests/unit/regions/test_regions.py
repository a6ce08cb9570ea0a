"""Divisions of the four provinces through their reorganisations."""

from datetime import date

import pytest

from cardstack import regions


@pytest.mark.parametrize(
    ("code", "name"),
    [("320505", "虎丘区"), ("340181", "巢湖市"), ("310151", "崇明区"), ("330113", "临平区"), ("330114", "钱塘区")],
)
def test_divisions_that_other_lists_lack_are_known(code: str, name: str) -> None:
    """Real people live there, and libraries reject them."""
    found = regions.region(code)
    assert found is not None
    assert (found.name, found.exists) == (name, True)


def test_an_abolished_division_keeps_its_name_and_its_end() -> None:
    """Citizen numbers outlive counties."""
    found = regions.region("310119")
    assert found is not None
    assert (found.name, found.exists, found.valid_until) == ("南汇区", False, date(2008, 12, 31))


def test_a_renamed_division_has_each_name_in_its_time() -> None:
    """340203 was another district before 2005."""
    assert [one.name for one in regions.history("340203")][-1] == "弋江区"
    before, after = regions.region("340203", date(2004, 1, 1)), regions.region("340203", date(2010, 1, 1))
    assert before is not None
    assert after is not None
    assert (before.name == after.name) is False


def test_between_two_editions_the_last_known_name_is_given() -> None:
    """Between 2013 and 2026 nothing better is known than the newest name."""
    found = regions.region("330113", date(2023, 6, 1))
    assert found is not None
    assert found.name == "临平区"
    assert regions.region("330113", date(2005, 1, 1)) is None


def test_every_province_has_its_cities() -> None:
    """13, 11 and 16 prefecture-level cities, and Shanghai itself."""
    assert [len(regions.cities(province)) for province in regions.PROVINCES] == [0, 13, 11, 16]
