"""Whatever a card says, as much as can be read of it is read, and every difference is named."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardstack.card.layout import File, Form
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.salvage import salvage
from tests.bodies import contents

FILES = {
    f"{application.name} {file.fid:04X}": file
    for name in ("1.00", "2.00", "3.00-jiangsu", "t-union", "etc")
    for application in PROFILES[name].applications
    for file in application.files
}
QUICK = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_what_keeps_to_its_declaration_is_read_whole(file: File) -> None:
    """Without deviations the content is the strict decoder's."""

    @QUICK
    @given(contents(file))
    def same(content: Any) -> None:
        found = salvage(file, file.encode(content))
        assert (found.content, found.deviations) == (content, ())

    same()


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_any_records_are_read_as_far_as_they_go(file: File) -> None:
    """No exception, whatever the bytes; and what cannot be encoded again was named."""

    @QUICK
    @given(st.lists(st.binary(max_size=60), max_size=9))
    def holds(records: list[bytes]) -> None:
        found = salvage(file, records)
        if not found.deviations and file.form is not Form.CYCLIC:
            assert len(b"".join(file.encode(found.content))) == len(b"".join(records))

    holds()


def test_one_bad_field_costs_only_itself() -> None:
    """A stray nibble in the organisation, a name of another length, and a record that is missing."""
    file = profile("2.00").file("SSSE", 0xEF05)
    records = list(file.encode(file.blank()))
    records[2] = bytes.fromhex("0304322E3030")
    records[3] = bytes.fromhex("040C" + "AC" * 12)
    records[6] = bytes.fromhex("07044142" + "4344")
    del records[1]
    found = salvage(file, records)
    assert (found.content.version, found.content.organisation, found.content.number) == ("2.00", "", "ABCD")
    assert [one.field for one in found.deviations] == ["Issuer.kind", "Issuer.organisation", "Issuer.number"]


def test_what_stands_beside_what_is_declared_is_named() -> None:
    """A record more than there are, and bytes behind a value: neither is in what can be read."""
    account = next(one for name, one in FILES.items() if name == "BANK 0003")
    (record,) = account.encode(account.blank())
    assert [one.what.en for one in salvage(account, [record, b"\0"]).deviations] == ["record 2 is not declared"]
    holder = profile("2.00").file("SSSE", 0xEF06)
    first, *others = holder.encode(holder.blank())
    assert "1 bytes behind the value" in salvage(holder, [first + b"\0", *others]).deviations[0].what.en
