"""Proposed figures: read, held against their declaration, told against the row in force; added rows are settled by."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from cardstack.errors import CardstackError, Refused
from cardstack.settlement import figures
from cardstack.settlement.amending import Amendment, amend, amendments, flat, key_of, plain, rows, written
from cardstack.settlement.proposing import TABLES, propose
from cardstack.settlement.scheme import shaped
from cardstack.settlement.schemes import medical, small_value, transit
from tests.unit.settlement.claims import a_claim

TODAY = date(2026, 11, 22)
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture(autouse=True)
def as_shipped() -> Iterator[None]:
    yield
    amend(())


def row_of(name: str, table: str, number: int = -1, /, **changes: object) -> str:
    """A row that ships, begun on New Year's Day, as TOML."""
    shipped = tomllib.loads(figures.text(name))[table][number]
    return written(table, {**shipped, "since": NEW_YEAR, **changes})


def newest() -> list[tuple[str, str, int]]:
    """The place of the newest row of each key of each table of each text."""
    found: dict[tuple[str, str, str], tuple[date, int]] = {}
    for name in figures.every():
        for table, many in tomllib.loads(figures.text(name)).items():
            for place, row in enumerate(many):
                key = name, table, key_of(table, row)
                found[key] = max(found.get(key, (date.min, 0)), (row["since"], place))
    return [(name, table, place) for (name, table, _), (_, place) in found.items()]


EVERY = newest()


def test_every_shipped_row_can_be_written_and_read_again() -> None:
    """As TOML, from which an operator begins a new one; a table that may be added to has its shape."""
    for name, table, place in EVERY:
        row = tomllib.loads(figures.text(name))[table][place]
        assert plain(tomllib.loads(written(table, row))[table][0]) == plain(row)
        assert len(shaped([plain(row)], table, TABLES[table].shape)) == 1


@pytest.mark.parametrize(("name", "table", "place"), EVERY)
def test_every_shipped_row_could_be_proposed_again(name: str, table: str, place: int) -> None:
    """Begun later and otherwise the same, it changes its dates and nothing else; no example is another than before."""
    changes = {"until": date(2027, 12, 31)} if table == "notice" else {}
    found = propose(name, table, row_of(name, table, place, **changes), TODAY)
    assert {one.path for one in found.differences} <= {
        "since",
        "until",
        *(flat(found.amendment.row) if found.before is None else ()),
    }
    assert [one.before for one in found.examples] == [one.after for one in found.examples]


def test_what_a_new_row_changes_is_said_before_it_is_kept() -> None:
    """By path, with typical cases before and after; nothing is settled by it yet."""
    found = propose("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm=2000), TODAY)
    assert [(one.path, one.before, one.after) for one in found.differences] == [
        ("since", "2025-01-01", "2027-01-01"),
        ("rate_ppm", 4000, 2000),
    ]
    assert [(one.before.en, one.after.en) for one in found.examples if one.before and one.after][1] == (
        "issuer 2000 fen, centre 2000 fen",
        "issuer 1000 fen, centre 1000 fen",
    )
    assert transit.fee_of("33", "02", NEW_YEAR).rate_ppm == 4000


@pytest.mark.parametrize(
    ("name", "table", "text", "field"),
    [
        ("transit/fees", "policy", "", "table"),
        ("transit/none", "fee", "", "table"),
        ("transit/fees", "nonsense", "", "table"),
        ("transit/fees", "fee", "[[fee]", "row"),
        ("transit/fees", "fee", "[[fee]]\n[[fee]]", "row"),
        ("transit/fees", "fee", "x = " + "[" * 5000, "row"),
        ("transit/fees", "fee", "#" * 70_000, "row"),
        ("transit/fees", "fee", "[[limits]]", "row"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm=1_000_001), "rate_ppm"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, issuer_permille=-1), "issuer_permille"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, extra=1), "fee[0]"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm="x"), "rate_ppm"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, reference=" "), "reference"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, until=date(2026, 12, 31)), "until"),
        ("transit/fees", "fee", row_of("transit/fees", "fee", 1, since=TODAY), "since"),
        ("transit/fees", "fee", "[[fee]]\nrate_ppm = 1.5", "row"),
        ("medical/33", "policy", row_of("medical/33", "policy", care=["spa"]), "care"),
        ("medical/33", "policy", row_of("medical/33", "policy", place="33"), "place"),
        ("medical/33", "policy", row_of("medical/33", "policy", year_starts=13), "year_starts"),
        (
            "medical/33",
            "policy",
            row_of("medical/33", "policy", layers=[{"fund": "x", "rows": [{"bands": [{"permille": 1}]}]}]),
            "layers",
        ),
        (
            "medical/33",
            "policy",
            row_of(
                "medical/33", "policy", layers=[{"fund": "hifp_pay", "rows": [{"bands": [{"permille": 1}, {"permille": 2}]}]}]
            ),
            "layers",
        ),
        ("catalogue/33", "item", row_of("catalogue/33", "item", grade="Z"), "grade"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field(name: str, table: str, text: str, field: str) -> None:
    """Whatever was typed, the error has a code and names the field; nothing else escapes."""
    with pytest.raises(CardstackError) as caught:
        propose(name, table, text, TODAY)
    assert (caught.value.code, caught.value.facts["field"]) == ("CS-3131" if field == "since" else "CS-3130", field)


def test_an_added_row_is_settled_by_from_its_day_on() -> None:
    """Fees, small payments and benefits change on the day and not before; taken away, everything is as shipped."""
    fee = propose("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm=2000), TODAY).amendment
    amend([fee])
    assert [transit.fee_of("33", "02", day).rate_ppm for day in (NEW_YEAR - timedelta(days=1), NEW_YEAR)] == [4000, 2000]
    assert amendments() == (fee,)
    amend(())
    assert transit.fee_of("33", "02", NEW_YEAR).rate_ppm == 4000


def test_a_narrower_row_of_tomorrow_hides_nothing_today() -> None:
    """A province's first own fee, a trade's first own rate and a city's first own policy: until then the wider one holds."""
    own_fee = plain(tomllib.loads(row_of("transit/fees", "fee", 0, province="31", rate_ppm=1))["fee"][0])
    own_rate = plain(tomllib.loads(row_of("small_value", "rate", 0, trade=["0001"], rate_ppm=1))["rate"][0])
    own_policy = plain(tomllib.loads(row_of("medical/31", "policy", 0, place="310101"))["policy"][0])
    before = transit.fee_of("31", "02", TODAY), small_value.rate_of("0001", TODAY)
    claim = a_claim(("0101", 100_000), insured_place="310101", treating_place="330100")
    was = medical.compute(claim, TODAY).info
    amend(
        [
            Amendment("transit/fees", "fee", own_fee),
            Amendment("small_value", "rate", own_rate),
            Amendment("medical/31", "policy", own_policy),
        ]
    )
    assert (transit.fee_of("31", "02", TODAY), small_value.rate_of("0001", TODAY)) == before
    assert medical.compute(claim, TODAY).info == was
    assert transit.fee_of("31", "02", NEW_YEAR).rate_ppm == small_value.rate_of("0001", NEW_YEAR).rate_ppm == 1


def test_a_later_amendment_of_the_same_row_and_day_takes_its_place() -> None:
    """So what was added wrongly is put right before its day comes; both stay on record where they are kept."""
    wrong, right = (
        propose("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm=ppm), TODAY).amendment for ppm in (9000, 3500)
    )
    amend([wrong, right])
    assert transit.fee_of("33", "02", NEW_YEAR).rate_ppm == 3500
    found = propose("transit/fees", "fee", row_of("transit/fees", "fee", 1, rate_ppm=3000), TODAY)
    assert found.before is not None
    assert found.before["rate_ppm"] == 3500


def test_a_year_of_working_days_is_loaded_as_data() -> None:
    """Deadlines past the last notice are counted once the next one is there."""
    from cardstack.settlement.calendar import known

    with pytest.raises(Refused):
        known().is_working(NEW_YEAR)
    notice = '[[notice]]\nsince = 2027-01-01\nuntil = 2027-12-31\nreference = "invented"\noff = [[2027-01-01, 2027-01-03]]'
    amend([propose("calendar", "notice", notice, TODAY).amendment])
    assert not known().is_working(NEW_YEAR)
    assert known().after(date(2026, 12, 31), 1) == date(2027, 1, 4)


def test_a_row_is_known_by_its_key() -> None:
    """The same key in the same table is the same row at another time."""
    fees = rows("transit/fees", "fee")
    assert [key_of("fee", row) for row in fees] == ["00 01+02", "33 02"]
    assert key_of("terms", {"since": "2026-01-01"}) == ""
