"""A medical split computed a second time, from the texts of the figures and in exact fractions: no code of the first is used.

It knows one bill on the totals that its claim holds, and neither accounts, the hospital's part, referrals nor what is given back.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import ceil, floor
from typing import Any, NamedTuple

from cardstack.settlement.medical.claim import Claim

FIGURES = files("cardstack.settlement").joinpath("figures")
WORDS = ("category", "level", "disease", "registration")


class Second(NamedTuple):
    """What it comes to: by fund, the deductible charged, what is in scope, the person's part, and what the year's totals gain."""

    funds: dict[str, int]
    deductible: int
    scope: int
    person: int
    adds: dict[str, int]


@cache
def _rows(folder: str, table: str) -> list[dict[str, Any]]:
    texts = sorted(one.read_text("utf-8") for one in FIGURES.joinpath(folder).iterdir() if one.name.endswith(".toml"))
    return [row for text in texts for row in tomllib.loads(text)[table]]


@cache
def _items(province: str) -> list[dict[str, Any]]:
    text = FIGURES.joinpath("catalogue", f"{province}.toml").read_text("utf-8")
    return list(tomllib.loads(text)["item"])


def _half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def _fits(row: dict[str, Any], claim: Claim) -> bool:
    where = row.get("where", {})
    if any(where.get(word) and getattr(claim, word) not in where[word] for word in WORDS):
        return False
    if where.get("attribute") and not set(where["attribute"]) & set(claim.attributes):
        return False
    return bool(where.get("age_from", 0) <= claim.age < where.get("age_below", 1000))


def _policy(claim: Claim, day: date) -> dict[str, Any]:
    """The nearest place's, one that names the disease before one that does not, the newest."""
    for digits in (6, 4, 2):
        place = claim.insured_place[:digits].ljust(6, "0")
        own = [
            row
            for row in _rows("medical", "policy")
            if (row["place"], row["insurance"]) == (place, claim.insurance) and claim.care in row["care"] and row["since"] <= day
        ]
        named = [row for row in own if claim.disease in row.get("diseases", ())]
        found = named or [row for row in own if not row.get("diseases")]
        if found:
            return max(found, key=lambda row: row["since"])
    raise LookupError(claim.insured_place)


def _walk(bands: list[tuple[Fraction, int | None]], low: int, high: int, room: int | None) -> tuple[int, int]:
    """What is paid between two amounts of the scale, and how much of them that takes until the room is gone."""
    paid = used = begin = 0
    for ratio, end in bands:
        first, last = max(low, begin), high if end is None else min(high, end)
        begin = begin if end is None else end
        if last <= first:
            continue
        pay, length = _half_up((last - first) * ratio), last - first
        if room is not None and paid + pay > room:
            pay = room - paid
            length = 0 if pay == 0 else ceil((pay - Fraction(1, 2)) / ratio)  # the least that earns it
        paid, used = paid + pay, used + length
        if length < last - first:
            break
    return paid, used


@dataclass
class _Bill:
    claim: Claim
    day: date
    policy: dict[str, Any]
    registration: dict[str, Any]
    parts: Counter[str] = field(default_factory=Counter)
    funds: Counter[str] = field(default_factory=Counter)
    adds: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)

    def key(self, row: dict[str, Any], name: str) -> str:
        """The total of a basis; empty for a visit."""
        basis, quarter = row.get("basis", "year"), (self.day.month - 1) // 3 + 1
        of_stay = name.partition(".")[0] if name.startswith(("dedc.", "scope.")) else name
        return {
            "year": name,
            "month": f"{name}.{self.day:%Y%m}",
            "quarter": f"{name}.{self.day.year}Q{quarter}",
            "stay": f"stay.{self.claim.stay}.{of_stay}" if self.claim.stay else "",
            "visit": "",
        }[basis]

    def before(self, key: str) -> int:
        return self.claim.before.get(key, 0) if key else 0

    def gain(self, key: str, fen: int) -> None:
        if key:
            self.adds[key] += fen

    def items(self) -> None:
        for line in self.claim.lines:
            known = [
                one for one in _items(self.claim.treating_place[:2]) if one["code"] == line.code and one["since"] <= self.day
            ]
            item, allowed = max(known, key=lambda one: one["since"]), line.amount_fen
            if item["grade"] == "C":
                self.parts["own"] += allowed
                continue
            if line.price_fen > item.get("limit_fen", line.price_fen):
                allowed = _half_up(Fraction(item["limit_fen"] * line.quantity, 1000))
            self.parts["over-limit"] += line.amount_fen - allowed
            self.parts["first"] += _half_up(Fraction(allowed * item.get("first_permille", 0), 1000))

    def deductible(self, scope: int) -> int:
        group, row = (
            self.policy["group"],
            next((one for one in self.policy.get("deductibles", ()) if _fits(one, self.claim)), None),
        )
        if row is None:
            return 0
        number, own = 1, f"stay.{self.claim.stay}.number" if self.claim.stay else ""
        if row.get("basis") == "stay":
            number = self.before(own) or self.before("stays") + 1
            if not self.before(own):
                self.gain("stays", 1)
                self.gain(own, number)
        figure = Fraction(row["fen"][min(number, len(row["fen"])) - 1] * self.registration.get("deductible_permille", 1000), 1000)
        key = self.key(row, f"dedc.{group}")
        charged = min(scope, max(0, _half_up(figure) - self.before(key)))
        pools = [self.key(layer, f"dedc.{group}") for layer in self.policy["layers"] if layer["fund"] == "hifp_pay"]
        for total in {key, f"dedc.{group}", *pools}:
            self.gain(total, charged)
        return charged

    def ratio(self, permille: int) -> Fraction:
        how, by = self.registration.get("operator", "none"), self.registration.get("permille", 0)
        if how == "points":
            return max(Fraction(0), Fraction(permille - by, 1000))
        return Fraction(permille * by, 10**6) if how == "coefficient" else Fraction(permille, 1000)

    def pay(self, layer: dict[str, Any], eligible: int) -> bool:
        """One fund's turn; whether it was the pool that paid."""
        row = next((one for one in layer["rows"] if _fits(one, self.claim)), None)
        if row is None:
            return False
        caps = [(cap, self.key(cap, f"paid.{cap['group']}")) for cap in row.get("caps", ())]
        rooms = [max(0, cap["fen"] - self.before(key) - self.spent[cap["group"]]) for cap, key in caps]
        room, charged = min(rooms, default=None), self.parts["deductible"]
        pool = bool(layer["fund"] == "hifp_pay")
        if pool:
            key, deducted = (self.key(layer, f"{name}.{self.policy['group']}") for name in ("scope", "dedc"))
            low = max(0, self.before(key) - self.before(deducted))
            low = self.before(key) + charged if layer.get("counts_deductible") else low
            bands = [(self.ratio(band["permille"]), band.get("to_fen")) for band in row["bands"]]
            paid, used = _walk(bands, low, low + eligible, room)
            self.parts["share"] += used - paid
            self.parts["over-cap"] += eligible - used
            self.gain(key, eligible + charged)
        else:
            base, key = (
                sum(self.parts[part] for part in layer["parts"]),
                self.key(layer, f"base.{layer.get('group') or layer['fund']}"),
            )
            bands = [(Fraction(band["permille"], 1000), band.get("to_fen")) for band in row["bands"]]
            paid, _ = _walk(bands, max(self.before(key), row.get("start_fen", 0)), self.before(key) + base, room)
            left = paid
            for part in layer["parts"]:
                taken = min(left, self.parts[part])
                self.parts[part], left = self.parts[part] - taken, left - taken
            self.gain(key, base)
        self.funds[layer["fund"]] += paid
        self.spent.update(dict.fromkeys({cap["group"] for cap, _ in caps}, paid))
        for _, key in caps:
            self.gain(key, paid)
        return pool


def second(claim: Claim, day: date) -> Second:
    """The split of a claim; `StopIteration` or `LookupError` where there is no figure for it."""
    policy = _policy(claim, day)
    bill = _Bill(claim, day, policy, next(one for one in policy["registrations"] if one["name"] == claim.registration))
    bill.items()
    scope = claim.total_fen - bill.parts.total()
    if bill.registration.get("operator") == "first-share":
        scope -= _half_up(Fraction(scope * bill.registration["permille"], 1000))
    bill.parts["deductible"] = charged = bill.deductible(scope)
    pooled = [bill.pay(layer, scope - charged) for layer in policy["layers"]]
    assert sum(pooled) <= 1
    funds, adds = ({name: fen for name, fen in sums.items() if fen} for sums in (bill.funds, bill.adds))
    return Second(funds, charged, scope, claim.total_fen - sum(funds.values()), adds)
