"""Electric-vehicle charging between operators: a bill of energy and service by periods, paid by the driver's own operator.

Field names follow T/CEC 102 as third parties use it; the daily check of orders is `settlement.charging`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

import msgspec

from cardstack.errors import Malformed, Refused, faulty, told
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Accumulation, Cycle, Figure, Reason, Step, Unit, at, located
from cardstack.settlement.transaction import Posting, Transaction, exactly, party
from cardstack.settlement.transit.tap import moment_of
from cardstack.text import Text
from cardstack.values import Fen, yuan

DAILY: Final = Cycle("charging", Unit.DAY)
TITLE: Final = Text("Electric-vehicle charging", "电动汽车充电")
REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("order-malformed", Text("The order is not of its declared form", "充电订单不符合约定格式")),
        Reason(
            "no-refund",
            Text(
                "The scheme takes no refund: reverse the order, or dispute a part of it",
                "该业务不受理退款报文：请冲正原订单，或就部分金额提出异议",
            ),
        ),
        Reason("periods-differ", Text("The periods do not sum to the order", "分时明细合计与订单不一致")),
        Reason("total-differs", Text("The amount is not energy and service together", "订单总额不等于电费与服务费之和")),
        Reason("no-agreement", Text("No agreement between operators is in force", "运营商之间没有有效结算协议")),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Figure):
    """What the driver's operator keeps of the service money, in permille."""

    keeps_permille: int


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period of one price: energy in watt-hours, energy money and service money in fen."""

    start: Annotated[str, exactly(r"\d{14}")]
    end: Annotated[str, exactly(r"\d{14}")]
    power_wh: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    elec_fen: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    service_fen: Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A charging order by its sequence number (`StartChargeSeq`: operator 9, then 18), its totals and periods."""

    seq: Annotated[str, exactly(r"[0-9A-Z]{27}")]
    connector: Annotated[str, exactly(r"[0-9A-Za-z]{1,26}")]
    total_power_wh: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    total_elec_fen: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    total_service_fen: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    periods: Annotated[tuple[Period, ...], msgspec.Meta(min_length=1, max_length=96)]

    @property
    def total_fen(self) -> int:
        return self.total_elec_fen + self.total_service_fen


@remembered
def agreements() -> tuple[Agreement, ...]:
    """The agreements that come with the package."""
    return figures_of("charging", "agreement", Agreement)


@dataclass(frozen=True, slots=True)
class Charging:
    """Charging at another operator's station."""

    name: str = "charging"
    title: Text = TITLE
    cycle: Cycle = DAILY

    def check(self, transaction: Transaction) -> Reason | None:
        """A charge, never a refund; the sums must hold: periods to the order, energy and service to the amount."""
        try:
            order = _order(transaction)
            at(agreements(), transaction.day)
        except Malformed as error:
            return located(REASONS["order-malformed"], error)
        except Refused:
            return REASONS["no-agreement"]
        if transaction.kind == "refund":
            return REASONS["no-refund"]
        sums = [sum(getattr(period, name) for period in order.periods) for name in ("power_wh", "elec_fen", "service_fen")]
        if sums != [order.total_power_wh, order.total_elec_fen, order.total_service_fen]:
            return REASONS["periods-differ"]
        return None if order.total_fen == transaction.amount_fen else REASONS["total-differs"]

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """The driver's operator owes the energy money and the service money less what it keeps."""
        order = _order(transaction)
        agreement = at(agreements(), day)
        own, other = f"{transaction.home_province}.charging-operator", f"{transaction.treating_province}.charging-station"
        kept = half_up(order.total_service_fen * agreement.keeps_permille, 1000)
        rule = f"charging@{agreement.since}"
        legs = ((order.total_elec_fen, "energy"), (order.total_service_fen - kept, "service"))
        return tuple(Posting(party(own), party(other), Fen(amount), kind, rule) for amount, kind in legs if amount)

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """An order is settled once."""
        return (f"order.{_order(transaction).seq}",)

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """Energy, service, and what the driver's operator keeps."""
        order = _order(transaction)
        agreement = at(agreements(), day)
        rule, share = f"charging@{agreement.since}", f"{agreement.keeps_permille / 10:g}%"
        said = (
            ("energy", order.total_elec_fen, Text("Energy money", "电费")),
            ("service", order.total_service_fen, Text("Service money", "服务费")),
            (
                "kept",
                half_up(order.total_service_fen * agreement.keeps_permille, 1000),
                Text(f"Kept by the driver's operator, {share} of the service money", f"用户侧运营商留存服务费的{share}"),
            ),
        )
        return tuple(
            Step(name, Text(f"{t.en}: {yuan(Fen(n))}", f"{t.zh}：{yuan(Fen(n))}元"), Fen(n), rule, agreement.reference, {})
            for name, n, t in said
        )


@once_for_each
def _order(transaction: Transaction) -> Order:
    try:
        order: Order = msgspec.convert(transaction.body.get("order"), Order)
    except msgspec.ValidationError as error:
        raise Malformed(told(error, "order"), field="order") from error
    for period in order.periods:
        if moment_of(period.end) < moment_of(period.start):
            raise faulty("periods", "one ends before it begins", "时段结束时间早于开始时间")
    return order


CHARGING: Final = Charging()
