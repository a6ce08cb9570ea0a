"""What only a set of records shows, and the lists that operators pull."""

from datetime import datetime, timedelta

import pytest

from cardstack.errors import Malformed, Refused
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.transit.continuity import BREAKS, Break, Last, Trace, examine
from cardstack.settlement.transit.lists import CardList, Kind, Lists, Update

AT = datetime(2026, 10, 1, 0, 0, tzinfo=SHANGHAI)


def trace(counter: int, balance: int, amount: int = 100, reference: str = "", moment: str = "20261012080000") -> Trace:
    return Trace("card", counter, moment, balance, amount, reference or f"m{counter}")


def kinds(*traces: Trace, loads: int = 0, last: Last | None = None) -> list[tuple[Break, int, int]]:
    found, _ = examine(traces, {"card": loads}, {"card": last} if last else None)
    return [(one.kind, one.counter, one.difference_fen) for one in found]


def test_records_that_follow_one_another_have_no_finding() -> None:
    """In any order of arrival."""
    assert kinds(trace(3, 800), trace(1, 1000), trace(2, 900)) == []


def test_each_break_is_named() -> None:
    """Twice the same, twice another, one missing, a balance that does not follow."""
    assert kinds(trace(1, 1000), trace(1, 1000, reference="again")) == [(Break.DUPLICATE, 1, 100)]
    assert kinds(trace(1, 1000), trace(1, 1000, amount=200)) == [(Break.CONFLICT, 1, 200)]
    assert kinds(trace(1, 1000), trace(4, 700)) == [(Break.GAP, 4, -200)]
    assert kinds(trace(1, 1000), trace(2, 950)) == [(Break.BALANCE, 2, 50)]
    assert set(BREAKS) == set(Break)


def test_what_was_not_confirmed_is_proven_by_the_next_record() -> None:
    """On the same day or a later one; where the card used the counter for another, or sent it confirmed, nothing is found."""
    grey = trace(2, 900)._replace(grey=True)
    assert kinds(trace(1, 1000), grey, trace(3, 800)) == [(Break.PROVEN, 3, 100)]
    assert kinds(trace(1, 1000), grey, trace(2, 900, amount=50), trace(3, 850)) == []
    assert kinds(trace(1, 1000), grey, grey._replace(grey=False, reference="again"), trace(3, 800)) == []
    assert kinds(trace(1, 1000), grey) == []
    for earlier in ([trace(1, 1000), grey], [grey]):
        _, known = examine(earlier)
        assert known["card"].counter == 1
        assert [one.kind for one in examine([trace(3, 800)], {}, known)[0]] == [Break.PROVEN]
        assert examine([trace(2, 900, amount=50)], {}, known)[0] == []
    assert kinds(grey, trace(3, 900)) == [(Break.BALANCE, 3, 100)]


def test_a_load_explains_a_rise_and_no_more() -> None:
    """What was loaded meanwhile is used up as balances rise."""
    assert kinds(trace(1, 1000), trace(2, 2900), loads=2000) == []
    assert kinds(trace(1, 1000), trace(2, 2901), loads=2000) == [(Break.BALANCE, 2, 1)]


def test_a_load_is_remembered_until_a_record_shows_it() -> None:
    """Loaded on one day, seen on the next, whether or not the card rode between."""
    _, known = examine([trace(1, 1000)], {"card": 500})
    assert known == {"card": Last(1, 900, 500)}
    _, known = examine([], {"card": 70}, known)
    assert examine([trace(2, 1470)], {}, known)[0] == []
    assert len(examine([trace(2, 1471)], {}, known)[0]) == 1


def test_days_are_joined_by_what_was_known_last() -> None:
    """The first record of today follows the last of yesterday."""
    assert kinds(trace(5, 900), last=Last(4, 900)) == []
    assert kinds(trace(6, 900), last=Last(4, 1000)) == [(Break.GAP, 6, -100)]
    _, known = examine([trace(5, 900)])
    assert known == {"card": Last(5, 800)}


def test_a_delta_needs_its_base_and_a_list_can_be_rolled_back() -> None:
    """A missed version is noticed; earlier versions stay known."""
    full = CardList(Kind.BLACK).after(Update(Kind.BLACK, 1, AT, frozenset({"i.1", "i.2"})))
    newer = full.after(Update(Kind.BLACK, 2, AT + timedelta(days=1), frozenset({"i.3"}), frozenset({"i.1"}), 1))
    assert (newer.version, sorted(newer.cards), sorted(newer.at(AT))) == (2, ["i.2", "i.3"], ["i.1", "i.2"])
    assert newer.rolled_back(1) == full
    assert newer.delta(1) == Update(Kind.BLACK, 2, AT + timedelta(days=1), frozenset({"i.3"}), frozenset({"i.1"}), 1)
    assert newer.delta(0).base is None
    assert newer.delta(2) == Update(Kind.BLACK, 2, AT + timedelta(days=1), frozenset({"i.2", "i.3"}))
    newest = newer.after(Update(Kind.BLACK, 3, AT + timedelta(days=2), frozenset({"i.1", "i.4", "i.5"}), frozenset({"i.3"}), 2))
    over_two = newest.delta(1)
    assert (over_two.base, sorted(over_two.add), sorted(over_two.remove)) == (1, ["i.4", "i.5"], [])
    assert full.after(over_two).cards == newest.cards
    with pytest.raises(Refused) as refused:
        full.after(Update(Kind.BLACK, 4, AT, base=3))
    assert refused.value.code == "CS-3205"
    for bad in (Update(Kind.GREY, 2, AT), Update(Kind.BLACK, 1, AT), Update(Kind.BLACK, 2, AT - timedelta(days=1))):
        with pytest.raises(Refused):
            full.after(bad)
    with pytest.raises(Refused):
        full.rolled_back(7)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"version": 0}, "version"),
        ({"version": 5, "base": 5}, "version"),
        ({"version": 5, "base": 0}, "version"),
        ({"version": 5, "remove": frozenset("a")}, "remove"),
        ({"version": 5, "base": 4, "add": frozenset("a"), "remove": frozenset("a")}, "add"),
    ],
)
def test_an_update_that_contradicts_itself_is_malformed(facts: dict[str, object], field: str) -> None:
    """The field is named."""
    with pytest.raises(Malformed) as malformed:
        Update(kind=Kind.BLACK, since=AT, **facts)  # type: ignore[arg-type]  # drawn from a table
    assert malformed.value.facts["field"] == field


def test_a_block_counts_once_terminals_must_know_it() -> None:
    """White before black before grey; a range is a prefix with a star."""
    black = CardList(Kind.BLACK).after(Update(Kind.BLACK, 1, AT, frozenset({"i.03100000000000000001", "j.0310*"})))
    white = CardList(Kind.WHITE).after(Update(Kind.WHITE, 1, AT, frozenset({"j.03109999999999999999"})))
    lists = Lists({Kind.BLACK: black, Kind.WHITE: white})
    card = "03100000000000000001"
    assert lists.verdict("i", card, AT + timedelta(hours=23)) is None
    assert lists.verdict("i", card, AT + timedelta(hours=24)) is Kind.BLACK
    assert lists.verdict("j", "03101111111111111111", AT + timedelta(days=2)) is Kind.BLACK
    assert lists.verdict("j", "03109999999999999999", AT + timedelta(days=2)) is Kind.WHITE
    assert Lists().verdict("i", card, AT) is None
