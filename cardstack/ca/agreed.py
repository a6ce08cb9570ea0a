"""Agreements as text: a TOML file that people write, review and keep under version control."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Agreement, Event, Level, Step
from cardstack.ca.names import Name
from cardstack.errors import CardstackError, Malformed, problem, told
from cardstack.text import Text

TABLE = problem(
    "CS-2213",
    Text("The table of agreements is malformed at entry {entry}", "协议表第 {entry} 条格式不正确"),
    Text("Correct the entry named here.", "请更正所示条目。"),
)
_KEYS = frozenset({"id", "by", "of", "via", "since", "until", "levels", "purposes", "excluded", "path_length", "history"})


def load(text: str) -> tuple[Agreement, ...]:
    """The agreements of a table; `Malformed` CS-2213 names the entry by its place, counted from 1.

    >>> load("[[agreement]]")
    Traceback (most recent call last):
    cardstack.errors.Malformed: 'id' is missing or of another form
    """
    try:
        held = tomllib.loads(text)
        entries = held.get("agreement", [])
        if set(held) - {"agreement"} or not isinstance(entries, list):
            raise Malformed(
                Text("the table has entries [[agreement]] alone", "表中只能有 [[agreement]] 条目"), problem=TABLE, entry=0
            )
    except tomllib.TOMLDecodeError as error:
        raise Malformed(told(error), problem=TABLE, entry=0) from None
    return tuple(_agreement(entry, place) for place, entry in enumerate(entries, 1))


def _agreement(held: Any, place: int) -> Agreement:
    try:
        unknown = sorted(set(held) - _KEYS)
        if unknown:
            raise Malformed(Text(f"unknown: {', '.join(unknown)}", f"未知：{'、'.join(unknown)}"))
        return Agreement(
            id=_text(held["id"]),
            by=_text(held["by"]),
            of=_text(held["of"]),
            since=_day(held["since"]),
            until=_day(held["until"]),
            levels=tuple((Level(theirs), Level(ours)) for theirs, ours in held["levels"]),
            via=_text(held["via"]) if "via" in held else None,
            purposes=tuple(map(_text, held.get("purposes", []))),
            excluded=tuple(der.name(**one) for one in held.get("excluded", [])),
            path_length=int(held.get("path_length", 1)),
            history=tuple(
                Event(_day(one["since"]), Step(one["step"]), _text(one["reference"])) for one in held.get("history", [])
            ),
        )
    except CardstackError as error:
        raise Malformed(told(error), problem=TABLE, entry=place) from error
    except KeyError as error:
        raise Malformed(
            Text(f"{error} is missing or of another form", f"缺少 {error} 或其格式不符"), problem=TABLE, entry=place
        ) from None
    except (ValueError, TypeError, AttributeError):
        raise Malformed(Text("a value of another form than expected", "有值不符合约定格式"), problem=TABLE, entry=place) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    return value


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError(value)
    return value


def dump(agreements: Iterable[Agreement]) -> str:
    """The table that `load` reads back."""
    return "\n".join(_entry(one) for one in agreements)


def _entry(one: Agreement) -> str:
    lines = ["[[agreement]]", *(f"{key} = {_value(value)}" for key, value in _facts(one).items())]
    for event in one.history:
        lines += ["", "[[agreement.history]]", f"since = {event.since}", f'step = "{event.step}"']
        lines.append(f"reference = {_value(event.reference)}")
    return "\n".join([*lines, ""])


def _facts(one: Agreement) -> Mapping[str, Any]:
    facts: dict[str, Any] = {"id": one.id, "by": one.by, "of": one.of}
    if one.via is not None:
        facts["via"] = one.via
    facts |= {"since": one.since, "until": one.until, "levels": [list(pair) for pair in one.levels]}
    if one.purposes:
        facts["purposes"] = list(one.purposes)
    if one.excluded:
        facts["excluded"] = [dict(pair.split("=", 1) for pair in reversed(_pairs(name))) for name in one.excluded]
    return facts | {"path_length": one.path_length}


def _pairs(name: bytes) -> list[str]:
    return Name.parse(name).text.split(",")


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
