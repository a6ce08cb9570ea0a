"""Both databases for tests of the ledger; each test starts from a copy of one that is migrated and enrolled."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from server.store import open_store
from server.store.store import Store
from tests.ledgers import SCHEMES, enrol
from tests.postgres import cluster, create

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the session, with an enrolled ledger to copy."""
    with cluster() as url:
        create(url, "enrolled", "template0")
        enrol(open_store(url.removesuffix("postgres") + "enrolled", SCHEMES)).close()
        yield url


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An enrolled SQLite ledger to copy."""
    path = tmp_path_factory.mktemp("enrolled") / "ledger.db"
    enrol(open_store(f"sqlite:///{path}", SCHEMES)).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an enrolled ledger, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("enrolled"), tmp_path / "ledger.db")
        return f"sqlite:///{tmp_path}/ledger.db"
    url: str = request.getfixturevalue("postgres")
    name = f"ledger{next(_numbers)}"
    create(url, name, "enrolled")
    return url.removesuffix("postgres") + name


@pytest.fixture
def store(ledger_url: str) -> Iterator[Store]:
    """An enrolled store of the toy scheme."""
    opened = Store(ledger_url, SCHEMES)
    yield opened
    opened.close()
