"""Loads, unloads and refunds of a purse away from its issuer.

A load at another province's counter is money that its agent owes the issuer of the purse; an unload and a refund go
the other way. A load is proven by the card's TAC over the new balance. An unload and a refund leave no such proof, so they are
taken from the side that pays: the issuer says that it owes an unload, the operator that it gives a fare back, and names which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, told
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Accumulation, Cycle, Figure, Reason, Step, Unit, at, located
from cardstack.settlement.transaction import MESSAGE_ID, Party, Posting, Transaction, exactly
from cardstack.settlement.transit.keys import TEST_ROOT, KeyRing
from cardstack.settlement.transit.tap import Institution, Moment, PurseFen, moment_of
from cardstack.text import Text
from cardstack.values import Fen, yuan

TITLE: Final = Text("Loads, unloads and refunds of purses", "电子钱包充值、圈提与退款")
DAILY: Final = Cycle("purse", Unit.DAY)
REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("change-malformed", Text("The record is not of its declared form", "交易记录不符合约定格式")),
        Reason("unknown-kind", Text("Load, unload or refund was expected", "仅支持充值、圈提与退款")),
        Reason("amount-differs", Text("The amount is not the one on the record", "交易金额与记录不一致")),
        Reason("moment-differs", Text("The moment is not the one on the record", "交易时间与记录不一致")),
        Reason("no-figure", Text("No terms are in force on that day", "该日期没有生效的充值条款")),
        Reason("over-limit", Text("Over the limit of a load or of the purse", "超过单次充值或钱包限额")),
        Reason("balance-short", Text("The purse did not hold the amount", "余额不足")),
        Reason("no-key", Text("No TAC key of that issuer is known here", "没有该发卡机构的TAC密钥")),
        Reason("tac-wrong", Text("The TAC does not prove the record", "TAC验证失败")),
        Reason("wrong-side", Text("An unload and a refund come from the side that pays them", "圈提与退款须由付款方发起")),
        Reason("undoes-nothing", Text("A refund names the message that it undoes", "退款须注明原交易")),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Figure):
    """What the loading agent keeps, in millionths, and the limits of a load and of the purse in fen."""

    agent_fee_ppm: int
    load_max_fen: int
    purse_max_fen: int


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A purse's balance changed at a counter. `balance_fen` is the balance after it, `counter` the online sequence before.

    `undoes` is the message that a refund is for.
    """

    issuer: Institution
    card: Annotated[str, exactly(r"\d{20}")]
    counter: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    balance_fen: PurseFen
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=0x7FFFFFFF)]
    terminal: Annotated[str, exactly(r"[0-9A-F]{12}")]
    moment: Moment
    tac: Annotated[str, exactly(r"([0-9A-F]{8})?")] = ""
    purse: Literal["ep", "ed"] = "ep"
    algorithm: Literal["3des", "sm4"] = "3des"
    key_version: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    undoes: Annotated[str, exactly(f"({MESSAGE_ID})?")] = ""

    def load_tac(self, issuer_key: bytes) -> str:
        """The TAC of a load: new balance 4, sequence 2, amount 4, type 1, terminal 6, date and time 7 (PBOC 2.0 part 2).

        The type is 02 for the purse and 01 for the deposit.
        """
        block = Block(self.algorithm)
        key = cryptogram.diversify(issuer_key, bytes.fromhex(self.card)[2:], block)
        covered = self.balance_fen.to_bytes(4) + self.counter.to_bytes(2) + self.amount_fen.to_bytes(4)
        covered += bytes((2 if self.purse == "ep" else 1,)) + bytes.fromhex(self.terminal) + bytes.fromhex(self.moment)
        return cryptogram.tac(key, covered, block).hex().upper()


@remembered
def terms() -> tuple[Terms, ...]:
    """The terms that come with the package."""
    return figures_of("purse", "terms", Terms)


@dataclass(frozen=True, slots=True)
class Purse:
    """Loads, unloads and refunds."""

    keys: KeyRing = TEST_ROOT
    name: str = "purse"
    title: Text = TITLE
    cycle: Cycle = DAILY

    def check(self, transaction: Transaction) -> Reason | None:
        """Form, limits, and what proves or names the change."""
        try:
            change = _change(transaction)
            bounds = at(terms(), transaction.day)
        except Malformed as error:
            return located(REASONS["change-malformed"], error)
        except Refused:
            return REASONS["no-figure"]
        loads = transaction.kind == "load"
        payer = transaction.home_province if transaction.kind == "unload" else transaction.treating_province
        faults = (
            ("unknown-kind", transaction.kind not in {"load", "unload", "refund"}),
            ("amount-differs", change.amount_fen != transaction.amount_fen),
            ("moment-differs", moment_of(change.moment) != transaction.occurred_at),
            ("over-limit", loads and (change.amount_fen > bounds.load_max_fen or change.balance_fen > bounds.purse_max_fen)),
            ("balance-short", loads and change.balance_fen < change.amount_fen),
            ("wrong-side", not loads and transaction.sender.province != payer),
            ("undoes-nothing", transaction.kind == "refund" and not change.undoes),
        )
        fault = next((code for code, is_so in faults if is_so), None) or (self._unproven(change) if loads else None)
        return REASONS[fault] if fault else None

    def _unproven(self, change: Change) -> str | None:
        key = self.keys.issuer_key(bytes.fromhex(change.issuer), Block(change.algorithm), change.key_version)
        if key is None:
            return "no-key"
        return None if change.load_tac(key) == change.tac else "tac-wrong"

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """The money, and what the agent keeps of a load."""
        issuer, agent = Party(f"{transaction.home_province}.card-issuer"), Party(f"{transaction.treating_province}.load-agent")
        amount = transaction.amount_fen
        if transaction.kind != "load":
            debtor = Party(f"{transaction.treating_province}.transit-operator") if transaction.kind == "refund" else issuer
            creditor = issuer if transaction.kind == "refund" else agent
            return (Posting(debtor, creditor, amount, transaction.kind, f"purse.{transaction.kind}"),)
        bounds = at(terms(), day)
        fee = half_up(amount * bounds.agent_fee_ppm, 1_000_000)
        legs = ((agent, issuer, amount, "load"), (issuer, agent, Fen(fee), "agent-fee"))
        rule = f"purse.load@{bounds.since}"
        return tuple(Posting(debtor, creditor, Fen(own), kind, rule) for debtor, creditor, own, kind in legs if own)

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """An online sequence is used once for each kind; a message is refunded once."""
        change = _change(transaction)
        if transaction.kind == "refund":
            return (f"refund.{change.undoes}",)
        return (f"{transaction.kind}.{change.issuer}.{change.card}.{change.purse}.{change.counter}",)

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """None."""
        del transaction
        return ()

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """Each posting with its rule."""
        reference = at(terms(), day).reference
        steps = []
        for one in self.postings(transaction, day):
            said = yuan(one.amount_fen)
            what = Text(f"{one.kind}: {said}", f"{one.kind}：{said}元")
            steps.append(Step(one.kind, what, one.amount_fen, one.rule, reference, {}))
        return tuple(steps)


@once_for_each
def _change(transaction: Transaction) -> Change:
    try:
        change: Change = msgspec.convert(transaction.body.get("change"), Change)
    except msgspec.ValidationError as error:
        raise Malformed(told(error, "change"), field="change") from error
    moment_of(change.moment)
    return change


PURSE: Final = Purse()
