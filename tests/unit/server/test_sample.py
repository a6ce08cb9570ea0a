"""The invented day of a clearing centre: something in every state, once, and never among real operators."""

from pathlib import Path

import pytest

from cardstack.errors import Refused
from cardstack.settlement.dispute import Stage
from cardstack.settlement.instruction import Payment
from cardstack.settlement.prefund import Level
from server import sample
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.store import open_store
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.consoles import enrol, fill
from tests.ledgers import NOON, node_trust


def means(store: Store) -> Means:
    return Means(Office(store.database.engine), store, NOON)


@pytest.mark.slow
def test_the_invented_day_has_something_in_every_state(tmp_path: Path) -> None:
    """Requests that wait, failed and were decided, disputes, a failed payment; asked again, nothing is added."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    fill(store, 3)
    assert sample.furnish(means(store))
    requests = Office(store.database.engine).requests.page(before=None, size=50, scope=None)
    assert {one.state.value for one in requests} == {"pending", "done", "refused", "failed"}
    assert {"prefund", "limit", "party-account", "node", "figures"} <= {one.kind for one in requests}
    assert {one.stage for one in store.desk.disputes()} >= {Stage.OPENED, Stage.ANSWERED, Stage.IN_ARBITRATION}
    assert {one.state for one in store.instructions()} >= {Payment.FAILED, Payment.RELEASED}
    assert store.audit().findings == ()
    assert not sample.furnish(means(store))
    assert len(Office(store.database.engine).requests.page(before=None, size=50, scope=None)) == len(requests)
    store.close()


def test_it_warns_of_what_is_used_up(tmp_path: Path) -> None:
    """On a ledger without prepayments, the first is red and the second yellow."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    fill_only(store)
    sample.furnish(means(store))
    (window,) = [one.id for one in store.windows() if one.cycle == "medical"]
    levels = [one.level for one in store.desk.prefunds(window)]
    assert {Level.RED, Level.YELLOW} <= set(levels)
    store.close()


def fill_only(store: Store) -> None:
    """Bills of two days, without what the console's tests add to them."""
    from itertools import groupby

    from tests.consoles import PROVINCES, bills, send

    enrol(store)
    signers = {code: node_trust(f"{code}.node") for code in PROVINCES}
    many = sorted(bills(2), key=lambda one: (one.sender.province, one.occurred_at))
    for code, group in groupby(many, key=lambda one: one.sender.province):
        _, signer, leaf = signers[code]
        send(store, list(group), code, signer, leaf)


def test_real_operators_are_left_alone(tmp_path: Path) -> None:
    """Where somebody else works on the ledger, nothing is added; an empty one takes what it can."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    office = Office(store.database.engine)
    office.people.save(Operator("somebody", "某人", (Grant(Role.CLERK, EVERYWHERE),)), NOON)
    with pytest.raises(Refused) as caught:
        sample.furnish(means(store))
    assert (caught.value.code, store.setting(sample.DONE)) == ("CS-9033", None)
    store.close()
    empty = open_store(f"sqlite:///{tmp_path}/empty.db")
    assert sample.furnish(means(empty))
    empty.close()
