"""Every version of the tables stays what it was, and leads to today's with everything in it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from cardstack.errors import Refused
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.claim import read_claim
from cardstack.settlement.medical.year import on_the_year
from cardstack.settlement.schemes import SCHEMES as ALL
from cardstack.settlement.schemes import medical
from cardstack.settlement.transaction import Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.store import open_store, reads
from server.store.engine import driver
from server.store.office import Office
from server.store.posting import Submission
from server.store.store import Store, _alembic
from tests.ledgers import NODE, NOON, SCHEMES, kept, message_id
from tests.postgres import created
from tests.saving_medical import BILLS, asked

SAVED = Path(__file__).resolve().parents[2] / "vectors" / "saved"
FILES = sorted(SAVED.glob("ledger-*.sql"))
MEDICAL = sorted(SAVED.glob("medical-*.sql"))
VERSIONS = [file.stem.removeprefix("ledger-") for file in FILES]

IN_POSTGRES = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def schema(store: Store) -> list[str]:
    """Everything a database says about its form, line by line."""
    in_sqlite = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    with store.view() as view:
        rows = view.all(in_sqlite if store.database.is_sqlite else IN_POSTGRES)
    return sorted(re.sub(r"\s+", " ", row[0]).replace('"', "").strip() for row in rows)


def upgrade(store: Store, version: str) -> None:
    """Bring the tables to a version."""
    with store.database.writing() as connection:
        config = _alembic(connection)
        config.attributes["upgrade"] = True
        command.upgrade(config, version)


def fill(store: Store, file: Path) -> None:
    """Put what a saved ledger holds into a PostgreSQL one of the same version."""
    rows = [line for line in file.read_text("utf-8").splitlines() if line.startswith("INSERT") and "alembic_version" not in line]
    with store.database.writing() as connection:
        raw = driver(connection)
        # SQLite wrote flags as numbers and bytes as X'…'; the order of its tables is not that of their references.
        raw.execute("UPDATE pg_cast SET castcontext = 'a' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype")
        raw.execute("SET LOCAL session_replication_role = replica")
        for row in rows:
            raw.execute(re.sub(r"X'([0-9A-Fa-f]*)'", r"'\\x\1'::bytea", row).replace("%", "%%"))


def restored(file: Path, path: Path) -> Store:
    """A ledger as a version left it."""
    with sqlite3.connect(path) as raw:
        raw.executescript(file.read_text("utf-8"))
    raw.close()
    return Store(f"sqlite:///{path}", SCHEMES)


@pytest.fixture(scope="module")
def fresh_in_postgres(postgres: str) -> Iterator[Store]:
    """An empty ledger of today."""
    store = Store(created(postgres), SCHEMES)
    store.migrate()
    yield store
    store.close()


@pytest.mark.parametrize("file", FILES, ids=VERSIONS)
def test_a_version_stays_what_it_was(file: Path, tmp_path: Path) -> None:
    """Its migration still makes exactly the tables that it made when it was the newest."""
    then = restored(file, tmp_path / "then.db")
    now = Store(f"sqlite:///{tmp_path}/now.db", SCHEMES)
    upgrade(now, file.stem.removeprefix("ledger-"))
    assert schema(now) == schema(then)
    then.close()
    now.close()


@pytest.mark.parametrize("file", FILES, ids=VERSIONS)
def test_a_ledger_of_each_version_becomes_one_of_today(file: Path, tmp_path: Path) -> None:
    """The form is that of a new one, and what was booked stands and still follows."""
    fresh = open_store(f"sqlite:///{tmp_path}/fresh.db", SCHEMES)
    old = restored(file, tmp_path / "old.db")
    old.migrate()
    assert schema(old) == schema(fresh)
    assert [one.amount_fen for one in old.transactions()] == [700, 100]
    assert old.audit(signatures=False, contents=True).findings == ()
    office = Office(old.database.engine)
    assert office.audit.verify()[2] is None
    assert len(office.people.operators()) == (0 if "0001" in file.name else 1)
    old.close()
    fresh.close()


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=VERSIONS)
def test_a_used_ledger_in_postgresql_becomes_one_of_today(file: Path, postgres: str, fresh_in_postgres: Store) -> None:
    """The same on PostgreSQL, from every version on."""
    version = file.stem.removeprefix("ledger-")
    old = Store(created(postgres), SCHEMES)
    upgrade(old, version)
    fill(old, file)
    old.migrate()
    assert schema(old) == schema(fresh_in_postgres)
    assert [one.amount_fen for one in old.transactions()] == [700, 100]
    assert old.audit(signatures=False, contents=True).findings == ()
    assert Office(old.database.engine).audit.verify()[2] is None
    old.close()


def test_disputes_of_before_know_their_transaction_and_other_side(tmp_path: Path) -> None:
    """Version 13 writes beside a dispute what was read from its posting."""
    old = restored(SAVED / "ledger-0012.sql", tmp_path / "old.db")
    columns = "seq, posting, opened_by, ground, disputed_fen, stage, since, deadline"
    with old.view() as view:
        rows = view.all("SELECT posting.seq, debtor, creditor, id FROM posting JOIN entry ON entry.seq = entry ORDER BY 1")
    with old.database.writing() as connection:
        openers = [row[1 + place % 2] for place, row in enumerate(rows)]
        made = [
            (seq, row[0], by, "amount", 1, "opened", 0, 1) for seq, (row, by) in enumerate(zip(rows, openers, strict=True), 1)
        ]
        old.database.insert(connection, "dispute", columns, made)
    old.migrate()
    others = [row[2 - place % 2] for place, row in enumerate(rows)]
    assert [(one.against, one.message) for one in reversed(old.desk.disputes())] == [
        (other, row[3]) for row, other in zip(rows, others, strict=True)
    ]
    old.close()


def test_a_year_that_was_a_districts_becomes_its_provinces(tmp_path: Path) -> None:
    """Version 16 adds up what one person's bills from several districts moved; other schemes' totals keep their names."""
    old = restored(SAVED / "ledger-0015.sql", tmp_path / "old.db")
    _added_up(old)
    old.close()


@pytest.mark.slow
def test_in_postgresql_too(postgres: str) -> None:
    """The same names, and the same guard again."""
    old = Store(created(postgres), SCHEMES)
    upgrade(old, "0015")
    fill(old, SAVED / "ledger-0015.sql")
    _added_up(old)
    old.close()


def _added_up(old: Store) -> None:
    columns = "id, scheme, kind, sender, home, treating, occurred_at, amount_fen, digest, state, window_id, envelope, line, block"
    copied = columns.replace("id, scheme,", "'H3301060000120261122120000999' || (seq - 1), 'medical-outpatient',", 1)
    dedc, purse = "employee.p1.2026.dedc.outpatient", "account.p1"
    moved = [
        (3, f"310000.{dedc}", 30_000),
        (3, "310104.account.p1", 5),
        (3, "310115.account.p1", 2),
        (4, f"310115.{dedc}", 20_000),
        (4, f"310115.{dedc}.kept", 0),
        (1, "310115.of-another-scheme", 9),
    ]
    with old.database.writing() as connection:
        query = f"INSERT INTO entry (seq, {columns}) SELECT seq + 2, {copied} FROM entry"
        driver(connection).execute(query)
        old.database.insert(connection, "accumulation", "entry, account, add_fen", moved)
        old.database.insert(connection, "total", "account, total_fen", [(name, fen) for _, name, fen in moved if fen])
    old.migrate()
    with old.view() as view:
        found = view.all("SELECT entry, account, add_fen FROM accumulation WHERE entry > 2 ORDER BY entry, account")
        totals = {name: fen for name, fen in view.all("SELECT account, total_fen FROM total") if fen}
    assert found == [
        (3, "310000.account.p1", 7),
        (3, f"310000.{dedc}", 30_000),
        (4, f"310000.{dedc}", 20_000),
        (4, f"310000.{dedc}.kept", 0),
    ]
    assert totals == {f"310000.{dedc}": 50_000, f"310000.{purse}": 7, "310115.of-another-scheme": 9}
    with pytest.raises(Exception, match="only added"), old.database.writing() as connection:
        driver(connection).execute("UPDATE accumulation SET add_fen = 1")


@pytest.mark.parametrize("file", MEDICAL, ids=[file.stem for file in MEDICAL])
def test_medical_bills_of_a_version_stand_as_they_are_read_today(file: Path, tmp_path: Path) -> None:
    """Each is computed again from its message to the same postings, claims and totals; what follows goes on from them."""
    restored(file, tmp_path / "old.db").close()
    _goes_on(Store(f"sqlite:///{tmp_path}/old.db", ALL))


@pytest.mark.slow
@pytest.mark.parametrize("file", MEDICAL, ids=[file.stem for file in MEDICAL])
def test_medical_bills_in_postgresql_too(file: Path, postgres: str) -> None:
    """The same names."""
    old = Store(created(postgres), ALL)
    upgrade(old, file.stem.removeprefix("medical-"))
    fill(old, file)
    _goes_on(old)


def _goes_on(old: Store) -> None:
    old.migrate()
    assert old.audit(signatures=False, contents=True).findings == ()
    with old.view() as view:
        claim, split = on_the_year(
            read_claim(asked(BILLS[6])), NOON.date(), medical.compute, lambda names: reads.totals(view, names)
        )
    assert split.info.act_pay_dedc == 0
    outcomes = []
    for serial, number in enumerate(("B7", "B20"), 20):
        told = Transaction(
            id=message_id(serial),
            scheme=medical.INPATIENT.name,
            kind="settlement",
            sender=NODE.name,
            home=claim.insured_place,
            treating=claim.treating_place,
            occurred_at=NOON,
            amount_fen=Fen(claim.total_fen),
            body={**medical.body_of(claim, split), "bill": number},
        )
        line = prepare(told, digest(canonical(told)), NODE, ALL)
        outcomes += old.submit([Submission(kept(told), [line])], NOON)[0]
    assert [one.outcome.value for one in outcomes] == ["duplicate", "accepted"]
    old.close()


def test_every_version_is_saved(tmp_path: Path) -> None:
    """A new migration comes with a ledger as it leaves it: `python -m tests.saving` writes it."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES)
    with store.view() as view:
        assert view.all("SELECT version_num FROM alembic_version") == [(VERSIONS[-1],)]
    store.close()


def test_a_later_versions_ledger_is_left_alone(store: Store) -> None:
    """An older program says so, and changes nothing."""
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = schema(store)
    with pytest.raises(Refused) as caught:
        store.migrate()
    assert caught.value.code == "CS-4095"
    assert schema(store) == before
    with store.view() as view:
        assert view.all("SELECT version_num FROM alembic_version") == [("9999",)]
