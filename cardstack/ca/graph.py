"""The trust graph as data: who recognises whom at which level, and what would change if an edge went or shrank.

It is computed from what is issued, not from what was agreed. Recognition here is policy and name arithmetic over the
cross certificates (RFC 5280 §6.1 without signatures and moments of revocation); `trust.validate` has the last word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cardstack.ca.agreement import Level, Member
from cardstack.ca.certificate import Certificate
from cardstack.ca.cross import Cross
from cardstack.ca.names import DIRECTORY, GeneralName, Name
from cardstack.errors import Refused, problem
from cardstack.text import Text

NO_EDGE = problem(
    "CS-2230",
    Text("The trust graph has no certificate {edge}", "信任图中没有证书 {edge}"),
    Text(
        "Name an edge by the first characters of its fingerprint, or as ISSUER-SUBJECT.",
        "请用指纹前缀或“签发者-主体”指明一条边。",
    ),
)
DEPTH_MAX = 8
Pairs = frozenset[tuple[str, str]]


class Counts(NamedTuple):
    """What stands behind a member: card issuers, terminals and settlement nodes."""

    issuers: int = 0
    terminals: int = 0
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """One cross certificate between two members."""

    issuer: str
    subject: str
    fingerprint: str
    serial: int
    mappings: tuple[tuple[str, str], ...]
    policies: tuple[str, ...]
    permitted: tuple[Name, ...] | None
    """Directory subtrees; None where there is no constraint."""
    excluded: tuple[Name, ...]
    path_length: int | None
    mapping_after: int | None
    valid_from: datetime
    valid_until: datetime
    revoked: bool = False

    @classmethod
    def of(cls, certificate: Certificate, issuer: str, subject: str, *, revoked: bool = False) -> "Edge":
        constraints = certificate.name_constraints
        permitted = None if constraints is None else _directories(constraints.permitted)
        limits = certificate.policy_constraints
        basic = certificate.basic_constraints
        return cls(
            issuer,
            subject,
            certificate.fingerprint,
            certificate.serial,
            certificate.mappings,
            tuple(policy.oid for policy in certificate.policies or ()),
            permitted or None,
            () if constraints is None else _directories(constraints.excluded),
            None if basic is None else basic.path_length,
            None if limits is None else limits.inhibit_mapping,
            certificate.valid_from,
            certificate.valid_until,
            revoked,
        )

    @classmethod
    def planned(cls, cross: Cross, at: datetime) -> "Edge":
        """The certificate that agreements ask for, as if it were issued at a moment."""
        return cls(
            cross.issuer,
            cross.subject,
            f"planned {cross.issuer}-{cross.subject}",
            0,
            cross.mappings,
            cross.policies,
            tuple(map(Name.parse, cross.permitted)) or None,
            tuple(map(Name.parse, cross.excluded)),
            cross.path_length,
            cross.mapping_after,
            at,
            cross.end,
        )

    @property
    def subtrees(self) -> tuple[Name, ...]:
        """Every directory name that it permits or excludes."""
        return (*(self.permitted or ()), *self.excluded)

    def usable(self, at: datetime) -> bool:
        """Neither revoked nor outside its dates."""
        return not self.revoked and self.valid_from <= at <= self.valid_until


def _directories(subtrees: Iterable[GeneralName]) -> tuple[Name, ...]:
    return tuple(one.value for one in subtrees if one.form == DIRECTORY and isinstance(one.value, Name))


class Recognition(NamedTuple):
    """One level of one province that counts as a level of another."""

    by: str
    of: str
    theirs: Level
    ours: Level


class Holder(NamedTuple):
    """Who would feel a change: a card issuer, a terminal or a node, by the subject of its certificate."""

    kind: str
    """issuer, terminal or node."""
    subject: str
    levels: frozenset[Level] = frozenset()
    """Those that its certificate names; none means whichever its authority has."""


class Way(NamedTuple):
    """One way from a member to another: which of their levels count as which of one's own, over which certificates."""

    levels: frozenset[tuple[Level, Level]]
    """Theirs, ours."""
    edges: tuple[Edge, ...]

    def allows(self, name: Name) -> bool:
        """Whether a certificate of that name may follow."""
        return _allowed(self.edges, name)


@dataclass(frozen=True)
class Graph:
    """Members and the cross certificates between them."""

    members: Mapping[str, Member]
    edges: tuple[Edge, ...]
    counts: Mapping[str, Counts] = field(default_factory=dict)
    holders: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)
    """Those of each member, where they are known one by one."""

    @classmethod
    def build(
        cls,
        members: Mapping[str, Member],
        issued: Iterable[tuple[str, Certificate]],
        *,
        revoked: Iterable[str] = (),
        counts: Mapping[str, Counts] | None = None,
        holders: Mapping[str, tuple[Holder, ...]] | None = None,
    ) -> "Graph":
        """From the members and what each of them issued to another (issuer's id, certificate); `revoked` are fingerprints."""
        gone = frozenset(revoked)
        entities = {(Name.parse(member.subject), member.spki): member.id for member in members.values()}
        found = ((issuer, one, entities.get(one.entity)) for issuer, one in issued)
        edges = tuple(Edge.of(one, issuer, subject, revoked=one.fingerprint in gone) for issuer, one, subject in found if subject)
        return cls(members, edges, counts or {}, holders or {})

    def edge(self, named: str) -> Edge:
        """The edge of a fingerprint's beginning, or the one of `ISSUER-SUBJECT` in use; `Refused` where none or several fit."""
        fits = [one for one in self.edges if one.fingerprint.startswith(named.lower())]
        fits = fits or [one for one in self.edges if f"{one.issuer}-{one.subject}" == named and not one.revoked]
        if len(fits) != 1:
            raise Refused(problem=NO_EDGE, edge=named)
        return fits[0]

    def without(self, *edges: Edge) -> "Graph":
        """The graph after these are revoked."""
        gone = {one.fingerprint for one in edges}
        return replace(self, edges=tuple(replace(one, revoked=one.revoked or one.fingerprint in gone) for one in self.edges))

    def expired(self, *edges: Edge, at: datetime) -> "Graph":
        """The graph at a moment by which these have run out."""
        gone = {one.fingerprint for one in edges}
        before = at - timedelta(seconds=1)
        return replace(
            self,
            edges=tuple(
                replace(one, valid_until=min(one.valid_until, before)) if one.fingerprint in gone else one for one in self.edges
            ),
        )

    def agreed(self, crosses: Iterable[Cross], at: datetime) -> "Graph":
        """The graph of what agreements ask for, whatever is issued now."""
        return replace(self, edges=tuple(Edge.planned(one, at) for one in crosses))

    def constrained(self, edge: Edge, *, excluded: Iterable[Name] = (), only: Iterable[str] | None = None) -> "Graph":
        """The graph with more names excluded on an edge, or with only these of the issuer's policies mapped through it."""
        kept = edge.mappings if only is None else tuple(pair for pair in edge.mappings if pair[0] in frozenset(only))
        policies = edge.policies if only is None else tuple(one for one in edge.policies if one in frozenset(only))
        shrunk = replace(edge, mappings=kept, policies=policies, excluded=(*edge.excluded, *excluded))
        return replace(self, edges=tuple(shrunk if one is edge else one for one in self.edges))

    def limited(self, edge: Edge, levels: Iterable[Level]) -> "Graph":
        """The graph with only these levels of the issuer's passed on through an edge."""
        kept = frozenset(levels)
        policies = self.members[edge.issuer].policies
        return self.constrained(edge, only=[policy for level, policy in policies.items() if level in kept])

    def recognitions(self, at: datetime) -> frozenset[Recognition]:
        """Everything that is recognised at a moment."""
        return frozenset(
            Recognition(by, of, theirs, ours)
            for by in self.members
            for of, ways in self.ways(by, at).items()
            for way in ways
            for theirs, ours in way.levels
        )

    def ways(self, by: str, at: datetime) -> Mapping[str, tuple[Way, ...]]:
        """From a member to every other that it recognises at a moment."""
        levels = {policy: level for level, policy in self.members[by].policies.items()}
        outgoing: dict[str, list[Edge]] = {}
        for edge in self.edges:
            if edge.usable(at):
                outgoing.setdefault(edge.issuer, []).append(edge)
        found: dict[str, list[Way]] = {}
        for id_, pairs, edges in self._reached(by, outgoing):
            target = {policy: level for level, policy in self.members[id_].policies.items()}
            counted = frozenset((target[theirs], levels[ours]) for ours, theirs in pairs if ours in levels and theirs in target)
            if counted:
                found.setdefault(id_, []).append(Way(counted, edges))
        return {id_: tuple(ways) for id_, ways in found.items()}

    def _reached(self, by: str, outgoing: Mapping[str, Sequence[Edge]]) -> Iterator[tuple[str, Pairs, tuple[Edge, ...]]]:
        """Every member that a path leads to, with the policies that survive it; what was seen is not walked twice."""
        home = self.members[by]
        waiting = [_Walk(by, frozenset((one, one) for one in home.policies.values()), (by,), (), None, None)]
        seen: set[tuple[str, Pairs, tuple[Edge, ...]]] = set()
        while waiting:
            walk = waiting.pop()
            for edge in outgoing.get(walk.at, ()):
                further = walk.over(edge, Name.parse(self.members[edge.subject].subject))
                if further is None or (further.at, further.pairs, further.edges) in seen:
                    continue
                seen.add((further.at, further.pairs, further.edges))
                waiting.append(further)
                if further.admits(self.members[further.at].namespace):
                    yield further.at, further.pairs, further.edges


class _Walk(NamedTuple):
    """Where a path stands: the member, the policies (home's, here), who was passed, and what still binds."""

    at: str
    pairs: Pairs
    passed: tuple[str, ...]
    edges: tuple[Edge, ...]
    length: int | None
    mapping: int | None

    def over(self, edge: Edge, subject: Name) -> "_Walk | None":
        """One certificate further; None where a rule ends the path."""
        if edge.subject in self.passed or len(self.passed) > DEPTH_MAX or self.length == 0 or not self._allows(subject):
            return None
        mapped = {ours for ours, _ in edge.mappings}
        through = {(home, here) for home, here in self.pairs if here in edge.policies and here not in mapped}
        if self.mapping != 0:
            through |= {(home, theirs) for home, here in self.pairs for ours, theirs in edge.mappings if here == ours}
        if not through:
            return None
        return _Walk(
            edge.subject,
            frozenset(through),
            (*self.passed, edge.subject),
            (*self.edges, edge),
            _least(None if self.length is None else self.length - 1, edge.path_length),
            _least(None if self.mapping is None else max(0, self.mapping - 1), edge.mapping_after),
        )

    def admits(self, namespace: Sequence[bytes]) -> bool:
        """Whether any of a member's names may follow; a member without names issues nothing that counts."""
        return any(self._allows(Name.parse(one)) for one in namespace)

    def _allows(self, name: Name) -> bool:
        return _allowed(self.edges, name)


def _allowed(edges: Sequence[Edge], name: Name) -> bool:
    """Whether a name keeps to the constraints of every certificate on the way."""
    inside = all(edge.permitted is None or any(name.within(one) for one in edge.permitted) for edge in edges)
    return inside and not any(name.within(one) for edge in edges for one in edge.excluded)


def _least(one: int | None, other: int | None) -> int | None:
    known = [number for number in (one, other) if number is not None]
    return min(known) if known else None


def as_data(graph: Graph, at: datetime) -> dict[str, Any]:
    """The graph for pages and `--json`: members, edges, and who recognises whom at which level."""
    return {
        "at": at.isoformat(),
        "members": [_member(one, graph.counts.get(one.id, Counts())) for one in graph.members.values()],
        "edges": [_edge(one, at) for one in graph.edges],
        "recognitions": [one._asdict() for one in sorted(graph.recognitions(at))],
    }


def _member(member: Member, counts: Counts) -> dict[str, Any]:
    return {
        "id": member.id,
        "title": member.title._asdict(),
        "subject": str(Name.parse(member.subject)),
        "policies": dict(member.policies),
        "namespace": [str(Name.parse(one)) for one in member.namespace],
        "domains": list(member.domains),
        "counts": counts._asdict(),
    }


def _edge(edge: Edge, at: datetime) -> dict[str, Any]:
    return {
        "issuer": edge.issuer,
        "subject": edge.subject,
        "fingerprint": edge.fingerprint,
        "serial": f"{edge.serial:x}",
        "mappings": [{"issuer": ours, "subject": theirs} for ours, theirs in edge.mappings],
        "permitted": None if edge.permitted is None else [str(one) for one in edge.permitted],
        "excluded": [str(one) for one in edge.excluded],
        "path_length": edge.path_length,
        "valid_from": edge.valid_from.isoformat(),
        "valid_until": edge.valid_until.isoformat(),
        "state": "revoked" if edge.revoked else "valid" if edge.usable(at) else "expired",
    }
