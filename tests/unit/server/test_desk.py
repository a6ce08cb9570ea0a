"""What people do to a ledger: corrections, disputes, prepayments, payments and bank files."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.exc import DatabaseError

from cardstack.errors import Malformed, Refused
from cardstack.settlement.answer import Outcome
from cardstack.settlement.banking.matching import Difference
from cardstack.settlement.banking.statements import camt_053, statement
from cardstack.settlement.dispute import Ground, Stage, Step
from cardstack.settlement.instruction import Payment
from cardstack.settlement.line import prepare
from cardstack.settlement.prefund import Change, Kind, Level
from cardstack.settlement.transaction import SHANGHAI, Posting
from cardstack.settlement.window import Event
from cardstack.settlement.window import Stage as WindowStage
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.permissions import EVERYWHERE, Grant, Role
from server.store.adjusting import Two
from server.store.late import due_on
from server.store.office import Office
from server.store.office.people import Operator
from server.store.posting import Submission
from server.store.store import Store
from tests.ledgers import BUS, FUND, HOSPITAL, NODE, NOON, SCHEMES, Toy, bill, kept, message_id, submission
from tests.unit.server.desks import DAY, NEXT, TWO, agreed, booked, interest, line

BACK = Posting(HOSPITAL, FUND, Fen(30), "pool", "adjustment")


def test_a_correction_takes_two_people_and_the_window_that_is_open(store: Store) -> None:
    """A closed window keeps its nets; the database too refuses one who checks himself."""
    booked(store, 100)
    with pytest.raises(Refused) as caught:
        store.desk.adjust(Toy.cycle, BACK, Two("lin", "lin "), reason="wrong", now=NOON)
    assert caught.value.code == "CS-3040"
    store.close_window(DAY, actor="clerk", now=NOON)
    entry = store.desk.adjust(Toy.cycle, BACK, TWO, reason="fee counted twice", now=NOON)
    assert entry.window == NEXT
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: -80, HOSPITAL: 80}
    assert {one.party: one.net_fen for one in store.positions(NEXT)} == {FUND: 30, HOSPITAL: -30}
    with pytest.raises(DatabaseError), store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO adjustment (entry, maker, checker, reason) VALUES (1, 'lin', 'lin', 'x')")
    assert store.audit(signatures=False, contents=True).findings == ()


def test_an_upheld_dispute_puts_right_what_was_disputed(store: Store) -> None:
    """Opened by a side of the posting, answered, arbitrated, upheld by two people: the part disputed goes back."""
    booked(store, 100)
    with pytest.raises(Refused):
        store.desk.open_dispute(1, opened_by=BUS, ground=Ground.AMOUNT, disputed_fen=Fen(10), actor="lin", now=NOON)
    with pytest.raises(Refused):
        store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(81), actor="lin", now=NOON)
    evidence = {"sha256": "00" * 32}
    opened = store.desk.open_dispute(
        1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON, evidence=evidence
    )
    with pytest.raises(Refused):
        store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON)
    for step in (Step.ANSWER, Step.ESCALATE):
        store.desk.step_dispute(opened.seq, step, actor="wang", now=NOON)
    with pytest.raises(Refused) as alone:
        store.desk.step_dispute(opened.seq, Step.UPHOLD, actor="wang", checker="wang", now=NOON)
    assert alone.value.code == "CS-3040"
    assert store.desk.disputes()[0].stage is Stage.IN_ARBITRATION
    upheld = store.desk.step_dispute(opened.seq, Step.UPHOLD, actor="wang", checker="zhao", now=NOON)
    assert (upheld.stage, upheld.deadline) == (Stage.UPHELD, None)
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: -50, HOSPITAL: 50}
    assert store.audit(signatures=False, contents=True).findings == ()


def test_who_does_not_answer_in_time_concedes(store: Store) -> None:
    """A dispute lapses after twenty working days and not before; a Sunday's begins to count on Monday."""
    booked(store, 100)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.NO_SERVICE, disputed_fen=Fen(80), actor="lin", now=NOON)
    assert opened.deadline == datetime(2026, 12, 18, 23, 59, 59, tzinfo=SHANGHAI)
    assert store.desk.lapse_disputes(opened.deadline) == []
    with pytest.raises(Refused):
        store.desk.step_dispute(opened.seq, Step.LAPSE, actor="clock", now=NOON)
    (lapsed,) = store.desk.lapse_disputes(opened.deadline + timedelta(seconds=1))
    assert lapsed.stage is Stage.UPHELD
    nets = [one.net_fen for window in store.windows() for one in store.positions(window.id) if one.party == FUND]
    assert sorted(nets) == [-80, 80]


def test_a_dispute_is_upheld_in_part(store: Store) -> None:
    """By the other side or in arbitration, of what is disputed and no more; the rest stands, and the dispute is over."""
    booked(store, 100, 200)
    for posting, steps in ((1, ()), (2, (Step.ANSWER, Step.ESCALATE))):
        opened = store.desk.open_dispute(
            posting, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON
        )
        for step in steps:
            store.desk.step_dispute(opened.seq, step, actor="wang", now=NOON)
        last = Step.UPHOLD if steps else Step.CONCEDE
        for wrong in (0, 31):
            with pytest.raises(Refused) as caught:
                store.desk.step_dispute(opened.seq, last, actor="wang", checker="zhao", upheld_fen=Fen(wrong), now=NOON)
            assert caught.value.code == "CS-3075"
        upheld = store.desk.step_dispute(opened.seq, last, actor="wang", checker="zhao", upheld_fen=Fen(12), now=NOON)
        assert (upheld.stage, upheld.disputed_fen) == (Stage.UPHELD, 30)
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: 24 - 240, HOSPITAL: 240 - 24}
    assert store.audit(signatures=False, contents=True).findings == ()


def test_nothing_holds_off_a_deadline_that_has_passed(store: Store) -> None:
    """To its last second an answer, and then an objection, counts; after that it lapses, whoever comes first to the ledger."""
    booked(store, 100, 200)
    now = NOON
    for posting, step, before in ((1, Step.ANSWER, ()), (2, Step.ESCALATE, (Step.ANSWER,))):
        opened = store.desk.open_dispute(
            posting, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=now
        )
        for each in before:
            opened = store.desk.step_dispute(opened.seq, each, actor="wang", now=now)
        assert opened.deadline is not None
        late = opened.deadline + timedelta(seconds=1)
        with pytest.raises(Refused) as caught:
            store.desk.step_dispute(opened.seq, step, actor="wang", now=late)
        assert caught.value.code == "CS-3073"
        assert store.desk.step_dispute(opened.seq, step, actor="wang", now=opened.deadline).stage is not opened.stage


def test_no_deadline_is_guessed_beyond_the_calendar(store: Store) -> None:
    """Where no notice says which days are worked, a dispute waits without a deadline and does not lapse."""
    booked(store, 100)
    late = datetime(2026, 12, 10, 9, tzinfo=SHANGHAI)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="lin", now=late)
    assert (opened.deadline, store.desk.lapse_disputes(late + timedelta(days=300))) == (None, [])


def test_who_opened_a_dispute_does_not_decide_it(store: Store) -> None:
    """Neither answers for the other side, nor prepares or approves that it is upheld."""
    booked(store, 100)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="lin", now=NOON)
    for step, actor, checker in ((Step.ANSWER, "lin", ""), (Step.CONCEDE, "wang", "lin"), (Step.CONCEDE, "wang", "zhao+lin")):
        with pytest.raises(Refused) as caught:
            store.desk.step_dispute(opened.seq, step, actor=actor, checker=checker, now=NOON)
        assert caught.value.code == "CS-3040"
    with pytest.raises(DatabaseError), store.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO dispute_move (seq, dispute, step, stage, actor, evidence, at, checker) "
            "VALUES (9, 1, 'uphold', 'upheld', 'lin', '{}', 0, 'lin')"
        )


def test_a_dispute_of_a_scheme_that_is_gone_says_so(store: Store, ledger_url: str) -> None:
    """Upholding needs the scheme's cycle: without it nothing moves, and the error has its code."""
    booked(store, 100)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="lin", now=NOON)
    other = Store(ledger_url, {})
    with pytest.raises(Refused) as caught:
        other.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
    other.close()
    assert (caught.value.code, store.desk.disputes()[0].stage) == ("CS-3047", Stage.OPENED)


def test_one_dispute_that_cannot_lapse_does_not_hold_up_the_others(store: Store, ledger_url: str) -> None:
    """Of a scheme that is gone: the other lapses, and the error is told."""
    other = Store(ledger_url, {**SCHEMES, "gone": Gone()})
    booked(store, 100)
    other.submit([gone_bill()], NOON)
    for posting in (2, 1):
        opened = store.desk.open_dispute(
            posting,
            opened_by=FUND,
            ground=Ground.AMOUNT,
            disputed_fen=Fen(8),
            actor="lin",
            now=NOON + timedelta(seconds=3 - posting),
        )
    assert opened.deadline is not None
    with pytest.raises(Refused) as caught:
        store.desk.lapse_disputes(opened.deadline + timedelta(days=1))
    assert caught.value.code == "CS-3047"
    assert {one.posting: one.stage for one in store.desk.disputes()} == {1: Stage.UPHELD, 2: Stage.OPENED}
    other.close()


class Gone(Toy):
    """A scheme that one installation has and another has not."""

    name = "gone"


def gone_bill() -> Submission:
    sent = replace(bill(77, 100), scheme="gone")
    line = prepare(sent, digest(canonical(sent)), NODE, {"gone": Gone()})
    return Submission(kept(sent), [line])


def test_what_was_reversed_is_given_back_once(store: Store) -> None:
    """A dispute about it is upheld without a posting; no new one is opened."""
    booked(store, 100)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON)
    assert store.submit([submission(bill(9, reverses=message_id(1)))], NOON)[0][0].outcome is Outcome.ACCEPTED
    upheld = store.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
    assert upheld.stage is Stage.UPHELD
    assert {one.net_fen for one in store.positions(DAY)} == {0}
    with pytest.raises(Refused, match="reversed"):
        store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON)
    assert store.audit(signatures=False, contents=True).findings == ()


def test_what_a_dispute_put_right_is_not_reversed_too(store: Store) -> None:
    """The sender is told that its message is no longer in a state that allows it."""
    booked(store, 100)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON)
    store.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
    assert store.submit([submission(bill(9, reverses=message_id(1)))], NOON)[0][0].outcome is Outcome.RESOLVED_REFERENCE
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: -50, HOSPITAL: 50}


def test_where_operators_are_kept_only_they_act(store: Store) -> None:
    """A name that is no operator's, or a disabled one's, stands behind nothing; the clock still lets disputes lapse."""
    booked(store, 100)
    people = Office(store.database.engine).people
    for name, disabled in (("lin", False), ("chen", False), ("gone", True)):
        people.save(Operator(name, name, (Grant(Role.CLERK, EVERYWHERE),), disabled=disabled), NOON)
    for two in (Two("lin", "gone"), Two("nobody", "chen"), Two("lin", "chen+nobody")):
        with pytest.raises(Refused) as caught:
            store.desk.adjust(Toy.cycle, BACK, two, reason="wrong", now=NOON)
        assert caught.value.code == "CS-3044"
    with pytest.raises(Refused):
        store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="nobody", now=NOON)
    opened = store.desk.open_dispute(1, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="lin", now=NOON)
    assert opened.deadline is not None
    assert len(store.desk.lapse_disputes(opened.deadline + timedelta(days=1))) == 1


def test_a_prepayment_warns_as_it_is_used_up(store: Store) -> None:
    """70 % is yellow, 90 % red, an emergency increase brings it back; it never falls below zero."""
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(1000), Kind.ALLOTTED, "invented"), TWO, now=NOON)
    booked(store, 600, 275, 250)
    store.submit([submission(bill(9, 200))], NOON)
    (fund,) = store.desk.prefunds(DAY)
    assert (fund.used_fen, fund.level) == (1060, Level.RED)
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(400), Kind.EMERGENCY, "invented"), TWO, now=NOON)
    assert [one.level for one in store.desk.prefunds(DAY)] == [Level.YELLOW]
    with pytest.raises(Refused):
        store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(-1401), Kind.RETURNED, "invented"), TWO, now=NOON)
    with pytest.raises(Malformed, match="itself"):
        store.desk.change_prefund(Change(FUND, FUND, Fen(1), Kind.ALLOTTED, "invented"), TWO, now=NOON)


def test_a_window_is_settled_when_the_bank_has_paid_everything(store: Store) -> None:
    """Released by two, paid in parts over two files, each line once; then the window is settled."""
    booked(store, 1000)
    agreed(store)
    with pytest.raises(Refused):
        store.desk.release(DAY, Two("lin", ""), now=NOON)
    assert len(store.desk.release(DAY, TWO, now=NOON)) == 2
    assert len(store.desk.open_payments()) == 2
    first = [line(store, 0, 500), line(store, 1)]
    store.desk.take_lines(first, actor="bank", now=NOON)
    assert [one.state for one in store.instructions(DAY)] == [Payment.PARTLY_PAID, Payment.PAID]
    store.desk.take_lines(first, actor="bank", now=NOON)
    assert [one.paid_fen for one in store.instructions(DAY)] == [500, 800]
    matched = store.desk.take_lines([line(store, 0, 300, number=2)], actor="bank", now=NOON)
    assert matched.mismatches == ()
    window = store.window(DAY)
    assert window is not None
    assert window.stage is WindowStage.SETTLED
    assert store.desk.open_payments() == ()


def test_a_failed_payment_is_released_again(store: Store) -> None:
    """The bank returns it, it fails, two people send it once more."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    store.desk.take_lines([line(store, 0, 0, returned=True), line(store, 1)], actor="bank", now=NOON)
    assert [one.state for one in store.instructions(DAY)] == [Payment.FAILED, Payment.PAID]
    assert [one.id for one in store.desk.release(DAY, TWO, now=NOON)] == [f"{DAY}.001"]
    store.desk.take_lines([line(store, 0, number=2)], actor="bank", now=NOON)
    assert {one.state for one in store.instructions(DAY)} == {Payment.PAID}


def test_interest_on_a_late_payment_is_booked_and_explained(store: Store) -> None:
    """In the commit that takes the bank's line: by the dated rate, day for day on what was still owed, in the open window."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    due = due_on(store.instructions(DAY)[0])
    assert due == date(2026, 11, 23)
    late = [replace(line(store, 0, 3_000_000), booked_on=due), replace(line(store, 1), booked_on=due)]
    store.desk.take_lines(late, actor="bank", now=NOON)
    assert interest(store) == []
    rest = [
        replace(line(store, 0, 4_000_000, number=2), booked_on=due + timedelta(days=2)),
        replace(line(store, 0, 1_000_000, number=3), booked_on=due + timedelta(days=5)),
    ]
    store.desk.take_lines(rest, actor="bank", now=NOON)
    assert interest(store) == [(FUND, "00.settlement-account", (5_000_000 * 2 + 1_000_000 * 3) * 500 // 1_000_000)]
    (entry,) = [one for one in store.transactions() if one.scheme == "adjustment"]
    assert entry.window == NEXT
    kept = store.envelope(entry.envelope)
    assert kept is not None
    told = json.loads(kept.raw)
    assert (told["instruction"], told["due"], told["maker"]) == (f"{DAY}.001", "2026-11-23", "rule")
    assert [step["amount_fen"] for step in told["steps"]] == [5000, 1500, 6500]
    assert all(step["text"]["zh"] and step["text"]["en"] for step in told["steps"])
    assert told["steps"][0]["reference"]
    window = store.window(DAY)
    assert window is not None
    assert window.stage is WindowStage.SETTLED
    store.desk.take_lines(rest, actor="bank", now=NOON)
    assert len(interest(store)) == 1
    assert store.audit(signatures=False, contents=True).findings == ()


def test_a_payment_that_comes_back_is_owed_again(store: Store) -> None:
    """The window is no longer settled; paid again, it is, with interest only for the days on which the money was missing."""
    booked(store, 10_000_000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    day = date(2026, 11, 23)
    store.desk.take_lines(
        [replace(line(store, 0), booked_on=day), replace(line(store, 1), booked_on=day)], actor="bank", now=NOON
    )
    back = replace(line(store, 0, number=2, returned=True), booked_on=day + timedelta(days=1))
    (mismatch,) = store.desk.take_lines([back], actor="bank", now=NOON).mismatches
    assert mismatch.difference is Difference.RETURNED
    assert [one.state for one in store.instructions(DAY)] == [Payment.FAILED, Payment.PAID]
    assert [one.stage for one in store.windows(stage="pending")] == [WindowStage.PENDING]
    store.desk.release(DAY, TWO, now=NOON)
    again = replace(line(store, 0, number=3), booked_on=day + timedelta(days=4))
    store.desk.take_lines([again], actor="bank", now=NOON)
    assert interest(store) == [(FUND, "00.settlement-account", 8_000_000 * 3 * 500 // 1_000_000)]
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_interest_that_cannot_be_computed_is_told(store: Store) -> None:
    """Where the calendar does not reach the due day, the payment is taken and an event says that interest is missing."""
    booked(store, 1000)
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    store.instruct(DAY, now=datetime(2026, 12, 31, 12, tzinfo=SHANGHAI))
    store.desk.release(DAY, TWO, now=NOON)
    assert due_on(store.instructions(DAY)[0]) is None
    store.desk.take_lines([line(store, 0), line(store, 1)], actor="bank", now=NOON)
    assert [one.kind for one in store.events(limit=1000)].count("interest-not-computed") == 2
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_a_statement_that_does_not_fit_leads_to_a_disputed_window(store: Store) -> None:
    """From a bank's camt.053 with a payment short and one unknown, over the objection, to agreement and payment anew."""
    booked(store, 1000)
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    short, stranger = line(store, 0, 700), replace(line(store, 0, number=9), reference="nobody.001")
    raw = statement("account of 31.medical-fund", [short, stranger], id_="S1", opening_fen=Fen(0), made_at=NOON)
    found = {one.difference for one in store.desk.take_lines(camt_053(raw), actor="bank", now=NOON).mismatches}
    assert found == {Difference.PAID_SHORT, Difference.UNKNOWN_HERE, Difference.MISSING_AT_BANK}
    assert {one.difference for one in store.desk.open_payments()} == {Difference.PAID_SHORT, Difference.MISSING_AT_BANK}
    assert [one.state for one in store.instructions(DAY)] == [Payment.PARTLY_PAID, Payment.RELEASED]
    for event in (Event.ABORT, Event.RETRY, Event.OBJECT):
        store.move_window(DAY, event, actor="clerk", now=NOON, reason="the bank's statement does not fit")
    assert [one.id for one in store.windows(stage="disputed")] == [DAY]
    for event in (Event.RESOLVE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    assert [one.amount_fen for one in store.instruct(DAY, now=NOON)] == [800, 800]
    store.desk.take_lines([line(store, 0, 100, number=2), line(store, 1)], actor="bank", now=NOON)
    assert [one.id for one in store.windows(stage="settled")] == [DAY]


def test_windows_are_cut_off_by_the_calendar(store: Store) -> None:
    """At 18:00 of the working day after, the oldest first and those without a word of the calendar not at all."""
    booked(store, 100)
    store.submit([submission(bill(8, 100, at=NOON + timedelta(days=1)))], NOON + timedelta(days=1))
    store.submit([submission(bill(9, 100, at=NOON + timedelta(days=60)))], NOON + timedelta(days=60))
    due = datetime(2026, 11, 23, 18, tzinfo=SHANGHAI)
    assert store.cut_off_due(due - timedelta(seconds=1)) == []
    assert store.cut_off_due(due) == [DAY]
    assert [(one.actor, one.event) for one in store.moves(DAY)] == [("clock", "cut-off")]
    assert store.cut_off_due(NOON + timedelta(days=400)) == [NEXT]
    assert [one.id for one in store.windows(stage="open")] == ["toy-2027-01-21"]


def test_what_was_reserved_first_is_given_back_once_too(store: Store) -> None:
    """The posting stands under the message that posted it, the reversal under the one that reserved: they are one."""
    for first, dispute_first in ((1, True), (11, False)):
        store.submit([submission(bill(first, 100, pending=True), bill(first + 1, posts=message_id(first)))], NOON)
        before = {one.party: one.net_fen for one in store.positions(DAY)}
        posted = store.transaction(message_id(first + 1))
        assert posted is not None
        seq = next(one.seq for one in store.postings(posted.seq) if one.phase == "posted")
        opened = store.desk.open_dispute(seq, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(30), actor="lin", now=NOON)
        back = submission(bill(first + 2, reverses=message_id(first)))
        if dispute_first:
            store.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
            assert store.submit([back], NOON)[0][0].outcome is Outcome.RESOLVED_REFERENCE
            assert {one.party: one.net_fen - before[one.party] for one in store.positions(DAY)} == {FUND: 30, HOSPITAL: -30}
        else:
            assert store.submit([back], NOON)[0][0].outcome is Outcome.ACCEPTED
            store.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
            assert {one.party: one.net_fen - before[one.party] for one in store.positions(DAY)} == {FUND: 80, HOSPITAL: -80}
            with pytest.raises(Refused, match="reversed"):
                store.desk.open_dispute(seq, opened_by=FUND, ground=Ground.AMOUNT, disputed_fen=Fen(8), actor="lin", now=NOON)
    assert store.audit(signatures=False, contents=True).findings == ()
