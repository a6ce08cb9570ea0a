"""How late a medical bill is taken: up to the last cycle of its month, and after it only in place of one that stood."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from cardstack.settlement.line import prepare
from cardstack.settlement.medical.clearing import last_cycle
from cardstack.settlement.medical.year import on_the_year
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.medical import body_of, compute
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from tests.ledgers import NODE, NOON, kept, message_id
from tests.unit.settlement.claims import a_claim

LATER = NOON + timedelta(days=120)


@pytest.fixture
def store(ledger_url: str) -> Iterator[Store]:
    """A ledger of the schemes that are settled."""
    store = Store(ledger_url, SCHEMES)
    for name in ("33.medical-fund", "33.medical-account", "33.hospital-fund"):
        store.register_party(Participant(Party(name), Text(name, "参与方"), name, None, NOON))
    yield store
    store.close()


def a_bill(
    store: Store, serial: int, fen: int = 10_000, *, at: datetime = NOON, instead_of: str = "", home: str = "330400"
) -> Transaction:
    """An invented visit of a Jiaxing employee in Hangzhou, on the year as the ledger holds it."""
    claim = a_claim(("0101", fen), registration="home", insured_place=home)
    with store.view() as view:
        claim, split = on_the_year(claim, at.date(), compute, lambda accounts: reads.totals(view, accounts))
    return Transaction(
        id=message_id(serial),
        scheme="medical-outpatient",
        kind="settlement",
        sender=NODE.name,
        home=home,
        treating="330100",
        occurred_at=at,
        amount_fen=Fen(claim.total_fen),
        body=body_of(claim, split) | ({"instead_of": str(instead_of)} if instead_of else {}),
    )


def taken_back(store: Store, serial: int, of: str) -> Transaction:
    return replace(a_bill(store, serial), kind="reversal", body={}, reverses=MessageId(of), amount_fen=Fen(0))


def send(store: Store, *messages: Transaction) -> list[str]:
    lines = [prepare(one, digest(canonical(one)), NODE, SCHEMES) for one in messages]
    (answers,) = store.submit([Submission(kept(*messages), lines)], LATER)
    return [one.reason.code if one.reason else f"{one.outcome.value} {one.window or ''}".strip() for one in answers]


def close(store: Store, *months: str) -> None:
    for month in months:
        store.close_window(f"medical-{month}", actor="clerk", now=LATER)


def test_a_bill_is_taken_up_to_the_last_cycle_of_its_month(store: Store) -> None:
    """One of November goes into January's at the latest; the refusal says which cycle that was."""
    close(store, "2026-11", "2026-12")
    assert send(store, a_bill(store, 1)) == ["accepted medical-2027-01"]
    close(store, "2027-01")
    late = a_bill(store, 2)
    lines = [prepare(late, digest(canonical(late)), NODE, SCHEMES)]
    (answer,) = store.submit([Submission(kept(late), lines)], LATER)[0]
    assert answer.reason is not None
    assert (answer.outcome.value, answer.reason.code) == ("refused", "cycle-over")
    assert answer.reason.text.en.endswith(": medical-2027-01")
    assert send(store, a_bill(store, 3, at=datetime(2026, 12, 1, tzinfo=NOON.tzinfo))) == ["accepted medical-2027-02"]


def test_a_late_line_is_refused_among_many_too(store: Store) -> None:
    """Lines that nothing else is asked of are not let through together."""
    close(store, "2026-11", "2026-12", "2027-01")
    late, timely = a_bill(store, 1), a_bill(store, 2, at=NOON + timedelta(days=70))
    assert send(store, timely, late) == ["accepted medical-2027-02", "cycle-over"]


def test_a_correction_comes_in_place_of_what_stood(store: Store) -> None:
    """Whenever an appeal ends: of the same day and regions, of a bill that was taken back, and one for each."""
    assert send(store, a_bill(store, 1)) == ["accepted medical-2026-11"]
    close(store, "2026-11", "2026-12", "2027-01", "2027-02")
    first = message_id(1)
    assert send(store, a_bill(store, 2, 9_000, instead_of=first)) == ["cycle-over"]
    back = taken_back(store, 3, first)
    assert send(store, back)[0].startswith("accepted")
    other_day = a_bill(store, 4, 9_000, at=NOON - timedelta(days=1), instead_of=first)
    elsewhere = a_bill(store, 8, 9_000, instead_of=first, home="330481")
    with_it = a_bill(store, 5, 9_000, instead_of=first)
    assert send(store, other_day, elsewhere, with_it) == ["cycle-over", "cycle-over", "accepted medical-2027-03"]
    assert send(store, a_bill(store, 6, 9_000, instead_of=first)) == ["duplicate"]
    assert (
        send(store, taken_back(store, 7, message_id(5)), a_bill(store, 9, 8_000, instead_of="nonsense"))[1]
        == "correction-malformed"
    )
    assert send(store, a_bill(store, 10, 8_000, instead_of=message_id(5))) == ["accepted medical-2027-03"]
    assert not store.audit(signatures=False).findings


def test_a_correction_comes_in_one_batch_with_what_it_takes_back(store: Store) -> None:
    """As `settle resettle` lists them."""
    assert send(store, a_bill(store, 1)) == ["accepted medical-2026-11"]
    close(store, "2026-11", "2026-12", "2027-01", "2027-02")
    claim = a_claim(("0101", 20_000), registration="home", insured_place="330400")
    claim, split = on_the_year(claim, NOON.date(), compute, lambda _: {})
    corrected = replace(a_bill(store, 3, 20_000), body={**body_of(claim, split), "instead_of": str(message_id(1))})
    assert send(store, taken_back(store, 2, message_id(1)), corrected)[1] == "accepted medical-2027-03"


def test_a_year_ends_with_the_cycles_of_its_own_quarter() -> None:
    """Two months later at most, and no later than the cycle that is cleared by the end of the first quarter."""
    assert last_cycle(date(2026, 9, 30)) == date(2026, 11, 1)
    assert last_cycle(date(2026, 12, 31)) == date(2027, 2, 1)
    assert last_cycle(date(2020, 1, 1)) is None
