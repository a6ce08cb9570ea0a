"""The console's lists, searches and drill-downs over many transactions, each as a whole page through the app.

    python -m bench.console [transactions] [database.db]

Fills a database with transactions of a month in bulk (or takes one that is there), asks each page a few dozen times at
different places, and prints the 50th and 95th percentile in milliseconds (`cpu` is the
process's own work, for machines that others share); then the query plans, to be kept beside it.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from cardstack.settlement.columns import Columns
from cardstack.settlement.scheme import Cycle, Unit
from cardstack.settlement.transaction import Party
from server.console import register
from server.console.services import Services
from server.operators import first_link
from server.permissions import EVERYWHERE, Grant, Role
from server.store import open_store
from server.store.commit import Kept
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.ledgers import BUS, FUND, NOON, enrol

BATCH, DAYS, TIMES = 50_000, 30, 40
PLANS = {
    "list": "SELECT * FROM entry ORDER BY occurred_at DESC, seq DESC LIMIT 21",
    "list by date": "SELECT * FROM entry WHERE occurred_at >= 0 AND occurred_at < 1 ORDER BY occurred_at DESC, seq DESC LIMIT 21",
    "next page": "SELECT * FROM entry WHERE (occurred_at, seq) < (1, 1) ORDER BY occurred_at DESC, seq DESC LIMIT 21",
    "window": "SELECT * FROM entry WHERE window_id = 'x' AND seq < 9 ORDER BY seq DESC LIMIT 21",
    "by id": "SELECT * FROM entry WHERE id = 'x'",
    "postings": "SELECT * FROM posting WHERE entry IN (1, 2)",
}


def message_id(serial: int) -> str:
    """The id of the transaction with that number: ten thousand a second."""
    return f"H33010600001{NOON + timedelta(seconds=serial // 10_000):%Y%m%d%H%M%S}{serial % 10_000:04d}"


def columns(first: int, size: int, count: int) -> Columns:
    """So many transactions, spread evenly over the month in order."""
    serials = range(first, first + size)
    start = int((NOON - timedelta(days=DAYS)).timestamp())
    ids = [message_id(serial) for serial in serials]
    return Columns(
        scheme="transit",
        kind="fare",
        sender=Party("33.transit-operator"),
        cycle=Cycle("transit", Unit.DAY),
        ids=ids,
        digests=[sha256(one.encode()).digest() for one in ids],
        homes=[("310000", "320000", "340000")[serial % 3] for serial in serials],
        treatings=["330100"] * size,
        occurred_at=[start + serial * DAYS * 86_400 // count for serial in serials],
        amounts_fen=[100 + serial % 900 for serial in serials],
        lines=range(size),
        owners=range(size),
        debtors=[str(FUND)] * size,
        creditors=[str(BUS)] * size,
        posting_amounts_fen=[100 + serial % 900 for serial in serials],
        posting_kinds=["fare"] * size,
        rules=["transit.fare"] * size,
    )


def fill(store: Store, count: int) -> float:
    """Book them; seconds."""
    began = time.monotonic()
    enrol(store)
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        kept = Kept("file", sha256(str(first).encode()).digest(), b"{}", "33.transit-operator", NOON)
        store.post_many(columns(first, size, count), kept, NOON)
    return time.monotonic() - began


def pages(count: int) -> dict[str, Callable[[random.Random], str]]:
    """Each page, with a place chosen anew every time."""

    def message(dice: random.Random) -> str:
        return message_id(dice.randrange(count))

    def day(dice: random.Random) -> str:
        return f"{NOON - timedelta(days=dice.randrange(1, DAYS)):%Y-%m-%d}"

    def key(dice: random.Random) -> str:
        start = int((NOON - timedelta(days=DAYS)).timestamp())
        return f"{start + dice.randrange(DAYS * 86_400)}_{dice.randrange(1, count)}"

    base = "/console/transactions/"
    return {
        "list": lambda _: base,
        "deep page": lambda dice: f"{base}?after={key(dice)}",
        "by date": lambda dice: f"{base}?since={day(dice)}&until={day(dice)}",
        "by id": lambda dice: f"{base}?id={message(dice)}",
        "by amount, one in nine hundred": lambda dice: f"{base}?least={1 + dice.randrange(9)}.{dice.randrange(10, 99)}&most=9.99",
        "by what is not there": lambda dice: f"{base}?least=999999&after={key(dice)}",
        "by window and home": lambda dice: f"{base}?window=transit-{day(dice)}&home=31",
        "transaction": lambda dice: f"{base}{message(dice)}",
        "window": lambda dice: f"/console/windows/transit-{day(dice)}",
        "net": lambda dice: f"/console/settlements/transit-{day(dice)}/net/{BUS}",
        "overview": lambda _: "/console/",
    }


def measured(client: FlaskClient, count: int) -> Iterator[dict[str, object]]:
    """The times of each page."""
    dice = random.Random(7)
    for what, address in pages(count).items():
        times: list[float] = []
        work: list[float] = []
        for _ in range(TIMES):
            where = address(dice)
            began, worked = time.perf_counter(), time.process_time()
            answer = client.get(where)
            times.append(time.perf_counter() - began)
            work.append(time.process_time() - worked)
            assert answer.status_code == 200, (where, answer.status_code)
            assert b'role="alert"' not in answer.data, where
        times.sort()
        work.sort()
        yield {
            "what": f"console: {what}",
            "n": count,
            "p50_ms": round(1000 * times[TIMES // 2], 1),
            "p95_ms": round(1000 * times[int(TIMES * 0.95)], 1),
            "cpu_p95_ms": round(1000 * work[int(TIMES * 0.95)], 1),
            "asked_ms": 300,
        }


def main() -> None:
    """Fill or open, ask, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "ledger.db"
        store = open_store(f"sqlite:///{path}")
        if not store.windows():
            seconds = fill(store, count)
            print(json.dumps({"what": "console: filling", "n": count, "seconds": round(seconds, 1)}), flush=True)
        office = Office(store.database.engine)
        office.people.save(Operator("bench", "bench", tuple(Grant(role, EVERYWHERE) for role in Role)), NOON)
        app = Flask(__name__)
        register(app, Services(office, lambda: NOON, store=store))
        client = app.test_client()
        client.get(f"/enter/{first_link(office.people, 'bench', NOON)}")
        for line in measured(client, count):
            print(json.dumps(line), flush=True)
        with store.view() as view:
            for what, query in PLANS.items():
                plan = [row[3] for row in view.all(f"EXPLAIN QUERY PLAN {query}")]
                print(json.dumps({"what": f"console plan: {what}", "plan": plan}), flush=True)
        store.close()


if __name__ == "__main__":
    main()
