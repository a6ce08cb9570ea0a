"""Card lists as files that operators pull: an update survives its file, and half a list is no list."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import Malformed
from cardstack.settlement.bulk.list_file import LAYOUT, body_of, name_of, read
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.transit.lists import Kind, Update

CARDS = st.one_of(st.integers(0, 10**20 - 1).map("{:020d}".format), st.integers(1_000, 10**18).map("{}*".format))
KEYS = st.frozensets(CARDS.map(lambda card: f"02002900FFFFFFFF.{card}"), max_size=4)


@settings(max_examples=30)
@given(st.sampled_from(Kind), st.integers(2, 9_999), KEYS, KEYS, st.booleans())
def test_an_update_survives_its_file(kind: Kind, version: int, add: frozenset[str], remove: frozenset[str], full: bool) -> None:
    """Full or delta, cards and ranges."""
    since = datetime(2026, 10, 12, 6, 30, tzinfo=SHANGHAI)
    taken = frozenset() if full else remove - add
    update = Update(kind, version, since, add, taken, None if full else version - 1)
    assert read(name_of(update), body_of(update)) == update


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("black-1", b""),
        ("black-0-full-20261012000000", b""),
        ("black-2-1-20261312000000", b""),
        ("black-2-1-20261012000000", b"+x\n"),
        ("black-2-1-20261012000000", b"+02002900FFFFFFFF" + b"031*".ljust(20) + b"\n"),
        ("black-2-1-20261012000000", b"*02002900FFFFFFFF" + b"0310*".ljust(20) + b"\n"),
    ],
)
def test_half_a_list_is_no_list(name: str, body: bytes) -> None:
    """Name, form and every card are checked."""
    with pytest.raises(Malformed):
        read(name, body)


def test_a_list_of_too_many_cards_is_refused_before_it_is_read_to_its_end() -> None:
    """Its data may have a gigabyte; the message says what to do."""
    line = b"+02002900FFFFFFFF" + b"0310*".ljust(20) + b"\n"
    looked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal looked
        for _ in range(100):
            looked += 1
            yield line * 10_000

    with pytest.raises(Malformed, match="at most 500000 cards") as caught:
        read("black-2-1-20261012000000", pieces())
    assert "至多 500000 张卡" in caught.value.say("zh")
    assert looked < 60


@given(st.binary(max_size=3 * LAYOUT.size))
def test_any_bytes_are_an_update_or_malformed(body: bytes) -> None:
    """Nothing else escapes, and no bytes but the empty list are taken by chance."""
    with suppress(Malformed):
        assert body_of(read("grey-2-1-20261012000000", body)) == body
