"""The code in the guide to declaring cards runs, and both languages show the same."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def code(language: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / language / "declaring-cards.md").read_text("utf-8"), re.DOTALL)


def test_the_example_runs() -> None:
    """A local file is declared, personalised and read back; its assertions hold."""
    namespace: dict[str, object] = {"__name__": "guide"}
    (block,) = code("en")
    exec(compile(block, "declaring-cards.md", "exec"), namespace)  # our own document
    assert "card" in namespace


def test_both_languages_show_the_same_code() -> None:
    """A change to one is a change to the other."""
    assert code("zh") == code("en")
