"""Prepayments in the store: changes by two people, and how far each is used by the windows not settled yet."""

from cardstack.errors import Refused
from cardstack.settlement.prefund import Change, Kind, Prefund
from cardstack.settlement.transaction import Party
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View


def change_prefund(commit: Commit, change: Change, two: Two) -> Prefund:
    """Allot, top up, return or correct a prepayment; it may not fall below zero."""
    two.check()
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


def prefunds(view: View, window: str) -> list[Prefund]:
    """Every prepayment, and how far a window's clearing uses it, set off both ways."""
    used: dict[tuple[str, str], int] = {}
    for debtor, creditor, amount in reads.owed(view, window):
        used[debtor, creditor] = used.get((debtor, creditor), 0) + amount
        used[creditor, debtor] = used.get((creditor, debtor), 0) - amount
    return [
        Prefund(Party(debtor), Party(creditor), Fen(held), Fen(max(0, used.get((debtor, creditor), 0))))
        for (debtor, creditor), held in sorted(_held(view).items())
    ]


def changes(view: View) -> list[Change]:
    """Every change, in order."""
    rows = view.all("SELECT debtor, creditor, amount_fen, kind, reference FROM prefund ORDER BY seq")
    return [Change(Party(row[0]), Party(row[1]), Fen(row[2]), Kind(row[3]), row[4]) for row in rows]


def _held(view: View) -> dict[tuple[str, str], int]:
    rows = view.all("SELECT debtor, creditor, SUM(amount_fen) FROM prefund GROUP BY debtor, creditor")
    return {(debtor, creditor): int(amount) for debtor, creditor, amount in rows}
