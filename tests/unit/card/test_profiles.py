"""What every declared profile owes to those who read it."""

import pytest

from cardstack.card.layout import File, Form
from cardstack.card.profile import Application
from cardstack.card.profiles import PROFILES, profile
from cardstack.errors import Refused

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
