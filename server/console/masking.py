"""Personal data on pages: masked where it stands, whatever scheme brought it; shown only by a reveal that is audited."""

import re
from collections.abc import Mapping
from typing import Any

from cardstack.values import mask_name, mask_number

NAMES = frozenset({"name", "holder_name", "psn_name", "patient", "contact"})
NUMBERS = frozenset(
    {"number", "citizen", "certno", "card", "card_number", "person", "holder", "psn_no", "phone", "account", "pan"}
)
_CITIZEN = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def masked(value: Any, key: str = "") -> Any:
    """The same data with names and numbers of people hidden.

    >>> masked({"person": "p-0001-2345", "lines": [{"code": "0101", "note": "11010519491231002X"}]})
    {'person': 'p-00***2345', 'lines': [{'code': '0101', 'note': '1101**********002X'}]}
    """
    if isinstance(value, Mapping):
        # A fee line's name is a drug's, not a person's.
        inside = "line" if "code" in value else ""
        return {name: masked(inner, inside if name == "name" and inside else name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    if key in NAMES:
        return mask_name(value)
    if key in NUMBERS:
        return mask_number(value)
    return _CITIZEN.sub(lambda found: mask_number(found.group()), value)


def flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Nested data as lines of a table.

    >>> flat({"a": {"b": 1}, "c": [2, {"d": 3}]})
    [('a.b', 1), ('c[0]', 2), ('c[1].d', 3)]
    """
    if isinstance(value, Mapping):
        return [line for name, inner in value.items() for line in flat(inner, f"{path}.{name}" if path else str(name))]
    if isinstance(value, list | tuple):
        return [line for place, inner in enumerate(value) for line in flat(inner, f"{path}[{place}]")]
    return [(path, value)]
