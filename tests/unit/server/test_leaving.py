"""A party that leaves, or a node that is suspended, while a window is open: nothing new is owed, what was begun is ended."""

from cardstack.settlement.answer import Outcome
from cardstack.settlement.instruction import Payment
from cardstack.settlement.window import Stage
from cardstack.values import Fen
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NODE, NOON, arrival, bill, message_id, submission
from tests.unit.server.desks import DAY, TWO, agreed, line


def outcomes(store: Store, *serials: object) -> list[Outcome]:
    return [one.outcome for one in store.submit([submission(*serials)], NOON)[0]]  # type: ignore[arg-type]  # bills


def test_a_party_that_may_owe_no_more_ends_what_it_began(store: Store) -> None:
    """A limit of nothing from the middle of a window on: no new bill; what is reserved is ended, what is owed is paid."""
    begun = [bill(1, 600), bill(2, 500, pending=True), bill(3, 70, pending=True), bill(4, 50)]
    assert set(outcomes(store, *begun)) == {Outcome.ACCEPTED}
    store.desk.change_limit(str(FUND), Fen(0), None, TWO, now=NOON)
    assert outcomes(store, bill(5), bill(6, pending=True)) == [Outcome.OVER_LIMIT] * 2
    ended = [bill(12, posts=message_id(2)), bill(13, voids=message_id(3)), bill(14, reverses=message_id(4))]
    assert outcomes(store, *ended) == [Outcome.ACCEPTED] * 3
    agreed(store)
    store.desk.release(DAY, TWO, now=NOON)
    assert store.desk.take_lines([line(store, place) for place in (0, 1)], actor="bank", now=NOON).mismatches == ()
    assert [one.state for one in store.instructions(DAY)] == [Payment.PAID] * 2
    assert [one.stage for one in store.windows()] == [Stage.SETTLED]
    assert {one.party: one.net_fen for one in store.positions(DAY)} == {FUND: -880, HOSPITAL: 880}
    assert store.audit(signatures=False).findings == ()


def test_what_a_suspended_node_sent_before_is_judged(store: Store) -> None:
    """It was received in its name and promised an answer; only what comes after is not its own any more."""
    (received,) = store.take_in([arrival(bill(1, 600))], NOON)
    store.desk.set_active(str(NODE.name), TWO, active=False, now=NOON)
    assert store.node_of("CN=hospital") is None
    store.post_waiting(NOON)
    assert [one.outcome for one in received.answers] == [Outcome.RECEIVED]
    assert [one.amount_fen for one in store.transactions()] == [600]
    assert store.audit(signatures=False).findings == ()
