"""Ids of the messages that the centre's ledger writes itself: the next that are free, from a second on."""

from datetime import datetime, timedelta
from typing import Final

from cardstack.settlement.transaction import MessageId
from server.store.commit import View

SERIALS: Final = 10_000
"""How many messages of one second an institution can tell apart."""


def next_ids(view: View, institution: str, at: datetime, count: int) -> list[MessageId]:
    """As many free ids as are asked for; where a second has no more, those of the next."""
    made: list[MessageId] = []
    while len(made) < count:
        ends = [str(MessageId.of(institution, at, serial)) for serial in (0, SERIALS - 1)]
        ((last,),) = view.all("SELECT MAX(id) FROM entry WHERE id >= ? AND id <= ?", ends)
        free = range(0 if last is None else int(last[-4:]) + 1, SERIALS)
        made += [MessageId.of(institution, at, serial) for serial in free[: count - len(made)]]
        at += timedelta(seconds=1)
    return made
