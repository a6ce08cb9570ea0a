"""Cards in image files: what was committed is there, what was cut off never was."""

from pathlib import Path

import pytest

from cardstack.card.profiles import PROFILES
from cardstack.errors import Malformed, Refused
from emulator import store
from emulator.samples import sample, sample_psam
from emulator.slot import Slot
from tests.cards import SSSE, card, say

SAVED = sorted((Path(__file__).resolve().parents[2] / "vectors" / "saved").glob("*.card"))
PIN = "0020000003123456"


@pytest.mark.parametrize("name", PROFILES)
def test_a_card_comes_back_as_it_was(name: str) -> None:
    """Every profile: memory, ATR and kind survive the file."""
    one = sample(PROFILES[name])
    back = store.restored(store.image(one))
    assert (back.memory, back.atr, back.blueprint.profile) == (one.memory, one.atr, name)


def test_a_psam_comes_back_as_it_was() -> None:
    """Keys and terminal sequence."""
    one = sample_psam([PROFILES["2.00"]])
    assert store.restored(store.image(one)).memory == one.memory


def test_what_a_command_commits_is_on_disk_before_its_answer(tmp_path: Path) -> None:
    """A second opening finds the tries that the first one spent."""
    path = tmp_path / "wang.card"
    store.save(card(), path)
    slot = store.KeptSlot(path)
    assert say(slot, SSSE, "0020000003111111") == "63C5"
    assert say(Slot(store.load(path)), SSSE, "00200000") == "63C5"
    again = store.KeptSlot(path)
    assert say(again, SSSE, PIN) == "9000"
    assert say(Slot(store.load(path)), SSSE, "00200000") == "63C6"


def test_a_file_cut_off_in_its_last_line_is_the_card_before(tmp_path: Path) -> None:
    """Every length between the two commits opens, as the older or the newer."""
    path = tmp_path / "wang.card"
    store.save(card(), path)
    slot = store.KeptSlot(path)
    say(slot, SSSE, "0020000003111111")
    raw = path.read_bytes()
    tries = [store.restored(raw[:end]).memory["SSSE/PIN/tries"] for end in range(raw.index(b"\n") + 1, len(raw) + 1)]
    assert tries[0] == 6
    assert tries[-1] == 5
    assert sorted(set(tries)) == [5, 6]


def test_an_image_holds_keys_and_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read it."""
    path = tmp_path / "wang.card"
    store.save(card(), path)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'{"cardstack-card": 1, "profile": "2.00", "factor": "zz"}',
        b'{"cardstack-card": 1, "profile": "2.00", "factor": "00"}',
    ],
)
def test_a_damaged_image_says_where(raw: bytes) -> None:
    """No exception but ours."""
    with pytest.raises(Malformed):
        store.restored(raw)


def test_an_image_of_a_newer_release_is_refused() -> None:
    """So is one of a profile that nobody declared."""
    with pytest.raises(Refused, match="newer"):
        store.restored(b'{"cardstack-card": 99}')
    with pytest.raises(Refused, match=r"x\.y"):
        store.restored(b'{"cardstack-card": 1, "profile": "x.y"}')


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_cards_saved_by_every_release_still_load(path: Path) -> None:
    """The images that releases left behind open with what was committed last: five tries of six are left."""
    one = store.load(path)
    tries = [value for cell, value in one.memory.items() if cell.endswith("/PIN/tries")]
    assert (min(tries) == 5) if tries else one.blueprint.terminal
    assert Slot(one)(bytes.fromhex("00A4000000"))[-2:] in (b"\x90\x00", b"\x61\x09")
