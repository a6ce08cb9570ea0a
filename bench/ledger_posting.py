"""Ledger posting, idempotent, with balances and hash-chain seal, beside the driver's bare executemany in the same run.

    python -m bench.ledger_posting [postgresql://…]

One posting a transaction, one durable commit a batch of 8,190 and of 100; the floor is nine columns with a random
32-character key in a table of its own, as the ledger's peers were measured. Round by round, ours and the floor in turn.
"""

import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.harness import Measure, report
from cardstack.settlement.columns import Columns
from cardstack.settlement.scheme import Cycle, Unit
from cardstack.settlement.transaction import Party
from server.serving import collect_seldom
from server.store import open_store
from server.store.commit import Kept
from server.store.store import Store
from tests.ledgers import BUS, FUND, NOON, enrol

ROUNDS = 7
_serials = count(1)
_files = count(1)


def columns(size: int) -> Columns:
    """The next so many transactions."""
    serials = [next(_serials) for _ in range(size)]
    ids = [f"H3301060000120261122{serial // 10_000:06d}{serial % 10_000:04d}" for serial in serials]
    at = int(NOON.timestamp())
    return Columns(
        scheme="transit",
        kind="trip",
        sender=Party("33.transit-operator"),
        cycle=Cycle("transit", Unit.DAY),
        ids=ids,
        digests=[sha256(one.encode()).digest() for one in ids],
        homes=["310000"] * size,
        treatings=["330100"] * size,
        occurred_at=[at] * size,
        amounts_fen=[200] * size,
        lines=range(size),
        owners=range(size),
        debtors=[str(FUND)] * size,
        creditors=[str(BUS)] * size,
        posting_amounts_fen=[200] * size,
        posting_kinds=["fare"] * size,
        rules=["transit.fare"] * size,
    )


def rows(size: int) -> list[tuple[Any, ...]]:
    """Rows of the floor: nine columns, about 240 bytes."""
    return [
        (
            secrets.token_hex(16),
            "310000",
            "330100",
            1_700_000_000 + place,
            200,
            "31.medical-fund",
            "33.transit",
            "x" * 64,
            "y" * 32,
        )
        for place in range(size)
    ]


def floor_sqlite(folder: Path) -> Callable[[list[tuple[Any, ...]]], None]:
    """The driver's executemany on SQLite, WAL and synchronous=FULL."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE raw (a PRIMARY KEY, b, c, d, e, f, g, h, i)",
    ):
        database.execute(statement)

    def insert(batch: list[tuple[Any, ...]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO raw VALUES (?,?,?,?,?,?,?,?,?)", batch)
        database.execute("COMMIT")

    return insert


def floor_postgres(url: str) -> Callable[[list[tuple[Any, ...]]], None]:
    """The driver's executemany on PostgreSQL."""
    import psycopg

    connection = psycopg.connect(url)
    connection.execute("DROP TABLE IF EXISTS raw")
    connection.execute(
        "CREATE TABLE raw (a text PRIMARY KEY, b text, c text, d bigint, e bigint, f text, g text, h text, i text)"
    )
    connection.commit()

    def insert(batch: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO raw VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)", batch)
        connection.commit()

    return insert


def floor_copy(url: str) -> Callable[[list[tuple[Any, ...]]], None]:
    """COPY on PostgreSQL, the quickest way in: it can neither pass over a known row nor say which one it was."""
    import psycopg

    connection = psycopg.connect(url)
    connection.execute(
        "CREATE TABLE copied (a text PRIMARY KEY, b text, c text, d bigint, e bigint, f text, g text, h text, i text)"
    )
    connection.commit()

    def insert(batch: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
        connection.commit()

    return insert


def once(store: Store, size: int) -> float:
    """Seconds for one batch of ours."""
    batch = columns(size)
    kept = Kept("file", sha256(str(next(_files)).encode()).digest(), b"", "33.hub", NOON)
    began = perf_counter()
    posted = store.post_many(batch, kept, NOON)
    took = perf_counter() - began
    assert set(posted.outcomes) == {"accepted"}
    return took


def compare(name: str, store: Store, floor: Callable[[list[tuple[Any, ...]]], None], size: int, way: str = "executemany") -> None:
    """Ours and the floor in turn."""
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        ours.append(once(store, size))
        batch = rows(size)
        began = perf_counter()
        floor(batch)
        theirs.append(perf_counter() - began)
    mine, peer = Measure(size, median(ours[1:])), Measure(size, median(theirs[1:]))
    report(f"ledger-posting-{name}-{size}", mine, peer=peer, peer_name=f"{name} {way}, no ledger")


def main() -> None:
    collect_seldom()  # as the service does
    with tempfile.TemporaryDirectory() as name:
        store = enrol(open_store(f"sqlite:///{name}/ledger.db"))
        floor = floor_sqlite(Path(name))
        for size in (8190, 100):
            compare("sqlite", store, floor, size)
        store.close()
    if len(sys.argv) > 1:
        postgres(sys.argv[1])
    else:
        from tests.postgres import cluster

        with cluster() as url:
            postgres(url)


def postgres(url: str) -> None:
    """The same on PostgreSQL."""
    store = enrol(open_store(url))
    floor, copy = floor_postgres(url), floor_copy(url)
    for size in (8190, 100):
        compare("postgresql", store, floor, size)
    compare("postgresql", store, copy, 8190, "COPY")
    store.close()


if __name__ == "__main__":
    main()
