"""A bill's registration class against the registrations that the ledger holds, beside a small model of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.settlement import amending
from cardstack.settlement.amending import Amendment
from cardstack.settlement.answer import Answer
from cardstack.settlement.audit import Fault
from cardstack.settlement.medical.case import FILED, UNREGISTERED, Sends
from cardstack.settlement.medical.policy import covers
from cardstack.settlement.medical.year import on_the_year
from cardstack.settlement.node import Node
from cardstack.settlement.receiving import prepared
from cardstack.settlement.schemes import SCHEMES, medical
from cardstack.settlement.services.registration import NAME
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.values import Fen
from server.store import open_store, reads
from server.store.posting import Submission
from server.store.store import Store
from tests.ledgers import NOON, arrival, enrol
from tests.unit.settlement.claims import a_claim

TODAY: Final = NOON.astimezone(SHANGHAI).date()
HOME, AWAY = Node(Party("31.node"), relays=True), Node(Party("33.node"), relays=True)
PLACES: Final = ("330100", "330300", "330000")
serials = count(1)


class Step(NamedTuple):
    """File a registration, end one, take back either, or settle a bill; days are counted from today."""

    what: str
    kind: str
    place: str
    since: int
    until: int | None
    which: int


@dataclass
class Filed:
    """A registration of the model: its message, and that of its end."""

    message: MessageId
    kind: str
    place: str
    since: date
    until: date | None
    ended: tuple[MessageId, date] | None = None
    stands: bool = True

    @property
    def last(self) -> date:
        ends = [one for one in (self.until, self.ended and self.ended[1]) if one]
        return min(ends, default=date.max)

    def holds(self, place: str) -> bool:
        return covers(self.place, place) and self.since <= TODAY <= self.last


class Person:
    """One insured person: the ledger's answers beside those of the model."""

    def __init__(self, store: Store, sends: Sends) -> None:
        self.store, self.sends, self.name = store, sends, f"p{next(serials)}"
        self.filed: list[Filed] = []
        self.waiting: list[Transaction] = []
        self.cases: dict[MessageId, str] = {}

    def send(self, *messages: Transaction) -> list[Answer]:
        """Everything that waits and these, an envelope each, in one commit."""
        every, self.waiting = [*self.waiting, *messages], []
        batches = [arrival(one, node=HOME if one.scheme == NAME else AWAY) for one in every]
        lines = [Submission(one.kept, [line for _, line in prepared(one.sealed, one.node, SCHEMES)]) for one in batches]
        return [answers[0] for answers in self.store.submit(lines, NOON)]

    def about(self, kind: str, body: dict[str, Any], **changes: Any) -> Transaction:
        sent = Transaction(_id(), NAME, kind, Party("31.medical-office"), "310000", "330100", NOON, Fen(0), body)
        self.waiting.append(replace(sent, **changes))
        return sent

    def file(self, step: Step) -> None:
        since = TODAY + timedelta(days=step.since)
        until = None if step.until is None else since + timedelta(days=step.until)
        body = {"case": f"REG{next(serials):06d}", "person": self.name, "insurance": "employee", "registration": step.kind}
        told = {"since": since.isoformat(), "places": [step.place], "until": until.isoformat() if until else ""}
        sent = self.about("file", {**body, **told})
        self.cases[sent.id] = body["case"]
        self.filed.append(Filed(sent.id, step.kind, step.place, since, until))

    def end(self, step: Step) -> None:
        one = self._one(step)
        if one and not one.ended:
            day = TODAY + timedelta(days=step.since)
            one.ended = self.about("end", {"case": self.cases[one.message], "ended_on": day.isoformat()}).id, day

    def undo(self, step: Step) -> None:
        one = self._one(step)
        if one and one.ended:
            self.about("reversal", {}, reverses=one.ended[0])
            one.ended = None
        elif one and one.stands:
            self.about("reversal", {}, reverses=one.message)
            one.stands = False

    def _one(self, step: Step) -> Filed | None:
        return self.filed[step.which % len(self.filed)] if self.filed else None

    def settle(self, step: Step) -> tuple[str, str]:
        """What the ledger answers to a bill of that class, and what the model says."""
        place = step.place if step.place != "330000" else "330100"
        told = {"registration": step.kind, "treating_place": place}
        claim = a_claim(("0101", 90_000), care="inpatient", person=self.name, **told)
        with self.store.view() as view:
            claim, split = on_the_year(claim, TODAY, medical.compute, lambda accounts: reads.totals(view, accounts))
        sent = Transaction(
            _id(), "medical-inpatient", "settlement", Party("33.hospital-fund"), "310000", place, NOON,
            Fen(claim.total_fen), medical.body_of(claim, split),
        )  # fmt: skip
        *others, answer = self.send(sent)
        assert {one.outcome.value for one in others} <= {"accepted"}
        return answer.reason.code if answer.reason else answer.outcome.value, self._model(step.kind, place)

    def _model(self, registration: str, place: str) -> str:
        standing = [one for one in self.filed if one.stands]
        kinds = {one.kind for one in standing if one.since <= one.last and one.holds(place)}
        if self.sends is Sends.NONE or (self.sends is Sends.BY_PERSON and not standing):
            return "accepted"
        if registration in UNREGISTERED:
            return "registration-known" if kinds else "accepted"
        return "accepted" if registration in kinds or registration not in FILED else "registration-unsupported"


def _id() -> MessageId:
    number = next(serials)
    return MessageId.of("H33010600001", NOON + timedelta(seconds=number // 10_000), number % 10_000)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One ledger for all persons."""
    parties = tuple(Party(name) for name in ("31.medical-fund", "31.medical-account", "33.hospital-fund"))
    made = enrol(open_store(f"sqlite:///{tmp_path_factory.mktemp('held')}/ledger.db"), parties)
    yield made
    # What each example declares was never approved by two people, and the auditor says so.
    assert {one.fault for one in made.audit(signatures=False).findings} <= {Fault.FIGURES}
    made.close()


def declared(sends: Sends) -> list[Amendment]:
    """What the insured province says that it sends; a registration may be as short as it likes, so that many end."""
    row = {"since": "2025-01-01", "reference": "invented for this test"}
    sharing = Amendment("registration", "sharing", {**row, "province": "31", "sends": sends.value})
    return [sharing, Amendment("registration", "validity", {**row, "temporary_months": 0})]


steps = st.builds(
    Step,
    st.sampled_from(["file", "file", "end", "undo", "settle", "settle"]),
    st.sampled_from(sorted(FILED)),
    st.sampled_from(PLACES),
    st.integers(-9, 3),
    st.none() | st.integers(0, 12),
    st.integers(0, 3),
)
last = st.builds(
    Step,
    st.just("settle"),
    st.sampled_from([*sorted(FILED), "unregistered", "emergency"]),
    st.sampled_from(PLACES),
    st.just(0),
    st.none(),
    st.just(0),
)


@settings(max_examples=60, deadline=None)
@given(sends=st.sampled_from(Sends), life=st.lists(steps, max_size=8), bill=last)
def test_a_class_is_taken_where_a_registration_gives_it(store: Store, sends: Sends, life: list[Step], bill: Step) -> None:
    """Filed, ended and taken back before or in the very commit of the bill: the ledger says what the model says."""
    with amending.judging_by(amending.texts(), declared(sends)):
        person = Person(store, sends)
        for step in [*life, bill]:
            if step.what == "settle":
                told, right = person.settle(step)
                assert told == right
            else:
                getattr(person, step.what)(step)
