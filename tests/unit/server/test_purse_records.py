"""A purse's record is one debit: it is paid in one scheme, whichever is told of it first, by message and by file alike."""

from dataclasses import replace

import msgspec

from cardstack.settlement.answer import Outcome
from cardstack.settlement.bulk.transit_file import batches
from cardstack.settlement.bulk.transit_layout import line_of
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES as SHIPPED
from cardstack.settlement.schemes.transit import TRANSIT
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.transit.tap import Record
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from tests.ledgers import NOON
from tests.ledgers import kept as kept_of
from tests.unit.server.forging import PARTIES
from tests.unit.settlement.taps import a_ride, a_tap


def test_a_purses_record_is_paid_in_one_scheme(ledger_url: str) -> None:
    """The TAC proves the same debit as a journey and as a purchase; what was taken back may be paid in the other."""
    store = Store(ledger_url, SHIPPED)
    for name in (*PARTIES[3:], Party("33.transit-operator"), Party("33.merchant-acquirer")):
        if name not in {str(one.name) for one in store.parties()}:
            store.register_party(Participant(name, Text(name, "参与方"), name, None, NOON))
    taps = [a_tap(counter=counter, gross_fen=1000, balance_fen=5000, kind=6) for counter in (7, 8, 9)]
    rides = [a_ride(tap) for tap in taps]
    shared = {name: value for name, value in msgspec.to_builtins(taps[0]).items() if name in Record.__struct_fields__}
    same = Record(**shared)
    bought = {**msgspec.to_builtins(same), "merchant": "898310000000001", "trade": "5411"}
    buys = [
        replace(
            ride,
            id=MessageId.of("M33010000001", tap.at, tap.counter),
            scheme="small-value",
            kind="payment",
            body={"purchase": {**bought, **{name: getattr(tap, name) for name in ("counter", "tac")}}},
        )
        for ride, tap in zip(rides, taps, strict=True)
    ]
    assert sent_as(store, rides[0]) == [Outcome.ACCEPTED]
    assert sent_as(store, buys[0]) == [Outcome.DUPLICATE]
    assert sent_as(store, buys[1], rides[1]) == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    body = b"".join(line_of(tap, str(a_ride(tap).id), "310000", "330100") for tap in taps[1:])
    (batch,) = batches(body, TRANSIT, Party("33.transit-operator"))
    kept = Kept("file", b"f" * 32, b"a file", "33.transit-operator", NOON)
    assert list(store.post_many(batch.columns, kept, NOON).outcomes) == ["duplicate", "accepted"]
    assert sent_as(store, buys[2]) == [Outcome.DUPLICATE]
    back = replace(rides[0], id=MessageId.of("T33010000001", NOON, 1), kind="reversal", body={}, reverses=rides[0].id)
    assert sent_as(store, replace(back, occurred_at=NOON), buys[0]) == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    store.close()


def sent_as(store: Store, *transactions: Transaction) -> list[Outcome]:
    """The outcomes of what nodes of the second province's sides send, relayed by its hub."""
    node = Node(Party("33.hub"), relays=True)
    lines = [prepare(one, digest(canonical(one)), node, SHIPPED) for one in transactions]
    return [one.outcome for one in store.submit([Submission(kept_of(*transactions), lines)], NOON)[0]]
