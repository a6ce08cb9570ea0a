"""What agreements imply is what the validator accepts: the graph's arithmetic beside `trust.validate`."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.ca.agreement import Agreement, Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.graph import Graph
from cardstack.ca.register import Act, Reason, Record, Register
from cardstack.ca.revocation import Schedule, full_crl
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from cardstack.crypto.keys import Algorithm
from cardstack.errors import Refused
from tests.unit.ca.provinces import AT, TITLES, World, agreement, policies, world

PROVINCES = [id_ for id_ in TITLES if id_ != "00"]
WORLD = world()
CARDS = {(id_, level): WORLD.card(id_, level) for id_ in PROVINCES for level in Level}


def accepted(by: str, card: Certificate, pool: list[Certificate], all_: World = WORLD) -> frozenset[str]:
    """The policies of `by` under which it accepts a card; none where it refuses."""
    anchor = all_.authorities[by].certificate
    assert anchor is not None
    asked = Settings(policies=frozenset(policies(by).values()), explicit_policy=True, revocation=Revocation.OFF)
    try:
        return validate(card, anchors=[Anchor(anchor)], pool=pool, at=AT, settings=asked).policies
    except PathRejected:
        return frozenset()


matrices = st.sampled_from(
    [
        tuple((level, level) for level in Level),
        ((Level.HIGH, Level.SUBSTANTIAL),),
        ((Level.HIGH, Level.HIGH), (Level.SUBSTANTIAL, Level.BASIC)),
    ]
)
agreements = st.builds(
    lambda pair, via, matrix: agreement(pair[0], pair[1], via, matrix),
    st.sampled_from(list(permutations(PROVINCES, 2))),
    st.sampled_from([None, "00"]),
    matrices,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(agreements, max_size=6, unique_by=lambda one: one.id))
def test_the_graph_and_the_validator_agree_on_any_agreements(agreed: list[Agreement]) -> None:
    """For every pair and level: what the graph computes, what was agreed, and what a real card's path gives."""
    try:
        pool = WORLD.cross(agreed)
    except Refused:
        return  # a bridge that could not tell them apart: nothing is issued
    graph = Graph.build(WORLD.members, [(issuer, one) for (issuer, _), one in pool.items()])
    seen = {(one.by, one.of, one.theirs): one.ours for one in graph.recognitions(AT) if "00" not in (one.by, one.of)}
    wanted = {(one.by, one.of, theirs): ours for one in agreed for theirs, ours in one.levels}
    assert seen == wanted
    for by, of in permutations(PROVINCES, 2):
        for level in Level:
            expected = {policies(by)[seen[by, of, level]]} if (by, of, level) in seen else set()
            assert accepted(by, CARDS[of, level], list(pool.values())) == expected


@pytest.mark.parametrize("algorithm", Algorithm)
def test_four_provinces_and_a_bridge_validate_in_every_suite(algorithm: Algorithm) -> None:
    """A Shanghai card in Zhejiang through the bridge, with CRLs required; revoked, it is refused."""
    all_ = world(algorithm)
    pool = all_.cross([agreement(by, of) for by, of in permutations(PROVINCES, 2)])
    card, anchor = all_.card("31"), all_.authorities["33"].certificate
    assert anchor is not None
    register = Register([Record(card.serial, "card", "", card.fingerprint, card.valid_until)])

    def crls() -> list[Crl]:
        made = {id_: Register() for id_ in TITLES} | {"31": register}
        return [
            Crl.parse(full_crl(all_.authorities[id_], held, number=1, at=AT, schedule=Schedule())) for id_, held in made.items()
        ]

    asked = Settings(policies=frozenset({policies("33")[Level.HIGH]}), explicit_policy=True)
    trusted = validate(card, anchors=[Anchor(anchor)], pool=pool.values(), crls=crls(), at=AT, settings=asked)
    assert trusted.policies == {policies("33")[Level.HIGH]}
    assert len(trusted.path) == 4
    register.act(card.serial, Act.REVOKE, AT, Reason.KEY_COMPROMISE)
    with pytest.raises(PathRejected) as caught:
        validate(card, anchors=[Anchor(anchor)], pool=pool.values(), crls=crls(), at=AT, settings=asked)
    assert caught.value.certificate == card
