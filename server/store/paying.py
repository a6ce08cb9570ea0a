"""Payments in the store: released by two people, matched with what banks booked, windows settled when all is paid."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from cardstack.errors import Refused
from cardstack.settlement.banking.matching import Matched, Mismatch, match
from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.instruction import PAYMENT, Act, Instruction, Payment
from cardstack.settlement.window import Event, Stage
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.late import charge
from server.store.windows import move

LINE_COLUMNS = "account, bank_reference, reference, amount_fen, side, booked_on, returned, reason, taken_at"


def release(commit: Commit, window: str, two: Two) -> tuple[Instruction, ...]:
    """Send a window's payments to the bank: those prepared, and those that failed before."""
    two.check(commit)
    found = [one for one in reads.instructions(commit, window) if (one.state, Act.RELEASE) in PAYMENT.moves]
    if not found:
        raise Refused("nothing here is waiting for release", window=window)
    rows = [(PAYMENT.after(one.state, Act.RELEASE).value, one.instruction.id) for one in found]
    commit.run("UPDATE instruction SET state = ? WHERE id = ?", rows)
    commit.tell("instructions-released", window, {"maker": two.maker, "checker": two.checker, "count": len(rows)})
    return tuple(one.instruction for one in found)


def take_lines(commit: Commit, lines: Sequence[BankLine], *, actor: str) -> Matched:
    """Keep what a bank booked, each line once, and let the payments follow; what does not match is named.

    A payment that was booked late has its interest booked with it. A window whose payments are all paid is settled;
    it waits again where one of them comes back.
    """
    keys = {(one.account, one.bank_reference) for one in lines}
    query = "SELECT account, bank_reference FROM bank_line WHERE bank_reference IN {these}"
    there = {tuple(row) for row in commit.among(query, {reference for _, reference in keys})}
    new = {(one.account, one.bank_reference): one for one in lines if (one.account, one.bank_reference) not in there}
    commit.insert("bank_line", LINE_COLUMNS, [_row(one, commit.at) for one in new.values()])
    references = {one.reference for one in lines}
    windows = sorted({reference.rpartition(".")[0] for reference in references if "." in reference})
    instructions = [one for window in windows for one in reads.instructions(commit, window)]
    sent = [one.instruction for one in instructions if one.state not in (Payment.PREPARED, Payment.CANCELLED)]
    kept = _lines(commit, [one.id for one in sent])
    strangers = [one for one in new.values() if one.reference not in {known.id for known in sent}]
    matched = match(sent, [*kept, *strangers], _accounts(commit))
    waiting = {one.instruction.id: one for one in instructions}
    for effect in matched.effects:
        one = waiting[effect.instruction]
        if _apply(commit, one.instruction.id, one.state, effect.act, effect.paid_fen) is Payment.PAID:
            charge(commit, one, [line for line in kept if line.reference == one.instruction.id])
    for window in windows:
        _settle(commit, window, actor)
    commit.tell("bank-lines-taken", actor, {"lines": len(new), "mismatches": len(matched.mismatches)})
    return matched


def open_payments(view: View) -> tuple[Mismatch, ...]:
    """What was released and is not fully paid yet, by the lines that are known."""
    waiting = reads.instructions(view, states=(Payment.RELEASED, Payment.PARTLY_PAID))
    sent = [one.instruction for one in waiting]
    return match(sent, _lines(view, [one.id for one in sent]), _accounts(view)).mismatches


def _apply(commit: Commit, id_: str, state: Payment, act: Act, paid: Fen) -> Payment | None:
    after = PAYMENT.moves.get((state, act))
    if after is not None:
        commit.run("UPDATE instruction SET state = ?, paid_fen = ? WHERE id = ?", [(after.value, paid, id_)])
        commit.tell(f"payment-{after.value}", id_, {"paid_fen": paid})
    return after


def _settle(commit: Commit, window: str, actor: str) -> None:
    found, states = reads.window(commit, window), {one.state for one in reads.instructions(commit, window)}
    if found is None:
        return
    if found.stage is Stage.PENDING and states == {Payment.PAID}:
        move(commit, window, Event.SETTLE, actor=actor, reason="all payments booked by the bank")
    if found.stage is Stage.SETTLED and states != {Payment.PAID}:
        move(commit, window, Event.RETURN, actor=actor, reason="a payment came back")


def _row(one: BankLine, at: int) -> tuple[object, ...]:
    day = one.booked_on.isoformat()
    return (one.account, one.bank_reference, one.reference, one.amount_fen, one.side.value, day, one.returned, one.reason, at)


def _lines(view: View, references: Iterable[str]) -> list[BankLine]:
    columns = "account, reference, bank_reference, amount_fen, side, booked_on, returned, reason"
    query = f"SELECT {columns} FROM bank_line WHERE reference IN {{these}} ORDER BY booked_on, bank_reference"  # noqa: S608  # own names
    return [
        BankLine(row[0], row[1], row[2], Fen(row[3]), Side(row[4]), date.fromisoformat(row[5]), bool(row[6]), row[7])
        for row in view.among(query, references)
    ]


def _accounts(view: View) -> Mapping[str, str]:
    return dict(view.all("SELECT name, account FROM party"))
