"""Forging a ledger: rows changed past every guard, with the whole chain and all sums made to fit."""

from typing import Any

from cardstack.settlement.ledger import GENESIS, EntryRow, PostingRow, ResolutionRow, balances, flows, owed, sealed
from cardstack.settlement.transaction import Party
from server.store.commit import ENTRY_COLUMNS, POSTING_COLUMNS
from server.store.store import Store
from tests.ledgers import BUS, FUND, HOSPITAL

PARTIES = (
    FUND,
    HOSPITAL,
    BUS,
    *(Party(f"{code}.{role}") for code in ("31", "33") for role in ("card-issuer", "card-sponsor", "city-finance")),
    Party("00.clearing-centre"),
)


def forge(store: Store, *statements: str, **raw: bytes) -> None:
    """Change rows past every guard, then make balances, sums and the whole chain fit what was changed."""
    with store.database.writing() as connection:

        def everything(query: str) -> list[Any]:
            return store.database.all(connection, query)

        for (name,) in everything("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement, tuple(raw.values()) if "?" in statement else ())
        postings = [PostingRow(*row) for row in everything(f"SELECT {POSTING_COLUMNS} FROM posting ORDER BY seq")]
        connection.exec_driver_sql("DELETE FROM balance")
        connection.exec_driver_sql("DELETE FROM owed")
        moved = flows(postings)
        columns = "party, window_id, pays_fen, receives_fen, pays_reserved_fen, receives_reserved_fen"
        store.database.insert(connection, "balance", columns, balances(moved))
        store.database.insert(connection, "owed", "window_id, debtor, creditor, amount_fen", owed(moved))
        entries = [
            EntryRow._make((*row[:9], bytes(row[9]), *row[10:])) for row in everything(f"SELECT {ENTRY_COLUMNS} FROM entry")
        ]
        changes = [ResolutionRow(*row) for row in everything("SELECT entry, change, by_entry, block FROM resolution")]
        judged_by = {block: bytes(digest) for block, digest in everything("SELECT block, digest FROM figure_set")}
        previous = GENESIS
        for seq, first, count, begin, number in everything(
            "SELECT seq, first_entry, entries, first_posting, postings FROM block"
        ):
            mine = sorted((one for one in changes if one.block == seq), key=lambda one: (one.by_entry or 0, one.entry))
            own = [one for one in entries if first <= one.seq < first + count]
            made = [one for one in postings if begin <= one.seq < begin + number]
            hash_ = sealed(previous, own, made, mine, judged_by.get(seq, b""))
            connection.exec_driver_sql("UPDATE block SET previous = ?, hash = ? WHERE seq = ?", (previous, hash_, seq))
            previous = hash_


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    """What the database says."""
    with store.view() as view:
        return [tuple(row) for row in view.all(query)]
