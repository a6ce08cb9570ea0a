"""The month's journeys as T+1 files, day by day, with the faults that were put in.

Clean cards ride in the order of their counters, pay the fare in force and are loaded when they run low. Every fault
has a card of its own, so that what must be found is known exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from cardstack.settlement.simulation.dice import Dice
from cardstack.settlement.simulation.plan import PROVINCES, Plan, Province, Seeded
from cardstack.settlement.simulation.rides import NONE, DayFile, Fares, Ride, Writer
from cardstack.settlement.simulation.spoilt import Spoiler

LOAD: Final = 10_000
LOW: Final = 1_500


class Day(NamedTuple):
    """A day's files, what was loaded on cards, and the faults put in."""

    day: date
    files: tuple[DayFile, ...]
    loads_fen: dict[str, int]
    seeded: tuple[Seeded, ...]


@dataclass(slots=True)
class Card:
    """A card as it stands."""

    home: Province
    number: str
    card_class: str
    counter: int
    balance: int
    month_fen: int = 0


def population(plan: Plan) -> list[Card]:
    """The clean cards, a quarter a province; one in eight belongs to a student, senior or soldier."""
    dice = Dice(f"{plan.seed} cards")
    classes = ("adult",) * 7 + ("student", "senior", "soldier")
    return [
        Card(PROVINCES[n % 4], f"0310{n % 4:04d}{n:012d}", dice.one(classes), dice.below(5_000), 3_000 + dice.below(9_000))
        for n in range(plan.cards)
    ]


def journeys(plan: Plan) -> Iterator[Day]:
    """The month, a day at a time."""
    cards, fares, dice = population(plan), Fares(), Dice(f"{plan.seed} journeys")
    spoiler = Spoiler(plan, fares)
    for number, day in enumerate(plan.days):
        count = plan.journeys * (number + 1) // len(plan.days) - plan.journeys * number // len(plan.days)
        writers = [Writer(operator, day) for operator in PROVINCES]
        loads: dict[str, int] = {}
        paid: dict[str, int] = {}
        for place in range(count):
            second = 6 * 3600 + place * 61_200 // count
            card = cards[dice.below(len(cards))]
            writer = writers[dice.below(4)]
            ride = _ride(card, f"{day:%Y%m%d}{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}", dice)
            ride = ride._replace(day_fen=paid.get(card.number, 0))
            ride = ride._replace(amount=fares.charged(ride, writer.operator))
            writer.add(ride)
            paid[card.number] = ride.day_fen + ride.amount
            _after(card, ride, loads)
        seeded = spoiler.spoil(number, writers)
        files = tuple(writer.file() for writer in writers)
        yield Day(day, files, loads, tuple(_numbered(seeded, writers, files)))


def _numbered(seeded: Sequence[Seeded], writers: Sequence[Writer], files: Sequence[DayFile]) -> Iterator[Seeded]:
    """Lines that cannot be read are known by their number in the file, which is only now known."""
    ends = {writer.name: file.lines - len(writer.extra) for writer, file in zip(writers, files, strict=True)}
    for fault in seeded:
        name, _, place = fault.reference.partition("#")
        yield fault._replace(reference=f"{name}#{ends[name] + int(place)}") if place else fault


def _ride(card: Card, moment: str, dice: Dice) -> Ride:
    roll = dice.below(40)
    industry = "01" if roll % 2 else "02"
    gross = (200, 200, 300, 400, 500)[roll // 8] if industry == "01" else 200
    previous = (f"{moment[:8]}{max(0, int(moment[8:10]) - 1):02d}{moment[10:]}", "01") if roll == 0 else NONE
    held, month = card.balance, card.month_fen
    return Ride(card.home, card.number, card.card_class, card.counter, held, 0, gross, moment, industry, previous, month, 0)


def _after(card: Card, ride: Ride, loads: dict[str, int]) -> None:
    card.counter += 1
    card.balance -= ride.amount
    card.month_fen += ride.amount
    if card.balance < LOW:
        card.balance += LOAD
        key = f"{card.home.issuer}.{card.number}"
        loads[key] = loads.get(key, 0) + LOAD
