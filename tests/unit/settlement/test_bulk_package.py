"""Bulk files on their way: archive, signature, return file."""

import re
import tracemalloc
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cardstack.errors import Malformed, Untrusted
from cardstack.settlement.bulk import return_file
from cardstack.settlement.bulk.control import check
from cardstack.settlement.bulk.layout import Charset, Fault
from cardstack.settlement.bulk.package import Package, describe, head, pack, unpack, verified
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.schemes.transit import REASONS
from cardstack.settlement.transaction import Party
from tests.ledgers import NOON, node_trust
from tests.unit.settlement.taps import a_ride, a_tap

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


def _zipped(manifest: bytes, method: int = ZIP_DEFLATED) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", method) as archive:
        for name, content in (("manifest.json", manifest), ("signature", b""), ("data", DATA)):
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"made_at":"2026-11-22T04:00:00Z"', b'"made_at":"2026-11-22T04:00:00"'),
        (b'"certificates":["', b'"certificates":[],"x":["'),
        (
            b'"certificates":["',
            b'"certificates":["' + b'AAAA","' * 12,
        ),
    ],
)
def test_a_manifest_without_a_zone_or_a_signer_is_malformed(old: bytes, new: bytes) -> None:
    """Before anybody asks who vouches for it, and before its data is inflated."""
    signed = unpack(packed()[0]).signed
    assert old in signed
    changed = signed.replace(old, new)
    if b',"x":' in changed:
        changed = re.sub(rb',"x":\["[^\]]*\]', b"", changed)
    with pytest.raises(Malformed):
        head(_zipped(changed))


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_other_ways_of_compressing_are_not_opened(method: int) -> None:
    """Their decoders take as much memory as the sender likes."""
    with pytest.raises(Malformed, match="deflated"):
        unpack(_zipped(unpack(packed()[0]).signed, method))


def test_what_a_file_says_of_itself_is_held_against_it() -> None:
    """Lines, sum and line ends are checked before a line is posted; where lines cannot be read, the sum may be more."""
    line = line_of(a_tap(), a_ride(a_tap()).id, "310000", "330100")
    _, signer, _ = node_trust()
    garbled = b"?" * (LAYOUT.size - 1) + b"\n"

    def told(data: bytes, lines: int, total_fen: int) -> str | None:
        manifest = describe(
            data, name="d", layout=LAYOUT.name, charset="gb18030", sender=Party("33.a"), lines=lines, total_fen=total_fen,
            at=NOON, certificates=[b""],
        )  # fmt: skip
        try:
            check(Package(manifest, b"", b"", pack(data, manifest, signer)))
        except Malformed as error:
            return error.code
        return None

    assert [told(line * 2, 2, 364), told(line + garbled, 2, 182), told(line + garbled, 2, 500)] == [None] * 3
    assert [told(line * 2, 3, 364), told(line * 2, 2, 365), told(line + garbled, 2, 181)] == ["CS-3061"] * 3
    assert [told(line.replace(b"\n", b"\r\n"), 1, 182), told(b"\xef\xbb\xbf" + line, 1, 182)] == ["CS-3062"] * 2


def test_a_file_is_looked_at_in_less_memory_than_its_data_takes() -> None:
    """Digest, lines, sum, each line's columns and the lines of its answer: a piece of the data at a time."""
    line = line_of(a_tap(), a_ride(a_tap()).id, "310000", "330100")
    count = 200_000
    data = line * count
    _, signer, _ = node_trust()
    manifest = describe(
        data, name="d", layout=LAYOUT.name, charset="gb18030", sender=Party("33.a"), lines=count, total_fen=182 * count,
        at=NOON, certificates=[b""],
    )  # fmt: skip
    raw, size = pack(data, manifest, signer), len(data)
    del data
    tracemalloc.start()
    try:
        package = unpack(raw)
        check(package)
        body = return_file.Body(REASONS, "gb18030")
        for first, lines in LAYOUT.numbered(package.pieces()):
            body.add(Fault(first + n, line[:30].decode(), "tac-wrong") for n in range(0, len(lines) // LAYOUT.size, 50))
        assert len(pack(body, replace(manifest, lines=4_000), signer)) < size // 20
        assert tracemalloc.get_traced_memory()[1] < size * 2 // 3
    finally:
        tracemalloc.stop()


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
    assert [*return_file.faults(raw, charset)] == sorted(faults)
    assert "TAC验证失败" in raw.decode(charset)


@pytest.mark.parametrize("raw", [b"x", b"x" * (return_file.LAYOUT.size - 1) + b"\n"])
def test_a_return_file_of_another_form_is_malformed(raw: bytes) -> None:
    """Length and columns are checked."""
    with pytest.raises(Malformed):
        [*return_file.faults(raw)]
