"""What a hospital sends of one visit, as values: who, where, what was charged, and what the year holds so far.

Amounts are whole fen, quantities whole thousandths. The names of people never travel: `person` is the insured
province's pseudonym, the same in all places for an insurance year and for all bills of one stay. It has one spelling
(`transaction.PSEUDONYM`), which the scheme asks for; a bill that was booked before it did is read as it was.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from cardstack.errors import Malformed, faulty, told
from cardstack.settlement.rounding import half_up
from cardstack.settlement.transaction import AMOUNT_MAX, exactly

Amount = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Signed = Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Code = Annotated[str, exactly("[!-~]{1,64}")]
"""An institution's code: ASCII without spaces, because a bill is claimed under it."""
Place = Annotated[str, exactly(r"\d{6}")]
STAYS_OWN: Final = date(2027, 1, 1)
"""From this day on a stay that begins is its hospital's own; those before it are found by their number at any hospital."""


def province(place: str) -> str:
    """The code of a place's province.

    >>> province("310115")
    '310000'
    """
    return f"{place[:2]}0000"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fee line (费用明细): the item's code in the treating place's catalogue, unit price, quantity and amount.

    A negative quantity gives back (退费) of what was charged before it in the same bill at that price and day. `day` is the
    day of the fee, whose catalogue applies; the bill's own where none is given.
    """

    code: Name
    amount_fen: Signed
    price_fen: Amount
    quantity: Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)] = 1000
    name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    day: date | None = None


class Charge(NamedTuple):
    """A fee line less what was given back of it: the quantity and amount that are left, and what was given back."""

    line: Line
    quantity: int
    amount_fen: int
    returned_fen: int = 0


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An individual account (个人账户): what it was granted and what of it is used; the rest is its balance.

    `place` is where its holder is insured, where that is not where the patient is.
    """

    holder: Name
    granted_fen: Amount
    used_fen: Amount = 0
    place: Annotated[str, exactly(r"(\d{6})?")] = ""

    @property
    def balance_fen(self) -> int:
        return max(0, self.granted_fen - self.used_fen)


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One visit, or one bill of a stay, before it is split.

    `care` is the kind of care (outpatient, chronic, pharmacy, inpatient), `registration` how the person is filed for
    care away from home, `before` the totals of the insurance year. `accounts` begins with the person's own; those
    after it belong to the family that shares with them (家庭共济). A stay of several bills carries one `stay`, and
    `admitted` in those that have no fee of its first day: a registration that then held is the stay's.
    `referred_from` is the stay that this one follows, at `referred_hospital`.
    """

    person: Name
    insurance: Name
    category: Name
    care: Name
    insured_place: Place
    treating_place: Place
    hospital: Code
    level: Annotated[str, exactly(r"[0-3]")]
    registration: Name
    age: Annotated[int, msgspec.Meta(ge=0, le=150)]
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    attributes: tuple[Name, ...] = ()
    disease: Annotated[str, msgspec.Meta(max_length=64)] = ""
    stay: Annotated[str, msgspec.Meta(max_length=64)] = ""
    admitted: date | None = None
    referred_from: Annotated[str, msgspec.Meta(max_length=64)] = ""
    referred_hospital: Annotated[str, exactly("[!-~]{0,64}")] = ""
    before: dict[str, Amount] = {}
    accounts: Annotated[tuple[Account, ...], msgspec.Meta(max_length=16)] = ()
    hospital_part_fen: Amount = 0

    @property
    def total_fen(self) -> int:
        """The whole bill (`medfee_sumamt`)."""
        return sum(line.amount_fen for line in self.lines)

    def began(self, day: date) -> date:
        """When the visit began: its admission or first fee; the day of the bill where it says neither."""
        return min(self.admitted or day, *(line.day or day for line in self.lines))


def charges(lines: Sequence[Line]) -> tuple[Charge, ...]:
    """The lines that charge, each less what was given back of it; `Malformed` where more is given back than was charged."""
    made: list[Charge] = []
    open_: dict[tuple[str, int, date | None], list[int]] = {}
    for place, line in enumerate(lines):
        places = open_.setdefault((line.code, line.price_fen, line.day), [])
        if line.quantity > 0:
            places.append(len(made))
            made.append(Charge(line, line.quantity, line.amount_fen))
            continue
        quantity, amount = -line.quantity, -line.amount_fen
        while places and quantity:
            one = made[places[-1]]
            back, fen = min(quantity, one.quantity), min(amount, one.amount_fen)
            made[places[-1]] = Charge(one.line, one.quantity - back, one.amount_fen - fen, one.returned_fen + fen)
            quantity, amount = quantity - back, amount - fen
            if back == one.quantity:
                places.pop()
        if quantity or amount:
            raise faulty(f"lines[{place}]", "more is given back than was charged before", "退费超过此前已收金额")
    return tuple(made)


def read_claim(body: Mapping[str, Any]) -> Claim:
    """The claim in a message's body; `Malformed` names the member that is not of its form.

    >>> read_claim({"person": "p1"})
    Traceback (most recent call last):
    cardstack.errors.Malformed: claim: Object missing required field `insurance`
    """
    try:
        claim: Claim = msgspec.convert(body, Claim)
    except msgspec.ValidationError as error:
        raise Malformed(told(error, "claim"), field="claim") from error
    for place, line in enumerate(claim.lines):
        whole = half_up(line.price_fen * abs(line.quantity), 1000)
        if not line.quantity or line.amount_fen != (whole if line.quantity > 0 else -whole):
            raise faulty(f"lines[{place}]", "the amount is not price times quantity, half up", "金额不等于单价乘数量（四舍五入）")
    charges(claim.lines)
    holders = [(province(account.place or claim.insured_place), account.holder) for account in claim.accounts]
    if len({*holders}) < len(holders):
        raise faulty("accounts", "one account is named twice", "同一账户重复出现")
    if claim.admitted is not None and not (claim.stay and all(claim.admitted <= (line.day or date.max) for line in claim.lines)):
        raise faulty("admitted", "of a stay, and no later than its fees", "仅住院填写，且不得晚于费用发生日")
    if claim.stay and claim.referred_from == claim.stay and claim.referred_hospital in ("", claim.hospital):
        raise faulty("referred_from", "a stay is not referred from itself", "不得由本次住院转入")
    if claim.total_fen > AMOUNT_MAX:
        raise faulty("lines", "their sum is beyond 2^53 - 1 fen", "合计超过 2^53 - 1 分")
    return claim
