"""Card lists in the store: versions published by two people, folded together again when they are asked for."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from cardstack.errors import Malformed, Refused
from cardstack.settlement.bulk import list_file
from cardstack.settlement.bulk.list_file import body_of, name_of, read
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes.transit import Transit
from cardstack.settlement.transit.lists import CardList, Kind, Lists, Update
from cardstack.text import Text
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.values import moment

KEPT = 64
"""How many versions of a list are kept in memory: operators that are further behind are sent the full list."""


def publish(commit: Commit, kind: Kind, add: frozenset[str], remove: frozenset[str], two: Two) -> Update:
    """Publish the next version; what is there already is not added again, and what is not there is not removed."""
    two.check(commit)
    here = card_list(commit, kind)
    cards = here.cards
    gone = remove & cards if here.version else frozenset[str]()
    update = Update(kind, here.version + 1, moment(commit.at), add - cards, gone, here.version or None)
    if not update.add and not update.remove and here.version:
        raise Refused(Text("nothing changes", "没有变更"), kind=kind.value)
    if len(here.after(update).cards) > list_file.CARDS_MAX:
        raise Malformed(list_file.TOO_MANY, field="add")
    body = body_of(update)
    row = (kind.value, update.version, update.base, commit.at, body, *two)
    commit.insert("card_list", "kind, version, base, since, changes, maker, checker", [row])
    told = {"version": update.version, "base": update.base, "add": len(update.add), "remove": len(update.remove), **two._asdict()}
    commit.tell("card-list-published", kind.value, {**told, "sha256": sha256(body).hexdigest()})
    return update


def card_list(view: View, kind: Kind) -> CardList:
    """A list with its newest versions."""
    rows = view.all("SELECT version, base, since, changes FROM card_list WHERE kind = ? ORDER BY version", (kind.value,))
    found = CardList(kind)
    for version, base, since, changes in rows:
        name = name_of(Update(kind, version, moment(since), base=base))
        found = found.after(read(name, bytes(changes))).shortened_to(KEPT)
    return found


def versions(view: View) -> dict[str, tuple[int, int]]:
    """The newest version of each list, and since when it holds (seconds)."""
    rows = view.all("SELECT kind, MAX(version), MAX(since) FROM card_list GROUP BY kind ORDER BY kind")
    return {kind: (version, since) for kind, version, since in rows}


def judged_by(view: View, schemes: Mapping[str, Scheme]) -> Mapping[str, Scheme]:
    """The schemes, with those that look at cards judging by the lists kept here; the same ones where there are none."""
    if not any(isinstance(one, Transit) for one in schemes.values()):
        return schemes
    newest = versions(view)
    if not newest:
        return schemes
    lists = Lists({Kind(kind): card_list(view, Kind(kind)) for kind in newest})
    return {name: replace(one, lists=lists) if isinstance(one, Transit) else one for name, one in schemes.items()}
