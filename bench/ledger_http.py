"""HTTP intake over granian beside floors of the same minute: signed batches, and single requests with their tail.

    python -m bench.ledger_http [single requests]

Envelopes are sealed beforehand; eight threads of this process send them over kept connections. The floor of batches is the
store's own posting of the same lines without HTTP, and the driver's bare executemany; the floor of single requests is
a bare Flask view on granian that inserts one row with one commit, sent the same number of bytes by the same threads.
"""

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median, quantiles

from bench.harness import Measure, report
from bench.ledger_posting import floor_sqlite, once, rows
from cardstack.ca.certificate import Certificate
from cardstack.crypto.keys import Signer
from cardstack.settlement.envelope import seal
from cardstack.settlement.transaction import MessageId
from server.store import open_store
from tests.ledgers import NODE, bill, enrol, node_trust

THREADS = 8
BATCH = 1000
_serials = count(1)


def envelopes(signer: Signer, certificate: bytes, number: int, lines: int) -> list[bytes]:
    """So many signed envelopes of so many lines, every line with an id of its own."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = []
    for _ in range(number):
        some = []
        for _ in range(lines):
            serial = next(_serials)
            institution = f"H{33010600001 + serial // 10_000:011d}"
            one = bill(0, 100, at=now)
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


def serve(target: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """Granian with one worker of sixteen threads."""
    command = [sys.executable, "-m", "bench.ledger_http", "--serve", target, str(port), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit("the server did not start")


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
        return
    singles = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trust, signer, certificate = node_trust()
        (folder / "anchor.der").write_bytes(trust.anchors[0].certificate.raw)
        subject = str(Certificate.parse(certificate).subject)
        store = enrol(open_store(f"sqlite:///{folder}/ledger.db"))
        node = store.nodes()[0]
        assert (node.name, node.subject) == (NODE.name, subject)
        direct = enrol(open_store(f"sqlite:///{folder}/direct.db"))
        floor = floor_sqlite(folder)
        bare, ours = serve("bare", 18661, folder), serve("ours", 18662, folder)
        try:
            batches = envelopes(signer, certificate, 24, BATCH)
            send(18662, "/batches", batches[:4])
            wall, _ = timed(lambda: send(18662, "/batches", batches[4:]))
            mine = Measure(20 * BATCH, wall)
            posting = Measure(BATCH, median(once(direct, BATCH) for _ in range(9)))
            report("http-batches", mine, peer=posting, peer_name="the same store by columns, no HTTP, no signature")
            raw = Measure(BATCH, median(_seconds(lambda: floor(rows(BATCH))) for _ in range(9)))
            report("http-batches", mine, peer=raw, peer_name="sqlite executemany, no ledger")
            bodies = envelopes(signer, certificate, singles, 1)
            send(18662, "/transactions", bodies[:100])
            send(18661, "/", bodies[:100])
            bare_wall, bare_took = timed(lambda: send(18661, "/", bodies[100:]))
            wall, took = timed(lambda: send(18662, "/transactions", bodies[100:]))
            number = singles - 100
            tail = {"p99_ms": round(quantiles(took, n=100)[98] * 1000, 1)}
            tail["peer_p99_ms"] = round(quantiles(bare_took, n=100)[98] * 1000, 1)
            name_ = "bare granian, one insert, one commit"
            report("http-single", Measure(number, wall), peer=Measure(number, bare_wall), peer_name=name_, **tail)
        finally:
            for process in (bare, ours):
                process.terminate()
                process.wait(20)
        store.close()
        direct.close()


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _serve(target: str, port: int, folder: Path) -> None:
    import os

    from granian import Granian
    from granian.constants import Interfaces

    os.environ["BENCH_FOLDER"] = str(folder)
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

    app, local, path = Flask("bare"), threading.local(), Path(os.environ["BENCH_FOLDER"]) / "bare.db"

    def database() -> sqlite3.Connection:
        if not hasattr(local, "database"):
            local.database = sqlite3.connect(path, isolation_level=None, timeout=60)
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE IF NOT EXISTS raw (a, b)"):
                local.database.execute(statement)
        found: sqlite3.Connection = local.database
        return found

    @app.post("/")
    def put() -> tuple[str, int]:
        database().execute("INSERT INTO raw VALUES (?, ?)", (time.time_ns(), request.get_data()))
        return "", 201

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app


def ours() -> object:
    """The settlement service."""
    import os

    from cardstack.ca.trust import Anchor, Revocation, Settings
    from server.app import create_app
    from server.config import Config
    from server.serving import collect_seldom
    from server.trusting import Trust
    from tests.ledgers import SCHEMES

    folder = Path(os.environ["BENCH_FOLDER"])
    anchor = Anchor(Certificate.parse((folder / "anchor.der").read_bytes()))
    trust = Trust([anchor], settings=Settings(revocation=Revocation.OFF))
    config = Config(home=folder, database=f"sqlite:///{folder}/ledger.db")
    app = create_app(config, trust=trust, schemes=SCHEMES)
    collect_seldom()
    return app


if __name__ == "__main__":
    main()
