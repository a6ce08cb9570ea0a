"""Certificate policies along a path: the policy graph of RFC 9618, which grows by at most one node a policy and level.

The tree of RFC 5280 §6.1.2 (a) repeats a node under every parent and so doubles with every mapping; here a node
stands once in its level and knows its parents. Beside them it carries its origins: the policies in the relying
party's own domain from which it descends, so that the answer needs no walk back.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from cardstack.ca.extensions import ANY_POLICY, Policy


class Node(NamedTuple):
    """One policy at one level (RFC 9618 §3.1)."""

    policy: str
    expected: frozenset[str]
    parents: frozenset[str]
    """The nodes of the level above that lead here, by policy."""
    origins: frozenset[str]
    """The policies of the relying party's domain that lead here; anyPolicy alone where nothing has narrowed it yet."""
    qualifiers: bytes = b""


Level: TypeAlias = Mapping[str, Node]

_ANY = frozenset({ANY_POLICY})
ROOT: Level = {ANY_POLICY: Node(ANY_POLICY, _ANY, frozenset(), _ANY)}
"""Level 0: before any certificate everything is possible (RFC 5280 §6.1.2 (a))."""


def descend(above: Level, policies: Iterable[Policy], *, any_allowed: bool) -> Level:
    """The next level for a certificate's policies (RFC 5280 §6.1.3 (d), RFC 9618 §5.2); empty means no policy is left."""
    level: dict[str, Node] = {}
    wanted: dict[str, set[str]] = {}
    for node in above.values():
        for expected in node.expected:
            wanted.setdefault(expected, set()).add(node.policy)
    universal = None
    make = _Maker(above)
    for policy in policies:
        if policy.oid == ANY_POLICY:
            universal = policy
        elif policy.oid in wanted:
            level[policy.oid] = make(policy.oid, frozenset(wanted[policy.oid]), policy.qualifiers)
        elif ANY_POLICY in above:
            level[policy.oid] = make(policy.oid, _ANY, policy.qualifiers)
    if universal is not None and any_allowed:
        for oid, parents in wanted.items():
            if oid not in level:
                level[oid] = make(oid, frozenset(parents), universal.qualifiers)
    return level


class _Maker:
    """Makes the nodes below one level. Sets of origins are shared, not copied: there may be thousands of nodes with thousands."""

    def __init__(self, above: Level) -> None:
        self.above = above
        self.unions: dict[frozenset[int], frozenset[str]] = {}

    def __call__(self, policy: str, parents: frozenset[str], qualifiers: bytes) -> Node:
        if ANY_POLICY in parents:
            origins = frozenset({policy}).union(*(self.above[parent].origins for parent in parents - _ANY))
        else:
            held = {id(one): one for one in (self.above[parent].origins for parent in parents)}
            origins = self._union(held) if len(held) > 1 else next(iter(held.values()))
        return Node(policy, frozenset({policy}), parents, origins, qualifiers)

    def _union(self, held: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """The union of some sets, made once for the same ones."""
        key = frozenset(held)
        if key not in self.unions:
            self.unions[key] = frozenset().union(*held.values())
        return self.unions[key]


def map_policies(level: Level, above: Level, mappings: Iterable[tuple[str, str]], *, allowed: bool) -> Level:
    """A level after a certificate's mappings (RFC 5280 §6.1.4 (b)): the issuer's policies become the subject's.

    >>> ours = descend(ROOT, [Policy("1.2.3")], any_allowed=False)
    >>> theirs = descend(map_policies(ours, ROOT, [("1.2.3", "1.2.4")], allowed=True), [Policy("1.2.4")], any_allowed=False)
    >>> sorted(theirs["1.2.4"].origins)
    ['1.2.3']
    """
    by_issuer: dict[str, set[str]] = {}
    for issuer, subject in mappings:
        by_issuer.setdefault(issuer, set()).add(subject)
    if not allowed:
        return {policy: node for policy, node in level.items() if policy not in by_issuer}
    mapped = dict(level)
    for issuer, subjects in by_issuer.items():
        if issuer in level:
            mapped[issuer] = level[issuer]._replace(expected=frozenset(subjects))
        elif ANY_POLICY in level:
            node = _Maker(above)(issuer, _ANY, level[ANY_POLICY].qualifiers)
            mapped[issuer] = node._replace(expected=frozenset(subjects))
    return mapped


def authorities(level: Level) -> frozenset[str]:
    """The policies of the relying party's domain under which the path so far stands (RFC 9618 §5.3)."""
    return frozenset().union(*{id(node.origins): node.origins for node in level.values()}.values())


def acceptable(level: Level, asked: frozenset[str]) -> frozenset[str]:
    """Those of them that the relying party asks for (RFC 5280 §6.1.5 (g)); anyPolicy asked for takes all."""
    held = authorities(level)
    if ANY_POLICY in asked:
        return held
    return asked if ANY_POLICY in held else held & asked
