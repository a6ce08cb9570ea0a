"""Services between two places: messages, sides, states, deadlines, and the money of a pension transfer."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.errors import Malformed, Refused
from cardstack.settlement.calendar import known
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.services import certification, records, transfer
from cardstack.settlement.services.case import Service
from cardstack.settlement.services.records import content_digest
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.values import Fen

AT = datetime(2026, 10, 12, 9, 0, tzinfo=SHANGHAI)
CASE = {"case": "CASE000001"}
REQUEST = {**CASE, "person": "p1", "office": "31.pension.huangpu", "due": "2026-12-31"}
ANSWER = {
    **CASE,
    "result": "alive",
    "method": "card",
    "point": "33.hangzhou.community-12",
    "checked_on": "2026-10-20",
    "evidence_sha256": "0" * 64,
}
YEARS = [{"year": 2024, "months": 12, "base_fen": 6_000_000}, {"year": 2025, "months": 6, "base_fen": 3_300_000}]
STATEMENT = {**CASE, "years": YEARS, "account_fen": 744_000, "pool_fen": 1_116_000, "closed_on": "2026-10-30"}
APPLICATION = {**CASE, "person": "p", "certificate_no": "1", "applied_on": "2026-10-12"}
QUERY = {
    **CASE,
    "kind": "skill",
    "number": "S-2020-0001",
    "content_sha256": content_digest((b"skill",)),
    "purpose": "hiring",
    "office": "33.hr.hangzhou",
}


def message(
    service: Service[Any, Any], kind: str, body: dict[str, Any], sender: str, serial: int = 1, *, amount: int = 0, **about: Any
) -> Transaction:
    return Transaction(
        id=MessageId.of("S33010000001", AT, serial),
        scheme=service.name,
        kind=kind,
        sender=Party(sender),
        home="310000",
        treating="330100",
        occurred_at=AT,
        amount_fen=Fen(amount),
        body=body,
        **about,
    )


def code(service: Service[Any, Any], transaction: Transaction) -> str | None:
    reason = service.check(transaction)
    return reason and reason.code


def test_a_certification_is_asked_answered_and_acknowledged() -> None:
    """Reminders may come between; a retry counts once; nothing else may follow."""
    steps = [
        message(certification.CERTIFICATION, "request", REQUEST, "31.pension-office", 1),
        message(certification.CERTIFICATION, "remind", CASE, "31.pension-office", 2),
        message(certification.CERTIFICATION, "remind", CASE, "31.pension-office", 2),
        message(certification.CERTIFICATION, "answer", ANSWER, "33.pension-office", 3),
        message(certification.CERTIFICATION, "acknowledge", CASE, "31.pension-office", 4),
    ]
    assert [code(certification.CERTIFICATION, one) for one in steps] == [None] * 5
    assert certification.CERTIFICATION.state(steps) is certification.State.CLOSED
    with pytest.raises(Refused):
        certification.CERTIFICATION.state([steps[0], steps[4]])
    with pytest.raises(Refused):
        certification.CERTIFICATION.state([message(certification.CERTIFICATION, "dance", {}, "31.x")])


def test_a_step_exists_once_and_reminders_as_often_as_needed() -> None:
    """The claim names case and step."""
    one, two = (message(certification.CERTIFICATION, "remind", CASE, "31.x", serial) for serial in (1, 2))
    assert certification.CERTIFICATION.claims(one) != certification.CERTIFICATION.claims(two)
    asked = [message(certification.CERTIFICATION, "request", REQUEST, "31.x", serial) for serial in (1, 2)]
    assert len({certification.CERTIFICATION.claims(one) for one in asked}) == 1


@pytest.mark.parametrize(
    ("transaction", "expected"),
    [
        (message(certification.CERTIFICATION, "dance", {}, "31.x"), "unknown-kind"),
        (message(certification.CERTIFICATION, "answer", CASE, "33.x"), "content-malformed"),
        (message(certification.CERTIFICATION, "answer", ANSWER, "31.x"), "wrong-side"),
        (message(certification.CERTIFICATION, "request", REQUEST, "31.x", amount=1), "amount-differs"),
        (message(certification.CERTIFICATION, "answer", {**ANSWER, "checked_on": "2026-02-30"}, "33.x"), "content-malformed"),
        (message(certification.CERTIFICATION, "answer", {**ANSWER, "result": "deceased"}, "33.x"), "content-malformed"),
        (message(certification.CERTIFICATION, "answer", {**ANSWER, "deceased_on": "2026-10-01"}, "33.x"), "content-malformed"),
    ],
)
def test_each_fault_has_its_reason(transaction: Transaction, expected: str) -> None:
    """Kind, content, side, amount."""
    assert code(certification.CERTIFICATION, transaction) == expected


def test_a_refusal_names_the_field() -> None:
    """In both languages, and not what stands in it."""
    lacking = {name: value for name, value in ANSWER.items() if name != "method"}
    told = [{**ANSWER, "checked_on": "2026-02-30"}, lacking, {**ANSWER, "result": "gone"}, {**ANSWER, "result": "deceased"}]
    found = [certification.CERTIFICATION.check(message(certification.CERTIFICATION, "answer", one, "33.x")) for one in told]
    assert [one.text.zh.partition("：")[2] for one in found if one] == ["checked_on", "method", "result", "deceased_on"]


def test_provinces_number_their_cases_by_themselves() -> None:
    """The same number between two other provinces is another case."""
    one = message(certification.CERTIFICATION, "request", REQUEST, "31.x")
    other = replace(one, home="320000", sender=Party("32.x"))
    assert certification.CERTIFICATION.claims(one) != certification.CERTIFICATION.claims(other)


def test_an_answer_is_due_when_it_was_asked_for_and_at_the_latest_by_its_term() -> None:
    """The earlier of the two; every state has its words."""
    service, day = certification.CERTIFICATION, date(2026, 10, 12)
    assert service.due(certification.State.ASKED, day, known(), date(2026, 10, 20)) == date(2026, 10, 20)
    assert service.due(certification.State.ASKED, day, known(), date(2026, 12, 31)) == date(2026, 11, 9)
    for one in (certification.CERTIFICATION, transfer.TRANSFER, records.RECORDS):
        states = {one.machine.initial, *one.machine.moves.values()}
        assert set(one.states) == states
        assert all(title.zh for title in one.states.values())


def test_a_transfer_moves_the_account_and_the_pools_share() -> None:
    """12 % of each year's bases and the whole account, pending until the new place has it."""
    until = {"pending_until": AT + timedelta(days=30)}
    sent = message(transfer.TRANSFER, "send", STATEMENT, "31.pension-office", 3, amount=1_860_000, **until)
    assert code(transfer.TRANSFER, sent) is None
    assert [(p.debtor, p.creditor, p.amount_fen, p.kind) for p in transfer.TRANSFER.postings(sent, sent.day)] == [
        ("31.pension-fund", "33.pension-fund", 744_000, "personal-account"),
        ("31.pension-fund", "33.pension-fund", 1_116_000, "pool-share"),
    ]
    wrong = message(transfer.TRANSFER, "send", {**STATEMENT, "pool_fen": 1}, "31.pension-office", 3, amount=744_001, **until)
    assert code(transfer.TRANSFER, wrong) == "amount-differs"
    assert code(transfer.TRANSFER, replace(wrong, amount_fen=Fen(0))) == "amount-differs"
    for years, pool in ((YEARS[:1] * 2, 1_440_000), ([{**YEARS[0], "year": 2027}], 720_000)):
        body, amount = {**STATEMENT, "years": years, "pool_fen": pool}, 744_000 + pool
        twice = message(transfer.TRANSFER, "send", body, "31.pension-office", 3, amount=amount, **until)
        assert code(transfer.TRANSFER, twice) == "content-malformed"
    assert [step.name for step in transfer.TRANSFER.explain(sent, sent.day)] == ["send", "personal-account", "pool-share"]
    flow = [
        message(transfer.TRANSFER, "apply", APPLICATION, "33.x", 1),
        message(transfer.TRANSFER, "accept", CASE, "33.x", 2),
        sent,
        message(transfer.TRANSFER, "receive", CASE, "33.x", 4, posts=sent.id),
    ]
    assert [code(transfer.TRANSFER, one) for one in flow] == [None] * 4
    assert transfer.TRANSFER.state(flow) is transfer.State.DONE


def test_no_side_moves_a_transfers_money_alone() -> None:
    """A statement is reserved; only the receiver's receipt, whole and of its form, posts it; only the receiver gives it back."""
    office, node = transfer.TRANSFER, Node(Party("00.hub"), relays=True)
    sent = MessageId.of("S33010000001", AT, 3)

    def reason(kind: str, side: str, body: dict[str, Any], **about: Any) -> str | None:
        line = prepare(message(office, kind, body, f"{side}.office", amount=1_860_000, **about), bytes(32), node, SCHEMES)
        return line.reason and line.reason.code

    assert reason("send", "31", STATEMENT) == "not-reserved"
    assert reason("send", "31", STATEMENT, pending_until=AT + timedelta(days=30)) is None
    assert code(office, message(office, "receive", CASE, "33.x")) == "not-confirmed"
    assert reason("send", "31", STATEMENT, posts=sent) == "not-confirmed"
    assert reason("receive", "31", CASE, posts=sent) == "wrong-side"
    assert reason("receive", "33", {**CASE, "amounts_fen": [1, 1]}, posts=sent) == "content-malformed"
    assert reason("receive", "33", CASE, posts=sent) is None
    assert reason("reversal", "31", {}, reverses=sent) == "not-confirmed"
    assert [reason("reversal", side, {}, reverses=sent) for side in ("33", "00")] == [None, None]
    assert [reason("void", side, {}, voids=sent) for side in ("31", "33")] == [None, None]


ABOUT: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"pending_until": AT + timedelta(days=30)},
        *({how: MessageId.of("S33010000001", AT, 3)} for how in ("posts", "reverses", "voids")),
    ]
)


@given(st.sampled_from(["31", "33"]), st.sampled_from(transfer.Event), st.sampled_from([CASE, STATEMENT, APPLICATION]), ABOUT)
def test_a_transfers_payer_posts_nothing(side: str, kind: transfer.Event, body: dict[str, Any], about: dict[str, Any]) -> None:
    """Whatever it sends, the old place moves no money: it reserves or lets go; the new place posts by its receipt alone."""
    amount = 1_860_000 if body is STATEMENT else 0
    sent = message(transfer.TRANSFER, kind, body, f"{side}.office", amount=amount, **about)
    line = prepare(sent, bytes(32), Node(Party("00.hub"), relays=True), SCHEMES)
    if line.reason is None and (line.postings or sent.posts or sent.reverses):
        assert sent.pending_until or (side == "33" and (kind is transfer.Event.RECEIVE or sent.reverses))


def test_forty_five_working_days_in_three_parts() -> None:
    """Deadlines are counted on the calendar and refused beyond it."""
    calendar, day, states = known(), date(2026, 9, 1), (transfer.State.APPLIED, transfer.State.ACCEPTED, transfer.State.SENT)
    for state in states:
        due = transfer.TRANSFER.due(state, day, calendar)
        assert due is not None
        day = due
    assert calendar.between(date(2026, 9, 1), day) == 45
    assert transfer.TRANSFER.due(transfer.State.DONE, day, calendar) is None
    with pytest.raises(Refused):
        transfer.TRANSFER.due(transfer.State.SENT, date(2026, 12, 28), calendar)


def test_a_record_is_confirmed_by_its_issuer() -> None:
    """Valid, changed since, revoked, unknown: from a digest alone."""
    query = records.RECORDS.content(message(records.RECORDS, "query", QUERY, "33.hr-office"))
    digest = QUERY["content_sha256"]
    held = {"S-2020-0001": (str(digest), "")}
    assert records.confirm(query, held, "2026-10-12").standing == "valid"
    assert records.confirm(query, {"S-2020-0001": ("1" * 64, "")}, "2026-10-12").standing == "changed"
    assert records.confirm(query, {"S-2020-0001": (str(digest), "2026-01-01")}, "2026-10-12").revoked_on == "2026-01-01"
    assert records.confirm(query, {}, "2026-10-12").standing == "unknown"
    with pytest.raises(Malformed):
        records.RECORDS.content(message(records.RECORDS, "dance", QUERY, "33.x"))


def test_services_pass_the_ledgers_own_preparation() -> None:
    """They are schemes like any other: prepared without a reason, no totals, no money but the transfer's."""
    node = Node(Party("33.hr-office"))
    ask = message(records.RECORDS, "query", QUERY, "33.hr-office")
    line = prepare(ask, bytes(32), node, SCHEMES)
    assert (line.reason, line.postings, line.accumulations) == (None, (), ())
    assert records.RECORDS.machine.diagram().startswith("stateDiagram")
