"""Each service end to end: two provinces' nodes, signed envelopes, one ledger, the state of the case on both sides."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.cli.simulating import NodeKey, nodes
from cardstack.settlement import envelope
from cardstack.settlement.answer import Outcome
from cardstack.settlement.calendar import Calendar, known
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.case import Visit, class_of
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.services import certification, records, registration, transfer
from cardstack.settlement.services.case import Service
from cardstack.settlement.services.records import content_digest
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.text import Text
from cardstack.values import Fen
from server.store import open_store
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.queries.cases import cases
from server.store.store import Store
from server.store.values import Participant
from server.trusting import Trust
from tests.unit.settlement.test_registration import APPLICATION as REFERRAL
from tests.unit.settlement.test_registration import FILED
from tests.unit.settlement.test_services import ANSWER, APPLICATION, CASE, QUERY, REQUEST, STATEMENT

AT = datetime(2026, 10, 12, 9, 0, tzinfo=SHANGHAI)
SIDES = {"home": "31", "treating": "33"}


class World:
    """A ledger between two nodes, and the clock of the case."""

    def __init__(self, store: Store, trust: Trust, keys: dict[str, NodeKey]) -> None:
        self.store, self.trust, self.keys, self.serial = store, trust, keys, 0
        self.sent: list[Transaction] = []

    def send(
        self, service: Service[Any, Any], kind: str, side: str, body: dict[str, Any], amount: int = 0, **about: Any
    ) -> Outcome:
        """A message of a case from one side's node, sealed, opened by the service, and answered."""
        self.serial += 1
        at, province = AT + timedelta(days=self.serial), SIDES[side]
        transaction = Transaction(
            id=MessageId.of("S31010000001" if side == "home" else "S33010000001", at, self.serial),
            scheme=service.name,
            kind=kind,
            sender=Party(f"{province}.service-office"),
            home="310000",
            treating="330100",
            occurred_at=at,
            amount_fen=Fen(amount),
            body=body,
            **about,
        )
        key = self.keys[province]
        sealed = envelope.parse(envelope.seal(transaction, key.signer, key.certificates, at))
        opened = envelope.open(sealed, self.trust.vouch(sealed.certificates, at))
        node = Node(Party(f"{province}.node"), relays=True)
        line = prepare(opened.transactions[0], opened.digests[0], node, SCHEMES)
        kept = Kept("envelope", sealed.digest, sealed.raw, str(node.name), at)
        ((answer,),) = self.store.submit([Submission(kept, [line])], at)
        if answer.outcome is Outcome.ACCEPTED:
            self.sent.append(transaction)
        return answer.outcome


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two nodes and a fresh ledger."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    for name in ("31.pension-fund", "33.pension-fund"):
        store.register_party(Participant(Party(name), Text(name, "基金"), name, None, AT))
    trust, keys = nodes(AT - timedelta(days=1))
    yield World(store, trust, keys)
    store.close()


def test_a_pensioner_is_certified_away_from_home(world: World) -> None:
    """Asked, reminded, answered with evidence, acknowledged; no money moves and each step is taken once."""
    service = certification.CERTIFICATION
    assert world.send(service, "request", "home", REQUEST) is Outcome.ACCEPTED
    assert world.send(service, "remind", "home", CASE) is Outcome.ACCEPTED
    assert world.send(service, "answer", "home", ANSWER) is Outcome.REFUSED
    assert world.send(service, "answer", "treating", ANSWER) is Outcome.ACCEPTED
    assert world.send(service, "answer", "treating", ANSWER) is Outcome.DUPLICATE
    assert world.send(service, "acknowledge", "home", CASE) is Outcome.ACCEPTED
    assert service.state(world.sent) is certification.State.CLOSED
    assert all(not world.store.positions(window.id) for window in world.store.windows())


def test_a_pension_relation_moves_with_its_money(world: World) -> None:
    """The new place is owed what the old place's own record gives, to the fen."""
    service = transfer.TRANSFER

    def nets() -> dict[str, int]:
        return {str(one.party): one.net_fen for window in world.store.windows() for one in world.store.positions(window.id)}

    assert world.send(service, "apply", "treating", APPLICATION) is Outcome.ACCEPTED
    assert world.send(service, "accept", "treating", CASE) is Outcome.ACCEPTED
    assert world.send(service, "send", "home", STATEMENT, 1_860_000) is Outcome.REFUSED
    until = AT + timedelta(days=60)
    assert world.send(service, "send", "home", STATEMENT, 1_860_000, pending_until=until) is Outcome.ACCEPTED
    sent = world.sent[-1].id
    for side in ("home", "treating"):
        assert world.send(service, "send", side, STATEMENT, 1_860_000, posts=sent) is Outcome.REFUSED
    assert not any(nets().values())
    assert world.send(service, "receive", "treating", CASE, 1_860_000, posts=sent) is Outcome.ACCEPTED
    assert service.state(world.sent) is transfer.State.DONE
    assert nets() == {"31.pension-fund": -1_860_000, "33.pension-fund": 1_860_000}
    assert not world.store.audit(signatures=False).findings


def test_a_referral_is_registered_and_the_visit_has_its_class(world: World) -> None:
    """The treating place applies, the insured place files; what each holds gives the visit the same class."""
    service = registration.REGISTRATION
    assert world.send(service, "apply", "treating", REFERRAL) is Outcome.ACCEPTED
    assert world.send(service, "file", "treating", FILED) is Outcome.REFUSED
    assert world.send(service, "file", "home", FILED) is Outcome.ACCEPTED
    assert world.send(service, "file", "home", FILED) is Outcome.DUPLICATE
    assert service.state(world.sent) is registration.State.FILED
    visit = Visit("330102", date(2026, 10, 1), date(2026, 10, 9))
    assert class_of(visit, registration.filings(world.sent, "p1", "employee")) == "referral"
    assert class_of(visit, registration.filings(world.sent, "p2", "employee")) == "unregistered"


def test_a_record_is_confirmed_by_the_province_that_issued_it(world: World) -> None:
    """The digest read from the card is compared with what the issuer holds."""
    service = records.RECORDS
    assert world.send(service, "query", "treating", QUERY) is Outcome.ACCEPTED
    query = service.content(world.sent[0])
    answer = records.confirm(query, {"S-2020-0001": (content_digest((b"skill",)), "")}, "2026-10-14")
    body = {"case": answer.case, "standing": answer.standing, "as_of": answer.as_of}
    assert world.send(service, "confirm", "home", body) is Outcome.ACCEPTED
    assert service.state(world.sent) is records.State.ANSWERED
    assert answer.standing == "valid"


def test_what_is_overdue_is_told_and_a_reminder_begins_nothing_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the working-day calendar, with what then follows; a step that does not follow the others is left out."""
    certified, moved = certification.CERTIFICATION, transfer.TRANSFER
    world.send(certified, "request", "home", REQUEST)
    world.send(certified, "remind", "home", CASE)
    world.send(moved, "accept", "treating", CASE)
    world.send(moved, "apply", "treating", APPLICATION)
    due = date(2026, 11, 10)

    def told(day: date) -> dict[str, Any]:
        with world.store.view() as view:
            return {one.service: one for one in cases(view, SCHEMES, known(), day)}

    found = told(due)
    assert (found[certified.name].state, found[certified.name].since, found[certified.name].due) == (
        "asked",
        date(2026, 10, 13),
        due,
    )
    assert found[certified.name].overdue is None
    assert "停发" in told(due + timedelta(days=1))[certified.name].overdue.zh
    assert (found[moved.name].state, found[moved.name].due) == ("applied", date(2026, 11, 6))
    monkeypatch.setattr("cardstack.cli.settle_desk.now", lambda: datetime(2026, 11, 9, 12, tzinfo=SHANGHAI))
    url = str(world.store.database.engine.url)
    shown = CliRunner().invoke(app, ["cases", "--overdue", "--json", "--database", url], catch_exceptions=False)
    assert [one["service"] for one in json.loads(shown.stdout)] == [moved.name]
    assert "CASE000001" in CliRunner().invoke(app, ["cases", "--database", url], catch_exceptions=False).stdout
    with world.store.view() as view:
        late = cases(view, SCHEMES, Calendar(()), due)
    assert {one.due for one in late} == {None}
