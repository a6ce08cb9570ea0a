"""Black, grey and white lists of cards: numbered versions, full or as a delta on an earlier one, in force from a moment.

A delta, over one version or several, is only taken on the version that it names, so a version that was missed is noticed
and the full list asked for; every earlier version stays known, so that a list can be rolled back and a past purchase judged
by its day's list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from cardstack.errors import Malformed, Refused, faulty, problem
from cardstack.settlement.transaction import check_moment
from cardstack.text import Text

VERSION_GAP = problem(
    "CS-3205",
    Text("A version of the list was missed", "名单版本不连续"),
    Text("Fetch the full list, then the deltas after it.", "请先获取全量名单，再应用其后的增量。"),
)


class Kind(StrEnum):
    """What a list says of a card: refused, to be looked at, or trusted."""

    BLACK = "black"
    GREY = "grey"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class Update:
    """A version of a list: full (`base` None) or a delta on an earlier one. Keys are issuer and card number, or a prefix."""

    kind: Kind
    version: int
    since: datetime
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    base: int | None = None

    def __post_init__(self) -> None:
        check_moment(self.since, "since")
        if self.version < 1 or (self.base is not None and not 1 <= self.base < self.version):
            raise faulty("version", "from 1, and a delta is on an earlier one", "自 1 起，增量须基于较早版本")
        if self.base is None and self.remove:
            raise faulty("remove", "a full list removes nothing", "全量名单不得删除")
        if self.add & self.remove:
            raise Malformed(Text("a key is added or removed, not both", "同一卡号不得既增又删"), field="add")


@dataclass(frozen=True, slots=True)
class CardList:
    """A list as it is known here, with the versions before; `shortened` where the oldest of them are no longer known."""

    kind: Kind
    versions: tuple[tuple[int, datetime, frozenset[str]], ...] = ()
    shortened: bool = False

    @property
    def version(self) -> int:
        """The newest version, 0 where there is none yet."""
        return self.versions[-1][0] if self.versions else 0

    @property
    def cards(self) -> frozenset[str]:
        """The newest version's keys."""
        return self.versions[-1][2] if self.versions else frozenset()

    def after(self, update: Update) -> "CardList":
        """The list with one more version; `Refused` (CS-3205) for a delta on a version that is not here.

        >>> from cardstack.settlement.transaction import SHANGHAI
        >>> at = datetime(2026, 10, 1, tzinfo=SHANGHAI)
        >>> full = CardList(Kind.BLACK).after(Update(Kind.BLACK, 4, at, frozenset({"a", "b"})))
        >>> sorted(full.after(Update(Kind.BLACK, 5, at, frozenset({"c"}), frozenset({"a"}), 4)).cards)
        ['b', 'c']
        >>> full.after(Update(Kind.BLACK, 7, at, frozenset({"c"}), base=6))
        Traceback (most recent call last):
        cardstack.errors.Refused: the delta is on version 6, version 4 is here
        """
        if update.kind is not self.kind:
            raise Refused(
                Text(
                    f"a {update.kind} list is no version of a {self.kind} list", f"{update.kind} 名单不是 {self.kind} 名单的版本"
                )
            )
        if update.base is not None and update.base != self.version:
            raise Refused(
                Text(
                    f"the delta is on version {update.base}, version {self.version} is here",
                    f"增量基于版本 {update.base}，本地为版本 {self.version}",
                ),
                VERSION_GAP,
                here=self.version,
            )
        if update.version <= self.version or (self.versions and update.since < self.versions[-1][1]):
            raise Refused(
                Text(
                    f"version {update.version} is not newer than {self.version}", f"版本 {update.version} 不新于 {self.version}"
                ),
                here=self.version,
            )
        cards = update.add if update.base is None else self.cards - update.remove | update.add
        return replace(self, versions=(*self.versions, (update.version, update.since, cards)))

    def at(self, moment: datetime) -> frozenset[str]:
        """The keys in force at a moment: none before the first version; before the oldest still known, those of that one."""
        oldest = self.versions[0][2] if self.shortened else frozenset[str]()
        return next((cards for _, since, cards in reversed(self.versions) if since <= moment), oldest)

    def shortened_to(self, count: int) -> "CardList":
        """The list with its newest versions."""
        return self if len(self.versions) <= count else replace(self, versions=self.versions[-count:], shortened=True)

    def rolled_back(self, version: int) -> "CardList":
        """The list as it was with that version its newest."""
        kept = tuple(one for one in self.versions if one[0] <= version)
        if not kept or kept[-1][0] != version:
            raise Refused(Text(f"version {version} is not known here", f"本地没有版本 {version}"), here=self.version)
        return replace(self, versions=kept)

    def delta(self, base: int) -> Update:
        """What an operator that has `base` still needs in one step; the full list where that is unknown or less to send."""
        newest, since, cards = self.versions[-1]
        older = next((own for number, _, own in self.versions if number == base), None)
        if older is None or base >= newest or len(cards ^ older) > len(cards):
            return Update(self.kind, newest, since, cards)
        return Update(self.kind, newest, since, cards - older, older - cards, base)


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists together, and how long terminals may take to have a new version (`grace`)."""

    lists: Mapping[Kind, CardList] = field(default_factory=dict)
    grace: timedelta = timedelta(hours=24)

    def verdict(self, issuer: str, card: str, moment: datetime) -> Kind | None:
        """What the lists say of a purchase: white before black before grey; a block counts once terminals must know it."""
        for kind in (Kind.WHITE, Kind.BLACK, Kind.GREY):
            own = self.lists.get(kind)
            seen = moment if kind is Kind.WHITE else moment - self.grace
            if own is not None and _covers(own.at(seen), issuer, card):
                return kind
        return None


def _covers(keys: frozenset[str], issuer: str, card: str) -> bool:
    """Whether the card is named, or a prefix of its number (a range) is."""
    if f"{issuer}.{card}" in keys:
        return True
    return any(f"{issuer}.{card[:length]}*" in keys for length in _lengths(keys))


@lru_cache(maxsize=64)
def _lengths(keys: frozenset[str]) -> tuple[int, ...]:
    """How long the prefixes of a list's ranges are; a list has few lengths and many cards."""
    return tuple(sorted({len(key.partition(".")[2]) - 1 for key in keys if key.endswith("*")}))
