"""Authorities that agree: plan, approve, apply, lists."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from cardstack.ca import agreed, trustlist
from cardstack.ca import encoding as der
from cardstack.ca.agreement import Event, Level, Status, Step
from cardstack.ca.cross import Move
from cardstack.ca.officers import Approval, Officer, approve
from cardstack.ca.register import State
from cardstack.ca.trust import Anchor, Settings, validate
from cardstack.ca.trustlist import Seen
from cardstack.cli.demo.authorities import Authorities
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from cardstack.vault.network import Network
from tests.unit.ca.provinces import AT, agreement, policies
from tests.unit.vault.homes import card, home

PASSWORD = b"test password"
EVERYBODY = [agreement(by, of) for by, of in permutations(("31", "33"), 2)]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Two provinces and a bridge that have agreed, and nothing issued yet."""
    for id_ in ("00", "31", "33"):
        one = home(tmp_path, id_)
        signer = one.authority.signer
        assert isinstance(signer, local.LocalSigner)
        (one.folder / "key.pem").write_bytes(signer.to_pkcs8(PASSWORD))
    made = Network(tmp_path, PASSWORD)
    made.agree(EVERYBODY)
    return made


def officers(network: Network, *names: str) -> dict[str, Signer]:
    keys: dict[str, Signer] = {name: local.generate(Algorithm.ECDSA_P256_SHA256) for name in names}
    for name, key in keys.items():
        network.appoint(Officer(name, f"测试 {name}", key.public.spki), at=AT)
    return keys


def applied(network: Network) -> dict[str, Signer]:
    keys = officers(network, "a", "b")
    what = network.plan(AT).content()
    network.apply(what, [approve(what, officer=name, signer=key, at=AT) for name, key in keys.items()], at=AT)
    return keys


def test_two_officers_carry_a_plan_out(network: Network) -> None:
    """Four certificates; then the plan is empty, and cards are recognised with CRLs required."""
    assert [one.move for one in network.plan(AT).changes] == [Move.ISSUE] * 4
    applied(network)
    assert network.plan(AT).changes == ()
    made = card(network.home("31"))
    for one in network.homes.values():
        one.publish(at=AT, actor="clock")
    asked = Settings(policies=frozenset({policies("33")[Level.HIGH]}), explicit_policy=True)
    anchor = Anchor(network.home("33").certificate)
    trusted = validate(made, anchors=[anchor], pool=network.pool(AT), crls=network.crls(), at=AT, settings=asked)
    assert trusted.policies == {policies("33")[Level.HIGH]}
    assert Network(network.folder).plan(AT).changes == ()


def test_fewer_than_two_officers_are_refused(network: Network) -> None:
    """One alone, one twice, a stranger, another plan, an old approval: nothing is issued."""
    keys = officers(network, "a", "b")
    what = network.plan(AT).content()
    yes = {name: approve(what, officer=name, signer=key, at=AT) for name, key in keys.items()}
    stranger = approve(what, officer="c", signer=local.generate(Algorithm.SM2_SM3), at=AT)
    old = approve(what, officer="b", signer=keys["b"], at=AT - timedelta(days=30))
    other = approve(b"other", officer="b", signer=keys["b"], at=AT)
    forged = Approval("b", AT, yes["a"].signature)
    for approvals, code in (
        ([yes["a"]], "CS-2260"),
        ([yes["a"], yes["a"]], "CS-2260"),
        ([yes["a"], stranger], "CS-2261"),
        ([yes["a"], old], "CS-2261"),
        ([yes["a"], other], "CS-2261"),
        ([yes["a"], forged], "CS-2261"),
    ):
        with pytest.raises(CardstackError) as caught:
            network.apply(what, approvals, at=AT)
        assert caught.value.code == code
    network.agree([replace(EVERYBODY[0], levels=((Level.HIGH, Level.BASIC),))])
    with pytest.raises(Refused) as refused:
        network.apply(what, list(yes.values()), at=AT)
    assert refused.value.code == "CS-2320"
    assert network.crosses(AT) == []


def test_the_third_officer_needs_the_first_two(network: Network) -> None:
    """The circle does not grow by itself, and nobody is in it twice."""
    keys = officers(network, "a", "b")
    third = Officer("c", "测试 c", local.generate(Algorithm.ECDSA_P256_SHA256).public.spki)
    with pytest.raises(Refused):
        network.appoint(third, at=AT)
    with pytest.raises(Refused):
        network.appoint(replace(third, spki=keys["a"].public.spki), at=AT)
    assert set(network.officers()) == {"a", "b"}


def test_a_changed_agreement_replaces_and_an_ended_one_revokes(network: Network) -> None:
    """The new certificate is there before the old one is revoked, and the CRL says so at once."""
    keys = applied(network)
    ended = [one.after(Event(date(2026, 6, 1), Step.END, "invented")) for one in EVERYBODY[:1]]
    network.agree([*ended, replace(EVERYBODY[1], levels=((Level.HIGH, Level.SUBSTANTIAL),))])
    changes = network.plan(AT).changes
    assert sorted(one.move for one in changes) == [Move.REPLACE, Move.REPLACE, Move.REVOKE, Move.REVOKE]
    what = network.plan(AT).content()
    made = network.apply(what, [approve(what, officer=name, signer=key, at=AT) for name, key in keys.items()], at=AT)
    assert len(made) == 2
    assert sum(record.state is State.REVOKED for _, _, record in network.crosses(AT)) == 4
    assert sum(len(one.register.entries()) for one in network.homes.values()) == 4
    assert all(one.crl("full") for one in network.homes.values())
    seen = {(one.by, one.of, one.theirs, one.ours) for one in network.graph(AT).recognitions(AT) if "00" not in (one.by, one.of)}
    assert seen == {("33", "31", Level.HIGH, Level.SUBSTANTIAL)}


def test_the_table_of_agreements_survives_reading_and_writing() -> None:
    """Every field; and what is wrong is said with the entry's place."""
    rich = replace(
        agreement("31", "33"), purposes=("card", "message"), excluded=(der.name(C="CN", ST="浙江省", L="测试"),), path_length=0
    )
    both = (rich, agreement("33", "31", via=None))
    assert agreed.load(agreed.dump(both)) == both
    good = agreed.dump(both)
    for wrong in (
        good.replace('"high"', '"highest"'),
        good.replace("since = 2026-01-01", 'since = "2026"'),
        good.replace('by = "31"', "by = 31"),
        good.replace("path_length = 0", "pathlength = 0"),
        good.replace('step = "sign"', 'step = "suspend"'),
        "[agreement]\n",
        "x = 1\n",
        "=",
    ):
        with pytest.raises(Malformed) as caught:
            agreed.load(wrong)
        assert caught.value.code == "CS-2213", wrong


def test_a_trust_list_says_whom_a_province_recognises(network: Network) -> None:
    """Sequence rises; anchors, levels and policies follow from the agreements; an ended one stays with its history."""
    one = network.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    again = network.publish_list("31", at=AT + timedelta(days=1), actor="tester", password=PASSWORD)
    assert (one.sequence, again.sequence) == (1, 2)
    raw = (network.home("31").folder / "trustlist.json").read_bytes()
    root = network.home("31").certificate
    read, signer = trustlist.accept(raw, anchors=[root], at=AT + timedelta(days=2), last=Seen.of(one))
    assert read == again
    assert [anchor.fingerprint for anchor in read.anchors] == [network.home("33").certificate.fingerprint]
    assert (policies("33")[Level.HIGH], policies("31")[Level.HIGH]) in read.services[0].policies
    assert read.services[0].status_at(date(2025, 1, 1)) is Status.PROPOSED
    network.agree([each.after(Event(date(2026, 6, 1), Step.END, "invented")) for each in EVERYBODY])
    empty = network.publish_list("31", at=AT + timedelta(days=3), actor="tester", password=PASSWORD)
    assert [service.status for service in empty.services] == [Status.ENDED]
    assert empty.services[0].status_at(date(2026, 3, 1)) is Status.IN_FORCE
    with pytest.raises(Untrusted) as caught:
        trustlist.accept((network.home("31").folder / "trustlist.json").read_bytes(), anchors=[root], at=AT + timedelta(days=4))
    assert caught.value.code == "CS-2274"
    assert signer.subject.text.startswith("CN=Trust list 31")


def test_a_false_old_or_stale_list_is_not_taken(network: Network) -> None:
    """Changed content, another signer, a rollback, a past next update: each with its code."""
    first = network.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    path = network.home("31").folder / "trustlist.json"
    old = path.read_bytes()
    second = network.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    raw, root = path.read_bytes(), network.home("31").certificate

    def code(listed: bytes, *, at: object = None, last: Seen | None = None, anchor: object = None) -> str:
        moment = AT + timedelta(days=60) if at == "late" else AT
        anchors = [network.home("33").certificate] if anchor == "other" else [root]
        with pytest.raises(CardstackError) as caught:
            trustlist.accept(listed, anchors=anchors, at=moment, last=last)
        return caught.value.code

    assert trustlist.accept(raw, anchors=[root], at=AT, last=Seen.of(second))[0] == second
    assert code(raw.replace(b'"sequence": 2', b'"sequence": 3')) == "CS-2271"
    assert code(old, last=Seen.of(second)) == "CS-2272"
    assert code(raw, at="late") == "CS-2273"
    assert code(raw, anchor="other").startswith("CS-21")
    assert code(b"{}") == "CS-2270"
    assert code(raw[:-20]) == "CS-2270"
    assert first.sequence == 1


def test_a_pivot_hands_the_list_over_to_another_key(network: Network) -> None:
    """A list names the next signer; only who took that list accepts the next one from it."""
    one = home(network.folder / "new", "34")
    network.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    old = network.home("31").folder
    signer = local.load_pkcs8((old / "trustlist-key.pem").read_bytes(), PASSWORD)
    current, held = trustlist.accept((old / "trustlist.json").read_bytes(), anchors=[network.home("31").certificate], at=AT)
    foreign = one.authority
    assert foreign.certificate is not None
    pivot = replace(current, sequence=2, pivots=(foreign.certificate.raw,))
    taken, _ = trustlist.accept(
        trustlist.sign(pivot, signer, held), anchors=[network.home("31").certificate], at=AT, last=Seen.of(current)
    )
    after = replace(current, sequence=3, pivots=())
    raw = trustlist.sign(after, foreign.signer, foreign.certificate)
    root = network.home("31").certificate
    assert trustlist.accept(raw, anchors=[root], at=AT, last=Seen.of(taken))[0] == after
    with pytest.raises(Untrusted):
        trustlist.accept(raw, anchors=[root], at=AT, last=Seen.of(current))
    assert pem("X", b"")


def test_the_demo_has_issued_what_it_agreed(tmp_path: Path) -> None:
    """Its console shows agreements, and nothing left to carry out."""
    Authorities(tmp_path, AT)
    here = Network(tmp_path)
    assert len(here.agreements()) == 12
    assert here.plan(AT).changes == ()
