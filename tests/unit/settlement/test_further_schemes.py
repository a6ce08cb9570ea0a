"""Small-value payment, motorway toll and charging: one module and its figures each, on the same seam."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, Untrusted
from cardstack.settlement.answer import Outcome
from cardstack.settlement.batches import LINE, NUMBERS, REASONS, Ack, Batch, Exchange, Item, Result, Why, total
from cardstack.settlement.charging import Keys, Total, check_charge_orders, open_sealed, seal
from cardstack.settlement.rounding import spread
from cardstack.settlement.schemes.charging import CHARGING
from cardstack.settlement.schemes.small_value import REASONS as SMALL_VALUE_REASONS
from cardstack.settlement.schemes.small_value import SMALL_VALUE, Purchase
from cardstack.settlement.schemes.toll import REASONS as TOLL_REASONS
from cardstack.settlement.schemes.toll import TOLL, Passage
from cardstack.settlement.schemes.transit import REASONS as TRANSIT_REASONS
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.settlement.transit.continuity import Break
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.tap import Record
from cardstack.values import Fen

AT = datetime(2026, 10, 12, 8, 30, tzinfo=SHANGHAI)
RECORD: dict[str, Any] = {
    "issuer": "02002900FFFFFFFF",
    "card": "03100020000000000017",
    "counter": 3,
    "balance_fen": 50_000,
    "amount_fen": 1_000,
    "kind": 6,
    "terminal": "331000000001",
    "terminal_serial": 1,
    "moment": "20261012083000",
    "acquirer": "12003310FFFFFFFF",
    "tac": "00000000",
}


def a_body(shape: type[Record], **facts: Any) -> dict[str, Any]:
    """A proven record as a body's member."""
    record = msgspec.convert({**RECORD, **facts}, shape)
    issuer = TEST_ROOT.issuer_key(bytes.fromhex(record.issuer), Block.TRIPLE_DES, 1)
    assert issuer is not None
    body: dict[str, Any] = msgspec.to_builtins(record)
    return {**body, "tac": record.tac_under(issuer)}


def message(scheme: str, body: dict[str, Any], amount: int, kind: str = "payment") -> Transaction:
    return Transaction(
        id=MessageId.of("M33010000001", AT, 1),
        scheme=scheme,
        kind=kind,
        sender=Party("33.merchant-acquirer"),
        home="310000",
        treating="330100",
        occurred_at=AT,
        amount_fen=Fen(amount),
        body=body,
    )


def buy(kind: str = "payment", amount: int = 1_000, **facts: Any) -> Transaction:
    purchase = {"merchant": "898310000000001", "trade": "5411", "amount_fen": amount, **facts}
    return message("small-value", {"purchase": a_body(Purchase, **purchase)}, amount, kind)


def drive(amount: int = 950, **facts: Any) -> Transaction:
    sections = [{"province": "33", "owner": "hangjin", "gross_fen": 700}, {"province": "31", "owner": "hukun", "gross_fen": 300}]
    passage = {"vehicle": "K1", "entry": "A", "exit": "B", "sections": sections, "amount_fen": amount, **facts}
    return message("toll", {"passage": a_body(Passage, **passage)}, amount)


def owned(owner: str) -> Transaction:
    """A passage over the road of one owner, of any name."""
    drove = drive(sections=[{"province": "33", "owner": "hangjin", "gross_fen": 1_000}])
    passage = {**drove.body["passage"], "sections": [{"province": "33", "owner": owner, "gross_fen": 1_000}]}
    return replace(drove, body={"passage": passage})


PURCHASE = "M33010000001202610120830000001"
PERIOD = {"start": "20261012080000", "end": "20261012090000", "power_wh": 20_000, "elec_fen": 1_600, "service_fen": 801}
ORDER = {
    "seq": "MA1234567202610120830000001",
    "connector": "1",
    "total_power_wh": 20_000,
    "total_elec_fen": 1_600,
    "total_service_fen": 801,
    "periods": [PERIOD],
}


def charge(amount: int = 2_401, **facts: Any) -> Transaction:
    return message("charging", {"order": {**ORDER, **facts}}, amount)


def legs(scheme: Any, ride: Transaction) -> list[tuple[str, str, int, str]]:
    assert scheme.check(ride) is None
    return [(p.debtor, p.creditor, p.amount_fen, p.kind) for p in scheme.postings(ride, ride.day)]


def test_a_purchase_and_its_fee() -> None:
    """The issuer owes the acquirer; 0.38 % is shared 70 to 30; a hospital pays none."""
    assert legs(SMALL_VALUE, buy()) == [
        ("31.card-issuer", "33.merchant-acquirer", 1_000, "purchase"),
        ("33.merchant-acquirer", "31.card-issuer", 3, "issuer-fee"),
        ("33.merchant-acquirer", "00.clearing-centre", 1, "centre-fee"),
    ]
    assert len(legs(SMALL_VALUE, buy(trade="8062"))) == 1


def test_a_refund_goes_to_the_account() -> None:
    """It names its purchase, needs no card, and can be had once."""
    refund = buy("refund", refund_of=PURCHASE)
    assert legs(SMALL_VALUE, refund) == [("33.merchant-acquirer", "31.card-issuer", 1_000, "refund")]
    assert SMALL_VALUE.claims(refund) == ("refund.M33010000001202610120830000001",)


def test_a_passage_is_owed_to_each_owner() -> None:
    """5 % off, spread over the sections; the fee in the same proportion."""
    assert legs(TOLL, drive()) == [
        ("31.card-issuer", "33.road-owner.hangjin", 665, "toll"),
        ("33.road-owner.hangjin", "31.card-issuer", 1, "issuer-fee"),
        ("31.card-issuer", "31.road-owner.hukun", 285, "toll"),
    ]


def test_a_charge_is_energy_and_service() -> None:
    """The driver's operator keeps a tenth of the service money."""
    assert legs(CHARGING, charge()) == [
        ("31.charging-operator", "33.charging-station", 1_600, "energy"),
        ("31.charging-operator", "33.charging-station", 721, "service"),
    ]
    assert CHARGING.claims(charge()) == ("order.MA1234567202610120830000001",)


@pytest.mark.parametrize(
    ("scheme", "ride", "code"),
    [
        (SMALL_VALUE, message("small-value", {}, 1), "tap-malformed"),
        (SMALL_VALUE, buy(amount=30_001), "over-limit"),
        (SMALL_VALUE, buy(balance_fen=100_001), "over-limit"),
        (SMALL_VALUE, buy("refund"), "refund-without-purchase"),
        (SMALL_VALUE, replace(buy("refund", refund_of=PURCHASE), sender=Party("31.card-issuer")), "wrong-side"),
        (SMALL_VALUE, replace(buy("refund", refund_of=PURCHASE), amount_fen=Fen(1_001)), "refund-exceeds"),
        (SMALL_VALUE, replace(buy(), id=MessageId("M33010000001202602300000000001")), "tap-malformed"),
        (TOLL, replace(drive(), id=MessageId("M33010000001202602300000000001")), "tap-malformed"),
        (TOLL, message("toll", {"passage": 1}, 1), "tap-malformed"),
        (TOLL, drive(1_000), "toll-differs"),
        (TOLL, drive(vehicle="Z9"), "no-tariff"),
        (CHARGING, message("charging", {}, 1), "order-malformed"),
        (CHARGING, charge(total_power_wh=1), "periods-differ"),
        (CHARGING, charge(2_400), "total-differs"),
        (CHARGING, replace(charge(), kind="refund"), "no-refund"),
        (CHARGING, charge(periods=[{**PERIOD, "start": "20269912080000"}]), "order-malformed"),
        (CHARGING, charge(periods=[{**PERIOD, "end": "20261012075959"}]), "order-malformed"),
        (TOLL, replace(drive(), kind="refund"), "no-refund"),
        (TOLL, owned("hangjin-"), "tap-malformed"),
    ],
)
def test_each_fault_has_its_reason(scheme: Any, ride: Transaction, code: str) -> None:
    """The first that applies."""
    reason = scheme.check(ride)
    assert reason is not None
    assert reason.code == code
    assert reason.text.zh


@pytest.mark.parametrize(("scheme", "ride"), [(SMALL_VALUE, buy()), (TOLL, drive()), (CHARGING, charge())])
def test_each_explains_itself(scheme: Any, ride: Transaction) -> None:
    """Steps in both languages; no totals are shared; a wrong TAC is noticed where there is one."""
    assert all(step.what.zh and step.reference for step in scheme.explain(ride, ride.day))
    assert scheme.accumulations(ride) == ()


def test_what_has_a_number_is_a_code_that_is_answered() -> None:
    """The protocol's numbers stand for reasons of the schemes and outcomes of the ledger, and for nothing else."""
    answered = {*TRANSIT_REASONS, *TOLL_REASONS, *SMALL_VALUE_REASONS, *map(str, Outcome), *map(str, Break), "line-malformed"}
    assert set(NUMBERS) <= answered


def test_a_refund_explains_that_its_fee_is_kept() -> None:
    """The steps are those of its postings: no fee moves."""
    refund = buy("refund", refund_of=PURCHASE)
    assert [(one.name, one.amount_fen) for one in SMALL_VALUE.explain(refund, refund.day)] == [("refund", 1_000)]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_a_spread_sums_to_its_amount(amount: int, weights: list[int]) -> None:
    """To the fen, no part negative, none further than a fen from its proportion."""
    parts = spread(amount, weights)
    assert sum(parts) == amount
    if sum(weights):
        assert all(0 <= part - amount * w // sum(weights) <= 1 for part, w in zip(parts, weights, strict=True))


def a_batch(number: int = 1, *amounts: int, **facts: Any) -> Batch:
    items = tuple(Item(f"m{number}-{place}", amount) for place, amount in enumerate(amounts or (100, 200, 300)))
    given: dict[str, Any] = {"count": len(items), "amount_fen": sum(item.amount_fen for item in items)}
    return Batch(Party("33.road-owner.a"), Party("31.card-issuer"), number, date(2026, 10, 12), items, **{**given, **facts})


def test_silence_means_that_a_line_is_paid() -> None:
    """A booking names the disputed lines alone; decided ones come in with a later clearing."""
    exchange, ack = Exchange().receive(a_batch())
    assert ack is Ack.OK
    exchange = exchange.book(1, 11, {1: Why.VERIFICATION, 2: Why.DUPLICATE})
    exchange, first = exchange.clear(21, date(2026, 10, 12))
    assert (first.lines, first.amount_fen, first.batches, first.disputes) == (1, 100, (1,), ())
    exchange = exchange.decide(31, {(1, 1): True, (1, 2): False})
    assert exchange.open()[0][0] == (1, 1)
    exchange, second = exchange.clear(22, date(2026, 10, 13))
    assert (second.amount_fen, second.disputes) == (200, (31,))
    line = exchange.lines[1, 1]
    assert (line.result, line.why, line.booking, line.dispute, line.clearing) == (Result.CLEARED, Why.VERIFICATION, 11, 31, 22)
    assert total(exchange.lines.values(), Result.REFUSED) == 300
    assert exchange.open() == []


def test_a_batch_that_contradicts_itself_is_acknowledged_so() -> None:
    """A number twice, a wrong count, a message twice: nothing changes."""
    exchange, _ = Exchange().receive(a_batch())
    assert exchange.receive(a_batch()) == (exchange, Ack.DUPLICATE)
    assert exchange.receive(a_batch(2, count=9)) == (exchange, Ack.CONTENT)
    twice = a_batch(3)
    items = (twice.items[0], twice.items[0])
    assert exchange.receive(Batch(twice.sender, twice.receiver, 3, twice.target, items, 2, 200))[1] is Ack.CONTENT
    with pytest.raises(Malformed):
        exchange.book(9, 1, {})
    with pytest.raises(Malformed):
        exchange.book(1, 1, {7: Why.OTHER})
    with pytest.raises(Malformed):
        exchange.decide(1, {(9, 9): True})
    with pytest.raises(Refused):
        exchange.book(1, 11, {}).book(1, 12, {})
    assert set(REASONS) == set(Why)
    assert "cleared" in LINE.diagram()


KEYS = Keys(b"0123456789abcdef", b"fedcba9876543210", b"test secret")


def test_operators_messages_are_sealed_and_opened() -> None:
    """A changed message does not open; what is no message is malformed."""
    sealed = seal("MA1234567", {"OrderCount": 1}, "20261013010000", "0001", KEYS)
    assert open_sealed(sealed, KEYS) == {"OrderCount": 1}
    with pytest.raises(Untrusted):
        open_sealed({**sealed, "Seq": "0002"}, KEYS)
    with pytest.raises(Malformed):
        open_sealed({"Data": 1}, KEYS)
    with pytest.raises(Malformed):
        open_sealed(sealed, KEYS._replace(data=b"another key, 16b"))


def test_the_daily_check_names_each_difference() -> None:
    """Not here, other energy, other money."""
    ours = [Total("a", 1, 10), Total("b", 1, 10), Total("c", 1, 10)]
    assert [(one.seq, one.reason) for one in check_charge_orders([ours[0], ours[0]], ours).disputes] == [(ours[0].seq, 1)]
    checked = check_charge_orders([Total("a", 1, 10), Total("b", 2, 10), Total("c", 1, 12), Total("d", 4, 40)], ours)
    assert [(d.seq, d.reason) for d in checked.disputes] == [("b", 2), ("c", 3), ("d", 1)]
    assert (checked.orders, checked.power_wh, checked.money_fen) == (3, 7, 62)
