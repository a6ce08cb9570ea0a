"""Worked medical examples, each with its source, reproduced to the fen."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cardstack.settlement.medical.policy import Policy
from cardstack.settlement.medical.split import split
from cardstack.settlement.schemes import medical
from tests.unit.settlement.claims import a_claim

FOLDER = Path(__file__).parents[2] / "vectors" / "medical"
CASES = [case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text("utf-8"))["cases"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_example_is_reproduced_to_the_fen(case: dict[str, Any]) -> None:
    """The bill is one item wholly in scope, so that policy alone decides; every expected field is as written."""
    facts = {"care": "inpatient", "before": {}, **case["claim"]}
    claim = a_claim(("0101", case["in_scope_fen"]), **facts)
    own = msgspec.convert(case["policy"], Policy) if "policy" in case else None
    policies = (own,) if own else medical.policies()
    info = split(claim, policies, medical.catalogue("33"), date(2026, 10, 12)).info
    assert {name: getattr(info, name) for name in case["expected"]} == case["expected"]


def test_every_example_says_where_it_is_from() -> None:
    """Source, who made it, how it was checked, and what kind of figure it rests on."""
    kinds = {"published-record", "figures-reported", "figures-third-party"}
    for case in CASES:
        assert case["source"]
        assert case["made_by"]
        assert case["checked_by"]
        assert kinds & set(case["flags"])
