"""A state is shown in words, in both languages, never as the program's own name for it."""

from enum import StrEnum

import pytest

from cardstack.ca.register import State as Certificate
from cardstack.settlement.dispute import Stage as Dispute
from cardstack.settlement.instruction import Payment
from cardstack.settlement.ledger import State as Entry
from cardstack.settlement.prefund import Level
from cardstack.settlement.window import Stage
from server.approvals import State as Request
from server.console.states import state_of

SHOWN: tuple[tuple[type[StrEnum], str], ...] = (
    (Request, "state"),
    (Stage, "stage"),
    (Entry, "entry"),
    (Payment, "state"),
    (Dispute, "dispute"),
    (Level, "level"),
    (Certificate, "certificate"),
)


@pytest.mark.parametrize(("states", "of"), SHOWN, ids=lambda one: one if isinstance(one, str) else one.__module__)
def test_every_state_has_its_word(states: type[StrEnum], of: str) -> None:
    """A register once showed `suspended` to Chinese readers."""
    assert [one for one in states if state_of(one, of)[1].zh == one.value] == []
