"""Every column of every table changed by hand, past every guard: the audit finds it, or the column is declared as no money's."""

import shutil
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from cardstack.ca.certificate import Certificate
from cardstack.crypto.local import LocalSigner
from cardstack.settlement import amending, envelope
from cardstack.settlement.amending import Amendment
from cardstack.settlement.answer import Answer
from cardstack.settlement.audit import Fault, Finding
from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.dispute import Ground, Step
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.prefund import Change, Kind, Thresholds
from cardstack.settlement.transaction import Posting, Transaction
from cardstack.settlement.transit.lists import Kind as ListKind
from cardstack.settlement.window import Event
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.store import open_store
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.receiving import Arrival
from server.store.store import Store
from tests.ledgers import FUND, HOSPITAL, NODE, NOON, SCHEMES, Toy, bill, enrol, message_id, node_trust, submission
from tests.unit.server.desks import DAY, TWO

ELSEWHERE = {
    "outbox": "a node's own queue: its receiver's ledger tells",
    "setting": "no part of the ledger",
    "event": "the feed; what it says of payments and prepayments is held against these",
    "receipt": "signed for the sender, who holds it too",
    "refusal": "lines that were not taken; the oldest make room",
    "node": "changed by people: the office's own chain of records tells",
    "party": "changed by people: the office's own chain of records tells",
}
"""Tables of which the audit of the ledger says nothing, and who does."""
NO_MONEY = {
    "batch": {"relays"},  # as of its receipt
    "batch_result": {"posted_at", "receipt"},
    **{one: {"seq"} for one in ("dispute_move", "figure", "prefund", "prefund_increase", "prefund_threshold", "window_move")},
}
"""Columns that another number, time or word may stand in without any money moving otherwise."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with something in every table of money, without its guards."""
    path = tmp_path_factory.mktemp("tampered") / "ledger.db"
    store = enrol(open_store(f"sqlite:///{path}", SCHEMES))
    _, signer, leaf = node_trust()
    _send(store, signer, leaf, bill(1, 600, claim="a", account="p"), bill(2, 500, claim="b"), bill(3, 70, pending=True))
    _send(store, signer, leaf, bill(4, 40, claim="c"), bill(5, reverses=message_id(4)), batch=True)
    assert not store.submit([submission(bill(6, 13))], NOON)[0][0].stands
    store.take_in([_sealed(signer, leaf, bill(7))], NOON, sign=_receipt)
    _people(store)
    store.desk.adjust(Toy.cycle, Posting(HOSPITAL, FUND, Fen(30), "pool", "adjustment"), TWO, reason="x", now=NOON)
    for serial, concede in ((1, True), (2, False)):
        entry = store.transaction(message_id(serial))
        assert entry is not None
        (posting,) = store.postings(entry.seq)
        asked = {"opened_by": FUND, "ground": Ground.AMOUNT, "disputed_fen": Fen(30)}
        opened = store.desk.open_dispute(posting.seq, **asked, actor="lin", now=NOON)  # type: ignore[arg-type]  # of its names
        if concede:
            store.desk.step_dispute(opened.seq, Step.CONCEDE, actor="wang", checker="zhao", now=NOON)
    _pay(store)
    store.lapse(NOON + timedelta(days=3))
    assert store.audit().findings == ()
    store.close()
    amending.amend(())
    with sqlite3.connect(path) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
    raw.close()
    return path


def _receipt(digest: bytes, answers: Sequence[Answer]) -> bytes:
    return digest + bytes(len(answers))


def _people(store: Store) -> None:
    """What is kept of people's other work: a prepayment with its thresholds and an increase, a card list, a figure."""
    store.desk.change_prefund(Change(FUND, HOSPITAL, Fen(900), Kind.ALLOTTED, "invented"), TWO, now=NOON)
    store.desk.set_thresholds(FUND, HOSPITAL, Thresholds(60, 80), TWO, now=NOON)
    store.desk.ask_increase(DAY, FUND, HOSPITAL, Fen(500), actor="lin", reason="invented", now=NOON)
    store.desk.publish_list(ListKind.BLACK, frozenset({"12003310FFFFFFFF.0310009*"}), frozenset(), TWO, now=NOON)
    row = {**amending.plain(amending.rows("transit/fees", "fee")[0]), "since": "2027-01-01"}
    store.desk.add_figure(Amendment("transit/fees", "fee", row), TWO, now=NOON)


def _sealed(signer: LocalSigner, leaf: bytes, *sent: Transaction) -> Arrival:
    raw = envelope.seal(sent, signer, [leaf], NOON)
    path = {Certificate.parse(leaf).fingerprint: leaf}
    kept = Kept("envelope", sha256(raw).digest(), raw, str(NODE.name), NOON, tuple(path), path)
    return Arrival(kept, envelope.parse(raw), Node(NODE.name))


def _send(store: Store, signer: LocalSigner, leaf: bytes, *sent: Transaction, batch: bool = False) -> None:
    lines = [prepare(one, digest(canonical(one)), Node(NODE.name), SCHEMES) for one in sent]
    one = Submission(_sealed(signer, leaf, *sent).kept, lines, batch=batch, sign=_receipt if batch else None)
    assert all(answer.stands for answer in store.submit([one], NOON)[0])


def _pay(store: Store) -> None:
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    one = store.instruct(DAY, now=NOON)[0]
    store.desk.release(DAY, TWO, now=NOON)
    account = {str(party.name): party.account for party in store.parties()}[one.debtor]
    booked = BankLine(account, one.id, "b1", one.amount_fen, Side.DEBIT, NOON.date())
    store.desk.take_lines([booked], actor="bank", now=NOON)


def found(ledger: Path, copy: Path, statement: str) -> tuple[Finding, ...]:
    """What the audit finds after one statement."""
    shutil.copy(ledger, copy)
    with sqlite3.connect(copy) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        assert raw.execute(statement).rowcount == 1
    raw.close()
    store = Store(f"sqlite:///{copy}", SCHEMES)
    try:
        return store.audit().findings
    finally:
        store.close()


def tables(ledger: Path) -> dict[str, dict[str, str]]:
    """The columns of each table with their types, of those that have a row; the office has a chain of its own."""
    with sqlite3.connect(ledger) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        kept = [one for one in names if not one.startswith(("sqlite_", "office_", "alembic_")) and one not in ELSEWHERE]
        held = [one for one in kept if raw.execute(f"SELECT COUNT(*) FROM {one}").fetchone()[0]]
        said = {one: {row[1]: row[2] for row in raw.execute(f"PRAGMA table_info({one})")} for one in held}
    raw.close()
    return said


@pytest.mark.slow
def test_what_anybody_changes_by_hand_is_found(ledger: Path, tmp_path: Path) -> None:
    """A row deleted, a column made another: of all that money hangs on, nothing changes unseen, and nothing stops the audit."""
    unseen: dict[str, set[str]] = {}
    for table, columns in tables(ledger).items():
        last = f"WHERE rowid = (SELECT MAX(rowid) FROM {table})"
        if not found(ledger, tmp_path / "copy.db", f"DELETE FROM {table} {last}"):
            unseen.setdefault(table, set()).add("the row itself")
        for name, kind in columns.items():
            other = "x'00'" if "BLOB" in kind else f"{name} + 1" if "INT" in kind else f"{name} || 'x'"
            other = f"1 - {name}" if kind == "BOOLEAN" else other
            if not found(ledger, tmp_path / "copy.db", f"UPDATE {table} SET {name} = COALESCE({other}, 1) {last}"):
                unseen.setdefault(table, set()).add(name)
    assert unseen == NO_MONEY


STEPS = {
    f"UPDATE settlement_window SET stage = 'open' WHERE id = '{DAY}'": f"window {DAY}",
    f"UPDATE settlement_window SET stage = 'settled' WHERE id = '{DAY}'": f"window {DAY}",
    "UPDATE dispute SET stage = 'withdrawn' WHERE seq = 1": "dispute 1",
    "UPDATE dispute SET disputed_fen = 31 WHERE seq = 1": "dispute 1",
    "UPDATE dispute SET stage = 'upheld' WHERE seq = 2": "dispute 2",
    f"UPDATE instruction SET state = 'prepared', paid_fen = 0 WHERE id = '{DAY}.001'": f"payment {DAY}.001",
    f"UPDATE instruction SET state = 'paid', paid_fen = amount_fen WHERE id = '{DAY}.002'": f"payment {DAY}.002",
    f"UPDATE bank_line SET amount_fen = amount_fen - 1 WHERE reference = '{DAY}.001'": f"payment {DAY}.001",
    "DELETE FROM bank_line": f"payment {DAY}.001",
    "UPDATE prefund SET amount_fen = 2000": "prepayment change 1",
    "UPDATE prefund SET checker = maker": "prepayment change 1",
}
LINES = f"bank lines of {NOON.isoformat()}"


@pytest.mark.parametrize("statement", STEPS)
def test_what_stands_where_no_step_leads_is_named(ledger: Path, tmp_path: Path, statement: str) -> None:
    """A window opened again, a dispute withdrawn behind its correction, a payment paid by nobody: itself and nothing else."""
    places = [LINES, STEPS[statement]] if "bank_line" in statement else [STEPS[statement]]
    assert found(ledger, tmp_path / "copy.db", statement) == tuple(Finding(Fault.STAGE, one) for one in places)


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("DELETE FROM claim WHERE claim = 'a'", 1),
        ("UPDATE claim SET claim = 'other' WHERE claim = 'b'", 2),
        ("INSERT INTO claim (scheme, claim, entry) VALUES ('toy', 'c', 4)", 4),
    ],
)
def test_a_claim_that_was_freed_or_made_up_is_named(ledger: Path, tmp_path: Path, statement: str, entry: int) -> None:
    """A bill whose number was made free could be settled again; one that was taken back holds nothing."""
    assert found(ledger, tmp_path / "copy.db", statement) == (Finding(Fault.CLAIM, f"entry {entry}"),)


WRITTEN = {
    "UPDATE envelope SET node = '31.hub' WHERE seq = 1": Finding(Fault.RECORD, "envelope 1"),
    "UPDATE envelope SET lines = 2 WHERE seq = 1": Finding(Fault.RECORD, "envelope 1"),
    "UPDATE envelope SET received_at = received_at - 1 WHERE seq = 1": Finding(Fault.RECORD, "envelope 1"),
    "UPDATE envelope SET signed_at = signed_at - 1 WHERE seq = 1": Finding(Fault.CONTENT, "envelope 1"),
    "UPDATE block SET sealed_at = sealed_at + 60 WHERE seq = 2": Finding(Fault.RECORD, "block 2"),
    "UPDATE accumulation SET entry = 2": Finding(Fault.TOTAL, "entry 1"),
    "UPDATE window_move SET actor = 'lin' WHERE seq = 1": Finding(Fault.STAGE, f"window {DAY}"),
    "UPDATE settlement_window SET opened_at = opened_at - 1": Finding(Fault.STAGE, f"window {DAY}"),
    "UPDATE dispute SET disputed_fen = 29 WHERE seq = 2": Finding(Fault.STAGE, "dispute 2"),
    "UPDATE dispute SET deadline = deadline + 1 WHERE seq = 2": Finding(Fault.STAGE, "dispute 2"),
    "UPDATE dispute_move SET evidence = '{}' || ' ' WHERE seq = 3": Finding(Fault.STAGE, "dispute 2"),
    "UPDATE instruction SET prepared_at = 0 WHERE id LIKE '%.001'": Finding(Fault.STAGE, f"payment {DAY}.001"),
    "UPDATE card_list SET changes = x'00'": Finding(Fault.RECORD, "card list black"),
    "UPDATE prefund_increase SET amount_fen = 600": Finding(Fault.STAGE, "prepayment increase 1"),
}


@pytest.mark.parametrize("statement", WRITTEN)
def test_what_is_not_as_it_was_told_or_signed_is_named(ledger: Path, tmp_path: Path, statement: str) -> None:
    """Who, when and how much in a row, beside the bytes that were signed and what was told when it was written."""
    assert WRITTEN[statement] in found(ledger, tmp_path / "copy.db", statement)
