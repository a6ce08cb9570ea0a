"""The audit chain finds every change."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.store.office import Office


@pytest.fixture
def written(office: Office, clock: Any) -> Office:
    for number in range(5):
        office.audit.append(clock(), "maker", "33", "adjustments.submit", subject=f"T{number}", detail={"n": number, "why": "因"})
    return office


def test_an_untouched_chain_holds(written: Office) -> None:
    """Every event follows from the one before it."""
    count, seal, broken = written.audit.verify()
    assert (count, broken) == (5, None)
    assert len(seal) == 64


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE office_audit SET actor = 'somebody' WHERE seq = 3", 3),
        ("UPDATE office_audit SET detail = '{}' WHERE seq = 1", 1),
        ("UPDATE office_audit SET at_ms = at_ms + 1 WHERE seq = 5", 5),
        ("DELETE FROM office_audit WHERE seq = 2", 3),
        ("UPDATE office_audit SET digest = previous WHERE seq = 4", 4),
    ],
)
def test_a_change_is_found(written: Office, change: str, found: int) -> None:
    """The database refuses it; where somebody took that away, the chain says where."""
    with written.engine.begin() as connection:
        with pytest.raises(IntegrityError, match="rows are only added"):
            connection.execute(text(change))
        connection.execute(text("DROP TRIGGER office_audit_no_update"))
        connection.execute(text("DROP TRIGGER office_audit_no_delete"))
        connection.execute(text(change))
    assert written.audit.verify()[2] == found


def test_a_province_sees_its_own_events(written: Office, clock: Any) -> None:
    """The log of another province is not there for it."""
    written.audit.append(clock(), "elsewhere", "31", "sign-in")
    assert {event.province for event in written.audit.page(before=None, size=50, scope=frozenset({"31"}))} == {"31"}
