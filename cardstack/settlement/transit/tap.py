"""One purchase from a transit purse as the terminal recorded it.

The money left the card when the record was made; what travels is the claim for it. Amounts are fen; identifiers are
hexadecimal digits as the terminal sends them; the moment is the terminal's clock, China standard time.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, faulty, told
from cardstack.settlement.transaction import SHANGHAI, exactly
from cardstack.settlement.transit.keys import KeyRing

Institution = Annotated[str, exactly(r"[0-9A-F]{16}")]
PurseFen = Annotated[int, msgspec.Meta(ge=0, le=0x7FFFFFFF)]
Moment = Annotated[str, exactly(r"20\d{12}")]
PAID_BY: Final = ("transit", "small-value", "toll")
"""The schemes that pay for what a purse's record proves: one of them, once. The TAC does not say for what it was paid."""
LINE_MAX: Final = 16
"""Characters of a line's name."""


class Leg(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journey before this one, as the card remembers it; `transfers` is how often it has been changed already."""

    moment: Moment
    industry: Annotated[str, exactly(r"[0-9A-F]{2}")]
    transfers: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every purchase from a purse says, and its TAC proves: card, counter, amount, terminal, moment.

    `amount_fen` is what the purse paid, `kind` the purse's type of transaction (06 purchase, 09 compound), `expires` the last
    day (YYYYMMDD) on which the card is good, where the terminal sends it.
    """

    issuer: Institution
    card: Annotated[str, exactly(r"\d{20}")]
    counter: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    balance_fen: PurseFen
    amount_fen: PurseFen
    kind: Literal[6, 9]
    terminal: Annotated[str, exactly(r"[0-9A-F]{12}")]
    terminal_serial: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    moment: Moment
    acquirer: Institution
    tac: Annotated[str, exactly(r"[0-9A-F]{8}")]
    algorithm: Literal["3des", "sm4"] = "3des"
    key_version: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    expires: Annotated[str, exactly(r"(20\d{6})?")] = ""

    @property
    def at(self) -> datetime:
        """The terminal's clock as an aware moment."""
        return moment_of(self.moment)

    @property
    def proven(self) -> bytes:
        """What the TAC covers: amount 4, type 1, terminal 6, terminal serial 4, date and time 7 (PBOC 2.0 part 2)."""
        return (
            self.amount_fen.to_bytes(4)
            + bytes((self.kind,))
            + bytes.fromhex(self.terminal)
            + self.terminal_serial.to_bytes(4)
            + bytes.fromhex(self.moment)
        )

    def tac_under(self, issuer_key: bytes) -> str:
        """The TAC that the card makes under its issuer's key: diversified by the last 8 bytes of its serial number."""
        block = Block(self.algorithm)
        key = cryptogram.diversify(issuer_key, bytes.fromhex(self.card)[2:], block)
        return cryptogram.tac(key, self.proven, block).hex().upper()

    def unproven(self, keys: KeyRing) -> str | None:
        """Why the record proves nothing: `no-key` or `tac-wrong`; None where it proves."""
        key = keys.issuer_key(bytes.fromhex(self.issuer), Block(self.algorithm), self.key_version)
        if key is None:
            return "no-key"
        return None if self.tac_under(key) == self.tac else "tac-wrong"

    @property
    def claims(self) -> tuple[str, ...]:
        """A card uses a counter once."""
        return (f"card.{self.issuer}.{self.card}.{self.counter}",)


class Tap(Record, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A journey: the purchase, where it was, the rider's class, and what the card had paid before.

    `gross_fen` is the fare before discounts, `month_fen`, `week_fen` and `day_fen` what the card had paid before in the
    calendar month, the week from Monday, and the day. A `grey` record (09) was not confirmed by the card.
    """

    gross_fen: PurseFen
    city: Annotated[str, exactly(r"\d{4}")]
    card_city: Annotated[str, exactly(r"\d{4}")]
    industry: Annotated[str, exactly(r"[0-9A-F]{2}")]
    line: Annotated[str, msgspec.Meta(max_length=LINE_MAX)] = ""
    card_class: Annotated[str, msgspec.Meta(max_length=24)] = "adult"
    month_fen: PurseFen = 0
    day_fen: PurseFen = 0
    previous: Leg | None = None
    incomplete: bool = False
    grey: bool = False
    week_fen: PurseFen = 0


Kind = TypeVar("Kind", bound=Record)


def read_record(body: object, shape: type[Kind], name: str) -> Kind:
    """The record in a member of a message's body; `Malformed` names the member that is not of its form."""
    try:
        record = msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise Malformed(told(error, name), field=name) from error
    moment_of(record.moment)
    return record


def read_tap(body: Mapping[str, Any]) -> Tap:
    """The journey in a message's body; `Malformed` names the member that is not of its form."""
    tap = read_record(body, Tap, "tap")
    if tap.previous is not None:
        moment_of(tap.previous.moment)
    return tap


@lru_cache(maxsize=8192)
def moment_of(digits: str) -> datetime:
    """Fourteen digits as a moment in China standard time; `Malformed` where the calendar has no such moment.

    Remembered, because it is asked for over and over while a record is judged.
    """
    if len(digits) != 14:
        raise faulty("moment", "14 digits", "应为 14 位数字")
    try:
        day, clock = divmod(int(digits), 1_000_000)
        return datetime(day // 10_000, day // 100 % 100, day % 100, clock // 10_000, clock // 100 % 100, clock % 100, 0, SHANGHAI)
    except ValueError as error:
        raise faulty("moment", "not a moment of the calendar", "时间不存在") from error
