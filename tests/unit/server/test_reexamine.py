"""The auditor reads kept records again: what was changed with every hash and sum made to fit is still found."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from cardstack.ca.certificate import Certificate
from cardstack.crypto.local import LocalSigner
from cardstack.settlement import envelope
from cardstack.settlement.audit import Fault
from cardstack.settlement.bulk.package import Package, describe, pack
from cardstack.settlement.bulk.transit_file import Batch, batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.bulk.transit_shapes import Memory
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES as SHIPPED
from cardstack.settlement.schemes.transit import TRANSIT, Transit
from cardstack.settlement.transaction import Party, Posting
from cardstack.settlement.transit.tap import moment_of
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server import commands
from server.approvals import Decision
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.store import open_store, reexamining
from server.store.adjusting import Two
from server.store.commit import Kept
from server.store.office import Office
from server.store.office.people import Operator
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from tests.ledgers import FUND, HOSPITAL, NODE, NOON, SCHEMES, Toy, bill, enrol, message_id, node_trust
from tests.unit.server.forging import PARTIES, forge, rows
from tests.unit.settlement.taps import a_ride, a_tap

ALL = {**SHIPPED, **SCHEMES}
SENDER = Party("33.transit-operator")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Bills of a signed envelope, a transit file, an adjustment, a decided reversal and a lapse."""
    made = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", ALL), PARTIES[:3])
    for party in PARTIES[3:]:
        made.register_party(Participant(party, Toy.title, "invented", None, NOON))
    _, signer, leaf = node_trust()
    _bills(made, signer, leaf)
    _journeys(made, signer, leaf)
    made.desk.adjust(Toy.cycle, Posting(HOSPITAL, FUND, Fen(30), "pool", "adjustment"), Two("lin", "chen"), reason="x", now=NOON)
    _reverse(made)
    made.lapse(NOON + timedelta(days=3))
    yield made
    made.close()


def _bills(store: Store, signer: LocalSigner, leaf: bytes) -> None:
    sent = [bill(1, 600), bill(2, 50), bill(3, 70, pending=True)]
    raw = envelope.seal(sent, signer, [leaf], NOON)
    path = {Certificate.parse(leaf).fingerprint: leaf}
    kept = Kept("envelope", sha256(raw).digest(), raw, str(NODE.name), NOON, tuple(path), path)
    lines = [prepare(one, digest(canonical(one)), Node(NODE.name), ALL) for one in sent]
    assert all(one.stands for one in store.submit([Submission(kept, lines)], NOON)[0])


def _journeys(store: Store, signer: LocalSigner, leaf: bytes) -> None:
    taps = [a_tap(counter=number, balance_fen=5000) for number in range(1, 5)]
    taps[2] = a_tap(counter=3, tac="00000000")
    body = b"".join(line_of(tap, str(a_ride(tap).id), "310000", "330100") for tap in taps)
    at = moment_of(taps[0].moment) + timedelta(days=1)
    manifest = describe(
        body,
        name="day",
        layout=LAYOUT.name,
        charset="gb18030",
        sender=SENDER,
        lines=len(taps),
        total_fen=sum(tap.amount_fen for tap in taps),
        at=at,
        certificates=[leaf],
    )
    raw = pack(body, manifest, signer)
    kept = Kept("file", sha256(raw).digest(), raw, str(SENDER), at)
    for batch in reversed([*batches(body, TRANSIT, SENDER, chunk=2)]):  # as where its first lines were taken later
        assert set(store.post_many(batch.columns, kept, NOON).outcomes) == {"accepted"}


def _reverse(store: Store) -> None:
    office = Office(store.database.engine)
    people = {
        name: Operator(name, name, (Grant(role, EVERYWHERE),)) for name, role in (("lin", Role.CLERK), ("chen", Role.CHECKER))
    }
    for one in people.values():
        office.people.save(one, NOON)
    means = Means(office, store, NOON)
    drawn = commands.draft("reversal", {"message": str(message_id(2))}, means)
    commands.enter(drawn, by=people["lin"], reason="invented", number="R1", means=means)
    assert commands.settle("R1", Decision("chen", True, "", NOON), by=people["chen"], means=means).failure == ""


def faults(store: Store) -> set[Fault]:
    assert store.audit(signatures=True, contents=False).findings == ()
    return {one.fault for one in store.audit().findings}


def test_a_good_ledger_follows_from_what_is_kept(store: Store) -> None:
    """Every kind of record is read again; nothing is found."""
    kinds = {row[0] for row in rows(store, "SELECT DISTINCT kind FROM envelope")}
    assert kinds == {"envelope", "file", "adjustment", "decision", "lapse"}
    assert faults(store) == set()


@pytest.mark.parametrize("some", [1, 2, 3])
def test_a_file_is_read_again_some_lines_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch, some: int) -> None:
    """Also where its lines were taken in another order; of a line that is not there, and of a file cut short, it is told."""

    def of_package(package: Package, scheme: Transit, memory: Memory) -> Iterator[Batch]:
        return batches(package.pieces(), scheme, SENDER, chunk=some, memory=memory)

    monkeypatch.setattr(reexamining, "of_package", of_package)
    monkeypatch.setattr(reexamining, "PIECE", 2)
    assert faults(store) == set()
    forge(store, "UPDATE entry SET line = 3 - line WHERE scheme = 'transit' AND line < 3")
    assert {one.where for one in store.audit().findings} == {"entry 5", "entry 6"}
    forge(store, "UPDATE entry SET line = 9 WHERE scheme = 'transit' AND line = 4")
    assert {one.where for one in store.audit().findings} == {"entry 4", "entry 5", "entry 6"}


POOL = "SELECT MIN(seq) FROM posting WHERE rule = 'toy.share' AND phase = 'posted'"
FORGERIES = {
    "UPDATE posting SET amount_fen = amount_fen + 1 WHERE rule = 'adjustment'": {Fault.POSTING},
    "UPDATE posting SET debtor = '33.transit-operator' WHERE rule = 'adjustment'": {Fault.POSTING},
    f"UPDATE posting SET amount_fen = amount_fen - 1 WHERE seq = ({POOL})": {Fault.POSTING},
    f"UPDATE posting SET rule = 'other' WHERE seq = ({POOL})": {Fault.POSTING},
    "UPDATE posting SET amount_fen = amount_fen + 1 WHERE entry = (SELECT MIN(seq) FROM entry WHERE scheme = 'transit')": {
        Fault.POSTING
    },
    "UPDATE entry SET digest = zeroblob(32) WHERE seq = (SELECT MAX(seq) FROM entry WHERE scheme = 'transit')": {Fault.CONTENT},
    "UPDATE entry SET line = 1 WHERE seq = (SELECT MAX(seq) FROM entry WHERE scheme = 'transit')": {Fault.CONTENT},
    "UPDATE entry SET digest = zeroblob(32) WHERE scheme = 'adjustment'": {Fault.CONTENT},
    "UPDATE adjustment SET checker = 'wang'": {Fault.CONTENT},
    "UPDATE adjustment SET reason = 'another'": {Fault.CONTENT},
    "DELETE FROM adjustment": {Fault.CONTENT},
    "UPDATE entry SET digest = zeroblob(32) WHERE sender = '00.hub'": {Fault.CONTENT},
    "UPDATE envelope SET raw = CAST('[]' AS BLOB) WHERE kind = 'lapse'": {Fault.CONTENT},
    "UPDATE envelope SET raw = CAST('x' AS BLOB) WHERE kind = 'decision'": {Fault.CONTENT},
    "UPDATE envelope SET raw = CAST('PK' AS BLOB) WHERE kind = 'file'": {Fault.SIGNATURE},
}


@pytest.mark.parametrize("statement", FORGERIES)
def test_what_was_made_to_fit_is_still_found(store: Store, statement: str) -> None:
    """Chain, sums and signatures hold; only reading the record again tells, and nothing unrelated is named."""
    forge(store, statement)
    assert faults(store) == FORGERIES[statement]


def test_a_record_that_was_rewritten_with_its_digest_is_found(store: Store) -> None:
    """An adjustment by one person, a reversal that one person decided: the names are in the record itself."""
    for kind, change in (
        ("adjustment", {"checker": "lin"}),
        ("decision", {"decided_by": ["lin"]}),
    ):
        ((raw,),) = rows(store, f"SELECT raw FROM envelope WHERE kind = '{kind}'")
        assert isinstance(raw, bytes)
        other = json.dumps(json.loads(raw) | change, ensure_ascii=False, sort_keys=True).encode()
        digest = sha256(other).digest()
        forge(store, f"UPDATE envelope SET raw = ?, digest = ? WHERE kind = '{kind}'", raw=other, digest=digest)
        if kind == "adjustment":
            forge(store, "UPDATE entry SET digest = ? WHERE scheme = 'adjustment'", digest=digest)
    assert faults(store) == {Fault.CONTENT, Fault.PEOPLE}
