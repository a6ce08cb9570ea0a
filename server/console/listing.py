"""Lists, written once: query form over the table, the state in the address, keyset pages, columns, density, export.

A noun declares a `Listing` (its columns, its filters and where its rows come from); `show` answers the page, the
fragment that replaces the table, and every export of exactly what is filtered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, faulty
from cardstack.text import Text
from cardstack.values import Fen, yuan
from server.console import words
from server.console.services import LOCAL, scope
from server.console.states import state_of
from server.permissions import Permission, Scope

SIZES, SIZE = (20, 50, 100), 20
Row: TypeAlias = Mapping[str, Any]
Thing = TypeVar("Thing")


class Column(NamedTuple):
    """One column. `kind` says how a cell is shown and exported.

    Kinds are text, id, code, money, count, moment, day, percent, party and province; state, stage, entry, dispute and level
    are the states of requests, of windows, of transactions, of disputes and of prepayments. An id leads to its thing by
    `link`, a code has no page of its own. A column that is not `shown` waits in the column menu.
    """

    key: str
    title: Text
    kind: str = "text"
    link: Callable[[Row], str | None] | None = None
    shown: bool = True


class Filter(NamedTuple):
    """One field of the query form. `kind` is text, choice, day, money or fixed.

    A choice lists its values. What is fixed comes from the page's own address, such as the window whose net is listed.
    """

    key: str
    title: Text
    kind: str = "text"
    choices: Sequence[tuple[str, Text]] = ()
    hint: Text | None = None
    normally: str = ""


class Query(NamedTuple):
    """What a list is asked for."""

    where: Mapping[str, str]
    after: str | None
    size: int
    scope: Scope


class Slice(NamedTuple):
    """Some rows, and the key from which the next ones follow; None where there are no more.

    `cut` says that looking stopped before the end: the next part may hold what this one does not.
    """

    rows: Sequence[Row]
    next: str | None
    cut: bool = False


class Action(NamedTuple):
    """What can be done with the selected rows: the endpoint that receives their ids as `id`."""

    endpoint: str
    title: Text
    needs: Permission
    icon: str = "checks"


NOTHING: Final = Text("Nothing here yet.", "暂无记录。")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list and everything about it."""

    name: str
    title: Text
    columns: Sequence[Column]
    fetch: Callable[[Query], Slice]
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    key: str = "id"
    about: Text | None = None
    empty: Text = NOTHING
    """What stands in the list while there is nothing, and how something comes into it."""
    create: tuple[str, Text, Permission] | None = None
    extra: Callable[[], dict[str, Any]] = field(default=dict)
    template: str = "list.html"
    exportable: bool = True
    needs: Permission | None = None
    """The permission of its page, where that is not the index of its noun."""

    @property
    def asked(self) -> list[Filter]:
        """The fields of the query form."""
        return [one for one in self.filters if one.kind != "fixed"]

    def where(self) -> dict[str, str]:
        """The filters of this request, cleaned of spaces and NULs; what a filter does not know is left out."""
        own = request.view_args or {}
        given = {
            one.key: str(own.get(one.key) or request.args.get(one.key, "") if one.kind == "fixed" else _typed(one))
            for one in self.filters
        }
        given = {key: value.replace("\0", "").strip() for key, value in given.items()}
        for one in self.filters:
            if one.kind == "choice" and given[one.key] not in {"", *(value for value, _ in one.choices)}:
                given[one.key] = ""
        return {key: value for key, value in given.items() if value}

    def shown(self) -> list[Column]:
        """The columns this request asks for."""
        asked = request.args.getlist("col")
        if not asked:
            return [column for column in self.columns if column.shown]
        return [column for column in self.columns if column.key in asked] or list(self.columns)

    def query(self, size: int | None = None) -> Query:
        """What this request asks for."""
        asked = request.args.get("size", "")
        chosen = int(asked) if asked in {str(one) for one in SIZES} else SIZE
        return Query(self.where(), request.args.get("after", "").replace("\0", "") or None, size or chosen, scope())


def _typed(one: Filter) -> str:
    return request.args.get(one.key, one.normally)


def show(listing: Listing, **extra: Any) -> ResponseReturnValue:
    """The page, or only its table where htmx asks for it."""
    query = listing.query()
    problem = None
    try:
        found = listing.fetch(query)
    except Malformed as error:
        found, problem = Slice((), None), error.say(g.language)
    trail = [one for one in request.args.get("trail", "").split("~") if one] if query.after else []
    first = min((len(trail) + 1) * query.size + 1, 10**9) if query.after else 1
    template = "list_table.html" if request.headers.get("HX-Target", "").endswith("results") else listing.template
    return render_template(
        template,
        listing=listing,
        columns=listing.shown(),
        rows=found.rows,
        next=found.next,
        cut=found.cut,
        first=first,
        trail=trail,
        query=query,
        problem=problem,
        sizes=SIZES,
        exportable=listing.exportable and g.operator.may(Permission.EXPORT),
        **(listing.extra() | extra),
    )


def part_of(found: Sequence[Thing], query: Query, *, key: Callable[[Thing], str], row: Callable[[Thing], Row]) -> Slice:
    """The part of a list in memory that a query asks for: what follows the thing with the key, and the key to go on from."""
    start = next((place + 1 for place, one in enumerate(found) if key(one) == query.after), 0)
    part = found[start : start + query.size]
    return Slice([row(one) for one in part], key(part[-1]) if start + query.size < len(found) else None)


def every(listing: Listing, query: Query, most: int | None = None) -> Iterator[Row]:
    """All rows of a query, part by part, up to `most`."""
    after, count = query.after, 0
    while True:
        part = listing.fetch(query._replace(after=after, size=1000))
        for row in part.rows:
            yield row
            count += 1
            if most is not None and count >= most:
                return
        if part.next is None:
            return
        after = part.next


def plain(column: Column, row: Row) -> str:
    """A cell as plain text, for exports and print."""
    value = row.get(column.key)
    if value is None:
        return ""
    return _PLAIN.get(column.kind, words.say)(value)


_PLAIN: Mapping[str, Callable[[Any], str]] = {
    "money": lambda value: yuan(Fen(int(value))).replace(",", ""),
    "moment": words.clock,
    "day": words.day,
    "state": lambda value: state_of(str(value))[1].of(g.language),
    "stage": lambda value: state_of(str(value), "stage")[1].of(g.language),
    "entry": lambda value: state_of(str(value), "entry")[1].of(g.language),
    "dispute": lambda value: state_of(str(value), "dispute")[1].of(g.language),
    "level": lambda value: state_of(str(value), "level")[1].of(g.language),
    "province": lambda value: words.province(str(value)),
}


def number(key: str | None) -> int | None:
    """The number that a key of a page is, as wide as a database counts; None for anything else.

    >>> number("12"), number("x"), number("9" * 30)
    (12, None, None)
    """
    return int(key) if key and key.isascii() and key.isdigit() and len(key) < 19 else None


def day_ms(text: str, *, end: bool = False, name: str = "day") -> int:
    """The first millisecond of a day of the region, or of the next.

    >>> day_ms("2026-01-01"), day_ms("2026-01-01", end=True) - day_ms("2026-01-01")
    (1767196800000, 86400000)
    >>> day_ms("2026-13-01")
    Traceback (most recent call last):
    cardstack.errors.Malformed: day: YYYY-MM-DD expected
    """
    return int(day_start(text, end=end, name=name).timestamp()) * 1000


def day_start(text: str, *, end: bool = False, name: str = "day") -> datetime:
    """The first moment of a day of the region, or of the next."""
    try:
        asked = date.fromisoformat(text)
        return datetime(asked.year, asked.month, asked.day, tzinfo=LOCAL) + timedelta(days=1 if end else 0)
    except (ValueError, OverflowError) as error:
        raise faulty(name, "YYYY-MM-DD expected", "应为 YYYY-MM-DD") from error
