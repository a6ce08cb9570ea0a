"""Journeys on a purse of another city: TAC, fare and discounts checked, the fee split between issuer, operator and centre.

The card's issuer holds the float and owes the operator what the purse paid; whoever sponsors a discount owes the
operator the difference to the local fare; the operator pays a service fee that issuer and centre share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from cardstack.errors import Malformed, Refused, faulty
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Accumulation, Cycle, Figure, Reason, Sharing, Step, Unit, at, in_force, located
from cardstack.settlement.transaction import Party, Posting, Transaction, party
from cardstack.settlement.transit.fares import Fare, FarePolicy, Off, fare, policy_of
from cardstack.settlement.transit.keys import TEST_ROOT, KeyRing
from cardstack.settlement.transit.lists import Kind, Lists
from cardstack.settlement.transit.tap import PAID_BY, Record, Tap, moment_of, read_tap
from cardstack.text import Text
from cardstack.values import Fen, yuan

DAILY: Final = Cycle("transit", Unit.DAY)
NO_LISTS: Final = Lists()
EVERYWHERE: Final = "00"
TITLE: Final = Text("Public transport on the purse", "公共交通异地刷卡")
CENTRE: Final = Party("00.clearing-centre")

REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("tap-malformed", Text("The record is not of its declared form", "交易记录不符合约定格式")),
        Reason(
            "no-refund",
            Text(
                "The scheme takes no refund: reverse the message, dispute a part of it, or refund the purse by scheme purse",
                "该业务不受理退款报文：请冲正原报文、就部分金额提出异议，或通过 purse 业务退款",
            ),
        ),
        Reason("amount-differs", Text("The amount is not the one on the record", "交易金额与记录不一致")),
        Reason("moment-differs", Text("The moment is not the one on the record", "交易时间与记录不一致")),
        Reason("future", Text("The record is from the future", "交易时间晚于上送时间")),
        Reason("late", Text("The record is older than the limit", "超过上送时限的迟到记录")),
        Reason("balance-short", Text("The purse did not hold the amount", "交易前余额不足")),
        Reason("card-expired", Text("The card had expired", "卡已过有效期")),
        Reason("over-limit", Text("Over the limit of one journey", "超过单笔交易限额")),
        Reason("card-blocked", Text("The card was on the black list", "卡已列入黑名单")),
        Reason("no-key", Text("No TAC key of that issuer is known here", "没有该发卡机构的TAC密钥")),
        Reason("tac-wrong", Text("The TAC does not prove the record", "TAC验证失败")),
        Reason("grey-unproven", Text("An unconfirmed record needs a later read of the card", "灰记录尚未由后续读卡证实")),
        Reason("no-figure", Text("No figure is in force on the day of the record", "交易日期没有生效的政策参数")),
        Reason("no-fare", Text("The city has no fare in force for that service", "该城市该业务没有有效票价政策")),
        Reason("fare-differs", Text("The fare is not what the policy in force gives", "实收票价与现行票价政策不一致")),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee(Figure):
    """The service fee of an operator's province, in millionths of what the purse paid, and the issuer's share of it."""

    province: str
    industry: tuple[str, ...]
    rate_ppm: int
    issuer_permille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Figure):
    """How late a record may be sent, how far a terminal's clock may run ahead, and how much one journey may cost at most."""

    late_days: int
    ahead_minutes: int
    amount_max_fen: int | None = None


@remembered
def fares() -> tuple[FarePolicy, ...]:
    """The cities' fares that come with the package."""
    return figures_of("transit/fares", "fare", FarePolicy)


@remembered
def fees() -> tuple[Fee, ...]:
    """The fees that come with the package."""
    return figures_of("transit/fees", "fee", Fee)


@remembered
def limits() -> tuple[Limits, ...]:
    """The limits of time that come with the package."""
    return figures_of("transit/fees", "limits", Limits)


@remembered
def fee_of(province: str, industry: str, day: date) -> Fee:
    """The fee in force for a service; the narrowest that fits: the province's own, else the one for all (00)."""
    own = [fee for fee in fees() if fee.province == province and industry in fee.industry]
    return at(in_force(own, day) or [fee for fee in fees() if fee.province == EVERYWHERE], day)


def fee_parts(fee: Fee, amount: int) -> tuple[int, int]:
    """The issuer's and the centre's part of a fee: the fee half up, the issuer's share half up, the centre has the rest."""
    whole = half_up(amount * fee.rate_ppm, 1_000_000)
    issuer = half_up(whole * fee.issuer_permille, 1000)
    return issuer, whole - issuer


def sponsor_of(sponsor: str, home: str, treating: str) -> str | None:
    """The party that bears a discount, None where it is the operator itself."""
    if sponsor == "operator":
        return None
    side, _, role = sponsor.partition(".")
    return f"{home if side == 'home' else treating}.{role}"


@dataclass(frozen=True, slots=True)
class Transit(Sharing):
    """Bus and metro on the purse of the one card."""

    among: ClassVar[tuple[str, ...]] = PAID_BY

    keys: KeyRing = TEST_ROOT
    lists: Lists = NO_LISTS
    name: str = "transit"
    title: Text = TITLE
    cycle: Cycle = DAILY

    def check(self, transaction: Transaction) -> Reason | None:
        """The first reason that applies, in the order of `REASONS`."""
        try:
            tap = _tap(transaction)
            fault = (
                form_fault(transaction, tap)
                or amount_fault(tap)
                or self.blocked(tap)
                or self.proof(tap)
                or price_fault(tap, transaction.treating_province)
            )
        except Malformed as error:
            return located(REASONS["tap-malformed"], error)
        return REASONS[fault] if fault else None

    def blocked(self, tap: Tap) -> str | None:
        """Whether the card stood on the black list long enough for every terminal to refuse it."""
        return "card-blocked" if self.lists.verdict(tap.issuer, tap.card, tap.at) is Kind.BLACK else None

    def proof(self, tap: Tap) -> str | None:
        """Why the record proves nothing: no key, a wrong TAC, or an unconfirmed debit; None where it proves."""
        return tap.unproven(self.keys) or ("grey-unproven" if tap.grey else None)

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """Purse, sponsors and fee, each with its dated rule."""
        return postings_of(_tap(transaction), transaction.home_province, transaction.treating_province, day)

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """A card uses a counter once."""
        return _tap(transaction).claims

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None: what a card has paid in a month stands on the card."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """The fare step by step, then the fee."""
        tap = _tap(transaction)
        fee = fee_of(transaction.treating_province, tap.industry, day)
        to_issuer, to_centre = fee_parts(fee, tap.amount_fen)
        rate = f"{fee.rate_ppm / 10_000:g}%"
        what = Text(
            f"Service fee {rate} (half up): issuer {yuan(Fen(to_issuer))}, centre {yuan(Fen(to_centre))}",
            f"服务费{rate}（四舍五入到分）：发卡方{yuan(Fen(to_issuer))}元，清算中心{yuan(Fen(to_centre))}元",
        )
        facts = {"rate_ppm": fee.rate_ppm, "issuer_permille": fee.issuer_permille}
        step = Step("fee", what, Fen(to_issuer + to_centre), f"fee.{fee.province}@{fee.since}", fee.reference, facts)
        return (*price_of(tap).steps, step)


def postings_of(tap: Tap, home: str, treating: str, day: date) -> tuple[Posting, ...]:
    """What a proven journey makes the parties of two provinces owe."""
    return _postings((tap.city, tap.industry), tap.amount_fen, price_of(tap).offs, (home, treating), day)


@remembered
def _postings(
    service: tuple[str, str], amount_fen: int, offs: Sequence[Off], provinces: tuple[str, str], day: date
) -> tuple[Posting, ...]:
    """Few fares are paid again and again, and what they make others owe is the same each time.

    `service` is a city and an industry, `provinces` are home and treating.
    """
    (city, industry), (home, treating) = service, provinces
    fee = fee_of(treating, industry, day)
    issuer, operator = f"{home}.card-issuer", f"{treating}.transit-operator"
    to_issuer, to_centre = fee_parts(fee, amount_fen)
    rule, fee_rule = f"{city}.{industry}", f"fee.{fee.province}@{fee.since}"
    legs = [(issuer, operator, amount_fen, "fare", f"{rule}.fare")]
    legs += [
        (sponsor, operator, off.amount_fen, "discount", f"{rule}.discount")
        for off in offs
        if (sponsor := sponsor_of(off.sponsor, home, treating)) is not None
    ]
    legs += [(operator, issuer, to_issuer, "issuer-fee", fee_rule), (operator, CENTRE, to_centre, "centre-fee", fee_rule)]
    return tuple(
        Posting(party(debtor), party(creditor), Fen(amount), kind, rule)
        for debtor, creditor, amount, kind, rule in legs
        if amount
    )


@once_for_each
def price_of(tap: Tap) -> Fare:
    """The fare of a journey by the figures that come with the package."""
    return fare(tap, _policy(tap.city, tap.industry, tap.at.date()))


@remembered
def _policy(city: str, industry: str, day: date) -> FarePolicy:
    return policy_of(fares(), city, industry, day)


@once_for_each
def _tap(transaction: Transaction) -> Tap:
    body = transaction.body.get("tap")
    if not isinstance(body, Mapping):
        raise faulty("tap", "not a mapping", "不是 JSON 对象")
    return read_tap(body)


def form_fault(transaction: Transaction, record: Record) -> str | None:
    """What in a purse's record contradicts its message, or the card: kind, amount, moment, clock, balance, end of validity.

    `Malformed` for a message id of no day.
    """
    sent, recorded = _sent(transaction), record.at
    try:
        ahead, late, _ = _limits(transaction.day)
    except Refused:
        return "no-figure"
    faults = (
        ("no-refund", transaction.kind == "refund"),
        ("amount-differs", record.amount_fen != transaction.amount_fen),
        ("moment-differs", recorded != transaction.occurred_at),
        ("future", recorded - sent > ahead),
        ("late", sent - recorded > late),
        ("balance-short", record.balance_fen < record.amount_fen),
        ("card-expired", record.expires != "" and record.moment[:8] > record.expires),
    )
    return next((code for code, is_so in faults if is_so), None)


@remembered
def _limits(day: date) -> tuple[timedelta, timedelta, int | None]:
    """How far a terminal's clock may run ahead, how late a record may be sent, and how much a journey may cost."""
    bounds = at(limits(), day)
    return timedelta(minutes=bounds.ahead_minutes), timedelta(days=bounds.late_days), bounds.amount_max_fen


def amount_fault(tap: Tap) -> str | None:
    """Whether a journey cost more than one may, or its fare before discounts did: nobody but its limit proves that one.

    The limits of its day are there: its clock was held against them.
    """
    most = _limits(tap.at.date())[2]
    return "over-limit" if most is not None and max(tap.amount_fen, tap.gross_fen) > most else None


def _sent(transaction: Transaction) -> datetime:
    """When the sender made the message: its id says so."""
    return moment_of(transaction.id[12:26])


def price_fault(tap: Tap, treating: str) -> str | None:
    """Why the fare on a record is not the one in force, or no fee is; None where it holds."""
    try:
        charged = price_of(tap).charged_fen
    except Refused:
        return "no-fare"
    if charged != tap.amount_fen:
        return "fare-differs"
    try:
        fee_of(treating, tap.industry, tap.at.date())
    except Refused:
        return "no-figure"
    return None


TRANSIT: Final = Transit()
