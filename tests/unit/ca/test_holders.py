"""Numbers of holders: those of 2023 that are issued here, and those of before that are read in the field."""

from datetime import timedelta

import pytest

from cardstack.ca import encoding as der
from cardstack.ca import holders
from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.fields import HOLDER_NUMBERS, Extension
from cardstack.ca.issue import Wish, issue
from cardstack.ca.profile import profile
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.errors import Malformed
from tests.unit.ca.provinces import AT, policies, world

NUMBERS = {"resident-id": "11010519491231002X", "passport": "E00000000", "social-insurance": "TEST0001"}


def made(*extensions: Extension, numbers: dict[str, str] | None = None) -> Certificate:
    return issue(
        profile("card"),
        subject=der.name(C="CN", ST="上海市", CN="001"),
        public=local.generate(Algorithm.ECDSA_P256_SHA256).public,
        issuer=world(titles={"31": "上海市"}).authorities["31"],
        at=AT - timedelta(hours=1),
        serial=7,
        wish=Wish(policies=(policies("31")[Level.HIGH],), numbers=numbers or {}, extensions=extensions),
    )


def test_what_is_issued_is_read() -> None:
    """Every kind of GM/T 0015-2023, under its own identifier."""
    found = holders.numbers(made(numbers=NUMBERS))
    assert {one.kind: one.text for one in found} == NUMBERS
    assert all(HOLDER_NUMBERS[one.kind] == one.oid for one in found)
    assert set(holders.TITLES) == set(holders.KINDS.values())


@pytest.mark.parametrize(
    "value",
    [
        der.printable("51020219670316621X"),
        der.utf8("51020219670316621X"),
        b"51020219670316621X",
        der.context(0, der.printable("51020219670316621X")),
        der.element(0x80, b"51020219670316621X"),
        der.context(2, der.context(0, der.utf8("51020219670316621X"))),
    ],
)
@pytest.mark.parametrize("oid", sorted(holders.OF_BEFORE))
def test_what_issuers_of_before_wrote_is_read(value: bytes, oid: str) -> None:
    """A string, a tagged choice around one, or bare characters, under the arcs before 2023."""
    (one,) = holders.numbers(made(Extension(oid, critical=False, value=value)))
    assert (one.kind, one.text) == (holders.OF_BEFORE[oid], "51020219670316621X")
    assert one.masked.endswith("621X")
    assert "5102" not in one.masked


@pytest.mark.parametrize("value", [b"", b"\x30\x00", b"\x04\x02\x00\x01", b"\xff\xff"])
def test_what_is_no_text_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        holders.numbers(made(Extension("1.2.156.10260.4.1.4", critical=False, value=value)))
