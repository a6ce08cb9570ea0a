"""Cards and terminals of invented people for tests: one call, a slot with a personalised card."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from cardstack.card.issuing import Order, Person, Personalisation, Place, master_for_tests, personalise
from cardstack.card.profile import PurseKind
from cardstack.card.profiles import profile
from cardstack.values import CardNumber, CitizenNumber
from emulator import factory
from emulator.psam import psam
from emulator.slot import Slot
from emulator.state import Card

MOMENT = datetime(2026, 3, 2, 10, 30)  # noqa: DTZ001  # the card writes no zone
SSSE = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF"
WANG = Person(CitizenNumber("110105194912310" + "02" + "X"), "王小明")
ORDER = Order("310100", bytes.fromhex("00000135"), CardNumber("D2143569X"), date(2024, 1, 1), date(2034, 1, 1))


def ordered(name: str = "2.00", contents: dict[Place, Any] | None = None, **more: Any) -> Personalisation:
    """What a test card is made of."""
    balances = {(one.name, each.kind): 5000 for one in profile(name).applications for each in one.purses}
    return personalise(profile(name), ORDER, WANG, contents, balances=more.pop("balances", balances), **more)


@lru_cache(maxsize=32)
def card(name: str = "2.00") -> Card:
    """A card of a profile, 50.00 yuan in each purse."""
    return factory.personalise(ordered(name))


def slot(name: str = "2.00") -> Slot:
    """The same in a slot."""
    return Slot(card(name))


@lru_cache(maxsize=32)
def sam(name: str = "2.00") -> Card:
    """A PSAM of Shanghai that serves cards of a profile."""
    return psam([profile(name)], master=master_for_tests, city=ORDER.city)


def say(exchange: Slot, *commands: str) -> str:
    """The answer to the last of some commands in hexadecimal."""
    said = b""
    for command in commands:
        said = exchange(bytes.fromhex(command))
    return said.hex().upper()


EP, ED = PurseKind.EP, PurseKind.ED
