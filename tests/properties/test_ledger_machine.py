"""Random transactions against the ledger beside a small model, with crashes, lost answers, retries and duplicates."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from cardstack.settlement.answer import Outcome
from cardstack.settlement.transaction import Transaction
from cardstack.settlement.window import following
from server.store import open_store
from server.store.receiving import Arrival, Ask
from server.store.store import Store
from tests.ledgers import FUND, NOON, SCHEMES, arrival, bill, enrol, message_id, submission
from tests.postgres import cluster, created


class Crash(Exception):
    """The process dies in the middle of a commit."""


class LedgerMachine(RuleBasedStateMachine):
    """The model: each message id's content and state, the nets by window, the running totals."""

    sent: Bundle[int] = Bundle("sent")

    def place(self) -> str:
        """The address of a ledger of its own, migrated and enrolled."""
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-"))
        enrol(open_store(f"sqlite:///{self.folder}/ledger.db", SCHEMES)).close()
        return f"sqlite:///{self.folder}/ledger.db"

    def leave(self) -> None:
        """Take it away."""
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.url = self.place()
        self.store = Store(self.url, SCHEMES)
        self.serial = 0
        self.window = "toy-2026-11-22"
        self.content: dict[int, Transaction] = {}
        self.state: dict[int, str] = {}
        self.owed: dict[str, int] = {}
        self.claims: set[str] = set()
        self.total = 0
        self.parts: dict[int, int] = {}
        self.queue: list[tuple[Arrival, list[Transaction | None]]] = []
        self.judged: list[tuple[Arrival, list[Outcome | None]]] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            report = self.store.audit(signatures=False)
            assert report.findings == ()
            waiting = sum(one is not None for _, lines in self.queue for one in lines)
            assert (report.entries, report.waiting) == (len(self.state), waiting)
            self.judge(len(self.queue))
            assert self.store.audit(signatures=False).findings == ()
            self.store.close()
            self.leave()

    def send(self, *transactions: Transaction) -> list[Outcome]:
        return [answer.outcome for answer in self.store.submit([submission(*transactions)], NOON)[0]]

    def expect(self, new: Transaction) -> Outcome:
        """What the model says of one line, and the model after it."""
        serial = int(new.id[-4:])
        if serial in self.state:
            return Outcome.REPEATED if self.content[serial] == new else Outcome.CONFLICTING
        change = "reverse" if new.reverses else "post" if new.posts else "void"
        if new.refers is not None:
            about = int(new.refers[-4:])
            if about not in self.state:
                return Outcome.UNKNOWN_REFERENCE
            wanted = "posted" if change == "reverse" else "pending"
            if self.state[about] != wanted or self.content[about].refers is not None:
                return Outcome.RESOLVED_REFERENCE
            part = new.body.get("amounts_fen", [None])[0]
            if part is not None and not self.is_part(self.content[about], part):
                return Outcome.REFUSED
            self.follow(self.content[about], about, change, part)
        else:
            refusal = self.check(new)
            if refusal is not None:
                return refusal
            self.take(new)
        self.content[serial] = new
        self.state[serial] = "pending" if new.pending_until else "posted"
        return Outcome.ACCEPTED

    def check(self, new: Transaction) -> Outcome | None:
        if new.amount_fen == 13:
            return Outcome.REFUSED
        if new.body.get("claim") in self.claims:
            return Outcome.DUPLICATE
        if "account" in new.body and self.total + new.amount_fen > 1000:
            return Outcome.OVER_CAP
        return None

    def is_part(self, earlier: Transaction, part: int) -> bool:
        return 0 < part <= earlier.amount_fen * 4 // 5 and "account" not in earlier.body

    def take(self, new: Transaction) -> None:
        if not new.pending_until:
            self.add(new.amount_fen * 4 // 5)
        if "claim" in new.body:
            self.claims.add(new.body["claim"])
        if "account" in new.body:
            self.total += new.amount_fen

    def follow(self, earlier: Transaction, about: int, change: str, part: int | None = None) -> None:
        owed = earlier.amount_fen * 4 // 5
        if change == "reverse":
            self.add(-self.parts.get(about, owed))
        elif change == "post":
            self.parts[about] = owed if part is None else part
            self.add(self.parts[about])
        if change != "post":
            self.claims.discard(earlier.body.get("claim", ""))
            self.total -= earlier.amount_fen if "account" in earlier.body else 0
        self.state[about] = {"reverse": "reversed", "post": "posted", "void": "voided"}[change]

    def add(self, owed: int) -> None:
        self.owed[self.window] = self.owed.get(self.window, 0) + owed

    def submit(self, *transactions: Transaction) -> None:
        self.overtaken(*transactions)
        expected = [self.expect(one) for one in transactions]
        assert self.send(*transactions) == expected

    def overtaken(self, *transactions: Transaction) -> None:
        """What waits under one of these ids is judged first, with all that came before it."""
        ids = {one.id for one in transactions} | {one.refers for one in transactions}
        places = [place for place, (_, lines) in enumerate(self.queue) if any(one and one.id in ids for one in lines)]
        if places:
            self.settle(places[-1] + 1)

    def settle(self, count: int) -> None:
        """The model's side of judging the oldest batches: what each line is answered."""
        for arrival_, lines in self.queue[:count]:
            self.judged.append((arrival_, [None if one is None else self.expect(one) for one in lines]))
        del self.queue[:count]

    def judge(self, count: int) -> None:
        """Judge the oldest batches, one commit each, and compare every answer since the last time."""
        for _ in range(count):
            self.store.post_waiting(NOON, Ask(1))
        self.settle(count)
        for arrival_, expected in self.judged:
            found = self.store.batch(arrival_.kept.digest)
            assert found is not None
            assert found.posted_at is not None
            assert all(one in (None, answer.outcome) for one, answer in zip(expected, found.answers, strict=True))
        self.judged.clear()

    def fresh(self, **what: Any) -> Transaction:
        self.serial += 1
        return bill(self.serial, what.pop("amount_fen", 100), **what)

    @rule(
        target=sent,
        bills=st.lists(
            st.fixed_dictionaries(
                {"amount_fen": st.sampled_from((0, 1, 13, 100, 401, 999))},
                optional={
                    "claim": st.sampled_from("abc"),
                    "account": st.just("p"),
                    "pending": st.booleans(),
                },
            ),
            min_size=1,
            max_size=5,
        ),
        again=st.booleans(),
    )
    def new_batch(self, bills: list[dict[str, Any]], again: bool) -> Any:
        """A batch, perhaps with a duplicate of its own first line at its end."""
        made = [self.fresh(**one) for one in bills]
        self.submit(*made, *([made[0]] if again else []))
        return multiple(*(int(one.id[-4:]) for one in made))

    @rule(
        target=sent,
        amounts=st.lists(st.sampled_from((0, 13, 100, 999)), min_size=1, max_size=4),
        again=st.none() | sent,
        claim=st.sampled_from(("a", "b", None)),
        dies=st.booleans(),
    )
    def receive(self, amounts: list[int], again: int | None, claim: str | None, dies: bool) -> Any:
        """A batch is made durable and answered before judgement; perhaps the process dies right after."""
        made = [self.fresh(amount_fen=amount, **({"claim": claim} if claim else {})) for amount in amounts]
        sent = [*made, *([self.content[again]] if again in self.content else []), made[0]]
        batch = arrival(*sent)
        ids = {one.id for _, lines in self.queue for one in lines if one}
        (received,) = self.store.take_in([batch], NOON)
        waits: list[Transaction | None] = []
        for one, answer in zip(sent, received.answers, strict=True):
            new = int(one.id[-4:]) not in self.state and one.id not in ids
            assert answer.outcome is (Outcome.RECEIVED if new else Outcome.REPEATED)
            waits.append(one if new else None)
            ids.add(one.id)
        self.queue.append((batch, waits))
        if dies:
            self.restart()
        return multiple(*(int(one.id[-4:]) for one in made))

    @rule(count=st.integers(1, 3))
    def post(self, count: int) -> None:
        """The oldest batches are judged in their turn."""
        self.judge(min(count, len(self.queue)))

    @rule(after=st.integers(0, 6))
    def crash_while_posting(self, after: int) -> None:
        """The process dies at the n-th write of a posting; the batch waits as before, or was posted in whole."""
        if not self.queue:
            return
        before = self.store.waiting()
        with self.dying(after):
            self.store.post_waiting(NOON, Ask(1))
        self.restart()
        if self.store.waiting() < before:
            self.settle(1)

    @rule(serial=sent)
    def retry(self, serial: int) -> None:
        """A lost answer: the same message again; or one refused before, judged anew."""
        if serial in self.content:
            self.submit(self.content[serial])

    @rule(serial=sent)
    def conflict(self, serial: int) -> None:
        """Other content under a used id."""
        if serial in self.content:
            self.submit(bill(serial, 777))

    @rule(target=sent, about=sent, change=st.sampled_from(("reverses", "posts", "voids")))
    def refer(self, about: int, change: str) -> int:
        """A message about an earlier one, whatever its state."""
        made = self.fresh(**{change: message_id(about)})
        self.submit(made)
        return int(made.id[-4:])

    @rule(target=sent, about=sent, part=st.sampled_from((0, 1, 80, 321)))
    def post_a_part(self, about: int, part: int) -> int:
        """Post less than is pending, or try to post more."""
        made = self.fresh(posts=message_id(about), amounts_fen=[part])
        self.submit(made)
        return int(made.id[-4:])

    @rule(amount=st.sampled_from((1, 100)), after=st.integers(0, 8))
    def crash(self, amount: int, after: int) -> None:
        """The process dies at the n-th write of a commit; after a restart nothing of it is there."""
        made = self.fresh(amount_fen=amount, claim=f"crash {self.serial}")
        with self.dying(after) as lived:
            self.send(made)
            lived.append(True)
        if lived:
            assert self.expect(made) is Outcome.ACCEPTED
        self.restart()

    @contextmanager
    def dying(self, after: int) -> Iterator[list[bool]]:
        """The n-th write kills the process."""
        insert, run, left = self.store.database.insert, self.store.database.run, [after]

        def write(*arguments: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Crash
            (insert if len(arguments) > 3 else run)(*arguments)

        database: Any = self.store.database
        database.insert = database.run = write
        with suppress(Crash):
            yield []

    @rule()
    def restart(self) -> None:
        """The service is started again on the same file."""
        self.store.close()
        self.store = Store(self.url, SCHEMES)

    @rule()
    def close(self) -> None:
        """The window is cut off; what comes later falls into the next."""
        self.store.close_window(self.window, actor="clerk", now=NOON)
        self.window = following(self.window)

    @invariant()
    def nets_are_the_models(self) -> None:
        """Window by window."""
        for window, owed in getattr(self, "owed", {}).items():
            assert {one.party: one.net_fen for one in self.store.positions(window)}.get(FUND, 0) == -owed


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


class PostgresMachine(LedgerMachine):
    """The same on PostgreSQL, each time in a copy of an enrolled ledger."""

    server: str
    enrolled: str

    def place(self) -> str:
        self.ledger = created(self.server, copy_of=self.enrolled)
        return self.ledger

    def leave(self) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.ledger.rpartition('/')[2]}")


@pytest.mark.slow
class TestLedgerInPostgres(PostgresMachine.TestCase):  # type: ignore[misc,valid-type]  # Hypothesis makes the class as it goes
    """A cluster of its own for all of its runs."""

    settings = settings(max_examples=8, stateful_step_count=20, deadline=None)

    @pytest.fixture(autouse=True)
    def _served(self) -> Iterator[None]:
        with cluster() as url:
            PostgresMachine.server, PostgresMachine.enrolled = url, created(url)
            enrol(open_store(PostgresMachine.enrolled, SCHEMES)).close()
            yield
