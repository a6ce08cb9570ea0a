"""Chains of records: both logs are such, and what was written by earlier versions still verifies."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from cardstack.ca import audit
from cardstack.crypto.chain import START, Place, first_break, sealed
from server.audit import canonical, digest


class Note(NamedTuple):
    """A record of the tests."""

    number: int
    previous: str
    text: str
    digest: str

    def computed(self) -> str:
        return sealed("sm3", [self.number, self.previous, self.text])


def notes(*texts: str) -> list[Note]:
    made: list[Note] = []
    for number, text in enumerate(texts, 1):
        previous = made[-1].digest if made else START.digest
        made.append(Note(number, previous, text, sealed("sm3", [number, previous, text])))
    return made


def test_a_chain_that_holds() -> None:
    """From its beginning, and from a place that was noted."""
    made = notes("a", "b", "c")
    assert first_break(made) is None
    assert first_break(made[1:], Place(1, made[0].digest)) is None
    assert first_break([]) is None


@pytest.mark.parametrize("place", range(3))
def test_what_was_changed_moved_or_dropped_is_named(place: int) -> None:
    """By the number of the first record that does not follow."""
    made = notes("a", "b", "c", "d")
    changed = [*made]
    changed[place] = made[place]._replace(text="x")
    assert first_break(changed) == place + 1
    assert first_break(made[:place] + made[place + 1 :]) == place + 2
    swapped = [*made]
    swapped[place], swapped[place + 1] = made[place + 1], made[place]
    assert first_break(swapped) == place + 2
    resealed = changed[place]._replace(digest=changed[place].computed())
    assert first_break([*made[:place], resealed, *made[place + 1 :]]) == place + 2


def test_what_was_stored_before_still_verifies() -> None:
    """A line of an authority's log and an event of the console's, with the digests that earlier versions wrote."""
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    line = audit.append(None, at=at, actor="测试", action="create", facts={"id": "31", "b": 1, "a": [1, "沪"]})
    assert line.hash == "1351c74d7b8d5849dc2c3085cd9dd4f4dcf25a170b7176d81d142e037db67a5c"
    assert (
        digest("0" * 64, 1, at, "li.na", "33", "sign-in", "x", canonical({"b": 1, "a": "浙"}))
        == "075a41db083239a375d70f4165e7fa7488e934bf5392758d857bb1657225dfd0"
    )
