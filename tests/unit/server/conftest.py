"""Both databases for tests of the ledger; each test starts from a copy of one that is migrated and enrolled."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store import open_store
from server.store.store import Store
from tests.ledgers import SCHEMES, enrol
from tests.postgres import cluster, created


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the session."""
    with cluster() as url:
        yield url


@pytest.fixture(scope="session")
def enrolled_in_postgres(postgres: str) -> str:
    """An enrolled PostgreSQL ledger to copy."""
    url = created(postgres)
    enrol(open_store(url, SCHEMES)).close()
    return url


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
    return created(request.getfixturevalue("postgres"), copy_of=request.getfixturevalue("enrolled_in_postgres"))


@pytest.fixture
def store(ledger_url: str) -> Iterator[Store]:
    """An enrolled store of the toy scheme."""
    opened = Store(ledger_url, SCHEMES)
    yield opened
    opened.close()
