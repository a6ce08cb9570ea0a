"""Motorway toll (ETC) on the card: one passage over the roads of several owners and provinces.

The issuer owes each road owner its section of what was charged; what a discount takes off is spread over the
sections in proportion, the remainder fen by fen from the largest, so that the parts always sum to the charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec

from cardstack.errors import Malformed, Refused
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.rounding import half_up, spread
from cardstack.settlement.scheme import Accumulation, Cycle, Figure, Reason, Sharing, Step, Unit, at, located
from cardstack.settlement.schemes.transit import REASONS as PURSE_REASONS
from cardstack.settlement.schemes.transit import form_fault
from cardstack.settlement.transaction import Posting, Transaction, exactly, party
from cardstack.settlement.transit.keys import TEST_ROOT, KeyRing
from cardstack.settlement.transit.tap import PAID_BY, Record, read_record
from cardstack.text import Text
from cardstack.values import Fen, yuan

DAILY: Final = Cycle("toll", Unit.DAY)
TITLE: Final = Text("Motorway toll", "高速公路通行费")
REASONS: Mapping[str, Reason] = {
    **PURSE_REASONS,
    **{
        reason.code: reason
        for reason in (
            Reason("no-tariff", Text("No tariff is in force for that vehicle", "该车型没有有效费率")),
            Reason("toll-differs", Text("The toll is not what the tariff in force gives", "通行费与现行费率不一致")),
        )
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff(Figure):
    """The discount of paying by card, in permille off, for classes of vehicle; and the issuer's fee in millionths."""

    vehicle: tuple[str, ...]
    off_permille: int
    issuer_fee_ppm: int


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of one owner's road: province, owner, toll before discounts."""

    province: Annotated[str, exactly(r"\d{2}")]
    owner: Annotated[str, exactly(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")]
    gross_fen: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class Passage(Record, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A passage from entry to exit, with the toll of each section."""

    vehicle: Annotated[str, exactly(r"[A-Z0-9]{1,4}")]
    entry: Annotated[str, msgspec.Meta(max_length=24)]
    exit: Annotated[str, msgspec.Meta(max_length=24)]
    sections: Annotated[tuple[Section, ...], msgspec.Meta(min_length=1, max_length=200)]

    @property
    def gross_fen(self) -> int:
        return sum(section.gross_fen for section in self.sections)


@remembered
def tariffs() -> tuple[Tariff, ...]:
    """The tariffs that come with the package."""
    return figures_of("toll", "tariff", Tariff)


@remembered
def tariff_of(vehicle: str, day: date) -> Tariff:
    """The tariff in force for a class of vehicle."""
    return at([tariff for tariff in tariffs() if vehicle in tariff.vehicle], day)


@dataclass(frozen=True, slots=True)
class Toll(Sharing):
    """Passages on the card's purse."""

    among: ClassVar[tuple[str, ...]] = PAID_BY

    keys: KeyRing = TEST_ROOT
    name: str = "toll"
    title: Text = TITLE
    cycle: Cycle = DAILY

    def check(self, transaction: Transaction) -> Reason | None:
        """Form, proof and tariff."""
        try:
            passage = _passage(transaction)
            tariff = tariff_of(passage.vehicle, transaction.day)
            fault = form_fault(transaction, passage) or passage.unproven(self.keys)
        except Malformed as error:
            return located(REASONS["tap-malformed"], error)
        except Refused:
            return REASONS["no-tariff"]
        if fault is None and passage.amount_fen != charged(passage, tariff):
            fault = "toll-differs"
        return REASONS[fault] if fault else None

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """A posting an owner, and the issuer's fee from each in the same proportion."""
        passage = _passage(transaction)
        tariff = tariff_of(passage.vehicle, day)
        issuer = party(f"{transaction.home_province}.card-issuer")
        weights = [section.gross_fen for section in passage.sections]
        shares = spread(passage.amount_fen, weights)
        fees = spread(half_up(passage.amount_fen * tariff.issuer_fee_ppm, 1_000_000), weights)
        rule = f"toll@{tariff.since}"
        legs = []
        for section, share, fee in zip(passage.sections, shares, fees, strict=True):
            owner = party(f"{section.province}.road-owner.{section.owner}")
            legs += [(issuer, owner, share, "toll"), (owner, issuer, fee, "issuer-fee")]
        return tuple(Posting(debtor, creditor, Fen(amount), kind, rule) for debtor, creditor, amount, kind in legs if amount)

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """Card and counter."""
        return _passage(transaction).claims

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """Gross, discount, charged, and each section's share."""
        passage = _passage(transaction)
        tariff = tariff_of(passage.vehicle, day)
        rule, off = f"toll@{tariff.since}", f"{tariff.off_permille / 10:g}%"
        shares = spread(passage.amount_fen, [section.gross_fen for section in passage.sections])
        said = [
            ("gross", passage.gross_fen, Text("Toll of all sections", "各路段应收合计")),
            (
                "discount",
                passage.gross_fen - passage.amount_fen,
                Text(f"Card discount {off}, half up", f"电子收费优惠{off}（四舍五入）"),
            ),
            ("charged", passage.amount_fen, Text("Charged", "实收")),
            *(
                ("section", share, Text(f"{section.province} {section.owner}", f"路段{section.province} {section.owner}"))
                for section, share in zip(passage.sections, shares, strict=True)
            ),
        ]
        return tuple(
            Step(name, Text(f"{t.en}: {yuan(Fen(n))}", f"{t.zh}：{yuan(Fen(n))}元"), Fen(n), rule, tariff.reference, {})
            for name, n, t in said
        )


def charged(passage: Passage, tariff: Tariff) -> int:
    """What the purse pays: the gross toll less the discount, half up."""
    return passage.gross_fen - half_up(passage.gross_fen * tariff.off_permille, 1000)


@once_for_each
def _passage(transaction: Transaction) -> Passage:
    return read_record(transaction.body.get("passage"), Passage, "passage")


TOLL: Final = Toll()
