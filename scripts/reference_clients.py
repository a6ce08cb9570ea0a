"""The page of clients and profiles, from the flows that the tests replay."""

from pathlib import Path

from cardstack.card.profiles import PROFILES
from cardstack.conformance.clients import page
from cardstack.conformance.flows import load

FLOWS = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "flows.json"


def clients() -> str:
    """Every recorded client against every declared profile."""
    return page(load(FLOWS.read_text("utf-8")), PROFILES)
