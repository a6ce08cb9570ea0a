"""Division codes (GB/T 2260) of the four provinces, with the years in which they were good.

A code that is not here is no error: people keep the citizen number of an abolished county, and cards come from
the whole country. Whoever needs to know gets None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from cardstack.regions.tables import ROWS
from cardstack.text import Text

PROVINCES: Mapping[str, Text] = {
    "31": Text("Shanghai", "上海市"),
    "32": Text("Jiangsu", "江苏省"),
    "33": Text("Zhejiang", "浙江省"),
    "34": Text("Anhui", "安徽省"),
}
"""The four provinces by their two digits."""

FIRST_EDITION, LAST_OLD_EDITION, LATEST_EDITION = 2002, 2013, 2026


@dataclass(frozen=True, slots=True)
class Region:
    """One division under one name, and the editions of the list that have it."""

    code: str
    name: str
    first: int
    last: int

    @property
    def exists(self) -> bool:
        """Whether the latest edition still has it."""
        return self.last == LATEST_EDITION

    @property
    def valid_from(self) -> date | None:
        """The start of the first year that lists it; None where that is before the first edition or between two."""
        return None if self.first in (FIRST_EDITION, LATEST_EDITION) else date(self.first, 1, 1)

    @property
    def valid_until(self) -> date | None:
        """The end of the last year that lists it; None while it exists."""
        return None if self.exists else date(self.last, 12, 31)

    @property
    def level(self) -> str:
        """`province`, `city` or `county`, by the zeros of the code."""
        return "province" if self.code.endswith("0000") else "city" if self.code.endswith("00") else "county"


@cache
def _table() -> Mapping[str, tuple[Region, ...]]:
    held: dict[str, tuple[Region, ...]] = {}
    for row in ROWS.split("\n"):
        if row:
            code, name, first, last = row.split(" ")
            held[code] = (*held.get(code, ()), Region(code, name, int(first), int(last)))
    return held


def history(code: str) -> tuple[Region, ...]:
    """Every name a code had, oldest first; none where the code is not of the four provinces."""
    return tuple(sorted(_table().get(code, ()), key=lambda region: region.first))


def region(code: str, on: date | None = None) -> Region | None:
    """The division a code meant on a day, or its last one; None where it is unknown.

    >>> region("330113").name, region("330103").exists, region("999999")
    ('临平区', False, None)
    >>> region("310103", date(2008, 5, 1)).name
    '卢湾区'
    """
    known = history(code)
    if on is None or not known:
        return known[-1] if known else None
    # Between the editions of 2013 and 2026 the last name known is the best that can be said.
    between = known[-1] if LAST_OLD_EDITION < on.year < LATEST_EDITION else None
    return next((one for one in known if one.first <= on.year <= one.last), between)


def full_name(code: str) -> str:
    """Province, city and county in one; empty where nothing of it is known.

    >>> full_name("330106"), full_name("310101"), full_name("110101")
    ('浙江省杭州市西湖区', '上海市黄浦区', '')
    """
    parts = dict.fromkeys((code[:2] + "0000", code[:4] + "00", code))
    return "".join(found.name for part in parts if (found := region(part)))


def cities(province: str) -> tuple[Region, ...]:
    """The cities of a province that exist; a municipality has none but itself.

    >>> [city.name for city in cities("33")][:3]
    ['杭州市', '宁波市', '温州市']
    """
    held = [region(code) for code in sorted(_table()) if code.startswith(province)]
    return tuple(one for one in held if one and one.exists and one.level == "city")
