"""Citizens' double certificates, and the recovery of their encryption keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cardstack.ca import pair
from cardstack.ca.agreement import Level
from cardstack.ca.officers import Approval, Officer, approve
from cardstack.ca.recovery import Ground, Recovery, verify
from cardstack.ca.register import State
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import CardstackError, Malformed
from cardstack.vault.escrow import Escrow, Pair, as_files
from tests.unit.ca.provinces import AT
from tests.unit.vault.homes import home


def issued(folder: Path, citizen: Sm2Signer) -> tuple[Escrow, Pair]:
    one = home(folder, algorithm=Algorithm.SM2_SM3)
    escrow = Escrow(one, b"centre")
    policies = (one.declared.policies[Level.HIGH],)
    numbers = {"resident-id": "11010519491231002X"}
    return escrow, escrow.issue(
        citizen.public, subject=one.name(CN="测试"), policies=policies, numbers=numbers, at=AT, actor="tester"
    )


def test_the_citizen_opens_the_encryption_key_with_the_signature_key(tmp_path: Path) -> None:
    """Two certificates with usages apart; what is encrypted to the one opens with the key from the envelope."""
    citizen = Sm2Signer.generate()
    escrow, made = issued(tmp_path, citizen)
    assert made.signature.subject == made.encryption.subject
    assert not (made.signature.key_usage or frozenset()) & (made.encryption.key_usage or frozenset())
    key = pair.opened(made.envelope, citizen)
    assert key.public.spki == made.encryption.spki
    assert key.decrypt(local.public_key(made.encryption.spki).encrypt(b"medical record")) == b"medical record"  # type: ignore[attr-defined]  # an SM2 key encrypts
    with pytest.raises(Malformed):
        pair.opened(made.envelope, Sm2Signer.generate())
    assert set(as_files(made)) == {"signature.pem", "encryption.pem", "encryption-key.der"}
    assert escrow.home.register.count()[State.GOOD] == 2


@contextmanager
def fails(code: str) -> Iterator[None]:
    """What is inside ends with this code."""
    with pytest.raises(CardstackError) as caught:
        yield
    assert caught.value.code == code


class Circle:
    """Officers with their keys."""

    def __init__(self, names: str) -> None:
        self.keys: dict[str, Signer] = {name: local.generate(Algorithm.SM2_SM3) for name in names}
        self.known = {name: Officer(name, name, key.public.spki) for name, key in self.keys.items()}

    def approve(self, asked: Recovery, names: str) -> list[Approval]:
        return [approve(asked.content(), officer=name, signer=self.keys[name], at=AT) for name in names]


def test_two_officers_recover_a_key_and_the_log_says_so(tmp_path: Path) -> None:
    """For exactly this certificate, recipient and reason; never a signature key."""
    escrow, made = issued(tmp_path, Sm2Signer.generate())
    circle, recipient = Circle("ab"), Sm2Signer.generate()
    asked = escrow.asking(made.encryption.serial, recipient.public, Ground.HOLDER, "lost card, form 7")
    raw, said = escrow.recover(asked, approvals=circle.approve(asked, "ab"), known=circle.known, at=AT)
    assert pair.opened(raw, recipient).public.spki == made.encryption.spki
    assert '"recover"' in escrow.home.journal.path.read_text("utf-8")
    assert [path.read_text("utf-8") for path in (escrow.home.folder / "escrow" / "recovered").iterdir()] == [said]
    proven = verify(said, [escrow.home.certificate.public_key], circle.known)
    assert (proven.asked, proven.officers, proven.needed) == (asked, ("a", "b"), 2)
    with fails("CS-2260"):
        escrow.recover(asked, approvals=circle.approve(asked, "a"), known=circle.known, at=AT)
    with fails("CS-2261"):
        escrow.recover(replace(asked, reason="curiosity"), approvals=circle.approve(asked, "ab"), known=circle.known, at=AT)
    for serial in (made.signature.serial, 1):
        with fails("CS-2340"):
            escrow.asking(serial, recipient.public, Ground.HOLDER, "lost card")
        other = replace(asked, serial=serial)
        with fails("CS-2340"):
            escrow.recover(other, approvals=circle.approve(other, "ab"), known=circle.known, at=AT)


def test_the_rule_is_made_once_and_holds(tmp_path: Path) -> None:
    """Three of four; after the first key, and for less than two, no rule is made."""
    one = home(tmp_path, algorithm=Algorithm.SM2_SM3)
    escrow = Escrow(one, b"centre")
    with fails("CS-2341"):
        escrow.found(1, at=AT, actor="tester")
    escrow.found(3, at=AT, actor="tester")
    with fails("CS-2341"):
        escrow.found(2, at=AT, actor="tester")
    policies = (one.declared.policies[Level.HIGH],)
    made = escrow.issue(Sm2Signer.generate().public, subject=one.name(CN="1"), policies=policies, numbers={}, at=AT, actor="x")
    circle = Circle("abcd")
    asked = escrow.asking(made.encryption.serial, Sm2Signer.generate().public, Ground.JUDICIAL, "court paper 1")
    with fails("CS-2260"):
        escrow.recover(asked, approvals=circle.approve(asked, "ab"), known=circle.known, at=AT)
    _, said = escrow.recover(asked, approvals=circle.approve(asked, "abd"), known=circle.known, at=AT)
    assert verify(said, [one.certificate.public_key]).officers == ("a", "b", "d")
    with fails("CS-2342"):
        escrow.issue(
            local.generate(Algorithm.ECDSA_P256_SHA256).public,
            subject=one.name(CN="1"),
            policies=policies,
            numbers={},
            at=AT,
            actor="x",
        )


def test_a_changed_transcript_of_a_recovery_proves_nothing(tmp_path: Path) -> None:
    """Every line dropped, doubled or touched; another authority; an officer nobody knows."""
    escrow, made = issued(tmp_path, Sm2Signer.generate())
    circle = Circle("abc")
    asked = escrow.asking(made.encryption.serial, Sm2Signer.generate().public, Ground.HOLDER, "lost card")
    _, said = escrow.recover(asked, approvals=circle.approve(asked, "abc"), known=circle.known, at=AT)
    key, lines = escrow.home.certificate.public_key, said.splitlines()
    changed = ["\n".join(lines[:place] + lines[place + 1 :]) for place in range(len(lines))]
    changed += ["\n".join([*lines[:place], lines[place], *lines[place:]]) for place in range(1, len(lines))]
    changed += [said.replace("lost card", "lost cord"), said.replace('"needed":2', '"needed":0'), "", "{}", "\n\n"]
    for text in changed:
        with pytest.raises(CardstackError):
            verify(text, [key])
    with fails("CS-2250"):
        verify(said, [local.generate(Algorithm.SM2_SM3).public])
    with fails("CS-2280"):
        verify(said, [key], Circle("abc").known)
    for held in (
        None,
        {},
        asked.as_data() | {"serial": "x"},
        asked.as_data() | {"ground": "x"},
        asked.as_data() | {"reason": ""},
    ):
        with fails("CS-2281"):
            Recovery.of_data(held)


def test_a_broken_envelope_is_malformed() -> None:
    """Every byte turned round, and keys of other lengths."""
    citizen, key = Sm2Signer.generate(), Sm2Signer.generate()
    raw = pair.envelope(key, citizen.public, bytes(range(16)))
    for place in range(0, len(raw), 5):
        broken = raw[:place] + bytes((raw[place] ^ 0xFF,)) + raw[place + 1 :]
        with pytest.raises(Malformed):
            pair.opened(broken, citizen)
    with pytest.raises(Malformed):
        pair.envelope(key, citizen.public, b"short")
