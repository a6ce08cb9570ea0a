"""A bulk transit file and the same purchases one by one come to the same, to the byte of the content."""

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.settlement.bulk.transit_file import Batch, batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, WITH_EXPIRY, line_of
from cardstack.settlement.schemes.transit import TRANSIT, Transit
from cardstack.settlement.transaction import Party, Transaction
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.lists import CardList, Kind, Lists, Update
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import Tap, moment_of
from cardstack.settlement.wire import canonical
from tests.unit.settlement.taps import a_ride, a_tap

SENDER = Party("33.transit-operator")


@st.composite
def taps(draw: st.DrawFn) -> Tap:
    """Journeys of every service and class, good and bad."""
    facts: dict[str, Any] = {
        "card": f"031000200000000{draw(st.integers(1, 3)):05d}",
        "counter": draw(st.integers(0, 65_535)),
        "city": draw(st.sampled_from(["3310", "2900", "3010", "3610", "9999"])),
        "industry": draw(st.sampled_from(["01", "02"])),
        "card_city": draw(st.sampled_from(["2900", "3310"])),
        "card_class": draw(st.sampled_from(["adult", "student", "senior", "soldier"])),
        "gross_fen": draw(st.sampled_from([100, 200, 333, 700, 100_000, 100_001, 150_000])),
        "moment": draw(st.sampled_from(["20261012063000", "20261012083059", "20261012230000"])),
        "previous": draw(st.sampled_from([None, {"moment": "20261012061500", "industry": "01", "transfers": 1}])),
        "month_fen": draw(st.sampled_from([0, 6_999, 7_000, 29_950])),
        "day_fen": draw(st.sampled_from([0, 2_950])),
        "week_fen": draw(st.sampled_from([0, 1, 9_900])),
        "algorithm": draw(st.sampled_from(["3des", "sm4"])),
        "line": draw(st.sampled_from(["", "7路", '"B支\\2"'])),
        "incomplete": draw(st.booleans()),
        "kind": draw(st.sampled_from([6, 9])),
        "balance_fen": draw(st.sampled_from([0, 150, 10_000, 200_000])),
        "expires": draw(st.sampled_from(["", "20261011", "20261012", "20991231"])),
    }
    facts |= draw(st.sampled_from([{}, {}, {}, {"amount_fen": 150}, {"tac": "00000000"}, {"grey": True}]))
    if facts["city"] == "9999":
        facts.setdefault("amount_fen", 150)
    return a_tap(**facts)


def fields(batch: Batch) -> list[Any]:
    found = batch.columns
    postings: dict[int, list[Any]] = {}
    for owner, *posting in zip(
        found.owners, found.debtors, found.creditors, found.posting_amounts_fen, found.posting_kinds, found.rules, strict=True
    ):
        postings.setdefault(owner, []).append(tuple(posting))
    rows = zip(
        found.lines, found.ids, found.digests, found.homes, found.occurred_at, found.amounts_fen, found.claims, strict=True
    )
    return [(*row, postings.get(place, [])) for place, row in enumerate(rows)]


# One card of three is blocked.
BLACK = CardList(Kind.BLACK).after(
    Update(Kind.BLACK, 1, moment_of("20261010000000"), frozenset({"02002900FFFFFFFF.03100020000000000003"}))
)
SCHEME = Transit(lists=Lists({Kind.BLACK: BLACK}))


def one_by_one(rides: list[Transaction]) -> tuple[list[Any], list[Any]]:
    taken, refused = [], []
    for number, ride in enumerate(rides, 1):
        reason = SCHEME.check(ride)
        if reason:
            refused.append((number, ride.id, reason.code))
            continue
        postings = [(p.debtor, p.creditor, p.amount_fen, p.kind, p.rule) for p in TRANSIT.postings(ride, ride.day)]
        digest = hashlib.sha256(canonical(ride)).digest()
        moment = int(ride.occurred_at.timestamp())
        taken.append((number, ride.id, digest, ride.home, moment, ride.amount_fen, *TRANSIT.claims(ride), postings))
    return taken, refused


@settings(max_examples=60)
@given(st.lists(taps(), min_size=1, max_size=12), st.sampled_from(["gb18030", "utf-8"]), st.integers(1, 5))
def test_the_file_comes_to_what_single_messages_come_to(journeys: list[Tap], charset: Any, chunk: int) -> None:
    """Lines taken, digests, postings, claims and refusals are the same; so are they in any chunks."""
    rides = [a_ride(tap) for tap in journeys]
    many = zip(journeys, rides, strict=True)
    body = b"".join(line_of(t, r.id, r.home, r.treating, charset, layout=WITH_EXPIRY) for t, r in many)
    found = list(batches(body, SCHEME, SENDER, charset=charset, chunk=chunk, layout=WITH_EXPIRY))
    taken, refused = one_by_one(rides)
    assert [row for batch in found for row in fields(batch)] == taken
    assert [(fault.line, fault.id, fault.code) for batch in found for fault in batch.faults] == refused
    assert found[-1].next_line == len(journeys)


@given(st.binary(max_size=3 * LAYOUT.size))
def test_any_bytes_are_faults_not_errors(raw: bytes) -> None:
    """What is no line is named, line by line."""
    for batch in batches(raw, TRANSIT, SENDER):
        assert not batch.columns.ids
        assert all(fault.code == "line-malformed" for fault in batch.faults)


@settings(max_examples=60)
@given(st.data())
def test_one_changed_byte_is_refused_or_changes_only_its_line(data: st.DataObject) -> None:
    """A damaged line never harms its neighbours, and never passes with another amount."""
    rides = [a_ride(a_tap(counter=n)) for n in range(3)]
    lines = [line_of(a_tap(counter=n), ride.id, ride.home, ride.treating) for n, ride in enumerate(rides)]
    body = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    (batch,) = batches(bytes(body), TRANSIT, SENDER)
    hit = place // LAYOUT.size + 1
    assert set(batch.columns.lines) >= {1, 2, 3} - {hit}
    assert {fault.line for fault in batch.faults} <= {hit}
    assert all(amount == 182 for amount in batch.columns.amounts_fen)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=22, max_size=22)), min_size=1, max_size=12), st.sampled_from(Block)
)
def test_tacs_side_by_side_are_tacs_one_by_one(records: list[tuple[int, bytes]], block: Block) -> None:
    """Grouping by card changes nothing."""
    key = TEST_ROOT.issuer_key(bytes(8), block, 1)
    assert key is not None
    serials = [card.to_bytes(8) for card, _ in records]
    expected = [cryptogram.tac(cryptogram.diversify(key, card.to_bytes(8), block), message, block) for card, message in records]
    assert tacs(key, serials, [message for _, message in records], block) == expected


def test_text_must_fit_its_column() -> None:
    """A name too long is refused when the line is written."""
    tap = msgspec.structs.replace(a_tap(), line="线" * 13)
    with pytest.raises(Malformed, match="line"):
        line_of(tap, a_ride(tap).id, "310000", "330100")
