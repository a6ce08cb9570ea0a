"""What BetterTLS asks, as lines of a batch: constraints in every combination, and paths around bad certificates."""

from typing import Any

import pytest

from tests.suites import bettertls
from tests.suites.kit import Row, Situation


def wrong(title: str, valid: bool, situation: Situation, asked: dict[str, Any]) -> str | None:
    """The case, if its verdict is not the expected one."""
    result = Row(title, valid, lambda: situation, asked).case().judged()
    return None if result["valid"] is valid and result["error"] is None else f"{title}: {result['rule']} {result['error']}"


def test_name_constraints() -> None:
    """Hosts and addresses, permitted and excluded, right and wrong, in every combination."""
    cases = [wrong(*case) for case in bettertls.constrained()]
    assert len(cases) == 7_290
    assert [found for found in cases if found] == []


@pytest.mark.parametrize("purpose", [None, "serverAuth"])
def test_path_building(purpose: str | None) -> None:
    """Every graph with every choice of bad edges (RFC 4158 figure 8: one or none), bad in every way."""
    asked = {"names": ["localhost"], "purpose": purpose}
    assert [found for case in bettertls.built() if (found := wrong(*case, asked))] == []
