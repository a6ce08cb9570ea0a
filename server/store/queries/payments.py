"""What banks booked for a payment."""

from datetime import date, datetime
from typing import NamedTuple

from cardstack.values import Fen
from server.store.commit import View
from server.store.values import moment


class Booked(NamedTuple):
    """A line that a bank booked, and when it was taken in here."""

    account: str
    bank_reference: str
    amount_fen: Fen
    side: str
    booked_on: date
    returned: bool
    reason: str
    taken_at: datetime


def booked(view: View, reference: str) -> list[Booked]:
    """The bank's lines with a payment's reference, in the order in which they were booked."""
    columns = "account, bank_reference, amount_fen, side, booked_on, returned, reason, taken_at"
    query = f"SELECT {columns} FROM bank_line WHERE reference = ? ORDER BY booked_on, bank_reference"  # noqa: S608  # own names
    return [
        Booked(row[0], row[1], Fen(row[2]), row[3], date.fromisoformat(row[4]), bool(row[5]), row[6], moment(row[7]))
        for row in view.all(query, (reference,))
    ]
