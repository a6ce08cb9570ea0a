"""Paths through bridges and meshes, names, revocation and budgets, on PKIs made for the purpose."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from cardstack.ca.certificate import Certificate
from cardstack.ca.path import PATIENCE
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate
from cardstack.errors import Malformed
from tests.pki_kit import NOW, Bridge, Party, policy

OFF = Revocation.OFF


def refused(certificate: Certificate, rule: str, anchor: Certificate, pool: tuple[Certificate, ...] = (), **more: object) -> None:
    with pytest.raises(PathRejected) as refusal:
        validate(certificate, anchors=[Anchor(anchor)], pool=pool, at=NOW, settings=Settings(revocation=OFF, **more))  # type: ignore[arg-type]  # settings by name
    assert refusal.value.rule == rule


def test_a_card_of_another_province_is_accepted_under_our_own_policy() -> None:
    """Zhejiang's relying party learns its own policy, not the issuer's, through the bridge's mapping."""
    bridge = Bridge.of(4)
    card = bridge.provinces[0].certify(Party("card"), policies=[policy(0)])
    settings = Settings(policies=frozenset({policy(2)}))
    trusted = validate(card, anchors=[Anchor(bridge.roots[2])], pool=bridge.crosses, crls=bridge.crls, at=NOW, settings=settings)
    assert trusted.policies == {policy(2)}
    assert [str(one.subject).split(",")[0] for one in trusted.path] == [
        "CN=Province 2 CA",
        "CN=Bridge CA",
        "CN=Province 0 CA",
        "CN=card",
    ]


@pytest.mark.parametrize("count", [4, 32])
def test_a_bridge_refuses_within_its_budget(count: int) -> None:
    """A card under a policy that nobody maps: no walk through all the provinces."""
    bridge = Bridge.of(count)
    card = bridge.provinces[0].certify(Party("card"), policies=["1.2.156.77"])
    refused(card, "no-acceptable-policy", bridge.roots[1], bridge.crosses, budget=32)


def test_a_mesh_refuses_within_its_budget() -> None:
    """Twelve authorities that all certify one another have millions of paths; that none holds takes a look at each edge."""
    parties = [Party(f"Mesh {number}") for number in range(12)]
    crosses = tuple(one.certify(other, ca=True) for one, other in permutations(parties, 2))
    edges = len(crosses)
    leaf = parties[0].certify(Party("leaf"), days=(-9, -1))
    refused(leaf, "expired", parties[1].root(), crosses, budget=9 * (PATIENCE + edges))
    refused(leaf, "budget-exhausted", parties[1].root(), crosses, budget=PATIENCE)
    good = parties[0].certify(Party("leaf"))
    assert (
        len(validate(good, anchors=[Anchor(parties[1].root())], pool=crosses, at=NOW, settings=Settings(revocation=OFF)).path)
        == 3
    )


def test_building_goes_back_where_the_first_path_fails() -> None:
    """Of several certificates for the same authority only the last one tried holds."""
    root, middle, leaf = Party("Root"), Party("Middle"), Party("leaf")
    pool = (
        root.certify(middle, ca=True, days=(-9, -1)),
        root.certify(middle, ca=True, excluded=["leaf.example"]),
        root.certify(middle, ca=False),
        Party("Root", key_name="other").certify(middle, ca=True),
        root.certify(middle, ca=True),
    )
    certificate = middle.certify(leaf, names=["leaf.example"])
    for order in permutations(pool):
        trusted = validate(certificate, anchors=[Anchor(root.root())], pool=order, at=NOW, settings=Settings(revocation=OFF))
        assert trusted.path[1] == pool[-1]
    refused(certificate, "name-excluded", root.root(), pool[:-1])


@pytest.mark.parametrize(
    ("permitted", "excluded", "name", "rule"),
    [
        (["IP:10.1.0.0/16"], [], "IP:10.1.2.3", None),
        (["IP:10.1.0.0/16"], [], "IP:10.2.2.3", "name-not-permitted"),
        (["IP:10.1.0.0/16"], [], "IP:2001:db8::1", "name-not-permitted"),
        ([], ["IP:2001:db8::/32"], "IP:2001:db8::1", "name-excluded"),
        (["a.example"], [], "x.A.EXAMPLE", None),
        (["a.example"], [], "xa.example", "name-not-permitted"),
        ([], ["x.a.example"], "*.a.example", "name-excluded"),
        (["DN:Hospital"], [], "leaf.example", "name-not-permitted"),
        (["email:.a.example"], [], "email:li@x.a.example", None),
        (["email:.a.example"], [], "email:li@a.example", "name-not-permitted"),
        (["URI:.a.example"], [], "URI:https://x.a.example/y", None),
        (["URI:.a.example"], [], "URI:https://10.0.0.1/y", "name-not-permitted"),
        (["URI:.a.example"], [], "leaf.example", None),
    ],
)
def test_name_constraints(permitted: list[str], excluded: list[str], name: str, rule: str | None) -> None:
    """Each form by its own rule; a form that is not constrained is free."""
    root, middle = Party("Root"), Party("Middle")
    pool = (root.certify(middle, ca=True, permitted=permitted, excluded=excluded),)
    leaf = middle.certify(Party("leaf", "Bank"), names=[name])
    if rule is None:
        validate(leaf, anchors=[Anchor(root.root())], pool=pool, at=NOW, settings=Settings(revocation=OFF))
    else:
        refused(leaf, rule, root.root(), pool)


def test_the_anchors_own_constraints_hold() -> None:
    """What the anchor's certificate says of itself, and what the relying party adds (RFC 5937)."""
    root, middle = Party("Root"), Party("Middle")
    leaf = middle.certify(Party("leaf"), names=["a.example"])
    pool = (root.certify(middle, ca=True),)
    refused(leaf, "name-excluded", root.root(excluded=["a.example"]), pool)
    refused(leaf, "path-length", root.root(path_length=0), pool)
    refused(leaf, "path-length", root.root(), pool, max_depth=0)


def test_revocation_is_required_soft_or_off() -> None:
    """Without a CRL only soft and off pass; with the certificate on it only off does."""
    root, leaf = Party("Root"), Party("leaf")
    certificate, anchor = root.certify(leaf), Anchor(root.root())
    verdicts = {}
    for mode in Revocation:
        for name, crls in (("none", ()), ("listed", (root.crl(certificate),)), ("clear", (root.crl(),))):
            try:
                validate(certificate, anchors=[anchor], crls=crls, at=NOW, settings=Settings(revocation=mode))
                verdicts[mode, name] = "trusted"
            except PathRejected as refusal:
                verdicts[mode, name] = refusal.rule
    assert verdicts == {
        (Revocation.REQUIRE, "none"): "revocation-undetermined",
        (Revocation.REQUIRE, "listed"): "revoked",
        (Revocation.REQUIRE, "clear"): "trusted",
        (Revocation.SOFT, "none"): "trusted",
        (Revocation.SOFT, "listed"): "revoked",
        (Revocation.SOFT, "clear"): "trusted",
        (Revocation.OFF, "none"): "trusted",
        (Revocation.OFF, "listed"): "trusted",
        (Revocation.OFF, "clear"): "trusted",
    }


def test_an_edge_may_have_its_own_revocation_policy() -> None:
    """A cross certificate whose bridge is off line is let pass, all others still have to be proved."""
    bridge = Bridge.of(2)
    card = bridge.provinces[0].certify(Party("card"), policies=[policy(0)])
    lenient = {one.fingerprint: Revocation.SOFT for one in bridge.crosses if one.issuer == bridge.crosses[1].issuer}
    arguments = {"anchors": [Anchor(bridge.roots[1])], "pool": bridge.crosses, "crls": bridge.crls[:2], "at": NOW}
    with pytest.raises(PathRejected, match="CN=Province 0 CA"):
        validate(card, **arguments)  # type: ignore[arg-type]  # the same arguments twice
    assert validate(card, **arguments, settings=Settings(edges=lenient)).certificate == card  # type: ignore[arg-type]  # the same


def test_levels_of_assurance_are_policies_that_are_good_enough() -> None:
    """A relying party that asks for level 3 refuses a card under a policy of level 2."""
    root = Party("Root")
    levels = {"1.2.3": 3, "1.2.2": 2}
    high, low = root.certify(Party("leaf"), policies=["1.2.3"]), root.certify(Party("leaf"), policies=["1.2.2"])
    settings = Settings(revocation=OFF, levels=levels, minimum_level=3)
    assert validate(high, anchors=[Anchor(root.root())], at=NOW, settings=settings).level == 3
    refused(low, "no-acceptable-policy", root.root(), levels=levels, minimum_level=3)


def test_a_moment_without_a_zone_is_no_moment() -> None:
    """The caller says which clock it means."""
    root = Party("Root")
    with pytest.raises(Malformed):
        validate(root.root(), anchors=[Anchor(root.root())], at=datetime(2026, 3, 1))  # noqa: DTZ001  # that is the point


def test_an_anchor_has_its_own_time() -> None:
    """An anchor that has expired vouches for nobody."""
    root = Party("Root")
    refused(root.certify(Party("leaf")), "expired", root.root(days=(-60, -30)))


def test_an_anchor_asked_about_itself_is_trusted() -> None:
    """Its standing is the relying party's own matter; all other rules are asked of it."""
    root = Party("Root").root()
    assert validate(root, anchors=[Anchor(root)], at=NOW).path == (root,)


def test_the_error_says_what_to_do_in_both_languages() -> None:
    """Code, title, subject, clause and remedy."""
    root, leaf = Party("Root"), Party("leaf")
    certificate = root.certify(leaf)
    with pytest.raises(PathRejected) as refusal:
        validate(certificate, anchors=[Anchor(root.root())], crls=[root.crl(certificate)], at=NOW + timedelta(days=1))
    assert refusal.value.clause == "RFC 5280 §6.1.3 (a)(3)"
    assert refusal.value.say("zh").startswith(
        f"{refusal.value.code} 证书已被吊销：certificate {certificate.fingerprint[:16]}; CRL "
    )
