"""What BetterTLS (Netflix/bettertls, test-suites) asks: a matrix of name constraints, and graphs with bad edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import combinations, product
from typing import Any

from tests.suites.kit import AT, CERT, EMAIL, Made, Situation, Spec, ca, issue, leaf, root

GOOD, BAD, NONE = "good", "bad", None
STATES = (NONE, GOOD, BAD)
HOSTS = {GOOD: "test.localhost", BAD: "bad.example.com"}
TREES = {GOOD: "localhost", BAD: "example.com"}
ADDRESSES = {GOOD: "IP:127.0.0.1", BAD: "IP:1.1.1.1"}
RANGES = {GOOD: "IP:127.0.0.0/24", BAD: "IP:1.1.1.0/24"}
State = str | None


@dataclass(frozen=True)
class Constraints:
    """What the authority may and may not name; a state each for hosts and addresses."""

    host: State
    address: State
    no_host: State
    no_address: State

    def hold(self, host: State, address: State) -> bool:
        """Whether a server with this host and this address keeps to them."""
        mine = ((host, self.host, self.no_host), (address, self.address, self.no_address))
        return all(name is NONE or (allowed in (NONE, name) and denied != name) for name, allowed, denied in mine)


@lru_cache(maxsize=128)
def authority(constraints: Constraints) -> Made:
    """The constrained authority; all of them have the same name and the same key."""
    one, other, no_one, no_other = constraints.host, constraints.address, constraints.no_host, constraints.no_address
    permitted = [*([TREES[one]] if one else []), *([RANGES[other]] if other else [])]
    excluded = [*([TREES[no_one]] if no_one else []), *([RANGES[no_other]] if no_other else [])]
    return issue(ca(name="local ica", san=None, usage=CERT, permitted=permitted, excluded=excluded), _above())


@lru_cache(maxsize=1)
def _above() -> Made:
    return issue(ca(name="local root", san=None, usage=CERT), anchor())


@lru_cache(maxsize=1)
def anchor() -> Made:
    """The root of every case."""
    return issue(root(name="suite root", san=None), None)


@lru_cache(maxsize=128)
def server(common: str, host: State, address: State) -> Made:
    """A server with these names, and a common name that means nothing."""
    san = [*([HOSTS[host]] if host else []), *([ADDRESSES[address]] if address else [])]
    return issue(leaf(name=common or "nobody", san=san or None, basic=(False, None)), authority(Constraints(*[NONE] * 4)))


def constrained() -> Iterator[tuple[str, bool, Situation, dict[str, Any]]]:
    """The matrix: what a case is called, whether it is valid, its certificates, and what is asked."""
    commons = ("", HOSTS[GOOD], HOSTS[BAD], "127.0.0.1", "1.1.1.1")
    for wanted, common, host, address, *sides in product(("host", "address"), commons, *[STATES] * 6):
        constraints = Constraints(*sides)
        valid = (host if wanted == "host" else address) == GOOD and constraints.hold(host, address)
        situation = Situation(server(common, host, address), [anchor()], [_above(), authority(constraints)])
        name = HOSTS[GOOD] if wanted == "host" else ADDRESSES[GOOD]
        yield f"{wanted} {common} {host} {address} {constraints}", valid, situation, {"names": [name]}


Edge = tuple[str, str]
LINE: tuple[Edge, ...] = (("TA", "ICA"), ("ICA", "EE"))
TWO_ROOTS: tuple[Edge, ...] = (("TA", "ICA"), ("Root 2", "ICA"), ("ICA", "EE"))
FIGURE_7: tuple[Edge, ...] = (("TA", "A"), ("TA", "C"), ("A", "C"), ("C", "A"), ("A", "B"), ("C", "B"), ("B", "EE"))
"""RFC 4158 §2.3, figure 7."""
_PAIRS = [("TA", "Bridge"), *((f"TA {one}", "Bridge") for one in "XYZ")]
FIGURE_8: tuple[Edge, ...] = (
    *_PAIRS,
    *((two, one) for one, two in _PAIRS),
    *[("TA", "F"), ("TA", "G"), ("F", "H"), ("F", "G"), ("G", "F"), ("H", "I"), ("I", "H"), ("G", "I")],
    *[("TA X", "J"), ("TA X", "L"), ("J", "K"), ("L", "M"), ("L", "N"), ("N", "EE")],
    *[("TA Y", "A"), ("TA Y", "C"), ("A", "C"), ("C", "A"), ("A", "B"), ("C", "B"), ("B", "D"), ("B", "E")],
    *[("TA Z", "O"), ("TA Z", "P"), ("O", "Q"), ("O", "R"), ("R", "S"), ("P", "S")],
)
"""RFC 4158 §2.4, figure 8: four hierarchies and meshes around a bridge."""
GRAPHS: dict[str, tuple[Edge, ...]] = {"line": LINE, "two roots": TWO_ROOTS, "figure 7": FIGURE_7, "figure 8": FIGURE_8}

REASONS: dict[str, dict[str, Any]] = {
    "expired": {"end": AT - timedelta(hours=1)},
    "name constraints": {"permitted": ["bad.example.com"]},
    "bad EKU": {"eku": (EMAIL,)},
    "missing basic constraints": {"basic": None},
    "not a CA": {"basic": (False, None)},
    "deprecated crypto": {"digest": "sha1"},
}
"""How an edge is bad."""


@lru_cache(maxsize=4096)
def edge(one: str, two: str, reason: str | None) -> Made:
    """The certificate of an edge."""
    plain: Spec = leaf(name="EE", san=("localhost",)) if two == "EE" else ca(name=two, san=None, usage=CERT)
    changed = {**plain.__dict__, "whose": two, **(REASONS[reason] if reason else {})}
    return issue(Spec(**changed), party(one))


@lru_cache(maxsize=64)
def party(name: str) -> Made:
    """An authority by itself: its name and its key; the trusted one's certificate is the anchor."""
    return issue(root(name=name, whose=name, san=None), None)


def reachable(edges: Sequence[Edge], bad: Sequence[Edge], begin: str = "TA") -> bool:
    """Whether the server can be reached along edges that are not bad."""
    seen, front = {begin}, [begin]
    while front:
        here = front.pop()
        fresh = {two for one, two in edges if one == here and (one, two) not in bad} - seen
        seen |= fresh
        front += fresh
    return "EE" in seen


def built() -> Iterator[tuple[str, bool, Situation]]:
    """Each graph with each choice of bad edges, each bad in each way; the server's own certificate is good."""
    for title, edges in GRAPHS.items():
        inner = [one for one in edges if one[1] != "EE"]
        most = len(inner) if len(inner) < 10 else 1
        choices = [bad for count in range(most + 1) for bad in combinations(inner, count)]
        for bad, reason in product(choices, REASONS):
            pool = [edge(*one, reason if one in bad else None) for one in inner]
            (last,) = (edge(*one, None) for one in edges if one[1] == "EE")
            yield f"{title} {reason} {bad}", reachable(edges, bad), Situation(last, [party("TA")], pool)
