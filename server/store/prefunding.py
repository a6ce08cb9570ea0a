"""Prepayments in the store: changes by two people, and how far each is used by the windows not settled yet."""

from datetime import date, timedelta

from cardstack.errors import Refused, faulty
from cardstack.settlement.booking import DAY, EAST
from cardstack.settlement.netting import bilateral
from cardstack.settlement.prefund import USUAL, Change, Kind, Prefund, Thresholds, red_day
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.registering import party

THRESHOLD_COLUMNS = "seq, debtor, creditor, yellow_percent, red_percent, maker, checker, at"
_BY_DAY = f"""
SELECT posting.debtor, posting.creditor, (entry.occurred_at + {EAST}) / {DAY} AS day, SUM(posting.amount_fen)
FROM entry JOIN posting ON posting.entry = entry.seq AND posting.window_id = entry.window_id
WHERE entry.window_id = ? GROUP BY posting.debtor, posting.creditor, day
"""  # noqa: S608  # own numbers
"""What each owes each of a window by the legal day on which it happened."""


def change_prefund(commit: Commit, change: Change, two: Two) -> Prefund:
    """Allot, top up, return or correct a prepayment; it may not fall below zero."""
    two.check(commit)
    if not change.kind.allows(change.amount_fen):
        raise faulty("amount_fen", f"its sign does not fit {change.kind}", f"正负号与 {change.kind} 不符")
    _sides(commit, change.debtor, change.creditor)
    held = _held(commit).get((change.debtor, change.creditor), 0) + change.amount_fen
    if held < 0:
        raise Refused(Text("amount_fen: more than is held", "amount_fen：超过现有预付金"), field="amount_fen")
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM prefund")
    row = (seq, str(change.debtor), str(change.creditor), change.amount_fen, change.kind.value, change.reference, *two, commit.at)
    commit.insert("prefund", "seq, debtor, creditor, amount_fen, kind, reference, maker, checker, at", [row])
    told = {"amount_fen": change.amount_fen, "kind": change.kind.value, "reference": change.reference, **two._asdict()}
    commit.tell("prefund-changed", f"{change.debtor} {change.creditor}", told)
    return Prefund(change.debtor, change.creditor, Fen(held), Fen(0))


def set_thresholds(commit: Commit, debtor: Party, creditor: Party, wanted: Thresholds, two: Two) -> None:
    """From which usage a prepayment warns, agreed by its two sides; the last agreed counts, the earlier ones stay on record."""
    two.check(commit)
    wanted.check()
    _sides(commit, debtor, creditor)
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM prefund_threshold")
    commit.insert("prefund_threshold", THRESHOLD_COLUMNS, [(seq, str(debtor), str(creditor), *wanted, *two, commit.at)])
    commit.tell("prefund-thresholds-changed", f"{debtor} {creditor}", {**wanted._asdict(), **two._asdict()})


def _sides(commit: Commit, debtor: Party, creditor: Party) -> None:
    """`Refused` for who is no participant; `Malformed` where one would hold its own prepayment."""
    for name in (debtor, creditor):
        party(commit, name)
    if debtor == creditor:
        raise faulty("creditor", "holds a prepayment of another, not of itself", "预付金的双方不得为同一参与方")


def thresholds(view: View) -> dict[tuple[str, str], Thresholds]:
    """What was agreed last, by debtor and creditor; who agreed nothing has the usual ones."""
    rows = view.all("SELECT debtor, creditor, yellow_percent, red_percent FROM prefund_threshold ORDER BY seq")
    return {(row[0], row[1]): Thresholds(row[2], row[3]) for row in rows}


def prefunds(view: View, window: str) -> list[Prefund]:
    """Every prepayment, and how far a window's clearing uses it, set off both ways."""
    used = {(str(one.debtor), str(one.creditor)): one.amount_fen for one in bilateral(reads.owed(view, window))}
    warns = thresholds(view)
    return [
        Prefund(Party(pair[0]), Party(pair[1]), Fen(held), used.get(pair, Fen(0)), warns.get(pair, USUAL))
        for pair, held in sorted(_held(view).items())
    ]


def red_days(view: View, window: str) -> dict[tuple[str, str], date | None]:
    """When each prepayment comes to its red warning if a window's use goes on by the day as it did, set off both ways."""
    used: dict[tuple[str, str], dict[int, int]] = {pair: {} for pair in _held(view)}
    for debtor, creditor, day, amount in view.all(_BY_DAY, (window,)):
        for pair, signed in (((debtor, creditor), int(amount)), ((creditor, debtor), -int(amount))):
            if pair in used:
                used[pair][day] = used[pair].get(day, 0) + signed
    warns = thresholds(view)
    return {
        pair: red_day(
            Fen(held),
            [(date(1970, 1, 1) + timedelta(days=day), Fen(amount)) for day, amount in sorted(used[pair].items())],
            warns.get(pair, USUAL).red,
        )
        for pair, held in _held(view).items()
    }


def changes(view: View) -> list[Change]:
    """Every change, in order."""
    rows = view.all("SELECT debtor, creditor, amount_fen, kind, reference FROM prefund ORDER BY seq")
    return [Change(Party(row[0]), Party(row[1]), Fen(row[2]), Kind(row[3]), row[4]) for row in rows]


def _held(view: View) -> dict[tuple[str, str], int]:
    rows = view.all("SELECT debtor, creditor, SUM(amount_fen) FROM prefund GROUP BY debtor, creditor")
    return {(debtor, creditor): int(amount) for debtor, creditor, amount in rows}
