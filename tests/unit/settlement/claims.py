"""Invented claims for tests of medical settlement."""

from datetime import date
from typing import Any

from cardstack.settlement.medical.claim import Claim, read_claim

DAY = date(2026, 10, 12)


def a_claim(*lines: tuple[str, int], **facts: Any) -> Claim:
    """A Shanghai employee's outpatient visit in Zhejiang, with (code, fen) lines, changed as asked."""
    given = {
        "person": "p-0001",
        "insurance": "employee",
        "category": "employed",
        "care": "outpatient",
        "insured_place": "310000",
        "treating_place": "330100",
        "hospital": "H33010600001",
        "level": "3",
        "registration": "waived",
        "age": 45,
        "lines": [{"code": code, "amount_fen": fen, "price_fen": fen} for code, fen in lines or (("0101", 100_000),)],
    }
    return read_claim({**given, **facts})
