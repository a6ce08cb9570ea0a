"""Items by vendor address, read from and written to an emulated card."""

from datetime import date

import pytest

from cardstack.apdu.script import Script, ask, run
from cardstack.card import address, proving
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Factors
from cardstack.card.profile import Application
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.profiles.employment import EmploymentEntry
from cardstack.card.profiles.public import Degree, Education
from cardstack.card.reading import open_application
from cardstack.errors import CardstackError, Malformed
from emulator.factory import personalise
from emulator.slot import Slot
from tests.cards import ORDER, ordered

EDUCATION = Education("20", (Degree("203", "080901", "示例大学"), Degree("303", "081201", "示例学院"), Degree()))
JOB = EmploymentEntry("2021001", date(2010, 1, 2), date(2012, 3, 4), "示例公司")


def pin(application: Application) -> Script[None]:
    """The holder's PIN in every DF, as Jiangsu's library asks for it."""
    if application.name != "SSSE":
        yield from proving.verify_pin("123456")


def slot(name: str) -> Slot:
    contents = {("DF01", 0xEF15): EDUCATION, ("DF02", 0xEF07): (JOB,)}
    return Slot(personalise(ordered(name, contents)))


def test_issuer_and_holder_are_read_by_tag() -> None:
    """`MF` is the social security application, `$` ends a file."""
    said = run(address.read(profile("2.00"), "MFEF05|07|03|$SSSEEF06|09|$"), slot("2.00"))
    assert said == "D2143569X|2.00|$王小明|$"


def test_occurrences_and_logs_are_read_behind_the_pin() -> None:
    """The first and second item 40, and the newest job."""
    said = run(address.read(profile("2.00"), "DF01EF15|2A|40:02|$DF02EF07:01$", pin), slot("2.00"))
    assert said == "20|303,081201,示例学院|$2021001,20100102,20120304,示例公司|$"


def test_a_transparent_file_is_read_whole() -> None:
    """296 bytes of hexadecimal."""
    said = run(address.read(profile("2.00"), "DF01EF16$"), slot("2.00"))
    assert said == 2 * 296 * "0" + "|$"


def test_what_is_written_reads_back() -> None:
    """Update, append and binary commands made from an address and its data."""
    card, second = slot("2.00"), profile("2.00")
    keys, factors = proving.LocalKeys(master_for_tests), Factors(ORDER.city, ORDER.factors.card)

    def write(addresses: str, data: str, *names: str) -> Script[None]:
        updates = address.updates(second, addresses, data)
        yield from open_application(second, updates[0][0])
        for name in names:
            yield from proving.external_authenticate(second.key(updates[0][0], name), factors, keys)
        for _, command in updates:
            (yield from ask(command)).require()

    run(write("DF01EF15|40:03|$", "403,090101,示例三|$", "UK6DF01"), card)
    run(write("DF02EF07$", "2021002,20130101,20140101,示例二|$", "UK3DF02"), card)
    assert run(address.read(second, "DF01EF15|40:03|$", pin), card) == "403,090101,示例三|$"
    assert run(address.read(second, "DF02EF07:01$", pin), card).startswith("2021002,")


@pytest.mark.parametrize("text", ["", "$", "DF01", "DF01EF15|ZZ", "DF01EF15|40:09", "DF99EF05", "SSSEEF0F", "DF01EF15|" * 600])
def test_a_wrong_address_is_an_error_of_ours(text: str) -> None:
    """Whatever a page sends, nothing but a coded error comes out."""
    with pytest.raises(CardstackError):
        address.parse(profile("2.00"), text)


def test_data_that_does_not_match_is_malformed() -> None:
    """Two addresses want two texts, and a date wants eight digits."""
    with pytest.raises(Malformed, match="number of items"):
        address.updates(profile("2.00"), "SSSEEF05|05|06|$", "20260101|$")
    with pytest.raises(Malformed, match="eight digits"):
        address.updates(profile("2.00"), "SSSEEF05|05|$", "2026|$")


@pytest.mark.parametrize("name", [name for name in PROFILES if PROFILES[name].has("SSSE")])
def test_every_item_of_every_profile_has_an_address(name: str) -> None:
    """A whole file without tags is all its items."""
    one = profile(name)
    for application in one.applications:
        if application.name.startswith(("SSSE", "DF")):
            for file in application.files:
                prefix = f"{application.name}EF{file.fid & 0xFF:02X}"
                assert address.parse(one, prefix)[0][0].file == file
