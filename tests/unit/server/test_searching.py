"""Searching the ledger page by page finds what a plain look through everything finds, whatever index leads."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cardstack.settlement.calendar import known
from cardstack.settlement.dispute import Ground, Stage
from cardstack.settlement.window import Event
from cardstack.values import Fen
from server.console.cases import SERVICES
from server.permissions import Scope
from server.store.commit import View
from server.store.queries import cases, disputes, settling
from server.store.queries import transactions as queries
from server.store.store import Store
from server.store.values import Entry
from tests.ledgers import NOON, SCHEMES, bill, message_id, submission

AT = int(NOON.timestamp())


@pytest.fixture
def booked(store: Store) -> list[Entry]:
    """Forty bills of five days, some large, some pending, voided, posted or taken back."""
    bills = [
        bill(
            serial,
            100 * serial if serial % 9 else 2_000_000 + serial,
            at=NOON - timedelta(hours=3 * serial),
            pending=serial % 5 == 0,
        )
        for serial in range(1, 41)
    ]
    store.submit([submission(*bills)], NOON)
    later = [
        bill(101, 300, reverses=message_id(3)),
        bill(102, 700, reverses=message_id(7)),
        bill(103, 1000, voids=message_id(10)),
        bill(104, 500, posts=message_id(5)),
    ]
    answers = store.submit([submission(*later)], NOON)[0]
    assert [answer.outcome for answer in answers] == ["accepted"] * 4
    store.lapse(NOON - timedelta(days=3))
    return store.transactions(limit=100)


def walked(store: Store, where: Mapping[str, Any], scope: Scope = None, size: int = 3) -> Iterator[Entry]:
    """Every entry of a search, page by page."""
    after, pages = None, 0
    while True:
        with store.view() as view:
            found = queries.search(view, where, scope=scope, after=after, size=size)
        yield from found.entries
        after, pages = found.next, pages + 1
        assert pages < 500
        if after is None:
            return


def plain(booked: list[Entry], where: Mapping[str, Any], scope: Scope = None) -> set[str]:
    """The same by looking at every entry."""
    tests = {
        "id": lambda one, value: one.id.startswith(value),
        "window": lambda one, value: one.window == value,
        "state": lambda one, value: one.state.value == value,
        "home": lambda one, value: one.home.startswith(value),
        "scheme": lambda one, value: one.scheme == value,
        "least": lambda one, value: one.amount_fen >= value,
        "most": lambda one, value: one.amount_fen <= value,
        "since": lambda one, value: one.occurred_at.timestamp() >= value,
        "until": lambda one, value: one.occurred_at.timestamp() < value,
    }
    return {
        str(one.id)
        for one in booked
        if queries.visible(one, scope) and all(tests[name](one, value) for name, value in where.items())
    }


ASKED: dict[str, list[Any]] = {
    "id": ["H33", str(message_id(3)), str(message_id(3))[:26], "Z", "h-"],
    "window": ["toy-2026-11-22", "none"],
    "state": ["posted", "pending", "reversed", "voided", "lapsed"],
    "home": ["31", "34"],
    "least": [1, 500, 2_000_000],
    "most": [900],
    "since": [AT - 86_400],
    "until": [AT - 86_400],
}
PAIRS = [{}, *({name: value} for name, values in ASKED.items() for value in values)]
PAIRS += [
    {first: one, second: other}
    for first, second in product(ASKED, ASKED)
    if first < second
    for one in ASKED[first]
    for other in ASKED[second]
]


@pytest.mark.parametrize(("stretch", "patience"), [(5_000, 0.1), (4, 10.0), (4, -1.0)], ids=["usual", "short", "impatient"])
def test_every_search_finds_what_is_there(
    stretch: int, patience: float, store: Store, booked: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every pair of conditions, in long and short stretches, and where each request gives up after its first."""
    monkeypatch.setattr(queries, "STRETCH", stretch)
    monkeypatch.setattr(queries, "SCATTERED", min(stretch, queries.SCATTERED))
    monkeypatch.setattr(queries, "PATIENCE", patience)
    for where in PAIRS:
        found = [str(one.id) for one in walked(store, where)]
        assert len(found) == len(set(found)), where
        assert set(found) == plain(booked, where), where


def test_a_province_sees_its_own(store: Store, booked: list[Entry]) -> None:
    """By any index; nothing where none of its provinces is a side."""
    for where in ({}, {"id": "H33"}, {"state": "reversed"}, {"window": "toy-2026-11-22"}, {"least": 2_000_000}):
        for scope in (frozenset({"31"}), frozenset({"34"}), frozenset()):
            assert {str(one.id) for one in walked(store, where, scope)} == plain(booked, where, scope)


@pytest.mark.parametrize("key", ["", "x", "1_x", "9" * 40, "1_" + "9" * 40, "_", "1_2_3", "全", "１_２"])
def test_a_key_that_is_none_begins_at_the_newest(key: str, store: Store, booked: list[Entry]) -> None:
    """Whatever stands in the address."""
    del booked
    for where in ({}, {"window": "toy-2026-11-22"}, {"state": "reversed"}):
        with store.view() as view:
            found = queries.search(view, where, scope=None, after=key, size=2)
            assert found.entries == queries.search(view, where, scope=None, after=None, size=2).entries


def test_what_a_party_owes_and_what_is_paid(store: Store, booked: list[Entry]) -> None:
    """Sums over windows agree with the positions; payments come page by page, newest first, each side seeing its own."""
    del booked
    for window in reversed(store.windows()):
        store.close_window(window.id, actor="a", now=NOON)
        store.move_window(window.id, Event.RECONCILE, actor="a", now=NOON)
        store.move_window(window.id, Event.AGREE, actor="a+b", now=NOON)
        store.instruct(window.id, now=NOON)
    with store.view() as view:
        owing, states = settling.owing(view), settling.payment_states(view)
        (fund,) = {one.party for window in store.windows() for one in store.positions(window.id) if one.net_fen < 0}
        nets = settling.nets_of(view, fund, 10)
        assert {window.id: position for window, position in nets} == {
            window.id: next(one for one in store.positions(window.id) if one.party == fund) for window in store.windows()
        }
        assert owing[fund] == -sum(position.net_fen for _, position in nets)
        everything = sorted((one.instruction.id for one in store.instructions()), reverse=True)
        found: list[str] = []
        while part := settling.instructions(view, before=found[-1] if found else None, size=1, scope=frozenset({"31", "33"})):
            found.append(part[0].instruction.id)
        assert found == everything
        assert sum(states.values()) == len(everything)
        assert settling.instructions(view, before=None, size=9, scope=frozenset({"34"})) == []
        assert settling.instructions(view, before=None, size=9, scope=None, state="paid") == []
        assert settling.instruction(view, everything[0]) == store.instructions()[-1]
        assert settling.instruction(view, "none") is None
        assert disputes.page(view, before=None, size=9, scope=None) == []


def test_disputes_are_found_by_side_and_transaction(store: Store, booked: list[Entry]) -> None:
    """Page by page, by any part of a party's name, the beginning of an id, the stage and the provinces."""
    for serial in (1, 2, 4):
        (posting,) = store.postings(next(one.seq for one in booked if one.id == message_id(serial)))
        store.desk.open_dispute(
            posting.seq, opened_by=posting.posting.debtor, ground=Ground.AMOUNT, disputed_fen=Fen(10), actor="a", now=NOON
        )
    with store.view() as view:

        def found(**asked: Any) -> list[int]:
            return [one.seq for one in disputes.page(view, before=None, size=9, scope=asked.pop("scope", None), **asked)]

        assert found() == [3, 2, 1]
        assert [one.seq for one in disputes.page(view, before=2, size=9, scope=None)] == [1]
        assert found(party="hospital", stage=Stage.OPENED) == [3, 2, 1]
        assert found(party="%") == found(party="transit") == found(stage=Stage.UPHELD) == []
        assert found(message=str(message_id(2))) == found(message=str(message_id(2)), party="31.", scope=frozenset({"33"})) == [2]
        assert found(message=str(message_id(2))[:26]) == found(message=str(message_id(2))[:12]) == found(message="H") == [3, 2, 1]
        assert found(message="H33-0600001202611221200") == found(message="Z") == []
        assert found(scope=frozenset({"34"})) == found(scope=frozenset()) == []
        assert [one.seq for one in disputes.near(view, until=NOON + timedelta(days=60), scope=None)] == [1, 2, 3]
        assert disputes.near(view, until=NOON, scope=None) == []
        assert disputes.one(view, 9) is None


def plans(enrolled: Path, folder: Path, ask: Callable[[View], object]) -> list[str]:
    """The plans that SQLite makes for what a search asks."""
    shutil.copy(enrolled, folder / "ledger.db")
    store = Store(f"sqlite:///{folder}/ledger.db", SCHEMES)
    asked: list[tuple[str, Any]] = []
    with store.view() as view:
        every, view.all = view.all, lambda query, values=(): asked.append((query, values)) or every(query, values)  # type: ignore[method-assign,func-returns-value]  # to listen
        ask(view)
        found = [" ".join(str(row[3]) for row in every(f"EXPLAIN QUERY PLAN {query}", values)) for query, values in asked]
    store.close()
    return found


@pytest.mark.parametrize("message", ["H", "H33010600001", str(message_id(2))])
def test_disputes_are_looked_up_by_a_range_of_ids(message: str, enrolled: Path, tmp_path: Path) -> None:
    """However short the beginning that was typed: no dispute of another institution is read."""
    (plan,) = plans(enrolled, tmp_path, lambda view: disputes.page(view, before=None, size=20, scope=None, message=message))
    assert "dispute_message (message>? AND message<?)" in plan


def test_cases_are_looked_up_by_the_windows_of_their_services(enrolled: Path, tmp_path: Path) -> None:
    """However many rides and bills the ledger holds: none of them is read."""
    *_, plan = plans(enrolled, tmp_path, lambda view: cases.cases(view, SERVICES, known(), NOON.date()))
    assert "SEARCH entry USING INDEX entry_window (window_id=?)" in plan
    assert "SCAN entry" not in plan


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ({}, "entry_occurred"),
        ({"since": AT - 86_400, "until": AT}, "entry_occurred"),
        ({"scheme": "toy", "home": "31"}, "entry_occurred"),
        ({"window": "toy-2026-11-22", "home": "31"}, "entry_window"),
        ({"id": "H3301"}, "sqlite_autoindex_entry_1"),
        ({"state": "reversed"}, "resolution_undone"),
        ({"state": "pending", "scheme": "toy"}, "entry_pending"),
        ({"least": queries.LARGE_FEN, "since": AT - 86_400}, "entry_large"),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else one,
)
@pytest.mark.parametrize("paged", [False, True], ids=["first", "further"])
def test_each_search_is_led_by_its_index(paged: bool, where: dict[str, Any], index: str, enrolled: Path, tmp_path: Path) -> None:
    """The plan that SQLite makes, for the first page and from a key on: no search goes through the table."""
    after = {True: "H33010600001202611221200000001" if "id" in where else f"{AT}_7", False: None}[paged]
    found = plans(enrolled, tmp_path, lambda view: queries.search(view, where, scope=None, after=after, size=20))
    assert found
    assert all(f"INDEX {index}" in plan for plan in found), found
