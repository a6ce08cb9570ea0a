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
from server.console import formats, forms, shell
from server.console.navigation import GROUPS, Group
from server.console.services import LOCAL, language, moment, services, t
from server.permissions import ROLE_TITLES, Permission

STATIC = Path(__file__).parent / "static"
STATES: dict[str, tuple[str, Text]] = {
    "pending": ("yellow", Text("waiting", "待复核")),
    "dispute opened": ("orange", Text("opened", "待对方答复")),
    "dispute answered": ("yellow", Text("answered", "待提出方确认")),
    "dispute in-arbitration": ("purple", Text("in arbitration", "仲裁中")),
    "dispute upheld": ("green", Text("upheld", "异议成立")),
    "dispute rejected": ("secondary", Text("rejected", "异议不成立")),
    "stage pending": ("yellow", Text("pending settlement", "待结算")),
    "entry pending": ("yellow", Text("pending", "待定")),
    "approved": ("blue", Text("approved", "已批准")),
    "done": ("green", Text("done", "已完成")),
    "failed": ("red", Text("failed", "失败")),
    "refused": ("red", Text("refused", "已拒绝")),
    "withdrawn": ("secondary", Text("withdrawn", "已撤回")),
    "expired": ("secondary", Text("expired", "已过期")),
    "running": ("blue", Text("running", "进行中")),
    "open": ("blue", Text("open", "开放")),
    "closed": ("secondary", Text("closed", "已截止")),
    "netted": ("cyan", Text("netted", "已轧差")),
    "instructed": ("purple", Text("instructed", "已出指令")),
    "released": ("purple", Text("released", "已放行")),
    "settled": ("green", Text("settled", "已结算")),
    "disputed": ("orange", Text("disputed", "有争议")),
    "aborted": ("red", Text("aborted", "已中止")),
    "accepted": ("green", Text("accepted", "已受理")),
    "rejected": ("red", Text("rejected", "已拒绝")),
    "reversed": ("red", Text("reversed", "已冲正")),
    "valid": ("green", Text("valid", "有效")),
    "revoked": ("red", Text("revoked", "已吊销")),
    "active": ("green", Text("active", "启用")),
    "disabled": ("secondary", Text("disabled", "停用")),
    "posted": ("green", Text("posted", "已入账")),
    "voided": ("secondary", Text("voided", "已撤销")),
    "lapsed": ("secondary", Text("lapsed", "已失效")),
    "in-reconciliation": ("cyan", Text("in reconciliation", "对账中")),
    "prepared": ("yellow", Text("prepared", "待放行")),
    "paid": ("green", Text("paid", "已支付")),
    "partly-paid": ("orange", Text("partly paid", "部分支付")),
    "cancelled": ("secondary", Text("cancelled", "已取消")),
    "card ready": ("green", Text("ready", "可用")),
    "card expired": ("red", Text("expired", "已过期")),
    "card blocked": ("orange", Text("PIN blocked", "PIN 已锁定")),
    "card unreadable": ("secondary", Text("unreadable", "无法读取")),
    "file taken": ("green", Text("taken", "已接收")),
    "file partly": ("orange", Text("some lines refused", "部分行拒绝")),
    "file refused": ("red", Text("refused", "已拒绝")),
    "returned": ("red", Text("returned", "已退回")),
    "resolved": ("green", Text("resolved", "已处理")),
    "ok": ("green", Text("ok", "正常")),
    "warning": ("yellow", Text("warning", "预警")),
    "stale": ("red", Text("run out", "已失效")),
    "level normal": ("green", Text("normal", "正常")),
    "level yellow": ("yellow", Text("yellow warning", "黄色预警")),
    "level red": ("red", Text("red warning", "红色预警")),
}
"""State, colour and word; the word stands beside the colour, which is never the only sign."""

PROVINCES: dict[str, Text] = {
    "31": Text("Shanghai", "上海"),
    "32": Text("Jiangsu", "江苏"),
    "33": Text("Zhejiang", "浙江"),
    "34": Text("Anhui", "安徽"),
    "*": Text("all provinces", "全区域"),
}


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
        now=moment,
    )
    app.jinja_env.filters.update(FILTERS)


def party(name: str, *, short: bool = False) -> Markup:
    """A party's title with its name, or alone where space is `short`; the titles are read once a request."""
    if not hasattr(g, "party_titles"):
        held = services().store
        g.party_titles = {str(one.name): one.title for one in held.parties()} if held else {}
    title = g.party_titles.get(str(name))
    shown = Markup('<span class="id">{}</span>').format(name)
    if title and short:
        return Markup('<span title="{}">{}</span>').format(name, title.of(language()))
    return Markup("{} <small>{}</small>").format(title.of(language()), shown) if title else shown


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


def state_of(name: str, of: str = "state") -> tuple[str, Text]:
    """Colour and word of a state; where one word means different things, `of` says of what: stage (a window's) or entry."""
    return STATES.get(f"{of} {name}") or STATES.get(name) or ("secondary", Text(name, name))


def state(name: str, of: str = "state") -> Markup:
    """A state as a coloured word."""
    colour, words = state_of(str(name), of)
    return Markup('<span class="state state-{}">{}</span>').format(colour, words.of(language()))


def province(code: str) -> str:
    """A province's name with its digits."""
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
    "day": day,
    "masked_name": mask_name,
    "masked_number": mask_number,
    "as_json": as_json,
    "pair_of": lambda value: (value, value),
    "both": lambda kept: kept[language()] if isinstance(kept, Mapping) else say(kept),
    "dict_of": lambda where, given: {**given.to_dict(flat=False), **where},
    "province_choice": province_choice,
    "pair": lambda value: (value, party(value).striptags()),
}
