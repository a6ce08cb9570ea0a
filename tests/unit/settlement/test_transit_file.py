"""Lines of a T+1 file that single messages judge alike: names of lines, earlier legs, days without figures."""

import pytest

from cardstack.errors import Malformed
from cardstack.settlement.bulk.transit_file import batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, WITH_EXPIRY, line_of
from cardstack.settlement.schemes.transit import TRANSIT
from cardstack.settlement.transaction import Party
from tests.unit.settlement.taps import a_ride, a_tap

SENDER = Party("33.transit-operator")
LINE = sum(column.width for column in LAYOUT.columns[: [column.name for column in LAYOUT.columns].index("line")])


def a_line(**facts: object) -> bytes:
    """The line of one journey."""
    tap = a_tap(**facts)
    return line_of(tap, a_ride(tap).id, "310000", "330100")


def faults(body: bytes) -> list[tuple[int, str]]:
    """What is wrong with the lines of a file."""
    return [(one.line, one.code) for batch in batches(body, TRANSIT, SENDER) for one in batch.faults]


def test_a_name_of_a_line_is_no_longer_than_a_message_takes() -> None:
    """Sixteen characters, whatever they take in bytes."""
    longest, longer = bytearray(a_line(line="L" * 16)), bytearray(a_line(counter=8))
    longer[LINE : LINE + 17] = b"L" * 17
    assert faults(bytes(longest + longer)) == [(2, "tap-malformed")]


def test_the_journey_before_may_be_of_any_service() -> None:
    """Services are hexadecimal: an intercity bus (0A) before a bus."""
    assert faults(a_line(previous={"moment": "20261012080000", "industry": "0A"})) == []


def test_half_a_leg_is_no_leg() -> None:
    """A journey before without its service is malformed, whatever a line of the same shape came to."""
    place = LINE + 24 + 14
    whole = a_line(city="3610", previous={"moment": "20261012080000", "industry": "01"})
    half = bytearray(a_line(counter=8, city="3610", previous={"moment": "20261012080000", "industry": "01"}))
    half[place : place + 2] = b"  "
    none = a_line(counter=9, city="3610")
    assert faults(none + bytes(half) + whole) == [(2, "tap-malformed")]


def test_a_day_without_figures_is_a_fault_of_its_line() -> None:
    """One line of 2024 does not keep the others out."""
    assert faults(a_line() + a_line(moment="20241231083000", amount_fen=182)) == [(2, "no-figure")]


def test_a_line_of_another_length_is_its_own_fault() -> None:
    """Cut, too long, or cut off at the end of the file: the lines around are taken, and each keeps its number."""
    lines = [a_line(counter=n) for n in range(1, 7)]
    broken = [lines[0], lines[1][:40] + b"\n", lines[2], lines[3][:-1] + b"\r\n", lines[4], lines[5][:-1]]
    found = list(batches(b"".join(broken), TRANSIT, SENDER, chunk=2))
    assert [line for batch in found for line in batch.columns.lines] == [1, 3, 5]
    assert faults(b"".join(broken)) == [(2, "line-malformed"), (4, "line-malformed"), (6, "line-malformed")]
    assert found[0].faults[0].id == lines[1][:30].decode()


def test_the_end_of_validity_has_a_layout_of_its_own() -> None:
    """transit-2 tells it; transit-1 does not leave it out in silence; what is no day of this century is malformed."""
    tap = a_tap(expires="20261011")
    identity = a_ride(tap).id
    with pytest.raises(Malformed, match="transit-2"):
        line_of(tap, identity, "310000", "330100")
    line = line_of(tap, identity, "310000", "330100", layout=WITH_EXPIRY)
    spoilt = line.replace(b"20261011", b"19991011")

    def codes(body: bytes) -> list[str]:
        return [one.code for batch in batches(body, TRANSIT, SENDER, layout=WITH_EXPIRY) for one in batch.faults]

    good = line_of(a_tap(expires="20261012"), identity, "310000", "330100", layout=WITH_EXPIRY)
    assert [codes(line), codes(spoilt), codes(good)] == [["card-expired"], ["tap-malformed"], []]


def test_lines_find_their_places_whatever_pieces_they_come_in() -> None:
    """Where the pieces are cut changes nothing, not even in a line that is far too long or the last that does not end."""
    lines = [line_of(a_tap(counter=n), a_ride(a_tap(counter=n)).id, "310000", "330100") for n in range(9)]
    lines[1] = lines[1][:-1] + b"?"
    lines[3] = lines[3][:40] + b"\n"
    lines[5] = lines[5][:-1] + b"x" * 3 * LAYOUT.size + b"\n"
    body = b"".join(lines)[:-1]
    whole = b"".join(LAYOUT.pieces(body))
    assert len(whole) == 9 * LAYOUT.size
    for size in (1, 7, LAYOUT.size, 3 * LAYOUT.size + 1):
        parts = (body[n : n + size] for n in range(0, len(body), size))
        assert [*LAYOUT.pieces(parts, 2)] == [whole[n : n + 2 * LAYOUT.size] for n in range(0, len(whole), 2 * LAYOUT.size)]
