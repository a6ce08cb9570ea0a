"""HTTP intake over granian beside floors of the same minute: signed batches, and single requests with their tail.

    python -m bench.ledger_http [single requests]

Envelopes are sealed beforehand, a line has about 255 bytes; threads of this process send them over kept connections, and the
service signs its receipts. Three figures of batches, of 8,190 lines and of 1,000, each the median of some rounds after one to
warm up; each line of the output says `until` when it was taken:

- `received`: for a sender that prefers not to wait (respond-async), until its batches are durable and answered;
- `posted`: the same batches, until the ledger has judged and booked their last line behind that answer;
- `judged`: for a sender that asks for nothing in particular, until its batches are answered with the judgement of every line,
  all of it booked and durable.

The floor of batches is the driver's bare executemany of as many rows in as large commits, into a new table before every round: no
envelope, no judgement, no postings, no seal. The floor of single requests is a bare Flask view on granian that inserts one row
with one commit by the driver, sent the same number of bytes by the same threads. All of it on SQLite, then on PostgreSQL.
"""

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from secrets import token_hex
from statistics import median, quantiles
from typing import Any, TypeAlias

from bench.harness import Measure, report
from bench.ledger_posting import floor_postgres, floor_sqlite, rows
from cardstack.ca.certificate import Certificate
from cardstack.crypto.keys import Signer
from cardstack.settlement.envelope import LINES_MAX, seal
from cardstack.settlement.transaction import MessageId
from server.store import open_store
from server.store.store import Store
from tests.ledgers import NODE, bill, enrol, node_trust
from tests.postgres import cluster

THREADS = 16
"""How many connections send single requests, as the floors were measured that are known of others."""
CONNECTIONS = 4
ROUNDS = 3
SIZES = {LINES_MAX: (10, 8), 1000: (60, 40)}
"""How many batches of a size are received in a round, and how many are judged before they are answered.

Of the latter there are several for each connection: with one for each, nothing is decoded while another is booked.
"""
UNTIL = {
    "received": "durable and answered, judged later",
    "posted": "the same lines judged and booked",
    "judged": "judged, booked and answered with the outcomes",
}
_serials = count(1)
Rows: TypeAlias = list[tuple[Any, ...]]


def envelopes(signer: Signer, certificate: bytes, number: int, lines: int) -> list[bytes]:
    """So many signed envelopes of so many lines, every line with an id of its own."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = []
    for _ in range(number):
        some = []
        for _ in range(lines):
            serial = next(_serials)
            institution = f"H{33010600001 + serial // 10_000:011d}"
            one = bill(0, 100, at=now, card=f"0310002000{serial // 8:010d}", counter=serial % 8, tac=token_hex(4))
            object.__setattr__(one, "id", MessageId.of(institution, now, serial % 10_000))
            some.append(one)
        made.append(seal(some, signer, [certificate], now))
    return made


def send(port: int, path: str, bodies: Sequence[bytes], threads: int = THREADS, **headers: str) -> list[float]:
    """Send them by so many threads; the seconds that each took."""

    def work(mine: Sequence[bytes]) -> list[float]:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        took = []
        for body in mine:
            began = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"} | headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status < 300, text[:300]
            took.append(time.perf_counter() - began)
        connection.close()
        return took

    with ThreadPoolExecutor(threads) as pool:
        return [one for found in pool.map(work, [bodies[start::threads] for start in range(threads)]) for one in found]


def timed(run: Callable[[], list[float]]) -> tuple[float, list[float]]:
    """Wall seconds, and those of each request."""
    began = time.perf_counter()
    took = run()
    return time.perf_counter() - began, took


@contextmanager
def server(target: str, port: int, folder: Path, database: str) -> Iterator[None]:
    """Granian with one worker of sixteen threads, for as long as the block lasts."""
    command = [sys.executable, "-m", "bench.ledger_http", "--serve", target, str(port), str(folder), database]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
        return
    singles = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trust, signer, certificate = node_trust()
        (folder / "anchor.der").write_bytes(trust.anchors[0].certificate.raw)
        (folder / "node.der").write_bytes(certificate)
        make = partial(envelopes, signer, certificate)
        database = f"sqlite:///{folder}/ledger.db"
        with served(database, f"sqlite:///{folder}/bare.db", folder, certificate) as store:
            batches("sqlite", store, lambda: floor_sqlite(Path(tempfile.mkdtemp(dir=folder))), make)
            single("sqlite", make(singles, 1))
        with cluster() as database, served(database, database, folder, certificate) as store:
            batches("postgresql", store, partial(floor_postgres, database), make)
            single("postgresql", make(singles, 1))


@contextmanager
def served(database: str, bare: str, folder: Path, certificate: bytes) -> Iterator[Store]:
    """An enrolled ledger, the service over it, and the bare view over a database of the same kind."""
    with ledger(database, certificate) as store, server("ours", 18662, folder, database), server("bare", 18661, folder, bare):
        yield store


@contextmanager
def ledger(database: str, certificate: bytes) -> Iterator[Store]:
    """An enrolled ledger; the certificate is a node's of it."""
    store = enrol(open_store(database))
    assert (store.nodes()[0].name, store.nodes()[0].subject) == (NODE.name, str(Certificate.parse(certificate).subject))
    yield store
    store.close()


def batches(
    name: str, store: Store, floor: Callable[[], Callable[[Rows], None]], make: Callable[[int, int], list[bytes]]
) -> None:
    """Signed batches, received and posted, and judged before they are answered."""
    peer = f"{name} executemany, no ledger"
    for size, (number, fewer) in SIZES.items():
        floors: list[float] = []
        took: list[tuple[float, float, float]] = []
        for _ in range(1 + ROUNDS):
            first, second = make(number, size), make(fewer, size)
            floors.append(_raw(floor(), number, size))
            took.append(_round(store, first, second))
        received, posted, judged = (median(some) for some in zip(*took[1:], strict=True))
        for what, batches_, seconds in (("received", number, received), ("posted", number, posted), ("judged", fewer, judged)):
            ours, raw = Measure(batches_ * size, seconds), Measure(number * size, median(floors[1:]))
            report(f"http-batches-{what}-{name}", ours, peer=raw, peer_name=peer, batch=size, until=UNTIL[what])


def _raw(insert: Callable[[Rows], None], number: int, size: int) -> float:
    """Seconds for as many rows as are received in a round, in as many commits."""
    made = [rows(size) for _ in range(number)]
    return _seconds(lambda: list(map(insert, made)))


def _round(store: Store, first: Sequence[bytes], second: Sequence[bytes]) -> tuple[float, float, float]:
    """Seconds until the first are received, until they are booked, and until the second are judged and answered."""
    began = time.perf_counter()
    send(18662, "/batches", first, CONNECTIONS, Prefer="respond-async")
    received = time.perf_counter() - began
    while _waits(store):
        time.sleep(0.02)
    posted = time.perf_counter() - began
    judged, _ = timed(lambda: send(18662, "/batches", second, CONNECTIONS))
    return received, posted, judged


def _waits(store: Store) -> bool:
    with store.view() as view:
        return bool(view.all("SELECT 1 FROM received LIMIT 1"))


def single(database: str, bodies: list[bytes]) -> None:
    """One transaction a request, each durable before it is answered."""
    send(18662, "/transactions", bodies[:100])
    send(18661, "/", bodies[:100])
    half = len(bodies) // 2 + 50
    took: list[float] = []
    bare_took: list[float] = []
    walls = [0.0, 0.0]
    for part in (bodies[100:half], bodies[half:]):
        for place, (port, path, seconds) in enumerate(((18661, "/", bare_took), (18662, "/transactions", took))):
            wall, each = timed(partial(send, port, path, part))
            walls[place] += wall
            seconds.extend(each)
    number = len(bodies) - 100
    tail = {"p99_ms": round(quantiles(took, n=100)[98] * 1000, 1)}
    tail["peer_p99_ms"] = round(quantiles(bare_took, n=100)[98] * 1000, 1)
    name = "bare granian, one insert, one commit"
    report(f"http-single-{database}", Measure(number, walls[1]), peer=Measure(number, walls[0]), peer_name=name, **tail)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _serve(target: str, port: int, folder: Path, database: str) -> None:
    import os

    from granian import Granian
    from granian.constants import Interfaces

    os.environ |= {"BENCH_FOLDER": str(folder), "BENCH_DATABASE": database}
    Granian(
        f"bench.ledger_http:{target}",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=16,
        log_enabled=False,
    ).serve()


def bare() -> object:
    """A Flask view that inserts what it gets: a commit each."""
    import os
    import threading

    from flask import Flask, request

    app, local = Flask("bare"), threading.local()
    connect, mark, statements = _driver(os.environ["BENCH_DATABASE"])
    with closing(connect()) as first:
        for statement in (*statements, "CREATE TABLE IF NOT EXISTS raw (a BIGINT, b BYTEA)"):
            first.execute(statement)

    def database() -> Any:
        if not hasattr(local, "database"):
            local.database = connect()
            for statement in statements:
                local.database.execute(statement)
        return local.database

    @app.post("/")
    def put() -> tuple[str, int]:
        database().execute(f"INSERT INTO raw VALUES ({mark}, {mark})", (time.time_ns(), request.get_data()))
        return "", 201

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app


def _driver(address: str) -> tuple[Callable[[], Any], str, Sequence[str]]:
    """How a database is opened by its bare driver, each statement its own commit; the mark of a value; what is said first."""
    if address.startswith("sqlite:///"):
        path = address.removeprefix("sqlite:///")
        connect = partial(sqlite3.connect, path, isolation_level=None, timeout=60)
        return connect, "?", ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
    import psycopg

    return partial(psycopg.connect, address, autocommit=True), "%s", ()


def ours() -> object:
    """The settlement service."""
    import os

    from cardstack.ca.trust import Anchor, Revocation, Settings
    from cardstack.crypto import local
    from cardstack.crypto.keys import Algorithm
    from server.app import create_app
    from server.config import Config
    from server.identity import Identity
    from server.serving import collect_seldom
    from server.trusting import Trust
    from tests.ledgers import SCHEMES

    folder = Path(os.environ["BENCH_FOLDER"])
    anchor = Anchor(Certificate.parse((folder / "anchor.der").read_bytes()))
    trust = Trust([anchor], settings=Settings(revocation=Revocation.OFF))
    config = Config(home=folder, database=os.environ["BENCH_DATABASE"])
    identity = Identity(local.generate(Algorithm.ECDSA_P256_SHA256), ((folder / "node.der").read_bytes(),))
    app = create_app(config, trust=trust, schemes=SCHEMES, identity=identity)
    collect_seldom()
    return app


if __name__ == "__main__":
    main()
