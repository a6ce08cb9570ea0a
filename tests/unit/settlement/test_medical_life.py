"""The life of a case and of a month: registration, lost replies, appeals, deadlines, confirmation, what returns later."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.errors import Malformed, Refused
from cardstack.settlement.calendar import known
from cardstack.settlement.medical import clearing
from cardstack.settlement.medical.case import CASE, Event, Filing, State, Visit, after, class_of, code, least_until, resettle
from cardstack.settlement.medical.clearing import CYCLE, Line, confirm, deadlines, pages, sign
from cardstack.settlement.medical.reconciliation import KINDS, Book, Kind, reconcile, totals, unequal
from cardstack.settlement.schemes.medical import compute
from tests.unit.settlement.claims import DAY, a_claim

MONTH = date(2026, 9, 1)


def walk(*events: Event) -> State:
    state = CASE.initial
    for event in events:
        state = CASE.after(state, event)
    return state


def test_a_case_is_opened_priced_settled_and_cleared() -> None:
    """A price may be asked again; a reversal opens the case for another."""
    assert walk(Event.OPEN, Event.PRICE, Event.PRICE, Event.SETTLE, Event.CLEAR) is State.CLOSED
    assert walk(Event.OPEN, Event.PRICE, Event.SETTLE, Event.REVERSE, Event.PRICE, Event.SETTLE) is State.SETTLED
    with pytest.raises(Refused):
        walk(Event.OPEN, Event.SETTLE)


def test_a_lost_reply_is_resolved_by_the_other_book_only() -> None:
    """Unknown stays unknown until reconciliation says what became of it."""
    unknown = (Event.OPEN, Event.PRICE, Event.LOSE)
    assert walk(*unknown) is State.UNKNOWN
    assert walk(*unknown, Event.STANDS) is State.SETTLED
    assert walk(*unknown, Event.NEVER_WAS) is State.PRICED
    with pytest.raises(Refused):
        walk(*unknown, Event.SETTLE)


def test_the_codes_are_data() -> None:
    """By care and event; chronic care goes as outpatient care."""
    assert [code(care, Event.SETTLE) for care in ("outpatient", "chronic", "inpatient", "pharmacy")] == [
        "2207",
        "2207",
        "2304",
        "2102",
    ]
    assert code("outpatient", Event.APPEAL) is None


def test_registration_before_during_and_after() -> None:
    """Rescue counts as registered; filed during the stay is taken; filed after paying in full is not."""
    long_term = Filing("long-term", date(2025, 1, 1), None, ("330000",))
    visit = Visit("330100", date(2026, 10, 1), date(2026, 10, 9))
    assert class_of(visit, [long_term, Filing("temporary", date(2026, 1, 1), None, ("330100",))]) == "long-term"
    assert class_of(visit, []) == "unregistered"
    assert class_of(visit._replace(rescue=True), []) == "emergency"
    assert class_of(visit, [Filing("referral", date(2026, 10, 8), date(2027, 4, 8), ("330100",))]) == "referral"
    assert class_of(visit, [Filing("referral", date(2026, 10, 10), None, ("330100",))]) == "unregistered"
    with pytest.raises(Refused) as refused:
        class_of(visit._replace(paid_in_full_on=date(2026, 10, 9)), [long_term], date(2026, 10, 10))
    assert refused.value.code == "CS-3206"


SIX_MONTHS = [
    (date(2026, 1, 5), date(2026, 7, 4)),
    (date(2026, 8, 31), date(2027, 2, 28)),
    (date(2027, 8, 31), date(2028, 2, 29)),
    (date(2027, 8, 29), date(2028, 2, 28)),
    (date(2027, 8, 30), date(2028, 2, 29)),
    (date(2000, 1, 1), date(2000, 1, 1)),
]


@pytest.mark.parametrize(("since", "until"), SIX_MONTHS)
def test_a_temporary_registration_holds_six_months_at_least(since: date, until: date) -> None:
    """To the day before the same one, or the last that the month has; where no figure is in force, at least its own day."""
    assert least_until(since) == until


def test_an_appeal_settles_again_on_the_restored_year() -> None:
    """The item moved into scope; later bills of the year are not undone; what changes hands is named by fund."""
    first = compute(a_claim(("0502", 100_000), ("0101", 20_000)), DAY)
    year = after({}, first.uses)
    second = compute(a_claim(("0101", 40_000), before=year), DAY)
    year = after(year, second.uses)
    again = resettle(first, a_claim(("0101", 100_000), ("0101", 20_000)), year, DAY, compute)
    assert again.split.info.medfee_sumamt == first.info.medfee_sumamt
    assert again.funds_fen == {"hifp_pay": again.split.info.hifp_pay - first.info.hifp_pay}
    assert again.person_fen == -again.funds_fen["hifp_pay"]
    assert dict(again.claim.before) == after(year, first.uses, -1)


def test_a_months_deadlines_move_to_working_days() -> None:
    """The 20th, the 21st, the 25th, then 5 and 10 working days."""
    found = deadlines(MONTH, known())
    assert [day.isoformat() for day in found.values()] == ["2026-10-20", "2026-10-21", "2026-10-26", "2026-11-02", "2026-11-16"]
    with pytest.raises(Refused):
        deadlines(date(2026, 12, 1), known())
    with pytest.raises(Malformed, match="month"):
        deadlines(date(9999, 12, 1), known())


def a_line(number: int, flag: str = "1", settled: date = MONTH, fee: int = 100_000) -> Line:
    return Line(f"c{number}", f"v{number}", f"s{number}", settled, fee, fee // 2, flag)


def test_lines_are_paid_carried_or_too_late() -> None:
    """Set aside returns later; three months are too late; over 30,000 yuan may be inquired into."""
    lines = [a_line(1), a_line(2, "0"), a_line(3, settled=date(2026, 6, 30)), a_line(4, fee=3_000_001)]
    cleared = sign(MONTH, lines, date(2026, 10, 26))
    assert [line.setl_sn for line in cleared.lines] == ["s1", "s4"]
    assert cleared.total_fen == 50_000 + 1_500_000
    assert [(line.setl_sn, line.cnfm_flag) for line in cleared.carried] == [("s2", "")]
    assert [line.setl_sn for line in cleared.too_late] == ["s3"]
    assert [line.setl_sn for line in cleared.inquiries] == ["s4"]
    with pytest.raises(Refused) as refused:
        sign(MONTH, [a_line(1, "")], date(2026, 10, 26))
    assert refused.value.code == "CS-3207"


def test_confirmations_come_by_number_and_can_be_rolled_back() -> None:
    """Hundred rows a page; some settlements of a cycle are taken back by an empty answer."""
    lines = [a_line(number, "") for number in range(250)]
    assert [len(page) for page in pages(lines)] == [100, 100, 50]
    answered = confirm(lines, {line.setl_sn: "1" for line in lines})
    assert {line.cnfm_flag for line in answered} == {"1"}
    assert sum(line.cnfm_flag == "" for line in confirm(answered, {"s1": "", "s2": ""})) == 2
    assert CYCLE.after(clearing.Stage.OBJECTION, clearing.Act.ROLL_BACK) is clearing.Stage.DECLARED


LINES = st.builds(
    lambda key, fee, fund: Book(key, ("310", "11"), fee, fund, 0), st.sampled_from("abcdef"), st.integers(1, 9), st.integers(0, 9)
)
BOOKS = st.lists(LINES, unique_by=lambda line: line.key)


@given(BOOKS, BOOKS)
def test_reconciliation_names_every_difference_once(ours: list[Book], theirs: list[Book]) -> None:
    """Where totals differ, each differing line has one name; where they agree, lines are not asked for."""
    found = {difference.key: difference.kind for difference in reconcile(ours, theirs)}
    if not unequal(totals(ours), totals(theirs)):
        assert found == {}
        return
    here, there = ({line.key: line for line in book} for book in (ours, theirs))
    expected = dict.fromkeys(here.keys() - there.keys(), Kind.MISSING_THERE)
    expected |= dict.fromkeys(there.keys() - here.keys(), Kind.MISSING_HERE)
    expected |= {key: Kind.AMOUNT for key in here.keys() & there.keys() if here[key] != there[key]}
    assert found == expected


def test_a_reversal_in_one_book_only_is_a_refund_flag() -> None:
    """And a line twice is one difference."""
    line = Book("m", ("310", "11"), 100, 60, 0)
    (difference,) = reconcile([line], [line._replace(refund=True)])
    assert difference.kind is Kind.REFUND
    (difference,) = reconcile([line, line], [line])
    assert (difference.kind, difference.difference_fen) == (Kind.TWICE, 100)
    assert set(KINDS) == set(Kind)


BOOKS_WITH_REFUNDS = st.lists(
    st.builds(
        Book,
        st.sampled_from("abcd"),
        st.sampled_from([("310", "11"), ("390", "11")]),
        st.integers(1, 9),
        st.integers(0, 9),
        st.just(0),
        st.booleans(),
    ),
    max_size=6,
)


@given(BOOKS_WITH_REFUNDS, BOOKS_WITH_REFUNDS)
def test_the_differences_sum_to_the_difference_of_the_books(ours: list[Book], theirs: list[Book]) -> None:
    """To the fen, whatever was reversed, repeated or put in another class: no difference is left unnamed or named twice."""
    groups = unequal(totals(ours), totals(theirs))
    wanted = sum(
        (-1 if line.refund else 1) * sign * line.medfee_sumamt for book, sign in ((ours, 1), (theirs, -1)) for line in book
    )
    found = reconcile(ours, theirs)
    assert sum(one.difference_fen for one in found) == wanted
    assert bool(groups) == bool(found)
    turned = {Kind.MISSING_HERE: Kind.MISSING_THERE, Kind.MISSING_THERE: Kind.MISSING_HERE}
    mirrored = sorted((one.kind, one.key, one.difference_fen) for one in reconcile(theirs, ours))
    assert mirrored == sorted((turned.get(one.kind, one.kind), one.key, -one.difference_fen) for one in found)


def test_a_refund_is_named_with_what_it_takes_off() -> None:
    """Missing on one side, or settled on the one and reversed on the other: the sums differ by that much, with its sign."""
    line = Book("m", ("310", "11"), 100, 60, 0)
    refund = line._replace(refund=True)
    assert [one[::3] for one in reconcile([line, refund], [line])] == [(Kind.MISSING_THERE, -100)]
    assert [one[::3] for one in reconcile([line], [line, refund])] == [(Kind.MISSING_HERE, 100)]
    assert [one[::3] for one in reconcile([line], [refund])] == [(Kind.REFUND, 200)]


def test_a_line_in_another_class_is_named_as_such() -> None:
    """The amounts agree; insurance or clearing class do not, so both groups' totals differ."""
    line = Book("m", ("310", "11"), 100, 60, 0)
    assert [one[::3] for one in reconcile([line], [line._replace(group=("390", "11"))])] == [(Kind.GROUP, 0)]
