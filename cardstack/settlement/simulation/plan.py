"""What a simulated month is made of: provinces, sizes, and how often each fault is seeded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from cardstack.errors import faulty
from cardstack.text import Text


class Province(NamedTuple):
    """A province of the simulation with one transit operator and one issuer; institutions are invented."""

    region: str
    city: str
    issuer: str
    acquirer: str
    institution: str

    @property
    def code(self) -> str:
        """Two digits."""
        return self.region[:2]


PROVINCES: Final = (
    Province("310000", "2900", "02002900FFFFFFFF", "12002900FFFFFFFF", "T31000000001"),
    Province("320100", "3010", "02003010FFFFFFFF", "12003010FFFFFFFF", "T32010000001"),
    Province("330100", "3310", "02003310FFFFFFFF", "12003310FFFFFFFF", "T33010000001"),
    Province("340100", "3610", "02003610FFFFFFFF", "12003610FFFFFFFF", "T34010000001"),
)


class Seeded(NamedTuple):
    """A fault put in on purpose: its kind, and the message, line or payment by which it must be named."""

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a month. At scale 1 it has about a million journeys and fifty thousand bills."""

    year: int
    month: int
    scale: float = 1.0
    seed: str = "cardstack"

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 100:
            raise faulty("scale", "above 0 and at most 100", "应大于 0 且不超过 100")
        if not (2025 <= self.year <= 2099 and 1 <= self.month <= 12):
            raise faulty("month", "from 2025-01 on", "不早于 2025-01")

    @classmethod
    def of(cls, month: str, scale: float = 1.0, seed: str = "cardstack") -> "Plan":
        """From `YYYY-MM`.

        >>> Plan.of("2026-10", 0.001).journeys
        1000
        """
        digits = month.split("-")
        if len(month) != 7 or len(digits) != 2 or not all(part.isascii() and part.isdecimal() for part in digits):
            raise faulty("month", "four digits, a dash and two digits", "应为四位数字、连字符加两位数字")
        return cls(int(digits[0]), int(digits[1]), scale, seed)

    @property
    def first(self) -> date:
        """The month's first day."""
        return date(self.year, self.month, 1)

    @property
    def days(self) -> tuple[date, ...]:
        """Its days."""
        last = (self.first + timedelta(days=32)).replace(day=1)
        return tuple(self.first + timedelta(days=n) for n in range((last - self.first).days))

    @property
    def journeys(self) -> int:
        """How many clean journeys there are."""
        return max(40, round(1_000_000 * self.scale))

    @property
    def cards(self) -> int:
        """How many cards ride."""
        return max(20, self.journeys // 20)

    @property
    def bills(self) -> int:
        """How many clean medical bills there are."""
        return max(40, round(50_000 * self.scale))

    @property
    def persons(self) -> int:
        """How many insured persons see a doctor away from home."""
        return max(20, self.bills // 3)

    @property
    def each(self) -> int:
        """How often each kind of fault is seeded."""
        return max(2, round(25 * self.scale))


BANK_FAULTS: Final[Mapping[str, Text]] = {
    "bank-missing": Text("a payment that the bank did not make", "银行未付款"),
    "bank-amount": Text("a payment of another amount", "银行付款金额不符"),
    "bank-twice": Text("a payment made twice", "银行重复付款"),
    "bank-stranger": Text("a payment that nobody ordered", "银行付款无对应指令"),
}
