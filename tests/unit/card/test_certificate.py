"""A generation 3 card proves itself by its certificate, once a path has vouched for that."""

from datetime import timedelta

import pytest

from cardstack.apdu.script import Script, run
from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish, issue
from cardstack.ca.profile import profile as certificate_profile
from cardstack.ca.trust import Anchor, Revocation, Settings, Trusted, validate
from cardstack.card import proving, reading
from cardstack.card.profiles import profile
from cardstack.card.profiles.pki import CertificateRoom
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import Malformed, Refused, Untrusted
from emulator.factory import pair_number, personalise
from emulator.slot import Slot
from tests.cards import ordered
from tests.unit.ca.provinces import AT, policies, world

THIRD = profile("3.00")
NONCE = bytes(range(16))


def issued(number: bytes) -> tuple[Certificate, Trusted]:
    """A Shanghai certificate for a card's key, and what validating it from Shanghai's anchor gives."""
    everyone = world(Algorithm.SM2_SM3)
    authority = everyone.authorities["31"]
    certificate = issue(
        certificate_profile("card"),
        subject=der.name(C="CN", ST="上海市", O="测试 Test", CN="社会保障卡 001"),
        public=Sm2Signer.from_number(number).public,
        issuer=authority,
        at=AT - timedelta(hours=1),
        serial=7,
        wish=Wish(policies=(policies("31")[Level.HIGH],), numbers={"social-insurance": "TEST0001"}),
    )
    assert authority.certificate is not None
    asked = Settings(revocation=Revocation.OFF)
    return certificate, validate(certificate, anchors=[Anchor(authority.certificate)], at=AT, settings=asked)


def proof(trusted: Trusted) -> Script[bytes]:
    certificate = yield from reading.read_certificate(THIRD)
    yield from proving.verify_pin("123456")
    yield from proving.prove_by_certificate(trusted, NONCE)
    return certificate


def test_the_card_signs_for_its_trusted_certificate() -> None:
    """The certificate comes from file 0018, the signature from the key inside."""
    certificate, trusted = issued(pair_number(ordered("3.00"), THIRD.application("PKI-ADF1")))
    card = Slot(personalise(ordered("3.00", {("PKI-ADF1", 0x0018): CertificateRoom.holding(certificate.raw)})))
    assert run(proof(trusted), card) == certificate.raw


def test_a_card_with_another_key_is_not_the_certificates() -> None:
    """A copied certificate proves nothing."""
    certificate, trusted = issued(bytes(31) + b"\x05")
    card = Slot(personalise(ordered("3.00", {("PKI-ADF1", 0x0018): CertificateRoom.holding(certificate.raw)})))
    with pytest.raises(Untrusted) as copied:
        run(proof(trusted), card)
    assert copied.value.code == "CS-1213"


def test_a_pin_is_proved_by_challenge_alone() -> None:
    """It opens the signature as VERIFY does, and a wrong one says how many tries are left."""
    number = pair_number(ordered("3.00"), THIRD.application("PKI-ADF1"))
    _, trusted = issued(number)

    def script(pin: str) -> Script[None]:
        yield from reading.open_application(THIRD, "PKI-ADF1")
        yield from proving.verify_pin_by_challenge(pin)
        yield from proving.prove_by_certificate(trusted, NONCE)

    run(script("123456"), Slot(personalise(ordered("3.00"))))
    with pytest.raises(Refused) as wrong:
        run(script("654321"), Slot(personalise(ordered("3.00"))))
    assert wrong.value.code == "CS-1210"


def test_a_card_without_a_certificate_says_so() -> None:
    """An empty file is an empty certificate, and one too large does not fit."""
    assert run(reading.read_certificate(THIRD), Slot(personalise(ordered("3.00")))) == b""
    with pytest.raises(Malformed):
        CertificateRoom.holding(bytes(3000))
