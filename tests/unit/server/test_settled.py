"""A file of settlements beside the ledger: each line alike, or how it differs."""

from cardstack.settlement.medical.reconciliation import Book, Kind
from server.store.queries.settled import differences
from server.store.store import Store
from tests.ledgers import NOON, bill, message_id, submission


def line(serial: int, amount: int = 100, *, refund: bool = False) -> Book:
    return Book(str(message_id(serial)), ("310", "11"), amount, amount * 4 // 5, 0, refund)


def test_each_line_is_alike_or_says_how_it_differs(store: Store) -> None:
    """One was taken back by 11; 2 is pending, 3 was voided, 4 was pending and posted by 14, 9 was never sent."""
    store.submit([submission(bill(1), bill(5), *(bill(serial, pending=True) for serial in (2, 3, 4)))], NOON)
    later = (bill(11, reverses=message_id(1)), bill(13, voids=message_id(3)), bill(14, posts=message_id(4)))
    store.submit([submission(*later)], NOON)
    lines = {
        1: (line(1), None),
        2: (line(1, refund=True), None),
        3: (line(11, refund=True), None),
        4: (line(11), Kind.REFUND),
        5: (line(5), None),
        6: (line(5, refund=True), Kind.REFUND),
        7: (line(5, 99), Kind.AMOUNT),
        8: (line(2), Kind.MISSING_HERE),
        9: (line(3), Kind.MISSING_HERE),
        10: (line(4), None),
        11: (line(9), Kind.MISSING_HERE),
        12: (line(5)._replace(fund_pay_sumamt=81), Kind.AMOUNT),
        13: (line(5)._replace(fund_pay_sumamt=70, acct_pay=10), Kind.AMOUNT),
        14: (line(11, refund=True)._replace(fund_pay_sumamt=79), Kind.AMOUNT),
        15: (line(4)._replace(fund_pay_sumamt=79), Kind.AMOUNT),
    }
    with store.view() as view:
        found = differences(view, {number: one for number, (one, _) in lines.items()})
    assert found == {number: kind for number, (_, kind) in lines.items() if kind}
