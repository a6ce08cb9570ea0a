"""What an installation may set, and where it is said."""

from pathlib import Path

import pytest

from server.config import Config

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("guide", ["en/running.md", "zh/running.md"])
def test_every_setting_is_in_the_guides(guide: str) -> None:
    """By the name of its variable, and no other is."""
    text = (DOCS / guide).read_text("utf-8")
    named = {word for line in text.splitlines() if line.startswith("| `") for word in line.split("|")[1].split("`")[1::2]}
    assert named == {f"CARDSTACK_{name.upper()}" for name in Config.model_fields}
