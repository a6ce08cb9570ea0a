"""What would change if cross certificates were revoked, ran out or were constrained: pair by pair, holder by holder."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cardstack.ca.agreement import Level
from cardstack.ca.graph import Counts, Graph, Holder, Recognition, Way
from cardstack.ca.names import Name, ending

SHOWN = 200
"""So many holders of an effect are named; all are counted."""
Levels = frozenset[tuple[Level, Level]]


class Effect(NamedTuple):
    """What one province loses or gains of another's recognition, and whose certificates it no longer accepts as before."""

    by: str
    of: str
    lost: tuple[Recognition, ...]
    gained: tuple[Recognition, ...]
    affected: Counts
    who: tuple[Holder, ...] = ()
    """The first of those affected, where they are known one by one."""


def what_if(before: Graph, after: Graph, at: datetime, later: datetime | None = None) -> tuple[Effect, ...]:
    """The difference between two graphs, pair by pair; with `later`, the second is looked at then (what will expire).

    Whom a province still recognises may lose some of its holders: those whose names a constraint excludes.
    """
    return tuple(one for by in sorted(before.members) for one in _seen_from(by, before, after, at, later or at))


def _seen_from(by: str, before: Graph, after: Graph, at: datetime, later: datetime) -> Iterator[Effect]:
    had, has = before.ways(by, at), after.ways(by, later)
    for of in sorted({*had, *has}):
        was, now = had.get(of, ()), has.get(of, ())
        if was == now:
            continue
        lost, gained = _levels(was) - _levels(now), _levels(now) - _levels(was)
        holders = before.holders.get(of)
        who = () if holders is None else tuple(_losing(holders, was, now))
        if lost or gained or who:
            affected = count(who) if holders is not None else before.counts.get(of, Counts())
            said = [tuple(Recognition(by, of, theirs, ours) for theirs, ours in sorted(pairs)) for pairs in (lost, gained)]
            yield Effect(by, of, said[0], said[1], affected, who[:SHOWN])


def _levels(ways: Iterable[Way]) -> Levels:
    return frozenset(pair for way in ways for pair in way.levels)


def _losing(holders: Iterable[Holder], was: Sequence[Way], now: Sequence[Way]) -> Iterator[Holder]:
    """Whose certificates count for less than they did.

    Constraints look at the beginning of a name alone, so that whoever shares it is decided together: there may be a
    hundred thousand terminals.
    """
    depth = max((len(name.key) for way in (*was, *now) for edge in way.edges for name in edge.subtrees), default=0)
    decided: dict[tuple[str, frozenset[Level]], bool] = {}
    for one in holders:
        key = (ending(one.subject, depth), one.levels)
        if key not in decided:
            decided[key] = _loses(Name.typed(key[0]), one.levels, was, now)
        if decided[key]:
            yield one


def _loses(name: Name, levels: frozenset[Level], was: Sequence[Way], now: Sequence[Way]) -> bool:
    had, has = (_levels(way for way in ways if way.allows(name)) for ways in (was, now))
    return any(not levels or theirs in levels for theirs, _ in had - has)


def count(who: Iterable[Holder]) -> Counts:
    """How many there are of each kind."""
    kinds = [one.kind for one in who]
    return Counts(kinds.count("issuer"), kinds.count("terminal"), kinds.count("node"))


def total(effects: Iterable[Effect]) -> Counts:
    """Everybody who is affected anywhere, counted once for each province that would no longer accept them as before."""
    sums = [sum(column) for column in zip(*(one.affected for one in effects), strict=True)]
    return Counts(*sums) if sums else Counts()


def effects_as_data(effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """Effects for pages and `--json`."""
    return [
        {
            "by": one.by,
            "of": one.of,
            "lost": [{"theirs": lost.theirs, "ours": lost.ours} for lost in one.lost],
            "gained": [{"theirs": gained.theirs, "ours": gained.ours} for gained in one.gained],
            "affected": one.affected._asdict(),
            "who": [{"kind": who.kind, "subject": who.subject} for who in one.who],
        }
        for one in effects
    ]
