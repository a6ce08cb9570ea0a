"""What a file of settlements says beside the ledger: each line that is not booked here, or is booked otherwise."""

from collections.abc import Mapping
from typing import NamedTuple

from cardstack.settlement.medical.reconciliation import Book, Kind
from server.store.commit import View

_BOOKED = (
    "SELECT id, amount_fen, "
    "EXISTS (SELECT 1 FROM entry AS earlier JOIN resolution ON resolution.entry = earlier.seq "
    "WHERE earlier.id = entry.refers AND change = 'reverse' AND by_entry = entry.seq), "
    "state = 'posted' OR EXISTS (SELECT 1 FROM resolution WHERE resolution.entry = entry.seq AND change = 'post'), "
    "EXISTS (SELECT 1 FROM resolution WHERE resolution.entry = entry.seq AND change = 'reverse') "
    "FROM entry WHERE id IN {these}"
)


_PAID = (
    "SELECT entry.id, leg.kind = 'acct-pay', leg.amount_fen FROM entry {joined} WHERE phase = 'posted' AND entry.id IN {{these}}"
)
_OWN = "JOIN posting AS leg ON leg.entry = entry.seq"
_LATER = "JOIN resolution ON resolution.entry = entry.seq AND change = 'post' JOIN posting AS leg ON leg.entry = by_entry"
"""What a pending entry comes to is with the message that posted it."""


class _Entry(NamedTuple):
    """What the ledger has under a message id."""

    amount_fen: int
    takes_back: bool
    posted: bool
    reversed: bool


def differences(view: View, lines: Mapping[int, Book]) -> dict[int, Kind]:
    """How lines differ from the ledger, by their numbers: in the whole charge, or in what funds or accounts pay of it.

    A refund is a line of its own: it names the settlement that was reversed, or the message that reversed it. Whether a
    settlement was reversed is no matter of its first line, which may be of an earlier month.
    """
    rows = view.among(_BOOKED, {one.key for one in lines.values()})
    booked = {row[0]: _Entry(int(row[1]), bool(row[2]), bool(row[3]), bool(row[4])) for row in rows}
    paid: dict[tuple[str, bool], int] = {}
    for joined in (_OWN, _LATER):
        for id_, account, amount in view.among(_PAID.format(joined=joined), booked):
            paid[id_, bool(account)] = paid.get((id_, bool(account)), 0) + amount
    told = {number: _difference(booked.get(one.key), one, paid) for number, one in lines.items()}
    return {number: kind for number, kind in told.items() if kind is not None}


def _difference(entry: _Entry | None, line: Book, paid: Mapping[tuple[str, bool], int]) -> Kind | None:
    if entry is None or not entry.posted:
        return Kind.MISSING_HERE
    if line.refund != (entry.takes_back or (line.refund and entry.reversed)):
        return Kind.REFUND
    booked = entry.amount_fen, paid.get((line.key, False), 0), paid.get((line.key, True), 0)
    return None if booked == (line.medfee_sumamt, line.fund_pay_sumamt, line.acct_pay) else Kind.AMOUNT
