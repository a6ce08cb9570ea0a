"""Citizens' double certificates, and the recovery of their encryption keys."""

from pathlib import Path

import pytest

from cardstack.ca import pair
from cardstack.ca.agreement import Level
from cardstack.ca.officers import Officer, approve
from cardstack.ca.register import State
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import CardstackError, Malformed, Refused
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


def test_two_officers_recover_a_key_and_the_log_says_so(tmp_path: Path) -> None:
    """For exactly this certificate, recipient and reason; never a signature key."""
    escrow, made = issued(tmp_path, Sm2Signer.generate())
    keys: dict[str, Signer] = {name: local.generate(Algorithm.SM2_SM3) for name in "ab"}
    known = {name: Officer(name, name, key.public.spki) for name, key in keys.items()}
    recipient = Sm2Signer.generate()

    def recovered(serial: int, said: str, *names: str, approved: str = "lost card") -> bytes:
        what = Escrow.asking(serial, recipient.public, approved)
        approvals = [approve(what, officer=name, signer=keys[name], at=AT) for name in names]
        return escrow.recover(serial, recipient.public, reason=said, approvals=approvals, known=known, at=AT)

    raw = recovered(made.encryption.serial, "lost card", "a", "b")
    assert pair.opened(raw, recipient).public.spki == made.encryption.spki
    assert '"recover"' in escrow.home.journal.path.read_text("utf-8")
    for serial, said, names, code in (
        (made.encryption.serial, "lost card", "a", "CS-2260"),
        (made.encryption.serial, "curiosity", "ab", "CS-2261"),
        (made.signature.serial, "lost card", "ab", "CS-2340"),
    ):
        with pytest.raises(CardstackError) as caught:
            recovered(serial, said, *names)
        assert caught.value.code == code
    with pytest.raises(Refused):
        recovered(1, "lost card", "a", "b")


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
