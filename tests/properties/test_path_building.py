"""Building finds a path exactly where there is one: random graphs of authorities beside a walk over their sound edges."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.ca.certificate import Certificate
from cardstack.ca.names import expected
from cardstack.ca.purposes import purpose
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from tests.pki_kit import NOW, Party

SERVER, MAIL = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"
POLICY = "1.2.156.1"
SOUND: Mapping[str, Any] = MappingProxyType({"ca": True, "policies": [POLICY]})
# Each of these spoils every path over the certificate that has it, and no other.
DEFECTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "expired": {"days": (-30, -1)},
        "not yet valid": {"days": (1, 30)},
        "no authority": {"ca": False},
        "no basic constraints": {"without": ["basic"]},
        "another purpose": {"uses": [MAIL]},
        "name excluded": {"excluded": ["leaf.example"]},
        "name not permitted": {"permitted": ["other.example"]},
        "address not permitted": {"permitted": ["IP:10.0.0.0/8"]},
        "organisation excluded": {"excluded": ["DN:Hospital"]},
        "no policy": {"policies": []},
        "another policy": {"policies": ["1.2.156.2"]},
    }
)
ASKED = Settings(
    policies=frozenset({POLICY}),
    explicit_policy=True,
    purpose=purpose("serverAuth"),
    names=(expected("leaf.example"), expected("IP:192.0.2.1")),
    revocation=Revocation.OFF,
)


class Edge(NamedTuple):
    """One certificate of the graph: who signs, whom, and what is wrong with it (nothing, or a name of `DEFECTS`)."""

    issuer: int
    subject: int
    defect: str | None


nodes = st.integers(0, 4)
edges = st.builds(Edge, nodes, nodes, st.one_of(st.none(), st.sampled_from(sorted(DEFECTS)))).filter(
    lambda edge: edge.issuer != edge.subject
)


def reaches(start: int, goal: int, sound: Iterable[Edge]) -> bool:
    """Whether sound edges lead from one authority to another."""
    known, found = {start}, {start}
    while found:
        found = {edge.subject for edge in sound if edge.issuer in found} - known
        known |= found
    return goal in known


@settings(max_examples=150, deadline=None)
@given(st.lists(edges, min_size=1, max_size=14, unique=True), st.permutations(range(5)))
def test_building_is_a_walk_over_sound_edges(graph: list[Edge], order: list[int]) -> None:
    """Authority 0 is the anchor and authority 4 certifies the leaf; every order of the pool gives the same verdict."""
    parties = [Party(f"Authority {number}") for number in range(5)]
    marks = [{**SOUND, **DEFECTS.get(edge.defect or "", {})} for edge in graph]
    pool = [parties[edge.issuer].certify(parties[edge.subject], **mark) for edge, mark in zip(graph, marks, strict=True)]
    leaf = parties[4].certify(Party("leaf", "Hospital"), policies=[POLICY], uses=[SERVER], names=["leaf.example", "IP:192.0.2.1"])
    there = reaches(0, 4, [edge for edge in graph if edge.defect is None])
    ordered = [one for _, one in sorted(zip(order * 3, pool, strict=False), key=lambda pair: pair[0])]
    assert {accepted(leaf, parties[0].root(), some) for some in (pool, pool[::-1], ordered)} == {there}


def accepted(leaf: Certificate, root: Certificate, pool: list[Certificate]) -> bool:
    """Whether a path is found; the budget is never the reason why not."""
    rule = None
    try:
        validate(leaf, anchors=[Anchor(root)], pool=pool, at=NOW, settings=ASKED)
    except PathRejected as refusal:
        rule = refusal.rule
    assert rule != "budget-exhausted"
    return rule is None
