"""Provinces extend the card only where the national text lets them."""

from dataclasses import dataclass, replace
from typing import Annotated

import pytest

from cardstack.card.access import FREE
from cardstack.card.extending import breaches
from cardstack.card.layout import File, Form, Item
from cardstack.card.profile import Application, Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.profiles.social import Issuer
from cardstack.codec import An
from cardstack.text import Text

SECOND = profile("2.00")
NAME = Text("local", "地方")


@dataclass(frozen=True, slots=True)
class MoreIssuer(Issuer):
    """EF05 with an item it must not have."""

    more: Annotated[str, Item(0xEE, An(2), NAME, "test")] = ""


@dataclass(frozen=True, slots=True)
class Local:
    """A file of one item."""

    only: Annotated[str, Item(0xEE, An(2), NAME, "test")] = ""


def with_files(application: str, *files: File) -> Profile:
    """Generation 2 with the files of one application replaced or added by identifier."""
    before = SECOND.application(application)
    kept = [one for one in before.files if one.fid not in {file.fid for file in files}]
    after = replace(before, files=(*kept, *files))
    return SECOND.variant("test", NAME, applications=SECOND.with_application(after))


LOCAL_DF = Application("DF0A", NAME, "test", fid=0xDF0A, parent="SSSE", files=(File(0xEF05, NAME, Local, "test"),))
LOG = SECOND.file("DF04", 0xEF08)


@pytest.mark.parametrize("one", [one for one in PROFILES.values() if one.based_on and one.has("SSSE")], ids=lambda one: one.name)
def test_every_declared_variant_keeps_to_the_rules(one: Profile) -> None:
    """Except the oldest Shanghai cards, which had no SSSE to extend."""
    assert breaches(PROFILES[one.based_on], one) == []


@pytest.mark.parametrize(
    ("extended", "kept"),
    [
        (with_files("DF01", File(0xEF0C, NAME, Local, "test", read=FREE)), True),
        (with_files("DF01", File(0xEF0B, NAME, Local, "test", read=FREE)), False),
        (with_files("SSSE", replace(SECOND.file("SSSE", 0xEF05), body=MoreIssuer)), False),
        (with_files("DF04", replace(LOG, records=60)), True),
        (with_files("DF04", replace(LOG, records=10)), False),
        (with_files("DF04", replace(LOG, form=Form.RECORDS)), False),
        (SECOND.variant("test", NAME, applications=SECOND.with_application(LOCAL_DF)), True),
        (SECOND.variant("test", NAME, applications=SECOND.with_application(replace(LOCAL_DF, name="DF09", fid=0xDF09))), False),
    ],
    ids=["EF0C", "EF0B", "SSSE item", "more records", "fewer records", "other form", "DF0A", "DF09"],
)
def test_an_extension_is_allowed_or_named(extended: Profile, *, kept: bool) -> None:
    """Each rule of V2.0 §6, from both sides."""
    assert (breaches(SECOND, extended) == []) == kept
