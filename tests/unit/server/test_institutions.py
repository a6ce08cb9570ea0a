"""Under whose message ids a node sends: declared when it is registered, kept, and held to."""

from dataclasses import replace

import pytest

from cardstack.errors import Malformed
from cardstack.settlement.answer import Outcome
from cardstack.settlement.node import OWN
from cardstack.settlement.transaction import MessageId
from server.store.store import Store
from tests.ledgers import NODE, NOON, arrival, bill, submission


def test_a_node_sends_under_its_own_institutions_ids(store: Store) -> None:
    """Where it declared some: another's id is not its own, whatever the sender; where it declared none, as before."""
    own = NODE._replace(institutions=("H33010600001", "P3301"))
    other = replace(bill(2), id=MessageId.of("H33010600002", NOON, 1))
    pharmacy = replace(bill(3), id=MessageId.of("P33010600009", NOON, 1))
    (answers,) = store.submit([submission(bill(1), other, pharmacy, node=own)], NOON)
    assert [one.outcome for one in answers] == [Outcome.ACCEPTED, Outcome.NOT_YOURS, Outcome.ACCEPTED]
    received = store.take_in([arrival(bill(4), replace(other, id=MessageId.of("H33010600002", NOON, 2)), node=own)], NOON)
    assert [one.outcome for one in received[0].answers] == [Outcome.RECEIVED, Outcome.NOT_YOURS]
    (answers,) = store.submit([submission(other)], NOON)
    assert [one.outcome for one in answers] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("institution", OWN)
def test_nobody_sends_under_the_centres_own_ids(store: Store, institution: str) -> None:
    """Corrections, lapses and decisions are numbered by the centre; a node that declared no institutions may use any others."""
    taken = replace(bill(2), id=MessageId.of(institution, NOON, 1))
    (answers,) = store.submit([submission(bill(1), taken)], NOON)
    assert [one.outcome for one in answers] == [Outcome.ACCEPTED, Outcome.NOT_YOURS]
    all_of_them = NODE._replace(institutions=("H33", institution[:1]))
    assert [one.outcome for (one,) in store.submit([submission(taken, node=all_of_them)], NOON)] == [Outcome.NOT_YOURS]
    (received,) = store.take_in([arrival(bill(3), taken)], NOON)
    assert [one.outcome for one in received.answers] == [Outcome.RECEIVED, Outcome.NOT_YOURS]


def test_a_nodes_institutions_are_kept(store: Store) -> None:
    """Declared when it is registered, and changed when it is registered anew; what is no code is refused."""
    (node,) = store.nodes()
    assert node.institutions == ()
    store.register_node(replace(node, institutions=("H33010600001", "P3301")))
    assert store.nodes()[0].institutions == ("H33010600001", "P3301")
    found = store.node_of(node.subject)
    assert found is not None
    assert found.institutions == ("H33010600001", "P3301")
    for wrong in ("", "h33", "H33010600001X", "H33 P33"):
        with pytest.raises(Malformed, match="institutions"):
            replace(node, institutions=(wrong,))
