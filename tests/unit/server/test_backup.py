"""A copy of a ledger in use holds all that was answered before it began, and nothing by halves."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from cardstack.errors import Refused
from server.store import backup, open_store
from server.store.backup import back_up
from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, bill, enrol, submission


@pytest.fixture
def ledger(tmp_path: Path) -> Store:
    return enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))


def quiet(done: int, total: int) -> None:
    """Nobody listens."""


def refusal(ledger: Store, to: Path, told: Callable[[int, int], None] = quiet) -> str:
    with pytest.raises(Refused) as caught:
        back_up(ledger.database, to, told)
    return caught.value.code


def test_a_ledger_is_copied_while_others_write(ledger: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy audits clean, has what stood when it began, and is not held up by what came between two of its pieces."""
    monkeypatch.setattr(backup, "PAGES", 5)
    ledger.submit([submission(bill(number)) for number in range(10)], NOON)
    heard: list[tuple[int, int]] = []

    def write_too(done: int, total: int) -> None:
        heard.append((done, total))
        ledger.submit([submission(bill(10 + len(heard)))], NOON)

    size = back_up(ledger.database, tmp_path / "copy.db", write_too)
    assert len(heard) > 5
    assert heard[-1][0] == heard[-1][1]
    assert size == (tmp_path / "copy.db").stat().st_size
    copy = open_store(f"sqlite:///{tmp_path}/copy.db", SCHEMES)
    assert copy.audit(signatures=False).findings == ()
    assert len(copy.transactions()) == 10
    assert len(ledger.transactions(limit=500)) == 10 + len(heard)
    copy.close()


def test_others_are_not_held_up(ledger: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit in the middle of the copy ends before the copy does."""
    monkeypatch.setattr(backup, "PAGES", 5)
    first, written = Event(), Event()

    def wait(done: int, total: int) -> None:
        first.set()
        assert written.wait(20)

    def write() -> None:
        first.wait(20)
        ledger.submit([submission(bill(1))], NOON)
        written.set()

    writing = Thread(target=write)
    writing.start()
    back_up(ledger.database, tmp_path / "copy.db", wait)
    writing.join()
    assert len(ledger.transactions()) == 1


def test_a_name_that_is_taken_and_a_place_that_is_not_there(ledger: Store, tmp_path: Path) -> None:
    """What is there stays as it is, and nothing is left behind."""
    (tmp_path / "copy.db").write_text("mine")
    assert refusal(ledger, tmp_path / "copy.db") == "CS-4093"
    assert refusal(ledger, tmp_path / "nowhere" / "copy.db") == "CS-4094"
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_copy_that_breaks_off_leaves_nothing(ledger: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under its name nor under another."""
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(backup, "PAGES", 5)

    def full(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    assert refusal(ledger, tmp_path / "copy.db", full) == "CS-4094"
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in before}


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_postgresql_has_tools_of_its_own(store: Store, tmp_path: Path) -> None:
    """The error names them."""
    assert refusal(store, tmp_path / "copy.db") == "CS-4092"
