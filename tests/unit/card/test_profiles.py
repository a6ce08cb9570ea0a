"""What every declared profile owes to those who read it."""

import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from cardstack.card import profiles
from cardstack.card.layout import File, Form, Item, Nested, items
from cardstack.card.profile import Application
from cardstack.card.profiles import PROFILES, profile
from cardstack.errors import Refused
from cardstack.text import Text

DECLARED = {
    file: f"{one.name} {application.name} {file.fid:04X}"
    for one in reversed(list(PROFILES.values()))
    for application in one.applications
    for file in application.files
}
FILES = {name: file for file, name in DECLARED.items()}
APPLICATIONS = {f"{one.name} {application.name}": application for one in PROFILES.values() for application in one.applications}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_blank_file_survives_its_coding(file: File) -> None:
    """What stands on a card before anything is written reads back as itself."""
    assert file.decode(file.encode(file.blank())) == file.blank()


@pytest.mark.parametrize("application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_identifiers_are_given_once(application: Application) -> None:
    """No two files share a short identifier, no two keys of one usage an identifier."""
    assert len({file.sfi for file in application.files}) == len(application.files)
    assert len({(key.kid, key.usage) for key in application.keys}) == len(application.keys)


@pytest.mark.parametrize("application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_every_proof_that_a_file_asks_for_can_be_given(application: Application) -> None:
    """An access condition names PIN, a key of the application, or the state that UPDATE CAPP needs."""
    given = {"PIN", "CAPP", "MPIN"} | {key.name for key in application.keys}
    asked = {name for file in application.files for access in (file.read, file.update) for way in access.ways for name in way}
    assert asked <= given


def test_the_fci_of_the_social_application_has_the_thirty_bytes_clients_compare() -> None:
    """Shanghai's integrators compare the answer to SELECT with 611E."""
    assert len(profile("2.00").application("SSSE").fci()) == 0x1E


def test_the_records_of_a_journey_have_their_sizes() -> None:
    """128 bytes, 112 for parking, 30 for discounts; each begins with its identifier."""
    file = profile("2.00").file("T-UNION", 0x001A)
    assert file.form is Form.RECORDS
    sizes = {record[:2].hex(): len(record) for record in file.encode(file.blank())}
    assert (sizes["2701"], sizes["2702"], sizes["2707"], sizes["270d"]) == (128, 128, 112, 30)


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    """Whoever mistypes a name reads which there are."""
    with pytest.raises(Refused, match=r"2\.00"):
        profile("9.99")


def test_an_installed_package_may_offer_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point in the group names a Profile; it is known by its name and replaces none of ours."""
    mine = profile("2.00").variant("9.00-test", Text("offered", "外部提供"))
    thief = profile("2.00").variant("3.00", Text("a thief", "冒名"))
    offered = [EntryPoint(one.name, "tests", profiles.GROUP) for one in (mine, thief)]
    monkeypatch.setattr(EntryPoint, "load", lambda entry: mine if entry.name == mine.name else thief)
    monkeypatch.setattr(profiles, "entry_points", lambda group: offered if group == profiles.GROUP else [])
    profiles.outside.cache_clear()
    try:
        assert profile("9.00-test") is mine
        assert profile("3.00") is PROFILES["3.00"]
    finally:
        profiles.outside.cache_clear()


def every_item(body: type) -> Iterator[Item]:
    for item in items(body).values():
        yield item
        if isinstance(item.codec, Nested):
            yield from every_item(item.codec.body)


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_file_and_item_cites_and_speaks_both_languages(file: File) -> None:
    """A clause or a source, an English and a Chinese name."""
    cited = [(file.spec, file.name), *((item.spec, item.name) for item in every_item(file.body))]
    for spec, name in cited:
        assert spec
        assert name.en
        assert re.search(r"[\u4e00-\u9fff]", name.zh)


@pytest.mark.parametrize("application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_every_key_says_where_it_comes_from(application: Application) -> None:
    """No key without a source."""
    assert [key.name for key in application.keys if not key.source] == []
