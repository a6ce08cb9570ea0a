"""Certificates that we issue, read back by us, by OpenSSL and by GnuTLS."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.agreement import Event, Level, Step
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.issue import Authority, Places, Wish, issue, link
from cardstack.ca.profile import PROFILES, PURPOSES, Profile, profile
from cardstack.ca.register import Act, Entry, Reason, Record, Register
from cardstack.ca.revocation import Schedule, Scope, delta_crl, full_crl, issue_crl
from cardstack.ca.trust import Anchor, PathRejected, validate
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm
from cardstack.errors import Malformed, Refused
from tests.unit.ca.provinces import AT, agreement, policies, world

INTERNATIONAL = [Algorithm.ECDSA_P256_SHA256, Algorithm.ECDSA_P384_SHA384, Algorithm.RSA_SHA256]
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
needs_certtool = pytest.mark.skipif(shutil.which("certtool") is None, reason="needs GnuTLS certtool")


def leaf(kind: Profile, issuer: Authority, serial: int) -> Certificate:
    """A certificate of any profile for an end entity or a subordinate authority."""
    wish = Wish(
        policies=(policies("31")[Level.HIGH],) if kind.policy else (),
        names=(fields.dns("node.p31.example"),) if kind.alternative_name else (),
        numbers=dict.fromkeys(kind.numbers, "TEST0001"),
    )
    subject = der.name(C="CN", ST="上海市", O="测试 Test", CN=kind.name)
    public = local.generate(Algorithm.ECDSA_P256_SHA256).public
    return issue(kind, subject=subject, public=public, issuer=issuer, at=AT, serial=serial, wish=wish)


def openssl(*arguments: object, cwd: Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(folder: Path, **certificates: Certificate | bytes) -> None:
    for name, one in certificates.items():
        label, raw = ("CERTIFICATE", one.raw) if isinstance(one, Certificate) else ("X509 CRL", one)
        (folder / name).write_bytes(pem(label, raw))


ISSUED = [kind for kind in PROFILES.values() if kind.name not in {"province-root", "bridge", "cross", "link"}]


@pytest.mark.parametrize("kind", ISSUED, ids=lambda kind: kind.name)
def test_a_certificate_says_what_its_profile_declares(kind: Profile) -> None:
    """Usages, purposes, numbers, policy and criticality are those of the declaration."""
    home = world(titles={"31": "上海市"})
    made = leaf(kind, home.authorities["31"], 5)
    assert not made.defects
    assert made.key_usage == frozenset(map(int, kind.usages))
    assert made.extended_key_usage == (frozenset(PURPOSES[name] for name in kind.purposes) or None)
    assert made.is_ca == kind.ca
    assert made.no_check == kind.no_check
    assert {fields.HOLDER_NUMBERS[name] for name in kind.numbers} <= made.present
    assert (made.policies is not None) == kind.policy
    home.authorities["31"].signer.public.verify(made.signature, made.tbs)


@needs_openssl
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_accepts_every_profile_strictly(algorithm: Algorithm, tmp_path: Path) -> None:
    """Root, CRL and a certificate of each profile pass `openssl verify -x509_strict` with revocation checked."""
    home = world(algorithm, {"31": "上海市"}).authorities["31"]
    assert home.certificate is not None
    crl = full_crl(home, Register(), number=1, at=AT, schedule=Schedule())
    write(tmp_path, root=home.certificate, crl=crl)
    at = str(int((AT + timedelta(hours=1)).timestamp()))
    serials = count(100)
    for kind in ISSUED:
        write(tmp_path, leaf=leaf(kind, home, next(serials)))
        checks = ["-x509_strict", "-check_ss_sig", "-crl_check_all", "-policy_check", "-attime", at]
        openssl("verify", *checks, "-CAfile", "root", "-CRLfile", "crl", "leaf", cwd=tmp_path)


@needs_openssl
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_follows_the_bridge_with_policies_mapped(algorithm: Algorithm, tmp_path: Path) -> None:
    """Zhejiang's anchor, the bridge, Shanghai's card: its policy counts as Zhejiang's high one, and as no other."""
    all_ = world(algorithm)
    crosses = all_.cross([agreement("33", "31"), agreement("31", "33")])
    card, anchor = all_.card("31"), all_.authorities["33"].certificate
    assert anchor is not None
    write(tmp_path, root=anchor, card=card, up=crosses["33", "00"], down=crosses["00", "31"])
    (tmp_path / "pool").write_bytes((tmp_path / "up").read_bytes() + (tmp_path / "down").read_bytes())
    at = ["-attime", str(int(AT.timestamp()))]
    command = ["verify", "-x509_strict", *at, "-explicit_policy", "-CAfile", "root", "-untrusted", "pool"]
    openssl(*command, "-policy", policies("33")[Level.HIGH], "card", cwd=tmp_path)
    for wrong in (policies("33")[Level.BASIC], policies("31")[Level.HIGH]):
        with pytest.raises(AssertionError, match="no explicit policy"):
            openssl(*command, "-policy", wrong, "card", cwd=tmp_path)
    write(tmp_path, card=all_.card("32"))
    with pytest.raises(AssertionError):
        openssl(*command, "-policy", policies("33")[Level.HIGH], "card", cwd=tmp_path)


@needs_openssl
def test_openssl_accepts_sm2_hop_by_hop(tmp_path: Path) -> None:
    """Each SM2 certificate of the bridged path under its issuer's, with the standard ID."""
    all_ = world(Algorithm.SM2_SM3)
    crosses = all_.cross([agreement("33", "31")])
    roots = {id_: authority.certificate for id_, authority in all_.authorities.items()}
    hops = [
        (roots["33"], crosses["33", "00"]),
        (crosses["33", "00"], crosses["00", "31"]),
        (crosses["00", "31"], all_.card("31")),
    ]
    for issuer, subject in hops:
        assert issuer is not None
        write(tmp_path, issuer=issuer, subject=subject)
        at = ["-attime", str(int(AT.timestamp()))]
        identity = ["-vfyopt", "distid:1234567812345678"]
        openssl("verify", "-partial_chain", "-trusted", "issuer", *identity, *at, "subject", cwd=tmp_path)
    text = openssl("x509", "-in", "subject", "-noout", "-text", cwd=tmp_path)
    assert "SM2-with-SM3" in text
    assert "1.2.156.10260.4.1.2" in text


@needs_certtool
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_gnutls_accepts_the_chain_and_the_crl(algorithm: Algorithm, tmp_path: Path) -> None:
    """`certtool --verify` trusts a card below a sub CA below its root; `--verify-crl` trusts the CRL.

    GnuTLS has no policies, so of a critical mapping it says just that. certtool 3.7 has no clock to set: these are of today.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    all_ = world(algorithm, at=now)
    signed = Event(date(2000, 1, 1), Step.SIGN, "invented")
    always = replace(agreement("33", "31"), since=date(2000, 1, 1), until=date(2090, 1, 1), history=(signed,))
    crosses, home = all_.cross([always], at=now), all_.authorities["31"]
    key, name = local.generate(algorithm), der.name(C="CN", ST="上海市", CN="sub")
    wish = Wish(policies=(policies("31")[Level.HIGH],))
    below = issue(
        profile("sub-ca"), subject=name, public=key.public, issuer=home, at=now - timedelta(hours=2), serial=9, wish=wish
    )
    card = all_.card("31", at=now, issuer=Authority.of(below, key))
    register = Register([Record(card.serial, "card", "", card.fingerprint, card.valid_until)])
    assert home.certificate is not None
    crl = full_crl(home, register, number=1, at=now - timedelta(minutes=5), schedule=Schedule())
    write(tmp_path, root=home.certificate, crl=crl, anchor=crosses["33", "00"])
    (tmp_path / "chain").write_bytes(pem("CERTIFICATE", card.raw) + pem("CERTIFICATE", below.raw))
    write(tmp_path, cross=crosses["00", "31"])

    def certtool(*arguments: str, ok: bool = True) -> str:
        done = subprocess.run(["certtool", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    verified = certtool("--verify", "--infile", "chain", "--load-ca-certificate", "root")
    assert "Chain verification output: Verified. The certificate is trusted." in verified
    assert "Verification output: Verified." in certtool("--verify-crl", "--infile", "crl", "--load-ca-certificate", "root")
    assert "1.2.156.10260.4.1.2" in certtool("--certificate-info", "--infile", "chain")
    unknown = certtool("--verify", "--infile", "cross", "--load-ca-certificate", "anchor", ok=False)
    assert "contains an unknown critical extension" in unknown


@needs_openssl
@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_indirect_crl_revokes_for_an_authority_that_signs_none(algorithm: Algorithm, tmp_path: Path) -> None:
    """A CRL issuer below the root lists another authority's card; ours and openssl's validator find it there."""
    home = world(algorithm, {"31": "上海市"}).authorities["31"]
    assert home.certificate is not None
    key, name = local.generate(algorithm), der.name(C="CN", ST="上海市", CN="CRL")
    signing = issue(profile("crl"), subject=name, public=key.public, issuer=home, at=AT, serial=50)
    issuer = replace(home, crl_issuer=name, places=Places(crl=("http://127.0.0.1:1/indirect.crl",)))
    good, bad = (leaf(profile("card"), issuer, serial) for serial in (60, 61))
    entries = [Entry(bad.serial, AT, Reason.PRIVILEGE_WITHDRAWN, home.subject), Entry(7, AT, Reason.SUPERSEDED)]
    scope = Scope(("http://127.0.0.1:1/indirect.crl",), indirect=True)
    crl = issue_crl(Authority(name, key, signing), entries, number=3, at=AT, next_update=AT + timedelta(days=1), scope=scope)

    crls = [Crl.parse(one) for one in (crl, full_crl(home, Register(), number=1, at=AT, schedule=Schedule()))]
    later = AT + timedelta(minutes=1)
    anchors = [Anchor(home.certificate)]
    assert validate(good, anchors=anchors, pool=[signing], crls=crls, at=later).certificate == good
    with pytest.raises(PathRejected) as caught:
        validate(bad, anchors=anchors, pool=[signing], crls=crls, at=later)
    assert caught.value.rule == "revoked"
    write(tmp_path, crl=crl)
    assert "Indirect CRL" in openssl("crl", "-in", "crl", "-noout", "-text", cwd=tmp_path)


@needs_openssl
def test_a_key_change_links_old_and_new(tmp_path: Path) -> None:
    """Who knows the old root accepts what the new key signs, and the other way round."""
    home = world(titles={"31": "上海市"})
    old = home.authorities["31"]
    new = replace(old, signer=local.generate(Algorithm.ECDSA_P256_SHA256), certificate=None)
    forward, back = link(old, new, profile=profile("link"), at=AT, serials=(21, 22))
    assert forward.self_issued
    assert back.self_issued
    assert old.certificate is not None
    write(tmp_path, old=old.certificate, link=forward, card=home.card("31", issuer=replace(new, certificate=forward)))
    at = ["-attime", str(int((AT + timedelta(minutes=1)).timestamp()))]
    openssl("verify", "-x509_strict", *at, "-CAfile", "old", "-untrusted", "link", "card", cwd=tmp_path)
    with pytest.raises(Refused):
        link(old, old, profile=profile("link"), at=AT, serials=(1, 2))


@pytest.mark.parametrize(
    ("kind", "wish", "serial"),
    [
        ("card", Wish(), 1),
        ("card", Wish(policies=(fields.ANY_POLICY,)), 1),
        ("card", Wish(policies=("2.999.1",), path_length=0), 1),
        ("card", Wish(policies=("2.999.1",), numbers={"credit-code": "X"}), 1),
        ("card", Wish(policies=("2.999.1",)), 0),
        ("card", Wish(policies=("2.999.1",)), 1 << 159),
        ("card", Wish(policies=("2.999.1",)), -5),
        ("node-tls", Wish(policies=("2.999.1",)), 1),
    ],
)
def test_a_wish_beyond_the_profile_is_refused(kind: str, wish: Wish, serial: int) -> None:
    """CS-2202 says what does not fit; nothing is issued."""
    issuer = world(titles={"31": "上海市"}).authorities["31"]
    public = local.generate(Algorithm.ECDSA_P256_SHA256).public
    with pytest.raises(Refused) as caught:
        issue(profile(kind), subject=der.name(CN="x"), public=public, issuer=issuer, at=AT, serial=serial, wish=wish)
    assert caught.value.code == "CS-2202"


def test_it_lasts_no_longer_than_profile_and_issuer() -> None:
    """The issuer's own end cuts a certificate short; asking for more than the profile allows is refused."""
    home = world(titles={"31": "上海市"})
    root = home.authorities["31"].certificate
    assert root is not None
    late = root.valid_until - timedelta(days=10)
    assert home.card("31", at=late).valid_until == root.valid_until
    with pytest.raises(Refused):
        issue(
            profile("ocsp"),
            subject=der.name(CN="x"),
            public=home.authorities["31"].signer.public,
            issuer=home.authorities["31"],
            at=AT,
            serial=9,
            until=AT + timedelta(days=4000),
        )


def test_unknown_profiles_and_names_are_said() -> None:
    """What is not in a table is Malformed with the table's names."""
    with pytest.raises(Malformed) as caught:
        profile("passport")
    assert caught.value.code == "CS-2201"
    with pytest.raises(Malformed):
        fields.holder_number("phone", "1")


@needs_openssl
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_sees_revoked_suspended_and_resumed_cards(algorithm: Algorithm, tmp_path: Path) -> None:
    """Complete and delta CRLs: a revoked card fails, a suspended one fails until it is resumed."""
    home = world(algorithm, {"31": "上海市"})
    authority, cards = home.authorities["31"], [home.card("31") for _ in range(3)]
    register = Register([Record(one.serial, "card", one.subject.text, one.fingerprint, one.valid_until) for one in cards])
    revoked, suspended, good = cards
    register.act(revoked.serial, Act.REVOKE, AT, Reason.KEY_COMPROMISE)
    register.act(suspended.serial, Act.SUSPEND, AT)
    full = full_crl(authority, register, number=1, at=AT, schedule=Schedule())
    register.act(suspended.serial, Act.RESUME, AT + timedelta(minutes=1))
    register.act(good.serial, Act.REVOKE, AT + timedelta(minutes=2))
    later = AT + timedelta(hours=6)
    delta = delta_crl(authority, register, number=2, base=1, base_at=AT, at=later, schedule=Schedule())
    assert authority.certificate is not None
    write(tmp_path, root=authority.certificate, full=full, delta=delta)
    (tmp_path / "crls").write_bytes((tmp_path / "full").read_bytes() + (tmp_path / "delta").read_bytes())
    write(tmp_path, **{f"card{place}": one for place, one in enumerate(cards)})

    def verdict(place: int, crls: str, *more: str) -> bool:
        at = ["-attime", str(int((later + timedelta(minutes=1)).timestamp()))]
        command = ["openssl", "verify", *at, "-x509_strict", "-crl_check", *more, "-CAfile", "root", "-CRLfile", crls]
        return subprocess.run([*command, f"card{place}"], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert [verdict(place, "full") for place in range(3)] == [False, False, True]
    assert [verdict(place, "crls", "-use_deltas", "-extended_crl") for place in range(3)] == [False, True, False]
