"""Loads, unloads and refunds of a purse away from its issuer."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from cardstack.crypto.cryptogram import Block
from cardstack.settlement.schemes.purse import PURSE, Change, Purse
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.settlement.transit.keys import TEST_ROOT, Keys
from cardstack.values import Fen

AT = datetime(2026, 10, 12, 8, 30, tzinfo=SHANGHAI)


def change(kind: str = "load", amount: int = 5_000, **facts: Any) -> Transaction:
    """A load of a Shanghai purse in Hangzhou, proven, changed as asked."""
    given: dict[str, Any] = {
        "issuer": "02002900FFFFFFFF",
        "card": "03100020000000000017",
        "counter": 4,
        "balance_fen": 6_000,
        "amount_fen": amount,
        "terminal": "331000000009",
        "moment": "20261012083000",
    }
    own = msgspec.convert({**given, **facts}, Change)
    key = TEST_ROOT.issuer_key(bytes.fromhex(own.issuer), Block(own.algorithm), 1)
    assert key is not None
    body = {**msgspec.to_builtins(own), "tac": facts.get("tac", own.load_tac(key))}
    return Transaction(
        id=MessageId.of("L33010000001", AT, 1),
        scheme="purse",
        kind=kind,
        sender=Party("31.card-issuer" if kind == "unload" else "33.load-agent"),
        home="310000",
        treating="330100",
        occurred_at=AT,
        amount_fen=Fen(5_000),
        body={"change": body},
    )


def legs(transaction: Transaction) -> list[tuple[str, str, int, str]]:
    assert PURSE.check(transaction) is None
    return [(p.debtor, p.creditor, p.amount_fen, p.kind) for p in PURSE.postings(transaction, transaction.day)]


@pytest.mark.parametrize("algorithm", ["3des", "sm4"])
def test_a_load_is_owed_to_the_issuer(algorithm: str) -> None:
    """Less what the agent keeps."""
    assert legs(change(algorithm=algorithm)) == [
        ("33.load-agent", "31.card-issuer", 5_000, "load"),
        ("31.card-issuer", "33.load-agent", 25, "agent-fee"),
    ]


def test_an_unload_and_a_refund_go_the_other_way() -> None:
    """An unload pays the counter back, a refund comes from the operator and names its journey."""
    assert legs(change("unload")) == [("31.card-issuer", "33.load-agent", 5_000, "unload")]
    refund = change("refund", undoes="T33010000001202610120830000007")
    assert legs(refund) == [("33.transit-operator", "31.card-issuer", 5_000, "refund")]
    assert PURSE.claims(refund) == ("refund.T33010000001202610120830000007",)
    assert PURSE.claims(change())[0].startswith("load.02002900FFFFFFFF")


@pytest.mark.parametrize(
    ("transaction", "code"),
    [
        (change("gift"), "unknown-kind"),
        (change(amount=4_999), "amount-differs"),
        (change(moment="20261012083001"), "moment-differs"),
        (change(moment="20261312083001"), "change-malformed"),
        (change(balance_fen=100_001), "over-limit"),
        (change(balance_fen=4_000), "balance-short"),
        (change(tac="00000000"), "tac-wrong"),
        (change("refund"), "undoes-nothing"),
        (replace(change("unload"), sender=Party("33.load-agent")), "wrong-side"),
        (replace(change("refund", undoes="T33010000001202610120830000007"), sender=Party("31.card-issuer")), "wrong-side"),
        (replace(change(), occurred_at=AT.replace(year=2024)), "no-figure"),
    ],
)
def test_each_fault_has_its_reason(transaction: Transaction, code: str) -> None:
    """The first that applies."""
    reason = PURSE.check(transaction)
    assert reason is not None
    assert reason.code == code


def test_nothing_is_taken_on_trust() -> None:
    """No key, no load; every posting is explained; no totals are shared."""
    reason = Purse(keys=Keys({})).check(change())
    assert reason is not None
    assert reason.code == "no-key"
    assert [step.name for step in PURSE.explain(change(), AT.date())] == ["load", "agent-fee"]
    assert PURSE.accumulations(change()) == ()
