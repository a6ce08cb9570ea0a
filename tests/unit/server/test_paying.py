"""What banks say of payments: lines that are new, old, twice, on another account, back again; orders and what is settled."""

import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardstack.errors import Refused
from cardstack.settlement.amending import Amendment, amend
from cardstack.settlement.banking.matching import Difference
from cardstack.settlement.banking.orders import Account, bank_csv, pacs_009, pain_001
from cardstack.settlement.banking.statements import Side, result_csv, results
from cardstack.settlement.instruction import Payment
from cardstack.settlement.transaction import Posting
from cardstack.settlement.window import Event, Stage
from cardstack.values import Fen
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NOON, SCHEMES, Toy
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


def test_a_second_failure_of_a_day_is_another_one(store: Store) -> None:
    """A bank gives what failed no number: another file's line is another failure, the same file's in whatever bytes is not."""
    paid_again(store)
    first = replace(line(store, 0, 0, returned=True), bank_reference="", reason="account frozen")
    for sent, lines in enumerate(([first], [first, replace(first, reference="elsewhere")]), start=1):
        raw = results(lines)
        store.desk.take_lines(result_csv(raw), actor="bank", now=NOON)
        assert store.instructions(DAY)[0].state is Payment.FAILED, sent
        store.desk.release(DAY, TWO, now=NOON)
        for again in (result_csv(raw), result_csv(raw.decode("gb18030").encode(), "utf-8")):
            store.desk.take_lines(again, actor="bank", now=NOON)
            assert store.instructions(DAY)[0].state is Payment.RELEASED, sent


def test_a_file_of_the_whole_day_fails_nothing_twice(store: Store) -> None:
    """A file with lines that are known tells the failures that are known again, and may tell one more."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    failed, paid = replace(line(store, 0, 0, returned=True), bank_reference=""), line(store, 1)
    store.desk.take_lines(result_csv(results([failed, paid])), actor="bank", now=NOON)
    store.desk.release(DAY, TWO, now=NOON)
    whole = [failed, paid, replace(paid, bank_reference="another", reference="elsewhere")]
    store.desk.take_lines(result_csv(results(whole)), actor="bank", now=NOON)
    assert store.instructions(DAY)[0].state is Payment.RELEASED
    store.desk.take_lines(result_csv(results([*whole, failed])), actor="bank", now=NOON)
    assert store.instructions(DAY)[0].state is Payment.FAILED


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


def test_lines_that_were_on_another_account_count_once_it_is_put_right(store: Store) -> None:
    """The participant's number was registered wrong: what the bank booked under the true one pays, and is not ordered again."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    found = store.desk.take_lines([replace(line(store, 0), account="999"), line(store, 1)], actor="bank", now=NOON)
    assert Difference.OTHER_ACCOUNT in {one.difference for one in found.mismatches}
    store.desk.change_account(FUND, "999", f"account of {FUND}", TWO, now=NOON)
    assert [one.state for one in store.instructions(DAY)] == [Payment.PAID, Payment.PAID]
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    assert store.audit(signatures=False).findings == ()


def test_what_was_booked_on_a_former_account_is_paid_all_the_same(store: Store) -> None:
    """A part before the participant changed its bank and a part after it make the whole: no rest is left to be ordered again."""
    first = partly_paid(store)
    store.desk.change_account(FUND, "999", f"account of {FUND}", TWO, now=NOON)
    assert [(one.difference, one.booked_fen) for one in store.desk.open_payments()] == [(Difference.PAID_SHORT, 300)]
    found = store.desk.take_lines([line(store, 0, 500, number=2)], actor="bank", now=NOON)
    assert found.mismatches == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    with pytest.raises(Refused):
        store.desk.order_rest(first, TWO, now=NOON)
    assert store.audit(signatures=False).findings == ()
    back = replace(line(store, 0, 300, returned=True, number=3), account=f"account of {FUND}")
    (short,) = store.desk.take_lines([back], actor="bank", now=NOON).mismatches
    assert (short.difference, short.booked_fen) == (Difference.PAID_SHORT, 500)
    assert store.audit(signatures=False).findings == ()


def test_what_was_booked_before_its_release_is_not_sent(store: Store) -> None:
    """The bank was asked by other means: the payment is paid, in part only for its part, and the order leaves it out."""
    booked(store, 1000)
    agreed(store)
    found = store.desk.take_lines([line(store, 0)], actor="bank", now=NOON).mismatches
    assert [one.difference for one in found] == [Difference.UNKNOWN_HERE]
    assert [one.id for one in store.desk.release(DAY, TWO, now=NOON)] == [f"{DAY}.002"]
    assert [one.id for one in store.desk.released(DAY)[1]] == [f"{DAY}.002"]
    assert [one.state for one in store.instructions(DAY)] == [Payment.PAID, Payment.RELEASED]
    store.desk.take_lines([line(store, 1)], actor="bank", now=NOON)
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    assert store.audit(signatures=False).findings == ()


def test_a_window_that_was_booked_before_its_release_is_settled_by_it(store: Store) -> None:
    """Nothing is left to be sent, and no order can be made of nothing."""
    booked(store, 1000)
    agreed(store)
    store.desk.take_lines([line(store, 0), line(store, 1)], actor="bank", now=NOON)
    assert store.desk.release(DAY, TWO, now=NOON) == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    with pytest.raises(Refused):
        store.desk.released(DAY)


def test_a_line_is_told_again_with_its_reference(store: Store) -> None:
    """The statement came without ours and the result file has it: it pays once, whichever is sent again."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    full = [line(store, 0), line(store, 1)]
    bare = [replace(one, reference="") for one in full]
    found = store.desk.take_lines(bare, actor="bank", now=NOON).mismatches
    assert [one.difference for one in found] == [Difference.UNKNOWN_HERE] * 2
    assert store.desk.take_lines(full, actor="bank", now=NOON).mismatches == ()
    for again in (bare, full, [*bare, *full]):
        assert store.desk.take_lines(again, actor="bank", now=NOON).mismatches == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    changed = store.desk.take_lines([replace(full[0], amount_fen=Fen(7))], actor="bank", now=NOON).mismatches
    assert [one.difference for one in changed] == [Difference.TWICE]
    assert store.audit(signatures=False).findings == ()


def test_what_is_paid_twice_stays_open_until_it_comes_back(store: Store) -> None:
    """The window is settled, and what is too much is still among the discrepancies after the file that told it."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    paid = [line(store, 0), line(store, 1)]
    store.desk.take_lines(paid, actor="bank", now=NOON)
    assert store.desk.open_payments() == ()
    store.desk.take_lines([line(store, 0, number=2)], actor="bank", now=NOON)
    over = [(one.difference, one.reference, one.booked_fen) for one in store.desk.open_payments()]
    assert over == [(Difference.PAID_OVER, f"{DAY}.001", 1600)]
    store.desk.take_lines([line(store, 0, number=3, returned=True)], actor="bank", now=NOON)
    assert store.desk.open_payments() == ()
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_a_line_of_no_money_fails_nothing(store: Store) -> None:
    """Only what is given back without an amount says that a payment never went; anything else would have it sent twice."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    found = store.desk.take_lines([line(store, 0, 0), line(store, 1)], actor="bank", now=NOON).mismatches
    assert [one.difference for one in found] == [Difference.MISSING_AT_BANK]
    assert [one.state for one in store.instructions(DAY)] == [Payment.RELEASED, Payment.PAID]


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


def partly_paid(store: Store) -> str:
    """A window of two payments: the second is paid, of the first 300 of 800 fen; its id."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 300), line(store, 1)], actor="bank", now=NOON)
    return f"{DAY}.001"


def test_the_rest_of_a_payment_is_ordered_by_another_that_names_it(store: Store) -> None:
    """What is left is ordered alone, is matched by its own reference, and settles the window; the audit finds nothing."""
    first = partly_paid(store)
    made = store.desk.order_rest(first, TWO, now=NOON)
    assert (made.id, made.first, made.amount_fen) == (f"{first}-2", first, 500)
    assert store.desk.released(DAY) == (2, (made,))
    assert [one.id for one in store.desk.released(DAY, 1)[1]] == [first, f"{DAY}.002"]
    assert [(one.difference, one.reference) for one in store.desk.open_payments()] == [(Difference.MISSING_AT_BANK, made.id)]
    assert store.desk.take_lines([line(store, 1)], actor="bank", now=NOON).mismatches == ()
    states = {one.instruction.id: one.state for one in store.instructions(DAY)}
    assert states == {first: Payment.CONTINUED, made.id: Payment.PAID, f"{DAY}.002": Payment.PAID}
    assert [one.id for one in store.windows(stage="settled")] == [DAY]
    assert not store.audit(signatures=False).findings


def test_the_rest_is_named_in_every_form_of_an_order(store: Store) -> None:
    """Its own end-to-end reference, the first in the remittance, and the amount in yuan."""
    made = store.desk.order_rest(partly_paid(store), TWO, now=NOON)
    accounts = {party: Account("invented", "1", "") for party in (made.debtor, made.creditor)}
    orders = (
        pain_001("M", [made], accounts, initiator="x", made_at=NOON, due=date(2026, 11, 23)),
        pacs_009("M", [made], accounts, made_at=NOON, due=date(2026, 11, 23)),
        bank_csv([made], accounts, "utf-8"),
    )
    for raw in orders:
        assert all(word in raw.decode() for word in (made.id, f"{DAY} {made.first}", "5.00"))


def test_no_more_than_the_rest_is_ordered(store: Store) -> None:
    """Not of what is paid, on its way or waits; some of it may be; what failed is released again only while it is owed."""
    first = partly_paid(store)
    for payment, amount in ((first, 501), (f"{DAY}.002", None), (f"{DAY}.003", None), ("x", None)):
        with pytest.raises(Refused) as caught:
            store.desk.order_rest(payment, TWO, amount=None if amount is None else Fen(amount), now=NOON)
        assert caught.value.code == "CS-3070"
    some = store.desk.order_rest(first, TWO, amount=Fen(200), now=NOON)
    with pytest.raises(Refused):
        store.desk.order_rest(first, TWO, amount=Fen(301), now=NOON)
    assert [(one.reference, one.difference, one.expected_fen, one.booked_fen) for one in store.desk.open_payments()] == [
        (some.id, Difference.MISSING_AT_BANK, 200, 0),
        (first, Difference.PAID_SHORT, 600, 300),
    ]
    more = store.desk.order_rest(some.id, TWO, now=NOON)
    assert (more.id, more.amount_fen) == (f"{first}-3", 300)
    store.desk.take_lines([line(store, 2, 0, returned=True), line(store, 1)], actor="bank", now=NOON)
    store.desk.take_lines([line(store, 0, 299, number=2)], actor="bank", now=NOON)
    with pytest.raises(Refused, match="waiting for release"):
        store.desk.release(DAY, TWO, now=NOON)
    assert store.desk.order_rest(first, TWO, now=NOON).amount_fen == 1


def test_a_payment_that_failed_is_open_until_it_is_paid(store: Store) -> None:
    """It is told as returned with its whole amount; a rest that failed beside it too; once sent again it is missing."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 0, returned=True), line(store, 1)], actor="bank", now=NOON)
    (failed,) = store.desk.open_payments()
    assert failed == (Difference.RETURNED, f"{DAY}.001", 800, 0)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 300, number=2)], actor="bank", now=NOON)
    rest = store.desk.order_rest(f"{DAY}.001", TWO, now=NOON)
    store.desk.take_lines([line(store, 1, 0, returned=True, number=3)], actor="bank", now=NOON)
    (failed,) = store.desk.open_payments()
    assert failed == (Difference.RETURNED, rest.id, 500, 0)
    store.desk.release(DAY, TWO, now=NOON)
    assert [one.difference for one in store.desk.open_payments()] == [Difference.MISSING_AT_BANK]


def test_what_is_paid_beyond_the_debt_is_named(store: Store) -> None:
    """The bank finishes the first by itself although its rest is on its way, and then books that one too."""
    first = partly_paid(store)
    store.desk.order_rest(first, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 500, number=2)], actor="bank", now=NOON)
    found = store.desk.take_lines([line(store, 1)], actor="bank", now=NOON).mismatches
    assert [(one.difference, one.reference, one.expected_fen, one.booked_fen) for one in found] == [
        (Difference.PAID_OVER, first, 800, 1300)
    ]


def test_a_part_that_comes_back_is_owed_again(store: Store) -> None:
    """The window waits again, and what came back is ordered by a third."""
    first = partly_paid(store)
    store.desk.order_rest(first, TWO, now=NOON)
    store.desk.take_lines([line(store, 1)], actor="bank", now=NOON)
    back = store.desk.take_lines([line(store, 0, 300, returned=True, number=2)], actor="bank", now=NOON)
    assert [(one.difference, one.expected_fen, one.booked_fen) for one in back.mismatches] == [(Difference.PAID_SHORT, 300, 0)]
    assert [one.id for one in store.windows(stage=Stage.PENDING.value)] == [DAY]
    assert store.desk.order_rest(first, TWO, now=NOON).amount_fen == 300


def test_interest_on_a_payment_in_two_orders_runs_on_what_was_late(store: Store) -> None:
    """The part in time costs nothing; the rest is late by the due day of the first."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([replace(line(store, 0, 3_000_000), booked_on=date(2026, 11, 23))], actor="bank", now=NOON)
    store.desk.order_rest(f"{DAY}.001", TWO, now=NOON)
    store.desk.take_lines([replace(line(store, 1), booked_on=date(2026, 11, 24))], actor="bank", now=NOON)
    assert interest(store) == [(FUND, "00.settlement-account", 5_000_000 * 500 // 1_000_000)]


def each_fen_is_told_once(store: Store) -> None:
    """The open payments name what is owed of the first payment once, unless more than that may still arrive."""
    family = [one for one in store.instructions(DAY) if one.instruction.first == f"{DAY}.001"]
    owed = 80 - sum(one.paid_fen for one in family)
    open_ = [one for one in store.desk.open_payments() if one.reference in {each.instruction.id for each in family}]
    told = sum(one.expected_fen - one.booked_fen for one in open_ if one.difference is not Difference.PAID_OVER)
    whole = {Payment.RELEASED, Payment.PARTLY_PAID, Payment.PAID}
    most = sum(one.instruction.amount_fen if one.state in whole else one.paid_fen for one in family)
    assert told == owed if most <= 80 else told >= owed


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_never_more_than_the_debt_is_on_its_way(enrolled: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the bank books, returns or refuses: after each order and release, what may still arrive is not too much."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
    shutil.copy(enrolled, path)
    store = Store(f"sqlite:///{path}", SCHEMES)
    booked(store, 100)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    for number in range(data.draw(st.integers(2, 10))):
        family = [one for one in store.instructions(DAY) if one.instruction.first == f"{DAY}.001"]
        act = data.draw(st.sampled_from(["book", "return", "rest", "release"]))
        place = data.draw(st.integers(0, len(family) - 1))
        if act in {"book", "return"}:
            amount = data.draw(st.integers(0 if act == "return" else 1, 80))
            store.desk.take_lines([line(store, place, amount, returned=act == "return", number=number)], actor="bank", now=NOON)
            continue
        with suppress(Refused):
            if act == "release":
                store.desk.release(DAY, TWO, now=NOON)
            else:
                store.desk.order_rest(f"{DAY}.001", TWO, amount=data.draw(st.none() | st.integers(1, 80).map(Fen)), now=NOON)
            after = [one for one in store.instructions(DAY) if one.instruction.first == f"{DAY}.001"]
            way = sum(one.instruction.amount_fen for one in after if one.state is Payment.RELEASED)
            assert way + sum(one.paid_fen for one in after if one.state is not Payment.RELEASED) <= 80
        each_fen_is_told_once(store)
    assert not store.audit(signatures=False).findings
    store.close()
