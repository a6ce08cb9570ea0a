"""Late payments: when the bank has paid one in full after its due day, the interest on it is booked in the same commit."""

import json
from collections.abc import Mapping
from datetime import date

from cardstack.errors import Refused
from cardstack.settlement.banking.interest import due, explain, spans, terms_of, total
from cardstack.settlement.instruction import CENTRE, Instruction
from cardstack.settlement.scheme import Cycle, Unit
from cardstack.settlement.transaction import SHANGHAI, Posting
from cardstack.settlement.window import period
from cardstack.values import Fen
from server.store.adjusting import Two, adjust
from server.store.commit import Commit
from server.store.values import PreparedInstruction

BY_RULE = Two("rule", "clock")
"""Nobody prepares or approves it: it follows from a dated figure and the bank's days, and is kept with both."""


def due_on(one: PreparedInstruction) -> date | None:
    """The last day on which a payment is in time; None where the working-day calendar does not reach so far."""
    return due(period(one.instruction.window)[0], one.prepared_at.astimezone(SHANGHAI).date())


def charge(commit: Commit, one: PreparedInstruction, booked: Mapping[date, int]) -> str | None:
    """Book the interest on a payment that was booked late; the message id of its entry, None where there is none to pay.

    Its debtor owes it to its creditor, in the window of the cycle that is open now.
    """
    payment, by = one.instruction, due_on(one)
    if by is None:
        commit.tell("interest-not-computed", payment.id, {"why": "the calendar does not reach its due day"})
        return None
    name = period(payment.window)[0]
    try:
        late = spans(payment.amount_fen, by, booked, terms_of(name, by))
    except Refused as error:  # a rate has ended and no other begun: the money is taken in all the same
        commit.tell("interest-not-computed", payment.id, {"why": error.say("en")})
        return None
    amount = Fen(total(late) - _charged(commit, payment.id))
    if amount <= 0:
        return None
    _enter_centre(commit, payment)
    steps = explain(payment.id, by, late)
    told = [{"text": step.what._asdict(), "amount_fen": step.amount_fen, "reference": step.reference} for step in steps]
    unit = Unit.DAY if len(payment.window) - len(name) == 11 else Unit.MONTH
    posting = Posting(payment.debtor, payment.creditor, amount, "interest", f"late-interest@{late[-1].rate.since}")
    reason = str(steps[-1].what)
    entry = adjust(
        commit,
        Cycle(name, unit),
        posting,
        BY_RULE,
        reason=reason,
        explained={"instruction": payment.id, "due": by.isoformat(), "steps": told},
    )
    commit.tell("interest-booked", payment.id, {"amount_fen": amount, "due": by.isoformat(), "entry": entry.seq})
    return entry.id


def _charged(commit: Commit, payment: str) -> int:
    """What was booked before on a payment that came back and was paid again."""
    rows = commit.all("SELECT data FROM event WHERE kind = 'interest-booked' AND subject = ?", (payment,))
    return sum(int(json.loads(row[0])["amount_fen"]) for row in rows)


def _enter_centre(commit: Commit, payment: Instruction) -> None:
    """The centre's own account is a party as soon as it owes or is owed."""
    if CENTRE in (payment.debtor, payment.creditor):
        row = (
            str(CENTRE),
            "settlement account of the clearing centre",
            "清算中心结算账户",
            "",
            None,
            commit.at,
        )
        commit.run(
            "INSERT INTO party (name, title_en, title_zh, account, limit_fen, since) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO NOTHING",
            [row],
        )
