"""Building paths from an anchor down to a certificate (RFC 4158), within a budget.

First the certificates from which the target can be reached at all are found by going up from it, breadth first and
each once. Then the search goes down from the anchors among these alone, carrying the whole state of RFC 5280 §6.1, so
that a branch ends at the first rule it breaks: no policy left, no name left, no length left. An entity (name and key)
is passed once a path. Acceptance and refusal cost the same: both are counted against one budget.

Loop-free paths through a mesh are exponentially many, and a refusal would have to try them all. So a search that has not
ended after `PATIENCE` steps first asks whether any path holds at all, loops allowed: there two paths that reach the same
entity in the same state are one, and the question costs as many steps as there are edges and states. Where the answer is no,
that is the refusal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.names import Name
from cardstack.ca.rules import Bench, State, take
from cardstack.ca.tables import Breach

DEPTH_MAX = 32
"""The longest path tried, whatever the constraints allow."""
PATIENCE = 64
"""How many certificates are tried before the search asks whether there is any hope."""


class Pool:
    """Certificates that may stand in a path, by subject; made once for many validations. Nothing in it is trusted."""

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self.by_subject: dict[Name, list[Certificate]] = {}
        for certificate in dict.fromkeys(certificates):
            self.by_subject.setdefault(certificate.subject, []).append(certificate)

    def named(self, subject: Name) -> list[Certificate]:
        """The certificates of this subject."""
        return self.by_subject.get(subject, [])


@dataclass(slots=True)
class Reach:
    """The certificates that lead down to a target, by issuer, and how many steps each is away from it."""

    target: Certificate
    below: dict[Name, list[Certificate]]
    distance: dict[Certificate, int]

    @classmethod
    def of(cls, target: Certificate, pool: Pool, limit: int) -> "Reach":
        """Everything above a target, nearest first; at most `limit` certificates are looked at."""
        below: dict[Name, list[Certificate]] = {target.issuer: [target]}
        distance = {target: 0}
        edge, asked = [target], set[Name]()
        for steps in range(1, DEPTH_MAX + 1):
            found = []
            for name in dict.fromkeys(one.issuer for one in edge):
                if name in asked:
                    continue
                asked.add(name)
                for issuer in pool.named(name)[: max(limit - len(distance), 0)]:
                    if issuer not in distance:
                        distance[issuer] = steps
                        below.setdefault(issuer.issuer, []).append(issuer)
                        found.append(issuer)
            if not found:
                break
            edge = found
        return cls(target, below, distance)

    def any(self, state: State) -> list[Certificate]:
        """What may follow a path if entities may be passed again."""
        return self.below.get(state.working.name, [])

    def next(self, state: State) -> list[Certificate]:
        """What may follow a path: the target first, then by key identifier and distance; entities passed are left out."""
        key = state.working.certificate.subject_key if state.working.certificate else None
        candidates = self.below.get(state.working.name, ())
        if len(candidates) == 1 and candidates[0] is self.target:
            return [self.target]
        fit = [one for one in candidates if one is self.target or self._leads_on(one, state)]
        return sorted(fit, key=lambda one: (_mismatch(one, key), self.distance[one]))

    def _leads_on(self, certificate: Certificate, state: State) -> bool:
        if certificate.entity in state.visited:
            return False
        return any(
            one is self.target or (one.entity not in state.visited and one.entity != certificate.entity)
            for one in self.below.get(certificate.subject, ())
        )


def _mismatch(certificate: Certificate, key: bytes | None) -> bool:
    """Whether the key identifiers say that another key signed; a hint, never a verdict (RFC 4158 §3.5.12)."""
    named = certificate.authority_key.key if certificate.authority_key else None
    return named is not None and key is not None and named != key


class Attempt(NamedTuple):
    """A path as far as it held, the certificate that came next, and the rule which that one broke.

    Where the path was accepted there is no breach, and the certificate is the last of the path itself.
    """

    state: State
    certificate: Certificate
    breach: Breach | None


class Exhausted(Exception):
    """The budget is spent."""


class _Weary(Exception):
    """The search has taken long enough to ask whether it can succeed."""


def _standing(state: State) -> tuple[object, ...]:
    """All of a state that the rules will look at, the way there left out; counters beyond the longest path are alike."""
    counters = (state.explicit_policy, state.policy_mapping, state.inhibit_any, state.max_path_length)
    level = frozenset((node.policy, node.expected, node.origins) for node in state.levels[-1].values())
    return (*(min(counter, DEPTH_MAX) for counter in counters), level, frozenset(map(id, state.constraints)), state.uses)


@dataclass(slots=True)
class Search:
    """One descent from the anchors to a target; remembers the breach of the path that came furthest."""

    reach: Reach
    bench: Bench
    observe: Callable[[Attempt], None] | None = None
    worst: tuple[tuple[int, int], Breach, Certificate] | None = field(default=None)
    left: int = PATIENCE

    def run(self, start: State) -> State | None:
        """The first path that holds, None where none does."""
        try:
            return self._down(start)
        except _Weary:
            self.left = 1 << 30
            return self._down(start) if self._any_hope(start) else None

    def _any_hope(self, start: State) -> bool:
        """Whether any path holds when entities may be passed again; breadth first, each entity once in each state."""
        edge, seen = [start], set[tuple[object, ...]]()
        for _ in range(DEPTH_MAX):
            after: list[State] = []
            for state in edge:
                for certificate in self.reach.any(state):
                    reached = take(certificate, state, self.bench, last=certificate is self.reach.target)
                    if isinstance(reached, tuple):
                        self.refuse(state, certificate, reached)
                    elif certificate is self.reach.target:
                        return True
                    elif (mark := (certificate.entity, *_standing(reached))) not in seen:
                        seen.add(mark)
                        after.append(reached)
            edge = after
        return False

    def _down(self, state: State) -> State | None:
        if len(state.path) > DEPTH_MAX:
            return None
        for certificate in self.reach.next(state):
            self.left -= 1
            if self.left < 0:
                raise _Weary
            last = certificate is self.reach.target
            after = take(certificate, state, self.bench, last=last)
            if isinstance(after, tuple):
                self.refuse(state, certificate, after)
                continue
            if last:
                if self.observe:
                    self.observe(Attempt(after, certificate, None))
                return after
            found = self._down(after)
            if found is not None:
                return found
        return None

    def refuse(self, state: State, certificate: Certificate, breach: Breach) -> None:
        """Note how a path ended."""
        if self.observe:
            self.observe(Attempt(state, certificate, breach))
        # A signature that does not fit may only mean that this issuer was not the one, so it counts a step less.
        away = self.reach.distance.get(certificate, 0) + (breach[0] == tables.BAD_SIGNATURE)
        rank = (-away, tables.RULES[breach[0]].order)
        if self.worst is None or rank > self.worst[0]:
            self.worst = (rank, breach, certificate)
