"""Rides in the making, their prices, and the lines of an operator's file of a day."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from cardstack.crypto.cryptogram import Block
from cardstack.settlement.bulk.transit_layout import CLASSES, LAYOUT
from cardstack.settlement.schemes.transit import price_of
from cardstack.settlement.simulation.plan import Province
from cardstack.settlement.transaction import SHANGHAI, Party
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import Leg, Tap

NONE: Final = (" " * 14, "  ")
CODES: Final = {name: code.decode() for code, name in CLASSES.items()}


class Ride(NamedTuple):
    """One line in the making; amounts in fen, the moment as fourteen digits."""

    home: Province
    card: str
    card_class: str
    counter: int
    balance: int
    amount: int
    gross: int
    moment: str
    industry: str
    previous: tuple[str, str]
    month_fen: int
    day_fen: int
    grey: bool = False
    spoil: str = ""

    @property
    def block(self) -> Block:
        """A third of the cards are new ones, with SM4."""
        return Block.SM4 if int(self.card[-1]) % 3 == 0 else Block.TRIPLE_DES


class DayFile(NamedTuple):
    """An operator's file of a day: its lines, how many, and their sum."""

    sender: Party
    name: str
    day: date
    body: bytes
    lines: int
    total_fen: int


@dataclass
class Fares:
    """Prices remembered by what they depend on."""

    known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def charged(self, ride: Ride, operator: Province) -> int:
        """What the card pays; totals of month and day only count where they can matter."""
        month = ride.month_fen if ride.month_fen >= 7_000 else 0
        day = ride.day_fen if ride.day_fen >= 1_500 else 0
        key = (
            operator.city,
            ride.home.city,
            ride.card_class,
            ride.gross,
            ride.industry,
            ride.moment[8:10] < "07",
            month,
            day,
            ride.previous != NONE,
        )
        if key not in self.known:
            self.known[key] = price_of(_tap(ride, operator)).charged_fen
        return self.known[key]


def _tap(ride: Ride, operator: Province) -> Tap:
    previous = Leg(*ride.previous) if ride.previous != NONE else None
    return Tap(
        issuer=ride.home.issuer,
        card=ride.card,
        counter=ride.counter,
        balance_fen=ride.balance,
        amount_fen=ride.amount,
        gross_fen=ride.gross,
        kind=9,
        terminal=f"{operator.region}000001",
        terminal_serial=0,
        moment=ride.moment,
        city=operator.city,
        card_city=ride.home.city,
        acquirer=operator.acquirer,
        industry=ride.industry,
        tac="00000000",
        card_class=ride.card_class,
        month_fen=ride.month_fen,
        day_fen=ride.day_fen,
        previous=previous,
    )


class Writer:
    """The lines of one operator's file of a day."""

    def __init__(self, operator: Province, day: date) -> None:
        self.operator, self.day = operator, day
        self.sent = datetime(day.year, day.month, day.day, 2, tzinfo=SHANGHAI) + timedelta(days=1)
        self.rides: list[tuple[str, Ride]] = []
        self.extra: list[bytes] = []
        self.twice: list[str] = []
        self.number = 0

    def identity(self) -> str:
        """The next message id of the file."""
        self.number += 1
        moment = self.sent + timedelta(seconds=self.number // 10_000)
        return f"{self.operator.institution}{moment:%Y%m%d%H%M%S}{self.number % 10_000:04d}"

    def add(self, ride: Ride, identity: str = "") -> str:
        """One more line; its message id."""
        identity = identity or self.identity()
        self.rides.append((identity, ride))
        return identity

    @property
    def name(self) -> str:
        return f"{self.operator.institution}-{self.day:%Y%m%d}"

    def file(self) -> DayFile:
        """The file with every TAC made: one pass of each issuer's key."""
        proofs = self._proofs()
        lines = [
            self._line(identity, ride, serial, proof)
            for serial, ((identity, ride), proof) in enumerate(zip(self.rides, proofs, strict=True))
        ]
        twice = set(self.twice)
        again = [line for line in lines if line[:30].decode() in twice]
        body = b"".join(lines + again + self.extra)
        total = sum(ride.amount for _, ride in self.rides) + sum(ride.amount for name, ride in self.rides if name in twice)
        sender = Party(f"{self.operator.code}.transit-operator")
        return DayFile(sender, self.name, self.day, body, len(body) // LAYOUT.size, total)

    def _proofs(self) -> list[str]:
        places: dict[tuple[str, Block], list[int]] = {}
        for place, (_, ride) in enumerate(self.rides):
            places.setdefault((ride.home.issuer, ride.block), []).append(place)
        answer = [""] * len(self.rides)
        for (issuer, block), own in places.items():
            key = TEST_ROOT.issuer_key(bytes.fromhex(issuer), block, 1)
            assert key is not None
            rides = [self.rides[place][1] for place in own]
            covered = [
                bytes.fromhex(f"{ride.amount:08X}09{self.operator.region}000001{place:08X}{ride.moment}")
                for place, ride in zip(own, rides, strict=True)
            ]
            made = tacs(key, [bytes.fromhex(ride.card[4:]) for ride in rides], covered, block)
            for place, tac in zip(own, made, strict=True):
                answer[place] = tac.hex().upper()
        return answer

    def _line(self, identity: str, ride: Ride, serial: int, tac: str) -> bytes:
        proof = f"{int(tac, 16) ^ 1:08X}" if ride.spoil == "tac-wrong" else tac
        operator = self.operator
        treating = ride.spoil.removeprefix("treating ") if ride.spoil.startswith("treating ") else operator.region
        algorithm = 2 if ride.block is Block.SM4 else 1
        return (
            f"{identity}{ride.home.region}{treating}{ride.home.issuer}{ride.card}{ride.home.city}{CODES[ride.card_class]}"
            f"{ride.counter:05d}09{algorithm}001{ride.balance:010d}{ride.amount:010d}{ride.gross:010d}{operator.region}000001{serial:010d}"
            f"{ride.moment}{operator.city}{operator.acquirer}{ride.industry}{'':24}{ride.previous[0]}{ride.previous[1]}000"
            f"{ride.month_fen:010d}{ride.day_fen:010d}0{int(ride.grey)}{proof}\n"
        ).encode("ascii")
