"""Payments in the store: released by two people, matched with what banks booked, windows settled when all is paid."""

import json
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

from cardstack.errors import Refused
from cardstack.settlement.banking.matching import Difference as BankDifference
from cardstack.settlement.banking.matching import Matched, Mismatch, match, paid_on
from cardstack.settlement.banking.orders import number_of
from cardstack.settlement.banking.statements import BankLine, Side, unnumbered
from cardstack.settlement.instruction import PAYMENT, Act, Instruction, Payment
from cardstack.settlement.window import Event, Stage
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads, resting
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.late import charge
from server.store.resting import Debt, debts
from server.store.values import PreparedInstruction
from server.store.windows import BACK, NOT_AGREED, is_paid, move, prepare, settle_paid, stage

LINE_COLUMNS = "account, bank_reference, reference, amount_fen, side, booked_on, returned, reason, taken_at"


def release(commit: Commit, window: str, two: Two, only: Collection[str] | None = None) -> tuple[Instruction, ...]:
    """Send a window's payments to the bank: those prepared, and those that failed before; `only` of these, where it is given.

    What the bank booked before it was asked is paid already, and is not sent.
    `Refused` (CS-3022) unless the window is pending settlement.
    """
    two.check(commit)
    if stage(commit, window) is not Stage.PENDING:
        raise Refused(window, NOT_AGREED, window=window)
    waiting = [one for debt in debts(reads.instructions(commit, window)) for one in debt.waiting]
    found = [one for one in waiting if only is None or one.instruction.id in only]
    if not found:
        raise Refused(Text("nothing here is waiting for release", "没有待发出的划款指令"), window=window)
    rows = [(PAYMENT.after(one.state, Act.RELEASE).value, one.instruction.id) for one in found]
    commit.run("UPDATE instruction SET state = ? WHERE id = ?", rows)
    _follow(commit, [window])
    now = {one.instruction.id: one.state for one in reads.instructions(commit, window)}
    sent = tuple(one.instruction for one in found if now[one.instruction.id] is Payment.RELEASED)
    if sent:
        told = {"maker": two.maker, "checker": two.checker, "count": len(sent), "instructions": [one.id for one in sent]}
        commit.tell("instructions-released", window, told)
    settle_paid(commit, window, actor="rule")
    return sent


def order_rest(commit: Commit, payment: str, two: Two, amount: Fen | None = None) -> Instruction:
    """Order what is left of a payment that the bank booked in part, or some of it, by an instruction that names the first.

    It is released at once; what was booked in part is not sent again. `Refused`: CS-3070 for more than is left, CS-3022
    unless the window is pending settlement.
    """
    two.check(commit)
    debt = resting.debt(commit, payment)
    wanted = debt.left_fen if amount is None else amount
    resting.check_left(debt, wanted)
    made = debt.first.instruction.rest(len(debt.all) + 1, wanted)
    partly = [one for one in debt.all if one.state is Payment.PARTLY_PAID]
    rows = [(PAYMENT.after(one.state, Act.CONTINUE).value, one.instruction.id) for one in partly]
    commit.run("UPDATE instruction SET state = ? WHERE id = ?", rows)
    prepare(commit, [made])
    told = {"instruction": made.id, "amount_fen": wanted, "maker": two.maker, "checker": two.checker}
    commit.tell("payment-rest-ordered", made.first, told)
    release(commit, made.window, two, {made.id})
    return made


def released(view: View, window: str, number: int | None = None) -> tuple[int, tuple[Instruction, ...]]:
    """The payments of a window's last release, or of the one with that number: what an order to the bank is made of.

    What was released before and is still on its way is not in it, so that no payment is ordered twice. `Refused` (CS-3022)
    where nothing was released.
    """
    query = "SELECT data FROM event WHERE kind = 'instructions-released' AND subject = ? ORDER BY seq"
    told = [json.loads(row[0]) for row in view.all(query, (window,))]
    wanted = len(told) if number is None else number
    if not 0 < wanted <= len(told):
        raise Refused(Text("nothing was released", "没有已发出的划款指令"), NOT_AGREED, window=window)
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
    matched = _follow(commit, windows, new)
    for window in windows:
        _settle(commit, window, actor)
    mismatches = (*twice, *matched.mismatches)
    told = {"lines": len(new), "mismatches": len(mismatches), "seal": seal_of([_row(one, commit.at) for one in new])}
    commit.tell("bank-lines-taken", actor, told)
    return matched._replace(mismatches=mismatches)


def look_again(commit: Commit) -> None:
    """Let payments that are not paid follow the lines that are known, as where a participant's account was put right."""
    windows = sorted({one.instruction.window for one in reads.instructions(commit, states=_OPEN)})
    _follow(commit, windows)
    for window in windows:
        _settle(commit, window, "rule")


def _follow(commit: Commit, windows: Sequence[str], new: Sequence[BankLine] = ()) -> Matched:
    """Let the payments of windows follow the lines that are known, of which some are new; what is not as it was sent."""
    prepared = [one for window in windows for one in reads.instructions(commit, window)]
    sent = {one.instruction.id: one for one in prepared if one.state not in (Payment.PREPARED, Payment.CANCELLED)}
    accounts = _accounts(commit)
    kept = list(_counted(sent.values(), _lines(commit, sent), accounts, new))
    strangers = [one for one in new if one.reference not in sent]
    matched = match([one.instruction for one in sent.values()], [*kept, *strangers], accounts)
    touched, moved = {one.reference for one in new}, set[str]()
    for effect in matched.effects:
        one = sent[effect.instruction]
        # Nothing new was said of it: a payment that failed and was sent again does not fail by its old line.
        says = effect.instruction in touched or effect.paid_fen != one.paid_fen
        if says and _apply(commit, one, effect.act, effect.paid_fen):
            moved.add(one.instruction.first)
    after = [one for window in windows for one in reads.instructions(commit, window)]
    for debt in debts(after):
        if debt.first.instruction.id in moved and debt.paid_fen >= debt.amount_fen:
            charge(commit, debt.first, _paid_on(debt, kept, accounts))
    return matched._replace(mismatches=tuple(_waiting(matched.mismatches, after)))


def _new(view: View, lines: Sequence[BankLine]) -> tuple[list[BankLine], list[Mismatch]]:
    """The lines that are not known yet, and those whose bank reference says something else already, or twice in one file.

    A line that came first without our reference, and now with it, is told by both: it counts from then on.
    """
    there = _known(view, {one.bank_reference for one in lines})
    lines = [_named(one, there) for one in lines]
    there |= _known(view, {one.bank_reference for one in lines} - {name for _, name in there})
    new: dict[tuple[str, str], BankLine] = {}
    twice: list[Mismatch] = []
    again = _told_again(view, lines, there)
    for one in lines:
        if again[unnumbered(one)] > 0 and (one.account, one.bank_reference) not in there:
            again[unnumbered(one)] -= 1
            continue
        key, said = (one.account, one.bank_reference), _said(one)
        if key in new or (key in there and there[key][not one.reference :] != said[not one.reference :]):
            twice.append(Mismatch(BankDifference.TWICE, one.bank_reference, Fen(0), one.amount_fen))
        elif key not in there:
            new[key] = one
    return list(new.values()), twice


Said = tuple[str, int, str, bool]
"""What a line says under its bank reference: our reference, the amount, its side, and whether it gives the money back."""


def _said(one: BankLine) -> Said:
    return one.reference, one.amount_fen, one.side.value, one.returned


def _known(view: View, names: Collection[str]) -> dict[tuple[str, str], Said]:
    query = "SELECT account, bank_reference, reference, amount_fen, side, returned FROM bank_line WHERE bank_reference IN {these}"
    return {(row[0], row[1]): (row[2], row[3], row[4], bool(row[5])) for row in view.among(query, names)}


def _named(one: BankLine, there: Mapping[tuple[str, str], Said]) -> BankLine:
    before = there.get((one.account, one.bank_reference))
    if not one.reference or before is None or before != _said(replace(one, reference="")):
        return one
    return replace(one, bank_reference=f"{one.bank_reference} {one.reference}")


def _told_again(view: View, lines: Sequence[BankLine], there: Container[tuple[str, str]]) -> Counter[str]:
    """How often each failure without a number is told again by a file: where it has lines that are known, as often as known."""
    failed = {one.reference: one for one in lines if unnumbered(one)}
    if not failed:
        return Counter()
    kept = [one for one in _lines(view, failed) if unnumbered(one)]
    repeats = any(not unnumbered(one) and (one.account, one.bank_reference) in there for one in lines)
    plain = {one.bank_reference for one in kept}  # before version 0.2 one was known by its payment and day alone
    return Counter(told for told in map(unnumbered, kept) if repeats or told in plain)


def _waiting(mismatches: Iterable[Mismatch], now: Sequence[PreparedInstruction]) -> Iterator[Mismatch]:
    """What the bank has not booked as it was sent, each fen once.

    What came back and was sent again is no longer returned: the bank has not booked it yet. A payment whose rest is ordered
    is told short by what no other stands for, and one that failed only where it may still be sent again. All of them together may
    be over the debt.
    """
    states = {one.instruction.id: one.state for one in now}
    held = list(debts(now))
    waiting = {one.instruction.id for debt in held for one in debt.waiting}
    for one in mismatches:
        state = states.get(one.reference)
        below = one.difference in _BELOW
        if below and (state is Payment.CONTINUED or (state is Payment.FAILED and one.reference not in waiting)):
            continue
        again = one.difference is BankDifference.RETURNED and state is Payment.RELEASED
        yield one._replace(difference=BankDifference.MISSING_AT_BANK) if again else one
    for debt in (one for one in held if one.rests):
        first, paid = debt.first.instruction.id, debt.first.paid_fen
        if debt.paid_fen > debt.amount_fen:
            yield Mismatch(BankDifference.PAID_OVER, first, debt.amount_fen, debt.paid_fen)
        elif debt.unnamed_fen:
            yield Mismatch(BankDifference.PAID_SHORT, first, Fen(paid + debt.unnamed_fen), paid)


_BELOW = frozenset({BankDifference.PAID_SHORT, BankDifference.RETURNED, BankDifference.MISSING_AT_BANK})


def booked(view: View, debt: Debt) -> Mapping[date, int]:
    """What the bank booked of a payment and its rests, by day."""
    accounts, lines = _accounts(view), _lines(view, [one.instruction.id for one in debt.all])
    return _paid_on(debt, list(_counted(debt.all, lines, accounts)), accounts)


def _paid_on(debt: Debt, lines: Sequence[BankLine], accounts: Mapping[str, str]) -> Mapping[date, int]:
    days: Counter[date] = Counter()
    for one in debt.all:
        for day, amount in paid_on(one.instruction, lines, accounts).items():
            days[day] += amount
    return days


_OPEN = (Payment.RELEASED, Payment.PARTLY_PAID, Payment.CONTINUED, Payment.FAILED)


def open_payments(view: View) -> tuple[Mismatch, ...]:
    """What was released and is not fully paid yet, or failed, or was paid over, by the lines that are known."""
    some = [*reads.instructions(view, states=_OPEN), *_paid_over(view)]
    waiting = [one for one in some if one.state is not Payment.CONTINUED]
    accounts, lines = _accounts(view), _lines(view, [one.instruction.id for one in waiting])
    found = match([one.instruction for one in waiting], _counted(waiting, lines, accounts), accounts)
    windows = sorted({one.instruction.window for one in some})
    return tuple(_waiting(found.mismatches, [one for window in windows for one in reads.instructions(view, window)]))


def _paid_over(view: View) -> list[PreparedInstruction]:
    """The payments that stand as paid and have, on some account, more booked than they are: `match` says which of them are."""
    rows = view.all(
        "SELECT id, window_id FROM instruction JOIN bank_line ON bank_line.reference = instruction.id "
        "WHERE state = ? GROUP BY id, window_id, instruction.amount_fen, account "
        "HAVING SUM(bank_line.amount_fen) > instruction.amount_fen",
        (Payment.PAID.value,),
    )
    ids, windows = {row[0] for row in rows}, sorted({row[1] for row in rows})
    return [one for window in windows for one in reads.instructions(view, window) if one.instruction.id in ids]


def beyond_its_lines(view: View, found: Sequence[PreparedInstruction]) -> Iterator[str]:
    """The payments that stand as paid with more than the bank's lines say."""
    accounts, lines = _accounts(view), _lines(view, [one.instruction.id for one in found])
    counted = list(_counted(found, lines, accounts))
    for one in found:
        if one.paid_fen and sum(paid_on(one.instruction, counted, accounts).values()) < one.paid_fen:
            yield f"payment {one.instruction.id}"


def _counted(
    found: Iterable[PreparedInstruction], lines: Iterable[BankLine], accounts: Mapping[str, str], new: Iterable[BankLine] = ()
) -> Iterator[BankLine]:
    """The lines of payments as they count: what was booked on a participant's former account stands as on the present one.

    Which account that was nobody kept; it is the one with which the lines that are not new make what stands as paid.
    """
    fresh = {(one.account, one.bank_reference) for one in new}
    by_payment: dict[str, list[BankLine]] = {}
    for line in lines:
        by_payment.setdefault(line.reference, []).append(line)
    for one in found:
        mine = by_payment.get(one.instruction.id, [])
        old = [line for line in mine if (line.account, line.bank_reference) not in fresh]
        former = _former(one, old, accounts)
        yield from mine if former is None else _moved(mine, *former)


def _former(one: PreparedInstruction, old: Sequence[BankLine], accounts: Mapping[str, str]) -> tuple[str, str] | None:
    """From which account to which the lines of a payment are to be taken; None where they make what is paid as they stand."""
    made = one.instruction
    if not one.paid_fen or sum(paid_on(made, old, accounts).values()) >= one.paid_fen:
        return None
    present = [accounts[side] for side in (made.debtor, made.creditor) if accounts.get(side)]
    ways = [(former, now) for former in sorted({line.account for line in old}) for now in present if former != now]
    return next((way for way in ways if sum(paid_on(made, _moved(old, *way), accounts).values()) >= one.paid_fen), None)


def _moved(lines: Iterable[BankLine], former: str, present: str) -> list[BankLine]:
    return [replace(line, account=present) if line.account == former else line for line in lines]


def _apply(commit: Commit, one: PreparedInstruction, act: Act, paid: Fen) -> Payment | None:
    after = PAYMENT.moves.get((one.state, act))
    if after is not None:
        commit.run("UPDATE instruction SET state = ?, paid_fen = ? WHERE id = ?", [(after.value, paid, one.instruction.id)])
        commit.tell(f"payment-{after.value}", one.instruction.id, {"paid_fen": paid})
    return after


def _settle(commit: Commit, window: str, actor: str) -> None:
    found = reads.window(commit, window)
    if found is not None and found.stage is Stage.SETTLED and not is_paid(commit, window):
        move(commit, window, Event.RETURN, actor=actor, reason=BACK.en)
    else:
        settle_paid(commit, window, actor=actor)


def _row(one: BankLine, at: int) -> tuple[object, ...]:
    day = one.booked_on.isoformat()
    return (one.account, one.bank_reference, one.reference, one.amount_fen, one.side.value, day, one.returned, one.reason, at)


def seal_of(rows: Iterable[Sequence[Any]]) -> str:
    """What stands for bank lines, in the order of `LINE_COLUMNS`, whatever their own order: the sum of their SHA-256."""
    texts = (json.dumps([*row[:6], bool(row[6]), *row[7:]]) for row in rows)
    return joined(sha256(text.encode()).hexdigest() for text in texts)


def joined(seals: Iterable[str]) -> str:
    """What stands for the lines of several of them together.

    >>> joined(["f" * 64, "02"]), joined([]) == seal_of([])
    ('0000000000000000000000000000000000000000000000000000000000000001', True)
    """
    return f"{sum(int(one, 16) for one in seals) % 2**256:064x}"


def _lines(view: View, references: Iterable[str]) -> list[BankLine]:
    columns = "account, reference, bank_reference, amount_fen, side, booked_on, returned, reason"
    query = f"SELECT {columns} FROM bank_line WHERE reference IN {{these}} ORDER BY booked_on, bank_reference"  # noqa: S608  # own names
    return [
        BankLine(row[0], row[1], row[2], Fen(row[3]), Side(row[4]), date.fromisoformat(row[5]), bool(row[6]), row[7])
        for row in view.among(query, references)
    ]


def _accounts(view: View) -> Mapping[str, str]:
    return {name: number_of(account) for name, account in view.all("SELECT name, account FROM party")}
