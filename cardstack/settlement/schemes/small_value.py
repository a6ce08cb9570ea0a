"""Small-value payment (小额支付) on the card's e-wallet: no PIN, a limit a purchase, TAC records as in transit.

The issuer's float owes the acquirer what the purse paid; the merchant's acquirer pays a fee that the issuer and the
centre share. A refund goes to the holder's account, never back onto the chip: it is a message of kind `refund`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Final

from cardstack.errors import Malformed, Refused
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Accumulation, Cycle, Figure, Reason, Sharing, Step, Unit, at, in_force, located
from cardstack.settlement.schemes.transit import CENTRE, form_fault
from cardstack.settlement.schemes.transit import REASONS as PURSE_REASONS
from cardstack.settlement.transaction import MESSAGE_ID, Posting, Transaction, exactly, party
from cardstack.settlement.transit.keys import TEST_ROOT, KeyRing
from cardstack.settlement.transit.tap import PAID_BY, Record, read_record
from cardstack.text import Text
from cardstack.values import Fen, yuan

DAILY: Final = Cycle("retail", Unit.DAY)
TITLE: Final = Text("Small-value payment on the e-wallet", "电子钱包小额支付")
REASONS: Mapping[str, Reason] = {
    **PURSE_REASONS,
    **{
        reason.code: reason
        for reason in (
            Reason("over-limit", Text("Over the limit of one purchase or of the purse", "超过单笔或钱包限额")),
            Reason("no-rate", Text("No fee is in force for that trade", "该商户类别没有有效费率")),
            Reason("refund-without-purchase", Text("A refund names its purchase", "退款须注明原交易")),
            Reason("wrong-side", Text("A refund comes from the side that pays it", "退款须由付款方（收单地）发起")),
            Reason("refund-exceeds", Text("A refund is not above its purchase", "退款金额不得超过原交易金额")),
        )
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Figure):
    """The fee of a trade in millionths, the issuer's share of it, and the limits of a purchase and of the purse."""

    trade: tuple[str, ...]
    rate_ppm: int
    issuer_permille: int
    purchase_max_fen: int
    purse_max_fen: int


class Purchase(Record, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A purchase at a merchant; `refund_of` is the message id of the purchase that a refund is for."""

    merchant: Annotated[str, exactly(r"[0-9A-Z]{15}")]
    trade: Annotated[str, exactly(r"\d{4}")]
    refund_of: Annotated[str, exactly(f"({MESSAGE_ID})?")] = ""


@remembered
def rates() -> tuple[Rate, ...]:
    """The rates that come with the package."""
    return figures_of("small_value", "rate", Rate)


@remembered
def rate_of(trade: str, day: date) -> Rate:
    """The rate in force for a trade (four digits); a row for no trade in particular serves the rest."""
    own = [rate for rate in rates() if trade in rate.trade]
    return at(in_force(own, day) or [rate for rate in rates() if not rate.trade], day)


@dataclass(frozen=True, slots=True)
class SmallValue(Sharing):
    """Purchases and refunds on the e-wallet."""

    among: ClassVar[tuple[str, ...]] = PAID_BY

    keys: KeyRing = TEST_ROOT
    name: str = "small-value"
    title: Text = TITLE
    cycle: Cycle = DAILY

    def check(self, transaction: Transaction) -> Reason | None:
        """Form, limits and proof, in this order; a refund has no proof of the card, it names its purchase."""
        try:
            purchase = _purchase(transaction)
            rate = rate_of(purchase.trade, transaction.day)
            fault = _refund_fault(transaction, purchase) if transaction.kind == "refund" else form_fault(transaction, purchase)
        except Malformed as error:
            return located(REASONS["tap-malformed"], error)
        except Refused:
            return REASONS["no-rate"]
        if fault is None and transaction.kind != "refund":
            over = purchase.amount_fen > rate.purchase_max_fen or purchase.balance_fen > rate.purse_max_fen
            fault = "over-limit" if over else purchase.unproven(self.keys)
        return REASONS[fault] if fault else None

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """The purchase and its fee; a refund is the purchase the other way round, the fee is not given back."""
        purchase = _purchase(transaction)
        issuer, acquirer = (
            party(f"{transaction.home_province}.card-issuer"),
            party(f"{transaction.treating_province}.merchant-acquirer"),
        )
        if transaction.kind == "refund":
            return (Posting(acquirer, issuer, transaction.amount_fen, "refund", "small-value.refund"),)
        rate = rate_of(purchase.trade, day)
        to_issuer, to_centre = _fee(rate, purchase.amount_fen)
        rule = f"small-value.fee@{rate.since}"
        legs = [
            (issuer, acquirer, purchase.amount_fen, "purchase", "small-value.purchase"),
            (acquirer, issuer, to_issuer, "issuer-fee", rule),
            (acquirer, CENTRE, to_centre, "centre-fee", rule),
        ]
        return tuple(Posting(debtor, creditor, Fen(amount), kind, own) for debtor, creditor, amount, kind, own in legs if amount)

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """Card and counter; a purchase is refunded once."""
        purchase = _purchase(transaction)
        return (f"refund.{purchase.refund_of}",) if transaction.kind == "refund" else purchase.claims

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """Amount and fee; of a refund the amount, because its fee is not given back."""
        purchase = _purchase(transaction)
        rate = rate_of(purchase.trade, day)
        to_issuer, to_centre = _fee(rate, purchase.amount_fen)
        percent = f"{rate.rate_ppm / 10_000:g}%"
        fee = Text(
            f"Fee {percent} (half up): issuer {yuan(Fen(to_issuer))}, centre {yuan(Fen(to_centre))}",
            f"手续费{percent}（四舍五入到分）：发卡方{yuan(Fen(to_issuer))}元，清算中心{yuan(Fen(to_centre))}元",
        )
        paid = Text(f"Paid: {yuan(transaction.amount_fen)}", f"支付{yuan(transaction.amount_fen)}元")
        rule = f"small-value.fee@{rate.since}"
        if transaction.kind == "refund":
            back = Text(f"Given back: {yuan(transaction.amount_fen)}", f"退款{yuan(transaction.amount_fen)}元，手续费不退")
            return (Step("refund", back, transaction.amount_fen, "small-value.refund", rate.reference, {}),)
        return (
            Step("purchase", paid, transaction.amount_fen, "small-value.purchase", rate.reference, {}),
            Step("fee", fee, Fen(to_issuer + to_centre), rule, rate.reference, {"rate_ppm": rate.rate_ppm}),
        )


def _refund_fault(transaction: Transaction, purchase: Purchase) -> str | None:
    """A refund is not proven by the card, so it must come from the side that pays it, and give back no more than was paid."""
    faults = (
        ("refund-without-purchase", not purchase.refund_of),
        ("wrong-side", transaction.sender.province != transaction.treating_province),
        ("refund-exceeds", transaction.amount_fen > purchase.amount_fen),
    )
    return next((code for code, is_so in faults if is_so), None)


def _fee(rate: Rate, amount: int) -> tuple[int, int]:
    whole = half_up(amount * rate.rate_ppm, 1_000_000)
    issuer = half_up(whole * rate.issuer_permille, 1000)
    return issuer, whole - issuer


@once_for_each
def _purchase(transaction: Transaction) -> Purchase:
    return read_record(transaction.body.get("purchase"), Purchase, "purchase")


SMALL_VALUE: Final = SmallValue()
