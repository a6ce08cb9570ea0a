"""The page of clients and profiles, from the flows that the tests replay."""

from cardstack.card.profiles import PROFILES
from cardstack.conformance.clients import page
from cardstack.conformance.flows import recorded


def clients() -> str:
    """Every recorded client against every declared profile."""
    return page(recorded(), PROFILES)
