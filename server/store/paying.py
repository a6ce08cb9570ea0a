"""Payments in the store: released by two people, matched with what banks booked, windows settled when all is paid."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from cardstack.errors import Refused
from cardstack.settlement.banking.matching import Difference as BankDifference
from cardstack.settlement.banking.matching import Matched, Mismatch, match, paid_on
from cardstack.settlement.banking.orders import number_of
from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.instruction import PAYMENT, Act, Instruction, Payment
from cardstack.settlement.window import Event, Stage
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.late import charge
from server.store.values import PreparedInstruction
from server.store.windows import NOT_AGREED, is_paid, move, settle_paid, stage

LINE_COLUMNS = "account, bank_reference, reference, amount_fen, side, booked_on, returned, reason, taken_at"


def release(commit: Commit, window: str, two: Two, only: Collection[str] | None = None) -> tuple[Instruction, ...]:
    """Send a window's payments to the bank: those prepared, and those that failed before; `only` of these, where it is given.

    `Refused` (CS-3022) unless the window is pending settlement.
    """
    two.check(commit)
    if stage(commit, window) is not Stage.PENDING:
        raise Refused("the window is not pending settlement", NOT_AGREED, window=window)
    waiting = [one for one in reads.instructions(commit, window) if (one.state, Act.RELEASE) in PAYMENT.moves]
    found = [one for one in waiting if only is None or one.instruction.id in only]
    if not found:
        raise Refused("nothing here is waiting for release", window=window)
    rows = [(PAYMENT.after(one.state, Act.RELEASE).value, one.instruction.id) for one in found]
    commit.run("UPDATE instruction SET state = ? WHERE id = ?", rows)
    told = {"maker": two.maker, "checker": two.checker, "count": len(rows), "instructions": [id_ for _, id_ in rows]}
    commit.tell("instructions-released", window, told)
    return tuple(one.instruction for one in found)


def released(view: View, window: str, number: int | None = None) -> tuple[int, tuple[Instruction, ...]]:
    """The payments of a window's last release, or of the one with that number: what an order to the bank is made of.

    What was released before and is still on its way is not in it, so that no payment is ordered twice. `Refused` (CS-3022)
    where nothing was released.
    """
    query = "SELECT data FROM event WHERE kind = 'instructions-released' AND subject = ? ORDER BY seq"
    told = [json.loads(row[0]) for row in view.all(query, (window,))]
    wanted = len(told) if number is None else number
    if not 0 < wanted <= len(told):
        raise Refused("nothing was released", NOT_AGREED, window=window)
    # Before version 0.2 a release did not name its payments: it was all that had been sent.
    ids = told[wanted - 1].get("instructions")
    sent = [one for one in reads.instructions(view, window) if one.state not in (Payment.PREPARED, Payment.CANCELLED)]
    return wanted, tuple(one.instruction for one in sent if ids is None or one.instruction.id in ids)


def take_lines(commit: Commit, lines: Sequence[BankLine], *, actor: str) -> Matched:
    """Keep what a bank booked, each line once, and let the payments follow; what does not match is named.

    A payment that was booked late has its interest booked with it. A window whose payments are all paid is settled;
    it waits again where one of them comes back.
    """
    new, twice = _new(commit, lines)
    commit.insert("bank_line", LINE_COLUMNS, [_row(one, commit.at) for one in new])
    windows = sorted({one.reference.rpartition(".")[0] for one in lines if "." in one.reference})
    prepared = [one for window in windows for one in reads.instructions(commit, window)]
    sent = {one.instruction.id: one for one in prepared if one.state not in (Payment.PREPARED, Payment.CANCELLED)}
    accounts, kept = _accounts(commit), _lines(commit, sent)
    strangers = [one for one in new if one.reference not in sent]
    matched = match([one.instruction for one in sent.values()], [*kept, *strangers], accounts)
    touched = {one.reference for one in new}
    for effect in matched.effects:
        one = sent[effect.instruction]
        # Nothing new was said of it: a payment that failed and was sent again does not fail by its old line.
        if effect.instruction in touched and _apply(commit, one, effect.act, effect.paid_fen) is Payment.PAID:
            charge(commit, one, paid_on(one.instruction, kept, accounts))
    for window in windows:
        _settle(commit, window, actor)
    after = {one.instruction.id: one for window in windows for one in reads.instructions(commit, window)}
    mismatches = (*twice, *_waiting(matched.mismatches, after))
    commit.tell("bank-lines-taken", actor, {"lines": len(new), "mismatches": len(mismatches)})
    return matched._replace(mismatches=mismatches)


def _new(view: View, lines: Sequence[BankLine]) -> tuple[list[BankLine], list[Mismatch]]:
    """The lines that are not known yet, and those whose bank reference says something else already, or twice in one file."""
    query = "SELECT account, bank_reference, reference, amount_fen, side, returned FROM bank_line WHERE bank_reference IN {these}"
    rows = view.among(query, {one.bank_reference for one in lines})
    there = {(row[0], row[1]): (row[2], row[3], row[4], bool(row[5])) for row in rows}
    new: dict[tuple[str, str], BankLine] = {}
    twice: list[Mismatch] = []
    for one in lines:
        key, said = (one.account, one.bank_reference), (one.reference, one.amount_fen, one.side.value, one.returned)
        if key in new or (key in there and there[key][not one.reference :] != said[not one.reference :]):
            twice.append(Mismatch(BankDifference.TWICE, one.bank_reference, Fen(0), one.amount_fen))
        elif key not in there:
            new[key] = one
    return list(new.values()), twice


def _waiting(mismatches: Iterable[Mismatch], now: Mapping[str, PreparedInstruction]) -> Iterator[Mismatch]:
    """What came back and was sent again is no longer returned: the bank has not booked it yet."""
    for one in mismatches:
        again = one.difference is BankDifference.RETURNED and now[one.reference].state is Payment.RELEASED
        yield one._replace(difference=BankDifference.MISSING_AT_BANK) if again else one


def booked(view: View, one: Instruction) -> Mapping[date, int]:
    """What the bank booked of a payment, by day."""
    return paid_on(one, _lines(view, [one.id]), _accounts(view))


def open_payments(view: View) -> tuple[Mismatch, ...]:
    """What was released and is not fully paid yet, by the lines that are known."""
    waiting = {one.instruction.id: one for one in reads.instructions(view, states=(Payment.RELEASED, Payment.PARTLY_PAID))}
    found = match([one.instruction for one in waiting.values()], _lines(view, waiting), _accounts(view))
    return tuple(_waiting(found.mismatches, waiting))


def _apply(commit: Commit, one: PreparedInstruction, act: Act, paid: Fen) -> Payment | None:
    after = PAYMENT.moves.get((one.state, act))
    if after is not None:
        commit.run("UPDATE instruction SET state = ?, paid_fen = ? WHERE id = ?", [(after.value, paid, one.instruction.id)])
        commit.tell(f"payment-{after.value}", one.instruction.id, {"paid_fen": paid})
    return after


def _settle(commit: Commit, window: str, actor: str) -> None:
    found = reads.window(commit, window)
    if found is not None and found.stage is Stage.SETTLED and not is_paid(commit, window):
        move(commit, window, Event.RETURN, actor=actor, reason="a payment came back")
    else:
        settle_paid(commit, window, actor=actor)


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
    return {name: number_of(account) for name, account in view.all("SELECT name, account FROM party")}
