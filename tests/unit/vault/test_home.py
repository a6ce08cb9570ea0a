"""An authority on disk."""

from datetime import timedelta
from pathlib import Path

import pytest

from cardstack.ca import audit, csr, fields
from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.crl import Crl
from cardstack.ca.cross import implied
from cardstack.ca.issue import Wish
from cardstack.ca.profile import profile
from cardstack.ca.register import Act, Reason, State
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.errors import Malformed, Refused, Untrusted
from cardstack.text import Text
from cardstack.vault.enrolment import Enrolment
from cardstack.vault.home import AuthorityHome, Declared, Wanted
from tests.unit.ca.provinces import AT, agreement
from tests.unit.vault.homes import card, declared, home


def test_what_was_done_is_there_after_reopening(tmp_path: Path) -> None:
    """Issued, suspended, resumed and revoked certificates, folded from the log."""
    one = home(tmp_path)
    cards = [card(one, f"{number:03d}") for number in range(3)]
    one.act(cards[0].serial, Act.REVOKE, at=AT, actor="tester", reason=Reason.KEY_COMPROMISE)
    one.act(cards[1].serial, Act.SUSPEND, at=AT, actor="tester")
    one.act(cards[1].serial, Act.RESUME, at=AT + timedelta(minutes=1), actor="tester")
    again = AuthorityHome(one.folder)
    assert [again.register.record(each.serial).state for each in cards] == [State.REVOKED, State.GOOD, State.GOOD]
    assert again.register.record(cards[0].serial).reason is Reason.KEY_COMPROMISE
    assert again.issued(cards[2].serial) == cards[2]
    assert again.certificate == one.certificate


def test_two_that_have_it_open_see_each_other(tmp_path: Path) -> None:
    """A command revokes while the server answers."""
    one = home(tmp_path)
    other = AuthorityHome(one.folder)
    made = card(one)
    other.act(made.serial, Act.REVOKE, at=AT, actor="other")
    card(one, "002")
    assert one.register.record(made.serial).state is State.REVOKED
    assert len(audit_lines(one)) == 4


def audit_lines(one: AuthorityHome) -> list[str]:
    return (one.folder / "audit.jsonl").read_text("utf-8").splitlines()


def test_crls_come_on_schedule_and_are_checkpoints(tmp_path: Path) -> None:
    """Complete, then deltas, then complete again; each signs the log."""
    one = home(tmp_path)
    made = card(one)
    assert one.publish(at=AT, actor="clock") == "full"
    assert one.publish(at=AT + timedelta(hours=1), actor="clock") is None
    one.act(made.serial, Act.SUSPEND, at=AT + timedelta(hours=2), actor="tester")
    assert one.publish(at=AT + timedelta(hours=7), actor="clock") == "delta"
    delta = Crl.parse(one.crl("delta") or b"")
    assert (delta.number, delta.base_number) == (2, 1)
    one.act(made.serial, Act.RESUME, at=AT + timedelta(hours=8), actor="tester")
    assert AuthorityHome(one.folder, one.authority.signer).publish(at=AT + timedelta(days=8), actor="clock") == "full"
    verdict = audit.verify(audit_lines(one), [one.authority.signer.public])
    assert (verdict.checkpoints, verdict.signed_until) == (4, verdict.lines)


def test_a_changed_log_is_found(tmp_path: Path) -> None:
    """Changed, swapped, dropped and cut off lines; a signature of somebody else."""
    one = home(tmp_path)
    for number in range(3):
        card(one, f"{number:03d}")
    lines = audit_lines(one)
    head = audit.verify(lines).head
    broken = {
        "changed": [lines[0], lines[1].replace("CN=000", "CN=009"), *lines[2:]],
        "swapped": [lines[0], lines[2], lines[1], lines[3]],
        "dropped": [lines[0], *lines[2:]],
        "cut off": lines[:-1],
    }
    for name, changed in broken.items():
        with pytest.raises(Untrusted) as caught:
            audit.verify(changed, head=head)
        assert caught.value.code == "CS-2250", name
    with pytest.raises(Untrusted):
        audit.verify(lines, [local.generate(Algorithm.ECDSA_P256_SHA256).public])
    (one.folder / "audit.jsonl").write_text("\n".join(broken["changed"]) + "\n", "utf-8")
    with pytest.raises(Untrusted):
        AuthorityHome(one.folder)


def test_an_interrupted_line_is_written_again(tmp_path: Path) -> None:
    """Half a line at the end is not an event; the next event takes its place."""
    one = home(tmp_path)
    with (one.folder / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"number": 2, "act')
    again = AuthorityHome(one.folder, one.authority.signer)
    card(again)
    assert audit.verify(audit_lines(again)).lines == 2


def test_without_its_key_it_only_shows(tmp_path: Path) -> None:
    """CS-2304 says how to open it."""
    one = AuthorityHome(home(tmp_path).folder)
    with pytest.raises(Refused) as caught:
        card(one)
    assert caught.value.code == "CS-2304"


def test_the_cross_certificates_of_an_agreement_come_from_two_homes(tmp_path: Path) -> None:
    """Through the bridge: one from the province, one from the bridge, each in its issuer's log."""
    homes = {id_: home(tmp_path, id_) for id_ in ("00", "31", "33")}
    members = {id_: one.member for id_, one in homes.items()}
    for cross in implied([agreement("31", "33")], members, AT):
        made = homes[cross.issuer].certify(cross, members[cross.subject], at=AT, actor="tester")
        assert [each.fingerprint for each, _ in homes[cross.issuer].crosses(AT)] == [made.fingerprint]


def test_what_no_path_could_validate_is_not_given_out(tmp_path: Path) -> None:
    """A name outside the issuer's constraints, its path length used up, its dates passed: the rule is said, nothing kept."""
    one = home(tmp_path)
    asked_policy = Wish(policies=("2.999.1",))
    names = fields.name_constraints([fields.directory(one.name(O="甲"))])
    wish = Wish(policies=("2.999.1",), extensions=(names,))
    below = Declared("31a", Text("a", "甲"), one.name(O="甲", CN="sub"), "sub-ca", one.declared.policies, (one.name(O="甲"),))
    sub = AuthorityHome.create(tmp_path / "sub", below, local.generate(Algorithm.SM2_SM3), at=AT, actor="x", below=one, wish=wish)
    assert len(sub.chain) == 2
    good = sub.issue(
        profile("card"), subject=sub.name(CN="1"), public=one.certificate.public_key, at=AT, actor="x", wish=asked_policy
    )
    asked = {
        "outside": ("card", one.name(O="乙"), asked_policy),
        "too deep": ("sub-ca", sub.name(CN="deeper"), asked_policy),
        "policy": ("card", sub.name(CN="2"), Wish(policies=("2.999.2",))),
    }
    for kind, subject, wanted in asked.values():
        with pytest.raises(Refused) as caught:
            sub.issue(profile(kind), subject=subject, public=one.certificate.public_key, at=AT, actor="x", wish=wanted)
        assert caught.value.code == "CS-2203"
    assert [record.serial for record in AuthorityHome(sub.folder).register] == [good.serial]


def test_a_batch_is_issued_together_or_not_at_all(tmp_path: Path) -> None:
    """Certificates of one file are found again, acted on like others, and one that does not fit spoils the batch."""
    one = home(tmp_path)
    public, wish = one.certificate.public_key, Wish(policies=(one.declared.policies[Level.HIGH],))
    wanted = [Wanted(one.name(CN=f"{number:03d}"), public, wish) for number in range(5)]
    made = one.issue_many(profile("card"), wanted, at=AT, actor="tester")
    again = AuthorityHome(one.folder)
    assert [again.issued(each.serial) for each in made] == list(made)
    one.act(made[3].serial, Act.REVOKE, at=AT, actor="tester")
    again.refresh()
    assert again.register.record(made[3].serial).state is State.REVOKED
    with pytest.raises(Refused):
        one.issue_many(profile("card"), [*wanted, Wanted(one.name(CN="x"), public, Wish())], at=AT, actor="tester")
    assert one.issue_many(profile("card"), [], at=AT, actor="tester") == ()
    assert audit.verify(audit_lines(one)).lines == 7


def test_an_authority_is_made_once(tmp_path: Path) -> None:
    """CS-2303; and a folder without one is CS-2301."""
    one = home(tmp_path)
    with pytest.raises(Refused) as caught:
        AuthorityHome.create(one.folder, declared(), local.generate(Algorithm.ECDSA_P256_SHA256), at=AT, actor="x")
    assert caught.value.code == "CS-2303"
    with pytest.raises(Refused) as caught:
        AuthorityHome(tmp_path / "none")
    assert caught.value.code == "CS-2301"
    (one.folder / "authority.json").write_text("{}")
    with pytest.raises(Malformed):
        AuthorityHome(one.folder)


def test_a_ticket_is_good_for_one_certificate(tmp_path: Path) -> None:
    """Its words decide what is issued; wrong secret, second use and lateness are CS-2310."""
    one = home(tmp_path)
    enrolment = Enrolment(one)
    ticket, secret = enrolment.ticket(
        "node-tls", attributes={"O": "测试医院", "CN": "node"}, level=Level.HIGH, hosts=("a.p31.example",), at=AT, actor="tester"
    )
    key = local.generate(Algorithm.ECDSA_P256_SHA256)
    request = csr.build(der.name(CN="anything"), key)
    for secret_, at in (("wrong", AT), (secret, AT + timedelta(days=30))):
        with pytest.raises(Untrusted) as caught:
            enrolment.enrol(request, ticket=ticket.id, secret=secret_, at=at)
        assert caught.value.code == "CS-2310"
    made = enrolment.enrol(request, ticket=ticket.id, secret=secret, at=AT)
    assert made.subject.text == "CN=node,O=测试医院,ST=上海市,C=CN"
    assert [str(name) for name in made.alternative_names] == ["DNS:a.p31.example"]
    with pytest.raises(Untrusted):
        enrolment.enrol(request, ticket=ticket.id, secret=secret, at=AT)
    assert secret not in (one.folder / "audit.jsonl").read_text("utf-8")


def test_a_valid_certificate_fetches_its_successor(tmp_path: Path) -> None:
    """The same words for a new key; not for a revoked or foreign one, nor for another subject."""
    one = home(tmp_path)
    enrolment = Enrolment(one)
    ticket, secret = enrolment.ticket("terminal", attributes={"CN": "T1"}, level=Level.BASIC, at=AT, actor="tester")
    old = local.generate(Algorithm.ECDSA_P256_SHA256)
    first = enrolment.enrol(csr.build(der.name(CN="x"), old), ticket=ticket.id, secret=secret, at=AT)
    new = local.generate(Algorithm.SM2_SM3)
    second = enrolment.renew(csr.build(first.subject.raw, new), held=first, at=AT + timedelta(days=1))
    assert (second.subject, second.policies, second.spki) == (first.subject, first.policies, new.public.spki)
    one.act(first.serial, Act.REVOKE, at=AT, actor="tester", reason=Reason.SUPERSEDED)
    for held, subject in ((first, first.subject.raw), (second, der.name(CN="y")), (card(one), first.subject.raw)):
        with pytest.raises(Untrusted) as caught:
            enrolment.renew(csr.build(subject, new), held=held, at=AT + timedelta(days=1))
        assert caught.value.code == "CS-2311"


def test_a_request_is_signed_by_its_own_key() -> None:
    """A changed request and one for somebody else's key are Malformed."""
    key = local.generate(Algorithm.RSA_SHA256)
    good = csr.build(der.name(C="CN", CN="x"), key)
    assert csr.Request.parse(good).public == key.public
    for place in range(0, len(good), 7):
        broken = good[:place] + bytes((good[place] ^ 1,)) + good[place + 1 :]
        with pytest.raises(Malformed):
            csr.Request.parse(broken)
