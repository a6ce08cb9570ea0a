"""A T+1 transit file from bytes to the ledger's columns and on into the ledger; the same journeys in signed batches; TACs.

Beside the ledger is the driver's bare executemany of as many rows as the file becomes: entries, their claims and postings.
"""

import tempfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time

from msgspec import structs, to_builtins

from bench.harness import Measure, measure, report
from bench.ledger_posting import floor_sqlite, rows
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.settlement.bulk.transit_file import batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.envelope import LINES_MAX, parse, seal_lines
from cardstack.settlement.node import Node
from cardstack.settlement.receiving import prepared
from cardstack.settlement.schemes.transit import TRANSIT
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import Tap, read_tap
from cardstack.settlement.wire import canonical
from cardstack.text import Text
from cardstack.values import Fen
from server.serving import collect_seldom
from server.store import open_store
from server.store.commit import Kept
from server.store.values import Participant
from tests.ledgers import ANY_SIGNER, NOON

SENDER = Party("33.transit-operator")
ISSUER = "02002900FFFFFFFF"
PER_CARD = 8
FILE = 100_000
"""Journeys of the file that is posted."""
PARTIES = ("31.card-issuer", "33.transit-operator", "31.card-sponsor", "00.clearing-centre")


def a_tap(n: int) -> Tap:
    """An invented journey: eight a card, five fares, sixteen hours."""
    tap = read_tap(
        {
            "issuer": ISSUER,
            "card": f"031000200000{n // PER_CARD:08d}",
            "counter": n % PER_CARD,
            "balance_fen": 50_000,
            "amount_fen": (200 + 100 * (n % 5)) * 91 // 100,
            "gross_fen": 200 + 100 * (n % 5),
            "kind": 9,
            "terminal": "331000000001",
            "terminal_serial": n,
            "moment": f"20261012{6 + n % 16:02d}{n % 60:02d}00",
            "city": "3310",
            "card_city": "2900",
            "acquirer": "12003310FFFFFFFF",
            "industry": "02",
            "tac": "00000000",
            "line": "7路",
        }
    )
    key = TEST_ROOT.issuer_key(bytes.fromhex(ISSUER), Block.TRIPLE_DES, 1)
    assert key is not None
    return structs.replace(tap, tac=tap.tac_under(key))


def a_line(n: int) -> bytes:
    """The line of such a journey in a file."""
    return line_of(a_tap(n), message_id(n), "310000", "330100")


def a_message(n: int) -> bytes:
    """The line of such a journey in a signed batch."""
    tap = a_tap(n)
    amount = Fen(tap.amount_fen)
    body = {"tap": to_builtins(tap)}
    return canonical(Transaction(message_id(n), "transit", "fare", SENDER, "310000", "330100", tap.at, amount, body))


def message_id(n: int) -> MessageId:
    """Its message id, sent the day after."""
    return MessageId(f"T330100000012026101302{n // 10_000:02d}00{n % 10_000:04d}")


def posted(body: bytes, folder: Path) -> None:
    """A file's journeys into an empty ledger, durable; then as many rows, batch by batch, without one."""
    store = open_store(f"sqlite:///{folder}/ledger.db", {TRANSIT.name: TRANSIT})
    for party in PARTIES:
        store.register_party(Participant(Party(party), Text(party, party), party, None, NOON))
    kept, later = Kept("file", sha256(body).digest(), b"", str(SENDER), NOON), NOON + timedelta(days=1)
    made, began = [], perf_counter()
    for batch in batches(body, TRANSIT, SENDER):
        taken = store.post_many(batch.columns, kept, later)
        assert set(taken.outcomes) == {"accepted"}
        made.append(2 * len(batch.columns.ids) + len(batch.columns.owners))
    ours = Measure(FILE, perf_counter() - began)
    store.close()
    insert, took = floor_sqlite(folder), 0.0
    for count in made:
        given = rows(count)
        began = perf_counter()
        insert(given)
        took += perf_counter() - began
    name = f"transit file, bytes to the ledger, {sum(made) / FILE:.1f} rows a line"
    report(name, ours, Measure(FILE, took), "sqlite executemany of as many rows, nothing read or checked")


def main() -> None:
    """Print the lines."""
    collect_seldom()  # as the service does
    body = b"".join(map(a_line, range(FILE)))

    def read(count: int) -> None:
        part = body[: count * LAYOUT.size]
        assert sum(len(batch.columns.ids) for batch in batches(part, TRANSIT, SENDER)) == count

    name = "transit file, bytes to columns of postings"
    report(name, measure(read, FILE, rounds=3), floor_per_second=30_000)
    by_columns = measure(read, FILE, rounds=3, clock=process_time)
    report(f"{name}, own seconds", by_columns, floor_per_second=30_000)
    with tempfile.TemporaryDirectory() as folder:
        posted(body, Path(folder))
    batch = seal_lines([a_message(n) for n in range(LINES_MAX)], ANY_SIGNER, [b""], NOON)

    def judge(count: int) -> None:
        for _ in range(max(1, count // LINES_MAX)):
            lines = prepared(parse(batch), Node(SENDER), {"transit": TRANSIT})
            assert all(line.plain for _, line in lines)

    name = "the same in signed batches, bytes to postings, own seconds"
    report(name, measure(judge, 3 * LINES_MAX, rounds=3, clock=process_time), by_columns, "transit file")
    key = bytes(16)
    for block in Block:

        def at_once(count: int, block: Block = block) -> None:
            tacs(key, [(n // PER_CARD).to_bytes(8) for n in range(count)], [n.to_bytes(22) for n in range(count)], block)

        def one_by_one(count: int, block: Block = block) -> None:
            for n in range(count):
                card = cryptogram.diversify(key, (n // PER_CARD).to_bytes(8), block)
                cryptogram.tac(card, n.to_bytes(22), block)

        ours, peer = measure(at_once, 80_000, rounds=3), measure(one_by_one, 8_000, rounds=3)
        report(f"TACs verified, {block}, {PER_CARD} a card", ours, peer, "one at a time")


if __name__ == "__main__":
    main()
