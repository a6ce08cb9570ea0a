"""A month of millions of transactions, made inside the database: one arithmetic for SQLite and PostgreSQL.

Nothing is posted: rows are a function of their number, written by `INSERT … SELECT` with the secondary indexes made
afterwards. Around them stand what a desk collects: two years of windows with payments, requests, disputes, operators and
a chained audit log. Every person and institution is invented.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from cardstack.crypto.chain import BEGINNING
from cardstack.settlement.transaction import SHANGHAI
from server.audit import canonical, digest
from server.permissions import EVERYWHERE, Grant, Role
from server.store.commit import ENTRY_COLUMNS, POSTING_COLUMNS
from server.store.engine import driver
from server.store.office import Office
from server.store.office.people import Operator
from server.store.office.tables import to_ms
from server.store.store import Store
from tests import consoles
from tests.ledgers import NOON, node_trust
from tests.unit.settlement.taps import a_ride, a_tap

DAYS, PART, ENVELOPE, BLOCK = 30, 500_000, 1_000, 50_000
BEGAN = datetime(2026, 10, 23, tzinfo=SHANGHAI)
"""The first midnight of the month; its last day is the day of `NOON`."""

STARTED = int(BEGAN.timestamp())
SIGNED = 8_000
"""Lines of the one envelope that is really signed; 8,190 is the most that one may have."""

DISPUTES, REQUESTS, EVENTS, OPERATORS, YEARS = 5_000, 100_000, 200_000, 300, 2
PROVINCES = "'31323334'"
INDEXES = {
    "entry_window": "entry (window_id, seq)",
    "entry_occurred": "entry (occurred_at, seq)",
    "posting_entry": "posting (entry)",
}


def message_id(number: int, count: int) -> str:
    """The id of the transaction with that number, as `_id` makes it."""
    at = BEGAN + timedelta(seconds=number * DAYS * 86_400 // count)
    bill, code = number % 10 == 0, 31 + number // 10 % 4
    return f"{'H' if bill else 'T'}{code}010600{number // 40 % 50 + 100:03d}{at:%Y%m%d%H%M%S}{number % 10_000:04d}"


def _id(number: str, count: int) -> str:
    """The same as an expression over the number; it looks up the day."""
    past = f"({number} * {DAYS * 86_400} / {count})"
    second = f"({past} % 86400)"
    clock = f"{second} / 3600 * 10000 + {second} % 3600 / 60 * 100 + {second} % 60"
    return (
        f"(CASE WHEN {number} % 10 = 0 THEN 'H' ELSE 'T' END || {_code(f'{number} / 10')} || '010600' || "
        f"substr(CAST(1100 + {number} / 40 % 50 AS TEXT), 2) || "
        f"(SELECT compact FROM bench_day WHERE bench_day.number = {past} / 86400) || "
        f"substr(CAST(1000000 + {clock} AS TEXT), 2) || substr(CAST(10000 + {number} % 10000 AS TEXT), 2))"
    )


def _code(turn: str) -> str:
    """The two digits of a province by turns."""
    return f"substr({PROVINCES}, CAST(1 + 2 * (({turn}) % 4) AS INTEGER), 2)"


def fill(store: Store, count: int) -> None:
    """The whole of it."""
    with store.database.writing() as connection:
        for statement in _before(count):
            driver(connection).execute(statement)
    for first in range(1, count + 1, PART):
        with store.database.writing() as connection:
            for statement in _part(store, first, min(first + PART - 1, count), count):
                driver(connection).execute(statement)
    for statement in _after(count, "BLOB" if store.database.is_sqlite else "bytea"):
        with store.database.writing() as connection:
            driver(connection).execute(statement)
    _history(store)
    _desk(store, count)
    sign(store)
    office(Office(store.database.engine))
    with store.database.writing() as connection:
        driver(connection).execute("ANALYZE")


def _before(count: int) -> Iterator[str]:
    for index in INDEXES:
        yield f"DROP INDEX {index}"
    yield "CREATE TABLE bench_day (number INTEGER PRIMARY KEY, compact TEXT, day TEXT, month TEXT)"
    for number in range(DAYS + 1):
        day = BEGAN + timedelta(days=number)
        yield f"INSERT INTO bench_day VALUES ({number}, '{day:%Y%m%d}', '{day:%Y-%m-%d}', '{day:%Y-%m}')"
    for code in ("31", "32", "33", "34"):
        for role in ("card-issuer", "transit-operator", "medical-fund", "medical-account", "hospital-fund"):
            row = f"'{code}.{role}', '{role}', '{role}', 'invented {code}.{role}', NULL, 0"
            yield f"INSERT INTO party (name, title_en, title_zh, account, limit_fen, since) VALUES ({row})"
    assert count >= DAYS


def _part(store: Store, first: int, last: int, count: int) -> Iterator[str]:
    """Entries of a stretch of numbers, their postings, and what became of a few of them."""
    if store.database.is_sqlite:
        series = f"(WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s) AS s"
        hashed = "randomblob(32)"
    else:
        series = f"generate_series({first}::bigint, {last}::bigint) AS s(n)"
        hashed = "decode(md5(n::text) || md5((-n)::text), 'hex')"
    bill, place = "n % 10 = 0", _code("n / 10")
    at = f"{STARTED} + n * {DAYS * 86_400} / {count}"
    home = _code("n / 10 + 1 + n / 40 % 3")
    day = f"n * {DAYS * 86_400} / {count} / 86400"
    amount = f"CASE WHEN n % 1000003 = 17 THEN 99999999 WHEN {bill} THEN 5000 + n * 7919 % 200000 ELSE 100 + n * 7919 % 900 END"
    pending = "n % 1000 = 1"
    yield (
        f"INSERT INTO entry ({ENTRY_COLUMNS}) SELECT n, {_id('n', count)}, "
        f"CASE WHEN {bill} THEN 'medical-outpatient' ELSE 'transit' END, CASE WHEN {bill} THEN 'settle' ELSE 'trip' END, "
        f"{place} || CASE WHEN {bill} THEN '.hospital-fund' ELSE '.transit-operator' END, {home} || '0100', {place} || '0106', "
        f"{at}, {amount}, {hashed}, CASE WHEN {pending} THEN 'pending' ELSE 'posted' END, "
        f"(SELECT CASE WHEN {bill} THEN 'medical-' || month ELSE 'transit-' || day END FROM bench_day WHERE number = {day}), "
        f"CASE WHEN n % 1000 = 3 THEN {_id('(n - 1)', count)} END, CASE WHEN {pending} THEN {at} + 86400 END, "
        f"n / {ENVELOPE} + 1, n % {ENVELOPE}, n / {BLOCK} + 1 FROM {series}"
    )
    near = f"FROM entry WHERE seq BETWEEN {first} AND {last}"
    issuer = "CASE WHEN seq % 10 = 0 THEN '.medical-fund' ELSE '.card-issuer' END"
    yield (
        f"INSERT INTO posting ({POSTING_COLUMNS}) SELECT 2 * seq, seq, CASE WHEN state = 'posted' THEN window_id ELSE '' END, "
        f"substr(home, 1, 2) || {issuer}, sender, amount_fen, 'fare', 'invented', "
        f"CASE WHEN state = 'posted' THEN 'posted' ELSE 'reserved' END {near}"
    )
    yield (
        f"INSERT INTO posting ({POSTING_COLUMNS}) SELECT 2 * seq + 1, seq, window_id, substr(home, 1, 2) || '.medical-account', "
        f"sender, 1 + amount_fen / 5, 'account', 'invented', 'posted' {near} AND seq % 10 = 0"
    )
    taken_back = f"SELECT seq, 'reverse', seq + 1, block {near} AND seq % 1000 = 2"
    yield f"INSERT INTO resolution (entry, change, by_entry, block) {taken_back}"


def _after(count: int, blob: str) -> Iterator[str]:
    for name, place in INDEXES.items():
        yield f"CREATE INDEX {name} ON {place}"
    days = "SELECT 'transit-' || day AS id, 'transit' AS cycle, number FROM bench_day UNION "
    days += "SELECT 'medical-' || month, 'medical', MIN(number) FROM bench_day GROUP BY month"
    opened = f"SELECT id, cycle, 'open', {STARTED} + number * 86400 FROM ({days}) AS d"
    yield f"INSERT INTO settlement_window (id, cycle, stage, opened_at) {opened}"
    yield (
        "INSERT INTO balance (party, window_id, pays_fen, receives_fen, pays_reserved_fen, receives_reserved_fen) "
        "SELECT party, window_id, SUM(pays), SUM(receives), 0, 0 FROM ("
        "SELECT debtor AS party, window_id, amount_fen AS pays, 0 AS receives FROM posting WHERE phase = 'posted' UNION ALL "
        "SELECT creditor, window_id, 0, amount_fen FROM posting WHERE phase = 'posted') AS sides GROUP BY party, window_id"
    )
    yield (
        "INSERT INTO owed (window_id, debtor, creditor, amount_fen) SELECT window_id, debtor, creditor, SUM(amount_fen) "
        "FROM posting WHERE phase = 'posted' GROUP BY window_id, debtor, creditor"
    )
    # What was signed is the same small text everywhere: drilling down opens the batch that was really signed.
    yield (
        "INSERT INTO envelope (seq, kind, digest, raw, node, signed_at, received_at, lines, path) "
        f"SELECT envelope, 'file', CAST(MIN(id) AS {blob}), CAST('{{}}' AS {blob}), MIN(sender), "
        f"MIN(occurred_at), MAX(occurred_at), {ENVELOPE}, '[]' "
        f"FROM entry WHERE seq <= {count} GROUP BY envelope"
    )
    yield "UPDATE settlement_window SET stage = 'pending' WHERE id < 'transit-2026-11-20' AND cycle = 'transit'"


def _history(store: Store) -> None:
    """Settled windows of the years before, each with its nets and payments."""
    dice = random.Random(1)
    with store.database.writing() as connection:
        windows, balances, payments = [], [], []
        for back in range(1, YEARS * 365):
            day = BEGAN - timedelta(days=back)
            id_, at = f"transit-{day:%Y-%m-%d}", int(day.timestamp())
            windows.append((id_, "transit", "open", at))
            for place, code in enumerate(("31", "32", "33", "34")):
                pays, other = dice.randrange(10**8), ("32", "33", "34", "31")[place]
                balances += [(f"{code}.card-issuer", id_, pays, 0, 0, 0), (f"{other}.transit-operator", id_, 0, pays, 0, 0)]
                state = "released" if back < 15 else "paid"
                parties = (f"{code}.card-issuer", f"{other}.transit-operator")
                payments.append((f"{id_}.{place + 1:04d}", id_, *parties, pays + 1, state, pays if state == "paid" else 0, at))
        insert = partial(store.database.insert, connection)
        insert("settlement_window", "id, cycle, stage, opened_at", windows)
        sides = "party, window_id, pays_fen, receives_fen, pays_reserved_fen, receives_reserved_fen"
        insert("balance", sides, balances)
        columns = "id, window_id, debtor, creditor, amount_fen, state, paid_fen, prepared_at"
        insert("instruction", columns, payments)
        driver(connection).execute(f"UPDATE settlement_window SET stage = 'settled' WHERE opened_at < {STARTED}")


def _desk(store: Store, count: int) -> None:
    """Disputes about postings here and there, their steps, and prepayments."""
    dice, at = random.Random(2), int(NOON.timestamp())
    ride = [10 * dice.randrange(count // 10) + 5 for _ in range(DISPUTES)]
    with store.database.writing() as connection:
        posted = store.database.among(
            connection,
            "SELECT posting.seq, creditor, debtor, id FROM posting JOIN entry ON entry.seq = entry WHERE posting.seq IN {these}",
            [2 * one for one in ride],
        )
        rows = [
            (seq, posting, side, "duplicate", 100, "rejected" if seq < DISPUTES - 300 else "opened", at, at + 86_400, *about)
            for seq, (posting, side, *about) in enumerate(posted, 1)
        ]
        columns = "seq, posting, opened_by, ground, disputed_fen, stage, since, deadline, against, message"
        store.database.insert(connection, "dispute", columns, rows)
        moves = [(2 * seq + part, seq, "open", "opened", "bench", "{}", at) for seq, *_ in rows for part in (0, 1)]
        store.database.insert(connection, "dispute_move", "seq, dispute, step, stage, actor, evidence, at", moves)
        pairs = [(a, b) for a in ("31", "32", "33", "34") for b in ("31", "32", "33", "34") if a != b]
        held = [
            (1 + seq, f"{a}.medical-fund", f"{b}.hospital-fund", 10**9, "allotted", f"invented {seq}", "a", "b", at)
            for seq, (a, b) in enumerate(pair for _ in range(50) for pair in pairs)
        ]
        store.database.insert(
            connection, "prefund", "seq, debtor, creditor, amount_fen, kind, reference, maker, checker, at", held
        )


def sign(store: Store) -> None:
    """One envelope that a province really signed, as long as they come, to drill down into."""
    consoles.enrol(store)
    rides = [
        a_ride(a_tap(counter=serial, terminal_serial=serial, moment=f"{NOON + timedelta(seconds=serial // 10):%Y%m%d%H%M%S}"))
        for serial in range(1, SIGNED + 1)
    ]
    _, signer, leaf = node_trust("33.node")
    consoles.send(store, rides, "33", signer, leaf)


def ride_id(serial: int) -> str:
    """The id of a really signed ride."""
    return f"T33010000001{NOON + timedelta(seconds=serial // 10):%Y%m%d%H%M%S}{serial % 10_000:04d}"


def office(of: Office) -> None:
    """Operators, what they asked for, and a chained log of what they did."""
    dice, names = random.Random(3), [f"operator{number:03d}" for number in range(OPERATORS)]
    for name in names:
        of.people.save(Operator(name, name, (Grant(Role.CLERK, dice.choice(("31", "32", "33", "34"))),)), NOON)
    of.people.save(Operator("bench", "bench", tuple(Grant(role, EVERYWHERE) for role in Role)), NOON)
    of.people.save(Operator("zhejiang", "zhejiang", tuple(Grant(role, "33") for role in Role)), NOON)
    with of.engine.execution_options(writes=True).connect() as connection, connection.begin():
        for table, rows in (("office_request", _requests(dice, names)), ("office_audit", _events(dice, names))):
            _insert(connection, table, rows)


def _insert(connection: Connection, table: str, rows: Iterator[tuple[object, ...]]) -> None:
    columns = {"office_request": REQUEST_COLUMNS, "office_audit": AUDIT_COLUMNS}[table]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * (columns.count(",") + 1))
    raw = driver(connection)
    raw.cursor().executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


REQUEST_COLUMNS = "id, kind, province, maker, subject, amount_fen, payload, reason, state, created_ms, expires_ms, outcome"
AUDIT_COLUMNS = "seq, at_ms, actor, province, action, subject, detail, previous, digest"


def request_key(dice: random.Random) -> str:
    """Where a deep page of requests begins."""
    number = dice.randrange(REQUESTS)
    return f"{to_ms(_asked_at(number))}_R{number:07d}"


def _asked_at(number: int) -> datetime:
    return NOON - timedelta(minutes=7 * (REQUESTS - number))


def _requests(dice: random.Random, names: list[str]) -> Iterator[tuple[object, ...]]:
    for number in range(REQUESTS):
        state = "pending" if number % 500 == 0 else dice.choice(("done", "done", "refused", "withdrawn", "expired"))
        at = to_ms(_asked_at(number))
        code, kind = dice.choice(("31", "32", "33", "34", "*")), dice.choice(("reversal", "limit", "release", "agree"))
        until = to_ms(NOON + timedelta(days=30)) if state == "pending" else at + 1
        yield f"R{number:07d}", kind, code, dice.choice(names), f"s{number}", number, "{}", "invented", state, at, until, ""


def _events(dice: random.Random, names: list[str]) -> Iterator[tuple[object, ...]]:
    previous, rare = BEGINNING, 1_009
    for seq in range(1, EVENTS + 1):
        at = NOON - timedelta(minutes=3 * (EVENTS - seq))
        action = "transactions.reveal" if seq % rare == 0 else dice.choice(("sign-in", "approvals.decide", "windows.move"))
        said = (dice.choice(names), dice.choice(("31", "32", "33", "34", "*")), action, f"s{seq % 5000}", canonical({"n": seq}))
        mine = digest(previous, seq, at.astimezone(UTC), *said)
        yield seq, to_ms(at), *said, previous, mine
        previous = mine
