"""The guide to the emulator says what is so, in both languages."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_guide_runs(language: str) -> None:
    """Its code blocks, one after another."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / language / "emulator.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, f"docs/{language}/emulator.md", "exec"), names)
