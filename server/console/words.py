"""How values are shown: moments on the region's wall clock, money in yuan, states in words and colour, links that fit."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, get_flashed_messages, request, url_for
from markupsafe import Markup

from cardstack.text import Text
from cardstack.values import Fen, mask_name, mask_number, yuan
from server import operators
from server.console import formats, forms, kinds, shell
from server.console.navigation import GROUPS, Group
from server.console.services import LOCAL, language, moment, services, t
from server.console.states import state_of
from server.permissions import PERMISSION_TITLES, ROLE_TITLES, Permission

STATIC = Path(__file__).parent / "static"
PROVINCES: dict[str, Text] = {
    "31": Text("Shanghai", "上海"),
    "32": Text("Jiangsu", "江苏"),
    "33": Text("Zhejiang", "浙江"),
    "34": Text("Anhui", "安徽"),
    "*": Text("all provinces", "全区域"),
}

PROVINCE_CHOICES = [(code, name) for code, name in PROVINCES.items() if code != "*"]


def teach(app: Flask) -> None:
    """Give the templates their words."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        t=t,
        say=say,
        csrf=shell.csrf,
        typed=shell.typed,
        fault=shell.fault,
        returned=forms.returned,
        asset=asset,
        state=state,
        party=party,
        province=province,
        navigation=navigation,
        noun=noun,
        preferences=lambda: g.preferences,
        with_query=with_query,
        session_ends=session_ends,
        demo=lambda: services().demo,
        waiting=waiting,
        permitted=permitted,
        registered=lambda: current_app.view_functions,
        demo_people=lambda: [one for one in services().office.people.operators() if not one.disabled][:6],
        certificate_offered=lambda: services().certificates,
        scope_is_whole=lambda: g.scope is None,
        in_words=in_words,
        export_formats=lambda: [(one.key, one.title) for one in formats.formats()],
        grant_texts=lambda person: {str(grant) for grant in person.grants},
        flashes=lambda: get_flashed_messages(with_categories=True),
        ROLE_TITLES=ROLE_TITLES,
        PERMISSION_TITLES=PERMISSION_TITLES,
        now=moment,
    )
    app.jinja_env.filters.update(FILTERS)


def party(name: str, *, short: bool = False) -> Markup:
    """A party's title with its name, or alone where space is `short`."""
    title, shown = _titles().get(str(name)), ident(name)
    if title and short:
        return Markup('<span title="{}">{}</span>').format(name, title.of(language()))
    return Markup('<span class="party">{} <small>{}</small></span>').format(title.of(language()), shown) if title else shown


def title(name: object) -> Text:
    """A party's title; its name where it has none."""
    return _titles().get(str(name)) or Text(str(name), str(name))


def _titles() -> dict[str, Text]:
    """The titles of all parties, read once a request."""
    if not hasattr(g, "party_titles"):
        held = services().store
        g.party_titles = {str(one.name): one.title for one in held.parties()} if held else {}
    found: dict[str, Text] = g.party_titles
    return found


def ident(name: object) -> Markup:
    """An id in the letters that ids are set in."""
    return Markup('<span class="id">{}</span>').format(name)


def say(words: object) -> str:
    """A `Text` in the page's language; anything else as it is."""
    if isinstance(words, Text):
        return words.of(language())
    return words if isinstance(words, str) else str(words)


def money(amount_fen: int | None) -> Markup:
    """An amount in yuan; what is negative is red and has its sign."""
    if amount_fen is None:
        return Markup("—")
    classes = "money negative" if amount_fen < 0 else "money"
    return Markup('<span class="{}">{}</span>').format(classes, yuan(Fen(amount_fen)))


def clock(at: datetime | None) -> str:
    """A moment on the wall clock of the region."""
    return at.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S") if at else "—"


def left(seconds: int) -> str:
    """How long something has, in days and hours, or hours and minutes."""
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if seconds <= 0:
        return t("due", "已到期")
    return (
        t(f"{days} d {hours} h", f"{days} 天 {hours} 小时")
        if days
        else t(f"{hours} h {minutes} min", f"{hours} 小时 {minutes} 分")
    )


def day(at: date | datetime | None) -> str:
    """A day of the region."""
    return (at.astimezone(LOCAL) if isinstance(at, datetime) else at).strftime("%Y-%m-%d") if at else "—"


def state(name: str, of: str = "state") -> Markup:
    """A state as a coloured word."""
    colour, words = state_of(str(name), of)
    return Markup('<span class="state state-{}">{}</span>').format(colour, words.of(language()))


def province(code: str) -> str:
    """A province's name with its digits; of the clearing centre, which is in none, its name."""
    if code == "00":
        return t("clearing centre", "清算中心")
    named = PROVINCES.get(code)
    return f"{named.of(language())} {code}" if named and code != "*" else say(named or code)


def province_choice(place: str) -> tuple[str, str]:
    """A place of six digits with its province's name, for a choice."""
    named = PROVINCES.get(place[:2])
    return place, f"{named.of(language()) if named else ''} {place}"


PART_OF = {"emulated": "cards", "conforming": "cards"}


def noun() -> str:
    """Which entry of the side bar the page belongs to."""
    own = (request.endpoint or "overview").partition(".")[0]
    return PART_OF.get(own, own)


def navigation() -> list[Group]:
    """The side bar for whoever is signed in; what their roles do not allow is not shown."""
    registered = current_app.view_functions
    groups = (
        Group(group.title, tuple(one for one in group.entries if one.endpoint in registered and g.operator.may(one.needs)))
        for group in GROUPS
    )
    return [group for group in groups if group.entries]


def waiting() -> int:
    """How many requests wait for a decision where the operator can see them."""
    held = g.operator.scope(Permission.APPROVAL_READ)
    return services().office.requests.pending(held, moment()) if held is None or held else 0


def permitted() -> set[Permission]:
    """Every permission that the operator holds somewhere."""
    return {permission for permission in Permission if g.operator.may(permission)}


def in_words(amount_fen: int) -> str:
    """An amount as vouchers spell it.

    >>> in_words(1234567), in_words(-100), in_words(0)
    ('壹万贰仟叁佰肆拾伍元陆角柒分', '负壹元整', '零元整')
    """
    cn2an: Any = import_module("cn2an")  # untyped, and a fifth of a second that only vouchers need

    spelled = cn2an.an2cn(f"{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}", "rmb") if amount_fen else "零元整"
    return ("负" if amount_fen < 0 else "") + str(spelled)


def with_query(**changes: str | None) -> str:
    """This page's address with some of its query changed; None takes a key out."""
    query = {key: value for key, value in request.args.items() if value} | changes
    arguments = dict(request.view_args or {}) | {key: value for key, value in query.items() if value is not None}
    return url_for(request.endpoint or "overview.show", **arguments)


def session_ends() -> dict[str, int]:
    """In how many seconds the session ends, and how long before that the page warns."""
    signed_in = g.signed_in
    idle = moment() + operators.IDLE
    ends = min(idle, signed_in.created + operators.ABSOLUTE)
    return {"seconds": int((ends - moment()) / timedelta(seconds=1)), "warning": int(operators.WARNING.total_seconds())}


def as_json(value: Any) -> str:
    """Data for a script of ours, in an attribute."""
    return json.dumps(value, ensure_ascii=False, default=str)


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, with its content's hash, so that a new version is never mistaken for the old."""
    return url_for("console.static", filename=name, v=_fingerprint(name))


FILTERS: dict[str, Callable[..., Any]] = {
    "say": say,
    "yuan": money,
    "moment": clock,
    "left": left,
    "listed": lambda values: t(", ", "、").join(say(one) for one in values),
    "ident": ident,
    "day": day,
    "masked_name": mask_name,
    "masked_number": mask_number,
    "as_json": as_json,
    "pair_of": lambda value: (value, value),
    "both": lambda kept: kept[language()] if isinstance(kept, Mapping) else say(kept),
    "dict_of": lambda where, given: {**given.to_dict(flat=False), **where},
    "province_choice": province_choice,
    "posting_kind": kinds.posting,
    "message_kind": kinds.message,
    "way_in": kinds.way,
    "certificate_kind": kinds.certificate,
    "cycle": kinds.cycle,
    "pair": lambda value: (value, party(value).striptags()),
}
