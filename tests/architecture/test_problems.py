"""Every problem has a code, both languages and something to do; the generated reference is current."""

import re
from typing import TYPE_CHECKING

from cardstack.errors import catalogue
from scripts.reference import outdated
from scripts.reference_pages import load_everything

if TYPE_CHECKING:
    from cardstack.text import Text


def test_every_problem_is_said_in_both_languages() -> None:
    """A code of a room, a title and a remedy, each in English and in Chinese, with the same facts in both."""
    load_everything()
    for code, problem in catalogue().items():
        assert re.fullmatch(r"CS-\d{4}", code)
        for text in (problem.title, problem.remedy):
            assert said_in_both(text), code


def said_in_both(text: "Text") -> bool:
    return bool(text.en) and re.search(r"[\u4e00-\u9fff]", text.zh) is not None


def test_the_reference_says_what_the_declarations_say() -> None:
    """`python scripts/reference.py` writes what is missing here."""
    assert outdated() == []
