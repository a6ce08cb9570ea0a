"""The demo's cards: personalised with test keys, kept as images, one of them with its PIN blocked by wrong tries."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from cardstack.apdu import commands
from cardstack.apdu.script import run
from cardstack.ca.certificate import Certificate
from cardstack.card import issuing, proving
from cardstack.card.issuing import Order, Personalisation
from cardstack.card.profile import Profile, PurseKind
from cardstack.card.profiles import profile
from cardstack.card.profiles.pki import CertificateRoom
from cardstack.cli.demo.people import PEOPLE, STRANGER, Flaw, Person
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, PublicKey
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import Refused
from emulator import factory, store
from emulator.hsm import hsm
from emulator.psam import psam
from emulator.slot import Slot
from emulator.state import Card

PIN: Final = "123456"
WRONG_PIN: Final = "000000"
PURSE_FEN: Final = 5000
TRANSIT_CITY: Final = {"31": "2900", "32": "3010", "33": "3310", "34": "3610"}
"""The transit unions' own city codes; elsewhere the first digits of the city."""
HANGZHOU: Final = "330100"
TRIES_MAX: Final = 16
PKI: Final = "PKI-ADF1"


def personalisation(person: Person, certificate: Certificate | None = None) -> Personalisation:
    """What one card is made of. An expired card is one of ten years and more ago."""
    kind = profile(person.profile)
    issued, valid_until = date(2024, 3, 1), date(2034, 2, 28)
    if person.flaw is Flaw.EXPIRED:
        issued, valid_until = date(2013, 9, 1), date(2023, 8, 31)
    order = Order(
        person.city,
        int(person.key.replace("-", "")).to_bytes(4),
        person.card_number,
        issued,
        valid_until,
        transit_city=TRANSIT_CITY.get(person.province, ""),
    )
    contents = {(PKI, 0x0018): CertificateRoom.holding(certificate.raw)} if certificate and kind.has(PKI) else None
    holder = issuing.Person(person.number, person.name)
    return issuing.personalise(kind, order, holder, contents, balances={("T-UNION", PurseKind.EP): PURSE_FEN})


def public_key(person: Person) -> PublicKey:
    """The key that the card's certificate is for: the one inside a third-generation card, else one of the issuer's."""
    kind = profile(person.profile)
    if not kind.has(PKI):
        return local.generate(Algorithm.SM2_SM3).public
    return Sm2Signer.from_number(factory.pair_number(personalisation(person), kind.application(PKI))).public


def make(person: Person, certificate: Certificate) -> Card:
    """The card, fresh from the issuer; the blocked one after as many wrong PINs as it bears."""
    slot = Slot(factory.personalise(personalisation(person, certificate), seed=person.key.encode()))
    if person.flaw is Flaw.PIN_BLOCKED:
        _block_pin(slot, profile(person.profile).application("SSSE").aid)
    return slot.card


def _block_pin(slot: Slot, aid: bytes) -> None:
    """Wrong PINs until the card refuses to compare; 63Cx cannot say more than fifteen tries."""
    slot(bytes(commands.select_aid(aid)))
    for _ in range(TRIES_MAX):
        try:
            run(proving.verify_pin(WRONG_PIN), slot)
        except Refused as refused:
            if refused.problem is proving.PIN_BLOCKED:
                return


def make_all(folder: Path, certify: Callable[[Person], Certificate]) -> None:
    """Every card's image and its published certificate, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for person in (*PEOPLE, STRANGER):
        if not image(folder, person).exists():
            certificate = certify(person)
            published(folder, person).write_bytes(certificate.raw)
            store.save(make(person, certificate), image(folder, person))


def image(folder: Path, person: Person) -> Path:
    """Where a card's image lies."""
    return folder / f"{person.key}.card"


def published(folder: Path, person: Person) -> Path:
    """Where the issuer's directory keeps the certificate of a card; a second-generation card carries none itself."""
    return folder / f"{person.key}.cer"


def terminal_psam(number: bytes, served: Profile, sequence: int = 1) -> Slot:
    """A PSAM of Hangzhou with the national keys for one kind of card: a key has one place, 3DES or SM4."""
    return Slot(psam([served], master=issuing.master_for_tests, city=HANGZHOU, terminal=number, sequence=sequence))


def issuers_hsm(province: str, served: Profile) -> Callable[[bytes], bytes]:
    """The HSM of a province, reached over the line between provinces."""
    return hsm([served], master=issuing.master_for_tests, province=province)
