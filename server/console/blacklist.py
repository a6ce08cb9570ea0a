"""黑名单: the cards that are refused, looked at or trusted, every version of the lists, and who pulled which."""

from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from flask import Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.settlement.bulk.list_file import body_of, name_of
from cardstack.settlement.transit.lists import CardList, Kind, Update
from cardstack.text import Text
from cardstack.values import mask_number
from server import filing
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit_now, operator, services, store
from server.list_changes import NAMES
from server.permissions import EVERYWHERE, Pages, Permission
from server.store.listing import versions

pages = Pages("blacklist", __name__, url_prefix="/console/blacklist")

COLOURS = {Kind.BLACK: "red", Kind.GREY: "yellow", Kind.WHITE: "green"}
SHOWN_VERSIONS = 20


class Listed(NamedTuple):
    """A card or a range on a list, with the version that brought it."""

    kind: Kind
    key: str
    version: int
    since: Any

    @property
    def id(self) -> str:
        """What tells it from others in a page or an address, and no card's number."""
        return sha256(f"{self.kind}~{self.key}".encode()).hexdigest()[:20]

    @property
    def issuer(self) -> str:
        return self.key.partition(".")[0]

    @property
    def card(self) -> str:
        return self.key.partition(".")[2]


class Version(NamedTuple):
    """One version of a list: what it changed on the one before."""

    kind: Kind
    number: int
    since: Any
    added: frozenset[str]
    removed: frozenset[str]
    size: int


def _lists() -> list[CardList]:
    with store().view() as view:
        newest = versions(view)
    return [_list(str(services().office.engine.url), kind, newest[kind.value][0]) for kind in Kind if kind.value in newest]


@lru_cache(maxsize=8)
def _list(database: str, kind: Kind, version: int) -> CardList:
    """A list, folded together once for each version: it may hold many cards."""
    del database, version
    return store().desk.card_list(kind)


def _every() -> list[Listed]:
    found = []
    for one in _lists():
        brought: dict[str, tuple[int, Any]] = {}
        for number, since, cards in one.versions:
            for key in cards - brought.keys():
                brought[key] = number, since
            for key in brought.keys() - cards:
                del brought[key]
        found += [Listed(one.kind, key, *brought[key]) for key in sorted(one.cards)]
    return found


def _row(one: Listed) -> dict[str, Any]:
    ranged = one.card.endswith("*")
    return {
        "id": one.id,
        "list": NAMES[one.kind],
        "issuer": one.issuer,
        "card": one.card if ranged else mask_number(one.card),
        "what": Text("range of cards", "号段") if ranged else Text("one card", "单卡"),
        "version": f"{one.kind}-{one.version}",
        "kind": one.kind.value,
        "number": one.version,
        "since": one.since,
    }


def _rows(query: Query) -> Slice:
    where = query.where
    found = [
        one
        for one in _every()
        if where.get("kind") in {None, one.kind.value}
        and one.issuer.startswith(where.get("issuer", "").upper())
        and _covers(one.card, where.get("card", ""))
    ]
    return listing.part_of(found, query, key=lambda one: one.id, row=_row)


def _covers(listed: str, asked: str) -> bool:
    """Whether a card that is asked about is named, or lies in a range; a part of a number finds what begins with it."""
    return listed.startswith(asked) or (listed.endswith("*") and asked.startswith(listed[:-1]))


LISTING = Listing(
    name="blacklist",
    title=Text("Card lists", "黑名单"),
    about=Text(
        "Black, grey and white lists of cards. White stands before black, black before grey; numbers are masked.",
        "黑、灰、白名单；判定次序为白、黑、灰。卡号默认遮蔽。",
    ),
    columns=(
        Column("list", Text("List", "名单")),
        Column("issuer", Text("Issuer", "发卡机构"), "code"),
        Column("card", Text("Card or range", "卡号或号段"), "code"),
        Column("what", Text("What", "范围")),
        Column(
            "version",
            Text("Since version", "起始版本"),
            "id",
            link=lambda row: url_for("blacklist.version", kind=row["kind"], number=row["number"]),
        ),
        Column("since", Text("In force since", "生效时间"), "moment"),
    ),
    filters=(
        Filter("kind", Text("List", "名单"), "choice", choices=[(kind.value, name) for kind, name in NAMES.items()]),
        Filter("issuer", Text("Issuer", "发卡机构"), hint=Text("its beginning", "前缀")),
        Filter("card", Text("Card", "卡号"), hint=Text("its beginning", "完整或前缀")),
    ),
    fetch=_rows,
    template="blacklist/index.html",
)


def _versions(one: CardList) -> list[Version]:
    found, before = [], frozenset[str]()
    for number, since, cards in one.versions:
        found.append(Version(one.kind, number, since, cards - before, before - cards, len(cards)))
        before = cards
    return found[::-1]


@pages.page("/", needs=Permission.BLACKLIST_READ)
def index() -> ResponseReturnValue:
    """The cards, the versions and the pulls."""
    pulls = services().office.files.page(
        before=None, size=10, scope=None, where={"kind": filing.Kind.CARD_LIST.value, "direction": "out"}
    )
    return listing.show(
        LISTING,
        versions=[one for held in _lists() for one in _versions(held)[:SHOWN_VERSIONS]],
        names=NAMES,
        colours=COLOURS,
        pulls=pulls,
        asks=operator().may(Permission.BLACKLIST_REQUEST, EVERYWHERE),
    )


@pages.page("/<kind>/<int:number>", needs=Permission.BLACKLIST_READ)
def version(kind: str, number: int) -> ResponseReturnValue:
    """What one version changed."""
    one = _load(kind, number)
    return render_template(
        "blacklist/version.html",
        one=one,
        name=NAMES[one.kind],
        added=[_masked(key) for key in sorted(one.added)[:500]],
        removed=[_masked(key) for key in sorted(one.removed)[:500]],
        may_download=operator().may(Permission.FILE_WORK),
        may_ask=operator().may(Permission.BLACKLIST_REQUEST, EVERYWHERE),
    )


@pages.page("/<kind>/<int:number>/<form>", needs=Permission.FILE_WORK)
def download(kind: str, number: int, form: str) -> ResponseReturnValue:
    """The list file of a version: `delta` for what it changed, `full` for all that it holds; numbers in clear, audited."""
    one = _load(kind, number)
    if form not in {"full", "delta"}:
        abort(404)
    delta = form == "delta" and number > 1
    held = next(cards for known, _, cards in _held(one.kind).versions if known == number)
    update = (
        Update(one.kind, number, one.since, one.added, one.removed, number - 1)
        if delta
        else Update(one.kind, number, one.since, held)
    )
    audit_now("blacklist.download", f"{kind}-{number}", form=form)
    headers = {"Content-Disposition": f'attachment; filename="{name_of(update)}.txt"'}
    return Response(body_of(update), mimetype="application/octet-stream", headers=headers)


def _held(kind: Kind) -> CardList:
    return next((one for one in _lists() if one.kind is kind), CardList(kind))


def _load(kind: str, number: int) -> Version:
    if kind not in set(Kind):
        abort(404)
    return next((one for one in _versions(_held(Kind(kind))) if one.number == number), None) or abort(404)


def _masked(key: str) -> str:
    issuer, _, card = key.partition(".")
    return f"{issuer} · {card if card.endswith('*') else mask_number(card)}"
