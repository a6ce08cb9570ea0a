"""Faults in transit files, each on a card of its own: what is put in, and by what it must be named."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, TypeAlias

from cardstack.settlement.bulk.transit_layout import LAYOUT
from cardstack.settlement.simulation.dice import Dice
from cardstack.settlement.simulation.plan import PROVINCES, Plan, Province, Seeded
from cardstack.settlement.simulation.rides import NONE, Fares, Ride, Writer
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.transit.lists import CardList, Kind, Lists, Update
from cardstack.settlement.transit.tap import moment_of

Fault: TypeAlias = Callable[["Spoiler", Writer, Ride], str]
STRANGER: Final = Province("310000", "2900", "0200FFFFFFFFFFFF", "", "")


class Spoiler:
    """Puts faults into files; keeps what was held back for a later day."""

    def __init__(self, plan: Plan, fares: Fares) -> None:
        self.plan, self.fares, self.dice = plan, fares, Dice(f"{plan.seed} faults")
        self.cards = 0
        self.again: list[tuple[int, Ride]] = []
        self.also: list[Seeded] = []
        days = len(plan.days) - 1
        self.due: dict[int, list[str]] = {}
        for kind in KINDS:
            for _ in range(plan.each):
                self.due.setdefault(self.dice.below(days), []).append(kind)

    def spoil(self, number: int, writers: list[Writer]) -> list[Seeded]:
        """Put a day's faults in, and what was held back the day before."""
        seeded = []
        for place, ride in self.again:
            seeded.append(Seeded("duplicate", writers[place].add(ride)))
        self.again = []
        for kind in self.due.get(number, ()):
            writer = self.dice.one(writers)
            seeded.append(Seeded(kind, KINDS[kind](self, writer, self.fresh(writer))))
        seeded += self.also
        self.also = []
        # A file's last lines are those that cannot be read, so that the numbers of all others stand.
        return [fault for fault in seeded if fault.reference]

    def fresh(self, writer: Writer) -> Ride:
        """A clean ride of a card that nobody else uses."""
        self.cards += 1
        home = self.dice.one(PROVINCES)
        moment = f"{writer.day:%Y%m%d}{8 + self.dice.below(10):02d}{self.dice.below(60):02d}{self.dice.below(60):02d}"
        ride = Ride(home, f"0310{99:04d}{self.cards:012d}", "adult", 100, 9_000, 0, 200, moment, "02", NONE, 0, 0)
        return ride._replace(amount=self.fares.charged(ride, writer.operator))


def _changed(kind: str) -> Fault:
    """A fault that is one changed field."""
    changes: dict[str, Callable[[Ride], Ride]] = {
        "tac-wrong": lambda ride: ride._replace(spoil="tac-wrong"),
        "grey-unproven": lambda ride: ride._replace(grey=True),
        "fare-differs": lambda ride: ride._replace(amount=ride.amount + 1),
        "balance-short": lambda ride: ride._replace(balance=ride.amount - 1),
        "no-key": lambda ride: ride._replace(home=STRANGER),
        "over-limit": lambda ride: ride._replace(amount=100_001, gross=100_001, balance=200_000),
        "no-fare": lambda ride: ride._replace(industry="03"),
        "no-figure": lambda ride: ride._replace(moment=f"2024{ride.moment[4:]}"),
        "tap-malformed": lambda ride: ride._replace(previous=("20260230080000", "01")),
    }
    return lambda _, writer, ride: writer.add(changes[kind](ride))


def _not_yours(_: Spoiler, writer: Writer, ride: Ride) -> str:
    """A journey between two other provinces."""
    one, other = [province for province in PROVINCES if province != writer.operator][:2]
    return writer.add(ride._replace(home=one, spoil=f"treating {other.region}"))


def _grey_proven(spoiler: Spoiler, writer: Writer, ride: Ride) -> str:
    """An unconfirmed record is refused, and the card's next one proves that it was paid."""
    identity = writer.add(ride._replace(grey=True))
    writer.add(_later(ride, 600, counter=ride.counter + 1, balance=ride.balance - ride.amount))
    spoiler.also.append(Seeded("grey-unproven", identity))
    return identity


def _later(ride: Ride, seconds: int, **changes: int) -> Ride:
    moment = moment_of(ride.moment) + timedelta(seconds=seconds)
    return ride._replace(moment=f"{moment.astimezone(SHANGHAI):%Y%m%d%H%M%S}", **changes)  # type: ignore[arg-type]  # whole numbers all


def _late(_: Spoiler, writer: Writer, ride: Ride) -> str:
    return writer.add(_later(ride, -40 * 86_400))


def _future(_: Spoiler, writer: Writer, ride: Ride) -> str:
    return writer.add(_later(ride, 2 * 86_400))


def _repeated(_: Spoiler, writer: Writer, ride: Ride) -> str:
    """The same line twice, message id and all."""
    identity = writer.add(ride)
    writer.twice.append(identity)
    return identity


def _duplicate(spoiler: Spoiler, writer: Writer, ride: Ride) -> str:
    """The same record again the next day under another message id; named then."""
    writer.add(ride)
    place = next(n for n, operator in enumerate(PROVINCES) if operator == writer.operator)
    spoiler.again.append((place, ride))
    return ""


def _conflicting(spoiler: Spoiler, writer: Writer, ride: Ride) -> str:
    """A message id used again for other content."""
    identity = writer.add(ride)
    return writer.add(spoiler.fresh(writer), identity)


def _conflict(_: Spoiler, writer: Writer, ride: Ride) -> str:
    """Two different records of one counter."""
    writer.add(ride)
    return writer.add(_later(ride, 600, balance=ride.balance - 50))


def _gap(_: Spoiler, writer: Writer, ride: Ride) -> str:
    """A record that never comes."""
    writer.add(ride)
    return writer.add(_later(ride, 600, counter=ride.counter + 2, balance=ride.balance - 2 * ride.amount))


def _break(_: Spoiler, writer: Writer, ride: Ride) -> str:
    """A balance that does not follow."""
    writer.add(ride)
    return writer.add(_later(ride, 600, counter=ride.counter + 1, balance=ride.balance - ride.amount + 700))


def _blocked(spoiler: Spoiler, writer: Writer, ride: Ride) -> str:
    return writer.add(ride._replace(card=f"0310{98:04d}{spoiler.cards:012d}"))


def _garbage(spoiler: Spoiler, writer: Writer, ride: Ride) -> str:
    """A line that cannot be read."""
    del ride
    line = bytes(33 + spoiler.dice.below(90) for _ in range(LAYOUT.size - 1)) + b"\n"
    writer.extra.append(line)
    return f"{writer.name}#{len(writer.extra)}"


KINDS: Final[Mapping[str, Fault]] = {
    **{kind: _changed(kind) for kind in ("tac-wrong", "grey-unproven", "fare-differs", "balance-short", "over-limit")},
    **{kind: _changed(kind) for kind in ("no-key", "no-fare", "no-figure", "tap-malformed")},
    "not-yours": _not_yours,
    "grey-proven": _grey_proven,
    "late": _late,
    "future": _future,
    "repeated": _repeated,
    "duplicate": _duplicate,
    "conflicting": _conflicting,
    "counter-conflict": _conflict,
    "counter-gap": _gap,
    "balance-break": _break,
    "card-blocked": _blocked,
    "line-malformed": _garbage,
}
"""Every kind of fault in a transit file."""


def lists(plan: Plan) -> Lists:
    """The black list of the month: every issuer blocks the cards of one range, from the year before on."""
    since = moment_of(f"{plan.year - 1}1201000000")
    keys = frozenset(f"{province.issuer}.0310{98:04d}*" for province in PROVINCES)
    return Lists({Kind.BLACK: CardList(Kind.BLACK).after(Update(Kind.BLACK, 1, since, keys))})
