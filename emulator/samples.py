"""Cards of invented people, for whoever wants a card of a profile and has none: every file has something in it.

Keys are the test keys of `cardstack.card.issuing`. Nobody named here exists.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from cardstack.card.issuing import Order, Person, Personalisation, Place, master_for_tests, personalise
from cardstack.card.layout import Form, Nested, items
from cardstack.card.profile import Profile
from cardstack.codec import An, Cn, Day, Moment, Number
from cardstack.values import CardNumber, CitizenNumber
from emulator import factory
from emulator.psam import psam
from emulator.state import Card

HOLDER: Final = Person(CitizenNumber("11010519491231002X"), "王小明")
"""An invented holder; the number is the example of GB 11643."""
ORDER: Final = Order("310100", bytes.fromhex("00000135"), CardNumber("D2143569X"), date(2024, 1, 1), date(2034, 1, 1))
BALANCE_FEN: Final = 5000
MOMENT: Final = datetime(2025, 6, 1, 8, 30)  # noqa: DTZ001  # the card writes no zone
TEXTS: Final = "示例"


def sample(profile: Profile, *, order: Order = ORDER, holder: Person = HOLDER, seed: bytes = b"cardstack") -> Card:
    """A card of this profile with something in every file and 50.00 yuan in every purse."""
    return factory.personalise(personalisation(profile, order=order, holder=holder), seed=seed)


def personalisation(profile: Profile, *, order: Order = ORDER, holder: Person = HOLDER) -> Personalisation:
    """What such a card is made of; its `key` gives a test the value of any key."""
    balances = {(one.name, each.kind): BALANCE_FEN for one in profile.applications for each in one.purses}
    return personalise(profile, order, holder, contents(profile), balances=balances)


def sample_psam(profiles: Iterable[Profile], *, city: str = ORDER.city) -> Card:
    """A PSAM of a city with the test keys of these profiles."""
    return psam(profiles, master=master_for_tests, city=city)


def contents(profile: Profile) -> dict[Place, Any]:
    """Something for each file that order and person say nothing about: one entry in every log, sample text elsewhere."""
    given: dict[Place, Any] = {}
    for application in profile.applications:
        for file in application.files:
            if file.form is Form.CYCLIC:
                given[application.name, file.fid] = (_filled(file.body),)
            elif file.form in (Form.TAGGED, Form.FIXED) and not _known(file.body):
                given[application.name, file.fid] = _filled(file.body)
    return given


@cache
def _known(body: Any) -> bool:
    """Whether issuing fills this body itself: EF05 and EF06 of every generation."""
    names = {field.name for field in fields(body)}
    return bool(names & {"identifier", "born"}) and bool(names & {"number", "version"})


def _filled(body: Any) -> Any:
    """A body with a value in every field that text, digits, dates and numbers go into."""
    assert is_dataclass(body)
    values: dict[str, Any] = {}
    for name, item in items(body).items():  # type: ignore[arg-type]  # a declared body is a class
        value = _value(item.codec)
        if value is not None:
            values[name] = (value,) * item.times if item.times > 1 else value
    return body(**values)  # type: ignore[operator]  # the same


def _value(codec: Any) -> Any:
    """Something that a codec can write; None leaves the field as it is declared."""
    if isinstance(codec, Nested):
        return _filled(codec.body)
    if isinstance(codec, An):
        return "1" * min(codec.size, 4) if codec.charset == "ascii" or codec.size < 4 else TEXTS
    if isinstance(codec, Cn):
        return ORDER.city[: 2 * codec.size] if codec.size <= 3 else "1".zfill(2 * codec.size)
    if isinstance(codec, Number):
        return 1
    if isinstance(codec, Moment):
        return MOMENT
    return MOMENT.date() if isinstance(codec, Day) else None
