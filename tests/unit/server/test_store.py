"""The ledger in its store: outcomes in order, rows that stay, windows that close, money that sums to zero."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError

from cardstack.errors import Refused
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.audit import Fault
from cardstack.settlement.columns import Columns
from cardstack.settlement.ledger import State
from cardstack.settlement.netting import Position
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import MessageId, Party, Posting, Transaction
from cardstack.settlement.window import Event, Stage
from cardstack.values import Fen
from server.store import open_store, reads
from server.store.commit import Kept
from server.store.engine import Database, set_query
from server.store.store import Store
from tests.ledgers import BUS, FUND, HOSPITAL, NOON, SCHEMES, Toy, bill, enrol, message_id, submission
from tests.unit.server.desks import TWO

DAY = "toy-2026-11-22"


def send(store: Store, *transactions: Transaction) -> list[Answer]:
    return store.submit([submission(*transactions)], NOON)[0]


def outcomes(store: Store, *transactions: Transaction) -> list[Outcome]:
    return [answer.outcome for answer in send(store, *transactions)]


def nets(store: Store, window: str = DAY) -> dict[Party, Fen]:
    return {one.party: one.net_fen for one in store.positions(window)}


def test_an_accepted_line_is_booked_with_its_postings(store: Store) -> None:
    """The entry, its posting, the window, the balances and the envelope are there after one commit."""
    (answer,) = send(store, bill(1, 100))
    assert (answer.outcome, answer.window, answer.state) == (Outcome.ACCEPTED, DAY, "posted")
    entry = store.transaction(message_id(1))
    assert entry is not None
    assert [(one.posting.debtor, one.posting.amount_fen) for one in store.postings(entry.seq)] == [(FUND, 80)]
    assert nets(store) == {FUND: -80, HOSPITAL: 80}
    envelope = store.envelope(entry.envelope)
    assert envelope is not None
    assert b'"amount_fen":100' in envelope.raw
    assert [one.kind for one in store.events()] == ["envelope-accepted"]


def test_a_retry_gets_the_first_answer_and_other_content_a_conflict(store: Store) -> None:
    """Within one batch as across batches; nothing is booked twice."""
    first, again, other = send(store, bill(1), bill(1), bill(1, 101))
    assert [one.outcome for one in (first, again, other)] == [Outcome.ACCEPTED, Outcome.REPEATED, Outcome.CONFLICTING]
    (later,) = send(store, bill(1))
    assert (later.outcome, later.entry, later.window) == (Outcome.REPEATED, first.entry, first.window)
    assert nets(store)[HOSPITAL] == 80


def test_each_outcome_has_its_case(store: Store) -> None:
    """What is refused says why, and books nothing."""
    assert outcomes(store, bill(1, 13)) == [Outcome.REFUSED]
    assert outcomes(store, bill(2, debtor="99.nobody")) == [Outcome.UNKNOWN_PARTY]
    assert outcomes(store, bill(3, at=NOON + timedelta(hours=1))) == [Outcome.IN_FUTURE]
    assert outcomes(store, bill(4, reverses=message_id(99))) == [Outcome.UNKNOWN_REFERENCE]
    assert outcomes(store, bill(5, sender=Party("33.someone-else"))) == [Outcome.NOT_YOURS]
    assert outcomes(store, bill(6, claim="a"), bill(7, claim="a")) == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert outcomes(store, bill(8, claim="a")) == [Outcome.DUPLICATE]
    assert outcomes(store, bill(9, 600, account="p", before=0)) == [Outcome.ACCEPTED]
    assert outcomes(store, bill(10, 1, account="p", before=0), bill(11, 500, account="p")) == [Outcome.STALE, Outcome.OVER_CAP]
    assert nets(store)[HOSPITAL] == 80 + 480


def test_a_reversal_restores_everything_once(store: Store) -> None:
    """Money, claim and running total are as before; a second reversal, and a reversal of the reversal, are refused."""
    send(store, bill(1, 600, claim="a", account="p"))
    assert outcomes(store, bill(2, 600, reverses=message_id(1))) == [Outcome.ACCEPTED]
    assert set(nets(store).values()) == {0}
    entry = store.transaction(message_id(1))
    assert entry is not None
    assert entry.state is State.REVERSED
    assert outcomes(store, bill(3, reverses=message_id(1)), bill(4, reverses=message_id(2))) == [Outcome.RESOLVED_REFERENCE] * 2
    assert outcomes(store, bill(5, 600, claim="a", account="p", before=0)) == [Outcome.ACCEPTED]


def test_what_is_taken_back_in_its_own_commit_is_free_again(store: Store) -> None:
    """A bill settled, reversed and settled again in one batch; and one that was only reversed there, in the next."""
    again = [bill(1, 600, claim="a"), bill(2, reverses=message_id(1)), bill(3, 500, claim="a")]
    assert outcomes(store, *again) == [Outcome.ACCEPTED] * 3
    assert outcomes(store, bill(4, 500, claim="a")) == [Outcome.DUPLICATE]
    assert outcomes(store, bill(5, claim="b"), bill(6, reverses=message_id(5))) == [Outcome.ACCEPTED] * 2
    assert outcomes(store, bill(7, claim="b")) == [Outcome.ACCEPTED]


def test_no_commit_looks_at_every_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it asks of them is searched by their index, however many the ledger holds."""
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    asked: list[tuple[str, Any]] = []
    among = Database.among

    def noted(self: Database, connection: Any, query: str, values: Any) -> list[Any]:
        asked.append(set_query(query, list(values), is_sqlite=True))
        return among(self, connection, query, values)

    monkeypatch.setattr(Database, "among", noted)
    send(store, bill(1, claim="a"))
    send(store, bill(2, claim="a"), bill(3, reverses=message_id(1)))
    with sqlite3.connect(tmp_path / "ledger.db") as raw:
        told = [" ".join(str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {query}", values)) for query, values in asked]
    claims = [plan for plan in told if " claim" in plan]
    assert claims
    assert all("SEARCH claim" in plan for plan in claims)
    store.close()


def test_a_pending_entry_reserves_until_it_is_posted_or_voided(store: Store) -> None:
    """Reserved money is in no window; posting books it, voiding lets it go, each only once."""
    assert [one.state for one in send(store, bill(1, pending=True), bill(2, pending=True))] == ["pending", "pending"]
    assert nets(store) == {}
    assert outcomes(store, bill(3, posts=message_id(1)), bill(4, voids=message_id(2))) == [Outcome.ACCEPTED] * 2
    assert nets(store) == {FUND: -80, HOSPITAL: 80}
    assert outcomes(store, bill(5, voids=message_id(1)), bill(6, posts=message_id(2))) == [Outcome.RESOLVED_REFERENCE] * 2
    states = [one.state for one in (store.transaction(message_id(1)), store.transaction(message_id(2))) if one]
    assert states == [State.POSTED, State.VOIDED]
    assert outcomes(store, bill(7, reverses=message_id(1))) == [Outcome.ACCEPTED]
    assert set(nets(store).values()) == {0}


def test_a_part_of_what_is_pending_may_be_posted(store: Store) -> None:
    """The rest is let go; more than is reserved, or nothing, is refused; a reversal takes back the part that was posted."""
    send(store, bill(1, pending=True), bill(2, 100, pending=True, account="p"))
    wrong: tuple[object, ...] = ([81], [0], [], [10, 10], [True], "30", [-1])
    refused = send(store, *(bill(10 + serial, posts=message_id(1), amounts_fen=one) for serial, one in enumerate(wrong)))
    assert {(one.outcome, one.reason and one.reason.code) for one in refused} == {(Outcome.REFUSED, "not-a-part")}
    assert outcomes(store, bill(3, posts=message_id(2), amounts_fen=[10])) == [Outcome.REFUSED]  # it moves a running total
    assert outcomes(store, bill(4, posts=message_id(1), amounts_fen=[30])) == [Outcome.ACCEPTED]
    assert nets(store) == {FUND: -30, HOSPITAL: 30}
    assert [one.pays_fen for one in reserved(store)] == [80, 0]
    assert outcomes(store, bill(5, posts=message_id(1), amounts_fen=[50])) == [Outcome.RESOLVED_REFERENCE]
    assert outcomes(store, bill(6, reverses=message_id(1))) == [Outcome.ACCEPTED]
    assert set(nets(store).values()) == {0}
    first, part, back = bill(20, pending=True), bill(21, posts=message_id(20), amounts_fen=[5]), bill(22, reverses=message_id(20))
    assert outcomes(store, first, part, back) == [Outcome.ACCEPTED] * 3
    assert set(nets(store).values()) == {0}
    assert store.audit(signatures=False).findings == ()


def reserved(store: Store) -> tuple[Position, ...]:
    with store.view() as view:
        return reads.reserved(view)


def test_what_each_owes_each_needs_no_look_at_the_lines(store: Store) -> None:
    """The sums are kept at each commit, hold their own against the postings, and the audit sees one that was changed."""
    send(store, bill(1), bill(2, debtor=str(BUS)), bill(3, 200))
    assert [tuple(one) for one in store.owed(DAY)] == [(FUND, HOSPITAL, 240), (BUS, HOSPITAL, 80)]
    assert outcomes(store, bill(4, reverses=message_id(1))) == [Outcome.ACCEPTED]
    assert (HOSPITAL, FUND, 80) in [tuple(one) for one in store.owed(DAY)]
    assert store.audit(signatures=False).findings == ()
    with store.database.writing() as connection:
        store.database.run(connection, "UPDATE owed SET amount_fen = ? WHERE debtor = ?", [(1, str(BUS))])
    assert [one.fault for one in store.audit(signatures=False).findings] == [Fault.BALANCE]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM owed",
        "UPDATE posting SET amount_fen = 1",
        "DELETE FROM posting",
        "UPDATE entry SET amount_fen = 1",
        "DELETE FROM entry",
        "DELETE FROM block",
        "UPDATE balance SET pays_fen = 0",
        "DELETE FROM balance",
        "INSERT INTO posting VALUES (9, 1, 'toy-2026-11-22', 'a', 'a', 5, 'k', 'r', 'posted')",
        "INSERT INTO posting VALUES (9, 1, 'toy-2026-11-22', 'a', 'b', 0, 'k', 'r', 'posted')",
    ],
)
def test_what_is_booked_stays(store: Store, statement: str) -> None:
    """The database itself refuses to change or remove a row, to book nonsense, and to post into a closed window."""
    send(store, bill(1))
    store.close_window(DAY, actor="clerk", now=NOON)
    with pytest.raises(DatabaseError), store.database.writing() as connection:
        connection.exec_driver_sql(statement)


def test_late_transactions_fall_into_the_next_window(store: Store) -> None:
    """A closed window keeps its nets; windows close in order, also those that nothing fell into."""
    send(store, bill(1))
    store.close_window(DAY, actor="clerk", now=NOON)
    before = store.positions(DAY)
    (answer,) = send(store, bill(2))
    assert answer.window == "toy-2026-11-23"
    assert store.positions(DAY) == before
    for moment, code in ((NOON, "CS-3021"), (NOON + timedelta(days=2), "CS-3020")):
        with pytest.raises(Refused) as caught:
            store.close_window("toy-2026-11-24", actor="clerk", now=moment)
        assert caught.value.code == code
    store.close_window("toy-2026-11-23", actor="clerk", now=NOON)
    store.close_window("toy-2026-11-24", actor="clerk", now=NOON)
    assert send(store, bill(3))[0].window == "toy-2026-11-25"


def test_a_window_is_settled_by_payments_that_sum_to_its_nets(store: Store) -> None:
    """Payments are made once the nets are agreed, and only once."""
    send(store, bill(1, 1000))
    with pytest.raises(Refused):
        store.instruct(DAY, now=NOON)
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    made = store.instruct(DAY, now=NOON)
    assert [(one.debtor, one.creditor, one.amount_fen) for one in made] == [
        (FUND, "00.settlement-account", 800),
        ("00.settlement-account", HOSPITAL, 800),
    ]
    assert store.instruct(DAY, now=NOON) == made
    assert [one.instruction for one in store.instructions(DAY)] == list(made)
    assert [move.stage for move in store.moves(DAY)] == [Stage.CLOSED, Stage.IN_RECONCILIATION, Stage.PENDING]


def test_a_limit_holds_back_what_would_pass_it(store: Store) -> None:
    """What the payer receives makes room again; pending money takes room too."""
    limited = store.parties()[0]
    assert limited.name == FUND
    store.register_party(type(limited)(FUND, limited.title, limited.account, Fen(100), NOON))
    assert outcomes(store, bill(1, 100), bill(2, 100), bill(3, 25)) == [Outcome.ACCEPTED, Outcome.OVER_LIMIT, Outcome.ACCEPTED]
    assert outcomes(store, bill(4, 5)) == [Outcome.OVER_LIMIT]
    assert outcomes(store, bill(5, 100, reverses=message_id(1)), bill(6, 100, pending=True), bill(7, 5)) == [
        Outcome.ACCEPTED,
        Outcome.ACCEPTED,
        Outcome.OVER_LIMIT,
    ]


def test_a_relaying_node_speaks_for_its_province(store: Store) -> None:
    """A province's node passes on what its hospitals did; a node of another province may not."""
    hub, stranger = Node(Party("33.hub"), relays=True), Node(Party("32.hub"), relays=True)
    answers = store.submit([submission(bill(1), node=stranger), submission(bill(1), node=hub)], NOON)
    assert [one.outcome for (one,) in answers] == [Outcome.NOT_YOURS, Outcome.ACCEPTED]


def test_columns_and_lines_make_the_same_ledger(store: Store, tmp_path: Path) -> None:
    """The set-based way gives the outcomes, nets and entries of the one-by-one way."""
    bills = [bill(serial, 100 + serial, claim=f"c{serial % 7}") for serial in range(10)]
    bills += [bill(3, 103, claim="c3"), bill(4, 999), bill(20, 50, claim=None, debtor="99.nobody")]
    one_by_one = outcomes(store, *bills)
    other = enrol(open_store(f"sqlite:///{tmp_path}/other.db", SCHEMES))
    lines = submission(*bills).lines
    toy = Toy()
    postings = [(place, one) for place, line in enumerate(lines) for one in line.postings]
    columns = Columns(
        scheme="toy",
        kind="settle",
        sender=bills[0].sender,
        cycle=toy.cycle,
        ids=[str(one.id) for one in bills],
        digests=[line.digest for line in lines],
        homes=[one.home for one in bills],
        treatings=[one.treating for one in bills],
        occurred_at=[int(one.occurred_at.timestamp()) for one in bills],
        amounts_fen=[one.amount_fen for one in bills],
        lines=list(range(len(bills))),
        owners=[place for place, _ in postings],
        debtors=[str(one.debtor) for _, one in postings],
        creditors=[str(one.creditor) for _, one in postings],
        posting_amounts_fen=[one.amount_fen for _, one in postings],
        posting_kinds=[one.kind for _, one in postings],
        rules=[one.rule for _, one in postings],
        claims=[(line.claims or ("",))[0] for line in lines],
    )
    kept = Kept("file", sha256(b"file").digest(), b"file", "33.hub", NOON)
    posted = other.post_many(columns, kept, NOON)
    assert posted.outcomes == [one.value for one in one_by_one]
    assert other.positions(DAY) == store.positions(DAY)
    assert [one.id for one in other.transactions()] == [one.id for one in store.transactions()]
    assert set(other.post_many(columns, kept, NOON).outcomes) <= {"repeated", "conflicting", "duplicate", "unknown-party"}
    other.close()


def test_a_file_is_held_to_what_its_sender_may_send(store: Store) -> None:
    """Lines between two other provinces, of tomorrow, and one of an unknown party that comes twice: each by its own outcome."""

    def columns(**changed: Any) -> Columns:
        told: dict[str, Any] = {
            "scheme": "toy", "kind": "settle", "sender": Party("33.hub"), "cycle": Toy().cycle,
            "ids": [str(message_id(1))], "digests": [b"1" * 32], "homes": ["310000"], "treatings": ["330100"],
            "occurred_at": [int(NOON.timestamp())], "amounts_fen": [10], "lines": [1], "owners": [0], "debtors": [str(FUND)],
            "creditors": [str(HOSPITAL)], "posting_amounts_fen": [8], "posting_kinds": ["pool"], "rules": ["toy.share"],
        }  # fmt: skip
        return Columns(**{**told, **changed})

    kept = Kept("file", sha256(b"file").digest(), b"file", "33.hub", NOON)

    def answers(**changed: Any) -> list[str]:
        return list(store.post_many(columns(**changed), kept, NOON).outcomes)

    assert answers(treatings=["320100"]) == ["not-yours"]
    assert answers(ids=[str(MessageId.of("ADJUSTMENT00", NOON, 1))]) == ["not-yours"]
    assert answers(occurred_at=[int(NOON.timestamp()) + 301]) == ["in-future"]
    twice: dict[str, Any] = {name: getattr(columns(), name) * 2 for name in ("ids", "digests", "homes", "treatings")}
    twice |= {name: getattr(columns(), name) * 2 for name in ("occurred_at", "amounts_fen", "lines")}
    assert answers(**twice, debtors=["99.nobody"]) == ["unknown-party", "unknown-party"]
    assert answers(**twice) == ["accepted", "repeated"]


def test_the_migrations_make_the_declared_tables(store: Store) -> None:
    """What the migrations build is what the tables declare."""
    from alembic import command

    from server.store.store import _alembic

    with store.database.writing() as connection:
        command.check(_alembic(connection))


def test_a_commit_is_whole_or_nothing(store: Store) -> None:
    """Where one row is refused by the database, no row of the commit stays."""
    twice = [("a", "b"), ("a", "c")]

    def write() -> None:
        with store.database.writing() as connection:
            store.database.run(connection, "INSERT INTO setting (name, value) VALUES (?, ?)", twice)

    with pytest.raises((DatabaseError, sqlite3.Error, psycopg.Error)):
        write()
    with store.view() as view:
        assert view.all("SELECT * FROM setting") == []
    assert BUS in {one.name for one in store.parties()}


def test_the_auditor_finds_nothing_in_a_good_ledger(store: Store) -> None:
    """Acceptance, reversal, pending, posting, voiding, settlement: everything follows from what was sent."""
    send(store, bill(1, 600, claim="a", account="p"), bill(2, pending=True), bill(3, pending=True))
    send(store, bill(4, 600, reverses=message_id(1)), bill(5, posts=message_id(2)), bill(6, voids=message_id(3)))
    send(store, bill(7, reverses=message_id(2)), bill(8, 50))
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    store.instruct(DAY, now=NOON)
    report = store.audit(signatures=False)
    assert report.findings == ()
    assert (report.blocks, report.entries) == (3, 8)


TAMPERINGS = {
    "UPDATE posting SET amount_fen = amount_fen + 1 WHERE seq = 1": {Fault.CHAIN, Fault.BALANCE},
    "UPDATE posting SET creditor = '33.transit-operator' WHERE seq = 1": {Fault.CHAIN, Fault.BALANCE, Fault.REVERSAL},
    "DELETE FROM posting WHERE seq = 1": {Fault.CHAIN, Fault.NUMBERING, Fault.BALANCE, Fault.REVERSAL},
    "UPDATE entry SET amount_fen = 7 WHERE seq = 1": {Fault.CHAIN},
    "DELETE FROM resolution": {Fault.CHAIN},
    "UPDATE balance SET pays_fen = pays_fen + 1 WHERE party = '31.medical-fund'": {Fault.BALANCE, Fault.NET},
    "UPDATE total SET total_fen = 5": {Fault.TOTAL},
    "UPDATE block SET hash = previous WHERE seq = 1": {Fault.CHAIN},
    "UPDATE instruction SET amount_fen = amount_fen + 1": {Fault.PAYMENT},
}


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_the_auditor_names_what_was_tampered_with(tmp_path: Path, statement: str) -> None:
    """Past every guard of the database, by its owner with an editor; the fault and nothing unrelated is named."""
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    send(store, bill(1, 600, account="p"), bill(2, 50))
    send(store, bill(3, 600, reverses=message_id(1)))
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    store.instruct(DAY, now=NOON)
    with store.database.writing() as connection:
        for (name,) in store.database.all(connection, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(statement)
    found = {one.fault for one in store.audit(signatures=False).findings}
    follows = {Fault.REVERSAL, Fault.PAYMENT}  # what was booked later no longer fits what was changed
    assert found <= TAMPERINGS[statement] | follows
    assert TAMPERINGS[statement] - {Fault.REVERSAL} <= found
    store.close()


HOME = Node(Party("31.medical-office"))
LATE = NOON + timedelta(days=2)


def test_only_its_own_side_takes_a_message_back(store: Store) -> None:
    """Who owes does not cancel what it owes but disputes it; who is owed may give it back, the centre what people decided."""
    send(store, bill(1), bill(2), bill(3), bill(4, 0))
    others = [bill(10 + one, reverses=message_id(one), sender=HOME.name) for one in (1, 4)]
    answers = store.submit([submission(*others, node=HOME)], NOON)[0]
    assert [(one.outcome, one.reason and one.reason.code) for one in answers] == [(Outcome.REFUSED, "other-side")] * 2
    assert outcomes(store, bill(21, reverses=message_id(1))) == [Outcome.ACCEPTED]
    centre = Node(Party("00.hub"))
    by_centre = submission(bill(22, reverses=message_id(2), sender=centre.name), node=centre)
    assert store.submit([by_centre], NOON)[0][0].outcome is Outcome.ACCEPTED
    (told,) = store.submit([submission(bill(5, sender=HOME.name), node=HOME)], NOON)[0]
    assert told.outcome is Outcome.ACCEPTED
    assert outcomes(store, bill(25, reverses=message_id(5))) == [Outcome.ACCEPTED]  # the hospital gives back what it was told
    both = [bill(6, sender=HOME.name), bill(26, reverses=message_id(6), sender=HOME.name)]
    assert {one.outcome for one in store.submit([submission(*both, node=HOME)], NOON)[0]} == {Outcome.ACCEPTED}


def test_who_owes_does_not_post_a_part_of_what_another_reserved(store: Store) -> None:
    """The rest would be let go on its word alone, and the claim be gone; it may post all, or let all go to be sent again."""
    send(store, *(bill(one, pending=True, claim=str(one)) for one in (1, 2, 3)))
    about = [bill(11, posts=message_id(1), amounts_fen=[1]), bill(12, posts=message_id(1)), bill(13, voids=message_id(2))]
    by_home = submission(*(replace(one, sender=HOME.name) for one in about), node=HOME)
    answers = store.submit([by_home], NOON)[0]
    assert [one.outcome for one in answers] == [Outcome.REFUSED, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert answers[0].reason is not None
    assert answers[0].reason.code == "other-side"
    assert outcomes(store, bill(4, claim="2"), bill(14, posts=message_id(3), amounts_fen=[1])) == [Outcome.ACCEPTED] * 2


def test_what_has_lapsed_is_not_posted(store: Store) -> None:
    """From its moment on, whether or not the ledger has let it go already; it may still be voided, and then lapses no more."""
    send(store, bill(1, pending=True), bill(2, pending=True), bill(3, pending=True))
    at_its_end = NOON + timedelta(days=1)
    assert store.submit([submission(bill(10, posts=message_id(3)))], at_its_end)[0][0].outcome is Outcome.ACCEPTED
    late = submission(bill(11, posts=message_id(1)), bill(12, voids=message_id(2)))
    assert [one.outcome for one in store.submit([late], LATE)[0]] == [Outcome.RESOLVED_REFERENCE, Outcome.ACCEPTED]
    assert store.lapse(LATE) == 1
    assert nets(store) == {FUND: -80, HOSPITAL: 80}
    assert store.audit(signatures=False).findings == ()


def test_what_lapses_has_an_id_of_its_own(store: Store) -> None:
    """In one sweep, whatever its number, and in one second; corrections of a second too."""
    send(store, bill(1, pending=True), *(bill(serial) for serial in range(2, 10_001)))
    send(store, bill(10_001, pending=True))
    assert store.lapse(LATE) == 2
    send(store, bill(10_002, pending=True))
    assert store.lapse(LATE) == 1
    for _ in range(2):
        store.desk.adjust(Toy.cycle, Posting(HOSPITAL, FUND, Fen(30), "pool", "adjustment"), TWO, reason="x", now=NOON)
    lapsed = [str(one.id)[26:] for one in store.transactions() if one.kind == "lapse"]
    assert sorted(lapsed) == ["0000", "0001", "0002"]
