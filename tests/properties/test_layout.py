"""Every declared file of every profile: what is written reads back, and any bytes are content or `Malformed`."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardstack.card.layout import File, Form
from cardstack.card.profiles import PROFILES
from cardstack.errors import Malformed
from tests.bodies import contents

BODIES = {
    file.body: (f"{one.name} {application.name} {file.fid:04X}", file)
    for one in PROFILES.values()
    for application in one.applications
    for file in application.files
}
FILES = dict(BODIES.values())
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_any_content_survives_the_card(file: File) -> None:
    """decode(encode(content)) is the content, for every content the declaration allows."""

    @QUICK
    @given(contents(file))
    def survives(content: Any) -> None:
        assert file.decode(file.encode(content)) == content

    survives()


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_record_has_the_declared_length(file: File) -> None:
    """Whatever the content, a record takes the room it was declared with."""
    rooms = [len(record) for record in file.encode(file.blank())]

    @QUICK
    @given(contents(file))
    def fits(content: Any) -> None:
        written = [len(record) for record in file.encode(content)]
        assert written == (rooms if file.form is not Form.CYCLIC else [file.size] * len(written))

    fits()


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_any_bytes_are_content_or_malformed(file: File) -> None:
    """No other exception comes out of a decoder, whatever a card says."""
    whole = b"".join(file.encode(file.blank())) or bytes(file.size)
    sizes = [len(record) for record in file.encode(file.blank())] or [len(whole)]

    @QUICK
    @given(st.lists(st.binary(max_size=40), max_size=8), st.binary(max_size=64), st.integers(0, len(whole)))
    def holds(records: list[bytes], noise: bytes, offset: int) -> None:
        with suppress(Malformed):
            file.decode(records)
        # Nearly right is the harder case: the blank file with some bytes replaced.
        damaged = (whole[:offset] + noise + whole[offset + len(noise) :])[: len(whole)]
        cut, at = [], 0
        for size in sizes:
            cut.append(damaged[at : at + size])
            at += size
        with suppress(Malformed):
            file.decode(cut)

    holds()
