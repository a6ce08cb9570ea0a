"""What is done to a whole batch at once is what the rule says of each of its lines: form, outcome, rows and memory."""

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import Malformed
from cardstack.settlement.booking import Booking, Numbers
from cardstack.settlement.envelope import parse, seal_lines
from cardstack.settlement.intake import Book
from cardstack.settlement.line import Line, prepare
from cardstack.settlement.node import Node
from cardstack.settlement.receiving import prepared
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.transaction import Party, Transaction
from cardstack.settlement.wire import Content, canonical, digest, transaction
from tests.ledgers import ANY_SIGNER, FUND, HOSPITAL, NODE, NOON, Toy, bill, message_id
from tests.properties.test_schemes_input import GOOD

ALL: dict[str, Scheme] = {**SCHEMES, "toy": Toy()}
TEXTS = st.text(alphabet='aA1 "\\:,{}[]\n\x7f\u4e2d\U0001f600', max_size=6)
NUMBERS = st.sampled_from((0, -1, 2**53 - 1, -(2**53) + 1, 2**53, -(2**53), 2**63, 2**64, -(2**70), 1.5, 1e300))
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
BODIES = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2)),
    max_size=3,
)


@st.composite
def deep(draw: st.DrawFn) -> Any:
    """A body around the depth to which the typed decoding looks, and around that which the rule allows."""
    value: Any = draw(SCALARS)
    for _ in range(draw(st.sampled_from((4, 5, 6, 7, 23, 24, 25)))):
        value = draw(st.sampled_from(([value], {"in": value})))
    return {"in": value}


@st.composite
def wire(draw: st.DrawFn) -> bytes:
    """A line: a transaction of this or that scheme, its members changed as peers should not."""
    line: dict[str, Any] = json.loads(canonical(draw(st.sampled_from((bill(1, posts=message_id(7)), bill(2), *GOOD)))))
    changes = {
        "body": BODIES | deep(),
        "evidence": BODIES,
        "id": st.sampled_from((message_id(3), message_id(4), "short", "Ｈ" + message_id(3)[1:])),
        "occurred_at": st.sampled_from(
            ("2026-11-22T04:00:00Z", "2026-11-22T04:00:00.500000Z", "2026-11-22T12:00:00+08:00", "soon")
        ),
        "amount_fen": st.sampled_from((0, 2**53 - 1, 2**53, -1, 1.5, "1")),
        "sender": st.sampled_from(("33.hospital", "hospital", "")),
        "home": st.sampled_from(("31", "3", "310000\n")),
        "voids": st.sampled_from((message_id(8), "x", None)),
        "pending_until": st.just("2026-11-23T04:00:00Z"),
        "more": st.just(1),
    }
    for name in draw(st.sets(st.sampled_from(sorted(changes)), max_size=2)):
        line[name] = draw(changes[name])
    text = json.dumps(
        line, sort_keys=True, separators=(",", ":"), ensure_ascii=draw(st.sampled_from((False, False, False, True)))
    )
    return text.encode()


def ruled(line: bytes) -> Transaction | None:
    """The rule, one line alone: a transaction can be made of it, and its content is written in one way only."""
    try:
        content = msgspec.json.decode(line, type=Content)
        return transaction(content) if msgspec.json.encode(content, order="deterministic") == line else None
    except (Malformed, msgspec.MsgspecError, UnicodeDecodeError):
        return None


@settings(max_examples=250, deadline=None)
@given(st.lists(wire(), min_size=1, max_size=4))
def test_a_batch_is_read_as_its_lines_are(lines: list[bytes]) -> None:
    """Each line is well formed or not by itself, whatever stands beside it, and becomes the transaction that it is."""
    try:
        sealed = parse(seal_lines(lines, ANY_SIGNER, [b""], NOON))
    except Malformed:  # what JSON cannot say spoils the envelope
        assert any(ruled(line) is None for line in lines)
        return
    for place, line in enumerate(lines):
        wanted = ruled(line)
        assert isinstance(sealed.contents[place], Malformed) == (wanted is None)
        if wanted is not None:
            got = sealed.transaction(place)
            assert (got, type(got.id), type(got.sender)) == (wanted, type(wanted.id), type(wanted.sender))
            assert type(got.refers) is type(wanted.refers)
    node = Node(NODE.name, relays=True)
    told = [(place, ruled(line)) for place, line in enumerate(lines)]
    one_by_one = [(place, prepare(one, digest(lines[place]), node, ALL)) for place, one in told if one is not None]
    assert prepared(sealed, node, ALL) == one_by_one


@pytest.mark.parametrize(
    ("value", "well"),
    [
        (2**53 - 1, True),
        (1 - 2**53, True),
        (2**53, False),
        (-(2**53), False),
        (1.0, False),
        ({"\u4e2d": 1}, False),
        (["\u4e2d"], True),
    ],
)
@pytest.mark.parametrize("member", ["body", "evidence"])
def test_a_value_at_the_edge_is_known_for_what_it_is(member: str, value: object, well: bool) -> None:
    """Alone in its batch, where nothing else makes lines be read one by one."""
    line = json.dumps(
        {**json.loads(canonical(bill(1))), member: {"in": value}}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    for _ in range(2):
        sealed = parse(seal_lines([line.encode()], ANY_SIGNER, [b""], NOON))
        assert (not isinstance(sealed.contents[0], Malformed), ruled(line.encode()) is not None) == (well, well)


OWN, OTHER, HUB = NODE, Node(Party("33.hospital.h33010600002")), Node(Party("33.hub"), relays=True)
ORDINARY = st.fixed_dictionaries(
    {
        "at": st.integers(0, 100_000).map(lambda seconds: NOON - timedelta(seconds=seconds)),
        "amount_fen": st.sampled_from((100, 100, 600, 1001)),
    },
    optional={
        "claim": st.sampled_from("abcdefgh"),
        "account": st.sampled_from("pqrs"),
        "before": st.sampled_from((0, 0, 100)),
    },
)
ODD: dict[str, st.SearchStrategy[Any]] = {
    "amount_fen": st.sampled_from((0, 13)),
    "pending": st.just(True),
    "debtor": st.sampled_from(("31.stranger", "33.hospital-fund")),
    "at": st.just(NOON + timedelta(hours=1)),
    "sender": st.sampled_from((OTHER.name, Party("31.hospital"))),
}
ONE_ODD = st.sampled_from(sorted(ODD)).flatmap(lambda name: st.fixed_dictionaries({name: ODD[name]}))
REFERENCES = st.sampled_from(("posts", "voids", "reverses")).flatmap(
    lambda name: st.fixed_dictionaries({name: st.integers(0, 19).map(message_id)})
)
LINES = st.tuples(
    st.integers(0, 19),
    ORDINARY,
    st.one_of(st.just({}), st.just({}), REFERENCES, ONE_ODD),
    st.sampled_from((OWN, OWN, OWN, OTHER, HUB)),
)


def a_line(serial: int, ordinary: dict[str, Any], odd: dict[str, Any], signer: Node) -> Line:
    given = {**ordinary, **odd}
    if {"posts", "voids", "reverses"} & set(given):
        given.pop("pending", None)
    one = bill(serial, given.pop("amount_fen", 100), **given)
    return prepare(one, digest(canonical(one)), signer, ALL if serial else {})


def a_booking(room: int | None, closed: str | None) -> Booking:
    last_closed = {} if closed is None else {"toy": closed}
    book = Book(NOON, ALL, {FUND, HOSPITAL}, room_fen={} if room is None else {FUND: room}, last_closed=last_closed)
    return Booking(book, Numbers(5, 9, 2))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(LINES, min_size=1, max_size=12),
    st.sampled_from((None, None, 250)),
    st.sampled_from((None, "toy-2026-11-21", "toy-2026-11-22")),
)
def test_a_batch_is_judged_as_its_lines_are(drawn: list[Any], room: int | None, closed: str | None) -> None:
    """The same answers, rows, numbers and memory, whether lines are looked at together or one after another."""
    together, one_by_one = a_booking(room, closed), a_booking(room, closed)
    lines = [(place, a_line(*one)) for place, one in enumerate(drawn)]
    mine = deepcopy(lines)
    half = len(lines) // 2
    answers = together.take_all(lines[:half], 3) + together.take_all(lines[half:], 4)
    assert answers == [one_by_one.take(line, 3 if place < half else 4, place) for place, line in mine]
    assert together == one_by_one
    for rows, others in ((together.entries, one_by_one.entries), (together.postings, one_by_one.postings)):
        assert [(type(row), *map(type, row)) for row in rows] == [(type(row), *map(type, row)) for row in others]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"account": "p", "before": 0}, {"account": "p", "before": 0}),
        ({"account": "p", "amount_fen": 600}, {"account": "p", "amount_fen": 600}),
        ({"account": "p"}, {"account": "p", "before": 100}),
        ({"claim": "a"}, {"claim": "a"}),
    ],
)
def test_lines_that_have_something_in_common_are_judged_one_after_another(first: dict[str, Any], second: dict[str, Any]) -> None:
    """What the first one moves or takes, the second one finds so."""
    together, one_by_one = a_booking(None, None), a_booking(None, None)
    lines = [(place, a_line(place + 1, odd, {}, OWN)) for place, odd in enumerate((first, second))]
    mine = deepcopy(lines)
    assert together.take_all(lines, 3) == [one_by_one.take(line, 3, place) for place, line in mine]
    assert together == one_by_one
