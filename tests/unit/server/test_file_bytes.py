"""The bytes of kept files are read when somebody asks for them, and then piece by piece, on both databases."""

import tracemalloc
from collections.abc import Callable

import pytest

from server.filing.arriving import Arrival, Kind
from server.filing.keeping import blank
from server.store.office import filing
from server.store.office.filing import FileStore
from server.store.store import Store
from tests.ledgers import NOON

RAW = bytes(range(256)) * 16_384
"""Four megabytes."""


@pytest.fixture
def files(store: Store) -> FileStore:
    kept = FileStore(store.database.engine)
    for number in ("F1", "F2"):
        kept.add(blank(Arrival(RAW, f"{number}.zip", "lin", NOON, number), number, Kind.TRANSIT, "33.hub"), RAW)
    return kept


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_said_of_files_is_read_without_their_bytes(files: FileStore) -> None:
    """A list of them, one of them, one by its digest: none holds as much as one file."""
    for ask in (
        lambda: files.page(before=None, size=50, scope=None, where={}),
        lambda: files.get("F1"),
        lambda: files.of_digest("F1"),
        lambda: files.answer_to("F1"),
    ):
        ask()
        assert peak(ask) < len(RAW) // 4


def test_a_file_is_handed_out_in_pieces(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its bytes in order, a piece of them in memory at a time; nothing of one that is not there."""
    monkeypatch.setattr(filing, "PIECE", 300_007)
    assert b"".join(files.pieces("F1")) == RAW == files.raw("F2")
    assert {len(one) for one in list(files.pieces("F1"))[:-1]} == {300_007}
    assert peak(lambda: [len(one) for one in files.pieces("F1")]) < len(RAW) // 2
    assert list(files.pieces("none")) == []
