"""The demo's invented card holders, two a province. Nobody here exists; every number is made up and checks out."""

from enum import StrEnum
from typing import NamedTuple

from cardstack.values import CardNumber, CitizenNumber

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})


class Flaw(StrEnum):
    """What is wrong with a card on purpose."""

    NONE = "none"
    EXPIRED = "expired"
    PIN_BLOCKED = "pin-blocked"
    REVOKED = "revoked"


class Person(NamedTuple):
    """An invented holder and the card that was issued."""

    province: str
    profile: str
    """The card profile by name: generation and the province's answering style."""
    name: str
    county: str
    born: str
    sequence: str
    card_body: str
    flaw: Flaw = Flaw.NONE

    @property
    def number(self) -> CitizenNumber:
        """A number with the right check character; the last digit of the sequence says the sex."""
        digits = self.county + self.born + self.sequence
        return CitizenNumber(digits + CitizenNumber.check_character(digits))

    @property
    def card_number(self) -> CardNumber:
        return CardNumber(self.card_body + CardNumber.check_character(self.card_body))

    @property
    def key(self) -> str:
        """What the card is called on the command line: `31-1`."""
        same = [one for one in (*PEOPLE, STRANGER) if one.province == self.province]
        return f"{self.province}-{1 + same.index(self)}"

    @property
    def city(self) -> str:
        """The issuing city, six digits; a municipality is one city."""
        return f"{self.province}0000" if self.province in MUNICIPALITIES else f"{self.county[:4]}00"


PEOPLE = (
    Person("31", "3.00-shanghai", "沈月明", "310115", "19620418", "002", "A3100001"),
    Person("31", "2.00-shanghai", "顾长风", "310104", "19480903", "001", "A3100002", Flaw.EXPIRED),
    Person("32", "3.00-jiangsu", "吴晓荷", "320505", "19910212", "024", "B3200001"),
    Person("32", "2.00-jiangsu", "许南星", "320106", "19850730", "013", "B3200002", Flaw.PIN_BLOCKED),
    Person("33", "3.00-zhejiang", "钱江潮", "330106", "19780815", "011", "C3300001"),
    Person("33", "2.00-zhejiang", "叶知秋", "330203", "19690922", "008", "C3300002"),
    Person("34", "3.00-anhui", "方徽墨", "340104", "19990105", "035", "D3400001", Flaw.REVOKED),
    Person("34", "2.00-anhui", "程青松", "340207", "19551127", "006", "D3400002"),
)

STRANGER = Person("37", "3.00", "鲁望海", "370102", "19880520", "017", "E3700001")
"""A holder from a province that nobody here has an agreement with; not one of the eight."""
