"""A transaction that exists is good, and says what it is about."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from cardstack.errors import Malformed, Refused
from cardstack.settlement.scheme import Figure, at, load
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Posting, Transaction
from cardstack.values import Fen

MOMENT = datetime(2026, 11, 22, 0, 30, tzinfo=SHANGHAI)
BILL = Transaction(
    id=MessageId("H33010600001202611220030000001"),
    scheme="outpatient",
    kind="settle",
    sender=Party("33.hospital.h33010600001"),
    home="310000",
    treating="330100",
    occurred_at=MOMENT,
    amount_fen=Fen(12345),
)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "short"},
        {"id": "H33010600001202613220030000001"},
        {"scheme": "Outpatient"},
        {"kind": ""},
        {"sender": "hospital"},
        {"home": "3100"},
        {"treating": "３３"},
        {"occurred_at": datetime(2026, 11, 22)},  # noqa: DTZ001  # a naive moment is what must be refused
        {"occurred_at": MOMENT.replace(microsecond=1)},
        {"amount_fen": -1},
        {"amount_fen": 2**53},
        {"body": {"ratio": 0.85}},
        {"body": {"姓名": "x"}},
        {"body": {"note": "\ud800"}},
        {"evidence": {"serial": 2**53}},
        {"reverses": BILL.id, "voids": BILL.id},
        {"reverses": BILL.id, "pending_until": MOMENT},
    ],
)
def test_a_bad_field_makes_no_transaction(change: dict[str, Any]) -> None:
    """Each field is checked where the transaction is made."""
    with pytest.raises(Malformed):
        replace(BILL, **change)


def test_deep_nesting_is_refused_before_it_exhausts_the_stack() -> None:
    """A peer cannot nest its way into a stack overflow."""
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(Malformed):
        replace(BILL, body=deep)


def test_the_day_is_the_legal_day() -> None:
    """Half past midnight in Shanghai is the new day, whatever UTC says."""
    assert BILL.day == date(2026, 11, 22)
    assert (BILL.home_province, BILL.treating_province) == ("31", "33")


def test_a_message_says_which_earlier_one_it_is_about() -> None:
    """One of reverses, posts and voids is what a message refers to."""
    assert BILL.refers is None
    assert replace(BILL, voids=BILL.id).refers == BILL.id


def test_an_opposite_posting_swaps_the_parties() -> None:
    """Taking a posting back twice gives it again, and a posting of nothing does not exist."""
    posting = Posting(Party("31.medical-fund"), Party("33.hospital-fund"), Fen(650), "basic-pool", "pool")
    assert posting.opposite().debtor == posting.creditor
    assert posting.opposite().opposite() == posting
    with pytest.raises(Refused):
        replace(posting, amount_fen=Fen(0))


def test_the_figure_in_force_is_the_latest_that_has_begun() -> None:
    """A later figure replaces an earlier from its first day on; an ended one is gone; before all of them there is none."""
    text = """
    [[cap]]
    since = 2025-01-01
    reference = "invented"
    [[cap]]
    since = 2026-01-01
    until = 2026-12-31
    reference = "invented too"
    """
    figures = load(text, "cap", Figure)
    assert at(figures, date(2025, 12, 31)).reference == "invented"
    assert at(figures, date(2026, 1, 1)).reference == "invented too"
    assert at(figures, date(2027, 1, 1)).reference == "invented"
    with pytest.raises(Refused) as caught:
        at(figures, date(2024, 12, 31))
    assert caught.value.code == "CS-3001"


@pytest.mark.parametrize("text", ["[[cap]", "", '[[cap]]\nsince = "soon"\nreference = "x"', "[[cap]]\nsinse = 2025-01-01"])
def test_a_bad_table_of_figures_names_the_place(text: str) -> None:
    """What is misspelt in a table of figures is found when it is loaded."""
    with pytest.raises(Malformed, match="cap"):
        load(text, "cap", Figure)
