"""Invented journeys for tests of transit settlement, proven with the test keys."""

from datetime import datetime
from typing import Any

import msgspec

from cardstack.crypto.cryptogram import Block
from cardstack.settlement.schemes.transit import price_of
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.tap import Tap, moment_of, read_tap
from cardstack.values import Fen

SHANGHAI_ISSUER, HANGZHOU_ACQUIRER = "02002900FFFFFFFF", "12003310FFFFFFFF"


def proven(tap: Tap) -> Tap:
    """The record with the TAC that the card would have made."""
    key = TEST_ROOT.issuer_key(bytes.fromhex(tap.issuer), Block(tap.algorithm), tap.key_version)
    assert key is not None
    return msgspec.structs.replace(tap, tac=tap.tac_under(key))


def a_tap(**facts: Any) -> Tap:
    """A Shanghai card's bus ride in Hangzhou for 2 yuan, at the fare in force, changed as asked."""
    given = {
        "issuer": SHANGHAI_ISSUER,
        "card": "03100020000000000017",
        "counter": 7,
        "balance_fen": 5_000,
        "amount_fen": 0,
        "gross_fen": 200,
        "kind": 9,
        "terminal": "331000000001",
        "terminal_serial": 12,
        "moment": "20261012083000",
        "city": "3310",
        "card_city": "2900",
        "acquirer": HANGZHOU_ACQUIRER,
        "industry": "02",
        "tac": "00000000",
    }
    tap = read_tap({**given, **facts})
    if "amount_fen" not in facts:
        tap = msgspec.structs.replace(tap, amount_fen=price_of(tap).charged_fen)
    return tap if "tac" in facts else proven(tap)


def a_ride(tap: Tap, *, sent: datetime | None = None, **facts: Any) -> Transaction:
    """The message for a journey, sent at once unless said otherwise."""
    given: dict[str, Any] = {
        "id": MessageId.of("T33010000001", sent or moment_of(tap.moment), tap.counter % 10_000),
        "scheme": "transit",
        "kind": "fare",
        "sender": Party("33.transit-operator"),
        "home": "310000",
        "treating": "330100",
        "occurred_at": moment_of(tap.moment),
        "amount_fen": Fen(tap.amount_fen),
        "body": {"tap": msgspec.to_builtins(tap)},
    }
    return Transaction(**{**given, **facts})
