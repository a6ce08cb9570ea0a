"""Bulk files on their way: archive, signature, return file."""

from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import Malformed, Untrusted
from cardstack.settlement.bulk import return_file
from cardstack.settlement.bulk.layout import Charset, Fault
from cardstack.settlement.bulk.package import describe, pack, unpack, verified
from cardstack.settlement.bulk.transit_layout import LAYOUT
from cardstack.settlement.schemes.transit import REASONS
from cardstack.settlement.transaction import Party
from tests.ledgers import NOON, node_trust

DATA = b"line one\nline two\n" * 100


def packed() -> tuple[bytes, bytes, object]:
    trust, signer, leaf = node_trust()
    manifest = describe(
        DATA,
        name="day",
        layout=LAYOUT.name,
        charset="gb18030",
        sender=Party("33.transit-operator"),
        lines=200,
        total_fen=1,
        at=NOON,
        certificates=[leaf],
    )
    return pack(DATA, manifest, signer), leaf, trust.vouch([leaf], NOON)


def test_what_was_packed_is_unpacked_and_verified() -> None:
    """Data, manifest and certificate come back; the archive is smaller than the data."""
    raw, leaf, trusted = packed()
    package = verified(unpack(raw), trusted)  # type: ignore[arg-type]  # the helper gives the vouched certificate
    assert (package.data, package.certificates, package.manifest.lines) == (DATA, (leaf,), 200)
    assert len(raw) < len(DATA)


def _with(raw: bytes, name: str, content: bytes) -> bytes:
    changed = BytesIO()
    with ZipFile(BytesIO(raw)) as old, ZipFile(changed, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return changed.getvalue()


def test_changed_data_manifest_or_signature_is_noticed() -> None:
    """The digest covers the data, the signature covers the manifest, the certificate must be the one vouched for."""
    raw, _, trusted = packed()
    with pytest.raises(Malformed, match="data"):
        unpack(_with(raw, "data", DATA[:-1] + b"!"))
    with pytest.raises(Malformed, match="data"):
        unpack(_with(raw, "data", DATA * 2))
    manifest = unpack(raw).signed.replace(b'"total_fen":1', b'"total_fen":2')
    with pytest.raises(Untrusted):
        verified(unpack(_with(raw, "manifest.json", manifest)), trusted)  # type: ignore[arg-type]  # as above
    other, _, stranger = packed()
    with pytest.raises(Untrusted):
        verified(unpack(raw), stranger)  # type: ignore[arg-type]  # as above
    trust, _, leaf = node_trust()
    with pytest.raises(Untrusted):
        verified(unpack(other), trust.vouch([leaf], NOON + timedelta(minutes=2)))


@pytest.mark.parametrize("raw", [b"", b"PK", b"not an archive" * 9])
def test_what_is_no_archive_is_malformed(raw: bytes) -> None:
    """Nothing else escapes."""
    with pytest.raises(Malformed):
        unpack(raw)


WHOLE = packed()[0]


@settings(max_examples=80)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=6), st.integers(0, 300))
def test_a_damaged_archive_is_malformed_or_whole(place: int, noise: bytes, lost: int) -> None:
    """Bytes changed or lost anywhere: nothing but a coded error escapes, and what is unpacked has its digest."""
    with suppress(Malformed):
        assert unpack(WHOLE[:place] + noise + WHOLE[place + lost :]).data == DATA


def test_an_archive_with_another_entry_is_malformed() -> None:
    """Three entries, no more and no fewer."""
    changed = BytesIO()
    with ZipFile(changed, "w") as archive:
        archive.writestr("data", b"")
    with pytest.raises(Malformed, match="archive"):
        unpack(changed.getvalue())


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_a_return_file_says_which_lines_and_why(charset: Charset) -> None:
    """Only refused lines stand in it, in Chinese, and read back as they were."""
    faults = (
        Fault(3, "T33010000001202610120830000007", "tac-wrong"),
        Fault(2, "", "line-malformed", "moment"),
        *(Fault(10 + n, "", code) for n, code in enumerate(REASONS)),
    )
    raw = return_file.body(faults, charset=charset)
    assert return_file.faults(raw, charset) == tuple(sorted(faults))
    assert "TAC验证失败" in raw.decode(charset)


@pytest.mark.parametrize("raw", [b"x", b"x" * (return_file.LAYOUT.size - 1) + b"\n"])
def test_a_return_file_of_another_form_is_malformed(raw: bytes) -> None:
    """Length and columns are checked."""
    with pytest.raises(Malformed):
        return_file.faults(raw)
