"""The policy graph: what RFC 5280's tree says, without growing as it does."""

from itertools import product

from cardstack.ca.extensions import ANY_POLICY, Policy
from cardstack.ca.policy import ROOT, acceptable, authorities, descend, map_policies


def held(*policies: str) -> list[Policy]:
    return [Policy(policy) for policy in policies]


def test_a_mapping_is_followed_back_to_our_own_policy() -> None:
    """Two of ours become one of theirs, which stands for both."""
    ours = descend(ROOT, held("1.1", "1.2"), any_allowed=True)
    mapped = map_policies(ours, ROOT, [("1.1", "2.1"), ("1.2", "2.1")], allowed=True)
    theirs = descend(mapped, held("2.1"), any_allowed=True)
    assert authorities(theirs) == {"1.1", "1.2"}
    assert acceptable(theirs, frozenset({"1.2", "1.3"})) == {"1.2"}


def test_any_policy_stands_for_what_is_asked() -> None:
    """Where nothing has narrowed it, the relying party's own policies are the answer (RFC 5280 §6.1.5 (g))."""
    level = descend(ROOT, held(ANY_POLICY), any_allowed=True)
    assert acceptable(level, frozenset({"1.1"})) == {"1.1"}
    assert descend(ROOT, held(ANY_POLICY), any_allowed=False) == {}


def test_a_mapping_that_is_inhibited_takes_the_policy_away() -> None:
    """RFC 5280 §6.1.4 (b)(2)."""
    level = descend(ROOT, held("1.1", "1.2"), any_allowed=True)
    assert set(map_policies(level, ROOT, [("1.1", "2.1")], allowed=False)) == {"1.2"}


def test_the_graph_does_not_multiply() -> None:
    """Thirty policies mapped each to all, eight times over: the tree would have 30^8 leaves, the graph has 30 a level."""
    policies = [f"1.2.{number}" for number in range(30)]
    above, level = ROOT, descend(ROOT, held(*policies), any_allowed=True)
    for _ in range(8):
        mapped = map_policies(level, above, list(product(policies, policies)), allowed=True)
        above, level = mapped, descend(mapped, held(*policies), any_allowed=True)
        assert len(level) == 30
    assert authorities(level) == set(policies)
    assert len({id(node.origins) for node in level.values()}) == 1
