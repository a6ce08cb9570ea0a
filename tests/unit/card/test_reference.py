"""The reference says what the card does, and the card does what the reference says."""

import pydoc
import re

import pytest

from cardstack.apdu.status import MEANINGS
from cardstack.card import lifecycle, reference
from cardstack.card.profiles.command_set import COMMANDS
from cardstack.card.profiles.definitions import DEFINITIONS
from emulator.instruction import declared

PAGES = ("index", "profiles", "applications", "files", "access", "keys", "commands", "cryptograms", "states", "codes")


def test_every_command_the_card_answers_has_its_row() -> None:
    """No handler without a row: whoever reads the command set sees all of it."""
    told = {one.ins for one in COMMANDS}
    assert {f"{ins:02X}" for _, ins in declared() if ins not in told} == set()


def test_every_status_word_of_a_row_has_a_meaning() -> None:
    """63Cx counts tries and has its own words."""
    assert {f"{sw:04X}" for one in COMMANDS for sw in one.words if sw >> 4 != 0x63C and sw not in MEANINGS} == set()


def test_every_state_and_event_has_words() -> None:
    """Both languages, for every box and arrow."""
    used = {str(name) for _, machine in lifecycle.MACHINES.values() for (a, b), c in machine.moves.items() for name in (a, b, c)}
    assert used == set(lifecycle.NAMES)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_speaks_both_languages(name: str) -> None:
    """Chinese and English on each page, and no cell that breaks its table."""
    page: str = getattr(reference, name)()
    assert re.search(r"[\u4e00-\u9fff]", page)
    assert re.search(r"[A-Za-z]{4}", page)
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_every_definition_names_code_that_exists() -> None:
    """A rule that a standard replaces is found where the page says."""
    assert [one.where for one in DEFINITIONS if pydoc.locate(f"cardstack.{one.where}") is None] == []
