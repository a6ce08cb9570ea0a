"""A ledger is audited by the figures that it was judged by: those of an older release too, and none that were put in later."""

import json
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from cardstack.errors import Refused
from cardstack.settlement import amending, figures, inforce
from cardstack.settlement.amending import Amendment, amend
from cardstack.settlement.audit import Fault
from cardstack.settlement.envelope import seal
from cardstack.settlement.inforce import InForce
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES as SHIPPED
from cardstack.settlement.transaction import Party
from cardstack.settlement.wire import canonical, digest
from server.store import figuring, open_store
from server.store.adjusting import Two
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from tests.ledgers import NOON, Toy, enrol, node_trust
from tests.unit.server.forging import PARTIES, forge, rows
from tests.unit.settlement.taps import a_ride, a_tap

FEES = "transit/fees"
SENDER = Party("33.transit-operator")
Release = Callable[[int], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    amend(())
    made = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SHIPPED), PARTIES[:3])
    for party in PARTIES[3:]:
        made.register_party(Participant(party, Toy.title, "invented", None, NOON))
    yield made
    made.close()
    amend(())


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[Release]:
    """Ship another service fee (in millionths), as a process of a later release would; 0 is this release's own."""
    text, known = figures.text, set(inforce.shipped())

    def ship(rate: int) -> None:
        changed = text(FEES).replace("rate_ppm = 4000", f"rate_ppm = {rate}") if rate else text(FEES)
        assert rate == 0 or changed != text(FEES)
        known.add((FEES, inforce.digest_of(changed)))
        monkeypatch.setattr(inforce, "shipped", lambda: frozenset(known))
        monkeypatch.setattr(figures, "text", lambda name: changed if name == FEES else text(name))
        held = amending.amendments()
        amend((*held, Amendment("none", "none", {"since": str(rate)})))  # a process that starts remembers nothing
        amend(held)

    yield ship
    monkeypatch.undo()
    amend((Amendment("none", "none", {}),))
    amend(())


TRUST, SIGNER, LEAF = node_trust()


def ride(store: Store, counter: int, moment: str = "20261012083000") -> int:
    """Book one journey of a signed envelope; what its fees came to."""
    sent = a_ride(a_tap(counter=counter, moment=moment))
    raw = seal([sent], SIGNER, [LEAF], NOON)
    kept = Kept("envelope", sha256(raw).digest(), raw, str(SENDER), NOON)
    line = prepare(sent, digest(canonical(sent)), Node(SENDER), SHIPPED)
    ((answer,),) = store.submit([Submission(kept, [line])], NOON)
    assert answer.entry is not None, answer
    return sum(one.posting.amount_fen for one in store.postings(answer.entry) if "fee" in one.posting.kind)


def found(store: Store) -> set[Fault]:
    return {one.fault for one in store.audit(signatures=False, contents=True).findings}


def test_an_older_releases_figures_count_for_what_it_judged(store: Store, release: Release) -> None:
    """A later release ships another fee, even for days gone by: both are audited by their own, and nothing is found."""
    before = ride(store, 1)
    release(50_000)
    after = ride(store, 2)
    assert (before, after, found(store)) == (1, 9, set())
    release(0)
    assert (ride(store, 3), found(store)) == (1, set())
    assert [block for (block,) in rows(store, "SELECT block FROM figure_set ORDER BY block")] == [1, 2, 3]


def test_a_figure_that_people_added_counts_from_its_day(store: Store) -> None:
    """It is sealed before its day; a late record of the day before is judged and audited by what was in force then."""
    row = {**amending.plain(amending.rows(FEES, "fee")[1]), "since": "2026-11-23", "rate_ppm": 50_000}
    ride(store, 1)
    store.desk.add_figure(Amendment(FEES, "fee", row), Two("lin", "chen"), now=NOON)
    assert (ride(store, 2), found(store)) == (1, set())
    assert [len(json.loads(str(one))["added"]) for (one,) in rows(store, "SELECT content FROM figure_set ORDER BY block")] == [
        0,
        1,
    ]


def test_nothing_may_begin_among_what_was_judged_already(store: Store) -> None:
    """A few minutes from now may have been judged: shortly before midnight the next day is taken too."""
    row = {**amending.plain(amending.rows(FEES, "fee")[1]), "since": "2026-11-23"}
    late = NOON.replace(hour=23, minute=57)
    with pytest.raises(Refused) as caught:
        store.desk.add_figure(Amendment(FEES, "fee", row), Two("lin", "chen"), now=late)
    assert caught.value.code == "CS-3131"


def put_in(store: Store, since: str) -> None:
    """A row past every request, as whoever can write to the database may put it in."""
    row = {**amending.plain(amending.rows(FEES, "fee")[1]), "since": since, "rate_ppm": 50_000}
    told = (9, FEES, "fee", since, json.dumps(row), "lin", "chen", int(NOON.timestamp()) - 90 * 86_400)
    with store.database.writing() as connection:
        store.database.insert(connection, "figure", "seq, name, kind, since, figures, maker, checker, at", [told])
    with store.view() as view:
        figuring.settle_by(view)


def test_a_figure_put_in_for_days_that_were_judged_is_found(store: Store) -> None:
    """No row of the ledger is changed: the service itself judges by it, and seals that it does."""
    ride(store, 1)
    put_in(store, "2026-10-01")
    assert ride(store, 2) == 9
    assert found(store) == {Fault.FIGURES, Fault.RECORD}


def test_a_figure_that_was_taken_out_again_is_found(store: Store) -> None:
    """What was judged by it stays sealed; that nobody was told of it shows before."""
    ride(store, 1)
    put_in(store, "2026-11-30")
    ride(store, 2)
    assert found(store) == {Fault.RECORD}
    forge(store, "DELETE FROM figure")
    assert found(store) == {Fault.FIGURES}


def forged(store: Store, text: str) -> None:
    """The set of figures with another text of fees, as a forger writes it so that it seems whole."""
    ((content,),) = rows(store, "SELECT content FROM figure_set")
    held = InForce.parse(str(content))
    made = held._replace(texts={**held.texts, FEES: inforce.digest_of(text)})
    forge(
        store,
        "INSERT INTO figure_text (digest, raw) VALUES (CAST(? AS TEXT), ?)",
        digest=inforce.digest_of(text).encode(),
        raw=zlib.compress(text.encode()),
    )
    forge(store, "UPDATE figure_set SET content = CAST(? AS TEXT), digest = ?", content=made.content.encode(), digest=made.digest)


def test_figures_that_no_release_shipped_are_found(store: Store) -> None:
    """Postings, sums, chain and figures all fit one another; but nobody ever published these figures."""
    ride(store, 1)
    forged(store, figures.text(FEES).replace("rate_ppm = 4000", "rate_ppm = 50000"))
    forge(
        store,
        "UPDATE posting SET amount_fen = 5 WHERE kind = 'issuer-fee'",
        "INSERT INTO posting SELECT seq + 1, 1, window_id, debtor, '00.clearing-centre', 4, 'centre-fee', rule, phase "
        "FROM posting WHERE kind = 'issuer-fee'",
        "UPDATE block SET postings = postings + 1",
    )
    assert found(store) == {Fault.FIGURES}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM figure_text",
        "UPDATE figure_text SET raw = CAST('x' AS BLOB)",
        "UPDATE figure_set SET content = '{}'",
        "UPDATE figure_set SET digest = zeroblob(32)",
    ],
)
def test_figures_that_are_not_whole_are_found(store: Store, statement: str) -> None:
    """What cannot be read again is named, and nothing else escapes."""
    ride(store, 1)
    forge(store, statement)
    assert Fault.FIGURES in found(store)


def test_a_ledger_without_its_figures_breaks_the_chain(store: Store) -> None:
    """They are part of what is sealed."""
    ride(store, 1)
    with store.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER figure_set_no_delete")
        connection.exec_driver_sql("DELETE FROM figure_set")
    assert Fault.CHAIN in found(store)


def test_what_was_judged_before_figures_were_kept_goes_by_the_first(store: Store, release: Release) -> None:
    """An older ledger has no sets: its next block brings the first."""
    ride(store, 1)
    forge(store, "DELETE FROM figure_set")
    assert found(store) == set()
    ride(store, 2)
    release(50_000)
    assert found(store) == set()
