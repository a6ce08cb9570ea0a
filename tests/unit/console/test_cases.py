"""The page of cases between provinces: states in words, terms, what is overdue; each province sees its own."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from cardstack.settlement.envelope import seal
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from tests.ledgers import ANY_SIGNER, NOON
from tests.unit.settlement.test_services import REQUEST

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def asked(store: Store) -> Store:
    """Two certifications: one of Shanghai in Zhejiang that has been waiting for two months, one of Jiangsu in Anhui."""
    for serial, (home, treating, days) in enumerate((("310000", "330100", 60), ("320000", "340100", 1)), 1):
        at = NOON - timedelta(days=days)
        told = Transaction(
            id=MessageId.of("S31010000001", at, serial),
            scheme="pension-certification",
            kind="request",
            sender=Party(f"{home[:2]}.office"),
            home=home,
            treating=treating,
            occurred_at=at,
            amount_fen=Fen(0),
            body={**REQUEST, "case": f"CASE00000{serial}"},
        )
        raw = seal(told, ANY_SIGNER, [b""], at)
        node = Node(Party(f"{home[:2]}.node"), relays=True)
        kept = Kept("envelope", digest(raw), raw, str(node.name), at)
        store.submit([Submission(kept, [prepare(told, digest(canonical(told)), node, SCHEMES)])], NOON)
    return store


def test_each_province_sees_its_own_cases(asked: Store, signed_in: SignIn) -> None:
    """In words, with what is overdue first; filters by service, case and term."""
    del asked
    every, own = signed_in("centre"), signed_in("maker")
    page = every.get("/console/cases/").get_data(as_text=True)
    assert page.index("CASE000001") < page.index("CASE000002")
    assert "待协查认证" in page
    assert "不得据此停发待遇" in page
    page = own.get("/console/cases/").get_data(as_text=True)
    assert "CASE000001" in page
    assert "CASE000002" not in page
    late = every.get("/console/cases/?overdue=yes").get_data(as_text=True)
    assert "CASE000001" in late
    assert "CASE000002" not in late
    assert "CASE000001" not in every.get("/console/cases/?service=pension-transfer").get_data(as_text=True)
