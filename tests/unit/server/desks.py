"""A ledger with bills of the toy scheme, a window whose nets are agreed, and the bank's lines for its payments."""

from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.window import Event
from cardstack.values import Fen
from server.store.adjusting import Two
from server.store.store import Store
from tests.ledgers import NOON, bill, submission

DAY, NEXT = "toy-2026-11-22", "toy-2026-11-23"
TWO = Two("lin", "chen")


def booked(store: Store, *amounts: int) -> None:
    store.submit([submission(*(bill(serial, amount) for serial, amount in enumerate(amounts, 1)))], NOON)


def agreed(store: Store) -> None:
    for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
        store.move_window(DAY, event, actor="clerk", now=NOON)
    store.instruct(DAY, now=NOON)


def line(store: Store, place: int, amount: int | None = None, *, returned: bool = False, number: int = 1) -> BankLine:
    one = store.instructions(DAY)[place].instruction
    account = {str(party.name): party.account for party in store.parties()}.get(one.debtor, "centre")
    paid = Fen(one.amount_fen if amount is None else amount)
    return BankLine(account, one.id, f"bank {place}/{number}", paid, Side.DEBIT, NOON.date(), returned)


def interest(store: Store) -> list[tuple[str, str, int]]:
    """What was booked as interest: who owes whom how much."""
    with store.view() as view:
        return [
            tuple(row)
            for row in view.all("SELECT debtor, creditor, amount_fen FROM posting WHERE kind = 'interest' ORDER BY seq")
        ]
