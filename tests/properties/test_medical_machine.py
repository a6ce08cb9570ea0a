"""A family's bills from several tills against the ledger: priced, overtaken, refunded, settled again, later than their cycle."""

import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cardstack.settlement.envelope import parse, seal
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.split import Split
from cardstack.settlement.medical.year import movements, on_the_year
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.medical import body_of, compute, scheme_for
from cardstack.settlement.transaction import Party, Transaction
from cardstack.settlement.window import following
from cardstack.settlement.wire import canonical, digest
from cardstack.values import Fen
from server.store import open_store, reads
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.queries.years import settled_again
from tests.ledgers import NODE, NOON, enrol, message_id, node_trust
from tests.unit.settlement.claims import a_claim

PARTIES: Final = tuple(Party(f"33.{name}") for name in ("medical-fund", "medical-account", "hospital-fund"))
_, SIGNER, CERTIFICATE = node_trust()
NEW_YEAR: Final = NOON + timedelta(days=50)
LATER: Final = NOON + timedelta(days=60)
LAST: Final = {NOON: "medical-2027-01", NEW_YEAR: "medical-2027-03"}
"""The last window that takes a bill of either day; in the new year a stay that begins is its hospital's own."""

VISITS: Final = st.fixed_dictionaries(
    {
        "person": st.sampled_from(("p-0001", "p-0002")),
        "care": st.sampled_from(("inpatient", "inpatient", "outpatient")),
        "hospital": st.sampled_from(("H1", "H2")),
        "level": st.sampled_from("123"),
        "stay": st.sampled_from(("s1", "s2")),
        "at": st.sampled_from((NOON, NEW_YEAR)),
        "fen": st.sampled_from((1, 70_000, 2_000_000, 39_999_999, 90_000_000)),
    }
)


class Bill(NamedTuple):
    """A bill as it was priced: what is sent, and what it moves."""

    told: Transaction
    claim: Claim
    split: Split


class MedicalMachine(RuleBasedStateMachine):
    """The model: which bills stand, what each moved, and the totals that follow."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="medical-"))
        self.store = enrol(open_store(f"sqlite:///{self.folder}/ledger.db", SCHEMES), PARTIES)
        self.serial, self.window = 0, "medical-2026-11"
        self.priced: list[Bill] = []
        self.standing: list[Bill] = []
        self.totals: dict[str, int] = {}

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        self.close(4)
        self.appeal(0, 500_000)  # one that ends when every cycle of its bills is over
        for one in list(reversed(self.standing)):
            self.take_back(one)
        with self.store.view() as view:
            assert not view.all("SELECT account FROM total WHERE total_fen <> 0")
        assert self.store.audit(signatures=False).findings == ()
        self.store.close()
        shutil.rmtree(self.folder)

    def send(self, *messages: Transaction) -> list[str]:
        sealed = parse(seal(messages, SIGNER, [CERTIFICATE], NOON))
        lines = [prepare(one, digest(canonical(one)), NODE, SCHEMES) for one in messages]
        envelope = Kept("envelope", sealed.digest, sealed.raw, str(NODE.name), NOON)
        (answers,) = self.store.submit([Submission(envelope, lines)], LATER)
        return [one.reason.code if one.reason else one.outcome.value for one in answers]

    def message(self, claim: Claim, at: datetime, body: dict[str, Any]) -> Transaction:
        self.serial += 1
        scheme, amount = scheme_for(claim, at.date())[0], Fen(claim.total_fen)
        return Transaction(message_id(self.serial), scheme, "settlement", NODE.name, "330400", "330100", at, amount, body)

    def reversal(self, one: Bill) -> Transaction:
        return replace(self.message(one.claim, LATER, {}), kind="reversal", reverses=one.told.id)

    def moves(self, one: Bill, sign: int) -> None:
        """A total never falls below zero, and never passes its cap by what is added."""
        for moved in movements(one.claim, one.split, one.told.day):
            total = self.totals[moved.account] = self.totals.get(moved.account, 0) + sign * moved.add_fen
            assert total >= 0
            assert sign < 0 or not moved.add_fen or moved.cap_fen is None or total <= moved.cap_fen

    def take_back(self, one: Bill) -> None:
        assert self.send(self.reversal(one)) == ["accepted"]
        self.standing.remove(one)
        self.moves(one, -1)

    @rule(visit=VISITS)
    def price(self, visit: dict[str, Any]) -> None:
        """A till asks what a bill comes to now; it is not sent yet."""
        facts = {**visit, "stay": visit["stay"] if visit["care"] == "inpatient" else ""}
        accounts = [{"holder": "family", "granted_fen": 50_000}]
        where = {"registration": "home", "insured_place": "330400", "accounts": accounts}
        at, asked = facts.pop("at"), a_claim(("0101", facts.pop("fen")), **facts, **where)
        with self.store.view() as view:
            claim, split = on_the_year(asked, at.date(), compute, lambda names: reads.totals(view, names))
        self.priced.append(Bill(self.message(claim, at, body_of(claim, split)), claim, split))

    @rule(which=st.integers(0, 9))
    def settle(self, which: int) -> None:
        """One that was priced is sent, perhaps after others; what was overtaken is stale, what comes too late refused."""
        if not self.priced:
            return
        one = self.priced.pop(which % len(self.priced))
        stale = any(
            moved.before_fen != self.totals.get(moved.account, 0) for moved in movements(one.claim, one.split, one.told.day)
        )
        expected = "cycle-over" if self.window > LAST[one.told.occurred_at] else "stale" if stale else "accepted"
        assert self.send(one.told) == [expected]
        if expected == "accepted":
            self.standing.append(one)
            self.moves(one, 1)

    @rule(which=st.integers(0, 9))
    def reverse(self, which: int) -> None:
        """Any bill is taken back, whatever rests on it."""
        if self.standing:
            self.take_back(self.standing[which % len(self.standing)])

    @rule(which=st.integers(0, 9), fen=st.none() | st.sampled_from((1, 500_000, 60_000_000)))
    def appeal(self, which: int, fen: int | None) -> None:
        """A bill is corrected or taken back, and what rests on it is settled again, in one batch, whenever that is."""
        if not self.standing:
            return
        first = self.standing[which % len(self.standing)]
        lines = a_claim(("0101", fen or 1)).lines
        corrected = None if fen is None else msgspec.structs.replace(first.claim, lines=lines)
        with self.store.view() as view:
            again = settled_again(view, str(first.told.id), corrected).again
        old = {str(one.told.id): one for one in self.standing}
        back = [old[one.bill.id] for one in reversed(again)]
        made = []
        for one in again:
            if one.claim is not None and one.split is not None:
                body = body_of(one.claim, one.split) | {"instead_of": one.bill.id}
                made.append(Bill(self.message(one.claim, old[one.bill.id].told.occurred_at, body), one.claim, one.split))
        taken = [self.reversal(one) for one in back]
        assert set(self.send(*taken, *(new.told for new in made))) == {"accepted"}
        for bill in back:
            self.standing.remove(bill)
            self.moves(bill, -1)
        for bill in made:
            self.standing.append(bill)
            self.moves(bill, 1)

    @rule(months=st.integers(1, 4))
    def close(self, months: int) -> None:
        """Some months are cut off."""
        for _ in range(months):
            self.store.close_window(self.window, actor="clerk", now=LATER)
            self.window = following(self.window)

    @invariant()
    def the_ledgers_totals_are_the_models(self) -> None:
        """Every one of them."""
        if hasattr(self, "store"):
            with self.store.view() as view:
                found = dict(view.all("SELECT account, total_fen FROM total WHERE total_fen <> 0"))
            assert found == {account: total for account, total in self.totals.items() if total}


TestMedical = MedicalMachine.TestCase
TestMedical.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
