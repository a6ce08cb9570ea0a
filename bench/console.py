"""Every list, search and drill-down of the console over millions of transactions, each as a whole page through the app.

    python -m bench.console [--transactions N] [--database URL] [--times N] [--explain FOLDER] [--only WORDS]

Without `--database` a SQLite file and a PostgreSQL cluster of Debian's are filled in turn (`bench.console_rows`); a
database that holds transactions is taken as it is. Which lists and filters there are comes from the route table, so that
none is forgotten. One line each: the 50th and 95th percentile in milliseconds (`cpu` is this process's own work, for
machines that others share), and how long the first, cold request took. `--explain` keeps the plan of every statement.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from bench import console_rows as rows
from bench.console_plans import Watch
from server.console import NOUNS, register, route_table
from server.console.listing import Filter, Listing
from server.console.services import Services
from server.operators import first_link
from server.store import open_store
from server.store.office import Office
from server.store.store import Store
from tests.ledgers import NOON
from tests.postgres import cluster

ASKED_MS = 300
CALLS = {"live", "export", "totp_form", "totp_code"}
"""What is no page to look at: fragments that a page asks for by itself, files, and forms of one's own account."""

WITHOUT = {"trust.plan", "trust.graph", "trust.what_if"}
"""Pages about authorities, of which there are none here."""

Address = Callable[[random.Random], str]


class Page(NamedTuple):
    """A page, who asks for it, and its address, drawn anew every time."""

    what: str
    operator: str
    address: Address


def day(dice: random.Random) -> str:
    """A day of the month."""
    return f"{rows.BEGAN + timedelta(days=dice.randrange(rows.DAYS)):%Y-%m-%d}"


def values(one: Filter, count: int) -> Address:
    """What somebody might type into a filter."""
    typed: dict[str, Address] = {
        "id": lambda dice: rows.message_id(dice.randrange(1, count), count)[: dice.choice((6, 12, 20, 26, 30))],
        "window": lambda dice: f"transit-{day(dice)}",
        "subject": lambda dice: f"s{dice.randrange(rows.REQUESTS)}",
        "actor": lambda dice: f"operator{dice.randrange(rows.OPERATORS):03d}",
        "maker": lambda dice: f"operator{dice.randrange(rows.OPERATORS):03d}",
        "action": lambda _: "transactions.reveal",
        "cycle": lambda _: "medical",
        "name": lambda _: "33.medical",
        "least": lambda _: "999999.99",
        "most": lambda _: "0.01",
    }
    by_kind: dict[str, Address] = {
        "day": day,
        "money": lambda dice: f"{dice.randrange(2000)}.{dice.randrange(100):02d}",
        "choice": lambda dice: dice.choice([value for value, _ in one.choices] or [""]),
    }
    return typed.get(one.key) or by_kind.get(one.kind) or (lambda dice: f"x{dice.randrange(1000)}")


def searches(count: int) -> Iterator[Page]:
    """Every list by every filter of its form, one at a time, for the centre and for one province."""
    roots = {rule.endpoint: rule.rule for rule in route_table()}
    for module in (import_module(f"server.console.{noun}") for noun in NOUNS):
        held = getattr(module, "LISTING", None)
        if not isinstance(held, Listing):
            continue
        for one in held.filters:
            root = roots[f"{module.pages.name}.index"]
            for operator in ("bench", "zhejiang"):
                yield Page(f"{held.name} by {one.key}", operator, _search(root, one.key, values(one, count)))


def _search(root: str, key: str, value: Address) -> Address:
    return lambda dice: f"{root}?{urlencode({key: value(dice)})}"


def plain() -> Iterator[Page]:
    """Every page whose address needs nothing."""
    for rule in route_table():
        name = rule.endpoint.partition(".")[2]
        if rule.method == "GET" and "<" not in rule.rule and rule.endpoint not in WITHOUT and name not in CALLS:
            for operator in ("bench", "zhejiang"):
                yield Page(rule.endpoint, operator, _at(rule.rule))


def _at(address: str) -> Address:
    return lambda _: address


def chosen(count: int) -> Iterator[Page]:
    """Searches of several conditions, deep pages, and the way down from a net to a transaction."""

    def message(dice: random.Random) -> str:
        return rows.message_id(dice.randrange(1, count), count)

    def key(dice: random.Random) -> str:
        return f"{rows.STARTED + dice.randrange(rows.DAYS * 86_400)}_{dice.randrange(1, count)}"

    def party(dice: random.Random) -> str:
        return f"{dice.choice(('31', '32', '33', '34'))}.{dice.choice(('medical-fund', 'hospital-fund'))}"

    base = "/console/transactions/"
    pages: dict[str, Address] = {
        "deep page": lambda dice: f"{base}?after={key(dice)}",
        "one day of one province": lambda dice: f"{base}?since={(on := day(dice))}&until={on}&home=33",
        "a scheme's pending of a day": lambda dice: f"{base}?since={(on := day(dice))}&until={on}&state=pending&scheme=transit",
        "reversed bills": lambda _: f"{base}?state=reversed&scheme=medical-outpatient",
        "one in a million by amount": lambda _: f"{base}?least=999999.99",
        "nothing at all": lambda _: f"{base}?least=9999999&scheme=transit",
        "nothing, from a deep page": lambda dice: f"{base}?least=9999999&after={key(dice)}",
        "a window's amount": lambda dice: f"{base}?window=transit-{day(dice)}&least=9.99",
        "a window's home": lambda dice: f"{base}?window=medical-2026-11&home={dice.choice(('31', '32', '33', '34'))}",
        "no such transaction": lambda dice: f"{base}?id={message(dice)[:-4]}zzzz",
        "transaction": lambda dice: f"{base}{message(dice)}",
        "window": lambda dice: f"/console/windows/transit-{day(dice)}",
        "net": lambda dice: f"/console/settlements/medical-2026-11/net/{party(dice)}",
        "net of a day": lambda dice: f"/console/settlements/transit-{day(dice)}/net/{dice.choice(('31', '32'))}.card-issuer",
        "batch": lambda dice: f"/console/settlements/batches/{dice.randrange(1, count // rows.ENVELOPE)}",
        "signed batch": lambda _: f"/console/settlements/batches/{count // rows.ENVELOPE + 2}",
        "signed transaction": lambda dice: f"{base}{rows.ride_id(dice.randrange(1, rows.SIGNED))}",
        "participant": lambda dice: f"/console/participants/{party(dice)}",
        "request": lambda dice: f"/console/approvals/R{dice.randrange(rows.REQUESTS):07d}",
        "requests, deep page": lambda dice: f"/console/approvals/?state=&after={rows.request_key(dice)}",
        "audit, deep page": lambda dice: f"/console/audit/?after={dice.randrange(rows.EVENTS)}",
        "dispute": lambda dice: f"/console/disputes/{dice.randrange(1, rows.DISPUTES)}",
        "operator": lambda dice: f"/console/operators/operator{dice.randrange(rows.OPERATORS):03d}",
        "find by id": lambda dice: f"/console/help/find?q={message(dice)}",
    }
    for what, address in pages.items():
        yield Page(what, "bench", address)


def measured(clients: dict[str, FlaskClient], page: Page, times: int) -> dict[str, object]:
    """The times of one page."""
    dice, taken, work = random.Random(7), [], []
    for _ in range(times):
        where = page.address(dice)
        began, worked = time.perf_counter(), time.process_time()
        answer = clients[page.operator].get(where)
        taken.append(time.perf_counter() - began)
        work.append(time.process_time() - worked)
        assert answer.status_code in {200, 302, 303}, (where, answer.status_code)
    first, last = taken[0], min(times - 1, int(times * 0.95))
    taken.sort()
    work.sort()
    return {
        "what": f"console: {page.what}",
        "who": page.operator,
        "p50_ms": round(1000 * taken[times // 2], 1),
        "p95_ms": round(1000 * taken[last], 1),
        "cpu_p95_ms": round(1000 * work[last], 1),
        "first_ms": round(1000 * first, 1),
    }


def run(store: Store, arguments: argparse.Namespace) -> None:
    """Fill what is empty, ask, print, and keep the plans."""
    count: int = arguments.transactions
    kind = "sqlite" if store.database.is_sqlite else "postgresql"
    if not store.windows():
        began = time.monotonic()
        rows.fill(store, count)
        line = {"what": "console: filling", "n": count, "database": kind, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps(line), flush=True)
    office = Office(store.database.engine)
    app = Flask(__name__)
    register(app, Services(office, lambda: NOON, store=store))
    clients = {name: app.test_client() for name in ("bench", "zhejiang")}
    for name, client in clients.items():
        client.get(f"/enter/{first_link(office.people, name, NOON)}")
    slow = 0
    watch = Watch(store)
    for page in (*plain(), *chosen(count), *searches(count)):
        if arguments.only in page.what:
            watch.page = f"{page.what} ({page.operator})"
            line = measured(clients, page, arguments.times) | {"n": count, "database": kind}
            slow += float(str(line["p95_ms"])) > ASKED_MS
            print(json.dumps(line), flush=True)
    print(
        json.dumps({"what": "console: pages over the limit", "database": kind, "pages": slow, "asked_ms": ASKED_MS}), flush=True
    )
    if arguments.explain:
        watch.write(arguments.explain / f"console-{kind}.txt")


def main() -> None:
    """Both databases, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--explain", type=Path)
    parser.add_argument("--only", default="", help="pages whose name holds these words")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = [arguments.database] if arguments.database else [f"sqlite:///{folder}/ledger.db", stack.enter_context(cluster())]
        for url in urls:
            store = open_store(url)
            run(store, arguments)
            store.close()


if __name__ == "__main__":
    main()
