"""Images damaged in any way: ours is the only error, and a good head survives a bad tail."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.errors import CardstackError, Malformed
from emulator import store
from tests.cards import card

IMAGE = store.image(card())


@given(st.integers(0, len(IMAGE) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_snapshot_is_told_or_read(place: int, junk: bytes) -> None:
    """Bytes changed anywhere in the first line."""
    with suppress(CardstackError):
        store.restored(IMAGE[:place] + junk + IMAGE[place + len(junk) :])


def test_a_snapshot_nested_without_end_is_no_snapshot() -> None:
    """Nor is a flood of brackets a way to end the program."""
    with pytest.raises(Malformed):
        store.restored(b"[" * 200_000)


@given(st.binary(max_size=200))
def test_a_damaged_journal_changes_nothing(tail: bytes) -> None:
    """Whatever stands behind the snapshot and is no whole line."""
    assert store.restored(IMAGE + tail).memory == card().memory
