"""Every problem has a code, both languages and something to do."""

import pkgutil
import re
from importlib import import_module

import cardstack
import emulator
import server
from cardstack.errors import catalogue

OPTIONAL = ("cardstack.readers.pcsc", "cardstack.cli.__main__")


def load_everything() -> None:
    for package in (cardstack, emulator, server):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in OPTIONAL and "migrations" not in module.name and not module.name.endswith("__main__"):
                import_module(module.name)


def test_every_problem_is_said_in_both_languages() -> None:
    """A code of a room, a title and a remedy, each in English and in Chinese."""
    load_everything()
    for code, problem in catalogue().items():
        assert re.fullmatch(r"CS-\d{4}", code)
        for text in (problem.title, problem.remedy):
            assert text.en, code
            assert re.search(r"[\u4e00-\u9fff]", text.zh), code
