"""The figures an installation settles by: the texts that come with the package, and the dated rows its operators added.

A row is only ever added; the one in force on a day is the latest that has begun (`scheme.at`), so what was settled stays
as it was. The added rows are the installation's, one set for the process, as its database keeps them.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache, wraps
from itertools import count
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar

from cardstack.errors import faulty
from cardstack.settlement import figures
from cardstack.settlement.scheme import Dated, shaped

Asked = ParamSpec("Asked")
Given = TypeVar("Given")
Subject = TypeVar("Subject")

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "policy": ("place", "insurance", "group", "care", "diseases"),
    "item": ("code",),
    "fare": ("city", "industry"),
    "fee": ("province", "industry"),
    "rate": ("trade",),
    "tariff": ("vehicle",),
    "step": ("name",),
    "late": ("cycle",),
    "cutoff": ("cycle",),
    "sharing": ("province",),
}
"""By which fields a row of a table is told from its neighbours; what is not named here has one row in force."""


class Amendment(NamedTuple):
    """A dated row that operators added to a table of a text; days in it are ISO strings."""

    name: str
    table: str
    row: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str, str, str]:
        """The text, the table, which row of it, and since when: a later amendment at the same place takes its place."""
        return self.name, self.table, key_of(self.table, self.row), str(self.row.get("since"))


class _State(NamedTuple):
    number: int
    added: tuple[Amendment, ...]
    texts: Mapping[str, str] | None = None
    """None for those of the package."""


_numbers: Final = count(1)
_state = _State(0, ())
_judging: Final[ContextVar[_State | None]] = ContextVar("figures that are judged by", default=None)


def _now() -> _State:
    return _judging.get() or _state


def amend(added: Sequence[Amendment]) -> None:
    """Settle by these rows too, from now on; the whole set at once."""
    global _state  # noqa: PLW0603  # one installation, one set of figures: it is configuration, changed as a whole
    kept = last_of(added)
    if kept != _state.added:
        _state = _State(next(_numbers), kept)


def last_of(added: Sequence[Amendment]) -> tuple[Amendment, ...]:
    """Of several rows at the same place only the last counts."""
    last = {one.place: one for one in added}
    return tuple(one for one in added if last[one.place] is one)


@contextmanager
def judging_by(texts: Mapping[str, str], added: Sequence[Amendment]) -> Iterator[None]:
    """Whatever is computed inside, in this thread, goes by these texts and rows: those that were in force once."""
    token = _judging.set(_State(_number_of(tuple(sorted(texts.items())), json.dumps(added)), tuple(added), texts))
    try:
        yield
    finally:
        _judging.reset(token)


@lru_cache(maxsize=64)
def _number_of(texts: tuple[tuple[str, str], ...], added: str) -> int:
    """The same number for the same figures, so that what was remembered of them serves again."""
    del texts, added
    return next(_numbers)


def amendments() -> tuple[Amendment, ...]:
    """The rows that were added to those of the package."""
    return _now().added


def texts() -> Mapping[str, str]:
    """Every text of figures, by its name."""
    held = _now().texts
    return {name: figures.text(name) for name in figures.every()} if held is None else held


def names(folder: str) -> tuple[str, ...]:
    """The texts of a folder, in order."""
    held = _now().texts
    return figures.names(folder) if held is None else tuple(sorted(name for name in held if name.startswith(f"{folder}/")))


def remembered(asked: Callable[Asked, Given]) -> Callable[Asked, Given]:
    """Remember what a function of the figures gave, as long as the figures stay what they are."""

    @lru_cache(maxsize=1024)
    def once(number: int, *arguments: Asked.args, **named: Asked.kwargs) -> Given:
        del number
        return asked(*arguments, **named)

    @wraps(asked)
    def remember(*arguments: Asked.args, **named: Asked.kwargs) -> Given:
        return once(_now().number, *arguments, **named)  # type: ignore[arg-type]  # the figures' questions take words only

    return remember


def once_for_each(asked: Callable[Concatenate[Subject, Asked], Given]) -> Callable[Concatenate[Subject, Asked], Given]:
    """Remember what a function gave for the one value it was asked about last, as long as the figures stay what they are.

    Check, postings, claims and totals of a message are asked one after another; what it holds is read once for all of them.
    The value is known again as the very same object, and held until the next; further arguments are compared.
    """
    last: tuple[int, Subject, tuple[Any, ...], Given] | None = None

    @wraps(asked)
    def remember(subject: Subject, /, *arguments: Asked.args, **named: Asked.kwargs) -> Given:
        nonlocal last
        held, number = last, _now().number
        if held is not None and held[1] is subject and held[0] == number and held[2] == arguments and not named:
            return held[3]
        given = asked(subject, *arguments, **named)
        # One tuple in one assignment: a thread that comes between asks again and is right all the same.
        last = None if named else (number, subject, arguments, given)
        return given

    return remember


def rows(name: str, table: str) -> list[Mapping[str, Any]]:
    """Every row of a table of a text, those of the package first."""
    held = _now()
    own = [one for one in held.added if (one.name, one.table) == (name, table)]
    if held.texts is not None:
        shipped: dict[str, Any] = tomllib.loads(held.texts.get(name, ""))
    else:
        shipped = tomllib.loads(figures.text(name)) if name in figures.every() else {}
    replaced = {one.place for one in own}
    kept = [row for row in shipped.get(table, []) if (name, table, key_of(table, row), str(row.get("since"))) not in replaced]
    return [*kept, *(one.row for one in own)]


def figures_of(name: str, table: str, shape: type[Dated]) -> tuple[Dated, ...]:
    """The rows of a table, each as its declared shape."""
    return shaped(rows(name, table), table, shape)


def key_of(table: str, row: Mapping[str, Any]) -> str:
    """Which row of its table it is, whatever its dates.

    >>> key_of("fee", {"province": "33", "industry": ["02"], "since": "2026-01-01"})
    '33 02'
    """
    told = (row.get(field, "") for field in KEYS.get(table, ()))
    return " ".join("+".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value) for value in told)


def plain(value: Any) -> Any:
    """A row with its days as ISO strings, as it is kept and compared."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int):
        return value
    raise faulty("row", "only words, whole numbers, days, lists and tables", "仅可含文字、整数、日期、列表和表")


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every value of a row by its path.

    >>> flat({"bands": [{"permille": 800}], "since": "2026-01-01"})
    {'bands[0].permille': 800, 'since': '2026-01-01'}
    """
    if isinstance(value, Mapping):
        pairs = [(f"{path}.{name}" if path else name, one) for name, one in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(f"{path}[{place}]", one) for place, one in enumerate(value)]
    else:
        return {path: value}
    return {name: told for pair, one in pairs for name, told in flat(one, pair).items()}


def written(table: str, row: Mapping[str, Any]) -> str:
    r"""A row as TOML, to begin a new one from.

    >>> print(written("fee", {"province": "33", "industry": ["02"], "since": date(2026, 1, 1)}), end="")
    [[fee]]
    province = "33"
    industry = ["02"]
    since = 2026-01-01
    """
    return "\n".join([f"[[{table}]]", *(f"{name} = {_toml(name, value)}" for name, value in row.items()), ""])


def _toml(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(key, one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml("", one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date) or name in ("since", "until"):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'
