"""What banks say of payments: lines that are new, old, twice, on another account, back again; orders and what is settled."""

from dataclasses import replace
from datetime import date

import pytest

from cardstack.errors import Refused
from cardstack.settlement.amending import Amendment, amend
from cardstack.settlement.banking.matching import Difference
from cardstack.settlement.banking.statements import Side
from cardstack.settlement.instruction import Payment
from cardstack.settlement.transaction import Posting
from cardstack.settlement.window import Event
from cardstack.values import Fen
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NOON, Toy
from tests.unit.server.desks import DAY, NEXT, TWO, agreed, booked, interest, line


def paid_again(store: Store) -> None:
    """Two payments released; the first failed and was sent again."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 0, returned=True)], actor="bank", now=NOON)
    store.desk.release(DAY, TWO, now=NOON)


def test_what_was_sent_again_does_not_fail_by_its_old_line(store: Store) -> None:
    """Another payment's line, or the old file once more, says nothing about it; it is missing at the bank, not returned."""
    paid_again(store)
    for lines in ([line(store, 1)], [line(store, 0, 0, returned=True)]):
        found = store.desk.take_lines(lines, actor="bank", now=NOON).mismatches
        assert [(one.difference, one.reference) for one in found] == [(Difference.MISSING_AT_BANK, f"{DAY}.001")]
        assert [one.state for one in store.instructions(DAY)] == [Payment.RELEASED, Payment.PAID]
    assert [one.difference for one in store.desk.open_payments()] == [Difference.MISSING_AT_BANK]


def test_an_order_is_made_of_one_release(store: Store) -> None:
    """What is on its way or paid is not ordered again; an earlier release can be written once more."""
    booked(store, 1000)
    agreed(store)
    with pytest.raises(Refused) as nothing:
        store.desk.released(DAY)
    assert nothing.value.code == "CS-3022"
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 0, returned=True)], actor="bank", now=NOON)
    store.desk.release(DAY, TWO, now=NOON)
    number, again = store.desk.released(DAY)
    assert (number, [one.id for one in again]) == (2, [f"{DAY}.001"])
    assert [one.id for one in store.desk.released(DAY, 1)[1]] == [f"{DAY}.001", f"{DAY}.002"]


def test_only_a_pending_window_sends_payments(store: Store) -> None:
    """Not one that was aborted, nor one whose nets are disputed again; and only what was asked for."""
    booked(store, 1000)
    agreed(store)
    for event in (Event.ABORT, Event.RETRY, Event.OBJECT):
        store.move_window(DAY, event, actor="clerk", now=NOON, reason="wrong")
        with pytest.raises(Refused) as caught:
            store.desk.release(DAY, TWO, now=NOON)
        assert caught.value.code == "CS-3022"
    for event in (Event.RESOLVE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    assert [one.id for one in store.desk.release(DAY, TWO, now=NOON, only=[f"{DAY}.002"])] == [f"{DAY}.002"]
    assert [one.state for one in store.instructions(DAY)] == [Payment.PREPARED, Payment.RELEASED]


def test_a_bank_reference_says_one_thing(store: Store) -> None:
    """Twice in a file, or again with another amount or as a return: named, and nothing moves by it."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    first, other = line(store, 0), line(store, 1)
    found = store.desk.take_lines([first, replace(first, amount_fen=Fen(1)), other], actor="bank", now=NOON).mismatches
    assert [(one.difference, one.reference, one.booked_fen) for one in found] == [(Difference.TWICE, "bank 0/1", 1)]
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    for changed in (replace(first, returned=True), replace(first, amount_fen=Fen(7)), replace(first, side=Side.CREDIT)):
        found = store.desk.take_lines([changed], actor="bank", now=NOON).mismatches
        assert [one.difference for one in found] == [Difference.TWICE]
    assert store.desk.take_lines([first, other], actor="bank", now=NOON).mismatches == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_a_bank_that_tries_again_by_itself_is_believed(store: Store) -> None:
    """A payment that failed is paid when the bank books it, released again or not."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 0, returned=True), line(store, 1)], actor="bank", now=NOON)
    store.desk.take_lines([line(store, 0, number=2)], actor="bank", now=NOON)
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_the_centres_payments_are_matched_after_its_account_is_known_too(store: Store) -> None:
    """The centre becomes a party with the first interest; its account without a number is nobody else's."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    late = date(2026, 11, 25)
    store.desk.take_lines([replace(line(store, 0), booked_on=late)], actor="bank", now=NOON)
    assert "00.settlement-account" in {str(one.name) for one in store.parties()}
    outgoing = replace(line(store, 1), account="centre", booked_on=late)
    assert store.desk.take_lines([outgoing], actor="bank", now=NOON).mismatches == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_interest_counts_only_what_was_matched(store: Store) -> None:
    """A line on somebody else's account pays nothing, and costs or saves no interest."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    wrong = replace(line(store, 0, number=7), account="999", booked_on=date(2026, 11, 23))
    late = replace(line(store, 0), booked_on=date(2026, 11, 24))
    store.desk.take_lines([wrong, late], actor="bank", now=NOON)
    assert interest(store) == [(FUND, "00.settlement-account", 8_000_000 * 500 // 1_000_000)]


def test_a_window_without_anything_to_pay_settles_itself(store: Store) -> None:
    """Nothing fell into it, or everything was set off: no bank will ever write about it."""
    booked(store, 100)
    store.desk.adjust(Toy.cycle, Posting(HOSPITAL, FUND, Fen(80), "pool", "adjustment"), TWO, reason="x", now=NOON)
    agreed(store)
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(NEXT, event, actor="clerk", now=NOON)
    assert store.instruct(NEXT, now=NOON) == ()
    assert [one.id for one in store.windows(stage="settled")] == [NEXT, DAY]
    assert store.instructions() == []


def test_a_window_that_was_paid_while_it_was_disputed_settles_when_it_is_agreed(store: Store) -> None:
    """The bank's lines came in between; afterwards there is nothing left to wait for."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    for event in (Event.ABORT, Event.RETRY):
        store.move_window(DAY, event, actor="clerk", now=NOON, reason="x")
    store.desk.take_lines([line(store, 0), line(store, 1)], actor="bank", now=NOON)
    store.move_window(DAY, Event.AGREE, actor="clerk", now=NOON)
    store.instruct(DAY, now=NOON)
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


@pytest.mark.parametrize("window", ["tyo-2026-11-22", "toy-2026-11", "toy-2026-11-24", "toy-2027-11-22"])
def test_a_slip_of_the_hand_cuts_nothing_off(store: Store, window: str) -> None:
    """Not an unknown cycle, a month of a daily one, nor a day to come: everything until then would fall behind it."""
    booked(store, 100)
    store.close_window(DAY, actor="clerk", now=NOON)
    with pytest.raises(Refused) as caught:
        store.close_window(window, actor="clerk", now=NOON)
    assert caught.value.code == "CS-3021"
    assert [one.id for one in store.windows()] == [DAY]
    store.close_window(NEXT, actor="clerk", now=NOON)


def test_a_rate_that_has_ended_does_not_hold_the_banks_file_up(store: Store) -> None:
    """The money is taken in; that its interest could not be computed is told, as where the calendar ends."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    row = {"cycle": "toy", "working_days": 1, "millionths": 500, "since": "2026-01-01", "until": "2026-11-24"}
    amend([Amendment("clearing", "late", {**row, "standing": "illustrative", "reference": "invented"})])
    try:
        late = date(2026, 11, 27)
        lines = [replace(line(store, 0), booked_on=late), replace(line(store, 1), booked_on=late)]
        store.desk.take_lines(lines, actor="bank", now=NOON)
    finally:
        amend(())
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    assert interest(store) == []
    assert [one.kind for one in store.events(limit=1000)].count("interest-not-computed") == 2
