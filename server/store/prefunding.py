"""Prepayments in the store: changes by two people, and how far each is used by the windows not settled yet."""

from cardstack.errors import Malformed, Refused
from cardstack.settlement.netting import bilateral
from cardstack.settlement.prefund import USUAL, Change, Kind, Prefund, Thresholds
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.registering import party

THRESHOLD_COLUMNS = "seq, debtor, creditor, yellow_percent, red_percent, maker, checker, at"


def change_prefund(commit: Commit, change: Change, two: Two) -> Prefund:
    """Allot, top up, return or correct a prepayment; it may not fall below zero."""
    two.check(commit)
    if not change.kind.allows(change.amount_fen):
        raise Malformed(f"amount_fen: its sign does not fit {change.kind}", field="amount_fen")
    for name in (change.debtor, change.creditor):
        party(commit, name)
    held = _held(commit).get((change.debtor, change.creditor), 0) + change.amount_fen
    if held < 0:
        raise Refused("amount_fen: more than is held", field="amount_fen")
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM prefund")
    row = (seq, str(change.debtor), str(change.creditor), change.amount_fen, change.kind.value, change.reference, *two, commit.at)
    commit.insert("prefund", "seq, debtor, creditor, amount_fen, kind, reference, maker, checker, at", [row])
    commit.tell(
        "prefund-changed", f"{change.debtor} {change.creditor}", {"amount_fen": change.amount_fen, "kind": change.kind.value}
    )
    return Prefund(change.debtor, change.creditor, Fen(held), Fen(0))


def set_thresholds(commit: Commit, debtor: Party, creditor: Party, wanted: Thresholds, two: Two) -> None:
    """From which usage a prepayment warns, agreed by its two sides; the last agreed counts, the earlier ones stay on record."""
    two.check(commit)
    wanted.check()
    for name in (debtor, creditor):
        party(commit, name)
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM prefund_threshold")
    commit.insert("prefund_threshold", THRESHOLD_COLUMNS, [(seq, str(debtor), str(creditor), *wanted, *two, commit.at)])
    commit.tell("prefund-thresholds-changed", f"{debtor} {creditor}", wanted._asdict())


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


def changes(view: View) -> list[Change]:
    """Every change, in order."""
    rows = view.all("SELECT debtor, creditor, amount_fen, kind, reference FROM prefund ORDER BY seq")
    return [Change(Party(row[0]), Party(row[1]), Fen(row[2]), Kind(row[3]), row[4]) for row in rows]


def _held(view: View) -> dict[tuple[str, str], int]:
    rows = view.all("SELECT debtor, creditor, SUM(amount_fen) FROM prefund GROUP BY debtor, creditor")
    return {(debtor, creditor): int(amount) for debtor, creditor, amount in rows}
